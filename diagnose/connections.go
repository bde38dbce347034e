package diagnose

import (
	"fmt"
	"net/netip"
	"slices"

	"loglens/internal/amount"
)

var connectionsCheck = Check{
	Name:  "connections",
	About: "Targets that refuse, drop or break off connections, or answer 5xx, by what logs and metrics say together.",
	Needs: []string{"cloudwatch:GetMetricData"},
	Gives: []string{"target-port-refused", "target-connect-timeout", "target-closes-connection", "target-answers-5xx", "target-connection-errors"},
	look:  lookAtConnections,
}

func lookAtConnections(f *facts) (list []*Finding) {
	for i := range f.Groups {
		g := &f.Groups[i]
		for _, look := range []func(*Group) *Finding{f.refusing, f.unreachable, f.closing, f.erring} {
			if found := look(g); found != nil {
				found.onGroup(g)
				list = append(list, found)
			}
		}
	}
	return append(list, f.connectionErrors(list)...)
}

// hits are the targets with failures of a share, and how many there are of each.
func (f *facts) hits(g *Group, share func(Failure) int64) (names []string, sum int64) {
	for _, row := range f.failures() {
		if n := share(row); n > 0 && row.Group == g.logARN(f) && f.mine(g, row) {
			if sum += n; row.Target != "" {
				names = add(names, row.Target)
			}
		}
	}
	slices.SortFunc(names, compareTargets)
	return names, sum
}

// mine tells the groups of a Classic Load Balancer apart, whose logs name none: by
// the target, which is absent as well where it did not answer.
func (f *facts) mine(g *Group, row Failure) bool {
	if f.Balancer.Type != Classic {
		return f.asked(row.Target)
	}
	return row.Target == "" && len(f.Groups) == 1 || slices.ContainsFunc(f.of(g), func(e endpoint) bool { return e.name() == row.Target })
}

// asked reports whether a target that logs name is the one that was asked about, which
// may be registered no more, or may have been named by its instance.
func (f *facts) asked(target string) bool {
	at, err := netip.ParseAddrPort(target)
	return f.Target == "" || f.Target == target || err == nil && means(f.Target, at.Addr(), int(at.Port())) ||
		slices.ContainsFunc(f.endpoints, func(e endpoint) bool { return e.name() == target })
}

// refused is the share of a group's failures whose connection was refused, as far as
// metrics tell, or the targets that they are spread over.
func (f *facts) refused(g *Group) func(Failure) int64 {
	d, gone := f.decide(g), f.deregistered(g)
	share := func(row Failure) int64 {
		if row.Reason != "Target_Connection_Error" || row.Group != g.logARN(f) {
			return 0
		}
		return d.refusals(row)
	}
	if f.Logs != nil && d.sure() == 0 {
		share = f.undecided(g)
	}
	return func(row Failure) int64 {
		if gone != nil && gone(row) {
			return 0 // those are of targets that stop as they leave
		}
		return share(row)
	}
}

