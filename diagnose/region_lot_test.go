package diagnose

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

const zoneOf = "eu-central-1"

// drawRegion draws a balancer's zones, its groups, and where their targets stand and how they are.
func drawRegion(seed uint64, network bool) *region {
	s := &region{Snapshot: base(), sick: map[string]bool{}}
	d := &lot{Snapshot: s.Snapshot, r: rand.New(rand.NewPCG(seed, 7))}
	n := &s.Network
	n.Subnets = append(n.Subnets, Subnet{"subnet-app-c", "vpc-1", zoneOf + "c", []string{"10.0.12.0/24"}, 200, "", false}, Subnet{"subnet-edge-c", "vpc-1", zoneOf + "c", []string{"10.0.2.0/24"}, 200, "", false})
	n.ACLs[0].Subnets, n.ACLs[1].Subnets = append(n.ACLs[0].Subnets, "subnet-app-c"), append(n.ACLs[1].Subnets, "subnet-edge-c")
	n.RouteTables[1].Subnets = append(n.RouteTables[1].Subnets, "subnet-edge-c")
	n.RouteTables[1].Routes = append(n.RouteTables[1].Routes, Route{"10.9.0.0/16", "tgw-1", "active"})
	n.Interfaces = nil
	if network {
		s.Balancer.Type, s.Balancer.Attributes = NetworkType, map[string]string{attrCrossZone: d.pick("true", "false", "false"), "access_logs.s3.enabled": "true"}
		s.Listeners[0].Protocol, s.web().Protocol, s.web().Check.Protocol, s.web().Attributes[attrClientIP] = "TCP", "TCP", "TCP", "false"
	}
	s.Balancer.Zones = nil
	for i, zone := range []string{"a", "b", "c"} {
		if i < 2 && !network || i == 0 || d.onceIn(2) {
			s.Balancer.Zones = append(s.Balancer.Zones, Zone{zoneOf + zone, "subnet-edge-" + zone})
		}
	}
	if d.onceIn(6) {
		s.shift = d.pick(s.enabled()...)
	}
	s.drawWays(d)
	for i := range s.Groups {
		s.drawGroup(d, &s.Groups[i])
	}
	s.settle()
	s.serve(d)
	return s
}

// drawWays makes one group, or two, to which one listener leads or one each.
func (s *region) drawWays(d *lot) {
	if s.web().Targets = nil; d.onceIn(2) {
		return
	}
	s.second(nil)
	r := forwardTo("default", webARN, newARN)
	if d.onceIn(2) {
		for i := range r.Actions[0].Weights {
			r.Actions[0].Weights[i].Weight = []int{0, 1, 9}[d.r.IntN(3)]
		}
		s.Listeners[0].Rules = []Rule{r}
		return
	}
	l := s.Listeners[0]
	l.ARN, l.Port, l.Rules = "arn:listener-443", 443, []Rule{forwardTo("default", newARN)}
	s.Listeners = append(s.Listeners, l)
}

func (s *region) drawGroup(d *lot, g *Group) {
	g.Attributes = map[string]string{attrDelay: "300", attrClientIP: "false", attrCrossZone: d.pick("use_load_balancer_configuration", "true", "false")}
	for _, action := range []string{"unhealthy_state_routing", "dns_failover"} {
		g.Attributes["target_group_health."+action+".minimum_healthy_targets.count"] = d.pick("1", "1", "1", "2")
		g.Attributes["target_group_health."+action+".minimum_healthy_targets.percentage"] = d.pick("off", "off", "50")
	}
	g.Type = d.pick("ip", "instance")
	g.Targets = []Target{}
	zones := []string{"a", "b", "c"}[:1+d.r.IntN(3)]
	for i := range d.r.IntN(5) {
		zone, number := d.pick(zones...), 20+10*strings.Index("web new", g.Name)+i
		t := Target{ID: fmt.Sprintf("10.0.1%d.%d", strings.Index("abc", zone), number), Port: 8080, Zone: zoneOf + zone, CheckPort: "8080"}
		n := Interface{ID: fmt.Sprint("eni-", number), VPC: "vpc-1", Subnet: "subnet-app-" + zone, Zone: t.Zone, Addresses: []string{t.ID}, SecurityGroups: []string{"sg-app"}}
		switch {
		case g.Type == "instance":
			t.ID, t.Zone = fmt.Sprint("i-", number), ""
			s.Network.Instances = append(s.Network.Instances, Instance{ID: t.ID, State: "running", VPC: n.VPC, Subnet: n.Subnet, Zone: n.Zone, Address: n.Addresses[0], SecurityGroups: n.SecurityGroups})
		case d.onceIn(8) && (s.crosses(g) || s.Balancer.Type == NetworkType):
			t.ID, t.Zone = fmt.Sprint("10.9.0.", number), "all"
		default:
			s.Network.Interfaces = append(s.Network.Interfaces, n)
		}
		s.drawTarget(d, &t)
		g.Targets = append(g.Targets, t)
	}
}

