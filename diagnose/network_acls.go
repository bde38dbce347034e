package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

var networkACLsCheck = Check{
	Name:  "network-acls",
	About: "What the network ACLs of the balancer's and the targets' subnets refuse, in both directions, answers included.",
	Needs: []string{"ec2:DescribeNetworkAcls", "ec2:DescribeSubnets", "ec2:DescribeInstances", "ec2:DescribeNetworkInterfaces"},
	Gives: []string{"acl-target-inbound-blocks-traffic-port", "acl-target-inbound-blocks-health-check-port", "acl-target-outbound-blocks-ephemeral",
		"acl-target-inbound-blocks-control-port", "acl-balancer-outbound-blocks-control-port",
		"acl-balancer-outbound-blocks-target-port", "acl-balancer-inbound-blocks-ephemeral", "acl-balancer-inbound-blocks-listener", "acl-balancer-outbound-blocks-clients"},
	look: lookAtNetworkACLs,
}

func lookAtNetworkACLs(f *facts) []*Finding {
	b := gather{}
	for _, e := range f.located(f.endpoints) {
		for _, s := range f.senders(e) {
			// An ACL stands at the border of a subnet and not within.
			if s.ID != e.subnet {
				f.aclsBetween(e, s, &b)
			}
		}
	}
	for _, found := range b.list {
		f.weigh(found)
	}
	return append(append(b.list, f.aclsKeepClientsOut()...), f.aclsToClients()...)
}

// widened is what an ACL refuses of some ports. Where that is one, which is refused, it is what
// the same entry refuses of all that have to be let through with it.
func (e endpoint) widened(from, to int, refuses func(from, to int) []refusal) (list []refusal, first, last int) {
	list = refuses(from, to)
	if from < to {
		return list, from, to
	}
	entry := list[0].entry
	first, last = e.opening(from)
	return slices.DeleteFunc(refuses(first, last), func(r refusal) bool { return r.entry != entry }), first, last
}

// portIDs are the findings about what an ACL refuses on the way to a target.
type portIDs struct{ traffic, check, control string }

var (
	outOfBalancer = portIDs{"acl-balancer-outbound-blocks-target-port", "acl-balancer-outbound-blocks-target-port", "acl-balancer-outbound-blocks-control-port"}
	intoSubnet    = portIDs{"acl-target-inbound-blocks-traffic-port", "acl-target-inbound-blocks-health-check-port", "acl-target-inbound-blocks-control-port"}
)

// passage is what has to get through an ACL between a subnet of the balancer and a target.
type passage struct {
	gate
	id       string // of the finding about what is refused
	from, to int
	subnet   string       // that the ACL is of
	beyond   netip.Prefix // addresses on the other side
}

// aclsBetween looks at the way from a subnet of the balancer to a target, and back.
func (f *facts) aclsBetween(e endpoint, s Subnet, b *gather) {
	node := family(prefixes(s.CIDRs), e.address.Is6())
	if len(node) == 0 {
		return
	}
	speaks, target := e.group.transports(), single(e.address)
	var list []passage
	if a := f.aclOf(s.ID); a != nil {
		list = slices.Concat(f.there(e, passage{gate: gate{ACL: a, egress: true}, subnet: s.ID, beyond: target}, speaks, outOfBalancer),
			e.back(passage{gate: gate{ACL: a}, subnet: s.ID, beyond: target, id: "acl-balancer-inbound-blocks-ephemeral"}, speaks))
	}
	if keeps, known := f.keepsClients(e.group); keeps || !known || e.group.Type == "alb" {
		speaks = nil // only health checks come from the nodes, or these alone surely do
	}
	if a := f.aclOf(e.subnet); a != nil {
		for _, from := range node {
			list = slices.Concat(list, f.there(e, passage{gate: gate{ACL: a}, subnet: e.subnet, beyond: from}, speaks, intoSubnet),
				e.back(passage{gate: gate{ACL: a, egress: true}, subnet: e.subnet, beyond: from, id: "acl-target-outbound-blocks-ephemeral"}, speaks))
		}
	}
	for _, p := range list {
		f.refusedPassage(p, e, s, b)
	}
}

