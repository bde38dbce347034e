package query

import (
	"strings"
	"testing"
	"testing/fstest"
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

// TestOnlyKnownDimensions: a word of no list never reaches the SQL.
func TestOnlyKnownDimensions(t *testing.T) {
	r, _ := FindReport("top-errors")
	if _, err := r.divided([]string{"reason'; DROP TABLE object; --"}); err == nil {
		t.Error("a made-up dimension was taken")
	}
}
