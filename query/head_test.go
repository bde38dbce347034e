package query

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// TestReportsAreFound: the files that are shipped have good heads.
func TestReportsAreFound(t *testing.T) {
	reports, err := readReports(reportFiles)
	if err != nil {
		t.Fatal(err)
	}
	if len(reports) == 0 || reports[len(reports)-1].Name != "top-errors" {
		t.Errorf("found %v", reports)
	}
}

// TestReportsDivide: all reports can be divided, by time as well, but for the one
// that shows lines.
func TestReportsDivide(t *testing.T) {
	for _, r := range Reports() {
		if want := r.Name != "raw"; r.Has(WindowDimension) != want || (len(r.Dimensions) > 1) != want {
			t.Errorf("%s is divided by %q", r.Name, r.DimensionNames())
		}
	}
}

// TestBadHeads: a head that cannot be right is refused, with the reason.
func TestBadHeads(t *testing.T) {
	good := "-- report: x\n-- version: 1\n-- about: It is.\n-- dimension: a a\n-- default: a\n-- column: a text everyone\nSELECT 1"
	for name, test := range map[string]struct{ file, text, want string }{
		"good":               {"x.sql", good, ""},
		"other name":         {"y.sql", good, `called "x"`},
		"no about":           {"x.sql", strings.Replace(good, "-- about: It is.\n", "", 1), "are needed"},
		"version":            {"x.sql", strings.Replace(good, "version: 1", "version: one", 1), "invalid syntax"},
		"unknown type":       {"x.sql", strings.Replace(good, "a text", "a words", 1), "unknown type"},
		"unknown audience":   {"x.sql", strings.Replace(good, "everyone", "nobody", 1), "audience"},
		"short column":       {"x.sql", strings.Replace(good, "a text everyone", "a text", 1), "want name"},
		"dimension's column": {"x.sql", strings.Replace(good, "dimension: a a", "dimension: a b", 1), "no column b"},
		"narrow":             {"x.sql", strings.Replace(good, "-- default", "-- narrow: b\n-- default", 1), "people see no column b"},
		"narrow, programs":   {"x.sql", strings.Replace(good, "a text everyone", "a text programs\n-- narrow: a", 1), "people see no column a"},
		"one noun":           {"x.sql", strings.Replace(good, "-- default", "-- rows: target\n-- default", 1), "want a noun"},
		"total":              {"x.sql", strings.Replace(good, "-- default", "-- total: requests\n-- default", 1), "only failures"},
		"default":            {"x.sql", strings.Replace(good, "default: a", "default: b", 1), "no dimension b"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readReports(fstest.MapFS{"reports/" + test.file: {Data: []byte(test.text)}})
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

// TestHead: what a head says is what the answer carries.
func TestHead(t *testing.T) {
	r, err := parseReport(`-- report: x
-- version: 2
-- about: It is.
-- rows: target targets
-- total: failures
-- narrow: e a
-- narrow: b
-- column: a float   everyone
-- column: b seconds people    how long
-- column: c boolean everyone
-- column: d bytes   programs
-- column: e count   everyone
SELECT 1`)
	if err != nil {
		t.Fatal(err)
	}
	want := &Table{
		Report: "x", Version: 2, Noun: [2]string{"target", "targets"}, Failures: true, Narrow: []string{"e", "a", "b"},
		Columns: []Column{
			{Name: "a", Label: "a", Type: Float},
			{Name: "b", Label: "how long", Type: Seconds, Only: People},
			{Name: "c", Label: "c", Type: Boolean},
			{Name: "d", Label: "d", Type: Bytes, Only: Programs},
			{Name: "e", Label: "e", Type: Count},
		},
	}
	if diff := cmp.Diff(want, r.table(nil)); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

// TestOnlyKnownDimensions: a word of no list never reaches the SQL.
func TestOnlyKnownDimensions(t *testing.T) {
	r, _ := FindReport("top-errors")
	if _, err := r.divided(Question{By: []string{"reason'; DROP TABLE object; --"}}); err == nil {
		t.Error("a made-up dimension was taken")
	}
}
