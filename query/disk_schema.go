package query

import (
	"fmt"
	"slices"
	"strings"
)

// The tables of a store have the columns of the relations that they are read as.
// Every row has the object that it comes from, so that an object can be replaced.

// diskTable is a table of the store, and what it is filled from.
type diskTable struct {
	name    string
	columns []string // of the relation in memory that are kept; nil for all
	time    string   // column that a window chooses by, "" for none
	elb     string   // column that --lb chooses by
}

// restored are columns that are not kept: the object gives them.
var restored = []string{"object_uri"}

func diskTables(requests bool) []diskTable {
	keep := func(names []string) []string {
		return slices.DeleteFunc(names, func(n string) bool { return slices.Contains(restored, n) })
	}
	tables := []diskTable{
		{"failure", keep(names(accessColumns())), "time", "elb"},
		{"reject", keep(names(newReject(&Store{rejects: &spool{}}).columns)), "", ""},
		{"traffic", nil, "minute", "load_balancer"},
		{"node_minute", nil, "minute", "load_balancer"},
		{"failure_minute", nil, "minute", "elb"},
		{"entry_minute", nil, "minute", "load_balancer"},
		{"accounting", nil, "", ""},
	}
	for _, name := range sortedKeys(entryRelations) {
		time := "time"
		if name == "connection" {
			time = "timestamp"
		}
		tables = append(tables, diskTable{name, keep(names(entryColumns(entryRelations[name]))), time, "load_balancer"})
	}
	if requests {
		tables = append(tables, diskTable{"request", keep(names(accessColumns())), "time", "elb"})
	}
	return tables
}

func names[T any](columns []column[T]) (list []string) {
	for _, c := range columns {
		list = append(list, c.name)
	}
	return list
}

func sortedKeys[V any](m map[string]V) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// selected is the SELECT list of what is kept.
func (t diskTable) selected() string {
	if t.columns == nil {
		return "*"
	}
	return `"` + strings.Join(t.columns, `", "`) + `"`
}

// diskSchema makes the tables in an empty file.
func diskSchema() (statements []string) {
	statements = []string{
		"CREATE TABLE disk.meta AS SELECT " + fmt.Sprint(diskVersion) + " AS version",
		"CREATE TABLE disk.object AS SELECT *, false AS requests_kept FROM object_read LIMIT 0",
	}
	for _, t := range diskTables(true) {
		from := t.name
		if from == "request" {
			from = "failure" // which has the same columns, and is there without requests
		}
		statements = append(statements, "CREATE TABLE disk."+t.name+" AS SELECT "+t.selected()+" FROM "+from+" LIMIT 0")
	}
	return statements
}
