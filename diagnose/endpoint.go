package diagnose

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// endpoint is a target in a group, and where it stands.
type endpoint struct {
	group  *Group
	target *Target

	port      int // that traffic goes to
	checkPort int
	address   netip.Addr // zero if not known
	vpc       string
	subnet    string
	zone      string
	filters   []string // security groups; nil if not known
	instance  *Instance
}

// place finds out where a target stands.
func (f *facts) place(g *Group, t *Target) endpoint {
	e := endpoint{group: g, target: t, port: cmp.Or(t.Port, g.Port), checkPort: g.checkPort(t), zone: t.Zone}
	if i := slices.IndexFunc(f.Network.Instances, func(i Instance) bool { return i.ID == t.ID }); i >= 0 {
		at := &f.Network.Instances[i]
		e.instance, e.vpc, e.subnet, e.filters = at, at.VPC, at.Subnet, at.SecurityGroups
		e.zone = cmp.Or(e.zone, at.Zone)
		address := at.Address
		if g.AddressType == "ipv6" {
			address = at.IPv6
		}
		e.address, _ = netip.ParseAddr(address)
		return e
	}
	if address, err := netip.ParseAddr(t.ID); err == nil {
		e.address = address
		f.placeAddress(&e)
	}
	if i := slices.IndexFunc(f.Network.Interfaces, func(i Interface) bool { return i.Behind == t.ID }); g.Type == "alb" && i >= 0 {
		e.vpc, e.filters = f.Network.Interfaces[i].VPC, f.Network.Interfaces[i].SecurityGroups // a balancer's nodes have the same
	}
	return e
}

// located are those of some endpoints whose address is known, and in place of a balancer that is a
// target its nodes, by the family in which the group is spoken to.
func (f *facts) located(list []endpoint) (places []endpoint) {
	for _, e := range list {
		switch {
		case e.group.Type == "alb":
			places = append(places, f.nodesOfTarget(e)...)
		case e.address.IsValid():
			places = append(places, e)
		}
	}
	return places
}

// nodesOfTarget are a balancer that is a target, once for each address of its nodes.
func (f *facts) nodesOfTarget(e endpoint) (places []endpoint) {
	for _, i := range f.Network.Interfaces {
		if i.Behind != e.target.ID {
			continue
		}
		e.subnet, e.zone = i.Subnet, i.Zone
		for _, a := range i.addresses(e.group.AddressType == "ipv6") {
			e.address = a
			places = append(places, e)
		}
	}
	return places
}

// addresses are those of an interface of one family.
func (i Interface) addresses(six bool) (list []netip.Addr) {
	for _, text := range i.Addresses {
		if a, err := netip.ParseAddr(text); err == nil && a.Is6() == six {
			list = append(list, a)
		}
	}
	return list
}

// checkPort is the port of a target that health checks go to.
func (g *Group) checkPort(t *Target) int {
	for _, port := range []string{t.CheckPort, g.Check.Port} {
		if n, _ := strconv.Atoi(port); n > 0 {
			return n
		}
	}
	return cmp.Or(t.Port, g.Port)
}

// placeAddress looks for the interface with a target's address: the same address
// may be in use in several VPCs.
func (f *facts) placeAddress(e *endpoint) {
	var at *Interface
	inside, others := false, 0
	for i := range f.Network.Interfaces {
		n := &f.Network.Interfaces[i]
		switch {
		case !slices.Contains(n.Addresses, e.address.String()):
		case n.VPC == e.group.VPC:
			at, inside = n, true
		case !inside && f.reachesOtherVPC(e.address):
			at, others = n, others+1
		}
	}
	if inside || others == 1 {
		e.vpc, e.subnet, e.filters = at.VPC, at.Subnet, at.SecurityGroups
		e.zone = cmp.Or(e.zone, at.Zone) // one registered for all zones is sent to from all
		return
	}
	for _, s := range f.Network.Subnets {
		if s.VPC == e.group.VPC && slices.ContainsFunc(prefixes(s.CIDRs), func(p netip.Prefix) bool { return p.Contains(e.address) }) {
			e.vpc, e.subnet = s.VPC, s.ID
			e.zone = cmp.Or(e.zone, s.Zone)
		}
	}
}

