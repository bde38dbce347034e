package diagnose

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"loglens/internal/amount"
	"loglens/internal/when"
	"loglens/query"
)

// path goes the way of a request hop by hop. A hop is as bad as the worst finding
// about it; without one it passes, if it could be looked at.
func path(f *facts, list []*Finding) (way []Station) {
	for _, hop := range Hops {
		s := Station{Hop: hop, State: Pass}
		var known bool
		s.Evidence, known = passes[hop](f)
		if !known || slices.ContainsFunc(Checks, func(c Check) bool { return c.on(hop) && !f.complete(c) }) {
			s.State = Unknown
		}
		for _, found := range list {
			if found.Hop != hop || found.Level == Note {
				continue
			}
			if found.Level == Fail {
				s.State = Failed
			} else if s.State != Failed {
				s.State = Warned
			}
			s.Evidence = append(s.Evidence, found.ID+": "+found.Sentence)
		}
		way = append(way, s)
	}
	return way
}

// on reports whether a check is about a hop.
func (c Check) on(hop Hop) bool {
	return slices.ContainsFunc(c.Gives, func(id string) bool { return KindOf(id).Hop == hop })
}

// complete reports whether all that a check needs was answered.
func (f *facts) complete(c Check) bool {
	return !slices.ContainsFunc(c.Needs, func(action string) bool { return !f.knows(action) })
}

// passes say what speaks for a hop; ok is false if that is not known.
var passes = map[Hop]func(*facts) (evidence []string, ok bool){
	HopDNS:         dnsPasses,
	HopNode:        nodePasses,
	HopListener:    listenerPasses,
	HopRule:        rulePasses,
	HopTargetGroup: groupPasses,
	HopTarget:      targetPasses,
	HopNetwork:     networkPasses,
	HopTargetTLS:   tlsPasses,
	HopTimeouts:    timeoutsPass,
	HopMetrics:     metricsPass,
	HopLogs:        logsPass,
}

// The name is not looked up: what clients get is not what is seen from here. That
// they arrive says as much.
func dnsPasses(f *facts) ([]string, bool) {
	evidence := []string{cmp.Or(f.Balancer.DNSName, "no DNS name")}
	for _, name := range []string{"NewConnectionCount", "RequestCount", "NewFlowCount"} {
		if n := f.total(name, ""); n > 0 {
			return append(evidence, fmt.Sprintf("clients arrive: %s %s", name, number(n))), true
		}
	}
	if n := f.requests(); n > 0 {
		return append(evidence, "clients arrive: "+amount.Of(n, "request", "requests")+" in the logs"), true
	}
	return append(evidence, "not looked up, and no metric or log shows a client"), false
}

func nodePasses(f *facts) ([]string, bool) {
	b := f.Balancer
	scheme := b.Scheme
	if scheme != "" { // which a gateway balancer has none of
		scheme += ", "
	}
	evidence := []string{fmt.Sprintf("%s, %s%s", b.Type, scheme, cmp.Or(b.State, "state not known"))}
	if zones := f.zones(); len(zones) > 0 {
		evidence = append(evidence, "zones "+strings.Join(zones, ", "))
	}
	if len(b.SecurityGroups) > 0 {
		evidence = append(evidence, "security groups "+few(b.SecurityGroups))
	}
	ids := b.SecurityGroups
	_, known := f.securityGroups(ids)
	if known = known || len(ids) == 0; !known {
		evidence = append(evidence, "rules of the security groups are not all known")
	}
	for _, z := range b.Zones {
		if f.aclOf(z.Subnet) == nil || b.Scheme == "internet-facing" && !f.tableOf(z.Subnet).known() {
			known = false
			evidence = append(evidence, "network ACL or routes of "+z.Subnet+" are not known")
		}
	}
	return evidence, known && f.Listeners != nil // whose ports are to be let in
}

func listenerPasses(f *facts) ([]string, bool) {
	if f.Listeners == nil {
		return []string{"not read"}, false
	}
	if len(f.Listeners) == 0 {
		return []string{"none"}, true
	}
	var names []string
	for _, l := range f.Listeners {
		names = append(names, l.label())
	}
	return []string{strings.Join(names, ", ")}, true
}

func rulePasses(f *facts) ([]string, bool) {
	var groups []string
	for _, a := range f.actions() {
		for _, w := range a.Weights {
			if w.Weight > 0 {
				groups = add(groups, groupName(w.Group))
			}
		}
	}
	evidence := []string{amount.Of(len(f.rules()), "rule", "rules")}
	if len(groups) > 0 {
		evidence = append(evidence, "forward to "+few(groups))
	}
	return evidence, f.Listeners != nil
}

