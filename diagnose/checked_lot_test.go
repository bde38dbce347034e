package diagnose

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// drawChecked draws a health check, and what is behind the ports of three targets: the same for all, but for one at times.
func drawChecked(seed uint64, network bool) *checked {
	s := &checked{Snapshot: base()}
	d := &lot{Snapshot: s.Snapshot, r: rand.New(rand.NewPCG(seed, 11))}
	g := s.web()
	s.Network.Interfaces = append(s.Network.Interfaces, Interface{ID: "eni-3", VPC: "vpc-1", Subnet: "subnet-app-a", Zone: "eu-central-1a", Addresses: []string{"10.0.10.13"}, SecurityGroups: []string{"sg-app"}})
	g.Targets = append(g.Targets, Target{ID: "10.0.10.13", Port: 8080, Zone: "eu-central-1a"})
	s.group("sg-app").Ingress[0].From, s.group("sg-app").Ingress[0].To = 1, 65535
	g.Protocol, g.Check.Protocol = d.pick("HTTP", "HTTP", "HTTPS"), d.pick("HTTP", "HTTP", "HTTPS")
	g.Check.Matcher = d.pick("200", "200", "200-299", "200,301", "200-399")
	if network {
		s.Balancer.Type, s.Balancer.Attributes, g.Attributes[attrClientIP] = NetworkType, map[string]string{attrCrossZone: "true", "access_logs.s3.enabled": "true"}, "false"
		g.Protocol, g.Check.Protocol = d.pick("TCP", "TCP", "TLS"), d.pick("TCP", "HTTP", "HTTPS")
		s.Listeners[0].Protocol = g.Protocol
	}
	if d.onceIn(4) {
		s.Network.Subnets[0].Free = 100
		g.Port = 8443
		for i := range g.Targets {
			g.Targets[i].Port = 8443
		}
	}
	g.Check.Port, g.Check.Path = d.pick("traffic-port", "traffic-port", "9090", strconv.Itoa(g.Port)), d.pick("/health", "/health", "/", "/status")
	g.Check.Timeout, g.Check.Interval = 2+d.r.IntN(9), []int{11, 15, 30, 60}[d.r.IntN(4)]
	usual := s.drawServices(d)
	for range g.Targets {
		s.services = append(s.services, usual)
	}
	if d.onceIn(3) {
		s.services[d.r.IntN(3)] = s.drawServices(d)
	}
	s.settle()
	s.serve(d)
	s.log(d)
	return s
}

// drawServices are those of a target, most of which fit its group.
func (s *checked) drawServices(d *lot) map[int]service {
	g := s.web()
	one := func() service {
		x := service{how: d.pick("answers", "answers", "answers", "answers", "answers", "refuses", "drops", "closes"), rude: d.onceIn(2)}
		x.tls = (g.Protocol == "HTTPS" || g.Protocol == "TLS") != d.onceIn(5)
		if d.onceIn(6) {
			x.after = float64(1 + d.r.IntN(12))
		}
		x.codes = map[string]int{"/": 200, "/status": 200, "/health": []int{200, 200, 200, 204, 301, 401, 403, 404, 405, 429, 500, 503}[d.r.IntN(12)]}
		return x
	}
	services := map[int]service{g.Port: one()}
	if d.onceIn(2) {
		services[9090] = one()
	}
	return services
}

