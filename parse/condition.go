package parse

import (
	"fmt"
	"slices"
	"strings"
)

// Condition is what a rule asks of a line; a zero field asks nothing. It is
// data, so that one table serves the classifier, the reference page and SQL.
type Condition struct {
	Status         []int  // elb_status_code is one of these
	StatusFrom     int    // elb_status_code is at least this
	StatusUntil    int    // elb_status_code is below this, and present
	TargetStatus   [2]int // target_status_code lies in [from, until)
	All, None      traits // the line has all of these, and none of those
	LastAction     string // the last of actions_executed
	Rule           string // matched_rule_priority
	Classification []string
}

// traits are what a line has or has not, one bit each.
type traits uint16

const (
	hasELBStatus traits = 1 << iota
	hasTargetStatus
	hasTarget
	hasGroup
	hasRequestTime
	hasTargetTime
	hasResponseTime
	transformFailed
	targetReset
	elbReset
)

// traits looks at the line once for all conditions.
func (e *Access) traits() (t traits) {
	for _, q := range [...]struct {
		bit traits
		is  bool
	}{
		{hasELBStatus, e.ELBStatus != Absent},
		{hasTargetStatus, e.TargetStatus != Absent},
		{hasTarget, e.Has(FieldTarget)},
		{hasGroup, e.Has(FieldTargetGroup)},
		{hasRequestTime, !absent(e.Field(FieldRequestTime))},
		{hasTargetTime, !absent(e.Field(FieldTargetTime))},
		{hasResponseTime, !absent(e.Field(FieldResponseTime))},
		{transformFailed, e.transformFailed()},
		{targetReset, e.reset(FieldTargetErrorCode)},
		{elbReset, e.reset(FieldELBErrorCode)},
	} {
		if q.is {
			t |= q.bit
		}
	}
	return t
}

// aspects say of each trait which field it is about, and how that is asked for.
var aspects = [...]struct {
	trait    traits
	field    Field
	part     part
	column   string // in SQL
	harmless string // values that are as good as none, in SQL
	fault    string // what all others name; "" for a trait that any value is
}{
	{hasELBStatus, FieldELBStatus, wholePart, "elb_status_code", "", ""},
	{hasTargetStatus, FieldTargetStatus, wholePart, "target_status_code", "", ""},
	{hasTarget, FieldTarget, addressPart, "target_ip", "", ""},
	{hasGroup, FieldTargetGroup, wholePart, "target_group_arn", "", ""},
	{hasRequestTime, FieldRequestTime, wholePart, "request_processing_time", "", ""},
	{hasTargetTime, FieldTargetTime, wholePart, "target_processing_time", "", ""},
	{hasResponseTime, FieldResponseTime, wholePart, "response_processing_time", "", ""},
	{transformFailed, FieldTransformStatus, wholePart, "request_transform_status", "'TransformSuccess'", "a failure"},
	{targetReset, FieldTargetErrorCode, wholePart, "target_error_code", "'0', '0x0'", "an error"},
	{elbReset, FieldELBErrorCode, wholePart, "elb_error_code", "'0', '0x0'", "an error"},
}

// columns is what the condition asks for.
func (c *Condition) columns() (all columnSet) {
	for _, q := range [...]struct {
		field Field
		asked bool
	}{
		{FieldELBStatus, c.Status != nil || c.StatusFrom != 0 || c.StatusUntil != 0},
		{FieldTargetStatus, c.TargetStatus[1] != 0},
		{FieldActions, c.LastAction != ""},
		{FieldRulePriority, c.Rule != ""},
		{FieldClassification, c.Classification != nil},
	} {
		if q.asked {
			all |= columnOf(int(q.field), wholePart)
		}
	}
	for _, a := range aspects {
		if (c.All|c.None)&a.trait != 0 {
			all |= columnOf(int(a.field), a.part)
		}
	}
	return all
}

// match reports whether the rule's condition holds for a line with these traits.
// That its status can match has been looked up.
func (r *Rule) match(e *Access, t traits) bool {
	c := &r.When
	return t&(c.All|c.None) == c.All &&
		(c.TargetStatus[1] == 0 || c.TargetStatus[0] <= e.TargetStatus && e.TargetStatus < c.TargetStatus[1]) &&
		(c.LastAction == "" || c.LastAction == string(e.lastAction())) &&
		(c.Rule == "" || c.Rule == string(e.Field(FieldRulePriority))) &&
		(c.Classification == nil || contains(c.Classification, e.Field(FieldClassification)))
}

// matchStatus is the part of match that needs the balancer's status alone.
func (c *Condition) matchStatus(status int) bool {
	return (c.Status == nil || slices.Contains(c.Status, status)) &&
		(c.StatusFrom == 0 || status >= c.StatusFrom) &&
		(c.StatusUntil == 0 || status >= 0 && status < c.StatusUntil)
}

// contains avoids the copy that slices.Contains would need.
func contains(words []string, b []byte) bool {
	for _, w := range words {
		if w == string(b) {
			return true
		}
	}
	return false
}

// lastAction returns the last word of actions_executed: the one that answered.
func (e *Access) lastAction() []byte {
	b := e.Text(FieldActions)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] == ',' {
			return b[i+1:]
		}
	}
	return b
}

// String says the condition in the terms of the log's fields.
func (c *Condition) String() string {
	var w []string
	say := func(ok bool, format string, args ...any) {
		if ok {
			w = append(w, fmt.Sprintf(format, args...))
		}
	}
	var codes []string
	for _, s := range c.Status {
		codes = append(codes, fmt.Sprintf("%03d", s))
	}
	say(c.Status != nil, "elb_status_code %s", strings.Join(codes, ", "))
	say(c.StatusFrom != 0 && c.StatusUntil == 0, "elb_status_code ≥ %d", c.StatusFrom)
	say(c.StatusFrom == 0 && c.StatusUntil != 0, "elb_status_code < %d", c.StatusUntil)
	say(c.StatusFrom != 0 && c.StatusUntil != 0, "elb_status_code %d–%d", c.StatusFrom, c.StatusUntil-1)
	say(c.TargetStatus[1] != 0, "target_status_code %d–%d", c.TargetStatus[0], c.TargetStatus[1]-1)
	for _, a := range aspects {
		is, not := "set", "absent"
		if a.fault != "" {
			is, not = "names "+a.fault, "names none"
		}
		say(c.All&a.trait != 0, "%s %s", a.field, is)
		say(c.None&a.trait != 0, "%s %s", a.field, not)
	}
	say(c.LastAction != "", "last action `%s`", c.LastAction)
	say(c.Rule != "", "matched_rule_priority %s", c.Rule)
	say(c.Classification != nil, "classification %s", strings.Join(c.Classification, " or "))
	if len(w) == 0 {
		return "nothing else matched"
	}
	return strings.Join(w, "; ")
}
