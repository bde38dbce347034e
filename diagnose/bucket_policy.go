package diagnose

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// policy is what of a bucket policy says who may write.
type policy struct {
	Statement oneOrMore[statement]
}

type statement struct {
	Effect       string
	Principal    any
	NotPrincipal any
	Action       oneOrMore[string]
	NotAction    oneOrMore[string]
	Resource     oneOrMore[string]
	NotResource  oneOrMore[string]
	Condition    map[string]any
}

// oneOrMore is a value that JSON may give bare or in a list.
type oneOrMore[T any] []T

func (l *oneOrMore[T]) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]T)(l))
	}
	var one T
	err := json.Unmarshal(b, &one)
	*l = oneOrMore[T]{one}
	return err
}

// degree says how far it is known that a statement is about log delivery.
type degree int

const (
	never degree = iota
	perhaps
	surely
)

// writes says what a bucket policy means for log delivery: "allows", "denies",
// "none" (nothing allows it), or "" where it cannot be read or rests on what is known
// only as a log is written. What is denied under a condition, such as without TLS, is
// not denied to log delivery.
//
// Source: AWS, "Enable access logs for your Application Load Balancer": the service
// principal logdelivery.elasticloadbalancing.amazonaws.com, or the region's account
// of Elastic Load Balancing, puts objects; network balancers use
// delivery.logs.amazonaws.com, those on Outposts logdelivery.elb.amazonaws.com. Read 2026-11.
func writes(text string, b Balancer, bucket string) string {
	var p policy
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return ""
	}
	object := logObject(b, bucket)
	granted, denied := never, never
	for _, s := range p.Statement {
		applies := min(s.names(b), s.acts(), s.holds(object))
		switch {
		case s.Effect == "Allow":
			granted = max(granted, applies)
		case s.Effect == "Deny" && len(s.Condition) == 0:
			denied = max(denied, applies)
		}
	}
	switch {
	case denied == surely:
		return "denies"
	case granted == never:
		return "none"
	case granted == surely && denied == never:
		return "allows"
	}
	return ""
}

// logObject is an object as a balancer writes it.
func logObject(b Balancer, bucket string) string {
	prefix := strings.Trim(b.Attributes["access_logs.s3.prefix"], "/")
	if prefix != "" {
		prefix += "/"
	}
	end := ".log.gz"
	if b.Type == Classic {
		end = ".log"
	}
	return "arn:aws:s3:::" + bucket + "/" + prefix + "AWSLogs/" + b.Account + "/elasticloadbalancing/" + b.Region + "/2026/11/22/" +
		b.Account + "_elasticloadbalancing_" + b.Region + "_" + strings.ReplaceAll(b.ID, "/", ".") + "_20261122T1200Z_10.0.0.5_1a2b3c4d" + end
}

// wholeAccount is a principal that is an account: it may be that of Elastic Load
// Balancing in the region.
var wholeAccount = regexp.MustCompile(`:root"|"[0-9]{12}"`)

// names says whether a statement is about log delivery.
func (s statement) names(b Balancer) degree {
	of := func(principal any) degree {
		text, err := json.Marshal(principal)
		named := string(text)
		switch service := "logdelivery.elasticloadbalancing.amazonaws.com"; {
		case err != nil || principal == nil:
			return never
		case named == `"*"` || strings.Contains(named, `:"*"`) || strings.Contains(named, `"*"]`) || strings.Contains(named, `"*",`) || strings.Contains(named, service):
			return surely
		case strings.Contains(named, "delivery.logs.amazonaws.com") && (b.Type == NetworkType || s.Effect == "Allow"):
			return surely
		case wholeAccount.MatchString(named) && s.Effect == "Allow":
			return surely
		case strings.Contains(named, "logdelivery.elb.amazonaws.com") && s.Effect == "Allow": // that of Outposts alone
			return perhaps
		case wholeAccount.MatchString(named):
			return perhaps
		}
		return never
	}
	if s.NotPrincipal == nil {
		return of(s.Principal)
	}
	if of(s.NotPrincipal) == surely {
		return never
	}
	return perhaps
}

// acts says whether a statement is about putting objects.
func (s statement) acts() degree {
	puts := func(list []string) bool {
		return slices.ContainsFunc(list, func(a string) bool { return glob(strings.ToLower(a), "s3:putobject") })
	}
	if puts(s.Action) || len(s.NotAction) > 0 && !puts(s.NotAction) {
		return surely
	}
	return never
}

// variable is a part of a policy that is filled in for each request.
var variable = regexp.MustCompile(`\$\{[^}]*\}`)

// holds says whether a statement is about an object.
func (s statement) holds(object string) degree {
	of := func(list []string) (most degree) {
		for _, r := range list {
			known := surely
			if variable.MatchString(r) {
				r, known = variable.ReplaceAllString(r, "*"), perhaps
			}
			_, path, ok := strings.Cut(r, ":::")
			if r == "*" || ok && glob("arn:aws:s3:::"+path, object) {
				most = max(most, known)
			}
		}
		return most
	}
	if len(s.NotResource) == 0 {
		return of(s.Resource)
	}
	return surely - of(s.NotResource)
}