// refusing looks for targets whose traffic port refuses.
func (f *facts) refusing(g *Group) *Finding {
	d, share := f.decide(g), f.refused(g)
	probed := []endpoint{}
	for _, e := range f.of(g) {
		if p := f.probe(e, false); p != nil && p.Outcome == ProbeRefused {
			probed = append(probed, e)
		}
	}
	names, n := f.hits(g, share)
	if n == 0 && len(probed) == 0 {
		return f.excluded(g)
	}
	found := finding("target-port-refused", "")
	found.Targets = names
	for _, e := range probed {
		found.on(e)
		found.because(FromProbe, e.label()+" refuses the connection")
	}
	for _, e := range f.of(g) {
		// One that got no request yet, and fails its checks in the same way.
		if e.target.Reason == "Target.FailedHealthChecks" && e.checkPort == e.port && f.alike(e, names) {
			found.on(e)
		}
	}
	slices.SortFunc(found.Targets, compareTargets)
	found.Sentence = fmt.Sprintf("%s refuse%s connections on the traffic port: nothing listens there, or on another address only.", whom(found.Targets, g), third(len(found.Targets)))
	if n > 0 {
		if f.Balancer.Type == Classic {
			found.because(FromLog, "no connection to them came about for "+amount.Of(n, "connection of a client", "connections of clients"))
		} else {
			found.because(FromLog, amount.Of(n, "request", "requests")+" got 502 before anything was sent")
		}
		found.share = share
	}
	errors, measured := f.total("TargetConnectionErrorCount", g.ARN)
	sure := true // where health checks fail as well
	switch {
	case measured && errors > 0:
		found.because(FromMetric, fmt.Sprintf("TargetConnectionErrorCount of %s: %s", g.Name, number(errors)))
		found.Confidence = High
	case len(probed) > 0:
		found.Confidence = High
	case f.Balancer.Type == Classic:
		if n, ok := f.total("BackendConnectionErrors", ""); ok {
			found.because(FromMetric, "BackendConnectionErrors, with those of health checks: "+number(n))
		}
		found.rival("", "clients that connect and send nothing are logged alike")
	case d.refused == 0:
		found.rival("keep-alive-race", "without TargetConnectionErrorCount of the same minutes a 502 may also be an idle connection that the target closed")
		if g.speaksTLS() {
			found.rival("target-tls-negotiation-fails", "or a failed TLS handshake")
		}
		if g.http2() {
			found.rival("target-speaks-http1", "or a target that speaks no HTTP/2, whose health checks fail as well")
			sure = false
		}
	}
	for _, e := range f.of(g) {
		if slices.Contains(found.Targets, e.name()) {
			if e.failing() {
				found.because(FromHealth, e.label()+": "+state(e.target))
				if sure {
					found.Confidence = High
				}
			}
			if len(found.Verify) == 0 {
				f.fromTarget(found, e)
			}
		}
	}
	if span, ok := f.isOver(g, found.Targets, share, f.lateConnections(g)); ok && len(probed) == 0 {
		found.Level = Warn
		found.Sentence = fmt.Sprintf("%s refused connections on the traffic port %s, and %s answered requests since.", whom(found.Targets, g), span, amount.Noun(len(found.Targets), "has", "have"))
		found.Do = "see what happened to the process at that time: a restart, a deployment, a crash"
		if !slices.ContainsFunc(f.of(g), func(e endpoint) bool { return e.checkPort == e.port }) {
			found.rival("health-check-port-hides-refusal", "the health check has a port of its own, and may have passed at that time")
		}
	}
	if len(found.Evidence) > 6 {
		found.Evidence = found.Evidence[:6]
	}
	return found
}

// alike reports whether a target that refuses has the same health check failing for
// the same reason.
func (f *facts) alike(e endpoint, names []string) bool {
	return slices.ContainsFunc(f.of(e.group), func(other endpoint) bool {
		return slices.Contains(names, other.name()) && other.target.Reason == e.target.Reason && other.checkPort == other.port
	})
}

func third(n int) string {
	if n == 1 {
		return "s"
	}
	return ""
}

// excluded concludes from a check that does nothing but connect, and fails, where all
// that AWS has in between lets it through: then it is the target.
func (f *facts) excluded(g *Group) *Finding {
	if g.Check.Protocol != "TCP" {
		return nil
	}
	found := finding("target-port-refused", "")
	for _, e := range f.of(g) {
		if e.failing() && e.checkPort == e.port && f.clear(e) {
			found.on(e)
			f.evidence(found, e)
		}
	}
	if len(found.Targets) == 0 {
		return nil
	}
	found.Sentence = fmt.Sprintf("%s take%s no connection on the traffic port: nothing seems to listen there.", whom(found.Targets, g), third(len(found.Targets)))
	if !slices.Contains(g.transports(), "tcp") {
		found.Sentence = fmt.Sprintf("%s take%s no connection of health checks, which go in TCP to the port of %s: nothing seems to listen there in TCP.", whom(found.Targets, g), third(len(found.Targets)), g.Protocol)
		found.Do = "check a port that something listens on in TCP, and that fails when the service does"
	}
	found.because(FromConfig, "the health check only connects, and security groups, network ACLs and routes let it through")
	found.rival("", "a firewall on the target itself, or a full backlog")
	return found
}

