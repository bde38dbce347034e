package query

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// DuckDB's lock-down settings are no sandbox: functions read files, settings and
// the catalogue, and a name in FROM may be a path. So a statement is parsed
// first, by DuckDB itself, and runs only if everything in it is on a list.

// statement is a SELECT that was found to be harmless.
type statement struct {
	SQL       string
	Relations []string // that it names, sorted
	Params    []string // $name, sorted
}

// StatementError says why a statement is not run.
type StatementError struct {
	Reason string
	Next   string // what to do instead
}

func (e *StatementError) Error() string { return e.Reason }

// Hint says what to do instead.
func (e *StatementError) Hint() string { return e.Next }

func refuse(next, format string, args ...any) error {
	return &StatementError{fmt.Sprintf(format, args...), next}
}

const oneSelect = "one SELECT; nothing is written and no file is read but through the sources"

// Bounds of a text that is handed to DuckDB's parser, which recurses.
const (
	longestStatement = 64 << 10
	deepestStatement = 100
)

// allowed are the functions that a statement may call, and tableFunctions those
// that may stand in FROM.
var (
	//go:embed functions.txt
	functionList   string
	allowed        = readList(functionList)
	tableFunctions = readList("generate_series\njson_each\njson_tree\nrange\nunnest\n")
)

// readList reads names, one per line. Lines that begin with "# " are for people.
func readList(text string) map[string]bool {
	names := map[string]bool{}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "# ") {
			names[line] = true
		}
	}
	return names
}

// checkStatement parses a text and refuses whatever is not one SELECT over the
// relations with allowed functions. Nothing of the text is executed.
//
// Errors: *StatementError, the context's.
func checkStatement(ctx context.Context, conn *sql.Conn, text string, relations []string) (*statement, error) {
	if err := bounded(text); err != nil {
		return nil, err
	}
	var tree string
	err := conn.QueryRowContext(ctx,
		"SELECT json_serialize_sql($1::VARCHAR, skip_null := true, skip_empty := true, skip_default := true)::VARCHAR", text).Scan(&tree)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, refuse("", "the statement cannot be read: %v", err)
	}
	var parsed struct {
		Error      bool   `json:"error"`
		Message    string `json:"error_message"`
		Type       string `json:"error_type"`
		Position   string `json:"position"`
		Statements []struct {
			Node   map[string]any `json:"node"`
			Params []struct {
				Key string `json:"key"`
			} `json:"named_param_map"`
		} `json:"statements"`
	}
	if err := json.Unmarshal([]byte(tree), &parsed); err != nil {
		return nil, fmt.Errorf("read the parsed statement: %w", err)
	}
	switch {
	case parsed.Error && parsed.Type == "parser":
		return nil, refuse("", "%s%s", parsed.Message, place(text, parsed.Position))
	case parsed.Error:
		return nil, refuse(oneSelect, "this is no SELECT")
	case len(parsed.Statements) != 1:
		return nil, refuse(oneSelect, "%d statements", len(parsed.Statements))
	}
	st := &statement{SQL: text}
	node := parsed.Statements[0].Node
	c := checker{relations: relations, statement: st}
	if err := c.walk(node, nil); err != nil {
		return nil, err
	}
	for _, p := range parsed.Statements[0].Params {
		if strings.Trim(p.Key, "0123456789") == "" {
			return nil, refuse("name it, as in $threshold", "a parameter without a name")
		}
		st.Params = append(st.Params, p.Key)
	}
	slices.Sort(st.Params)
	slices.Sort(st.Relations)
	if from, _ := node["from_table"].(map[string]any); from["type"] == "SHOW_REF" {
		// DESCRIBE and SUMMARIZE have no plan unless they stand in FROM.
		st.SQL = "FROM (" + strings.TrimRight(text, "; \t\r\n") + "\n)"
	}
	return st, nil
}

// bounded refuses texts that are too long or too deep to be parsed safely.
func bounded(text string) error {
	if len(text) > longestStatement {
		return refuse("", "the statement has %d bytes, more than %d", len(text), longestStatement)
	}
	depth, deepest := 0, 0
	for _, r := range text {
		switch r {
		case '(', '[', '{':
			depth++
			deepest = max(deepest, depth)
		case ')', ']', '}':
			depth--
		}
	}
	if deepest > deepestStatement {
		return refuse("", "the statement is nested %d deep, more than %d", deepest, deepestStatement)
	}
	return nil
}

