package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// finding is the first one of an id; nil if there is none.
func (r *Report) finding(id string) *Finding {
	if i := slices.IndexFunc(r.Findings, func(f *Finding) bool { return f.ID == id }); i >= 0 {
		return r.Findings[i]
	}
	return nil
}

// TestNetworkFailsOpen: where all targets of a group are unhealthy, a network balancer
// sends to all of them, as an application balancer does.
//
// Source: AWS, "Health checks" and "Target group health" of the Network Load Balancer
// guide, read 2026-11.
func TestNetworkFailsOpen(t *testing.T) {
	s := base()
	s.network()
	s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
	r := Diagnose(copied(t, s))
	if f := r.finding("target-group-fail-open"); f == nil || !strings.Contains(f.Sentence, "sends connections to all of them") || len(f.BecauseOf) == 0 {
		t.Errorf("want target-group-fail-open, and why:\n%s", said(r))
	}

	s.web().Targets = s.web().Targets[:1]
	r = Diagnose(copied(t, s))
	if f := r.finding("target-group-fail-open"); f == nil || !strings.HasPrefix(f.Sentence, "The one target of web is unhealthy, and the balancer sends connections to it all the same") {
		t.Errorf("want target-group-fail-open of one target:\n%s", said(r))
	}

	s = base()
	s.network()
	s.second(s.web().Targets)
	s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
	s.Listeners[0].Rules = []Rule{forwardTo("default", webARN, newARN)}
	r = Diagnose(copied(t, s))
	if f := r.finding("rule-weight-to-broken-group"); f != nil || r.Findings[0].ID != "target-port-refused" {
		t.Errorf("want target-port-refused first, and nothing of weights:\n%s", said(r))
	}
}

// TestNetworkPath: what is said of the hops of a network balancer is what was read of it.
// Its idle timeouts are its listeners', and its failed TLS handshakes are counted for all
// of its groups together.
func TestNetworkPath(t *testing.T) {
	for _, tt := range []struct {
		name   string
		hop    Hop
		state  State
		has    string
		not    string
		errors float64
	}{
		{"timeouts", HopTimeouts, Unknown, "is 350 of TLS:80, as of all TLS listeners; whether connections reach it is not seen", "60 s", 0},
		{"TLS", HopTargetTLS, Pass, "connections, and no TLS error among them", "no metric says", 0},
		{"TLS that fails", HopTargetTLS, Failed, "TargetTLSNegotiationErrorCount of the whole balancer 540", "no TLS error among them", 540},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := base()
			s.network()
			s.web().Protocol, s.Listeners[0].Protocol, s.Metrics = "TLS", "TLS", nil
			s.metric("NewFlowCount", "", "Sum", 600)
			if tt.errors > 0 {
				s.metric("TargetTLSNegotiationErrorCount", "", "Sum", tt.errors)
			}
			r := Diagnose(copied(t, s))
			at := r.Path[slices.IndexFunc(r.Path, func(at Station) bool { return at.Hop == tt.hop })]
			if said := strings.Join(at.Evidence, "; "); at.State != tt.state || !strings.Contains(said, tt.has) || strings.Contains(said, tt.not) {
				t.Errorf("%s: %s, want %s, %q and not %q", at.State, said, tt.state, tt.has, tt.not)
			}
		})
	}
}

// TestIdleTimeoutsNotRead: where a network balancer's idle timeouts are not known, that is said.
func TestIdleTimeoutsNotRead(t *testing.T) {
	s := base()
	s.network()
	r := Diagnose(copied(t, s))
	at := r.Path[slices.IndexFunc(r.Path, func(at Station) bool { return at.Hop == HopTimeouts })]
	if at.State != Unknown || !slices.Equal(at.Evidence, []string{"idle timeouts of its listeners are not looked at"}) {
		t.Errorf("%+v", at)
	}
}

// TestBlockedDatagrams: what security groups block of UDP is counted apart, and read.
func TestBlockedDatagrams(t *testing.T) {
	for _, way := range []string{"Inbound", "Outbound"} {
		name := "SecurityGroupBlockedFlowCount_" + way + "_UDP"
		if !slices.Contains(metrics[NetworkType], metric{name, "Sum", false}) {
			t.Errorf("%s is not asked for", name)
		}
		s := base()
		s.network()
		s.Listeners[0].Protocol, s.web().Protocol = "UDP", "UDP"
		s.group("sg-app").Ingress = []Permission{{Protocol: "-1", Groups: []string{"sg-lb"}}}
		s.group("sg-lb").Ingress = []Permission{{Protocol: "udp", From: 80, To: 80, CIDRs: []string{"203.0.113.0/24"}}}
		s.metric(name, "", "Sum", 600)
		r := Diagnose(copied(t, s))
		if f := r.finding("nlb-sg-blocks-flows"); f == nil || f.Level == Note || !strings.HasPrefix(f.Evidence[0].Text, name+": 600, between ") {
			t.Errorf("want nlb-sg-blocks-flows for %s:\n%s", name, said(r))
		}
	}
}

