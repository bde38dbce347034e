package diagnose

import (
	"fmt"

	"loglens/internal/amount"
)

// unreachable looks for connections that are not established within 10 s.
func (f *facts) unreachable(g *Group) *Finding {
	share := f.ofGroup(g, "Target_Connect_Timeout")
	names, n := f.hits(g, share)
	if n == 0 {
		return nil
	}
	found := finding("target-connect-timeout", fmt.Sprintf("Connections to %s are not established within 10 s: packets are dropped on the way, or the host is gone.", whom(names, g)))
	found.Targets, found.share = names, share
	wall := f.sum(where(among(f.own(g, share)), func(row Failure) int64 { return row.Connect }))
	found.because(FromLog, fmt.Sprintf("%s got 504 before anything was sent, %d of them at the wall of 10 s", amount.Of(n, "request", "requests"), wall))
	if errors := f.total("TargetConnectionErrorCount", g.ARN); errors > 0 {
		found.because(FromMetric, fmt.Sprintf("TargetConnectionErrorCount of %s: %s", g.Name, number(errors)))
	}
	if g.speaksTLS() {
		found.rival("target-tls-negotiation-fails", "a TLS handshake that hangs ends at 10 s as well")
	}
	f.farRival(found)
	f.outsideRival(found)
	f.dockerRival(found)
	found.rival("target-sg-blocks-traffic-port", "a security group or network ACL that was changed since")
	found.rival("", "a firewall on the target itself, a full backlog, or a full table of connections (nf_conntrack, conntrack_allowance_exceeded of an instance)")
	late, since := f.lateConnections(g, share), "Requests have been answered since."
	span, over := f.isOver(g, found.Targets, share, late)
	if !over {
		since = "Health checks on that port pass now."
		span, over = f.passSince(g, found.Targets, share, late)
	}
	rare := f.areRare(g, share, late, unconnectedReasons...)
	if rare {
		found.Level = Warn
	}
	switch {
	case over:
		found.tellAsOver()
		found.Sentence = fmt.Sprintf("Connections to %s were not established within 10 s %s: packets were dropped on the way, or the host was gone. %s", whom(names, g), span, since)
		found.Do = "see what happened to the targets at that time: their load, a restart, a change of the network"
	case f.addressed(g) && f.leaving(found, g):
	case rare:
		found.Sentence = fmt.Sprintf("Connections to %s are not established within 10 s now and then, and mostly are: packets are dropped on the way, or the target takes no more.", whom(names, g))
	}
	return found
}

// runOn is what keeps targets from being gone before the balancer has let go of them.
const runOn = "where targets are replaced, let each run on for a while after its deregistration begins: a preStop hook that waits, in Kubernetes; where they crashed, look at why"

// leaving says of targets that no connection is established to whether they are about to
// leave their group, or have left it, and reports whether all of them are.
func (f *facts) leaving(found *Finding, g *Group) bool {
	stay := false
	for _, t := range found.Targets {
		switch e, ok := f.called(g, t); {
		case !ok:
			found.because(FromConfig, t+" is not registered any more")
		case e.target.State == "draining":
			found.because(FromHealth, t+": "+state(e.target))
		default:
			stay = true
		}
	}
	n := len(found.Targets)
	if n == 0 || stay {
		return false
	}
	found.Sentence = fmt.Sprintf("Connections to %s, which %s, are not established within 10 s: most likely the host was gone before the balancer had let go of it.", whom(found.Targets, g), amount.Noun(n, "leaves or has left the group", "leave or have left the group"))
	found.Do = runOn
	return true
}
