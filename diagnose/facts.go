package diagnose

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Attributes by the names of the newer API.
const (
	attrIdle      = "idle_timeout.timeout_seconds"
	attrCrossZone = "load_balancing.cross_zone.enabled"
	attrDelay     = "deregistration_delay.timeout_seconds"
	attrClientIP  = "preserve_client_ip.enabled"
	attrLeast     = "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count"
	attrLeastPart = "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage"
)

// facts is a snapshot that can be asked.
type facts struct {
	*Snapshot
	endpoints []endpoint       // of the groups behind the balancer; of the one asked about, if one was
	numbers   map[newEntry]int // of entries of network ACLs that commands make
}

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

func newFacts(s *Snapshot) *facts {
	f := &facts{Snapshot: s, numbers: map[newEntry]int{}}
	for i := range s.Groups {
		g := &s.Groups[i]
		for j := range g.Targets {
			e := f.place(g, &g.Targets[j])
			if s.Target == "" || e.named(s.Target) {
				f.endpoints = append(f.endpoints, e)
			}
		}
	}
	return f
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
	return e
}

// checkPort is the port of a target that health checks go to.
func (g *Group) checkPort(t *Target) int {
	for _, port := range []string{t.CheckPort, g.Check.Port} {
		if n, err := strconv.Atoi(port); err == nil && n > 0 {
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
		r, _, found, known := f.routeFor(z.Subnet, a)
		if !known || found && r.leadsTo("pcx-", "tgw-", "arn:") {
			return true
		}
	}
	return len(f.Balancer.Zones) == 0
}

// name is what logs call the target.
func (e endpoint) name() string {
	if e.address.IsValid() && e.port > 0 {
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
	address, err := netip.ParseAddr(t.ID)
	return t.ID == s || t.ID+":"+strconv.Itoa(t.Port) == s || err == nil && means(s, address, t.Port)
}

// means reports whether a text is an address, or an address and its port, however it is
// written.
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

func (t *Target) healthy() bool { return t.State == "healthy" || t.State == "InService" }

// failing reports whether its health checks fail.
func (e endpoint) failing() bool {
	return strings.HasPrefix(e.target.State, "unhealthy") || e.target.State == "OutOfService"
}

// usable reports whether a target may get requests, fail-open included.
func (t Target) usable() bool {
	return slices.Contains([]string{"healthy", "unhealthy", "initial", "unavailable", "InService"}, t.State)
}

// group returns the group of an ARN, nil if it is not behind the balancer.
func (f *facts) group(arn string) *Group {
	if i := slices.IndexFunc(f.Groups, func(g Group) bool { return g.ARN == arn }); i >= 0 {
		return &f.Groups[i]
	}
	return nil
}

// of are the endpoints of a group.
func (f *facts) of(g *Group) (list []endpoint) {
	for _, e := range f.endpoints {
		if e.group == g {
			list = append(list, e)
		}
	}
	return list
}

// addressed reports whether the targets of a group are known by what logs name them by: then
// one that logs name and that is none of them is registered no more.
func (f *facts) addressed(g *Group) bool {
	return g.Targets != nil && !slices.ContainsFunc(f.of(g), func(e endpoint) bool { return g.Type == "instance" && !e.address.IsValid() })
}

// crossZone reports whether nodes send to targets of other zones, and whether that rests
// on attributes that were read. Those of an application balancer do unless a group's say
// otherwise.
func (f *facts) crossZone(g *Group) (on, known bool) {
	balancer := f.Balancer.Attributes[attrCrossZone]
	switch own := g.Attributes[attrCrossZone]; {
	case own == "true" || own == "false":
		return own == "true", true
	case f.Balancer.Type == Application:
		return balancer != "false", g.Attributes != nil
	}
	return balancer == "true", g.Attributes != nil && f.Balancer.Attributes != nil
}

// senders are the balancer's subnets from which a target is spoken to.
func (f *facts) senders(e endpoint) (list []Subnet) {
	across, _ := f.crossZone(e.group)
	for _, z := range f.Balancer.Zones {
		s := f.subnet(z.Subnet)
		if s == nil {
			continue
		}
		if e.zone == "" || e.zone == "all" || across || s.Zone == e.zone {
			list = append(list, *s)
		}
	}
	return list
}

func (f *facts) subnet(id string) *Subnet {
	if i := slices.IndexFunc(f.Network.Subnets, func(s Subnet) bool { return s.ID == id }); i >= 0 {
		return &f.Network.Subnets[i]
	}
	return nil
}

// ownRanges are the address ranges of the balancer's VPC; none if they are not known.
func (f *facts) ownRanges() []string {
	if i := slices.IndexFunc(f.Network.VPCs, func(v VPC) bool { return v.ID == f.Balancer.VPC }); i >= 0 {
		return f.Network.VPCs[i].CIDRs
	}
	return nil
}

// certificate is one that could be read; nil if it is none of them.
func (f *facts) certificate(arn string) *Certificate {
	if i := slices.IndexFunc(f.Certificates, func(c Certificate) bool { return c.ARN == arn }); i >= 0 {
		return &f.Certificates[i]
	}
	return nil
}

// knows reports whether a question was answered: no call of this action failed.
func (f *facts) knows(action string) bool {
	return !slices.ContainsFunc(f.Missing, func(m Missing) bool { return m.Action == action })
}

// describeRules is the action that reads the rules of a listener, beside its default one.
const describeRules = "elasticloadbalancing:DescribeRules"

// rulesKnown reports whether the rules of all listeners were read.
func (f *facts) rulesKnown() bool { return f.Listeners != nil && f.knows(describeRules) }

// transports are the protocols that security groups and network ACLs know for what a
// target group or a listener speaks.
func transports(protocol string) []string {
	switch protocol {
	case "UDP", "QUIC", "GENEVE":
		return []string{"udp"}
	case "TCP_UDP", "TCP_QUIC":
		return []string{"tcp", "udp"}
	}
	return []string{"tcp"}
}

// transports are those of the traffic to a group. Its health checks are always in TCP.
func (g *Group) transports() []string { return transports(g.Protocol) }

// checkedApart reports whether what lets a target's traffic through need not let its
// health checks through: they go to another port, or over another protocol.
func (e endpoint) checkedApart() bool {
	return e.checkPort != e.port || !slices.Contains(e.group.transports(), "tcp")
}

// speaksTLS reports whether the balancer speaks TLS to the group's targets.
func (g *Group) speaksTLS() bool {
	return g.Protocol == "HTTPS" || g.Protocol == "TLS" || g.Protocol == "SSL"
}

// plain reports whether the balancer speaks HTTP without TLS to them.
func (g *Group) plain() bool { return g.Protocol == "HTTP" }

// numeric reads an attribute that is a number; or where it is none.
func numeric(attributes map[string]string, name string, or float64) float64 {
	if n, err := strconv.ParseFloat(attributes[name], 64); err == nil {
		return n
	}
	return or
}

// idle is the balancer's idle timeout in seconds.
func (f *facts) idle() float64 { return numeric(f.Balancer.Attributes, attrIdle, 60) }

// counted reports whether a failure is one that is to be explained: an outage, not
// what a client or a policy did. 464 is a client's by its name, and a setting's by
// its cause.
func counted(f Failure) bool {
	return f.Class != "client" && f.Class != "policy" || f.Reason == "Protocol_Mismatch"
}

func (f *facts) failures() []Failure {
	if f.Logs == nil {
		return nil
	}
	return f.Logs.Failures
}

// sum adds up a share of all failures that count.
func (f *facts) sum(share func(Failure) int64) (n int64) {
	for _, row := range f.failures() {
		if counted(row) {
			n += share(row)
		}
	}
	return n
}

// reasons is the share of failures for these reasons, to these targets; without
// targets, in these groups; without groups, anywhere.
func (f *facts) reasons(found *Finding, reasons ...string) func(Failure) int64 {
	return func(row Failure) int64 {
		if slices.Contains(reasons, row.Reason) && f.about(found, row) {
			return row.Count
		}
		return 0
	}
}

// ofGroup is the share of failures for a reason whose lines name this very group.
func (f *facts) ofGroup(g *Group, reason string) func(Failure) int64 {
	return func(row Failure) int64 {
		if row.Reason == reason && row.Group == g.logARN(f) {
			return row.Count
		}
		return 0
	}
}

// about reports whether a failure is of what a finding is about.
func (f *facts) about(found *Finding, row Failure) bool {
	switch {
	case len(found.Targets) > 0 && row.Target != "":
		return slices.Contains(found.Targets, row.Target)
	case len(found.Groups) > 0 && row.Group != "":
		g := f.group(row.Group)
		return g != nil && slices.Contains(found.Groups, g.Name)
	}
	return len(found.Groups) == 0 || row.Group == ""
}

// observed sums the logs up.
func (f *facts) observed(list []*Finding) Observed {
	o := Observed{Logs: f.Logs != nil && f.Logs.Access}
	if f.Logs == nil {
		return o
	}
	for _, t := range f.Logs.Traffic {
		o.Requests += t.Requests
	}
	for _, row := range f.Logs.Failures {
		if counted(row) {
			o.Failures += row.Count
			o.Explained += explained(row, list)
			continue
		}
		at := slices.IndexFunc(o.NotCounted, func(n NotCounted) bool { return n.Reason == row.Reason && n.Class == row.Class })
		if at < 0 {
			at = len(o.NotCounted)
			o.NotCounted = append(o.NotCounted, NotCounted{Reason: row.Reason, Class: row.Class})
		}
		o.NotCounted[at].Requests += row.Count
	}
	slices.SortFunc(o.NotCounted, func(a, b NotCounted) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Class, b.Class))
	})
	return o
}

