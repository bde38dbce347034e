package ingest

import (
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"loglens/parse"
)

// Name is what the base name of a log object says about its content.
// The zero value is a name that AWS did not write.
type Name struct {
	Kind         parse.Kind
	TestFile     bool      // what AWS writes when logging is switched on; it holds no log
	Account      string    // 12 digits
	Region       string    // "eu-west-1"
	LoadBalancer string    // "app/name/id", as in the log lines; the bare name if Classic
	End          time.Time // end of the interval that the object covers, UTC, whole minutes
	Node         string    // IP address of the balancer's node; "" if the name has none
}

// log is the name without the node that wrote the object.
func (n Name) log() Name {
	n.Node = ""
	return n
}

// endLayout is the form of the interval's end in a name.
const endLayout = "20060102T1504Z"

// isEnding reports whether a name of AWS ends so, or that of a copy, to which a desktop, a
// browser or a command gave another: ".log (1).gz", ".log - Copy.gz", ".log.gz.1".
func isEnding(s string) bool { return s == ".log" || s == ".log.gz" || copyEnding.MatchString(s) }

var copyEnding = regexp.MustCompile(`^\.log([ (].*)?(\.gz)?(\.[0-9]+)?$`)

// copyBeginning are words before a name of AWS: "Copy of ", "Kopie (2) von ". With digits
// they may be of something else, such as times.
var copyBeginning = regexp.MustCompile(`^([^0-9_]|\([0-9]+\))+ `)

// NameOf is the name of an object, by its path, or by its address in S3.
func NameOf(uri string) Name { return ParseName(path.Base(filepath.ToSlash(uri))) }

// ParseName reads a base name (no folder), or that of a copy beside it. Any other is
// of kind parse.KindUnknown with all other fields empty.
//
// Source: AWS, "Access log files" of the Application, Network and Classic Load
// Balancer guides. Connection logs were seen both as conn_log_ and as conn_log.
func ParseName(base string) Name {
	if strings.HasPrefix(base, "ELB") && strings.HasSuffix(base, "TestFile") {
		return Name{TestFile: true}
	}
	base = base[len(copyBeginning.FindString(base)):]
	ending := strings.LastIndex(base, ".log")
	if ending < 0 || !isEnding(base[ending:]) {
		return Name{}
	}
	head, rest, ok := parseHead(base[:ending])
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
	case hasNode || node == "" || head.Kind != parse.KindNLB:
		return Name{} // only Network Load Balancers leave the node out
	}
	return head
}

// parseHead reads a name up to the "_" before its time stamp, and returns what
// stands behind that "_". End and Node are not set.
func parseHead(s string) (n Name, rest string, ok bool) {
	n.Kind = parse.KindAccess
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
	case first < 0 && n.Kind == parse.KindAccess && isWord(resource):
		n.Kind, n.LoadBalancer = parse.KindClassic, resource
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
	case kind == "net" && n.Kind == parse.KindAccess:
		n.Kind = parse.KindNLB
	default:
		return Name{}, "", false
	}
	n.LoadBalancer = resource[:first] + "/" + name + "/" + id
	return n, rest, true
}

// prefixes stand before the account in the names of the newer logs.
var prefixes = []struct {
	text string
	kind parse.Kind
}{
	{"conn_log_", parse.KindConnection},
	{"conn_log.", parse.KindConnection},
	{"health_check_log_", parse.KindHealthCheck},
	{"health_check_log.", parse.KindHealthCheck},
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
