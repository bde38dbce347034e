//go:build unix

package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loglens/ingest"
	"loglens/internal/demo"
	"loglens/parse"
	"loglens/query"
	"loglens/report"
)

// TestReportGoldens asks every report about one incident and draws the answer in
// every form. A new report has its goldens by lying in the folder of reports.
func TestReportGoldens(t *testing.T) {
	golden, err := filepath.Abs("../../testdata/golden/answers")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 10, 7, 8, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	if _, err := demo.Write(t.Context(), filepath.Join(dir, "logs"), demo.Options{Seed: 2, End: now, Lines: 6000, Oddities: true, NoTruth: true}); err != nil {
		t.Fatal(err)
	}
	delivered(t, dir)
	t.Chdir(dir)
	drawn := map[string]bool{}
	for _, r := range query.Reports() {
		table := asked(t, r, now)
		for _, e := range report.Encoders {
			styles := map[string]report.Style{"": {}}
			if e.Name == "table" {
				styles["80."] = report.Style{Terminal: true, Width: 80}
				styles["120."] = report.Style{Terminal: true, Width: 120}
			}
			for name, style := range styles {
				file := r.Name + "." + name + e.Name
				drawn[file] = true
				var got bytes.Buffer
				if err := e.Encode(&got, table, style); err != nil {
					t.Fatal(err)
				}
				if *update {
					if err := os.WriteFile(filepath.Join(golden, file), got.Bytes(), 0o644); err != nil {
						t.Fatal(err)
					}
					continue
				}
				want, err := os.ReadFile(filepath.Join(golden, file))
				if err != nil {
					t.Errorf("%v (make golden writes it)", err)
					continue
				}
				if diff := cmp.Diff(string(want), got.String()); diff != "" {
					t.Errorf("%s (-want +got):\n%s", file, diff)
				}
			}
		}
	}
	files, err := os.ReadDir(golden)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !drawn[f.Name()] {
			t.Errorf("%s: no report draws it", f.Name())
		}
	}
}

// asked is a report's answer as the command would have it, with its defaults.
func asked(t *testing.T, r query.Report, now time.Time) *query.Table {
	t.Helper()
	sources, err := ingest.NewSources([]string{"logs"}, nil, ingest.AWS{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := query.Open(t.Context(), "", query.Input{Sources: sources, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	o := reportOptions{by: undated(r.Default), classes: outages, limit: min(r.Limit, 12)}
	if r.Limit == 0 {
		o.limit = 12
	}
	if !r.Asks("classes") {
		o.classes = parse.Classes()
	}
	table, err := s.Run(t.Context(), r, query.Question{By: o.by, Classes: o.classes, Limit: o.limit, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	further(r, o, []string{"logs"}, input{}, table)
	if r.Name == rawReport {
		chosenLines(table, nil)
	}
	return table
}

// delivered gives every object the time that it would have been delivered at.
func delivered(t *testing.T, dir string) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		end := ingest.ParseName(e.Name()).End
		if end.IsZero() {
			return nil
		}
		n++
		at := end.Add(time.Duration(60+n%90) * time.Second)
		return os.Chtimes(path, at, at)
	})
	if err != nil {
		t.Fatal(err)
	}
}
