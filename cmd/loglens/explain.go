package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"loglens/internal/amount"
	"loglens/internal/when"
	"loglens/parse"
	"loglens/query"
	"loglens/report"
)

// List prices of S3 Standard in us-east-1, in dollars. Source: AWS, "Amazon S3
// pricing", read 2026-11. Inside the bucket's region a transfer is free.
const (
	perGet  = 0.0004 / 1000
	perByte = 0.09 / 1e9 // to the internet
)

// roughly is a guess to the two digits that it can be good for.
func roughly(n int64) int64 {
	unit := int64(1)
	for n/unit >= 100 {
		unit *= 10
	}
	return (n + unit/2) / unit * unit
}

// explained is a store of which is told what would be read, and its window.
type explained struct {
	store  *query.Store
	window when.Window
}

// explain tells what a statement would read of stores, and the statement. Nothing is read.
func (a *app) explain(ctx context.Context, text string, values []any, of ...explained) error {
	var b strings.Builder
	for _, x := range of {
		e, err := x.store.Explain(ctx, text, values)
		if err != nil {
			return err
		}
		b.WriteString(explanation(x.window, e) + "\n")
	}
	indented := strings.ReplaceAll(strings.TrimSpace(text), "\t", "    ") // Plain would show tabs by their number
	for line := range strings.Lines(indented) {
		b.WriteString(report.Plain(strings.TrimRight(line, "\n")) + "\n")
	}
	_, err := io.WriteString(a.out, strings.TrimRight(b.String(), "\n")+"\n")
	return err
}

// explanation tells what would be read of a window and what that costs, in lines for people.
func explanation(w when.Window, e query.Explanation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "window %s\n", w)
	var all query.Part
	for kind, p := range e.Kinds {
		if p.Objects == 0 {
			continue
		}
		name := parse.Kind(kind).String()
		if parse.Kind(kind) == parse.KindUnknown {
			name = "of a name that does not say what it holds"
		}
		fmt.Fprintf(&b, "%8d %-8s %9.1f MB stored, about %s: %s\n", p.Objects, amount.Noun(p.Objects, "object,", "objects,"),
			float64(p.Bytes)/1e6, amount.Of(roughly(p.Lines()), "line", "lines"), name)
		all.Objects += p.Objects
		all.Remote += p.Remote
		all.Download += p.Download
	}
	switch {
	case all.Objects == 0:
		b.WriteString("no objects in the window\n")
	case e.Listed:
		b.WriteString("listed only, none is opened\n")
	}
	if all.Remote > 0 {
		fmt.Fprintf(&b, "\nGET requests: %d, about $%.4f; transfer: %.1f MB, free inside the region, about $%.2f to the internet\n",
			all.Remote, float64(all.Remote)*perGet, float64(all.Download)/1e6, float64(all.Download)*perByte)
	}
	return b.String()
}
