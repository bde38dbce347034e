package ingest

import (
	"strings"
	"time"
)

// Kind is the sort of log that an object's name promises.
type Kind uint8

// The kinds of objects that lie in the folders of Elastic Load Balancing.
const (
	Unknown     Kind = iota // not a name that AWS writes: only the content can tell
	Access                  // access log of an Application Load Balancer
	Connection              // connection log of an Application Load Balancer
	HealthCheck             // health check log of an Application Load Balancer
	NLB                     // TLS access log of a Network Load Balancer
	Classic                 // access log of a Classic Load Balancer
	TestFile                // what AWS writes when logging is switched on
)

// String returns the kind in the words of a message: "access log", "test file".
func (k Kind) String() string {
	switch k {
	case Access:
		return "access log"
	case Connection:
		return "connection log"
	case HealthCheck:
		return "health check log"
	case NLB:
		return "network load balancer log"
	case Classic:
		return "classic load balancer log"
	case TestFile:
		return "test file"
	}
	return "unknown"
}

// Name is what the base name of a log object says about its content.
// The zero value is a name that AWS did not write.
type Name struct {
	Kind         Kind
	Account      string    // 12 digits
	Region       string    // "eu-west-1"
	LoadBalancer string    // "app/name/id", as in the log lines; the bare name if Classic
	End          time.Time // end of the interval that the object covers, UTC, whole minutes
	Node         string    // IP address of the balancer's node; "" if the name has none
}

// endLayout is the form of the interval's end in a name.
const endLayout = "20060102T1504Z"

// ParseName reads a base name (no folder). A name that AWS does not write is
// of kind Unknown with all other fields empty.
//
// Source: AWS, "Access log files" of the Application, Network and Classic Load
// Balancer guides. Connection logs were seen both as conn_log_ and as conn_log.
func ParseName(base string) Name {
	if strings.HasPrefix(base, "ELB") && strings.HasSuffix(base, "TestFile") {
		return Name{Kind: TestFile}
	}
	rest, ok := strings.CutSuffix(strings.TrimSuffix(base, ".gz"), ".log")
	if !ok {
		return Name{}
	}
	head, rest, ok := parseHead(rest)
	if !ok {
		return Name{}
	}
	stamp, rest, ok := strings.Cut(rest, "_")
	if !ok || len(stamp) != len(endLayout) {
		return Name{}
	}
	end, err := time.Parse(endLayout, stamp)
	if err != nil {
		return Name{}
	}
	head.End = end
	node, random, hasNode := strings.Cut(rest, "_")
	switch {
	case hasNode && node != "" && random != "" && !strings.Contains(random, "_"):
		head.Node = node
	case hasNode || node == "" || head.Kind != NLB:
		return Name{} // only Network Load Balancers leave the node out
	}
	return head
}

// parseHead reads a name up to the "_" before its time stamp, and returns what
// stands behind that "_". End and Node are not set.
func parseHead(s string) (n Name, rest string, ok bool) {
	n.Kind = Access
	for _, p := range prefixes {
		if after, found := strings.CutPrefix(s, p.text); found {
			n.Kind, s = p.kind, after
			break
		}
	}
	n.Account, s, ok = strings.Cut(s, "_")
	if !ok || !isAccount(n.Account) {
		return Name{}, "", false
	}
	s, ok = strings.CutPrefix(s, "elasticloadbalancing_")
	if !ok {
		return Name{}, "", false
	}
	n.Region, s, ok = strings.Cut(s, "_")
	if !ok || !isWord(n.Region) {
		return Name{}, "", false
	}
	resource, rest, ok := strings.Cut(s, "_")
	if !ok {
		return Name{}, "", false
	}
	// "app.name.id": the kind stands before the first dot, the id behind the last.
	first, last := strings.IndexByte(resource, '.'), strings.LastIndexByte(resource, '.')
	switch {
	case first < 0 && n.Kind == Access && isWord(resource):
		n.Kind, n.LoadBalancer = Classic, resource
		return n, rest, true
	case first < 0 || first == last:
		return Name{}, "", false
	}
	name, id := resource[first+1:last], resource[last+1:]
	if !isWord(name) || !isWord(id) {
		return Name{}, "", false
	}
	switch kind := resource[:first]; {
	case kind == "app":
	case kind == "net" && n.Kind == Access:
		n.Kind = NLB
	default:
		return Name{}, "", false
	}
	n.LoadBalancer = resource[:first] + "/" + name + "/" + id
	return n, rest, true
}

// prefixes stand before the account in the names of the newer logs.
var prefixes = []struct {
	text string
	kind Kind
}{
	{"conn_log_", Connection},
	{"conn_log.", Connection},
	{"health_check_log_", HealthCheck},
	{"health_check_log.", HealthCheck},
}

// isAccount reports whether s is an AWS account number.
func isAccount(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}

// isWord reports whether s has the letters of a region, a balancer's name or
// its id: letters, digits and hyphens, at least one.
func isWord(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return s != ""
}
