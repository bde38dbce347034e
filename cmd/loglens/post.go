package main

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"loglens/internal/post"
	"loglens/query"
	"loglens/report"
)

// postOptions says where a summary is sent to. The URL is a secret: it is printed
// nowhere, and LOGLENS_POST keeps it out of the list of processes.
type postOptions struct {
	url     string
	format  string
	require bool
}

var postFormats = []string{"slack", "json"}

func (o *postOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.url, "post", "", "send the summary to this webhook as well; set LOGLENS_POST instead, the URL is a secret")
	f.StringVar(&o.format, "post-format", "", "slack or json (default: slack for hooks.slack.com, json for others)")
	f.BoolVar(&o.require, "require-post", false, "exit 1 if the webhook does not take it (it is printed or written all the same)")
}

// postPlan is where and how a summary is sent.
type postPlan struct {
	to      *url.URL
	format  string
	require bool
}

// plan checks what was typed; nil if nothing is to be sent.
func (o postOptions) plan() (*postPlan, error) {
	if o.format != "" && !slices.Contains(postFormats, o.format) {
		return nil, usage("--post-format takes "+strings.Join(postFormats, ", "), "--post-format: unknown word %q", o.format)
	}
	if o.url == "" {
		if o.require {
			return nil, usage("--post URL, or LOGLENS_POST", "--require-post: there is no URL to post to")
		}
		return nil, nil
	}
	to, err := post.Address(o.url)
	if err != nil {
		return nil, usage("for example https://hooks.slack.com/services/…", "--post: %w", err)
	}
	p := &postPlan{to, o.format, o.require}
	if p.format == "" {
		p.format = "json"
		if to.Hostname() == "hooks.slack.com" {
			p.format = "slack"
		}
	}
	return p, nil
}

// post sends a summary. That it was not taken is said; it is an error only where
// it is required.
func (a *app) post(ctx context.Context, p *postPlan, sum *query.Summary) error {
	if p == nil {
		return nil
	}
	body := report.Slack(sum)
	if p.format == "json" {
		var text bytes.Buffer
		e, _ := report.SummaryEncoders.Find("json")
		if err := e.Encode(&text, sum, report.Style{}); err != nil {
			return err
		}
		body = text.Bytes()
	}
	client := post.Client{
		HTTP: a.hooks, Now: a.now, Sleep: a.sleep, Agent: "loglens/" + ownVersion(),
		Each: 10 * time.Second, All: 30 * time.Second,
	}
	err := client.Post(ctx, p.to, body)
	if err == nil {
		a.say("summary posted to %s", report.Plain(p.to.Host))
		return nil
	}
	if p.require {
		return fmt.Errorf("the summary was not delivered: %w", err)
	}
	a.say("warning: the summary was not delivered: %s", report.Plain(err.Error()))
	return nil
}