// TestFromWhichZone: where it is not known whether nodes send to other zones, it is not
// known either that all of them are let in: then no port is said to refuse.
func TestFromWhichZone(t *testing.T) {
	for _, action := range []string{"elasticloadbalancing:DescribeLoadBalancerAttributes", "elasticloadbalancing:DescribeTargetGroupAttributes", ""} {
		s := base()
		s.network()
		s.web().Type, s.web().Attributes[attrClientIP] = "ip", "false"
		s.Balancer.SecurityGroups = []string{}
		s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/24"}}}
		s.web().Targets[0].State, s.web().Targets[0].Reason = "unhealthy", "Target.FailedHealthChecks"
		s.web().Targets = s.web().Targets[:1]
		switch action {
		case "":
			s.group("sg-app").Ingress[0].CIDRs = []string{"10.0.0.0/23"}
		case "elasticloadbalancing:DescribeLoadBalancerAttributes":
			s.Balancer.Attributes = nil
		default:
			s.web().Attributes = nil
		}
		if action != "" {
			s.Missing = append(s.Missing, Missing{What: "attributes", Action: action, Denied: true, Why: "access denied"})
		}
		r := Diagnose(copied(t, s))
		if f := r.finding("target-port-refused"); (f != nil) != (action == "") {
			t.Errorf("without %q:\n%s", action, said(r))
		}
	}
}

// TestResets: resets of the balancer itself are told where they are many for its new flows,
// and are none of targets that fail, or are about to.
func TestResets(t *testing.T) {
	const balancer, targets = "nlb-resets-connections", "nlb-targets-reset-connections"
	// at is a metric with a value in some minutes.
	at := func(s *Snapshot, name, group, stat string, value float64, minutes ...int) {
		m := Series{Name: name, Group: group, Stat: stat, Period: 60}
		for _, i := range minutes {
			m.Points = append(m.Points, Point{s.minute(i), value})
		}
		s.Metrics = append(s.Metrics, m)
	}
	for _, tt := range []struct {
		name   string
		id     string
		change func(*Snapshot)
		want   Level // "" for none
		says   string
	}{
		{"as many as half of the flows", balancer, func(s *Snapshot) { s.metric("TCP_ELB_Reset_Count", "", "Sum", 3000) }, Warn, "TCP_ELB_Reset_Count: 3000 while neither UnHealthyHostCount (Minimum) nor"},
		{"one of twenty", balancer, func(s *Snapshot) { s.metric("TCP_ELB_Reset_Count", "", "Sum", 300) }, Note, "tcp.idle_timeout.seconds of a TCP listener is 350 unless changed"},
		{"with the idle timeout of the listener", balancer, func(s *Snapshot) {
			s.metric("TCP_ELB_Reset_Count", "", "Sum", 3000)
			s.Listeners[0].Idle = 900
			s.Listeners = append(s.Listeners, Listener{ARN: "arn:listener-443", Port: 443, Protocol: "TLS", Rules: s.Listeners[0].Rules})
		}, Warn, `"tcp.idle_timeout.seconds is 900 of TCP:80, 350 of TLS:443, as of all TLS listeners"`},
		{"few", balancer, func(s *Snapshot) { s.metric("TCP_ELB_Reset_Count", "", "Sum", 240) }, "", ""},
		{"a target fails now", balancer, func(s *Snapshot) {
			s.metric("TCP_ELB_Reset_Count", "", "Sum", 3000)
			s.web().Targets[0].State, s.web().Targets[0].Reason = "unhealthy", "Target.FailedHealthChecks"
		}, "", ""},
		{"a target leaves", balancer, func(s *Snapshot) {
			s.metric("TCP_ELB_Reset_Count", "", "Sum", 3000)
			s.web().Targets[0].State = "draining"
		}, "", ""},
		{"just before a target was unhealthy, and while it was", balancer, func(s *Snapshot) {
			at(s, "TCP_ELB_Reset_Count", "", "Sum", 1000, 27, 28, 29, 30, 31)
			at(s, "UnHealthyHostCount", webARN, "Minimum", 1, 30, 31)
		}, "", ""},
		{"long before that", balancer, func(s *Snapshot) {
			at(s, "TCP_ELB_Reset_Count", "", "Sum", 1000, 3, 4, 5, 29)
			at(s, "UnHealthyHostCount", webARN, "Minimum", 1, 30, 31)
		}, Warn, "TCP_ELB_Reset_Count: 3000 while"},
		{"while connections went to unhealthy targets, which not all nodes had as such", balancer, func(s *Snapshot) {
			at(s, "TCP_ELB_Reset_Count", "", "Sum", 1000, 27, 28, 29, 30, 31)
			at(s, "UnhealthyRoutingFlowCount", "", "Sum", 40, 30, 31)
		}, "", ""},
		{"of targets", targets, func(s *Snapshot) { s.metric("TCP_Target_Reset_Count", "", "Sum", 3000) }, Note, "TCP_Target_Reset_Count: 3000, between 11:00 and 11:59 UTC; it is of all target groups together"},
		{"of targets, as usual", targets, func(s *Snapshot) { s.metric("TCP_Target_Reset_Count", "", "Sum", 2940) }, "", ""},
	} {
		s := base()
		s.network()
		s.Metrics = nil
		s.metric("NewFlowCount", "", "Sum", 6000)
		tt.change(s)
		r := Diagnose(copied(t, s))
		f := r.finding(tt.id)
		if tt.want == "" {
			if f != nil {
				t.Errorf("%s: want none:\n%s", tt.name, said(r))
			}
			continue
		}
		if f == nil || f.Level != tt.want || f.Confidence != Low || len(f.Rivals) == 0 || len(f.Fix) > 0 || !strings.Contains(said(&Report{Findings: []*Finding{f}}), tt.says) {
			t.Errorf("%s: want %s, %s, %q:\n%s", tt.name, tt.id, tt.want, tt.says, said(r))
		}
		// What was not read is asked by hand, and no listener is said to have been looked at.
		read := s.Listeners[0].Idle > 0
		hop := r.Path[slices.IndexFunc(r.Path, func(p Station) bool { return p.Hop == HopTimeouts })]
		if ask := len(f.Verify) > 0; tt.id == balancer && ask == read || strings.HasPrefix(hop.Evidence[0], "tcp.idle_timeout.seconds is 900 of TCP:80") != read {
			t.Errorf("%s: read: %v, and to be asked: %v; %v", tt.name, read, f.Verify, hop.Evidence)
		}
	}
}

