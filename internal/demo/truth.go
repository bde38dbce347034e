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
	KindAccess      Kind = "access"       // requests to an Application Load Balancer
	KindConnection  Kind = "connection"   // connections to one
	KindHealthCheck Kind = "health-check" // health checks by one
	KindNLB         Kind = "nlb"          // TLS connections to a Network Load Balancer
	KindClassic     Kind = "classic"      // requests to a Classic Load Balancer
	KindTestFile    Kind = "test-file"
)

var kinds = []Kind{KindAccess, KindConnection, KindHealthCheck, KindNLB, KindClassic, KindTestFile}

// requests reports whether the lines of the kind are requests.
func (k Kind) requests() bool { return k == KindAccess || k == KindClassic }

// Format is how the lines of an object are written.
type Format string

// The formats of objects.
const (
	FormatPlain Format = ""     // as a balancer delivers: fields in AWS's order, separated by spaces
	FormatJSON  Format = "json" // one object per line; numbers may be numbers, absent is "-"
	// FormatW3C begins with "#Version" and "#Fields"; fields are separated by
	// tabs and quoted where FormatPlain quotes them.
	FormatW3C Format = "w3c"
)

// Truth is what was written. Counters outside ByKind are of the request logs:
// the access logs of Application and of Classic Load Balancers together.
type Truth struct {
	From, Until time.Time // every entry lies in [From, Until), UTC
	Objects     []Object  // all kinds, sorted by key
	Requests    []Request // of both request logs; in the order of Objects, then of lines; damaged lines have none
	Damages     []Damage  // of all kinds, in the order of Objects, then of lines
	Missing     []Missing // objects that never existed
	Incidents   []Incident

	// The entries of the other logs, in the order of Objects, then of lines;
	// damaged lines have none.
	Connections []Connection
	Checks      []Check
	TLS         []TLSConnection

	Lines    int64            // lines of the request logs = len(Requests) + Damaged
	Damaged  int64            // lines of the request logs that must be rejected
	Failures int64            // requests with a reason, of any class
	Extra    int64            // requests whose line has more than 36 fields
	Bytes    int64            // of the request logs, uncompressed
	Stored   int64            // of the request logs, as stored
	ByReason map[string]int64 // failures per reason
	ByKind   map[Kind]Counts  // of each kind that was written; no key, no object
}

// Counts counts the objects of one kind and their lines.
type Counts struct {
	Objects int64
	Lines   int64 // damaged ones included, header lines not
	Damaged int64
	Bytes   int64 // uncompressed
	Stored  int64
}

// Object is one object of the tree.
type Object struct {
	Key          string // below the folder, with slashes
	Kind         Kind
	Account      string
	Region       string
	LoadBalancer string    // "app/name/id", "net/name/id", or "name" of a Classic one; "" for a test file
	Node         string    // IP of the balancer node; "" for a test file and where neither name nor lines tell (NLB)
	End          time.Time // end of its interval; entries lie in [End-Interval, End), and never before Truth.From
	Interval     time.Duration
	Lines        int  // damaged ones included, header lines not; every kind
	Damaged      int  // every kind
	Extra        int  // requests with more than 36 fields
	Width        int  // fields per line; 0 if widths are mixed within the object and where Columns is set
	TrailingDash bool // each line ends in the "-" that AWS puts before a field is released
	CRLF         bool // lines end in CR LF
	// NoFinalNewline says that the last line has no end.
	NoFinalNewline bool
	Members        int    // gzip members; 0 for an object of 0 bytes, of plain text (classic) and for a test file
	Format         Format // FormatPlain unless Options.Vended chose the object
	Header         int    // header lines before the first entry; they are no lines of the log, but count in Line numbers
	// Columns are the fields of a vended object, by AWS's names, in its order;
	// nil for FormatPlain. What is left out is absent in its truth: of access
	// logs Received (-1), of connection logs Subject and KeyExchange (""), of
	// health check logs Latency (-1), of NLB logs the three ALPN fields ("").
	Columns []string
	Bytes   int64 // uncompressed, header lines included
	Stored  int64 // as stored
}