// explained is how many of some failures at least one finding explains.
func explained(row Failure, list []*Finding) int64 {
	most, parts := int64(0), int64(0)
	for _, found := range list {
		if found.share != nil && found.ID != "unexplained-failures" && found.ID != "no-usable-target" {
			most = max(most, found.share(row))
			if row.Reason == "Target_Connection_Error" && slices.Contains(apart, found.ID) {
				parts += found.share(row)
			}
		}
	}
	return max(most, min(parts, row.Count))
}

// total adds up a metric; ok is false if there is no point of it, which is not zero.
func (f *facts) total(name, group string) (sum float64, ok bool) {
	for _, s := range f.Metrics {
		if s.Name == name && s.Group == group {
			for _, p := range s.Points {
				sum += p.Value
			}
			ok = ok || len(s.Points) > 0
		}
	}
	return sum, ok
}

// series are the points of a metric; nil if it was not read.
func (f *facts) series(name, group string) []Point {
	for _, s := range f.Metrics {
		if s.Name == name && s.Group == group {
			return s.Points
		}
	}
	return nil
}

// compareTargets orders targets by address and port, as numbers.
func compareTargets(a, b string) int {
	x, errX := netip.ParseAddrPort(a)
	y, errY := netip.ParseAddrPort(b)
	if errX != nil || errY != nil {
		return cmp.Compare(a, b)
	}
	return x.Compare(y)
}

// few lists names, the first ones of many.
func few(names []string) string {
	const most = 3
	if more := len(names) - most; more > 0 {
		return strings.Join(names[:most], ", ") + " and " + strconv.Itoa(more) + " more"
	}
	return strings.Join(names, ", ")
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

// number writes a value of a metric.
func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// clock writes a time of the window, with its day where the window has several.
func (f *facts) clock(t time.Time) string {
	if f.Until.Sub(f.From) > 24*time.Hour {
		return t.UTC().Format("2006-01-02 15:04")
	}
	return t.UTC().Format("15:04")
}

// ports writes a range of ports.
func ports(from, to int) string {
	if from == to {
		return strconv.Itoa(from)
	}
	return fmt.Sprintf("%d-%d", from, to)
}
