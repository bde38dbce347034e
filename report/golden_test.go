package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jedib0t/go-pretty/v6/text"

	"loglens/query"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const goldenFolder = "../testdata/golden/report"

func TestMain(m *testing.M) {
	flag.Parse()
	text.OverrideRuneWidthEastAsianWidth(false) // whatever the locale of the one who tests
	os.Exit(m.Run())
}

// tables are drawn in every form; the table form in the usual styles and in more.
var tables = []struct {
	name string
	make func() *query.Table
	more []style
}{
	{"typical", typical, unusual}, {"simple", simple, unusual}, {"quiet", quiet, unusual}, {"deserted", deserted, unusual},
	{"broken", broken, unusual}, {"windows", windows, unusual}, {"hostile", hostile, unusual},
	{"all-types", allTypes, nil}, {"entries", entries, nil}, {"free", free, nil}, {"free-empty", freeEmpty, nil}, {"one-empty", oneEmpty, nil},
	{"free-60", func() *query.Table { return freeOf(60, 200) }, nil},
}

type style struct {
	name string
	Style
}

// usual and unusual are the ways the table form is drawn; the other forms know two.
var (
	usual = []style{
		{"pipe", Style{}},
		{"80", Style{Terminal: true, Width: 80}},
		{"80-ascii", Style{Terminal: true, Width: 80, ASCII: true}},
		{"120", Style{Terminal: true, Width: 120}},
	}
	unusual = []style{
		{"pipe-ascii", Style{ASCII: true}},
		{"60", Style{Terminal: true, Width: 60}},
		{"80-color", Style{Terminal: true, Width: 80, Color: true}},
		{"200", Style{Terminal: true, Width: 200}},
	}
)

// TestGolden draws every table in every form. A file in the folder that no case
// draws fails: a renamed case would leave its old promise behind unseen.
func TestGolden(t *testing.T) {
	drawn := map[string]bool{}
	draw := func(t *testing.T, name string, e Form[*query.Table], make func() *query.Table, s Style) {
		t.Helper()
		var got bytes.Buffer
		if err := e.Encode(&got, make(), s); err != nil {
			t.Fatal(err)
		}
		drawn[name] = true
		path := filepath.Join(goldenFolder, name)
		if *update {
			if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			return
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if *update {
		if err := os.MkdirAll(goldenFolder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range Encoders {
		for _, table := range tables {
			t.Run(e.Name+"/"+table.name, func(t *testing.T) {
				switch e.Name {
				case "table":
					for _, s := range slices.Concat(usual, table.more) {
						draw(t, table.name+"."+s.name+".table", e, table.make, s.Style)
					}
				case "markdown":
					draw(t, table.name+".ascii.markdown", e, table.make, Style{ASCII: true})
					draw(t, table.name+".markdown", e, table.make, Style{})
				case "csv":
					draw(t, table.name+".raw.csv", e, table.make, Style{RawCSV: true})
					draw(t, table.name+".csv", e, table.make, Style{})
				default:
					draw(t, table.name+"."+e.Name, e, table.make, Style{})
				}
			})
		}
	}
	files, err := os.ReadDir(goldenFolder)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !drawn[file.Name()] {
			t.Errorf("golden file %s has no case", file.Name())
		}
	}
}

// TestEncodersLeaveTheTableAlone: the same table can be drawn in one form after another.
func TestEncodersLeaveTheTableAlone(t *testing.T) {
	table := hostile()
	for _, e := range Encoders {
		for _, s := range slices.Concat(usual, unusual) {
			if err := e.Encode(&bytes.Buffer{}, table, s.Style); err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff(hostile(), table); diff != "" {
		t.Errorf("table after drawing (-want +got):\n%s", diff)
	}
}

func TestFind(t *testing.T) {
	for _, e := range Encoders {
		if got, ok := Encoders.Find(e.Name); !ok || got.Name != e.Name {
			t.Errorf("Find(%q) = %q, %t", e.Name, got.Name, ok)
		}
	}
	if got, ok := Encoders.Find("yaml"); ok {
		t.Errorf("Find(yaml) = %q", got.Name)
	}
}

// oneWrite fails a second write.
type oneWrite struct {
	t    *testing.T
	done bool
}

func (w *oneWrite) Write(p []byte) (int, error) {
	if w.done {
		w.t.Error("second write")
	}
	w.done = true
	return len(p), nil
}

func TestEncodersWriteOnce(t *testing.T) {
	for _, e := range Encoders {
		for _, s := range []Style{{}, {Terminal: true}} {
			if err := e.Encode(&oneWrite{t: t}, typical(), s); err != nil {
				t.Errorf("%s: %v", e.Name, err)
			}
		}
	}
}

// TestNoRowIsWrapped draws every table at every width: only a warning and a
// command, which people copy, may be longer than the terminal is wide.
func TestNoRowIsWrapped(t *testing.T) {
	for _, table := range tables {
		t.Run(table.name, func(t *testing.T) {
			for most := leastWidth; most <= 260; most++ {
				for _, ascii := range []bool{false, true} {
					var out strings.Builder
					if err := encodeTable(&out, table.make(), Style{Terminal: true, Width: most, ASCII: ascii}); err != nil {
						t.Fatal(err)
					}
					for line := range strings.Lines(out.String()) {
						line = strings.TrimSuffix(line, "\n")
						words := strings.Fields(line)
						copied := len(words) > 0 && (words[0] == "next:" || words[0] == "lines:" || words[0] == "warning:" && len(words) <= 3)
						if width(line) > most && !copied {
							t.Fatalf("at %d columns a line takes %d: %q", most, width(line), line)
						}
						if strings.HasSuffix(line, " ") {
							t.Errorf("at %d columns a line ends in a blank: %q", most, line)
						}
					}
				}
			}
		})
	}
}

// TestDerivedReasonsAreMarked: at no width a derived reason stands there as if
// AWS had logged it, and a logged one never as derived.
func TestDerivedReasonsAreMarked(t *testing.T) {
	for most := leastWidth; most <= 260; most++ {
		for _, make := range []func() *query.Table{typical, simple, windows} {
			var out strings.Builder
			if err := encodeTable(&out, make(), Style{Terminal: true, Width: most}); err != nil {
				t.Fatal(err)
			}
			head, rows, _ := strings.Cut(strings.SplitN(out.String(), "\n\n", 3)[1], "\n")
			if !strings.Contains(head, "reason") {
				continue
			}
			column := strings.Contains(head, "source")
			if legend := strings.Contains(out.String(), "\n~ derived"); legend == column {
				t.Errorf("at %d columns: source column %t, legend %t:\n%s", most, column, legend, &out)
			}
			for line := range strings.Lines(rows) {
				if strings.HasPrefix(line, "─") {
					continue
				}
				logged := strings.Contains(line, "  16  ") || strings.Contains(line, "  16\n")
				marked, said := strings.Contains(line, " ~"), strings.Contains(line, "  derived  ")
				if column && (marked || said == logged) || !column && marked == logged {
					t.Errorf("at %d columns: %s", most, line)
				}
			}
		}
	}
}