// clear reports whether all filters and routes between the balancer and a target are
// known, and let its health check through. What lies between VPCs, or behind a route that
// is not local, is not looked at.
func (f *facts) clear(e endpoint) bool {
	subnets, ids := f.senders(e), f.Balancer.SecurityGroups
	_, settled := f.crossZone(e.group) // from which subnets it is spoken to
	if e.filters == nil || !e.address.IsValid() || !f.sameVPC(e) || !settled {
		return false
	}
	if len(ids) > 0 && f.permits(ids, true, "tcp", e.checkPort, f.target(e)) != allowed {
		return false
	}
	for _, s := range subnets {
		nodes := f.nodesOf(s, e)
		if f.permits(e.filters, false, "tcp", e.checkPort, nodes) != allowed || f.aclOf(s.ID) == nil || f.aclOf(e.subnet) == nil || !f.local(s.ID, e.address) {
			return false
		}
		if slices.ContainsFunc(nodes.addresses, func(p netip.Prefix) bool { return !f.local(e.subnet, p.Addr()) }) {
			return false
		}
	}
	b := gather{}
	f.fromBalancer(e, &b)
	for _, s := range subnets {
		if s.ID != e.subnet {
			f.aclsBetween(e, s, &b)
		}
		f.routeOut(e, s, &b)
		f.routeBack(e, s, &b)
	}
	return len(b.list) == 0 && len(subnets) > 0
}

// local reports whether a subnet's table is known to lead an address straight to its VPC.
func (f *facts) local(subnet string, to netip.Addr) bool {
	r, _, found, known := f.routeFor(subnet, to)
	return found && known && r.Via == "local"
}

// undecided is the share of failed connections where no metric tells: those to
// targets that are unhealthy, or to a few of many, or within a minute only. What is spread
// over all of a group's healthy targets is rather a race.
func (f *facts) undecided(g *Group) func(Failure) int64 {
	if f.Logs == nil {
		return func(Failure) int64 { return 0 }
	}
	all := f.ofGroup(g, "Target_Connection_Error")
	bad := map[string]bool{}
	for _, e := range f.of(g) {
		bad[e.name()] = e.failing() && !timeoutReason(e.target)
	}
	hit, targets, rate := f.spread(g, all)
	concentrated := targets > 1 && hit <= targets/2 || rate > raceRate || f.isBurst(all)
	if n, _ := f.total("BackendConnectionErrors", ""); n > 0 {
		concentrated = true // a classic balancer logs none but those of TCP, whose connections are made anew for each client
	}
	return func(row Failure) int64 {
		if bad[row.Target] || concentrated {
			return all(row)
		}
		return 0
	}
}

// unreachable looks for connections that are not established within 10 s.
func (f *facts) unreachable(g *Group) *Finding {
	share := f.ofGroup(g, "Target_Connect_Timeout")
	names, n := f.hits(g, share)
	if n == 0 {
		return nil
	}
	found := finding("target-connect-timeout", fmt.Sprintf("Connections to %s are not established within 10 s: packets are dropped on the way, or the host is gone.", whom(names, g)))
	found.Targets, found.share = names, share
	wall := f.sum(func(row Failure) int64 {
		if share(row) > 0 {
			return row.Connect
		}
		return 0
	})
	found.because(FromLog, fmt.Sprintf("%s got 504 before anything was sent, %d of them at the wall of 10 s", amount.Of(n, "request", "requests"), wall))
	if errors, ok := f.total("TargetConnectionErrorCount", g.ARN); ok && errors > 0 {
		found.because(FromMetric, fmt.Sprintf("TargetConnectionErrorCount of %s: %s", g.Name, number(errors)))
	}
	if g.speaksTLS() {
		found.rival("target-tls-negotiation-fails", "a TLS handshake that hangs ends at 10 s as well")
	}
	f.farRival(found)
	found.rival("target-sg-blocks-traffic-port", "a security group or network ACL that was changed since")
	found.rival("", "a firewall on the target itself, or a full backlog")
	if span, ok := f.isOver(g, found.Targets, share, f.lateConnections(g)); ok {
		found.Level = Warn
		found.Sentence = fmt.Sprintf("Connections to %s were not established within 10 s %s: packets were dropped on the way, or the host was gone. Requests have been answered since.", whom(names, g), span)
		found.Do = "see what happened to the targets at that time: their load, a restart, a change of the network"
	} else if f.addressed(g) {
		f.leaving(found, g)
	}
	return found
}

