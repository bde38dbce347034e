package parse

import (
	"fmt"
	"strings"
)

// ReasonSQL returns Rules as one SQL CASE expression: the reason of a failure,
// NULL for a request that did not fail. Its columns have the names of the
// failure relation: elb_status_code and target_status_code are integers, the
// processing times doubles, the others text, and what AWS writes as - or -1 is
// NULL. DuckDB, Trino and Athena read it.
func ReasonSQL() string {
	return "CASE\n  WHEN error_reason IS NOT NULL THEN error_reason\n" + cases(Rules)
}

// ClassicReasonSQL is ReasonSQL for the lines of a Classic Load Balancer, by
// ClassicRules.
func ClassicReasonSQL() string { return "CASE\n" + cases(ClassicRules) }

// cases writes a branch per rule, and the end.
func cases(rules []Rule) string {
	var b strings.Builder
	for i := range rules {
		r := &rules[i]
		reason := "'" + r.Reason + "'"
		if r.Reason == Delivered {
			reason = "NULL"
		}
		if when := r.When.sql(); when != "" {
			fmt.Fprintf(&b, "  WHEN %s THEN %s\n", when, reason)
		} else {
			fmt.Fprintf(&b, "  ELSE %s\n", reason)
		}
	}
	b.WriteString("END")
	return b.String()
}

// sql says the condition in SQL; "" if it asks nothing.
func (c *Condition) sql() string {
	var w []string
	say := func(ok bool, format string, args ...any) {
		if ok {
			w = append(w, fmt.Sprintf(format, args...))
		}
	}
	say(len(c.Status) == 1, "elb_status_code = %s", list(c.Status, "%d"))
	say(len(c.Status) > 1, "elb_status_code IN (%s)", list(c.Status, "%d"))
	say(c.StatusFrom != 0, "elb_status_code >= %d", c.StatusFrom)
	say(c.StatusUntil != 0, "elb_status_code < %d", c.StatusUntil)
	say(c.TargetStatus[1] != 0, "target_status_code >= %d AND target_status_code < %d", c.TargetStatus[0], c.TargetStatus[1])
	for _, a := range aspects {
		is, not := "%s IS NOT NULL", "%s IS NULL"
		if a.harmless != "" {
			is, not = "%s NOT IN ("+a.harmless+")", "coalesce(%s IN ("+a.harmless+"), true)"
		}
		say(c.All&a.trait != 0, is, a.column)
		say(c.None&a.trait != 0, not, a.column)
	}
	say(c.LastAction != "", "(actions_executed = '%[1]s' OR actions_executed LIKE '%%,%[1]s')", c.LastAction)
	say(c.Rule != "", "matched_rule_priority = '%s'", c.Rule)
	say(c.Classification != nil, "classification IN (%s)", list(c.Classification, "'%s'"))
	return strings.Join(w, " AND ")
}

// list writes values as a list in SQL.
func list[T any](values []T, format string) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprintf(format, v)
	}
	return strings.Join(words, ", ")
}
