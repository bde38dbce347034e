package main

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"loglens/ingest"
	"loglens/internal/when"
	"loglens/query"
)

// plausible refuses an answer that would look like good news and is none.
func (a *app) plausible(s *query.Store, t *query.Table, in input, q query.Question) error {
	acc := t.Accounting
	switch {
	case acc.Objects == 0:
		return nothing(in, q.Window, t.Warnings)
	case acc.ObjectsFailed > 0 && acc.Lines == 0 && exitStatus(s.FirstFailure()) > exitPartial:
		return fmt.Errorf("none of the %d log objects with content could be read: %w", acc.ObjectsFailed, s.FirstFailure())
	case acc.Rejected > 0 && acc.Rejected == acc.Lines:
		return fmt.Errorf("none of the %d lines is an entry of an ALB access log: %s", acc.Lines, t.Warnings[0])
	}
	return nil
}

// nothing explains why there was no object to read.
func nothing(in input, w when.Window, warnings []string) error {
	where := "in " + strings.Join(in.specs, ", ")
	if in.balancer != "" {
		where = "of load balancer " + in.balancer + " " + where
	}
	if !w.From.IsZero() || !w.Until.IsZero() {
		where += ": " + w.String()
	}
	others := warnings
	for _, s := range in.specs {
		switch kind := ingest.ParseName(path.Base(filepath.ToSlash(s))).Kind; kind {
		case ingest.Unknown, ingest.Access:
		default:
			others = append(others, fmt.Sprintf("by its name, %s is a %s and no access log", s, kind))
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
	return &emptyError{where, "is it the right folder? Of the logs of load balancers, only access logs are read"}
}
