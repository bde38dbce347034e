package main

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"loglens/ingest"
	"loglens/parse"
	"loglens/query"
)

// plausible refuses an answer that would look like good news and is none.
func (a *app) plausible(s *query.Store, t *query.Table, in input) error {
	acc := t.Accounting
	switch {
	case acc.Objects == 0:
		return nothing(in, t.Warnings, s.Kinds())
	case acc.ObjectsFailed > 0 && acc.Lines == 0 && exitStatus(s.FirstFailure()) > exitPartial:
		return fmt.Errorf("none of the %d log objects with content could be read: %w", acc.ObjectsFailed, s.FirstFailure())
	case acc.Rejected > 0 && acc.Rejected == acc.Lines:
		return fmt.Errorf("none of the %d lines is an entry of an %s: %s", acc.Lines, strings.Join(s.Kinds(), " or "), t.Warnings[0])
	}
	return nil
}

// nothing explains why there was no object to read.
func nothing(in input, warnings, kinds []string) error {
	where := "in " + strings.Join(in.specs, ", ")
	if in.balancer != "" {
		where = "of load balancer " + in.balancer + " " + where
	}
	if !in.window.From.IsZero() || !in.window.Until.IsZero() {
		where += ": " + in.window.String()
	}
	others := warnings
	for _, s := range in.specs {
		name := ingest.ParseName(path.Base(filepath.ToSlash(s)))
		switch {
		case name.TestFile:
			others = append(others, fmt.Sprintf("by its name, %s is a test file and no log", s))
		case name.Kind != parse.KindUnknown && !slices.Contains(kinds, name.Kind.String()):
			others = append(others, fmt.Sprintf("by its name, %s is of another kind: %s", s, name.Kind))
		}
	}
	switch {
	case len(others) > 0:
		return &emptyError{where, strings.Join(others, "\n")}
	case in.remote:
		return &emptyError{where, "is the prefix right? The logs lie below <prefix>/AWSLogs/<account>/elasticloadbalancing/<region>/; a balancer writes only while it has traffic"}
	case in.balancer != "":
		return &emptyError{where, "--lb takes a whole name, app/name/id, an ARN or a DNS name"}
	}
	return &emptyError{where, "is it the right folder? This question reads nothing but " + strings.Join(kinds, ", ")}
}