// there is the way to a target, through an ACL: of all that the traffic speaks, of the health checks, and of target optimizer.
func (f *facts) there(e endpoint, p passage, speaks []string, ids portIDs) (list []passage) {
	to := func(id, protocol string, port int) {
		p.id, p.protocol, p.from, p.to = id, protocol, port, port
		list = append(list, p)
	}
	for _, protocol := range speaks {
		to(ids.traffic, protocol, e.port)
	}
	if len(speaks) == 0 || f.checksAlone(e) {
		to(ids.check, "tcp", e.checkPort)
	}
	if control := e.group.ControlPort; control > 0 {
		to(ids.control, "tcp", control)
	}
	return list
}

// back is the way of a target's answers, those to health checks included.
func (e endpoint) back(p passage, speaks []string) (list []passage) {
	for _, protocol := range add(speaks, "tcp") {
		p.protocol, p.from, p.to = protocol, firstEphemeral, lastEphemeral
		if e.group.Protocol == "GENEVE" && protocol == "udp" { // whose answers come to the port that it speaks to
			p.from, p.to = e.port, e.port
		}
		list = append(list, p)
	}
	return list
}

// refusedPassage says what of the way between a subnet of the balancer and a target an ACL refuses.
func (f *facts) refusedPassage(p passage, e endpoint, s Subnet, b *gather) {
	toTarget := p.beyond == single(e.address)
	refuses := func(from, to int) []refusal {
		if !toTarget && f.Network.Interfaces == nil { // nodes may be wherever it lets through
			return p.shuts(from, to, p.beyond)
		}
		return p.refuses(from, to, p.beyond)
	}
	list := refuses(p.from, p.to)
	if len(list) == 0 || !toTarget && f.nodesPass(p, s) {
		return
	}
	peer := p.beyond // that is let in: a subnet, since targets come and go
	if toTarget {
		peer = f.rangeOf(e.subnet, e.address)
	}
	small := narrow(list, p.from, p.to)
	list, first, last := e.widened(p.from, p.to, refuses)
	parts, shut := p.unmeant(list, p.from, p.to, peer)
	open := joined(slices.Concat(list, p.refuses(p.from, p.to, peer), shut), parts) // of all, what is let through for some only included
	found := b.at(fmt.Sprint(p.id, p.ID, list, p.protocol), func() *Finding {
		found := f.refusedByACL(p.id, p.gate, list, peer, p.subnet)
		if small {
			found.Level, found.share = Note, nil
			if len(open) == 0 {
				found.Do = "nothing, if somebody means to keep these ports shut: the few connections that use them fail"
			}
		}
		if p.from == p.to {
			found.whyOpening(e.group, first, last)
		}
		return found
	})
	found.on(e)
	for _, o := range open {
		f.open(found, p.gate, o, peer)
	}
}

// nodesPass reports whether all nodes that there are in a subnet get through: other addresses of it may be refused.
func (f *facts) nodesPass(p passage, s Subnet) bool {
	nodes := f.nodes(s, p.beyond.Addr().Is6())
	return len(nodes) > 0 && !slices.ContainsFunc(nodes, func(node netip.Prefix) bool { return len(p.refuses(p.from, p.to, node)) > 0 })
}