// drawTarget is one that is well, fails its checks, leaves, comes, or is stopped.
func (s *region) drawTarget(d *lot, t *Target) {
	s.sick[t.ID] = d.onceIn(4)
	switch {
	case d.onceIn(8):
		t.State, t.Reason, t.Description = "draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"
	case d.onceIn(12):
		t.State, t.Reason, t.Description = "initial", "Elb.InitialHealthChecking", "Initial health checks in progress"
	case strings.HasPrefix(t.ID, "i-") && d.onceIn(8):
		s.Network.Instances[len(s.Network.Instances)-1].State = "stopped"
	}
}

// serve lets clients send as many requests to each node for each group, and counts them as logs and metrics do.
func (s *region) serve(d *lot) {
	const each = 600
	s.Logs.Traffic, s.Logs.Failures, s.Logs.Minutes, s.Metrics = nil, nil, nil, nil
	all, refused := 0, 0
	for i := range s.Groups {
		g := &s.Groups[i]
		served, failed, open := 0, 0, 0
		for _, zone := range s.names() {
			list, unhealthy := s.gets(g, zone)
			switch {
			case s.weight(g) == 0:
				continue
			case len(list) == 0:
				failed += each
				s.Logs.Failures = append(s.Logs.Failures, Failure{Group: g.ARN, Node: "10.0.0.5", Status: 503, TargetStatus: -1, Reason: "No_Usable_Target", Class: "target", Source: "derived", Count: each, First: s.From, Last: s.Until})
				s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: g.ARN, Requests: each, Slowest: -1, Last: noon})
				continue
			}
			served += each
			if unhealthy && slices.ContainsFunc(list, func(t Target) bool { return t.State == "unhealthy" }) {
				open += each * (len(list) - len(healthy(list))) / len(list)
			}
			for _, t := range list {
				e := newFacts(s.Snapshot).place(g, &t)
				s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: g.ARN, Target: e.name(), Requests: each / int64(len(list)), Slowest: 0.4, Last: noon})
			}
		}
		for i := range 60 {
			s.Logs.Minutes = append(s.Logs.Minutes, Minute{Minute: s.minute(i), Group: g.ARN, Requests: int64(served+failed) / 60, Reasons: map[string]int64{"No_Usable_Target": int64(failed) / 60}, Statuses: map[string]int64{"503": int64(failed) / 60}})
		}
		all, refused = all+served, refused+failed
		if s.Balancer.Type == Application {
			s.metric("RequestCount", g.ARN, "Sum", float64(served))
			if open > 0 {
				s.metric("UnhealthyRoutingRequestCount", g.ARN, "Sum", float64(open))
			}
		} else if open > 0 {
			s.metric("UnhealthyRoutingFlowCount", "", "Sum", float64(open))
		}
	}
	if s.Balancer.Type == NetworkType {
		s.metric("NewFlowCount", "", "Sum", float64(all+refused))
		s.Logs = nil
		return
	}
	s.metric("RequestCount", "", "Sum", float64(all))
	if refused > 0 {
		s.metric("HTTPCode_ELB_5XX_Count", "", "Sum", float64(refused))
		s.metric("HTTPCode_ELB_503_Count", "", "Sum", float64(refused))
	}
	if d.onceIn(3) {
		s.Logs = nil
		s.Balancer.Attributes["access_logs.s3.enabled"] = "false"
	}
}
