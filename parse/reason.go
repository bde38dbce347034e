package parse

import (
	"slices"
	"strings"
)

// Class says whose failure it is.
type Class uint8

// The classes of reasons. Target, balancer, lambda and unknown are what
// top-errors counts; client and policy are answers that the balancer gave on
// purpose or to a client that went wrong, and no outage.
const (
	ClassTarget Class = iota
	ClassBalancer
	ClassLambda
	ClassClient
	ClassPolicy
	ClassUnknown
)

var classNames = [...]string{"target", "balancer", "lambda", "client", "policy", "unknown"}

// Classes returns the names of all classes.
func Classes() []string { return classNames[:] }

func (c Class) String() string { return classNames[c] }

// Source says who gives the reason.
type Source uint8

const (
	// Derived reasons are concluded by loglens out of the line; AWS wrote - as its error_reason.
	Derived Source = iota
	// Logged reasons stand in the line's error_reason field and are passed through as they are.
	Logged
)

func (s Source) String() string {
	if s == Logged {
		return "logged"
	}
	return "derived"
}

// Verdict is why a request failed.
type Verdict struct {
	Reason []byte // a name out of Rules or ClassicRules, or AWS's own word: then a view of the line
	Class  Class
	Source Source
}

// FindReason returns how a reason is written that is called name up to upper and lower
// case, and the classes that it can have, at least one. A name of no rule is one that AWS
// may log, and stays as it is.
func FindReason(name string) (written string, classes []Class) {
	for _, r := range slices.Concat(Rules, ClassicRules) {
		if r.Reason == Delivered || !strings.EqualFold(r.Reason, name) {
			continue
		}
		if written = r.Reason; !slices.Contains(classes, r.Class) {
			classes = append(classes, r.Class)
		}
	}
	if classes == nil {
		return name, []Class{loggedClass([]byte(name))}
	}
	return written, classes
}

// Classify returns why the request failed. ok is false if it did not: it was
// answered below 400 and no field of the line says that something broke, or the
// target itself answered 3xx or 4xx.
func (e *Access) Classify() (v Verdict, ok bool) {
	if !e.Suspect() {
		return Verdict{}, false
	}
	if word := e.Text(FieldErrorReason); word != nil {
		return Verdict{word, loggedClass(word), Logged}, true
	}
	t := e.traits()
	rules := e.rules()
	for _, i := range rules.byStatus[e.ELBStatus-Absent] {
		if r := &rules.list[i]; r.match(e, t) {
			return Verdict{r.name, r.Class, Derived}, r.Reason != Delivered
		}
	}
	return Verdict{}, false
}

// Suspect reports whether something in the line can make it a failure. It is
// the quick test that every line goes through; most end here.
func (e *Access) Suspect() bool {
	return e.ELBStatus >= 400 || e.ELBStatus <= 0 ||
		e.n > int(FieldErrorReason) &&
			(e.Has(FieldErrorReason) || e.transformFailed() || e.reset(FieldTargetErrorCode) || e.reset(FieldELBErrorCode))
}

// transformFailed reports whether field 33 names a failed transform.
func (e *Access) transformFailed() bool {
	b := e.Text(FieldTransformStatus)
	return b != nil && string(b) != "TransformSuccess"
}

// reset reports whether a field holds the code of an HTTP/2 RST_STREAM that is
// an error; 0 is NO_ERROR (RFC 9113, section 7).
func (e *Access) reset(f Field) bool {
	b := e.Text(f)
	return b != nil && string(b) != "0x0" && string(b) != "0"
}

// ruleBook is a list of rules with an index.
type ruleBook struct {
	list []Rule
	// byStatus holds, for every balancer status from Absent up, the places of
	// the rules that can match it, in their order.
	byStatus [1001 - Absent][]int
}

var rulesOfALB, rulesOfClassic = newRuleBook(Rules), newRuleBook(ClassicRules)

// rules returns the rules that a line of this kind is judged by.
func (e *Access) rules() *ruleBook {
	if e.kind == KindClassic {
		return rulesOfClassic
	}
	return rulesOfALB
}

func newRuleBook(rules []Rule) *ruleBook {
	b := &ruleBook{list: rules}
	for s := range b.byStatus {
		for i := range rules {
			if rules[i].When.matchStatus(s + Absent) {
				b.byStatus[s] = append(b.byStatus[s], i)
			}
		}
	}
	return b
}