// unmeant are refusals of some ports but for those that an entry for a small part of them keeps shut for any of some
// addresses: somebody means to, such as that of remote desktops. They are shut, whether or not an entry before it, as for one
// node, is the first to refuse them. What an entry for all ports is left with is not meant.
func (g gate) unmeant(list []refusal, from, to int, addresses netip.Prefix) (open, shut []refusal) {
	small := func(e ACLEntry) bool {
		return e.Number < lastNumber && narrow([]refusal{{e.From, e.To, e}}, from, to)
	}
	shut = g.refusals(from, to, func(entries []ACLEntry) (ACLEntry, bool) { return keptShut(entries, addresses, small) })
	for _, r := range list {
		if small(r.entry) {
			continue
		}
		for _, s := range shut {
			if s.to < r.from || r.to < s.from {
				continue
			}
			if r.from < s.from {
				open = append(open, refusal{r.from, s.from - 1, r.entry})
			}
			r.from = s.to + 1
		}
		if r.from <= r.to {
			open = append(open, r)
		}
	}
	return open, shut
}

// opening is a range of ports that are to be let through by one entry.
type opening struct {
	refusal
	behind int       // the last of the entries that keep a part of them shut; 0 if there are none
	parts  []refusal // all but these
}

// joined are some of all refusals with those by one entry as one range, where what lies between is let through, or is
// refused by entries before it: to let all of it through behind these, and before that entry, leaves these as they are.
func joined(all, some []refusal) (list []opening) {
	for _, r := range some {
		if n := len(list); n > 0 && list[n-1].entry == r.entry {
			last, behind := &list[n-1], list[n-1].behind
			for _, o := range all {
				if o.to > last.to && o.from < r.from {
					behind = max(behind, o.entry.Number)
				}
			}
			if behind < r.entry.Number {
				last.to, last.behind, last.parts = r.to, behind, append(last.parts, r)
				continue
			}
		}
		list = append(list, opening{r, 0, []refusal{r}})
	}
	return list
}

// open lets a range of ports through an ACL: by one entry, or where none fits in behind those that keep a part of it shut, by
// one for each other part.
func (f *facts) open(found *Finding, g gate, o opening, to netip.Prefix) {
	parts := o.parts
	e := g.newEntry(g.allowing(o.refusal, to))
	if n := f.numbers[e]; o.behind < n && n < o.entry.Number || f.free(e, g.ACL, o.entry.Number) > o.behind {
		parts = []refusal{o.refusal}
	}
	for _, r := range parts {
		f.admit(found, g, r, to)
	}
}

// narrow reports whether a list of refusals is but a small part of some ports, as one
// that keeps a well-known service out: it breaks few connections, and is no cause of many.
func narrow(list []refusal, from, to int) bool {
	n := 0
	for _, r := range list {
		n += r.to - r.from + 1
	}
	return 10*n < to-from+1
}

// refusedByACL words what an ACL refuses.
func (f *facts) refusedByACL(id string, g gate, list []refusal, peer netip.Prefix, subnet string) *Finding {
	way := "in from"
	if g.egress {
		way = "out to"
	}
	whose := "the targets' subnet"
	if strings.HasPrefix(id, "acl-balancer") {
		whose = "the balancer's subnet"
	}
	var parts []string
	for _, r := range list {
		parts = append(parts, ports(r.from, r.to))
	}
	what := g.protocol + " " + few(parts)
	if strings.Contains(id, "ephemeral") {
		what = "answers on " + what
	}
	found := finding(id, fmt.Sprintf("Network ACL %s of %s %s does not let %s %s %s.", g.ID, whose, subnet, what, way, peer))
	for _, r := range list {
		found.because(FromConfig, g.ID+": "+r.entry.words())
	}
	switch {
	case !strings.Contains(id, "ephemeral"):
	case len(list) == 1 && list[0].from == list[0].to:
		found.because(FromConfig, fmt.Sprintf("network ACLs keep no state: answers need a rule of their own for port %d", list[0].from))
	default:
		found.because(FromConfig, "network ACLs keep no state: answers need a rule of their own for ports 1024-65535")
		if e, ok := g.tooNarrow(peer); ok {
			found.because(FromConfig, fmt.Sprintf("%s: rule %d allows %s", g.ID, e.Number, e.what()))
		}
	}
	found.unseen = g.protocol == "udp"
	found.share = f.behind(found)
	return found
}
