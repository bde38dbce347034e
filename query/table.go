package query

import "loglens/internal/when"

// Table is the answer to one question: what every encoder draws and what every
// command prints. It is plain data; whoever holds it owns it.
type Table struct {
	Report     string      // the report's name, as in "top-errors"
	Version    int         // version of the JSON envelope: "loglens.<report>/<version>"
	Window     when.Window // resolved, UTC, half-open; a zero bound where the input had no entry
	Balancers  []string    // load balancers seen in the window ("app/name/id"), sorted
	Accounting Accounting
	NotCounted []NotCounted // failures left out of Rows by class, most first
	Warnings   []string     // whole sentences without full stop; hostile text is not yet neutralised
	Columns    []Column
	Rows       [][]any // one value per column; nil = absent; its Go type is given by Column.Type
	RowsLeft   int64   // rows that the limit cut off
	Total      int64   // what the shares are shares of (for top-errors: failures counted)
	Requests   int64   // all requests in the window
	Next       string  // a command worth running next; empty if there is none
}

// Accounting says what an answer rests on. Lines = Parsed + Rejected + Skipped.
type Accounting struct {
	Objects         int64 // log objects of the kind that the report reads, failed ones included
	ObjectsFailed   int64 // objects that could not be read whole; none of their lines count
	Lines           int64 // lines of the objects that were read whole
	Parsed          int64 // entries inside the window
	Rejected        int64 // damaged lines
	Skipped         int64 // entries outside the window, or of a load balancer that was not asked for
	BytesCompressed int64 // bytes as stored
	Bytes           int64 // bytes of log text
}

// NotCounted is a reason that the report leaves out, with its requests.
type NotCounted struct {
	Reason   string
	Class    string
	Requests int64
}

// Column describes one column of a Table.
type Column struct {
	Name  string // the field's name in JSON and CSV
	Label string // the head in a table for people
	Type  Type
	Only  Audience // who sees the column
}

// Type is what a column's values are.
type Type int

// The Go type of a value is given in brackets; nil stands for absent in all.
const (
	Text    Type = iota // [string] may hold hostile text out of a log line
	Integer             // [int64] a code: printed without grouping
	Count               // [int64] a quantity: grouped by thousands for people
	Ratio               // [float64] 0 to 1: a percentage for people
	Time                // [time.Time] UTC
	Trend               // [[]int64] a count per equal slice of the window, -1 = no request there; drawn as a sparkline
)

// Audience says for whom a column is.
type Audience int

// A column that repeats others in a handier form is for people only; one that
// only a program needs, such as an ARN beside a name, is for programs only.
const (
	Everyone Audience = iota
	People            // table and markdown
	Programs          // json, jsonl and csv
)
