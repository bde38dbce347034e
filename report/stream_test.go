package report

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loglens/query"
)

// TestStreamEqualsTheWhole: row by row, into the same slice, comes what the
// encoder of the whole table writes, between what belongs around the rows.
func TestStreamEqualsTheWhole(t *testing.T) {
	for _, name := range []string{"json", "jsonl", "csv", "table"} {
		for _, table := range tables {
			t.Run(name+"/"+table.name, func(t *testing.T) {
				in := table.make()
				var whole, streamed bytes.Buffer
				encoder, _ := Encoders.Find(name)
				if err := encoder.Encode(&whole, in, Style{}); err != nil {
					t.Fatal(err)
				}
				rows, ok := Stream(name, &streamed, in.Columns, Style{})
				if !ok {
					t.Fatal("cannot be streamed")
				}
				reused := make([]any, len(in.Columns))
				for _, row := range in.Rows {
					copy(reused, row)
					if err := rows.Row(reused); err != nil {
						t.Fatal(err)
					}
				}
				if err := rows.Close(); err != nil {
					t.Fatal(err)
				}
				in.RowsGiven, in.Rows = int64(len(in.Rows)), nil
				before, after, err := Around(name, in, Style{})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(whole.String(), before+streamed.String()+after); diff != "" {
					t.Errorf("streamed (-whole +streamed):\n%s", diff)
				}
			})
		}
	}
}

// TestNoRowIsTakenForTheFrame: whoever drops the lines that begin with "#" from
// what goes into a pipe keeps the head and every row.
func TestNoRowIsTakenForTheFrame(t *testing.T) {
	var out strings.Builder
	table := poisoned("# 5 failures")
	if err := encodeTable(&out, table, Style{}); err != nil {
		t.Fatal(err)
	}
	var kept []string
	for line := range strings.Lines(out.String()) {
		if !strings.HasPrefix(line, "#") {
			kept = append(kept, line)
		}
	}
	want := []string{
		"\\x23 5 failures\tN\t# 5 failures\n",
		"\\x23 5 failures\t2\ttrue\n",
		"\\x23 5 failures# 5 failures\t1\tfalse\n",
	}
	if diff := cmp.Diff(want, kept); diff != "" {
		t.Errorf("lines that do not begin with # (-want +got):\n%s", diff)
	}
}

func TestFormsThatNeedAllRows(t *testing.T) {
	for name, s := range map[string]Style{"markdown": {}, "table": {Terminal: true}, "yaml": {}} {
		if rows, ok := Stream(name, &bytes.Buffer{}, topErrorsColumns, s); ok || rows != nil {
			t.Errorf("%s is streamed", name)
		}
	}
}

// full takes room bytes and no more.
type full struct{ room int }

var errFull = errors.New("no room")

func (w *full) Write(p []byte) (int, error) {
	if w.room -= len(p); w.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

// TestStreamError: what does not arrive is said, during the rows if there are
// many and at the end if there are few.
func TestStreamError(t *testing.T) {
	columns := []query.Column{{Name: "url", Label: "url", Type: query.Text}}
	row := []any{strings.Repeat("x", 1000)}
	for _, name := range []string{"json", "jsonl", "csv", "table"} {
		few, _ := Stream(name, &full{}, columns, Style{})
		if err := few.Row(row); err != nil {
			t.Errorf("%s: %v before anything is written", name, err)
		}
		if err := few.Close(); !errors.Is(err, errFull) {
			t.Errorf("%s: Close says %v", name, err)
		}
		many, _ := Stream(name, &full{room: 500_000}, columns, Style{})
		var err error
		taken := 0
		for ; err == nil && taken < 1000; taken++ {
			err = many.Row(row)
		}
		if !errors.Is(err, errFull) || taken == 1000 {
			t.Errorf("%s: %v after %d rows", name, err, taken)
		}
	}
}

func TestFieldNames(t *testing.T) {
	tests := []struct {
		name     string
		in, want []string
	}{
		{"all different", []string{"a", "b"}, []string{"a", "b"}},
		{"twice", []string{"a", "a", "a"}, []string{"a", "a_2", "a_3"}},
		{"the next is taken", []string{"a", "a", "a_2", "a_2"}, []string{"a", "a_3", "a_2", "a_2_2"}},
		{"the same when written", []string{"\xff", `\xFF`}, []string{`\xFF`, `\xFF_2`}},
		{"no name", []string{"", ""}, []string{"", "_2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var columns []query.Column
			for _, name := range tt.in {
				columns = append(columns, query.Column{Name: name})
			}
			got := fieldNames(columns, func(s string) string { return visible(s, false) })
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("fieldNames (-want +got):\n%s", diff)
			}
		})
	}
}
