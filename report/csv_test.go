package report

import (
	"bytes"
	"encoding/csv"
	"slices"
	"testing"
)

// TestCSVKeepsEveryRow: a reader finds as many rows and cells as the table has,
// even where a row is one empty cell.
func TestCSVKeepsEveryRow(t *testing.T) {
	for _, table := range tables {
		t.Run(table.name, func(t *testing.T) {
			in := table.make()
			var out bytes.Buffer
			if err := encodeStreamed("csv")(&out, in, Style{}); err != nil {
				t.Fatal(err)
			}
			reader := csv.NewReader(&out) // fails where a row has not as many cells as the head
			lines, err := reader.ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			if len(lines) != 1+len(in.Rows) {
				t.Errorf("%d lines, want a head and %d rows", len(lines), len(in.Rows))
			}
		})
	}
}

// TestCSVKeepsBlanks: some readers drop what a cell begins with, unless it is quoted.
func TestCSVKeepsBlanks(t *testing.T) {
	cells := []string{" a", "b", " ", ""}
	reader := csv.NewReader(bytes.NewReader(appendCSV(nil, cells)))
	reader.TrimLeadingSpace = true
	if got, err := reader.Read(); err != nil || !slices.Equal(got, cells) {
		t.Errorf("%q, %v; want %q", got, err, cells)
	}
}
