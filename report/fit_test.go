package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"loglens/query"
)

// drawnAndLeft returns the heads of a table's columns on a terminal of that
// width and the labels that it names as left out. Labels have no blanks here.
func drawnAndLeft(t *testing.T, in *query.Table, most int) (drawn, left []string) {
	t.Helper()
	var out strings.Builder
	if err := encodeTable(&out, in, Style{Terminal: true, Width: most}); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if width(strings.TrimSuffix(line, "\n")) > most {
			t.Fatalf("at %d columns a line takes %d: %q", most, width(line), line)
		}
	}
	above, _, _ := strings.Cut(out.String(), "─")
	drawn = strings.Fields(above[strings.LastIndex("\n"+strings.TrimSuffix(above, "\n"), "\n"):])
	if _, list, ok := strings.Cut(out.String(), "left out at this width: "); ok {
		list, _, _ = strings.Cut(list, "(a wider")
		left = strings.Fields(strings.ReplaceAll(list, ",", " "))
	}
	return drawn, left
}

// TestFreeColumns: whatever a query selects, every column is drawn or named,
// and at least one is drawn.
func TestFreeColumns(t *testing.T) {
	for n := 1; n <= 60; n++ {
		for _, longest := range []int{3, 30, 3000} {
			for _, most := range []int{leastWidth, 80, 120, 300} {
				table := freeOf(n, longest)
				drawn, left := drawnAndLeft(t, table, most)
				if len(drawn) == 0 {
					t.Fatalf("%d columns at %d: none is drawn", n, most)
				}
				for _, c := range table.Columns {
					if slices.Contains(drawn, c.Label) == slices.Contains(left, c.Label) {
						t.Fatalf("%d columns at %d: %s is neither drawn nor named, or both: %q and %q", n, most, c.Label, drawn, left)
					}
				}
			}
		}
	}
}

// TestLongLabels: an expression above a number takes no more room than is there.
func TestLongLabels(t *testing.T) {
	table := &query.Table{Report: query.SQL, Version: 1}
	var row []any
	for _, name := range []string{"target", "count(CASE_WHEN_((elb_status_code_>=_500))_THEN_1_END)", "max(target_processing_time_+_response_processing_time)", "n"} {
		table.Columns = append(table.Columns, query.Column{Name: name, Label: name, Type: query.Integer})
		row = append(row, int64(7))
	}
	table.Rows = [][]any{row}
	for most, want := range map[int]string{
		56: "target count(CASE…HEN_1_END) max(target_…sing_time) n",
		70: "target count(CASE_WHE…)_THEN_1_END) max(target_pro…ocessing_time) n",
	} {
		if drawn, left := drawnAndLeft(t, table, most); strings.Join(drawn, " ") != want || len(left) > 0 {
			t.Errorf("at %d columns %q and without %q", most, drawn, left)
		}
	}
}

// TestLongCells: a text as long as a log line may be, which anybody can send, is cut
// without a look at all of it for each character that is cut.
func TestLongCells(t *testing.T) {
	const most = 80
	long := strings.Repeat("x", 1<<20)
	table := &query.Table{Report: query.SQL, Version: 1, Rows: [][]any{{long, long, int64(7)}}}
	for _, c := range []query.Column{{Name: "request", Type: query.Text}, {Name: long, Type: query.Text}, {Name: "n", Type: query.Integer}} {
		c.Label = c.Name
		table.Columns = append(table.Columns, c)
	}
	if drawn, left := drawnAndLeft(t, table, most); len(drawn) != len(table.Columns) || len(left) > 0 {
		t.Errorf("%d columns are drawn and %d left out, want all", len(drawn), len(left))
	}
}

// TestReportsFit: divided as it is by default, every report that we ship fits 80
// columns without a column that its head does not call dispensable.
func TestReportsFit(t *testing.T) {
	sample := map[query.Type]any{
		query.Text: strings.Repeat("x", leastText), query.Integer: int64(502), query.Count: int64(123_456), query.Ratio: 0.123,
		query.Time: at("02:31:07"), query.Trend: slope(3, 100), query.Float: 1.234, query.Seconds: 0.421, query.Boolean: true, query.Bytes: int64(123_456_789),
		query.Line: strings.Repeat("x", 500), query.Times: []time.Time{at("02:35:00"), at("02:40:00")},
	}
	for _, r := range query.Reports() {
		t.Run(r.Name, func(t *testing.T) {
			table := &query.Table{Report: r.Name, Version: r.Version, Narrow: r.Narrow, Rows: [][]any{nil}}
			for _, c := range r.Columns {
				by := slices.ContainsFunc(r.Dimensions, func(d query.Dimension) bool {
					return slices.Contains(d.Columns, c.Name) && !slices.Contains(r.Default, d.Name)
				})
				if by {
					continue
				}
				c.Label = strings.ReplaceAll(c.Label, " ", "_")
				table.Columns = append(table.Columns, c)
				table.Rows[0] = append(table.Rows[0], sample[c.Type])
			}
			drawn, left := drawnAndLeft(t, table, usualWidth)
			for _, c := range table.Columns {
				if c.Only != query.Programs && c.Type != query.Line && !slices.Contains(r.Narrow, c.Name) && !slices.Contains(drawn, c.Label) {
					t.Errorf("%s is left out, or its head cut, although not in the narrow line; drawn %q, left %q", c.Name, drawn, left)
				}
			}
		})
	}
}

// TestKeysStay: a column without which rows look the same goes last, if cutting texts short
// does not make room for it.
func TestKeysStay(t *testing.T) {
	table := &query.Table{Report: "targets", Version: 1, Narrow: []string{"note", "group"}, Keys: []string{"group"}}
	for _, name := range []string{"group", "target", "note"} {
		table.Columns = append(table.Columns, query.Column{Name: name, Label: name, Type: query.Text})
	}
	table.Columns = append(table.Columns, query.Column{Name: "failures", Label: "failures", Type: query.Count})
	table.Rows = [][]any{{strings.Repeat("g", 30), strings.Repeat("t", 30), strings.Repeat("n", 30), int64(1)}}
	for most, want := range map[int]string{120: "group target note failures", 60: "group target failures", 40: "group target failures"} {
		if drawn, _ := drawnAndLeft(t, table, most); strings.Join(drawn, " ") != want {
			t.Errorf("at %d columns %q are drawn, want %s", most, drawn, want)
		}
	}
	table.Keys = nil
	if drawn, _ := drawnAndLeft(t, table, 40); strings.Join(drawn, " ") != "target failures" {
		t.Errorf("%q are drawn where group is no key", drawn)
	}
}
