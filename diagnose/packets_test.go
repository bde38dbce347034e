package diagnose

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// TestPackets draws security groups, network ACLs and routes by lot, and sends single packets
// through a model of what AWS does with them: what holds some back is found, what holds none back
// is not; with all commands run everything gets through, and with those that undo it the set-up is
// what it was.
func TestPackets(t *testing.T) { packets(t, false, false) }

// TestPacketsOfClients does so before targets that see their clients' addresses.
func TestPacketsOfClients(t *testing.T) { packets(t, true, false) }

// TestPacketsOfIPv6 does so in IPv6.
func TestPacketsOfIPv6(t *testing.T) { packets(t, false, true) }

func packets(t *testing.T, keeps, six bool) {
	t.Helper()
	for seed := range uint64(2000) {
		d := draw(seed, keeps, six)
		if fault := d.compare(t, Diagnose(copied(t, d.Snapshot))); fault != "" {
			b, err := json.Marshal(d.Network)
			t.Fatalf("seed %d: %s\nof %s (%v)\nit says\n%s", seed, fault, b, err, said(Diagnose(copied(t, d.Snapshot))))
		}
	}
}

// Ports of all parts that the entries of drawn ACLs tell apart. Those that entries shut one by one may be
// meant to be shut, and are not opened; and nearly all clients use the usual ones.
var (
	ephemerals = []int{1024, 20000, 32768, 50000, 61000, 65535, 3389, 8080, 9090}
	opened     = ephemerals[:6]
	usual      = []int{32768, 50000}
)

// clients are of all parts of the internet that drawn rules tell apart.
var clients = []string{"198.51.100.7", "203.0.113.9", "192.0.2.1"}

// findings are those that name a place: of traffic, and of health checks on a port of their own.
var findings = map[string][2][]string{
	"balancer-sg":              {{"balancer-sg-blocks-traffic-port"}, {"balancer-sg-blocks-health-check-port"}},
	"target-sg":                {{"target-sg-blocks-traffic-port", "target-sg-public-source", "nlb-client-addresses-blocked"}, {"target-sg-blocks-health-check-port"}},
	"acl-balancer-outbound":    {{"acl-balancer-outbound-blocks-target-port"}, {"acl-balancer-outbound-blocks-target-port"}},
	"acl-target-inbound":       {{"acl-target-inbound-blocks-traffic-port"}, {"acl-target-inbound-blocks-health-check-port"}},
	"acl-target-outbound":      {{"acl-target-outbound-blocks-ephemeral"}, {"acl-target-outbound-blocks-ephemeral"}},
	"acl-balancer-inbound":     {{"acl-balancer-inbound-blocks-ephemeral"}, {"acl-balancer-inbound-blocks-ephemeral"}},
	"route-balancer-to-target": {{"route-balancer-to-target"}, {"route-balancer-to-target"}},
	"route-target-to-balancer": {{"route-target-to-balancer"}, {"route-target-to-balancer"}},
}

// findingsOfClients are those that name what is between clients and the balancer.
var findingsOfClients = map[string]string{
	"balancer-sg": "balancer-sg-blocks-listener", "acl-inbound": "acl-balancer-inbound-blocks-listener", "acl-outbound": "acl-balancer-outbound-blocks-clients",
}

// compare says where a report and the model of packets do not agree; "" if they do.
func (d *lot) compare(t *testing.T, r *Report) string {
	t.Helper()
	for i := range d.targets {
		if fault := d.compareTarget(r, i); fault != "" {
			return fault
		}
	}
	if fault := d.compareClients(r); fault != "" {
		return fault
	}
	return d.mend(t, r)
}

// way is how a target is spoken to: for traffic, or for health checks alone.
type way struct {
	port   int
	from   []host
	checks bool
}

// waysTo are those to a target, health checks last. Where a node speaks to the port that it checks,
// one way is both. Where no client comes in, how it would go on is not looked at.
func (d *lot) waysTo(target int) (list []way) {
	t := &d.web().Targets[target]
	switch {
	case !d.keeps:
		list = []way{{t.Port, d.speakers(target), false}}
	case len(d.seen(target)) > 0:
		list = []way{{t.Port, d.seen(target), false}}
	}
	if port := d.web().checkPort(t); port != t.Port || d.keeps {
		list = append(list, way{port, d.speakers(target), true})
	}
	return list
}

func (d *lot) compareTarget(r *Report, target int) string {
	name := fmt.Sprint(d.targets[target].address, ":8080")
	named, real := map[string]Level{}, map[string]bool{}
	for _, w := range d.waysTo(target) {
		held, all := d.held(target, w, ephemerals), len(w.from)*len(ephemerals)
		for where, ids := range findings {
			kind := ids[0]
			switch {
			case w.checks && w.port == d.web().Targets[target].Port: // what holds traffic back holds these back, too
				kind = slices.Concat(ids[0], ids[1])
			case w.checks:
				kind = ids[1]
			}
			for _, id := range kind {
				for _, f := range r.Findings {
					if f.ID == id && slices.Contains(f.Targets, name) {
						perhaps := id == "nlb-client-addresses-blocked" && f.Confidence == Low // some clients are let in
						if real[id] = real[id] || held[where] > 0 || perhaps; named[where] == "" || named[where] == Note {
							named[where] = f.Level
						}
					}
				}
			}
			level, meant := named[where], d.keeps && !w.checks && held[where] < all // to keep some clients out
			if held[where] > 0 && !meant && (level == "" || held[where] == all && level == Note) {
				return fmt.Sprintf("%s holds back %d of %d of port %d (checks: %v) of %s: %q", where, held[where], all, w.port, w.checks, name, level)
			}
		}
	}
	for id, some := range real {
		if !some && !d.waysTo(target)[0].checks {
			return fmt.Sprintf("%s is said of %s, and holds nothing back", id, name)
		}
	}
	return ""
}

