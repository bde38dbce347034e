package demo

import "time"

// Classes of reasons, as Request.Class names them.
const (
	ClassTarget   = "target"
	ClassBalancer = "balancer"
	ClassLambda   = "lambda"
	ClassClient   = "client"
	ClassPolicy   = "policy"
	ClassUnknown  = "unknown"
)

// Sources of a reason, as Request.Source names them.
const (
	SourceLogged  = "logged"  // the line's error_reason field says so
	SourceDerived = "derived" // the rest of the line says so
)

// Kind is what an object of the tree holds.
type Kind string

// The kinds of objects that a tree holds.
const (
	KindAccess      Kind = "access"
	KindConnection  Kind = "connection"
	KindHealthCheck Kind = "health-check"
	KindTestFile    Kind = "test-file"
)

// Truth is what was written. Counters are of the access logs only.
type Truth struct {
	From, Until time.Time // every entry lies in [From, Until), UTC
	Objects     []Object  // all kinds, sorted by key
	Requests    []Request // in the order of Objects, then of lines; damaged lines have none
	Damages     []Damage  // in the order of Objects, then of lines
	Missing     []Missing // objects that never existed
	Incidents   []Incident

	Lines    int64            // lines of the access logs = len(Requests) + Damaged
	Damaged  int64            // lines that must be rejected
	Failures int64            // requests with a reason, of any class
	Extra    int64            // requests whose line has more than 36 fields
	Bytes    int64            // of the access logs, uncompressed
	Stored   int64            // of the access logs, as stored
	ByReason map[string]int64 // failures per reason
}

// Object is one object of the tree.
type Object struct {
	Key            string // below the folder, with slashes
	Kind           Kind
	Account        string
	Region         string
	LoadBalancer   string    // "app/name/id", "" for a test file
	Node           string    // IP of the balancer node, "" for a test file
	End            time.Time // end of its interval; entries lie in [End-Interval, End)
	Lines          int       // damaged ones included; every kind
	Damaged        int
	Extra          int   // requests with more than 36 fields
	Width          int   // fields per line; 0 if widths are mixed or the kind is not access
	TrailingDash   bool  // each line ends in the "-" that AWS puts before a field is released
	CRLF           bool  // lines end in CR LF
	NoFinalNewline bool  // the last line has no end
	Members        int   // gzip members; 0 for an object of 0 bytes and for a test file
	Bytes          int64 // uncompressed
	Stored         int64 // as stored
}

// Request is one request: one line of an access log that is not damaged.
// Strings are shared between requests.
type Request struct {
	Time           time.Time // of the response, UTC, whole microseconds
	LoadBalancer   string    // "app/name/id"
	TargetGroupARN string    // "" = none
	Target         string    // "ip:port" as logged, "" = none
	Node           string    // of the object; the line's field 34, where it has one, says the same
	Client         string    // IP without port
	Reason         string    // "" = no failure
	Class          string    // "" = no failure
	Source         string    // SourceLogged, SourceDerived, "" = no failure
	Received, Sent int32     // bytes
	ELBStatus      int16     // -1 = absent, 0 = "000"
	TargetStatus   int16     // -1 = absent
	Object         int32     // index in Truth.Objects
	Line           int32     // in the object, from 1
}

// Failed reports whether the request failed, whoever's fault it was.
func (r *Request) Failed() bool { return r.Source != "" }

// Damage is one line that must be rejected.
type Damage struct {
	Object int32 // index in Truth.Objects
	Line   int32 // in the object, from 1
	Cause  Cause
}

// Cause is what is wrong with a damaged line.
type Cause string

// The ways in which lines are damaged.
const (
	CauseCut        Cause = "fewer than 12 fields"
	CauseTime       Cause = "bad time"
	CauseStatus     Cause = "bad status"
	CauseQuote      Cause = "unterminated quote"
	CauseEmpty      Cause = "empty line"
	CauseLineLength Cause = "line longer than 1 MiB" // one per tree
)

// Missing is an object that a node did not deliver. Its requests are lost:
// nobody can know them, the truth included.
type Missing struct {
	LoadBalancer, Node string
	End                time.Time
}

// Incident is one thing that went wrong (or was meant to look so).
type Incident struct {
	Name           string
	LoadBalancer   string    // "app/name/id"
	TargetGroupARN string    // the group it happened in, even where the lines do not name it
	Targets        []string  // "ip:port"; nil = all of the group
	From, Until    time.Time // half-open
	Reasons        []string  // the reasons that its lines show
	// Cause is what really happened, which may be more than a line can say:
	// a TLS mismatch looks exactly like a refused connection, so its requests
	// carry Target_Connection_Error.
	Cause string
}

// Tally is what Count counts under one key. Clients, Targets, First and Last
// are of the failures only.
type Tally struct {
	Requests    int
	Failures    int
	Clients     int // distinct client addresses
	Targets     int // distinct targets; an absent target is none
	First, Last time.Time
}

// Count is the obvious way to count: one pass over all requests. It takes
// those with from ≤ Time < until (a zero bound is open) that keep keeps (nil
// keeps all) and tallies them under key.
func (t *Truth) Count(from, until time.Time, keep func(*Request) bool, key func(*Request) string) map[string]Tally {
	type sets struct{ clients, targets map[string]bool }
	tallies := map[string]Tally{}
	seen := map[string]sets{}
	for i := range t.Requests {
		r := &t.Requests[i]
		if !within(r.Time, from, until) || keep != nil && !keep(r) {
			continue
		}
		k := key(r)
		tally := tallies[k]
		tally.Requests++
		if r.Failed() {
			s, ok := seen[k]
			if !ok {
				s = sets{clients: map[string]bool{}, targets: map[string]bool{}}
				seen[k] = s
			}
			s.clients[r.Client] = true
			if r.Target != "" {
				s.targets[r.Target] = true
			}
			tally.Failures++
			tally.Clients, tally.Targets = len(s.clients), len(s.targets)
			if tally.First.IsZero() || r.Time.Before(tally.First) {
				tally.First = r.Time
			}
			if r.Time.After(tally.Last) {
				tally.Last = r.Time
			}
		}
		tallies[k] = tally
	}
	return tallies
}

// Account is what a reader of some of the objects must account for:
// Lines = Parsed + Rejected + Skipped.
type Account struct {
	Objects  int
	Lines    int
	Parsed   int // in the window
	Rejected int // damaged, in or out of the window
	Skipped  int // out of the window
	Bytes    int64
	Stored   int64
}

// Account accounts for the access-log objects that read chooses (nil chooses
// all) under a window with from ≤ Time < until (a zero bound is open).
func (t *Truth) Account(from, until time.Time, read func(*Object) bool) Account {
	var a Account
	chosen := make([]bool, len(t.Objects))
	for i := range t.Objects {
		o := &t.Objects[i]
		if o.Kind != KindAccess || read != nil && !read(o) {
			continue
		}
		chosen[i] = true
		a.Objects++
		a.Lines += o.Lines
		a.Rejected += o.Damaged
		a.Bytes += o.Bytes
		a.Stored += o.Stored
	}
	for i := range t.Requests {
		r := &t.Requests[i]
		switch {
		case !chosen[r.Object]:
		case within(r.Time, from, until):
			a.Parsed++
		default:
			a.Skipped++
		}
	}
	return a
}

// within reports whether t lies in the half-open window; a zero bound is open.
func within(t, from, until time.Time) bool {
	return (from.IsZero() || !t.Before(from)) && (until.IsZero() || t.Before(until))
}
