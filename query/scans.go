package query

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// explain asks DuckDB for the plan of the statement behind it.
const explain = "EXPLAIN (FORMAT json) "

// scanned is how a plan scans a relation: how many times, two standing for any number of
// them, and which of its columns.
type scanned struct {
	times   int
	columns columnSet
}

// unknownColumns stands among the columns of a scan that does not name its own.
const unknownColumns = "*"

// held is what has to be held of failing requests that are scanned in this way.
func (s scanned) held() held {
	switch {
	case s.times == 0:
		return noneHeld
	case ofHead(s.columns):
		return headsHeld
	}
	return linesHeld
}

// recursive is what a plan calls WITH RECURSIVE.
const recursive = "REC_CTE"

// scans finds the scans of each relation in the plan of a statement.
func (s *Store) scans(ctx context.Context, text string, args []any) (map[string]scanned, error) {
	var key, plan string
	err := s.plan.QueryRowContext(ctx, explain+text, args...).Scan(&key, &plan)
	if err != nil {
		return nil, ofStatement(err)
	}
	type node struct {
		Name     string `json:"name"`
		Children []node `json:"children"`
		Info     struct {
			Function string    `json:"Function"`
			Columns  oneOrMany `json:"Projections"`
		} `json:"extra_info"`
	}
	var roots []node
	if err := json.Unmarshal([]byte(plan), &roots); err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	found := map[string]scanned{}
	var look func(n node, times int)
	look = func(n node, times int) {
		if len(n.Info.Columns) == 0 {
			n.Info.Columns = oneOrMany{unknownColumns}
		}
		name := strings.ToLower(n.Info.Function)
		found[name] = scanned{found[name].times + times, append(found[name].columns, n.Info.Columns...)}
		for i, child := range n.Children {
			if n.Name == recursive && i > 0 { // it runs until it gives nothing new
				times = 2
			}
			look(child, times)
		}
	}
	for _, root := range roots {
		look(root, 1)
	}
	return found, nil
}

// oneOrMany is a list of words, of which DuckDB writes one as a word.
type oneOrMany []string

// UnmarshalJSON reads a list, or its only word.
func (l *oneOrMany) UnmarshalJSON(text []byte) error {
	if text[0] == '[' {
		return json.Unmarshal(text, (*[]string)(l))
	}
	*l = make([]string, 1)
	return json.Unmarshal(text, &(*l)[0])
}