// TestSilentChecks: a network balancer says of a health check that is answered with a wrong
// code just what it says of one that finds nobody, so that the one is no less told of than
// the other. A check in TCP has no answer.
//
// Source: AWS, "Target health status" of the Network Load Balancer guide, read 2026-11: of
// unhealthy targets the only reason code is Target.FailedHealthChecks.
func TestSilentChecks(t *testing.T) {
	const checks, port = "target-health-failed-checks", "health-check-port-differs"
	for _, tt := range []struct {
		id       string
		protocol string
		has      []string
		not      []string
	}{
		{checks, "HTTP", []string{"a code that the matcher does not take", "an address as Host"}, []string{"TLS 1.3"}},
		{checks, "HTTPS", []string{"a code that the matcher does not take", "an address as Host", "TLS 1.3"}, nil},
		{checks, "TCP", nil, []string{"matcher", "Host", "TLS 1.3"}},
		{port, "HTTP", []string{"a code that the matcher 200 does not take", "an address as Host"}, nil},
		{port, "TCP", nil, []string{"matcher", "Host"}},
	} {
		s := base()
		s.network()
		if tt.id == port {
			s.checkPort("9090")
		}
		s.web().Check.Protocol = tt.protocol
		s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
		s.Network.Instances[0].SecurityGroups, s.Network.Instances[1].SecurityGroups = nil, nil // so that nothing is excluded
		f := Diagnose(copied(t, s)).finding(tt.id)
		if f == nil {
			t.Errorf("%s, %s: not found", tt.id, tt.protocol)
			continue
		}
		text := f.Sentence
		for _, rival := range f.Rivals {
			text += "\n" + rival.words()
		}
		for _, part := range tt.has {
			if !strings.Contains(text, part) {
				t.Errorf("%s, %s: want %q in\n%s", tt.id, tt.protocol, part, text)
			}
		}
		for _, part := range tt.not {
			if strings.Contains(text, part) {
				t.Errorf("%s, %s: want no %q in\n%s", tt.id, tt.protocol, part, text)
			}
		}
	}
}