// serve lets clients send requests to the targets that get some, and counts them as logs and metrics do.
func (s *checked) serve(d *lot) {
	g, l := s.web(), s.Logs
	l.Traffic, l.Failures, l.Minutes, l.Newest, l.Last, s.Metrics = nil, nil, nil, noon, noon, nil
	for i := range 60 {
		l.Minutes = append(l.Minutes, Minute{Minute: s.minute(i), Group: g.ARN})
	}
	open := !g.hasHealthy()
	for i, t := range g.Targets {
		const each = 600
		if !open && !t.healthy() {
			continue
		}
		name := fmt.Sprint(t.ID, ":", t.Port)
		tr := Traffic{Group: g.ARN, Target: name, Requests: each, Slowest: -1, Last: noon}
		r, reason, status := s.request(i), "", int64(502)
		switch r.how {
		case "refused", "no TLS":
			reason = "Target_Connection_Error"
		case "dropped":
			reason, status = "Target_Connect_Timeout", 504
		case "closed":
			reason = "Target_Closed_Connection"
		default:
			if tr.Slowest = max(0.1, r.after); r.code == 400 {
				tr.BadRequests = each
			}
		}
		l.Traffic = append(l.Traffic, tr)
		for i := range l.Minutes {
			l.Minutes[i].Requests += each / 60
		}
		if reason != "" {
			s.failing(reason, name, status, each, func(f *Failure) {
				if f.Quick = each; status == 504 {
					f.Quick, f.Connect = 0, each
				}
			})
			for i := range l.Minutes {
				m := &l.Minutes[i]
				m.Statuses[fmt.Sprint(status)] += each / 60
				if reason == "Target_Connection_Error" {
					if m.Unconnected == nil {
						m.Unconnected = map[string]int64{}
					}
					m.Unconnected[name] = each / 60
				}
			}
		}
		switch r.how {
		case "no TLS":
			s.add("TargetTLSNegotiationErrorCount", g.ARN, each)
		case "refused", "dropped":
			s.add("TargetConnectionErrorCount", g.ARN, each)
		}
		s.add("RequestCount", g.ARN, each)
		s.add("RequestCount", "", each)
		if open {
			s.add("UnhealthyRoutingRequestCount", g.ARN, each)
		}
		if reason != "" {
			s.add("HTTPCode_ELB_5XX_Count", "", each)
			s.add(fmt.Sprintf("HTTPCode_ELB_%d_Count", status), "", each)
		}
	}
	if s.Balancer.Type == NetworkType {
		var kept []Series
		for _, m := range s.Metrics {
			switch m.Name {
			case "RequestCount":
				if m.Group == "" {
					m.Name = "NewFlowCount"
					kept = append(kept, m)
				}
			case "TargetTLSNegotiationErrorCount":
				m.Group = ""
				kept = append(kept, m)
			case "UnhealthyRoutingRequestCount":
				m.Name, m.Group = "UnhealthyRoutingFlowCount", ""
				kept = append(kept, m)
			}
		}
		s.Metrics, s.Logs = kept, nil
	}
}

// add counts n more of a metric, spread over the window.
func (s *checked) add(name, group string, n float64) {
	i := slices.IndexFunc(s.Metrics, func(m Series) bool { return m.Name == name && m.Group == group })
	if i < 0 {
		s.metric(name, group, "Sum", n)
		return
	}
	for k := range s.Metrics[i].Points {
		s.Metrics[i].Points[k].Value += n / 60
	}
}

// log adds health check logs, and what the targets answer a probe, both of which there may be.
func (s *checked) log(d *lot) {
	g := s.web()
	if s.Logs != nil && d.onceIn(2) {
		for i, t := range g.Targets {
			r := s.check(i)
			c := LogCheck{Group: g.Name, Target: t.ID + ":" + t.CheckPort, Code: -1, Checks: 120, Slowest: r.after, Last: noon}
			v := s.verdict(i)
			c.Pass, c.Reason = v == "pass", map[string]string{"timeout": "TimedOut", "code": "ResponseCodeMismatch", "failed": "ConnectionReset"}[v]
			if r.how == "answered" && v != "timeout" {
				if c.Code = int64(r.code); r.code >= 500 {
					c.Reason = "TargetError"
				}
			}
			s.Logs.Health = append(s.Logs.Health, c)
		}
	}
	if !d.onceIn(3) {
		return
	}
	for i, t := range g.Targets {
		for _, check := range []bool{true, false} {
			port, protocol, path := t.Port, g.Protocol, "/"
			if check {
				port, protocol, path = s.port(), g.Check.Protocol, g.Check.Path
			}
			x := s.services[i][port]
			if !check && protocol == "HTTP" {
				protocol = "TCP" // of the traffic port it is only asked whether it takes connections
			} else if !check && protocol == "HTTPS" {
				protocol = "TLS"
			}
			r := x.ask(protocol, path)
			p := Probe{Group: g.ARN, Target: fmt.Sprint(t.ID, ":", t.Port), Check: check, Address: fmt.Sprint(t.ID, ":", port), Code: r.code, Millis: int64(1000 * r.after)}
			p.Outcome = map[string]string{"refused": ProbeRefused, "dropped": ProbeTimeout, "closed": ProbeClosed, "no TLS": ProbePlain, "answered": ProbeAnswered, "connected": ProbeConnected}[r.how]
			switch {
			case x.how == "closes" && protocol != "TCP":
				p.Outcome = ProbeClosed
			case protocol == "HTTP" && x.how == "answers" && x.tls:
				p.Outcome, p.Code = ProbeTLS, 0
			case r.after > float64(max(2*g.Check.Timeout, 5)):
				p.Outcome, p.Code = ProbeTimeout, 0
			}
			s.Probes = append(s.Probes, p)
		}
	}
}

// words are what was drawn.
func (s *checked) words() string {
	g := s.web()
	text := fmt.Sprintf("%s: %s on %d, check %s, %d probes, logs: %v", s.Balancer.Type, g.Protocol, g.Port, g.Check.words(), len(s.Probes), s.Logs != nil)
	for i, t := range g.Targets {
		text += fmt.Sprintf("\n  %s: %s %s, check %v, request %v, %+v", t.ID, t.State, t.Reason, s.check(i), s.request(i), s.services[i])
	}
	return strings.TrimSpace(text)
}