func (d *lot) compareClients(r *Report) string {
	held, all := d.ofClients()
	for where, id := range findingsOfClients {
		n, all, f := held[where], all[where], r.finding(id)
		if n == all && (f == nil || f.Level == Note) || n == 0 && f != nil || n < all && f != nil && f.Level == Fail {
			return fmt.Sprintf("%s holds back %d of %d of what clients send and get, and the finding is %v", where, n, all, f)
		}
	}
	return ""
}

// mend runs all commands of a report about the network, and then those that undo them.
func (d *lot) mend(t *testing.T, r *Report) string {
	t.Helper()
	after := *d
	after.Snapshot = copied(t, d.Snapshot)
	var fix, undo []string
	for _, f := range r.Findings {
		if f.Hop == HopNetwork || f.Hop == HopNode {
			fix, undo = append(fix, f.Fix...), append(undo, f.Undo...)
		}
	}
	for _, c := range fix {
		if err := after.Network.run(c); err != nil {
			return fmt.Sprintf("%s: %v", c, err)
		}
	}
	for i := range d.targets {
		for _, w := range d.waysTo(i) {
			held := after.held(i, w, opened)
			for where, n := range held {
				if d.keeps && !w.checks && where == "target-sg" && leaves(r) {
					continue
				}
				if !d.keeps || w.checks || n == len(w.from)*len(opened) {
					return fmt.Sprintf("with all commands run, %s still holds %d back of port %d (checks: %v) of %s", where, n, w.port, w.checks, d.targets[i].address)
				}
			}
		}
	}
	held, all := after.ofClients()
	next := Diagnose(copied(t, after.Snapshot)) // who is let in at one place may be held back at the next, which is said then
	for where, n := range held {
		if n == all[where] && next.finding(findingsOfClients[where]) == nil {
			return fmt.Sprintf("with all commands run, %s still holds all clients back", where)
		}
	}
	return after.Network.undo(undo, &d.Network)
}

// undo runs the commands that undo others, and says where the network is not what it was before these.
func (n *Network) undo(commands []string, before *Network) string {
	if strings.Contains(fmt.Sprint(before.RouteTables), "blackhole") {
		return "" // no route can be made again to what is gone
	}
	for _, c := range commands {
		if err := n.run(c); err != nil {
			return fmt.Sprintf("%s: %v", c, err)
		}
	}
	if was, is := fmt.Sprint(*before), fmt.Sprint(*n); was != is {
		return fmt.Sprintf("with all commands undone it is\n%s", is)
	}
	return ""
}

// leaves reports whether a report leaves it to those who know the clients to let these in to targets.
func leaves(r *Report) bool {
	return slices.ContainsFunc(r.Findings, func(f *Finding) bool {
		return f.ID == "nlb-client-addresses-blocked" && len(f.Fix) == 0 || strings.HasSuffix(f.Do, "and those of the clients, whose own addresses targets see")
	})
}

// speakers are the nodes that speak to a target.
func (d *lot) speakers(target int) []host {
	return slices.DeleteFunc(slices.Clone(d.nodes), func(node host) bool {
		zone := d.targets[target].zone
		return d.zonal && zone != "all" && node.zone != zone
	})
}

// seen are the clients as a target sees them, who come through the nodes that speak to it. Rules that
// name the balancer's groups let them in.
func (d *lot) seen(target int) (list []host) {
	for _, node := range d.speakers(target) {
		for _, c := range clients {
			client := node
			if client.address = d.client(c); d.Network.comesIn(node, client) {
				list = append(list, client)
			}
		}
	}
	return list
}

// held is how many of the connections to a target, answered on some ports, each place holds back.
func (d *lot) held(target int, w way, answers []int) map[string]int {
	held := map[string]int{}
	for _, from := range w.from {
		for _, e := range answers {
			for _, where := range d.Network.stops(from, d.targets[target], w.port, e) {
				held[where]++
			}
		}
	}
	return held
}

func (d *lot) client(address string) netip.Addr {
	if d.six {
		address = inIPv6(address)
	}
	return netip.MustParseAddr(address)
}

// ofClients is how many of the connections of clients each place holds back, and of how many: of those whom the places
// before it let in to any node, if these are some.
func (d *lot) ofClients() (held, all map[string]int) {
	held, all = map[string]int{}, map[string]int{}
	var come []host
	for _, c := range clients {
		come = append(come, host{address: d.client(c)})
	}
	for _, where := range []string{"balancer-sg", "acl-inbound", "acl-outbound"} {
		var in []host
		for _, client := range come {
			for _, node := range d.nodes {
				for _, e := range usual {
					all[where]++
					if d.passesClient(where, node, client, e) {
						in = append(in, client)
					} else {
						held[where]++
					}
				}
			}
		}
		if len(in) > 0 {
			come = slices.CompactFunc(in, func(a, b host) bool { return a.address == b.address })
		}
	}
	return held, all
}

// passesClient reports whether a place before the balancer lets a client through that takes answers on a port.
func (d *lot) passesClient(where string, node, client host, ephemeral int) bool {
	switch where {
	case "balancer-sg":
		return len(node.groups) == 0 || d.Network.groupsPass(node.groups, false, 80, client)
	case "acl-inbound":
		return d.Network.aclPasses(node.subnet, false, 80, client)
	}
	return d.Network.aclPasses(node.subnet, true, ephemeral, client)
}
