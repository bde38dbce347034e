package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"loglens/ingest"
	"loglens/internal/when"
	"loglens/query"
	"loglens/report"
)

// help says what a SOURCE is.
func (o *sourceOptions) help() string {
	kinds := "a file, a folder, a glob with **, or - for\nstandard input; gzip and plain text alike."
	if o.noPipe != nil {
		kinds = "a file, a folder or a glob with **;\ngzip and plain text alike."
	}
	unnamed := " Without either, LOGLENS_SOURCE is read."
	if o.named {
		unnamed = ""
	}
	return "SOURCE is s3://bucket[/prefix], " + kinds + ` With --lb alone, bucket and prefix
are found from the load balancer's own attributes; with --lb and a SOURCE, only
that balancer's entries are read.` + unnamed + `
With LOGLENS_INFLATE=klauspost, klauspost/compress decodes gzip, more slowly, in
place of loglens's own decoder.`
}

// sourceOptions says where the logs are and who asks for them.
type sourceOptions struct {
	balancer string
	aws      ingest.AWS
	noPipe   error // why standard input cannot be a source here; nil if it can
	named    bool  // a balancer has to be named, so LOGLENS_SOURCE is never read
}

func (o *sourceOptions) flags(f *pflag.FlagSet) {
	o.aws.Clock = new(ingest.Clock)
	f.Var(&one{text: &o.balancer}, "lb", "load balancer: name, ARN or DNS name")
	f.StringVar(&o.aws.Profile, "profile", "", "AWS profile")
	f.StringVar(&o.aws.Region, "region", "", "AWS region (a bucket's is found by itself)")
	f.StringVar(&o.aws.RoleARN, "role-arn", "", "role to assume")
	f.StringVar(&o.aws.ExternalID, "external-id", "", "external ID for --role-arn")
	f.StringVar(&o.aws.EndpointURL, "endpoint-url", "", "another address for all AWS services but STS, which --role-arn asks")
}

// awsFlags say who asks AWS, and where.
var awsFlags = []string{"profile", "region", "role-arn", "external-id", "endpoint-url"}

// input is where the logs come from, resolved.
type input struct {
	specs    []string // as the user named them, or as found
	sources  []ingest.Source
	balancer string // only this balancer's entries, as ingest.Plan takes it; "" for all
	remote   bool   // something is fetched from S3
	window   when.Window
	created  time.Time // when the balancer was that AWS was asked for by its name; zero otherwise

	// open opens a store on the same input in another window.
	open func(context.Context, when.Window) (*query.Store, error)
	// everyone opens one in the same window, of all balancers.
	everyone func(context.Context) (*query.Store, error)
}

// sources resolves what was named, asking AWS where a load balancer writes logs of
// these kinds if need be. Where no log is read, there need be no source.
func (a *app) sources(ctx context.Context, o sourceOptions, kinds ingest.KindSet, args []string) (in input, err error) {
	in.specs, in.balancer = args, o.balancer
	switch env := a.getenv(sourceVariable); {
	case len(args) > 0:
	case kinds == 0:
		return in, nil
	case o.balancer != "":
		b, err := ingest.FindBalancer(ctx, o.aws, o.balancer, kinds)
		if err != nil {
			return in, err
		}
		in.specs, in.balancer = b.Sources(), b.ID
		if o.balancer == b.Name {
			in.created = b.Created
		}
		for _, l := range b.Logs {
			if !l.Enabled {
				a.say("%s of %s is switched off, so there may be none to read", l.Kind, report.Plain(b.Name))
			}
		}
	case env != "":
		in.specs = strings.Fields(env)
		if _, err := os.Stat(env); err == nil { // a name may have blanks
			in.specs = []string{env}
		}
	default:
		hint := "for example: " + a.command + " --since 1h s3://my-logs/prod, or --lb NAME, or a folder"
		if o.noPipe == nil {
			hint += ", or - for standard input"
		}
		return in, usage(hint, "where are the logs?")
	}
	if o.noPipe != nil && slices.Contains(in.specs, "-") {
		return in, o.noPipe
	}
	for _, s := range in.specs {
		in.remote = in.remote || strings.HasPrefix(strings.ToLower(s), "s3://")
	}
	if in.sources, err = ingest.NewSources(in.specs, a.in, o.aws); err != nil && len(args) == 0 && o.balancer == "" {
		err = fmt.Errorf("%s: %w", sourceVariable, err)
	}
	if err == nil && !in.remote {
		err = a.idleFor("no source is in S3", "leave it out, or name a bucket: s3://bucket", awsFlags...)
	}
	return in, err
}

// decoder is which decoder LOGLENS_INFLATE names.
func (a *app) decoder() (ingest.Decoder, error) {
	d, err := ingest.ParseDecoder(a.getenv(inflateVariable))
	if err != nil {
		return d, usage("own, or klauspost", "%s: %w", inflateVariable, err)
	}
	return d, nil
}
