package query

import (
	"embed"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Report is a question with a name: a SQL file whose head says what it is
// called, how it may be divided, and what its columns mean.
type Report struct {
	Name       string // as on the command line
	Version    int    // of its JSON envelope
	About      string // sentences, of which the first fits beside the name in a list
	Dimensions []Dimension
	Default    []string // dimensions that it is divided by unless told otherwise
	Filters    []Filter
	Limit      int // rows unless told otherwise; 0 for all
	Columns    []Column
	Narrow     []string  // see Table
	Noun       [2]string // of a row, divided by default; see Table
	Failures   bool      // see Table
	Empty      string    // see Table
	Heads      []string  // dimensions for which it reads no more of failures than the heads of their records; nil for none
	Earliest   string    // CTE of its SQL of which it shows the earliest rows, by the column time; "" for none

	sql       string
	relations []string // that it names
}

// Dimension is a way to divide a report: --by NAME gives it its columns.
type Dimension struct {
	Name    string
	Columns []string
}

// Filter is a value that a report's rows can be made to have: the parameter
// $Name of its SQL, NULL where it is not asked for.
type Filter struct {
	Name    string
	Words   []string // what it may be; nil for anything
	Number  bool     // it is a whole number, or - for none
	Address bool     // it is an IP address, however that is written; for $Name_spelled see divided
	Port    bool     // with a port behind it
	Logs    []string // values of the filter "log" that it makes sense with; nil for all
	About   string
}

//go:embed reports/*.sql
var reportFiles embed.FS

// parts are what several reports have in common: $NAME in the SQL of one stands for
// the text of NAME.sql.
//
//go:embed parts/*.sql
var parts embed.FS

// Reports returns all reports, by name. A report is found by lying in the
// folder; nothing else lists it.
var Reports = sync.OnceValue(func() []Report {
	reports, err := readReports(reportFiles)
	if err != nil {
		panic(err) // a report that we ship is broken; a test reads them all
	}
	return reports
})

// FindReport returns the report of a name.
func FindReport(name string) (Report, bool) {
	i := slices.IndexFunc(Reports(), func(r Report) bool { return r.Name == name })
	if i < 0 {
		return Report{}, false
	}
	return Reports()[i], true
}

func readReports(files fs.FS) ([]Report, error) {
	names, err := fs.Glob(files, "*/*.sql")
	if err != nil {
		return nil, err
	}
	var reports []Report
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		whole, err := withParts(string(text))
		if err != nil {
			return nil, err
		}
		r, err := parseReport(whole)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if want := strings.TrimSuffix(path.Base(name), ".sql"); strings.ReplaceAll(r.Name, "-", "_") != want {
			return nil, fmt.Errorf("%s: the report is called %q", name, r.Name)
		}
		reports = append(reports, r)
	}
	slices.SortFunc(reports, func(a, b Report) int { return strings.Compare(a.Name, b.Name) })
	return reports, nil
}

// withParts writes the parts in place of their names.
func withParts(text string) (string, error) {
	names, err := fs.Glob(parts, "parts/*.sql")
	for _, name := range names {
		var part []byte
		if part, err = parts.ReadFile(name); err != nil {
			break
		}
		text = strings.ReplaceAll(text, "$"+strings.TrimSuffix(path.Base(name), ".sql"), strings.TrimSpace(string(part)))
	}
	return text, err
}

// usualLimit is how many rows fit a screen.
const usualLimit = 20

// parseReport reads a head: comment lines of the form "-- key: words", up to
// the first line that is no comment. Other comments are for people. Beside what
// the fields of Report are called, "column" is what parseColumn reads, "rows" is
// the Noun, and "total: failures" sets Failures; narrow may take several lines.
func parseReport(text string) (Report, error) {
	r := Report{sql: text, relations: named(text), Limit: usualLimit}
	for key, value := range head(text) {
		if err := r.head(key, value); err != nil {
			return Report{}, err
		}
	}
	err := r.check()
	return r, err
}

// head yields the lines "-- key: words" at the beginning of a file, up to the
// first line that is no comment.
func head(text string) iter.Seq2[string, string] {
	return func(yield func(key, value string) bool) {
		for line := range strings.Lines(text) {
			comment, ok := strings.CutPrefix(strings.TrimSpace(line), "--")
			if !ok {
				return
			}
			key, value, ok := strings.Cut(strings.TrimSpace(comment), ": ")
			if ok && !yield(key, strings.TrimSpace(value)) {
				return
			}
		}
	}
}

