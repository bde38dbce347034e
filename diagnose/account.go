package diagnose

import (
	"slices"
	"strings"
	"time"
)

// withNetwork adds to some causes what is in the way between the balancer and a target.
func withNetwork(others ...string) []string {
	return append([]string{"target-sg-", "balancer-sg-blocks-traffic", "balancer-sg-blocks-health", "acl-target-", "acl-balancer-outbound-blocks-target",
		"acl-balancer-inbound-blocks-ephemeral", "route-"}, others...)
}

// toTraffic are what keeps connections from the traffic port.
var toTraffic = []string{"target-sg-blocks-traffic", "target-sg-public", "balancer-sg-blocks-traffic", "acl-target-inbound-blocks-traffic", "acl-target-outbound", "acl-balancer-outbound-blocks-target",
	"acl-balancer-inbound-blocks-ephemeral", "route-"}

// toAgents are what keeps control channels from the agents of target optimizer.
var toAgents = []string{"target-sg-blocks-control", "balancer-sg-blocks-control", "acl-target-inbound-blocks-control", "acl-balancer-outbound-blocks-control"}

// accounts says which findings can account for a symptom: ids, or their beginnings; never, by way of
// others or not, the symptom itself. What is left over when all are found has no others behind it.
var accounts = map[string][]string{
	"target-health-timeout":           withNetwork("health-check-", "target-other-vpc", "target-address-gone", "target-ip-unusable"),
	"target-health-failed-checks":     withNetwork("target-port-refused", "target-address-gone", "health-check-", "target-expects-tls", "target-speaks-plain-http", "target-speaks-http1", "target-tls-negotiation-fails"),
	"target-health-code-mismatch":     {"health-check-", "target-expects-tls"},
	"target-group-fail-open":          withNetwork("target-health-", "health-check-", "target-port-refused", "target-expects-tls", "target-speaks-", "target-tls-negotiation-fails", "target-other-vpc", "target-address-gone"),
	"target-group-all-unused":         {"target-zone-not-enabled", "target-invalid-state", "target-ip-unusable", "target-other-vpc", "target-group-not-in-use"},
	"classic-instance-out-of-service": withNetwork("health-check-", "target-port-refused", "target-invalid-state", "target-zone-not-enabled"),
	"target-health-flapping":          {"health-check-timeout-too-short", "target-port-refused", "acl-target-outbound" + ephemeral, "acl-balancer-inbound" + ephemeral},
	"target-was-unhealthy":            {"target-health-flapping", "health-check-", "target-port-refused", "target-closes-connection", "target-speaks-http1"},
	"target-connect-timeout":          slices.Concat(toTraffic, []string{"traffic-surge", "nlb-client-addresses-blocked", "target-tls-negotiation-fails", "target-invalid-state", "target-other-vpc", "target-address-gone"}),
	"target-port-refused":             {"health-check-port-hides-refusal"},
	"target-closes-connection":        {"traffic-surge"},
	"target-answers-5xx":              {"traffic-surge"},
	"idle-timeout-reached":            {"traffic-surge", "acl-target-", "acl-balancer-"}, // as it was changed
	"target-connection-errors": slices.Concat(toTraffic, []string{"target-port-refused", "target-health-timeout", "target-health-failed-checks", "target-health-flapping", "target-invalid-state", "target-ip-unusable", "target-other-vpc", "target-address-gone",
		"health-check-port-", "classic-instance-out-of-service", "nlb-"}),
	// The way to the traffic port and to the health checks' has nothing to do with these.
	"target-optimizer-rejects":       slices.Concat(toAgents, []string{"target-control-channel-missing"}),
	"target-control-channel-missing": toAgents,
	"fail-open-routing":              withNetwork("target-group-fail-open", "target-health-", "health-check-", "target-port-refused"),
	"nlb-sg-blocks-flows":            {"balancer-sg-"},
	"clients-gave-up":                append([]string{"traffic-surge", "target-connect-timeout", "idle-timeout-reached"}, toTraffic...),
	// None of what metrics count beside it, which may be much less; and targets that answer what
	// they should not are no reason for what the balancer answers.
	"balancer-5xx-not-in-logs": withNetwork("target-port-refused", "target-speaks-", "target-expects-tls", "target-health-timeout", "target-health-failed-checks", "target-group-empty", "target-group-all-",
		"target-group-none", "target-group-not-in-use", "target-zone-not-enabled", "target-invalid-state", "target-ip-unusable", "target-other-vpc", "target-address-gone", "health-check-port-", "cross-zone", "rule-weight", "surge-queue", "classic-"),
}

