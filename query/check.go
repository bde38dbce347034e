package query

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
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
	Clocks    bool     // whether a TIMESTAMP may be the clock of another zone than UTC
	Nowhere   []string // what it asks for and no column holds, as in "target_ip is nowhere '-'"
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

// whatThereIs goes with what DuckDB says of a statement that it cannot read, or that
// names what is not there: it knows the place, and not where to look things up.
const whatThereIs = "loglens sql --help lists the relations, loglens sql 'describe request' the columns of one"

const oneSelect = "one SELECT; nothing is written and no file is read but through the sources"

// Bounds of a statement. DuckDB's parser and binder recurse on the thread's stack,
// and take more than linear time for what is deep or long.
const (
	longestStatement = 64 << 10
	deepestStatement = 100    // brackets in the text; twice that of nodes in the tree
	longestOperator  = 64     // signs in a row, which DuckDB's lexer reads again and again
	largestStatement = 16_000 // nodes, with every name that stands for an expression or a query written out
)

// allowed are the functions that a statement may call, and tableFunctions those
// that may stand in FROM.
var (
	//go:embed functions.txt
	functionList   string
	allowed        = readList(lower(functionList)) // DuckDB has names with capitals
	tableFunctions = readList("generate_series\njson_each\njson_tree\nrange\nunnest\n")
)

// repeating are the allowed macros that write an argument down more than once,
// and how many times at most.
var repeating = map[string]int{
	"array_pop_back": 2, "array_to_string": 2, "fmod": 2, "json_group_array": 2, "json_group_object": 2, "json_group_structure": 2,
	"nullif": 2, "round_even": 3, "split_part": 2, "wavg": 2, "weighted_avg": 2,
}

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
		Position   string `json:"position"`
		Statements []struct {
			Node   map[string]any `json:"node"`
			Params []struct {
				Key string `json:"key"`
			} `json:"named_param_map"`
		} `json:"statements"`
	}
	if err := json.Unmarshal([]byte(tree), &parsed); err != nil {
		return nil, refuse("", "the statement cannot be read, as with a number beyond 1.8e308: %v", err)
	}
	switch {
	case parsed.Error && strings.HasPrefix(parsed.Message, "Max expression depth"):
		return nil, tooDeep
	case parsed.Error && strings.HasPrefix(parsed.Message, "Only SELECT") && strings.Contains(lower(text), "pivot"):
		return nil, refuse("pivot failure on reason in ('A', 'B') using count(*)", "a PIVOT without a list of values is no SELECT")
	case parsed.Error && strings.HasPrefix(parsed.Message, "Only SELECT") && strings.HasPrefix(lower(strings.TrimSpace(text)), "explain"):
		return nil, refuse("--explain says what a SELECT would read", "this is no SELECT")
	case parsed.Error && strings.HasPrefix(parsed.Message, "Only SELECT"):
		return nil, refuse(oneSelect, "this is no SELECT")
	case parsed.Error:
		return nil, refuse(whatThereIs, "%s%s", parsed.Message, place(text, parsed.Position))
	case len(parsed.Statements) == 0:
		return nil, refuse("for example: select reason, count(*) from failure group by all", "the statement is empty")
	case len(parsed.Statements) != 1:
		return nil, refuse(oneSelect, "%d statements", len(parsed.Statements))
	}
	st := &statement{SQL: text}
	node := parsed.Statements[0].Node
	c := checker{relations: relations, statement: st, named: map[string]int{}}
	if _, err := c.walk(node, scope{}); err != nil {
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
	if err := c.nowhere(ctx, conn); err != nil {
		return nil, err
	}
	if from, _ := node["from_table"].(map[string]any); from["type"] == "SHOW_REF" {
		// DESCRIBE and SUMMARIZE have no plan unless they stand in FROM.
		st.SQL = "FROM (" + upToEnd(text) + "\n)"
	}
	return st, nil
}

var tooDeep = refuse("WITH names the parts of a statement that is deep", "the statement is nested more than %d deep", deepestStatement)

// lexeme is a word of SQL as DuckDB's lexer cuts it.
var lexeme = regexp.MustCompile("(?s)" + strings.Join([]string{
	`[eE]'(?:\\.|''|[^'\\])*'`, `'(?:''|[^'])*'`, `"(?:""|[^"])*"`,
	`--[^\n\r]*`, `/\*.*?\*/`,
	`\$[\w\x{80}-\x{10ffff}]*\$`, `\$?[\w\x{80}-\x{10ffff}]+`, `.`,
}, "|"))