// TestProxyProtocol: health checks begin with a header of proxy protocol where it is on,
// which a server that does not expect it takes for a broken request. A check in TCP is over
// before a server reads anything.
//
// Source: AWS, "Proxy protocol" of the Network Load Balancer guide, read 2026-11.
func TestProxyProtocol(t *testing.T) {
	for _, tt := range []struct {
		on, protocol string
		want         bool
	}{{"true", "HTTP", true}, {"true", "HTTPS", true}, {"true", "TCP", false}, {"false", "HTTP", false}} {
		s := base()
		s.network()
		s.web().Attributes["proxy_protocol_v2.enabled"], s.web().Check.Protocol = tt.on, tt.protocol
		s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
		r := Diagnose(copied(t, s))
		named := slices.ContainsFunc(r.Findings[0].Rivals, func(rival Rival) bool { return strings.Contains(rival.Why, "proxy protocol") })
		set := slices.ContainsFunc(r.Findings[0].Evidence, func(e Evidence) bool { return strings.HasPrefix(e.Text, "proxy_protocol_v2.enabled of web is true") })
		if named != tt.want || set != tt.want {
			t.Errorf("proxy protocol %s, checks in %s: want it named: %t:\n%s", tt.on, tt.protocol, tt.want, said(r))
		}
	}
}

// TestNetworkFailedOpen: flows to unhealthy targets are counted for all groups of a network
// balancer together, and are told.
func TestNetworkFailedOpen(t *testing.T) {
	const name, id = "UnhealthyRoutingFlowCount", "fail-open-routing"
	if !slices.Contains(metrics[NetworkType], metric{name, "Sum", false}) {
		t.Errorf("%s is not asked for", name)
	}
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		want   Level
		says   string
		cause  string // that accounts for it; "" for none
	}{
		{"over", func(*Snapshot) {}, Warn, "Connections went to unhealthy targets of web, since there was no healthy one (fail-open).", ""},
		{"now", func(s *Snapshot) { s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed") }, Fail, "Connections went to unhealthy targets of web,", "target-group-fail-open"},
		{"of two groups", func(s *Snapshot) {
			s.second(s.web().Targets)
			s.Listeners = append(s.Listeners, Listener{ARN: "arn:listener-81", Port: 81, Protocol: "TCP", Rules: []Rule{forwardTo("default", newARN)}})
		}, Warn, "Connections went to unhealthy targets, since too few of a target group were healthy (fail-open).", ""},
		{"of two groups, each with a minimum", func(s *Snapshot) {
			s.second(s.web().Targets)
			s.Listeners = append(s.Listeners, Listener{ARN: "arn:listener-443", Port: 443, Protocol: "TCP", Rules: []Rule{forwardTo("default", newARN)}})
			for i := range s.Groups {
				s.Groups[i].Attributes = map[string]string{attrLeast: fmt.Sprint(2 + i)}
			}
		}, Warn, "Connections went to unhealthy targets, since", ""},
	} {
		s := base()
		s.network()
		s.metric(name, "", "Sum", 600)
		tt.change(s)
		r := Diagnose(copied(t, s))
		f := r.finding(id)
		if f == nil || f.Level != tt.want || !strings.HasPrefix(f.Sentence, tt.says) || !slices.Contains(f.Evidence, Evidence{FromMetric, name + ": 600, between 11:00 and 11:59 UTC"}) ||
			slices.Contains(f.BecauseOf, tt.cause) != (tt.cause != "") || tt.cause == "" && len(f.BecauseOf) > 0 {
			t.Errorf("%s: want %s, %q, because of %q:\n%s", tt.name, tt.want, tt.says, tt.cause, said(r))
		}
		for _, g := range s.Groups { // whose minimum it is has to be said
			if least := g.Attributes[attrLeast]; g.leastIsSet() && !strings.Contains(said(r), attrLeast+" of "+g.Name+" is "+least+",") {
				t.Errorf("%s: want the minimum of %s:\n%s", tt.name, g.Name, said(r))
			}
		}
	}
}

// TestOwnCalls: a target that calls an internal network balancer, and is sent to itself, has its
// own address at both ends where clients' addresses are kept, so that the connection times out.
// Nothing that AWS counts shows it: it is a note.
func TestOwnCalls(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		want   bool
	}{
		{"internal, instances", func(*Snapshot) {}, true},
		{"internal, addresses", func(s *Snapshot) { s.web().Type = "ip" }, false},
		{"internal, addresses with those of clients", func(s *Snapshot) { s.web().Type, s.web().Attributes[attrClientIP] = "ip", "true" }, true},
		{"not kept", func(s *Snapshot) { s.web().Attributes[attrClientIP] = "false" }, false},
		{"not known", func(s *Snapshot) { s.web().Attributes = nil }, false},
		{"in the internet", func(s *Snapshot) { s.Balancer.Scheme = "internet-facing" }, false},
		{"before another balancer", func(s *Snapshot) { s.web().Type = "alb" }, false},
		{"application", func(s *Snapshot) {
			s.Balancer.Type, s.web().Protocol, s.Listeners[0].Protocol = Application, "HTTP", "HTTP"
		}, false},
	} {
		s := base()
		s.network()
		s.Balancer.Scheme = "internal"
		for i := range s.Network.Instances {
			s.Network.Instances[i].State = "running"
		}
		tt.change(s)
		r := Diagnose(copied(t, s))
		f := r.finding("nlb-target-calls-itself")
		if f != nil {
			s.web().Protocol = "TCP_UDP"
			if f := Diagnose(copied(t, s)).finding("nlb-target-calls-itself"); f == nil || strings.Contains(f.Do, "do not preserve") || len(f.Fix) > 0 {
				t.Errorf("%s: AWS preserves addresses always over UDP, and that is not to be changed: %+v", tt.name, f)
			}
		}
		if (f != nil) != tt.want || f != nil && (f.Level != Note || !strings.Contains(f.Do, "proxy protocol") || !slices.Equal(f.Groups, []string{"web"})) {
			t.Errorf("%s: told %v, want %v, as a note:\n%s", tt.name, f != nil, tt.want, said(r))
		}
	}
}