// ofChecks reports whether a symptom is that health checks fail.
func ofChecks(id string) bool {
	return strings.HasPrefix(id, "target-health-") || id == "target-group-fail-open" || id == "fail-open-routing" || id == "classic-instance-out-of-service"
}

// isOfChecksAlone reports whether a finding is that health checks fail on a port to which no traffic goes.
// Connections of health checks are not in TargetConnectionErrorCount; only a classic balancer counts them, too.
//
// Source: AWS, "CloudWatch metrics for your Application Load Balancer", read 2026-11.
func (f *facts) isOfChecksAlone(found *Finding) bool {
	return f.Balancer.Type != Classic && (ofChecks(found.ID) || strings.HasPrefix(found.ID, "health-check-port-") && found.ID != "health-check-port-hides-refusal") &&
		!slices.ContainsFunc(f.endpoints, func(e endpoint) bool { return found.has(e) && !e.checkedApart() })
}

// isOfUnused reports whether a finding is of targets that get no request at any time, beside others of their
// groups that are healthy.
func (f *facts) isOfUnused(found *Finding) bool {
	return (found.ID == "target-zone-not-enabled" || found.ID == "target-ip-unusable") &&
		!slices.ContainsFunc(f.groups, func(g *Group) bool { return slices.Contains(found.Groups, g.Name) && !g.hasHealthy() })
}

// account finds for every symptom the findings that account for it, and notes them
// if they do so wholly: for each of its targets, or each of its groups. Of others it
// counts for how many of their failures they do.
func account(f *facts, list []*Finding) {
	counts := f.errorCounts()
	for _, s := range list {
		var causes []*Finding
		for _, c := range list {
			if f.canCause(c, s, counts) {
				causes = append(causes, c)
			}
		}
		if whole, ids := f.explain(s, causes); whole {
			s.BecauseOf, s.Rivals = ids, nil
			if s.ID == "balancer-5xx-not-in-logs" && s.Level == Fail {
				for _, c := range causes {
					c.ruined = max(c.ruined, int64(counts.all))
				}
			}
		} else if s.share != nil {
			s.partly = f.sum(atMost(s.share, causes))
		}
	}
}

// canCause reports whether a finding is such as can be why another is.
func (f *facts) canCause(cause, symptom *Finding, counts errorCounts) bool {
	// A milder finding cannot be why something fails, nor can checks that overlap, or that have passed since.
	if cause.Level == Note || cause.ID == "health-check-timeout-not-below-interval" ||
		cause.Level == Warn && symptom.Level == Fail && (cause.Confidence == Low || cause.ID == "target-health-flapping") {
		return false
	}
	switch {
	case cause.ID == "traffic-surge":
		if !f.inTimeOf(cause, symptom) {
			return false
		}
	case symptom.ID == "idle-timeout-reached" && !f.cutOff(symptom, cause),
		symptom.ID == "balancer-5xx-not-in-logs" && (counts.areUnready() && !leavesNone(cause.ID) || f.isOfUnused(cause)),
		symptom.ID == "target-connection-errors" && f.isOfChecksAlone(cause),
		cause.unseen && ofChecks(symptom.ID),
		symptom.ID == "clients-gave-up" && !f.leftMeanwhile(cause, symptom):
		return false
	}
	return slices.ContainsFunc(accounts[symptom.ID], func(begin string) bool { return strings.HasPrefix(cause.ID, begin) })
}

// inTimeOf reports whether a surge explains most of what a symptom is: failures, or requests that clients gave up; not where it
// may be what came of the symptom.
func (f *facts) inTimeOf(surge, symptom *Finding) bool {
	share := symptom.share
	if symptom.ID == "clients-gave-up" {
		share = those(func(row Failure) bool { return row.Reason == "Client_Closed" && f.about(symptom, row) })
	}
	if share == nil || surge.share == nil || surge.Confidence == Low {
		return false
	}
	in := f.sumAll(func(row Failure) int64 { return min(share(row), surge.share(row)) })
	return 2*in >= f.sumAll(share)
}

