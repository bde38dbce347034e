package diagnose

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Attributes by the names of the newer API.
const (
	attrIdle       = "idle_timeout.timeout_seconds"
	attrTCPIdle    = "tcp.idle_timeout.seconds" // of a listener
	attrCrossZone  = "load_balancing.cross_zone.enabled"
	attrMultiValue = "lambda.multi_value_headers.enabled"
	attrAlgorithm  = "load_balancing.algorithm.type"
	attrSticky     = "stickiness.enabled"
	attrSlowStart  = "slow_start.duration_seconds"
	attrDesync     = "routing.http.desync_mitigation_mode"
	attrDelay      = "deregistration_delay.timeout_seconds"
	attrClientIP   = "preserve_client_ip.enabled"
	attrProxy      = "proxy_protocol_v2.enabled"
	attrHTTP2      = "routing.http2.enabled"
	attrLeast      = "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count"
	attrLeastPart  = "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage"
	attrNamed      = "target_group_health.dns_failover.minimum_healthy_targets.count"
	attrNamedPart  = "target_group_health.dns_failover.minimum_healthy_targets.percentage"
)

// facts is a snapshot that can be asked.
type facts struct {
	*Snapshot
	groups    []*Group             // those behind the balancer
	endpoints []endpoint           // of these groups; of the one asked about, if one was
	numbers   map[newEntry]int     // of entries of network ACLs that commands make
	divided   map[string]decided   // by ARN of a group, of those that were looked at
	minutes   map[string][]*Minute // what the logs have of each group, by its ARN in them
	rows      []Failure            // those of the logs, where some are divided; else nil
}

func newFacts(s *Snapshot) *facts {
	f := &facts{Snapshot: s, numbers: map[newEntry]int{}, divided: map[string]decided{}, minutes: map[string][]*Minute{}}
	for i := range s.Groups {
		g := &s.Groups[i]
		f.groups = append(f.groups, g)
		for j := range g.Targets {
			e := f.place(g, &g.Targets[j])
			if s.Target == "" || e.named(s.Target) {
				f.endpoints = append(f.endpoints, e)
			}
		}
	}
	for i := range f.logMinutes() {
		m := &f.Logs.Minutes[i]
		f.minutes[m.Group] = append(f.minutes[m.Group], m)
	}
	f.setApart()
	return f
}

// group returns the group of an ARN, nil if it is not behind the balancer.
func (f *facts) group(arn string) *Group {
	if i := slices.IndexFunc(f.groups, func(g *Group) bool { return g.ARN == arn }); i >= 0 {
		return f.groups[i]
	}
	return nil
}

// groupsThat are those of which something holds.
func (f *facts) groupsThat(are func(*Group) bool) (list []*Group) {
	for _, g := range f.groups {
		if are(g) {
			list = append(list, g)
		}
	}
	return list
}

func groupNames(groups []*Group) (names []string) {
	for _, g := range groups {
		names = append(names, g.Name)
	}
	return names
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

func (f *facts) subnet(id string) *Subnet {
	if i := slices.IndexFunc(f.Network.Subnets, func(s Subnet) bool { return s.ID == id }); i >= 0 {
		return &f.Network.Subnets[i]
	}
	return nil
}

// subnets are those of the balancer, as far as they are known.
func (f *facts) subnets() (list []*Subnet) {
	for _, z := range f.Balancer.Zones {
		if s := f.subnet(z.Subnet); s != nil {
			list = append(list, s)
		}
	}
	return list
}

// ownRanges are the address ranges of the balancer's VPC; none if they are not known.
func (f *facts) ownRanges() []netip.Prefix {
	if i := slices.IndexFunc(f.Network.VPCs, func(v VPC) bool { return v.ID == f.Balancer.VPC }); i >= 0 {
		return prefixes(f.Network.VPCs[i].CIDRs)
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

// describeListenerAttributes is the action that reads the idle timeouts of listeners.
const describeListenerAttributes = "elasticloadbalancing:DescribeListenerAttributes"

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

// over reports whether a transport is one of these.
func (g *Group) over(transport string) bool { return slices.Contains(g.transports(), transport) }

// speaksTLS reports whether the balancer speaks TLS to the group's targets.
func (g *Group) speaksTLS() bool {
	return overTLS(g.Protocol)
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

// few lists names, the first ones of many.
func few(names []string) string {
	const most = 3
	if more := len(names) - most; more > 0 {
		return strings.Join(names[:most], ", ") + " and " + strconv.Itoa(more) + " more"
	}
	return strings.Join(names, ", ")
}

// number writes a value of a metric.
func number(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// mostFirst are the names of numbers, the largest first.
func mostFirst(n map[string]int64) []string {
	return slices.SortedFunc(maps.Keys(n), func(a, b string) int { return cmp.Or(cmp.Compare(n[b], n[a]), cmp.Compare(a, b)) })
}

// percent writes a part of 1, never one that there is as none.
func percent(part float64, digits int) string {
	if least := math.Pow10(-digits); part > 0 && 100*part < least {
		return fmt.Sprintf("less than %.*f %%", digits, least)
	}
	return fmt.Sprintf("%.*f %%", digits, 100*part)
}

// clock writes a time of the window, with its day where one would have to think which it is.
func (s *Snapshot) clock(t time.Time) string {
	if wide := s.Until.Sub(s.From); wide > 24*time.Hour || wide > 12*time.Hour && s.From.UTC().Day() != s.Until.Add(-1).UTC().Day() {
		return t.UTC().Format("2006-01-02 15:04")
	}
	return t.UTC().Format("15:04")
}

// latest is when the last part of the window begins that is so long.
func (f *facts) latest(long time.Duration) time.Time {
	if from := f.Until.Add(-long); from.After(f.From) {
		return from
	}
	return f.From
}

// ports writes a range of ports.
func ports(from, to int) string {
	if from == to {
		return strconv.Itoa(from)
	}
	return fmt.Sprintf("%d-%d", from, to)
}