// runOn is what keeps targets from being gone before the balancer has let go of them.
const runOn = "where targets are replaced, let each run on for a while after its deregistration begins: a preStop hook that waits, in Kubernetes; where they crashed, look at why"

// leaving says of targets that no connection is established to whether they are about to
// leave their group, or have left it.
func (f *facts) leaving(found *Finding, g *Group) {
	stay := false
	for _, t := range found.Targets {
		at := slices.IndexFunc(f.of(g), func(e endpoint) bool { return e.name() == t })
		switch {
		case at < 0:
			found.because(FromConfig, t+" is not registered any more")
		case f.of(g)[at].target.State == "draining":
			found.because(FromHealth, t+": "+state(f.of(g)[at].target))
		default:
			stay = true
		}
	}
	if n := len(found.Targets); n > 0 && !stay {
		found.Sentence = fmt.Sprintf("Connections to %s, which %s, are not established within 10 s: most likely the host was gone before the balancer had let go of it.", whom(found.Targets, g), amount.Noun(n, "leaves or has left the group", "leave or have left the group"))
		found.Do = runOn
	}
}

func whom(names []string, g *Group) string {
	if len(names) == 0 {
		return "Targets of " + g.Name
	}
	if len(names) > 3 {
		return fmt.Sprintf("%d targets of %s", len(names), g.Name)
	}
	return few(names)
}

// brokenOff is the share of a group's failures that ended with no usable answer on a
// connection that was there: neither refused nor for TLS.
func (f *facts) brokenOff(g *Group) func(Failure) int64 {
	gone, d := f.deregistered(g), f.decide(g)
	return func(row Failure) int64 {
		switch {
		case row.Group != g.logARN(f) || gone != nil && gone(row):
			return 0
		case row.Reason == "Target_Connection_Error":
			return d.idleEnds(row)
		case row.Reason == "Target_Closed_Connection" || row.Reason == "Target_Stream_Reset":
			return row.Count
		}
		return 0
	}
}

// closing looks for answers that are cut off or none, and no race with an idle
// connection, nor for the protocol version.
func (f *facts) closing(g *Group) *Finding {
	if f.silent(g) > 0 {
		return nil // target-expects-tls has it among its rivals
	}
	race, older, broken := f.isRace(g), names(f.older(g)), f.brokenOff(g)
	share := func(row Failure) int64 {
		switch {
		case slices.Contains(older, row.Target) || race && row.Reason == "Target_Connection_Error":
			return 0
		case race && row.Reason == "Target_Closed_Connection":
			return broken(row) - min(broken(row), row.Quick)
		}
		return broken(row)
	}
	names, n := f.hits(g, share)
	if n == 0 {
		return nil
	}
	found := finding("target-closes-connection", fmt.Sprintf("%s break%s off while a request is outstanding, or answer%s what is no HTTP.", whom(names, g), third(len(names)), third(len(names))))
	found.Targets, found.share = names, share
	found.because(FromLog, amount.Of(n, "request", "requests")+" ended with an answer cut off, or none, on a connection that was there")
	found.rival("", "a process that crashes or is restarted; the application's log tells")
	found.rival("", "headers of the answer above 32 K, or malformed ones")
	if _, _, rate := f.spread(g, share); rate < fewFailures {
		found.Level = Warn
	}
	if span, ok := f.isOver(g, found.Targets, share, f.lateAnswers("502")); ok {
		found.Level = Warn
		found.Sentence = fmt.Sprintf("%s broke off while a request was outstanding, or answered what is no HTTP, %s, and %s answered requests since.", whom(names, g), span, amount.Noun(len(names), "has", "have"))
	}
	return found
}