func (r *Report) head(key, value string) (err error) {
	words := strings.Fields(value)
	switch key {
	case "report":
		r.Name = value
	case "version":
		r.Version, err = strconv.Atoi(value)
	case "about":
		r.About = value
	case "dimension":
		r.Dimensions = append(r.Dimensions, Dimension{words[0], words[1:]})
	case "default":
		r.Default = words
	case "filter":
		r.Filters = append(r.Filters, parseFilter(words))
	case "empty":
		r.Empty = value
	case "limit":
		r.Limit, err = strconv.Atoi(value)
	case "column":
		var c Column
		c, err = parseColumn(words)
		r.Columns = append(r.Columns, c)
	case "narrow":
		r.Narrow = append(r.Narrow, words...)
	case "heads":
		r.Heads = words
	case "earliest":
		r.Earliest = value
	case "rows":
		if len(words) != 2 {
			return fmt.Errorf("rows %q: want a noun for one and for many", words)
		}
		r.Noun = [2]string(words)
	case "total":
		if r.Failures = value == "failures"; !r.Failures {
			return fmt.Errorf("total: %q is not known, only failures", value)
		}
	}
	return err
}

// parseFilter reads "name a|b|c words…", where number, address or address:port may stand
// for the words that it can be, and @x,y in front of them for the logs that it makes
// sense with.
func parseFilter(words []string) Filter {
	f := Filter{Name: words[0]}
	for words = words[1:]; len(words) > 0; words = words[1:] {
		switch logs, isLogs := strings.CutPrefix(words[0], "@"); {
		case isLogs:
			f.Logs = strings.Split(logs, ",")
		case words[0] == "number":
			f.Number = true
		case words[0] == "address", words[0] == "address:port":
			f.Address, f.Port = true, words[0] != "address"
		case strings.Contains(words[0], "|"):
			f.Words = strings.Split(words[0], "|")
		default:
			f.About = strings.Join(words, " ")
			return f
		}
	}
	return f
}

var (
	types = []string{
		Text: "text", Integer: "integer", Count: "count", Ratio: "ratio", Time: "time", Trend: "trend",
		Float: "float", Seconds: "seconds", Boolean: "boolean", Bytes: "bytes", Line: "line", Times: "times",
	}
	audiences = []string{Everyone: "everyone", People: "people", Programs: "programs"}
)

// parseColumn reads "name type audience label words…"; without a label it is the name.
func parseColumn(words []string) (Column, error) {
	if len(words) < 3 {
		return Column{}, fmt.Errorf("column %q: want name, type and audience", words)
	}
	c := Column{
		Name: words[0], Label: strings.ReplaceAll(words[0], "_", " "),
		Type: Type(slices.Index(types, words[1])), Only: Audience(slices.Index(audiences, words[2])),
	}
	if c.Type < 0 || c.Only < 0 {
		return Column{}, fmt.Errorf("column %s: unknown type or audience", c.Name)
	}
	if len(words) > 3 {
		c.Label = strings.Join(words[3:], " ")
	}
	return c, nil
}

// check refuses a head that cannot be right.
func (r *Report) check() error {
	if r.Name == "" || r.Version == 0 || r.About == "" || len(r.Columns) == 0 {
		return fmt.Errorf("report %q: name, version, about and columns are needed", r.Name)
	}
	for _, d := range r.Dimensions {
		for _, c := range d.Columns {
			if !slices.ContainsFunc(r.Columns, func(have Column) bool { return have.Name == c }) {
				return fmt.Errorf("report %s: dimension %s: no column %s", r.Name, d.Name, c)
			}
		}
	}
	for _, name := range r.Narrow {
		if !slices.ContainsFunc(r.Columns, func(c Column) bool { return c.Name == name && c.Only != Programs }) {
			return fmt.Errorf("report %s: narrow: people see no column %s", r.Name, name)
		}
	}
	for _, name := range slices.Concat(r.Default, r.Heads) {
		if !r.Has(name) {
			return fmt.Errorf("report %s: no dimension %s", r.Name, name)
		}
	}
	return nil
}

