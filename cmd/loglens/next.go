package main

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"loglens/ingest"
	"loglens/query"
)

// further suggests how to go on from an answer: by dividing it once more, by target or, of
// connections that failed, by client, and by looking at the lines behind its first count.
// Where nothing failed, clients may have been refused, and targets may be slow or answer with
// 4xx. When it is known what fails where, the balancer's settings tell why, if AWS was asked
// for it by a name. in is what was read.
func further(r query.Report, o reportOptions, args []string, in input, t *query.Table) {
	byAnd := func(dimension string) string { return strings.Join(append(slices.Clone(o.by), dimension), ",") }
	switch {
	case t.Shown() > 0 && !t.Failures && !slices.Contains(o.by, "client") && slices.Contains(byNames(r), "client"): // connections, which have no classes
		o.classes = nil
		t.Next = command(r.Name, o, args, in.remote, nil, [][2]string{{"by", byAnd("client")}, {"window", o.every}})
	case t.Requests == 0 || t.Shown() == 0 && !t.Failures:
	case t.Failures && t.Total == 0 && oftenRefused(t.NotCounted, t.Requests):
		o.classes = []string{"all"}
		by := typed(strings.Join(o.by, ","), strings.Join(undated(r.Default), ","))
		t.Next = command(r.Name, o, args, in.remote, nil, [][2]string{{"by", by}, {"window", o.every}})
	case t.Failures && t.Total == 0:
		t.Next = command("targets", o, args, in.remote, nil, [][2]string{{"window", o.every}})
	case !slices.Contains(o.by, "target") && slices.Contains(byNames(r), "target"):
		name, every := r.Name, o.every
		if slices.Contains(r.Default, query.WindowDimension) { // which would have rows for every target in every window
			name, every = "top-errors", ""
		}
		flags := [][2]string{{"by", byAnd("target")}, {"window", every}}
		t.Next = command(name, o, args, in.remote, nil, flags)
	case t.Failures && in.remote && o.read.source.balancer != "":
		t.Next = command(diagnoseCommand, o, args, in.remote, nil, nil)
	}
	if t.Drill != nil {
		t.Lines = lines(o, args, in, t.Drill)
	}
	found := t.Shown()+t.RowsLeft > 0
	if where := whichRequests(r, o, found); where != "" && found {
		t.Next = allOf(where, o, args, in)
	} else if where != "" {
		say := "only requests that failed are looked at"
		if all := allOf(where, o, args, in); all != "" {
			say += "; all: " + all
		}
		t.Warnings = append(t.Warnings, say)
	}
}

// oftenRefused reports whether the failures that were not counted are more than clients and
// scanners make on any balancer, such as those of everybody who cannot log in.
func oftenRefused(list []query.NotCounted, requests int64) bool {
	for _, n := range list {
		requests -= 20 * n.Requests
	}
	return requests <= 0
}

// lines is the command that shows the lines behind a count, and no others. It names the
// window's ends: an hour until now is another when the command is run.
func lines(o reportOptions, args []string, in input, d *query.Drill) string {
	filters := maps.Clone(d.Filters)
	for name, at := range map[string]time.Time{"since": in.window.From, "until": in.window.Until} {
		if filters[name] == "" && !at.IsZero() {
			filters[name] = at.UTC().Format(time.RFC3339Nano)
		}
	}
	var flags [][2]string
	for _, name := range slices.Sorted(maps.Keys(filters)) {
		flags = append(flags, [2]string{flagName(name), strings.Replace(filters[name], ".000000Z", "Z", 1)})
	}
	if d.Rows > rawLimit || o.limited {
		flags = append(flags, [2]string{"limit", "0"})
	}
	return command(rawReport, o, args, in.remote, filters, flags)
}

// rawReport is the report that shows lines, so many unless told otherwise.
const (
	rawReport = "raw"
	rawLimit  = 20
)

// diagnoseCommand looks at failures of all classes, and takes none.
const diagnoseCommand = "diagnose"

// longest is how long a command may be, in bytes. A shell's pattern may stand for hundreds
// of files, whose names would take more screens than the answer.
const longest = 1000

// command writes a command line that reads what this one did, with other flags, "" for one
// that is too long. If there are filters, flags has them and the window; without them the
// window is as typed. remote says whether AWS is asked.
func command(name string, o reportOptions, args []string, remote bool, filters map[string]string, flags [][2]string) string {
	words := []string{"loglens", name}
	add := func(flag, value string) {
		if value != "" {
			words = append(words, "--"+flag, ingest.ShellWord(value))
		}
	}
	if filters == nil {
		add("since", o.read.since)
		add("until", o.read.until)
		if o.read.since != "" || o.read.until != "" {
			add("tz", typed(o.read.zone, "Local"))
		}
	}
	if len(args) == 0 {
		add("store", o.read.disk.path)
	}
	add("lb", o.read.source.balancer)
	if remote {
		add("profile", o.read.source.aws.Profile)
		add("region", o.read.source.aws.Region)
		add("role-arn", o.read.source.aws.RoleARN)
		add("external-id", o.read.source.aws.ExternalID)
		add("endpoint-url", o.read.source.aws.EndpointURL)
	}
	if log := cmp.Or(filters["log"], "request"); log == "request" && name != diagnoseCommand {
		add("class", typed(strings.Join(o.classes, ","), strings.Join(outages, ",")))
	}
	for _, f := range flags {
		add(f[0], f[1])
	}
	for _, s := range args {
		if strings.HasPrefix(s, "-") && s != "-" {
			s = "./" + s // a file that looks like a flag
		}
		words = append(words, ingest.ShellWord(s))
	}
	if text := strings.Join(words, " "); len(text) <= longest {
		return text
	}
	return ""
}

// typed is a flag's value, "" if it is the default.
func typed(value, standard string) string {
	if value == standard {
		return ""
	}
	return value
}
