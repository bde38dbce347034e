package query

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"loglens/internal/when"
)

// SavedQuery is a statement with a name, in a file of its own whose head says
// what it is for and what it has to be given:
//
//	-- query: slow-checkout
//	-- about: Requests to the checkout that took longer than a threshold.
//	-- param: threshold number 2.5  seconds above which a request counts
//	-- param: host text             the host name
//	SELECT … WHERE duration > $threshold AND domain_name = $host
type SavedQuery struct {
	Name   string // as the file's, without .sql
	About  string
	Params []Param
	SQL    string
	Path   string
	Err    error // why it cannot be used, a *QueryError; nil if it can
}

// Param is a value that a saved query takes.
type Param struct {
	Name     string
	Type     string // one of paramTypes
	Default  string
	Required bool // there is no default
	About    string
}

// paramTypes turn what was typed into a value of SQL. A time is given as to
// --since, a duration as 90s or 5m and becomes seconds.
var paramTypes = map[string]func(s string, now time.Time, zone *time.Location) (any, error){
	"text":    func(s string, _ time.Time, _ *time.Location) (any, error) { return s, nil },
	"integer": func(s string, _ time.Time, _ *time.Location) (any, error) { return strconv.ParseInt(s, 10, 64) },
	"number":  func(s string, _ time.Time, _ *time.Location) (any, error) { return strconv.ParseFloat(s, 64) },
	"boolean": func(s string, _ time.Time, _ *time.Location) (any, error) { return strconv.ParseBool(s) },
	"time": func(s string, now time.Time, zone *time.Location) (any, error) {
		t, err := when.Point(s, now, zone)
		return t.UTC(), err
	},
	"duration": func(s string, _ time.Time, _ *time.Location) (any, error) {
		d, err := when.Duration(s)
		return d.Seconds(), err
	},
}

// examples are values of each type.
var examples = map[string]string{
	"text": "shop", "integer": "5", "number": "2.5", "boolean": "true", "time": "2026-11-22T03:15", "duration": "90s",
}

// QueryError is a saved query that cannot be used as it stands, or as it was asked.
type QueryError struct {
	Path   string // of the file
	Reason string
	Next   string // what to do
}

func (e *QueryError) Error() string { return e.Path + ": " + e.Reason }

// Hint says what to do.
func (e *QueryError) Hint() string { return e.Next }

// ReadQueries reads the saved queries of some folders, by name. A missing folder
// holds none; of two queries of one name the earlier folder's counts.
//
// A file that is no saved query, or cannot be read, is told by its Err.
//
// Errors: the file system's of a folder.
func ReadQueries(folders []string) ([]SavedQuery, error) {
	found := map[string]SavedQuery{}
	for _, folder := range folders {
		entries, err := os.ReadDir(folder)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read saved queries: %w", err)
		}
		for _, e := range entries {
			if e.IsDir() || filepath.Ext(e.Name()) != ".sql" {
				continue
			}
			q := readQuery(filepath.Join(folder, e.Name()))
			if _, before := found[q.Name]; !before {
				found[q.Name] = q
			}
		}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b SavedQuery) int { return strings.Compare(a.Name, b.Name) }), nil
}

// byteOrderMark begins a text that some editors have saved, and stands for nothing.
const byteOrderMark = "\ufeff"

func readQuery(path string) SavedQuery {
	text, err := os.ReadFile(path)
	q := SavedQuery{SQL: strings.TrimPrefix(string(text), byteOrderMark), Path: path}
	if err != nil {
		q.Err = &QueryError{path, "cannot be read: " + reason(err), "mend or remove the file"}
	} else {
		q.Err = q.declared()
	}
	q.Name = strings.TrimSuffix(filepath.Base(path), ".sql")
	return q
}

// reason is what a file system's error says beside the path.
func reason(err error) string {
	var e *fs.PathError
	if errors.As(err, &e) {
		return e.Err.Error()
	}
	return err.Error()
}

// declared reads the head, and refuses what is not as the file promises.
func (q *SavedQuery) declared() error {
	for key, value := range head(q.SQL) {
		if err := q.head(key, value); err != nil {
			return &QueryError{q.Path, err.Error(), "the head is lines such as: -- param: threshold number 2.5  what it means"}
		}
	}
	if want := strings.TrimSuffix(filepath.Base(q.Path), ".sql"); q.Name != want {
		return &QueryError{q.Path, fmt.Sprintf("the head does not name the query as the file is called, %q", want), "begin it with: -- query: " + want}
	}
	return q.sameParams()
}

func (q *SavedQuery) head(key, value string) error {
	switch key {
	case "query":
		q.Name = value
	case "about":
		q.About = value
	case "param":
		words := strings.SplitN(value, "  ", 2) // two blanks begin the explanation
		declared := strings.Fields(words[0])
		if len(declared) < 2 || len(declared) > 3 {
			return fmt.Errorf("param %q: want name, type, default if any, and after two blanks what it means", value)
		}
		p := Param{Name: declared[0], Type: declared[1], Required: len(declared) == 2}
		if !p.Required {
			p.Default = declared[2]
		}
		if len(words) > 1 {
			p.About = strings.TrimSpace(words[1])
		}
		if paramTypes[p.Type] == nil {
			return fmt.Errorf("param %s: unknown type %q, want one of %s", p.Name, p.Type, strings.Join(slices.Sorted(maps.Keys(paramTypes)), ", "))
		}
		if slices.ContainsFunc(q.Params, func(o Param) bool { return o.Name == p.Name }) {
			return fmt.Errorf("param %s is declared twice", p.Name)
		}
		q.Params = append(q.Params, p)
	}
	return nil
}

// sameParams refuses a query whose parameters are not those of its head.
func (q *SavedQuery) sameParams() error {
	used := placeholders(q.SQL)
	for _, name := range used {
		if !slices.ContainsFunc(q.Params, func(p Param) bool { return p.Name == name }) {
			return &QueryError{q.Path, "$" + name + " is not declared", "add a line to its head: -- param: " + name + " text  what it means"}
		}
	}
	for _, p := range q.Params {
		if !slices.Contains(used, p.Name) {
			return &QueryError{q.Path, "$" + p.Name + " is declared and not used", "use it, or take the line out of the head"}
		}
	}
	return nil
}

// Bind gives the query's parameters their values, as sql.Named. now and zone are
// what times are relative to.
//
// Errors: *QueryError.
func (q SavedQuery) Bind(values map[string]string, now time.Time, zone *time.Location) ([]any, error) {
	if q.Err != nil {
		return nil, q.Err
	}
	var names []string
	for _, p := range q.Params {
		names = append(names, p.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(names, name) {
			return nil, &QueryError{q.Path, fmt.Sprintf("there is no parameter %q", name), "its parameters: " + cmp.Or(strings.Join(names, ", "), "none")}
		}
	}
	var args []any
	for _, p := range q.Params {
		word, given := values[p.Name]
		if !given && p.Required {
			return nil, &QueryError{q.Path, fmt.Sprintf("the parameter %s has no value", p.Name), strings.TrimSuffix(fmt.Sprintf("--set %s=%s: %s", p.Name, strings.ToUpper(p.Type), p.About), ": ")}
		}
		if !given {
			word = p.Default
		}
		v, err := paramTypes[p.Type](word, now, zone)
		if err != nil {
			return nil, &QueryError{q.Path, fmt.Sprintf("the parameter %s: %q is no %s", p.Name, word, p.Type), fmt.Sprintf("for example --set %s=%s", p.Name, examples[p.Type])}
		}
		args = append(args, sql.Named(p.Name, v))
	}
	return args, nil
}