func groupPasses(f *facts) (evidence []string, ok bool) {
	ok = f.Groups != nil
	for _, g := range f.groups {
		at := fmt.Sprintf("%s on port %d, ", g.Protocol, g.Port)
		if g.Type == "lambda" {
			at = ""
		}
		evidence = append(evidence, fmt.Sprintf("%s: %stargets of type %s, %s", g.Name, at, g.Type, f.states(g)))
		ok = ok && g.Targets != nil
	}
	if len(f.Groups) == 0 {
		evidence = append(evidence, "none")
	}
	return evidence, ok
}

func targetPasses(f *facts) (evidence []string, ok bool) {
	healthy, unchecked := 0, 0
	for _, e := range f.endpoints {
		switch {
		case e.healthy():
			healthy++
		case e.target.unchecked():
			unchecked++
		}
	}
	all := fmt.Sprintf("%d of %s healthy", healthy, amount.Of(len(f.endpoints)-unchecked, "target", "targets"))
	switch {
	case unchecked > 0 && unchecked == len(f.endpoints):
		all = amount.Of(unchecked, "target", "targets") + " without health check"
	case unchecked > 0:
		all += fmt.Sprintf(", %d without health check", unchecked)
	}
	evidence = append(evidence, all)
	for _, g := range f.groups {
		if g.Check.Enabled {
			evidence = append(evidence, fmt.Sprintf("health check of %s: %s", g.Name, g.Check.words()))
		}
	}
	return append(evidence, f.turnover()...), len(f.endpoints) > 0
}

func networkPasses(f *facts) ([]string, bool) {
	if len(f.endpoints) == 0 {
		return []string{"no target to go to"}, false
	}
	all := slices.DeleteFunc(slices.Clone(f.endpoints), func(e endpoint) bool { return e.group.Type == "lambda" })
	if len(all) == 0 {
		return []string{"functions have no network"}, true
	}
	known, pairs := 0, 0
	var routed, guarded int
	settled := true // of all groups, from where and as whom their targets are spoken to
	for _, e := range all {
		if f.weighed(e) {
			known++
		}
		places := f.located([]endpoint{e})
		if len(places) == 0 {
			places = []endpoint{e} // which is not known
		}
		for _, at := range places {
			for _, s := range f.senders(at) {
				pairs++
				if f.aclOf(s.ID) != nil && f.aclOf(at.subnet) != nil {
					guarded++
				}
				if f.routesKnown(at, s) {
					routed++
				}
			}
		}
		_, seen := f.keepsClients(e.group)
		_, across := f.crossZone(e.group)
		settled = settled && seen && across
	}
	evidence := []string{
		fmt.Sprintf("security groups of %d of %s known", known, amount.Of(len(all), "target", "targets")),
		fmt.Sprintf("network ACLs of %d, routes of %d of %s of balancer subnet and target known", guarded, routed, amount.Of(pairs, "pair", "pairs")),
	}
	if !settled {
		evidence = append(evidence, "whether nodes send to other zones, or targets see the clients' addresses, is not known of all groups")
	}
	return evidence, settled && known == len(all) && guarded == pairs && routed == pairs && pairs > 0
}

// routesKnown reports whether the routes from a subnet of the balancer to a target, and
// back, are known.
func (f *facts) routesKnown(e endpoint, s Subnet) bool {
	if _, ok := f.routeFor(s.ID, e.address); !ok || !e.address.IsValid() {
		return false
	}
	return !slices.ContainsFunc(family(prefixes(s.CIDRs), e.address.Is6()), func(p netip.Prefix) bool {
		_, ok := f.routeFor(e.subnet, p.Addr())
		return !ok
	})
}

func tlsPasses(f *facts) (evidence []string, ok bool) {
	tls := 0
	ok = true
	for _, g := range f.groups {
		if !g.speaksTLS() {
			continue
		}
		tls++
		of, counted, traffic := g.ARN, "TargetTLSNegotiationErrorCount", "requests"
		if f.Balancer.Type == NetworkType { // which counts them for all of its groups together
			of, counted, traffic = "", counted+" of the whole balancer", "connections"
		}
		switch {
		case f.measured("TargetTLSNegotiationErrorCount", of):
			evidence = append(evidence, fmt.Sprintf("%s: %s %s", g.Name, counted, number(f.total("TargetTLSNegotiationErrorCount", of))))
		case f.connected(g) > 0:
			evidence = append(evidence, fmt.Sprintf("%s: %s, and no TLS error among them", g.Name, traffic))
		default:
			evidence = append(evidence, g.Name+": no metric says")
			ok = false
		}
	}
	if tls == 0 {
		return []string{"no TLS to targets"}, f.Groups != nil
	}
	return evidence, ok
}

func timeoutsPass(f *facts) ([]string, bool) {
	if known, _ := f.listenersByIdle(); len(known) > 0 {
		return []string{attrTCPIdle + " is " + few(known), "whether connections reach it is not seen"}, false
	}
	if f.Balancer.Type != Application && f.Balancer.Type != Classic {
		return []string{"idle timeouts of its listeners are not looked at"}, false
	}
	if f.Balancer.Attributes == nil {
		return nil, false
	}
	evidence := []string{fmt.Sprintf("idle timeout %s s", number(f.idle()))}
	if f.Logs == nil {
		return append(evidence, "without logs it is not seen whether they are reached"), false
	}
	return evidence, true
}

