package query

import "fmt"

// The tables of a store hold counts as the relations have them, and lines in
// blocks. Every row has the object that it comes from, so that an object can be
// replaced.

// diskTable is a table of the store, filled from the one of the same name in memory.
type diskTable struct {
	name string
	elb  string // column that --lb chooses by
}

// countedTables are those that answers read as they are; the window chooses among their
// rows by the column minute, and the balancer does by elb.
var countedTables = []diskTable{
	{"traffic", "load_balancer"},
	{"node_minute", "load_balancer"},
	{"failure_minute", "elb"},
	{"entry_minute", "load_balancer"},
}

// diskTables are the names of all tables but the ledger.
func diskTables() []string {
	list := []string{"accounting", "line_block"}
	for _, t := range countedTables {
		list = append(list, t.name)
	}
	return list
}

// placeObjects numbers all objects in the order of a listing, which goes through
// folders name by name. It takes a while with a hundred thousand of them, so it is
// done when some come or go, and not for every answer.
const placeObjects = `CREATE OR REPLACE TABLE disk.place AS
	SELECT object_id, row_number() OVER (ORDER BY replace(uri, '/', chr(1)), object_id)::INTEGER AS place FROM disk.object`

// diskSchema makes the tables in an empty file. Blocks are compressed already.
func diskSchema() (statements []string) {
	statements = []string{
		"CREATE TABLE disk.meta AS SELECT " + fmt.Sprint(diskVersion) + " AS version",
		"CREATE TABLE disk.object AS SELECT *, false AS requests_kept FROM object_read LIMIT 0",
		`CREATE TABLE disk.line_block (object_id INTEGER, relation VARCHAR, lines BIGINT, first TIMESTAMP, last TIMESTAMP,
			bytes BIGINT, heads BLOB USING COMPRESSION uncompressed, raws BLOB USING COMPRESSION uncompressed)`,
		"CREATE TABLE disk.accounting AS SELECT * FROM accounting LIMIT 0",
		ingestedTable,
	}
	for _, t := range countedTables {
		statements = append(statements, "CREATE TABLE disk."+t.name+" AS SELECT * FROM "+t.name+" LIMIT 0")
	}
	return append(statements, placeObjects)
}