// reachesOtherVPC reports whether the balancer's routes lead an address to another VPC,
// or are not known.
func (f *facts) reachesOtherVPC(a netip.Addr) bool {
	for _, z := range f.Balancer.Zones {
		if w, known := f.routeFor(z.Subnet, a); !known || w.leadsTo("pcx-", "tgw-", "arn:") {
			return true
		}
	}
	return len(f.Balancer.Zones) == 0
}

// name is what logs call the target.
func (e endpoint) name() string {
	if e.address.IsValid() && e.port > 0 && e.group.Type != "alb" {
		return e.address.String() + ":" + strconv.Itoa(e.port)
	}
	if e.port > 0 && e.group.Type != "lambda" {
		return e.target.ID + ":" + strconv.Itoa(e.port)
	}
	return e.target.ID
}

// label names the target for people, with its instance.
func (e endpoint) label() string {
	if e.instance != nil && e.address.IsValid() {
		return e.name() + " (" + e.instance.ID + ")"
	}
	return e.name()
}

// named reports whether somebody means this target: by address and port, by
// address, or by id.
func (e endpoint) named(s string) bool {
	return e.name() == s || means(s, e.address, e.port) || e.target.named(s)
}

func (t Target) named(s string) bool {
	address, _ := netip.ParseAddr(t.ID)
	return t.ID == s || t.ID+":"+strconv.Itoa(t.Port) == s || means(s, address, t.Port)
}

// means reports whether a text is an address, or an address and its port, however it is
// written; never if that is not known.
func means(s string, address netip.Addr, port int) bool {
	if at, err := netip.ParseAddrPort(s); err == nil {
		return at == netip.AddrPortFrom(address, uint16(port)) //nolint:gosec // a port
	}
	a, err := netip.ParseAddr(s)
	return err == nil && a == address
}

// ambiguous reports whether a text is an IPv6 address, and might as well be one with a
// port behind it, as logs write it; and how both are told apart.
func ambiguous(s string) (how string, ok bool) {
	whole, err := netip.ParseAddr(s)
	at := strings.LastIndexByte(s, ':')
	if err != nil || at < 0 {
		return "", false
	}
	address, err := netip.ParseAddr(s[:at])
	port, errPort := strconv.ParseUint(s[at+1:], 10, 16)
	if err != nil || errPort != nil || port == 0 {
		return "", false
	}
	return fmt.Sprintf("%s is an address, and may be meant as one with a port: that is written %s", whole, netip.AddrPortFrom(address, uint16(port))), true
}

// healthy reports whether the balancer thinks that the target works.
func (e endpoint) healthy() bool { return e.target.healthy() }

func (t Target) healthy() bool { return t.State == "healthy" || t.State == "InService" }

// hasHealthy reports whether a target of the group is healthy.
func (g *Group) hasHealthy() bool {
	return slices.ContainsFunc(g.Targets, Target.healthy)
}

// failing reports whether its health checks fail.
func (e endpoint) failing() bool {
	return strings.HasPrefix(e.target.State, "unhealthy") || e.target.State == "OutOfService"
}

// unanswered reports whether its health checks fail, and may do so since nothing is answered: a network
// balancer does not say how.
func (e endpoint) unanswered(balancer string) bool {
	return e.failing() && (balancer == NetworkType || timeoutReason(e.target))
}

// usable reports whether a target may get requests, fail-open included. One in state unhealthy.draining
// gets no new connections, and keeps those that it has.
//
// Source: AWS re:Post, "AWS Network Load Balancer (NLB) introduces a new target health status while
// draining connections", read 2026-11.
func (t Target) usable() bool {
	return slices.Contains([]string{"healthy", "unhealthy", "initial", "unavailable", "InService"}, t.State)
}

// unchecked reports whether nothing is known of a target's health since it is not checked, as a function is unless that is
// switched on.
func (t Target) unchecked() bool { return t.Reason == "Target.HealthCheckDisabled" }