// TestOwnCallsMended: clients' addresses are not preserved any more by a command only where health checks
// show that the balancer's own are let in on the traffic port.
func TestOwnCallsMended(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		want   bool
	}{
		{"healthy", func(*Snapshot) {}, true},
		{"one fails its checks", func(s *Snapshot) { s.web().Targets[0].State = "unhealthy" }, false},
		{"checks of another port", func(s *Snapshot) { s.checkPort("9090") }, false},
		{"no target", func(s *Snapshot) { s.web().Targets = []Target{} }, false},
		{"what it is now is not told", func(s *Snapshot) { delete(s.web().Attributes, attrClientIP) }, false},
		{"targets that let in some clients only", func(s *Snapshot) {
			s.Balancer.SecurityGroups = nil
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/23", "10.7.0.0/16"}}}
		}, false},
		{"targets that let everybody in", func(s *Snapshot) {
			s.Balancer.SecurityGroups = nil
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"0.0.0.0/0"}}}
		}, true},
		{"targets whose groups are not known", func(s *Snapshot) { s.Network.SecurityGroups = nil }, false},
	} {
		s := base()
		s.network()
		s.Balancer.Scheme = "internal"
		s.web().Attributes[attrClientIP] = "true"
		tt.change(s)
		f := Diagnose(copied(t, s)).finding("nlb-target-calls-itself")
		if f == nil {
			t.Fatalf("%s: it is not told", tt.name)
		}
		fix, undo := strings.Join(f.Fix, "\n"), strings.Join(f.Undo, "\n")
		if strings.HasSuffix(fix, "Key="+attrClientIP+",Value=false") != tt.want || strings.HasSuffix(undo, "Key="+attrClientIP+",Value=true") != tt.want {
			t.Errorf("%s: want commands: %v: %q, and back %q", tt.name, tt.want, f.Fix, f.Undo)
		}
	}
}

// TestResetsWhy: beside resets, the settings are named that some of them come of.
func TestResetsWhy(t *testing.T) {
	const socket, header = "the same source port", "a header of proxy protocol"
	for _, tt := range []struct {
		name, id string
		change   func(*Snapshot)
		want     string
		told     bool
	}{
		{"sent across zones under the clients' addresses", "nlb-targets-reset-connections", func(*Snapshot) {}, socket, true},
		{"in one zone", "nlb-targets-reset-connections", func(s *Snapshot) { s.Balancer.Attributes[attrCrossZone] = "false" }, socket, false},
		{"under the balancer's", "nlb-targets-reset-connections", func(s *Snapshot) { s.web().Attributes[attrClientIP] = "false" }, socket, false},
		{"without proxy protocol", "nlb-targets-reset-connections", func(s *Snapshot) { s.web().Attributes[attrProxy] = "false" }, "targets that expect " + header, true},
		{"with it", "nlb-targets-reset-connections", func(s *Snapshot) { s.web().Attributes[attrProxy] = "true" }, "targets that do not expect " + header, true},
		{"not known", "nlb-targets-reset-connections", func(s *Snapshot) { s.web().Attributes = nil }, header, false},
	} {
		s := base()
		s.network()
		s.metric("NewFlowCount", "", "Sum", 600)
		s.metric("TCP_Target_Reset_Count", "", "Sum", 600)
		tt.change(s)
		r := Diagnose(copied(t, s))
		f := r.finding(tt.id)
		if told := f != nil && slices.ContainsFunc(f.Rivals, func(rival Rival) bool { return strings.Contains(rival.Why, tt.want) }); told != tt.told {
			t.Errorf("%s: %q told %v, want %v:\n%s", tt.name, tt.want, told, tt.told, said(r))
		}
	}
}