// bounded refuses texts that are too long or too deep to be parsed safely.
func bounded(text string) error {
	if len(text) > longestStatement {
		return refuse("", "the statement has %d bytes, more than %d", len(text), longestStatement)
	}
	if strings.ContainsRune(text, 0) {
		return refuse("", "a NUL stands in the statement") // DuckDB would read no further
	}
	depth, signs, sets := 0, 0, 0
	for _, word := range lexeme.FindAllString(text, -1) {
		if signs++; len(word) > 1 || !isOneOf(word, "+-*/<>=~!@#%^&|`?") {
			signs = 0
		}
		switch {
		case signs > longestOperator:
			return refuse("", "more than %d signs stand in a row", longestOperator)
		case lower(word) == "except" || lower(word) == "intersect": // each is a level of its own
			if sets++; sets > deepestStatement {
				return tooDeep
			}
		case isOneOf(word, "([{"):
			if depth++; depth > deepestStatement {
				return tooDeep
			}
		case isOneOf(word, ")]}"):
			depth--
		case strings.HasPrefix(word, "/*") && strings.Contains(word[2:], "/*"):
			return refuse("", "a comment stands in a comment")
		case len(word) > 1 && word[0] == '$' && word[len(word)-1] == '$':
			return refuse("write the text between single quotes", "a text begins with %s", word)
		}
	}
	return nil
}

func isOneOf(sign, signs string) bool { return strings.Contains(signs, sign) }

// placeholders returns the names of a text's parameters, each once.
func placeholders(text string) (names []string) {
	for _, word := range lexeme.FindAllString(text, -1) {
		if name, ok := strings.CutPrefix(word, "$"); ok && name != "" && !strings.HasSuffix(name, "$") && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// upToEnd returns a text of one statement without what follows it: the semicolon,
// comments, white space.
func upToEnd(text string) string {
	end := 0
	for _, at := range lexeme.FindAllStringIndex(text, -1) {
		word := text[at[0]:at[1]]
		if strings.Trim(word, "; \t\r\n") != "" && !strings.HasPrefix(word, "--") && !strings.HasPrefix(word, "/*") {
			end = at[1]
		}
	}
	return text[:end]
}

// place tells where in a text an error is; position counts characters.
func place(text, position string) string {
	var at int
	runes := []rune(text)
	if _, err := fmt.Sscan(position, &at); err != nil || at > len(runes) {
		return ""
	}
	before := string(runes[:at])
	return fmt.Sprintf(" (line %d, column %d)", strings.Count(before, "\n")+1, len([]rune(before[strings.LastIndexByte(before, '\n')+1:]))+1)
}

// checker walks a parsed statement.
type checker struct {
	relations []string
	statement *statement
	named     map[string]int // sizes of what has been given a name with AS
	absent    []absent       // what columns are compared with and do not hold
}

// scope is where in the tree a walk is.
type scope struct {
	ctes  map[string]int // sizes of what WITH has named
	depth int
	zoned bool // what is above makes a time with a zone of it
}

// walk looks at a value of the tree and at all below it, and returns its size.
// DuckDB writes names out in place, so that a short text can grow without end.
func (c *checker) walk(v any, in scope) (size int, err error) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			n, err := c.walk(x, in)
			if err != nil {
				return 0, err
			}
			size += n
		}
	case map[string]any:
		if in.depth++; in.depth > 2*deepestStatement {
			return 0, tooDeep
		}
		if size, err = c.object(v, in); err != nil {
			return 0, err
		}
	}
	if size > largestStatement {
		return 0, refuse("fewer names that stand for much, or a plain list", "the statement grows to more than %d parts when its names are written out", largestStatement)
	}
	return size, nil
}

// object walks one node of the tree.
func (c *checker) object(node map[string]any, in scope) (size int, err error) {
	if in.ctes, err = c.with(node, in); err != nil {
		return 0, err
	}
	if size, err = c.node(node, in.ctes); err != nil {
		return 0, err
	}
	if at := offsetTime(node); at != "" && !in.zoned {
		return 0, refuse("write timestamptz '"+at+"', or UTC", "DuckDB would ignore the offset of '%s': times of the logs are UTC", at)
	}
	if err := c.clock(node); err != nil {
		return 0, err
	}
	c.compared(node)
	to, _ := node["cast_type"].(map[string]any)
	in.zoned = to["id"] == "TIMESTAMP WITH TIME ZONE"
	before := slices.Clone(c.statement.Relations)
	for _, key := range slices.Sorted(maps.Keys(node)) { // FROM before what SELECT makes of it
		if key == "cte_map" {
			continue // with has walked it
		}
		below := in
		if name, ok := node["cte_name"].(string); ok && key != "left" {
			// A recursive query: only its second part sees what the first has made.
			below.ctes = maps.Clone(in.ctes)
			below.ctes[lower(name)] = 1
		}
		n, err := c.walk(node[key], below)
		if err != nil {
			return 0, err
		}
		size += n
	}
	called, _ := node["function_name"].(string)
	if node["class"] == "SUBQUERY" || node["class"] == "LAMBDA" {
		size *= 2 // DuckDB binds what is below more than once
	}
	size *= max(repeating[lower(called)], 1)
	if node["show_type"] == "DESCRIBE" {
		c.statement.Relations = before // no row is looked at
	}
	if name, ok := node["alias"].(string); ok {
		c.named[lower(name)] = max(c.named[lower(name)], size)
	}
	for _, list := range []string{"aliases", "column_name_alias"} { // of the columns of WITH and FROM
		names, _ := node[list].([]any)
		for _, n := range names {
			name, _ := n.(string)
			c.named[lower(name)] = max(c.named[lower(name)], 1)
		}
	}
	return size, nil
}

