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
	ELBAnswered    Is     // elb_status_code
	TargetStatus   [2]int // target_status_code lies in [from, until)
	TargetAnswered Is     // target_status_code
	Target         Is     // target:port
	Group          Is     // target_group_arn
	RequestTime    Is     // request_processing_time
	TargetTime     Is     // target_processing_time
	ResponseTime   Is     // response_processing_time
	LastAction     string // the last of actions_executed
	Rule           string // matched_rule_priority
	Classification []string
	Transform      Is // request_transform_status names a failure
	TargetReset    Is // target_error_code names an error
	ELBReset       Is // elb_error_code names an error
}

// Is asks whether a field has a value.
type Is uint8

// The zero Is does not ask.
const (
	Present Is = iota + 1
	Missing
)

// traits are what conditions ask with Is, one bit each, as a line answers.
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

// mask returns which traits the condition asks for, and what they have to be.
func (c *Condition) mask() (asked, want traits) {
	for _, q := range [...]struct {
		bit traits
		is  Is
	}{
		{hasELBStatus, c.ELBAnswered}, {hasTargetStatus, c.TargetAnswered}, {hasTarget, c.Target}, {hasGroup, c.Group},
		{hasRequestTime, c.RequestTime}, {hasTargetTime, c.TargetTime}, {hasResponseTime, c.ResponseTime},
		{transformFailed, c.Transform}, {targetReset, c.TargetReset}, {elbReset, c.ELBReset},
	} {
		if q.is != 0 {
			asked |= q.bit
		}
		if q.is == Present {
			want |= q.bit
		}
	}
	return asked, want
}

// columns is what the condition asks for.
func (c *Condition) columns() (all columnSet) {
	for _, q := range [...]struct {
		field Field
		asked bool
	}{
		{FieldELBStatus, c.Status != nil || c.StatusFrom != 0 || c.StatusUntil != 0 || c.ELBAnswered != 0},
		{FieldTargetStatus, c.TargetStatus[1] != 0 || c.TargetAnswered != 0},
		{FieldTargetGroup, c.Group != 0},
		{FieldRequestTime, c.RequestTime != 0},
		{FieldTargetTime, c.TargetTime != 0},
		{FieldResponseTime, c.ResponseTime != 0},
		{FieldActions, c.LastAction != ""},
		{FieldRulePriority, c.Rule != ""},
		{FieldClassification, c.Classification != nil},
		{FieldTransformStatus, c.Transform != 0},
		{FieldTargetErrorCode, c.TargetReset != 0},
		{FieldELBErrorCode, c.ELBReset != 0},
	} {
		if q.asked {
			all |= columnOf(int(q.field), wholePart)
		}
	}
	if c.Target != 0 {
		all |= columnOf(int(FieldTarget), addressPart)
	}
	return all
}

// match reports whether the rule's condition holds for a line with these traits.
// That its status can match has been looked up.
func (r *Rule) match(e *Access, t traits) bool {
	c := &r.When
	return t&r.asked == r.want &&
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
	for _, f := range []struct {
		name string
		is   Is
	}{
		{"elb_status_code", c.ELBAnswered}, {"target_status_code", c.TargetAnswered}, {"target:port", c.Target}, {"target_group_arn", c.Group},
		{"request_processing_time", c.RequestTime}, {"target_processing_time", c.TargetTime},
		{"response_processing_time", c.ResponseTime},
	} {
		say(f.is == Present, "%s set", f.name)
		say(f.is == Missing, "%s absent", f.name)
	}
	say(c.LastAction != "", "last action `%s`", c.LastAction)
	say(c.Rule != "", "matched_rule_priority %s", c.Rule)
	say(c.Classification != nil, "classification %s", strings.Join(c.Classification, " or "))
	say(c.Transform == Present, "request_transform_status names a failure")
	say(c.TargetReset == Present, "target_error_code names an error")
	say(c.ELBReset == Present, "elb_error_code names an error")
	if len(w) == 0 {
		return "nothing else matched"
	}
	return strings.Join(w, "; ")
}