// of are the endpoints of a group.
func (f *facts) of(g *Group) (list []endpoint) {
	for _, e := range f.endpoints {
		if e.group == g {
			list = append(list, e)
		}
	}
	return list
}

// called is the endpoint of a group that logs call so; ok is false if none is registered.
func (f *facts) called(g *Group, name string) (e endpoint, ok bool) {
	list := f.of(g)
	if i := slices.IndexFunc(list, func(e endpoint) bool { return e.name() == name }); i >= 0 {
		return list[i], true
	}
	return endpoint{}, false
}

// whole are the endpoints of a group, those included that were not asked about.
func (f *facts) whole(g *Group) (list []endpoint) {
	for i := range g.Targets {
		list = append(list, f.place(g, &g.Targets[i]))
	}
	return list
}

// addressed reports whether the targets of a group are known by what logs name them by: then
// one that logs name and that is none of them is registered no more.
func (f *facts) addressed(g *Group) bool {
	return g.Targets != nil && !slices.ContainsFunc(f.of(g), func(e endpoint) bool { return g.Type == "instance" && !e.address.IsValid() })
}

// senders are the balancer's subnets from which a target is spoken to.
func (f *facts) senders(e endpoint) (list []Subnet) {
	across, _ := f.crossZone(e.group)
	for _, s := range f.subnets() {
		if e.zone == "" || e.zone == "all" || across || s.Zone == e.zone {
			list = append(list, *s)
		}
	}
	return list
}

// firstGiven is the first port that a container may be given as it starts, where nobody has
// chosen one for it.
//
// Source: AWS, "PortMapping" of the ECS API reference, read 2026-11.
const firstGiven = 32768

// portsAreGiven reports whether a group's targets have ports that their containers were given
// as they started, each another one. The next ones will have others. Somebody has chosen those that
// most instances have alike, or that are the group's, and where one port is checked for all.
func (g *Group) portsAreGiven() bool {
	var all []int
	for _, t := range g.Targets {
		all = add(all, cmp.Or(t.Port, g.Port))
	}
	_, err := strconv.Atoi(g.Check.Port)
	return g.Type == "instance" && err != nil && len(all) > 1 && slices.Min(all) >= firstGiven && 2*len(all) > len(g.Targets) && !slices.Contains(all, g.Port)
}

// opening are the ports that have to be let through where one of a target's is not.
func (e endpoint) opening(port int) (from, to int) {
	if port == e.port && e.group.portsAreGiven() {
		return firstGiven, lastEphemeral
	}
	return port, port
}

// whyOpening adds why more than one port has to be let through.
func (f *Finding) whyOpening(g *Group, from, to int) {
	if from < to {
		f.because(FromConfig, fmt.Sprintf("targets of %s have different ports of %s, as containers are given them as they start, and the next ones get others; if somebody has chosen these, open them alone", g.Name, ports(from, to)))
	}
}

// checkedApart reports whether what lets a target's traffic through need not let its
// health checks through: they go to another port, or over another protocol.
func (e endpoint) checkedApart() bool {
	return e.checkPort != e.port || !e.group.over("tcp")
}

// checksAlone reports whether what lets health checks through is looked at for them: they are apart, and, of
// a Classic Load Balancer, whose instances have all its ports, go to none that traffic goes to: there it is
// looked at, and the same command would stand twice.
func (f *facts) checksAlone(e endpoint) bool {
	return e.checkedApart() && !slices.ContainsFunc(f.endpoints, func(other endpoint) bool {
		return f.Balancer.Type == Classic && other.port == e.checkPort
	})
}

// compareTargets orders targets by address and port, as numbers.
func compareTargets(a, b string) int {
	x, errX := readTarget(a)
	y, errY := readTarget(b)
	if errX != nil || errY != nil {
		return cmp.Compare(a, b)
	}
	return x.Compare(y)
}

// some names targets, or says how many there are.
func some(list []endpoint) string {
	var labels []string
	for _, e := range list {
		labels = append(labels, e.label())
	}
	return few(labels)
}

// names are what logs call targets.
func names(list []endpoint) (all []string) {
	for _, e := range list {
		all = append(all, e.name())
	}
	return all
}