func metricsPass(f *facts) ([]string, bool) {
	if f.Metrics == nil {
		return []string{"not read"}, false
	}
	var evidence []string
	for _, s := range f.Metrics {
		if s.Group == "" && s.Stat == "Sum" && f.measured(s.Name, "") {
			evidence = append(evidence, s.Name+" "+number(f.total(s.Name, "")))
		}
	}
	if len(evidence) == 0 {
		return []string{"no data points in the window, which is not zero: metrics are published only while there is traffic"}, false
	}
	if f.period() > recently {
		evidence = append(evidence, "summed up by the hour: what began within one, or took but a part of it, may not be seen; of a day within the last two weeks, they are read by the minute")
	}
	if r := f.reconcile(); r.counted > 0 {
		evidence = append(evidence, f.logsAgainst(r))
	}
	return evidence, true
}

// logsAgainst says what the logs have of what metrics count, up to when they must have all of it.
func (f *facts) logsAgainst(r reconciled) string {
	text := fmt.Sprintf("up to %s UTC, the logs hold %s of RequestCount's %s (%.1f %%; %d of %s alike)", f.clock(f.wholeUntil()), number(r.logged), number(r.counted), 100*r.logged/r.counted, r.same, amount.Of(r.periods, "period", "periods"))
	if r.apart > 0 {
		text += fmt.Sprintf(", beside %s that it does not count, since no target was chosen", number(r.apart))
	}
	ofRules := f.sumAll(those(func(row Failure) bool { return row.Reason == "Fixed_Response" && row.Status >= 500 }))
	switch {
	case r.answered == 0 && r.failed == 0:
	case ofRules > 0: // which the metric may not count
		text += fmt.Sprintf(", and %s 5xx of the balancer, those of rules among them, where %s counts %s", number(r.answered), f.errorMetric(), number(r.failed))
	default:
		text += fmt.Sprintf(", and %s of %s 5xx of the balancer", number(r.answered), number(r.failed))
	}
	return text
}

func logsPass(f *facts) ([]string, bool) {
	evidence, ok := f.requestsRead()
	return append(evidence, f.Handshakes.read()...), ok
}

// read says what there is of a log of connections; nothing if none was read.
func (h *Handshakes) read() (evidence []string) {
	if h == nil {
		return nil
	}
	evidence = []string{
		fmt.Sprintf("of connections %s, %s = %d parsed + %d rejected + %d skipped", amount.Of(h.Objects, "object", "objects"), amount.Of(h.Lines, "line", "lines"), h.Parsed, h.Rejected, h.Skipped),
		fmt.Sprintf("%s over TLS, %d of them failed", amount.Of(h.Connections, "connection", "connections"), h.refused()+h.failed()),
	}
	return append(append(evidence, partly(h.ObjectsFailed, h.NotIngested)...), h.Warnings...)
}

// partly says what of logs is not there.
func partly(failed, seconds int64) (evidence []string) {
	if failed > 0 {
		evidence = append(evidence, fmt.Sprintf("PARTIAL: %s could not be read", amount.Of(failed, "object", "objects")))
	}
	if seconds > 0 {
		evidence = append(evidence, fmt.Sprintf("PARTIAL: %s of the window was never ingested", when.FormatDuration(time.Duration(seconds)*time.Second)))
	}
	return evidence
}

// requestsRead says what there is of logs of requests and health checks.
func (f *facts) requestsRead() ([]string, bool) {
	if f.Logs == nil {
		if f.Handshakes != nil {
			return nil, true
		}
		return []string{"none were read"}, false
	}
	l := f.Logs
	evidence := []string{
		fmt.Sprintf("%s, %s = %d parsed + %d rejected + %d skipped", amount.Of(l.Objects, "object", "objects"), amount.Of(l.Lines, "line", "lines"), l.Parsed, l.Rejected, l.Skipped),
		fmt.Sprintf("%s, %s", amount.Of(f.requests(), "request", "requests"), amount.Of(f.sum(Failure.all), "failure", "failures")),
	}
	evidence = append(evidence, partly(l.ObjectsFailed, l.NotIngested)...)
	newest := l.Newest.UTC().Format("2006-01-02 15:04")
	if !l.Newest.IsZero() {
		evidence = append(evidence, "newest object ends "+newest+" UTC")
	}
	for _, w := range l.Warnings {
		if l.Newest.IsZero() || !strings.HasPrefix(w, query.NewestObject+newest) { // which has just been told; those of health checks may end before
			evidence = append(evidence, w)
		}
	}
	return evidence, l.Access || l.Checks
}