// erring looks for 5xx that the targets answer themselves.
func (f *facts) erring(g *Group) *Finding {
	share := f.ofGroup(g, "Target_5XX")
	var names []string
	var n int64
	rate := 0.0
	if f.hasAccess() {
		names, n = f.hits(g, share)
		_, _, rate = f.spread(g, share)
	}
	name, of := "HTTPCode_Target_5XX_Count", g.ARN
	if f.Balancer.Type == Classic {
		name, of = "HTTPCode_Backend_5XX", ""
	}
	late := f.unlogged(name, of, func(m Minute) int64 { return m.Reasons["Target_5XX"] })
	if n == 0 && late == 0 {
		return nil
	}
	found := finding("target-answers-5xx", fmt.Sprintf("%s answer%s 5xx: the application fails, not the way to it.", whom(names, g), third(len(names))))
	if n > 0 {
		found.because(FromLog, fmt.Sprintf("%s were answered with 5xx by the target, %.1f %% of the group's", amount.Of(n, "request", "requests"), 100*rate))
		found.Targets, found.share = names, share
		found.Confidence = High
	}
	if metric, measured := f.total(name, of); measured {
		found.because(FromMetric, name+": "+number(metric))
	}
	if late > 0 {
		if f.hasAccess() {
			found.because(FromMetric, fmt.Sprintf("%s of them after %s UTC, where the logs end", number(late), f.clock(f.logsEnd())))
		}
		rate = max(rate, late/max(f.unlogged("RequestCount", of, func(m Minute) int64 { return m.Requests }), 1))
	}
	bad := f.mostly(g, share)
	if len(bad) > 0 && len(bad) < len(names) {
		found.because(FromLog, few(bad)+" answered most of "+amount.Noun(len(bad), "its", "their")+" requests so")
	}
	if rate < 0.01 && len(bad) == 0 {
		found.Level = Note
	}
	return found
}

// fewRequests is how many requests say nothing of a target.
const fewRequests = 10

// mostly are targets most of whose requests fail by a share, however few these are of the
// group's.
func (f *facts) mostly(g *Group, share func(Failure) int64) (list []string) {
	if f.Logs == nil {
		return nil
	}
	failed := map[string]int64{}
	for _, row := range f.failures() {
		if row.Target != "" && f.mine(g, row) {
			failed[row.Target] += share(row)
		}
	}
	for _, t := range f.Logs.Traffic {
		if n := failed[t.Target]; t.Group == g.logARN(f) && t.Requests >= fewRequests && 2*n > t.Requests {
			list = append(list, t.Target)
		}
	}
	return list
}

// connectionErrors says what metrics count where the logs do not show a target.
func (f *facts) connectionErrors(known []*Finding) (list []*Finding) {
	for i := range f.Groups {
		g := &f.Groups[i]
		n, ok := f.total("TargetConnectionErrorCount", g.ARN)
		gone := f.deregistered(g)
		left := f.sum(func(row Failure) int64 {
			if gone != nil && gone(row) && row.Group == g.logARN(f) && row.Reason == "Target_Connection_Error" {
				return row.Count
			}
			return 0
		})
		if !ok || n <= float64(left) || slices.ContainsFunc(known, func(k *Finding) bool {
			return slices.Contains(k.Groups, g.Name) && (k.ID == "target-port-refused" || k.ID == "target-connect-timeout")
		}) {
			continue
		}
		found := finding("target-connection-errors", fmt.Sprintf("The balancer cannot connect to targets of %s; the logs do not say to which.", g.Name))
		found.onGroup(g)
		found.because(FromMetric, f.tally("TargetConnectionErrorCount", g.ARN))
		found.rival("target-port-refused", "the port refuses")
		found.rival("target-connect-timeout", "or packets are dropped")
		if f.hasAccess() {
			found.Do = "ask again in a few minutes, when the logs of that time are there; until then, ask the targets' port by hand"
		}
		list = append(list, found)
	}
	if n, ok := f.total("BackendConnectionErrors", ""); ok && n > 0 && len(known) == 0 {
		found := finding("target-connection-errors", "The balancer cannot connect to its instances; health checks and repeats are counted as well.")
		found.because(FromMetric, f.tally("BackendConnectionErrors", ""))
		found.Confidence = Low
		if f.hasAccess() {
			found.Do = "ask the instances' port by hand, those that are out of service first"
		}
		list = append(list, found)
	}
	return list
}