// cutOff reports whether all requests that were never answered had been sent when connections began to fail: a network ACL
// that is changed holds back what is under way as well.
func (f *facts) cutOff(unanswered, unconnected *Finding) bool {
	if unconnected.share == nil || !unanswered.over {
		return false
	}
	first, last := f.firstAndLast(unanswered.share)
	began, _ := f.firstAndLast(unconnected.share)
	idle, connect := time.Duration(f.idle())*time.Second, 10*time.Second
	return !began.IsZero() && first.Add(-idle).After(began.Add(-connect-time.Minute)) && last.Add(-idle).Before(began.Add(time.Minute))
}

// explain reports whether there is a cause for each target of a symptom, or else for each of its groups, and the ids of these.
func (f *facts) explain(s *Finding, causes []*Finding) (whole bool, ids []string) {
	parts, covers := s.Targets, func(c *Finding, target string) bool { // in one of the symptom's groups: others may check it in another way
		return f.leadsTo(c, s, target) && (len(c.Targets) == 0 || slices.Contains(c.Targets, target)) &&
			(len(c.Groups) == 0 || slices.ContainsFunc(s.Groups, func(g string) bool { return slices.Contains(c.Groups, g) }))
	}
	if len(parts) == 0 {
		parts, covers = s.Groups, func(c *Finding, g string) bool { return len(c.Groups) == 0 || slices.Contains(c.Groups, g) }
	}
	if len(parts) == 0 { // of the balancer itself
		parts, covers = []string{""}, func(*Finding, string) bool { return true }
	}
	for _, part := range parts {
		found := false
		for _, c := range causes {
			if covers(c, part) {
				ids, found = add(ids, c.ID), true
			}
		}
		if !found {
			return false, nil
		}
	}
	slices.Sort(ids)
	return true, ids
}

// atMost is what of a symptom's failures is some cause's as well, of which more than one may have the same ones.
func atMost(share func(Failure) int64, causes []*Finding) func(Failure) int64 {
	return func(row Failure) (n int64) {
		for _, c := range causes {
			if c.share != nil {
				n = max(n, min(share(row), c.share(row)))
			}
		}
		return n
	}
}

// leadsTo reports whether a cause explains most of what a symptom has in the logs of a
// target. What fails health checks need not be what fails requests.
func (f *facts) leadsTo(cause, symptom *Finding, target string) bool {
	if symptom.ID == "target-health-flapping" && cause.ID != "health-check-timeout-too-short" {
		fails := f.checksTimeOut
		if cause.ID == "target-port-refused" {
			fails = f.checksBreakOff
		}
		return slices.ContainsFunc(f.endpoints, func(e endpoint) bool { return e.name() == target && symptom.has(e) && fails(e) })
	}
	if symptom.share == nil || ofChecks(symptom.ID) || symptom.ID == "idle-timeout-reached" { // which was cut off
		return true
	}
	seen, explained := int64(0), int64(0)
	for _, row := range f.failures() {
		if n := symptom.share(row); n > 0 && row.Target == target {
			seen += n
			if cause.share != nil {
				explained += min(n, cause.share(row))
			}
		}
	}
	return 2*explained >= seen
}

// leftMeanwhile reports whether clients that gave up rather than wait for a timeout of the balancer did so for the same
// cause as those that waited: nearly all of them while its failures came, of requests to the same targets by the same
// nodes, and no more than four for each of these.
func (f *facts) leftMeanwhile(cause, symptom *Finding) bool {
	type place struct{ group, target, node string }
	of := func(row Failure) place { return place{row.Group, row.Target, row.Node} }
	failed, waited := map[place]bool{}, int64(0)
	for _, row := range f.failures() {
		if cause.share != nil && among(cause.share)(row) {
			failed[of(row)], waited = true, waited+cause.share(row)
		}
	}
	gone := those(func(row Failure) bool { return row.Reason == "Client_Closed" && f.about(symptom, row) })
	all, there := f.sumAll(gone), f.sumAll(where(func(row Failure) bool { return failed[of(row)] }, gone))
	if 10*there < 9*all || all > 4*waited {
		return false
	}
	first, last := f.firstAndLast(cause.share)
	inTime, ever := int64(0), int64(0)
	for _, m := range f.logMinutes() {
		if g := f.group(m.Group); g == nil || !slices.Contains(symptom.Groups, g.Name) {
			continue
		}
		n := m.Reasons["Client_Closed"]
		if ever += n; !m.Minute.Before(first.Add(-quiet)) && !m.Minute.After(last.Add(quiet)) {
			inTime += n
		}
	}
	return 10*inTime >= 9*ever
}