// Request is one request: one line of a request log that is not damaged.
// Strings are shared between requests, but for RequestLine.
type Request struct {
	Time           time.Time // of the response, UTC, whole microseconds; if Kind is KindClassic: when it was received
	Kind           Kind      // KindAccess or KindClassic
	LoadBalancer   string    // "app/name/id", or "name" of a Classic one
	TargetGroupARN string    // "" = none
	Target         string    // "ip:port" as logged, "" = none
	Node           string    // of the object; the line's field 34, where it has one, says the same
	Client         string    // IP without port
	RequestLine    string    // "GET https://…:443/… HTTP/1.1" as logged: without its quotes, with AWS's escapes
	ConnTraceID    string    // "TID_…" of its line in the connection log (damaged there, it may be in no Connection); "" = none in the line
	Reason         string    // "" = no failure
	Class          string    // "" = no failure
	Source         string    // SourceLogged, SourceDerived, "" = no failure

	// The three processing times and request_creation_time, in µs, the last
	// since 1970 UTC; -1 = absent.
	RequestTime, TargetTime, ResponseTime int64
	Created                               int64

	Received, Sent int32 // bytes; -1 = absent
	ClientPort     int32
	ELBStatus      int16 // -1 = absent, 0 = "000"
	TargetStatus   int16 // -1 = absent; in classic logs AWS writes that as 0 or -
	Object         int32 // index in Truth.Objects
	Line           int32 // in the object, from 1
}

// Failed reports whether the request failed, whoever's fault it was.
func (r *Request) Failed() bool { return r.Source != "" }

// Connection is one entry of a connection log.
type Connection struct {
	Time         time.Time // when it was made or failed, UTC, whole microseconds; not after any of its requests
	LoadBalancer string    // "app/name/id"
	Node         string
	Client       string // IP
	Protocol     string // "TLSv1.2"; "" = plain HTTP, or the TLS handshake failed
	Cipher       string // as Protocol
	KeyExchange  string // "" = none, or the line has 12 fields
	Subject      string // of the client's certificate; "" = none
	Verify       string // "Success", "Failed:<code>", "" = plain HTTP, or the TLS handshake failed
	TraceID      string // "TID_…"; every connection has one
	Handshake    int64  // µs; -1 = absent: plain HTTP, or not completed
	ClientPort   int32
	ListenerPort int32 // 80 or 443
	// Requests is how many of Truth.Requests have this TraceID as ConnTraceID.
	Requests int32
	Object   int32 // index in Truth.Objects
	Line     int32 // in the object, from 1
}

// Check is one entry of a health check log.
type Check struct {
	Time         time.Time // when it was begun, UTC, whole microseconds
	LoadBalancer string    // "app/name/id"
	Node         string    // that checked
	Type         string    // "http", "https", "grpc", "lambda"
	Target       string    // "ip:port", or the ARN of a Lambda function
	Group        string    // name of the target group, not its ARN
	ReasonCode   string    // "" = none: it passed
	Latency      int64     // nanoseconds; -1 = absent
	Pass         bool
	StatusCode   int16 // -1 = absent: no answer
	Object       int32 // index in Truth.Objects
	Line         int32 // in the object, from 1
}

// TLSConnection is one entry of a Network Load Balancer's access log.
type TLSConnection struct {
	Time         time.Time // when it ended, UTC, whole seconds
	Created      time.Time // when it began, UTC, whole seconds
	LoadBalancer string    // "net/name/id"
	Listener     string    // id
	Client       string    // IP
	Destination  string    // "ip:port" of the listener, never of a target
	CertARN      string    // "" = none: the handshake failed
	Cipher       string    // "" = none: the handshake failed
	Protocol     string    // "tlsv12", "tlsv13"; "" = none
	KeyExchange  string    // "x25519"; "" = none
	Domain       string    // SNI; "" = none
	ALPNFrontend string    // "h2"; "" = none
	ALPNBackend  string
	ALPNClient   string // as logged: "h2","http/1.1" with quotes and commas; "" = none
	Duration     int64  // of the connection, µs (AWS logs whole milliseconds)
	Handshake    int64  // µs (whole milliseconds); -1 = absent: it failed
	Received     int64  // bytes
	Sent         int64  // bytes
	ClientPort   int32
	Alert        int16 // TLS alert that the client sent; -1 = none
	Object       int32 // index in Truth.Objects
	Line         int32 // in the object, from 1
}

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
	CauseCut        Cause = "too few fields" // cut off early enough for any reader to see it
	CauseTime       Cause = "bad time"
	CauseStatus     Cause = "bad status"         // request logs only
	CauseQuote      Cause = "unterminated quote" // not in health check, NLB and vended logs
	CauseEmpty      Cause = "empty line"
	CauseLineLength Cause = "line longer than 1 MiB" // one per tree, in an access log
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
	Reasons        []string  // the reasons that its lines show; nil = requests do not suffer
	CheckReason    string    // reason code of the health checks that fail meanwhile; "" = none do
	// Cause is what really happened, which may be more than a line can say:
	// a TLS mismatch looks exactly like a refused connection, so its requests
	// carry Target_Connection_Error.
	Cause string
}