// TestBalancerBehindNotReached: where the groups of this balancer let nothing out to one that is
// its target, that is said, with a command.
func TestBalancerBehindNotReached(t *testing.T) {
	const inner = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/inner/60dc6c495c0c9188"
	for _, tt := range []struct {
		name   string
		egress []Permission
		want   string // "" for another one
	}{
		{"nothing", []Permission{}, "balancer-sg-blocks-health-check-port"},
		{"health checks, and no traffic", []Permission{{Protocol: "tcp", From: 443, To: 443, CIDRs: []string{"0.0.0.0/0"}}}, "balancer-sg-blocks-traffic-port"},
		{"traffic, and no health checks", []Permission{{Protocol: "tcp", From: 80, To: 80, Groups: []string{"sg-inner"}}}, "balancer-sg-blocks-health-check-port"},
		{"all ports of its group", []Permission{{Protocol: "tcp", From: 80, To: 443, Groups: []string{"sg-inner"}}}, ""},
		{"its subnet", []Permission{{Protocol: "tcp", From: 80, To: 443, CIDRs: []string{"10.0.10.0/24"}}}, ""},
		{"everything", []Permission{{Protocol: "-1", CIDRs: []string{"0.0.0.0/0"}}}, ""},
	} {
		s := base()
		s.network()
		s.Balancer.SecurityGroups, s.group("sg-lb").Egress = []string{"sg-lb"}, tt.egress
		s.Balancer.Attributes[attrCrossZone] = "true"
		s.web().Type, s.web().Port, s.web().Targets = "alb", 80, []Target{{ID: inner, Port: 80, CheckPort: "443", State: "unhealthy", Reason: "Target.FailedHealthChecks", Description: "Health checks failed"}}
		s.Network.SecurityGroups = append(s.Network.SecurityGroups, SecurityGroup{ID: "sg-inner", VPC: "vpc-1", Ingress: []Permission{{Protocol: "-1", CIDRs: []string{"0.0.0.0/0"}}}, Egress: []Permission{}})
		s.Network.Interfaces = append(s.Network.Interfaces, Interface{ID: "eni-9", Behind: inner, VPC: "vpc-1", Subnet: "subnet-app-a", Zone: "eu-central-1a", Addresses: []string{"10.0.10.90"}, SecurityGroups: []string{"sg-inner"}})
		r := Diagnose(copied(t, s))
		got, fix := "", ""
		for _, f := range r.Findings {
			if got == "" && strings.HasPrefix(f.ID, "balancer-sg") {
				got, fix = f.ID, strings.Join(f.Fix, "\n")
			}
		}
		if got != tt.want || got != "" && (!strings.Contains(fix, "authorize-security-group-egress") || !strings.Contains(fix, "--group-id sg-lb") || !strings.Contains(fix, "UserIdGroupPairs=[{GroupId=sg-inner}]")) {
			t.Errorf("%s: %q, want %q:\n%s", tt.name, got, tt.want, said(r))
		}
	}
}

// TestBalancerBehindShuts: where the security groups of a balancer that is another one's target
// do not let in the nodes that check its health, that is the cause, with a command.
func TestBalancerBehindShuts(t *testing.T) {
	const inner = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/inner/60dc6c495c0c9188"
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		want   bool
		fix    string
	}{
		{"others only", func(*Snapshot) {}, true, "IpRanges=[{CidrIp=10.0.0.0/24}]"},
		{"the balancer has groups", func(s *Snapshot) { s.Balancer.SecurityGroups = []string{"sg-lb"} }, true, "UserIdGroupPairs=[{GroupId=sg-lb}]"},
		{"everybody", func(s *Snapshot) { s.group("sg-inner").Ingress[0].CIDRs = []string{"0.0.0.0/0"} }, false, ""},
		{"the VPC", func(s *Snapshot) { s.group("sg-inner").Ingress[0].CIDRs = []string{"10.0.0.0/16"} }, false, ""},
		{"the balancer's group", func(s *Snapshot) {
			s.Balancer.SecurityGroups = []string{"sg-lb"}
			s.group("sg-inner").Ingress[0].Groups = []string{"sg-lb"}
		}, false, ""},
		{"on another port", func(s *Snapshot) {
			s.group("sg-inner").Ingress[0] = Permission{Protocol: "tcp", From: 443, To: 443, CIDRs: []string{"0.0.0.0/0"}}
		}, true, "FromPort=80"},
		{"nodes not seen", func(s *Snapshot) { s.Network.Interfaces = s.Network.Interfaces[:len(s.Network.Interfaces)-1] }, false, ""},
	} {
		s := base()
		s.network()
		s.Balancer.SecurityGroups = []string{}
		s.Balancer.Attributes[attrCrossZone] = "true"
		s.web().Type, s.web().Port, s.web().Targets = "alb", 80, []Target{{ID: inner, Port: 80, CheckPort: "80", State: "unhealthy", Reason: "Target.FailedHealthChecks", Description: "Health checks failed"}}
		s.Network.SecurityGroups = append(s.Network.SecurityGroups, SecurityGroup{ID: "sg-inner", VPC: "vpc-1", Ingress: []Permission{{Protocol: "tcp", From: 80, To: 80, CIDRs: []string{"192.0.2.0/24"}}}, Egress: []Permission{}})
		s.Network.Interfaces = append(s.Network.Interfaces, Interface{ID: "eni-9", Behind: inner, VPC: "vpc-1", Subnet: "subnet-app-a", Zone: "eu-central-1a", Addresses: []string{"10.0.10.90"}, SecurityGroups: []string{"sg-inner"}})
		tt.change(s)
		r := Diagnose(copied(t, s))
		f := r.Findings[0]
		if (f.ID == "target-sg-blocks-health-check-port") != tt.want || tt.want && (!strings.Contains(strings.Join(f.Fix, "\n"), "--group-id sg-inner") || !strings.Contains(strings.Join(f.Fix, "\n"), tt.fix) || f.Confidence != High) {
			t.Errorf("%s: want it first %v, with %q:\n%s", tt.name, tt.want, tt.fix, said(r))
		}
		if seen := !strings.HasPrefix(tt.name, "nodes"); !tt.want && (strings.Contains(said(r), "or its security groups let in others") == seen) {
			t.Errorf("%s: security groups are told as what may be wrong:\n%s", tt.name, said(r))
		}
		if seen := !strings.HasPrefix(tt.name, "nodes"); !tt.want && strings.Contains(said(r), "were not seen") == seen {
			t.Errorf("%s: security groups are told as not seen:\n%s", tt.name, said(r))
		}
	}
}

