package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"loglens/internal/amount"
)

// Target optimizer, switched on when a group is made, sends a target no more requests than
// an agent on the target asks for, over a control channel to a port of its own. A request
// for which no agent has asked gets 503 at once, however healthy the targets are.
//
// Sources: AWS, "Register targets" and "CloudWatch metrics" of the guide for Application
// Load Balancers, read 2026-11.
var targetOptimizerCheck = Check{
	Name:  "target-optimizer",
	About: "Groups with target optimizer: requests that are rejected, since no target is ready for one more, and agents that the balancer has no control channel to.",
	Needs: []string{getMetrics, "elasticloadbalancing:DescribeTargetHealth"},
	Gives: []string{"target-optimizer-rejects", "target-control-channel-missing"},
	look:  lookAtTargetOptimizer,
}

// controlPort is how the ids end of what keeps control channels from targets.
const controlPort = "-control-port"

// The metrics of target optimizer, all groups of the balancer together.
const (
	rejectedCount = "TargetControlRequestRejectCount"
	channelCount  = "TargetControlActiveChannelCount"
)

func lookAtTargetOptimizer(f *facts) []*Finding {
	o := optimized{f, f.groupsThat(func(g *Group) bool { return g.ControlPort > 0 })}
	if len(o.with) == 0 {
		return nil
	}
	return given(o.rejects(), o.noChannel())
}

// optimized are the groups with target optimizer.
type optimized struct {
	*facts
	with []*Group
}

// begin makes a finding about all of them. %s in the sentence stands for their names.
func (o optimized) begin(id, sentence string) *Finding {
	found := finding(id, strings.ReplaceAll(sentence, "%s", few(groupNames(o.with))))
	for _, g := range o.with {
		found.onGroup(g)
		for _, e := range o.of(g) {
			found.on(e)
		}
		found.because(FromConfig, fmt.Sprintf("target optimizer is on for %s: its agents are spoken to on the target control port %d", g.Name, g.ControlPort))
	}
	return found
}

// rejects says how many requests were rejected. Without metrics the log alone does not tell
// that from a group that had no target.
func (o optimized) rejects() *Finding {
	found := o.begin("target-optimizer-rejects", "Target optimizer rejects requests to %s with 503: no target is ready for one more.")
	share := o.reasons(found, "No_Usable_Target")
	n := o.total(rejectedCount, "")
	switch {
	case o.Metrics == nil && o.sum(share) > 0:
		found.Sentence = strings.Replace(found.Sentence, "rejects", "may have rejected", 1)
		found.Confidence = Low
		found.rival("no-usable-target", "without "+rejectedCount+" this looks the same as a group that had no target for some time")
		n = float64(o.sum(share))
	case n == 0:
		return nil
	default:
		found.because(FromMetric, o.tally(rejectedCount, ""))
		if o.areFew(n, o.total("RequestCount", ""), rejectedCount, "") {
			found.Level = Warn
		}
		if o.lately(rejectedCount, "") == 0 {
			found.Sentence = strings.NewReplacer("rejects", "rejected", "no target is", "no target was").Replace(found.Sentence)
		}
	}
	found.share = o.upTo(n, o.apart(rejectedCount, func(m Minute) int64 {
		if !slices.ContainsFunc(o.with, func(g *Group) bool { return g.ARN == m.Group }) {
			return 0
		}
		return m.Reasons["No_Usable_Target"]
	}), share)
	if o.Metrics != nil && o.sum(found.share) > 0 {
		found.Confidence = High
	}
	if active, agents, known := o.channels(); known {
		found.because(FromMetric, channelsFor(active, agents))
	}
	return found
}

// noChannel looks for agents that the balancer does not reach.
func (o optimized) noChannel() *Finding {
	active, agents, known := o.channels()
	if !known || active >= float64(agents) {
		return nil
	}
	found := o.begin("target-control-channel-missing", "The balancer has no control channel to any target of %s: without one, targets get no requests.")
	found.share = o.reasons(found, "No_Usable_Target")
	if o.lately(rejectedCount, "") > 0 {
		found.Confidence = High
	}
	if active > 0 {
		found.Sentence = fmt.Sprintf("The balancer has control channels to %s of %s of %s: the others get no requests.", number(active), amount.Of(agents, "target", "targets"), few(found.Groups))
		found.Level, found.Confidence, found.share = Warn, Low, nil // which ones, no metric tells
	}
	found.because(FromMetric, channelsFor(active, agents))
	return found
}

func channelsFor(active float64, agents int) string {
	return fmt.Sprintf("%s of the last minutes: %s, for %s", channelCount, number(active), amount.Of(agents, "healthy target", "healthy targets"))
}

// channels are how many control channels there are now, and how many there should be: one
// for each agent. What is zero has no points, like all metrics while nobody asks anything.
// The sum of a period that has only begun, or of several minutes, is no number of channels.
func (o optimized) channels() (active float64, agents int, known bool) {
	if o.period() > time.Minute || o.lately("RequestCount", "")+o.lately(rejectedCount, "") == 0 {
		return 0, 0, false
	}
	for _, g := range o.with {
		if g.Targets == nil {
			return 0, 0, false
		}
		for _, t := range g.Targets {
			if t.healthy() {
				agents++
			}
		}
	}
	for _, p := range o.series(channelCount, "") {
		if p.Time.After(o.Taken.Add(-recently)) {
			active = max(active, p.Value)
		}
	}
	return active, agents, agents > 0
}