// place tells where in a text an error is.
func place(text, position string) string {
	var at int
	if _, err := fmt.Sscan(position, &at); err != nil || at > len(text) {
		return ""
	}
	before := text[:at]
	return fmt.Sprintf(" (line %d, column %d)", strings.Count(before, "\n")+1, len([]rune(before[strings.LastIndexByte(before, '\n')+1:]))+1)
}

// checker walks a parsed statement.
type checker struct {
	relations []string
	statement *statement
}

// walk looks at a value of the tree and at all below it. ctes are the names that
// WITH has given there.
func (c *checker) walk(v any, ctes []string) error {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			if err := c.walk(x, ctes); err != nil {
				return err
			}
		}
	case map[string]any:
		ctes, err := c.with(v, ctes)
		if err != nil {
			return err
		}
		if err := c.node(v, ctes); err != nil {
			return err
		}
		for key, x := range v {
			if key == "cte_map" {
				continue // with has walked it
			}
			if err := c.walk(x, ctes); err != nil {
				return err
			}
		}
	}
	return nil
}

// with walks the WITH of a node and returns the names that are known in it.
// A name is not known in its own query unless that is recursive.
func (c *checker) with(node map[string]any, ctes []string) ([]string, error) {
	ctes = slices.Clip(ctes)
	if name, ok := node["cte_name"].(string); ok {
		ctes = append(ctes, strings.ToLower(name))
	}
	list, _ := node["cte_map"].(map[string]any)
	entries, _ := list["map"].([]any)
	for _, e := range entries {
		entry, _ := e.(map[string]any)
		name, ok := entry["key"].(string)
		if !ok {
			return nil, refuse(oneSelect, "a WITH that cannot be read")
		}
		if err := c.walk(entry["value"], ctes); err != nil {
			return nil, err
		}
		ctes = append(ctes, strings.ToLower(name))
	}
	return ctes, nil
}

// node checks one node of the tree.
func (c *checker) node(node map[string]any, ctes []string) error {
	kind, _ := node["type"].(string)
	switch kind {
	case "BASE_TABLE":
		return c.table(node, ctes)
	case "TABLE_FUNCTION":
		function, _ := node["function"].(map[string]any)
		name, _ := function["function_name"].(string)
		if !tableFunctions[strings.ToLower(name)] {
			return refuse("the relations: "+strings.Join(c.relations, ", "), "%s() may not stand in FROM", name)
		}
		return nil
	case "SHOW_REF":
		if _, named := node["table_name"]; named {
			return refuse("loglens sql --help lists the relations, DESCRIBE shows the columns of one", "SHOW is not allowed")
		}
	case "DELIM_GET", "COLUMN_DATA", "BOUND_TABLE_REF":
		return refuse(oneSelect, "%s is not allowed", kind)
	}
	name, isCall := node["function_name"].(string)
	if !isCall || tableFunctions[strings.ToLower(name)] && kind == "FUNCTION" {
		return nil // a function of FROM has been looked at there
	}
	for _, key := range []string{"schema", "catalog"} {
		if where, ok := node[key].(string); ok && where != "main" && where != "" {
			return refuse("", "%s.%s() is not allowed", where, name)
		}
	}
	if !allowed[strings.ToLower(name)] {
		return refuse("functions that read nothing but their arguments are allowed", "the function %s() is not allowed", name)
	}
	return nil
}

// table checks a name in FROM: a relation, or what WITH has named.
func (c *checker) table(node map[string]any, ctes []string) error {
	name, _ := node["table_name"].(string)
	lower := strings.ToLower(name)
	for _, key := range []string{"schema_name", "catalog_name", "at_clause"} {
		if _, ok := node[key]; ok {
			return refuse("name the relation alone: "+lower, "%s stands with a schema, a catalogue or a version", name)
		}
	}
	if slices.Contains(ctes, lower) {
		return nil
	}
	if !slices.Contains(c.relations, lower) {
		return refuse("the relations: "+strings.Join(c.relations, ", "), "there is no relation %q", name)
	}
	if !slices.Contains(c.statement.Relations, lower) {
		c.statement.Relations = append(c.statement.Relations, lower)
	}
	return nil
}
