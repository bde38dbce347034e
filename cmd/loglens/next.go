package main

import (
	"slices"
	"strings"

	"loglens/ingest"
	"loglens/query"
)

// next suggests the question that narrows this answer down.
func next(r query.Report, o reportOptions, args []string, t *query.Table) string {
	if len(t.Rows) == 0 {
		return ""
	}
	words := []string{"loglens", r.Name}
	add := func(flag, value string) {
		if value != "" {
			words = append(words, flag, ingest.ShellWord(value))
		}
	}
	add("--since", o.read.since)
	add("--until", o.read.until)
	if o.read.since != "" || o.read.until != "" {
		add("--tz", typed(o.read.zone, "Local"))
	}
	add("--lb", o.read.source.balancer)
	add("--profile", o.read.source.aws.Profile)
	add("--region", o.read.source.aws.Region)
	add("--role-arn", o.read.source.aws.RoleARN)
	add("--external-id", o.read.source.aws.ExternalID)
	add("--endpoint-url", o.read.source.aws.EndpointURL)
	add("--class", typed(strings.Join(o.classes, ","), strings.Join(outages, ",")))
	switch {
	case !slices.Contains(o.by, "target") && slices.Contains(byNames(r), "target"):
		add("--by", strings.Join(append(slices.Clone(o.by), "target"), ","))
	case o.every == "":
		add("--by", strings.Join(o.by, ","))
		add("--window", "5m")
	default:
		return ""
	}
	for _, s := range args {
		words = append(words, ingest.ShellWord(s))
	}
	return strings.Join(words, " ")
}

// typed is a flag's value, "" if it is the default.
func typed(value, standard string) string {
	if value == standard {
		return ""
	}
	return value
}