// TestBalancerBehindACLs: network ACLs between this balancer's nodes and those of one that is its target
// are looked at, in both directions, for health checks, which come from the nodes; and outbound rules
// that let out to some nodes only.
func TestBalancerBehindACLs(t *testing.T) {
	const inner = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/inner/60dc6c495c0c9188"
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		want   string
		says   string
		mild   bool
	}{
		{"open", func(*Snapshot) {}, "", "", false},
		{"in to its nodes", func(s *Snapshot) {
			s.deny("acl-app", ACLEntry{Protocol: "6", CIDR: "10.0.0.0/23", From: 80, To: 80})
		}, "acl-target-inbound-blocks-health-check-port", "does not let tcp 80 in from 10.0.0.0/24", false},
		{"out to its nodes", func(s *Snapshot) {
			s.deny("acl-edge", ACLEntry{Egress: true, Protocol: "6", CIDR: "10.0.10.0/23", From: 80, To: 80})
		}, "acl-balancer-outbound-blocks-target-port", "does not let tcp 80 out to 10.0.10.0/24", false},
		{"answers of its nodes", func(s *Snapshot) {
			s.deny("acl-app", ACLEntry{Egress: true, Protocol: "6", CIDR: "10.0.0.0/23", From: 1024, To: 65535})
		}, "acl-target-outbound-blocks-ephemeral", "answers on tcp 1024-65535 out to 10.0.0.0/24", false},
		{"answers to this balancer", func(s *Snapshot) {
			s.deny("acl-edge", ACLEntry{Protocol: "6", CIDR: "10.0.10.0/23", From: 1024, To: 65535})
		}, "acl-balancer-inbound-blocks-ephemeral", "answers on tcp 1024-65535 in from 10.0.10.0/24", false},
		{"on another port", func(s *Snapshot) {
			s.deny("acl-app", ACLEntry{Protocol: "6", CIDR: "10.0.0.0/23", From: 443, To: 443})
		}, "", "", false},
		{"to its nodes of the other zone, where none is sent to", func(s *Snapshot) {
			s.Balancer.Attributes[attrCrossZone] = "false"
			s.deny("acl-app", ACLEntry{Protocol: "6", CIDR: "10.0.1.0/24", From: 80, To: 80})
			s.Network.Interfaces = s.Network.Interfaces[:len(s.Network.Interfaces)-1]
		}, "", "", false},
		{"in the same subnets", func(s *Snapshot) {
			s.deny("acl-edge", ACLEntry{Egress: true, Protocol: "6", CIDR: "10.0.0.0/16", From: 80, To: 80})
			s.Balancer.Zones = s.Balancer.Zones[:1]
			s.Network.Interfaces = s.Network.Interfaces[:len(s.Network.Interfaces)-1]
			s.Network.Interfaces[len(s.Network.Interfaces)-1].Subnet, s.Network.Interfaces[len(s.Network.Interfaces)-1].Addresses = "subnet-edge-a", []string{"10.0.0.90"}
		}, "", "", false},
		{"in to its nodes by IPv6, which the group does not speak", func(s *Snapshot) {
			for i := range s.Network.Subnets {
				s.Network.Subnets[i].CIDRs = append(s.Network.Subnets[i].CIDRs, fmt.Sprintf("2001:db8:0:%d::/64", i))
			}
			for i := range s.Network.Interfaces {
				if n := &s.Network.Interfaces[i]; n.Behind != "" {
					n.Addresses = append(n.Addresses, fmt.Sprintf("2001:db8:0:%d::90", i-2))
				}
			}
			s.group("sg-lb").Egress[0].CIDRs = []string{"0.0.0.0/0"}
		}, "", "", false},
		{"out to some nodes", func(s *Snapshot) {
			s.group("sg-lb").Egress = []Permission{{Protocol: "tcp", From: 80, To: 80, CIDRs: []string{"10.0.10.0/24"}}}
			s.all("healthy", "", "")
		}, "balancer-sg-blocks-traffic-port", "to some nodes of the balancer that is its target, on tcp 80", true},
	} {
		s := base()
		s.network()
		s.web().Type, s.web().Port, s.web().Targets = "alb", 80, []Target{{ID: inner, Port: 80, CheckPort: "80", State: "unhealthy", Reason: "Target.FailedHealthChecks", Description: "Health checks failed"}}
		s.Network.SecurityGroups = append(s.Network.SecurityGroups, SecurityGroup{ID: "sg-inner", VPC: "vpc-1", Ingress: []Permission{{Protocol: "-1", CIDRs: []string{"0.0.0.0/0"}}}, Egress: []Permission{}})
		for i, zone := range []string{"a", "b"} {
			s.Network.Interfaces = append(s.Network.Interfaces, Interface{ID: "eni-9" + zone, Behind: inner, VPC: "vpc-1", Subnet: "subnet-app-" + zone, Zone: "eu-central-1" + zone, Addresses: []string{fmt.Sprintf("10.0.1%d.90", i)}, SecurityGroups: []string{"sg-inner"}})
		}
		tt.change(s)
		r := Diagnose(copied(t, s))
		i := slices.IndexFunc(r.Findings, func(f *Finding) bool {
			return strings.HasPrefix(f.ID, "acl-") || strings.HasPrefix(f.ID, "balancer-sg")
		})
		if i < 0 {
			if network := slices.IndexFunc(r.Path, func(s Station) bool { return s.Hop == HopNetwork }); tt.want != "" || r.Path[network].State != Pass {
				t.Errorf("%s: want %s, or the network to pass: %+v\n%s", tt.name, tt.want, r.Path[network], said(r))
			}
			continue
		}
		f := r.Findings[i]
		if f.ID != tt.want || !strings.Contains(f.Sentence, tt.says) || (f.Level == Warn) != tt.mild || tt.mild && !f.unseen || !slices.Equal(f.Targets, []string{inner + ":80"}) || len(f.Fix) == 0 || len(f.Fix) != len(f.Undo) {
			t.Errorf("%s: want %q, %q:\n%s", tt.name, tt.want, tt.says, said(r))
		}
		if symptom := r.finding("target-health-failed-checks"); !tt.mild && (symptom == nil || !slices.Contains(symptom.BecauseOf, tt.want)) {
			t.Errorf("%s: failed checks are not told as those of %s:\n%s", tt.name, tt.want, said(r))
		}
	}
}