// with walks the WITH of a node and returns the names that are known in it.
// A name is not known in its own query.
func (c *checker) with(node map[string]any, in scope) (map[string]int, error) {
	in.ctes = maps.Clone(in.ctes)
	if in.ctes == nil {
		in.ctes = map[string]int{}
	}
	list, _ := node["cte_map"].(map[string]any)
	entries, _ := list["map"].([]any)
	for _, e := range entries {
		entry, _ := e.(map[string]any)
		name, ok := entry["key"].(string)
		if !ok {
			return nil, refuse(oneSelect, "a WITH that cannot be read")
		}
		size, err := c.walk(entry["value"], in)
		if err != nil {
			return nil, err
		}
		in.ctes[lower(name)] = size
	}
	return in.ctes, nil
}

// Nodes that stand for more than one.
const (
	starSize   = 50 // columns
	windowSize = 30 // takes as long to plan as some 25 sums at most
	selectSize = 10
)

// node checks one node of the tree and returns its size without what is below.
func (c *checker) node(node map[string]any, ctes map[string]int) (size int, err error) {
	kind, _ := node["type"].(string)
	switch kind {
	case "BASE_TABLE":
		return c.table(node, ctes)
	case "TABLE_FUNCTION":
		function, _ := node["function"].(map[string]any)
		name, _ := function["function_name"].(string)
		if !tableFunctions[lower(name)] {
			return 0, refuse(c.known(), "%s() may not stand in FROM", name)
		}
		return 1, nil
	case "SHOW_REF":
		if _, ok := node["query"]; !ok {
			return 0, refuse("loglens sql --help lists the relations, DESCRIBE shows the columns of one", "SHOW is not allowed")
		}
	case "DELIM_GET", "COLUMN_DATA", "BOUND_TABLE_REF":
		return 0, refuse(oneSelect, "%s is not allowed", kind)
	case "COLUMN_REF":
		size = 1
		names, _ := node["column_names"].([]any)
		for _, n := range names { // the last is the column
			name, _ := n.(string)
			size = max(c.named[lower(name)], 1)
		}
		return size, nil
	}
	name, isCall := node["function_name"].(string)
	// A function of FROM has been looked at there. What stands before the dot of
	// a name is a column, as in elb.upper(), or a schema, of which none has another
	// function of an allowed name.
	inFrom := kind == "FUNCTION" && tableFunctions[lower(name)]
	if isCall && !allowed[lower(name)] && !inFrom {
		return 0, refuse(hinted("DuckDB's functions are allowed that read nothing but their arguments", here(name)), "the function %s() is not allowed", name)
	}
	if kind == "SELECT_NODE" {
		return selectSize, nil
	}
	switch node["class"] {
	case nil:
		return 0, nil
	case "STAR":
		return starSize, nil
	case "WINDOW":
		return windowSize, nil
	}
	return 1, nil
}

// table checks a name in FROM: a relation, or what WITH has named.
func (c *checker) table(node map[string]any, ctes map[string]int) (size int, err error) {
	name, _ := node["table_name"].(string)
	for _, key := range []string{"schema_name", "catalog_name", "at_clause"} {
		if _, ok := node[key]; ok {
			return 0, refuse("name the relation alone: "+lower(name), "%s stands with a schema, a catalogue or a version", name)
		}
	}
	if size, ok := ctes[lower(name)]; ok {
		return size + selectSize, nil
	}
	if !slices.Contains(c.relations, lower(name)) {
		return 0, refuse(hinted(c.known(), here(name)), "there is no relation %q", name)
	}
	if !slices.Contains(c.statement.Relations, lower(name)) {
		c.statement.Relations = append(c.statement.Relations, lower(name))
	}
	return 1, nil
}

func (c *checker) known() string { return "the relations: " + strings.Join(c.relations, ", ") }

// lower is a name as DuckDB compares it: letters beyond ASCII have no case.
func lower(name string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, name)
}
