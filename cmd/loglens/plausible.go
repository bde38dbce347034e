package main

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"loglens/ingest"
	"loglens/parse"
	"loglens/query"
)

// plausible refuses an answer that would look like good news and is none. An
// answer about damaged lines may rest on nothing else.
func (a *app) plausible(ctx context.Context, s *query.Store, t *query.Table, in input, damaged bool) error {
	acc := t.Accounting
	switch {
	case acc.Objects == 0:
		logs, err := s.Logs(ctx)
		if err != nil {
			return err
		}
		return nothing(in, t.Warnings, s.Kinds(), logs)
	case acc.ObjectsFailed > 0 && acc.Lines == 0 && exitStatus(s.FirstFailure()) > exitPartial:
		return fmt.Errorf("none of the %d log objects with content could be read: %w", acc.ObjectsFailed, s.FirstFailure())
	case acc.Rejected > 0 && acc.Rejected == acc.Lines && !damaged:
		return fmt.Errorf("none of the %d lines is an entry of an %s: %s", acc.Lines, strings.Join(s.Kinds(), " or "), t.Warnings[0])
	}
	return nil
}

// nothing explains why there was no object of the kinds to read: logs is what else
// there is in the window.
func nothing(in input, warnings, kinds []string, logs []query.Log) error {
	where := "in " + strings.Join(in.specs, ", ")
	if in.balancer != "" {
		where = "of load balancer " + in.balancer + " " + where
	}
	if !in.window.From.IsZero() || !in.window.Until.IsZero() {
		where += ": " + in.window.String()
	}
	var others []string
	for _, s := range in.specs {
		name := ingest.ParseName(path.Base(filepath.ToSlash(s)))
		switch {
		case name.TestFile:
			others = append(others, fmt.Sprintf("by its name, %s is a test file and no log", s))
		case name.Kind != parse.KindUnknown && !slices.Contains(kinds, name.Kind.String()):
			others = append(others, fmt.Sprintf("by its name, %s is of another kind: %s", s, name.Kind))
		}
	}
	var here, balancers []string
	plan := ingest.Plan{LoadBalancer: in.balancer}
	for _, l := range logs {
		balancers = append(balancers, l.LoadBalancer)
		if kind := l.Kind.String(); plan.WantsBalancer(l.LoadBalancer) && !slices.Contains(kinds, kind) {
			here = append(here, kind)
		}
	}
	slices.Sort(here)
	switch {
	case len(others) > 0:
		return &emptyError{where, strings.Join(others, "\n")}
	case len(here) > 0:
		return &emptyError{where, "there is " + strings.Join(slices.Compact(here), ", ") + "; this question reads nothing but " + strings.Join(kinds, ", ")}
	case len(warnings) > 0:
		return &emptyError{where, strings.Join(warnings, "\n")}
	case in.balancer != "" && len(balancers) > 0:
		return &emptyError{where, "--lb takes a whole name, app/name/id, an ARN or a DNS name; there are " + few(slices.Compact(balancers))}
	case in.remote:
		return &emptyError{where, "is the prefix right? The logs lie below <prefix>/AWSLogs/<account>/elasticloadbalancing/<region>/; a balancer writes only while it has traffic"}
	case in.balancer != "":
		return &emptyError{where, "--lb takes a whole name, app/name/id, an ARN or a DNS name"}
	}
	return &emptyError{where, "is it the right folder? This question reads nothing but " + strings.Join(kinds, ", ")}
}

// few lists names, the first ones of many.
func few(names []string) string {
	const most = 10
	if more := len(names) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), more)
	}
	return strings.Join(names, ", ")
}