// TestChecksAndClients: where a target lets in neither clients nor the balancer's nodes, which come under
// addresses of their own, both are said.
func TestChecksAndClients(t *testing.T) {
	s := base()
	s.network()
	s.Network.Instances[0].State, s.Network.Instances[1].State = "running", "running"
	s.Balancer.SecurityGroups = []string{}
	s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 443, To: 443, CIDRs: []string{"198.51.100.0/24"}}}
	s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
	r := Diagnose(copied(t, s))
	checks, symptom := r.finding("target-sg-blocks-health-check-port"), r.finding("target-health-failed-checks")
	if r.finding("nlb-client-addresses-blocked") == nil || checks == nil || symptom == nil || !slices.Contains(symptom.BecauseOf, checks.ID) {
		t.Errorf("want both, and health checks that fail for the balancer's:\n%s", said(r))
	}

	s = base()
	s.network()
	s.peered("pcx-1")
	s.web().Type, s.web().Attributes[attrClientIP] = "ip", "true"
	s.web().Targets = s.web().Targets[:1]
	s.all("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
	r = Diagnose(copied(t, s))
	if f := r.finding("target-sg-blocks-traffic-port"); f == nil || !strings.Contains(f.Do, "and those of the clients") {
		t.Errorf("want clients let in, too, whom no rule for the balancer lets in:\n%s", said(r))
	}
}