// table returns the answer as far as the report's head gives it.
func (r *Report) table(by []string) *Table {
	keys := r.keys(by)
	return &Table{
		Report: r.Name, Version: r.Version, Columns: r.visible(by),
		Narrow: r.dispensable(keys), Keys: keys, Noun: r.noun(by), Failures: r.Failures, Empty: r.Empty,
	}
}

// noun is what a row is called. Divided otherwise than by default, or by time as well, a
// report of targets has rows that are none.
func (r *Report) noun(by []string) [2]string {
	if !slices.Equal(slices.Sorted(slices.Values(by)), slices.Sorted(slices.Values(r.Default))) {
		return [2]string{}
	}
	return r.Noun
}

// DimensionNames returns what --by takes.
func (r *Report) DimensionNames() []string {
	names := make([]string, len(r.Dimensions))
	for i, d := range r.Dimensions {
		names[i] = d.Name
	}
	return names
}

// Has reports whether the report can be divided by a dimension.
func (r *Report) Has(dimension string) bool {
	return slices.ContainsFunc(r.Dimensions, func(d Dimension) bool { return d.Name == dimension })
}

// Asks reports whether the report's SQL has a parameter of that name.
func (r *Report) Asks(parameter string) bool {
	return regexp.MustCompile(`\$` + parameter + `\b`).MatchString(r.sql)
}

// visible returns the columns that an answer divided by these dimensions has:
// the ones of no dimension, and the ones of a chosen dimension. Of a row of one target it
// is no news which and how many targets it is of, nor where it is if its group is told.
func (r *Report) visible(by []string) []Column {
	hidden := map[string]bool{}
	if slices.Contains(by, "target") {
		hidden["targets"], hidden["worst"] = true, slices.Contains(by, "target_group")
	}
	for _, d := range r.Dimensions {
		for _, c := range d.Columns {
			hidden[c] = hidden[c] || !slices.Contains(by, d.Name)
		}
	}
	return slices.DeleteFunc(slices.Clone(r.Columns), func(c Column) bool { return hidden[c.Name] })
}

// dispensable are the columns that a narrow terminal goes without, the least
// important first: what a row is divided by goes last, since without it nobody
// knows whose numbers these are.
func (r *Report) dispensable(keys []string) []string {
	isKey := func(c string) bool { return slices.Contains(keys, c) }
	first := slices.DeleteFunc(slices.Clone(r.Narrow), isKey)
	return append(first, slices.DeleteFunc(slices.Clone(r.Narrow), func(c string) bool { return !isKey(c) })...)
}

// held is what the report reads of failures, divided by these dimensions.
func (r *Report) held(by []string) held {
	switch {
	case !slices.Contains(r.relations, "failure"):
		return noneHeld
	case r.Heads == nil || slices.ContainsFunc(by, func(d string) bool { return !slices.Contains(r.Heads, d) }):
		return linesHeld
	}
	return headsHeld
}

// keys are the columns that name what a row is about: the first of each dimension.
func (r *Report) keys(by []string) (columns []string) {
	for _, d := range r.Dimensions {
		if slices.Contains(by, d.Name) {
			columns = append(columns, d.Columns[0])
		}
	}
	return columns
}

// divided returns the report's SQL with the dimensions written in place of $by,
// and NULL in place of filters that are not asked for. As constants they let
// DuckDB leave out what is not asked for, which a bound parameter does not. They
// are words of a closed list. For an address, $name_spelled becomes what it matches
// in all its spellings, which has nothing of what was typed, or NULL: DuckDB compiles a
// constant expression once, and a bound one for each row.
func (r *Report) divided(q Question) (string, error) {
	for _, d := range q.By {
		if !r.Has(d) {
			return "", fmt.Errorf("no dimension %q", d)
		}
	}
	text := strings.ReplaceAll(r.sql, "$by", sqlList(q.By))
	for _, f := range r.Filters {
		value, asked := q.Filters[f.Name]
		if f.Address {
			pattern := "NULL"
			if p := spellings(value, f.Port); p != "" {
				pattern = "'" + p + "'"
			}
			text = strings.ReplaceAll(text, "$"+f.Name+"_spelled", pattern)
		}
		if !asked {
			text = regexp.MustCompile(`\$`+f.Name+`\b`).ReplaceAllString(text, "NULL")
		}
	}
	return text, nil
}
