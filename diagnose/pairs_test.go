package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestPairs gives each of two targets of a group something that is wrong with it, and writes down what AWS, logs, metrics
// and probes show of both: each target is named for what it has, and for nothing else for sure; no finding explains
// failures of a target that it does not name, and the first is of the target that fails by far the most requests.
func TestPairs(t *testing.T) {
	for _, set := range []pairOf{
		{protocol: "HTTP", metrics: true, probes: true, rates: [2]int64{5, 5}},
		{protocol: "HTTP", metrics: true, third: true, late: true, rates: [2]int64{20, 3}},
		{protocol: "HTTP", apart: true, metrics: true, rates: [2]int64{20, 3}},
		{protocol: "HTTPS", metrics: true, probes: true, rates: [2]int64{20, 3}},
		{protocol: "HTTPS", probes: true, third: true, rates: [2]int64{3, 20}},
		{protocol: "HTTPS", metrics: true, late: true, rates: [2]int64{20, 3}},
		{protocol: "HTTPS", rates: [2]int64{5, 5}},
	} {
		var may []ailment
		for _, a := range ailments {
			if (a.protocol == "" || a.protocol == set.protocol) && a.apart == set.apart {
				may = append(may, a)
			}
		}
		for i, a := range may {
			for _, b := range may[i:] {
				d := set.with(a, b)
				if r := Diagnose(copied(t, d.Snapshot)); d.compare(r) != "" {
					t.Errorf("%s, and %s: %s\n%+v\n%s", a.name, b.name, d.compare(r), set, said(r))
				}
			}
		}
	}
}

// ailment is what is wrong with a target, and what is seen of it.
type ailment struct {
	name     string
	protocol string // of the only groups that it is of
	apart    bool   // it is of a group whose health checks have a port of their own

	state  string // with its reason; "" if the target is healthy
	code   int    // that health checks are answered with, where that is why
	reason string // for which requests fail; "" if they do not
	status int64
	oneOf  int64  // so many requests fails, and not all
	metric string // that counts these

	traffic, check string // how probes end; "" as those of a target that works
	millis         int64
	change         func(s *Snapshot, i int)

	ids   []string // of findings, one of which is given
	after []string // and of those that it may come with, or be masked by: symptoms, and what looks the same where no probe tells
}

// timeouts are how connections end that something holds back.
func timeouts(name string, id string, change func(s *Snapshot, i int)) ailment {
	return ailment{name: name, state: "unhealthy Target.Timeout", reason: "Target_Connect_Timeout", status: 504, metric: "TargetConnectionErrorCount", traffic: ProbeTimeout, check: ProbeTimeout, change: change,
		ids: []string{id}, after: []string{"target-health-timeout", "target-connect-timeout"}}
}

func inTLS(name, id, outcome string) ailment {
	return ailment{name: name, protocol: "HTTPS", state: "unhealthy Target.FailedHealthChecks", reason: "Target_Connection_Error", status: 502, metric: "TargetTLSNegotiationErrorCount", traffic: outcome, check: outcome,
		ids: []string{id}, after: []string{"target-tls-negotiation-fails", "target-health-failed-checks"}}
}

func answered(code int, id string) ailment {
	return ailment{name: fmt.Sprint("answers checks with ", code), state: "unhealthy Target.ResponseCodeMismatch", code: code, ids: []string{id}, after: []string{"target-health-code-mismatch"}}
}

var ailments = []ailment{
	{name: "refuses", state: "unhealthy Target.FailedHealthChecks", reason: "Target_Connection_Error", status: 502, metric: "TargetConnectionErrorCount", traffic: ProbeRefused, check: ProbeRefused,
		ids: []string{"target-port-refused"}, after: []string{"target-health-failed-checks"}},
	timeouts("its security group", "target-sg-blocks-traffic-port", func(s *Snapshot, i int) { s.group(fmt.Sprint("sg-", i)).Ingress = []Permission{} }),
	timeouts("a network ACL", "acl-target-inbound-blocks-traffic-port", func(s *Snapshot, i int) {
		s.deny(fmt.Sprint("acl-", i), ACLEntry{Protocol: "6", CIDR: "10.0.0.0/16", From: 8000, To: 8999})
	}),
	timeouts("a route", "route-target-to-balancer", func(s *Snapshot, i int) {
		table := &s.Network.RouteTables[slices.IndexFunc(s.Network.RouteTables, func(r RouteTable) bool { return r.ID == fmt.Sprint("rtb-", i) })]
		table.Routes = append(table.Routes, Route{"10.0.0.0/23", "pcx-gone", "blackhole"})
	}),
	timeouts("a firewall of its own", "target-health-timeout", nil),
	timeouts("nobody has its address", "target-address-gone", func(s *Snapshot, i int) {
		s.Network.Interfaces = slices.DeleteFunc(s.Network.Interfaces, func(at Interface) bool { return at.ID == fmt.Sprint("eni-", i) })
	}),
	answered(404, "health-check-path-not-found"), answered(301, "health-check-redirect"), answered(204, "health-check-matcher"), answered(401, "health-check-unauthorized"), answered(503, "health-check-server-error"),
	{name: "breaks off", state: "unhealthy Target.FailedHealthChecks", reason: "Target_Closed_Connection", status: 502, check: ProbeClosed, ids: []string{"target-closes-connection"}, after: []string{"target-health-failed-checks"}},
	{name: "takes TLS only", protocol: "HTTP", state: "unhealthy Target.FailedHealthChecks", reason: "Target_Closed_Connection", status: 502, check: ProbeTLS,
		ids: []string{"target-expects-tls"}, after: []string{"target-closes-connection", "target-health-failed-checks"}},
	inTLS("takes no TLS", "target-speaks-plain-http", ProbePlain), inTLS("shares no cipher", "target-tls-negotiation-fails", ProbeTLSFailed), inTLS("asks for a certificate", "target-tls-negotiation-fails", ProbeNoCertificate),
	{name: "answers checks late", state: "unhealthy Target.Timeout", check: ProbeAnswered, millis: 7000, ids: []string{"health-check-timeout-too-short"}, after: []string{"target-health-timeout"}},
	{name: "hangs", state: "unhealthy Target.Timeout", reason: "Target_Response_Timeout", status: 504, check: ProbeTimeout, ids: []string{"target-health-timeout"}, after: []string{"idle-timeout-reached"}},
	{name: "breaks off one in four", reason: "Target_Closed_Connection", status: 502, oneOf: 4, ids: []string{"target-closes-connection"}},
	{name: "fails one in four", reason: "Target_5XX", status: 500, oneOf: 4, ids: []string{"target-answers-5xx"}},
	{name: "is slow for one in four", reason: "Target_Response_Timeout", status: 504, oneOf: 4, ids: []string{"idle-timeout-reached"}},
	{name: "has no address", state: "unused Target.IpUnusable", ids: []string{"target-ip-unusable"}},
	{name: "leaves", state: "draining Target.DeregistrationInProgress", ids: []string{"target-draining", "target-group-all-draining"}},

	{name: "refuses checks", apart: true, state: "unhealthy Target.FailedHealthChecks", check: ProbeRefused, ids: []string{"health-check-port-refused"}, after: []string{"health-check-port-differs", "target-health-failed-checks"}},
	{name: "refuses requests", apart: true, reason: "Target_Connection_Error", status: 502, metric: "TargetConnectionErrorCount", traffic: ProbeRefused, ids: []string{"health-check-port-hides-refusal"}, after: []string{"target-port-refused"}},
	{name: "refuses both", apart: true, state: "unhealthy Target.FailedHealthChecks", reason: "Target_Connection_Error", status: 502, metric: "TargetConnectionErrorCount", traffic: ProbeRefused, check: ProbeRefused,
		ids: []string{"target-port-refused"}, after: []string{"health-check-port-differs", "target-health-failed-checks"}},
	{name: "lets no checks in", apart: true, state: "unhealthy Target.Timeout", check: ProbeTimeout, change: func(s *Snapshot, i int) { s.group(fmt.Sprint("sg-", i)).Ingress[0].To = 8080 },
		ids: []string{"target-sg-blocks-health-check-port"}, after: []string{"health-check-port-differs", "target-health-timeout"}},
	{name: "lets no requests in", apart: true, reason: "Target_Connect_Timeout", status: 504, metric: "TargetConnectionErrorCount", traffic: ProbeTimeout, change: func(s *Snapshot, i int) { s.group(fmt.Sprint("sg-", i)).Ingress[0].From = 9090 },
		ids: []string{"target-sg-blocks-traffic-port"}, after: []string{"target-connect-timeout"}},
}

// pairOf is how two such targets are set up, and what is asked.
type pairOf struct {
	protocol        string
	apart           bool // health checks go to port 9090
	third           bool // another target works
	late            bool // all was well for half of the window
	metrics, probes bool
	rates           [2]int64 // requests a minute
}

// two are targets that are ill, each in a subnet of its own.
type two struct {
	*Snapshot
	pairOf
	ill    []ailment
	failed []int64 // requests, by target
}

func (p pairOf) with(ill ...ailment) *two {
	d := &two{Snapshot: base(), pairOf: p, ill: ill, failed: make([]int64, 3)}
	d.web().Protocol, d.web().Check.Protocol = p.protocol, p.protocol
	checked := 8080
	if d.web().Targets = nil; p.apart {
		checked, d.web().Check.Port = 9090, "9090"
		d.group("sg-app").Ingress[0].To = checked
	}
	d.Network.Interfaces = nil
	for i := range 3 {
		if i < 2 || p.third {
			d.place(i, fmt.Sprint(checked))
		}
	}
	for i, a := range ill {
		target := &d.web().Targets[i]
		if a.state != "" {
			target.State, target.Reason, _ = strings.Cut(a.state, " ")
		}
		if a.code > 0 {
			target.Description = fmt.Sprintf("Health checks failed with these codes: [%d]", a.code)
		}
		if a.change != nil {
			a.change(d.Snapshot, i)
		}
	}
	d.ask()
	for i, target := range d.web().Targets {
		traffic, check := Probe{Outcome: ProbeConnected}, Probe{Check: true, Outcome: ProbeAnswered, Code: 200}
		if i < len(ill) {
			a := ill[i]
			traffic.Outcome, check.Outcome = cmp.Or(a.traffic, traffic.Outcome), cmp.Or(a.check, check.Outcome)
			check.Code, check.Millis = cmp.Or(a.code, check.Code), a.millis
		}
		for _, one := range []Probe{traffic, check} {
			if one.Group, one.Target, one.Address = webARN, d.name(i), target.ID; p.probes {
				d.Probes = append(d.Probes, one)
			}
		}
	}
	return d
}

func (d *two) name(i int) string { return d.web().Targets[i].ID + ":8080" }

// place registers a target that works, behind a network ACL, a route table and a security group of its own.
func (d *two) place(i int, checked string) {
	n, zone, address := &d.Network, []string{"eu-central-1a", "eu-central-1b"}[i%2], fmt.Sprintf("10.0.2%d.7", i)
	subnet, own := fmt.Sprint("subnet-", i), *d.group("sg-app")
	a, r := n.ACLs[0], n.RouteTables[0]
	own.ID, own.Ingress = fmt.Sprint("sg-", i), slices.Clone(own.Ingress)
	a.ID, a.Subnets = fmt.Sprint("acl-", i), []string{subnet}
	r.ID, r.Main, r.Subnets, r.Routes = fmt.Sprint("rtb-", i), false, []string{subnet}, slices.Clone(r.Routes)
	n.Subnets = append(n.Subnets, Subnet{subnet, "vpc-1", zone, []string{fmt.Sprintf("10.0.2%d.0/24", i)}, 200, "", false})
	n.SecurityGroups, n.ACLs, n.RouteTables = append(n.SecurityGroups, own), append(n.ACLs, a), append(n.RouteTables, r)
	n.Interfaces = append(n.Interfaces, Interface{ID: fmt.Sprint("eni-", i), VPC: "vpc-1", Subnet: subnet, Zone: zone, Addresses: []string{address}, SecurityGroups: []string{own.ID}})
	d.web().Targets = append(d.web().Targets, Target{ID: address, Port: 8080, Zone: zone, State: "healthy", CheckPort: checked})
}

// ask sends requests for an hour: to all targets, and two minutes after some are ill to those that are healthy, or for want
// of such to those that are unhealthy.
func (d *two) ask() {
	g, begin := d.web(), 0
	if d.pairOf.late {
		begin = 30
	}
	d.Logs.Traffic, d.Logs.Newest, d.Logs.Last, d.Metrics = nil, noon, noon, nil
	traffic, rows, counts := make([]Traffic, len(g.Targets)), make([]Failure, len(g.Targets)), map[string][]float64{}
	count := func(name string, minute int, n int64) {
		if counts[name] == nil {
			counts[name] = make([]float64, 60)
		}
		counts[name][minute] += float64(n)
	}
	for k := range d.Logs.Minutes {
		m := &d.Logs.Minutes[k]
		m.Requests, m.Reasons, m.Statuses, m.Unconnected = 0, map[string]int64{}, map[string]int64{}, map[string]int64{}
		for i, target := range g.Targets {
			ill, seen, rate := i < 2 && k >= begin, begin == 0 || k >= begin+2, int64(20)
			if i < 2 {
				rate = d.rates[i]
			}
			if ill && seen && target.State != "healthy" && (target.State != "unhealthy" || g.hasHealthy()) {
				continue
			}
			to := &traffic[i]
			failed := int64(0)
			if ill {
				failed = d.ill[i].fail(to.Requests, rate)
			}
			m.Requests += rate
			count("RequestCount", k, rate)
			*to = Traffic{Group: webARN, Target: d.name(i), Requests: to.Requests + rate, Slowest: max(to.Slowest, -1), Last: d.minute(k).Add(59 * time.Second)}
			if failed < rate {
				to.Slowest = 0.4
			}
			if failed == 0 {
				continue
			}
			a := d.ill[i]
			rows[i] = a.row(d.name(i), rows[i], failed, d.minute(k), to.Last)
			m.Reasons[a.reason] += failed
			if m.Statuses[fmt.Sprint(a.status)] += failed; a.reason == "Target_Connection_Error" {
				m.Unconnected[d.name(i)] += failed
			}
			if d.failed[i] += failed; a.metric != "" {
				count(a.metric, k, failed)
			}
		}
	}
	for i := range g.Targets {
		if traffic[i].Requests > 0 {
			d.Logs.Traffic = append(d.Logs.Traffic, traffic[i])
		}
		if rows[i].Count > 0 {
			d.Logs.Failures = append(d.Logs.Failures, rows[i])
		}
	}
	for _, name := range []string{"RequestCount", "TargetConnectionErrorCount", "TargetTLSNegotiationErrorCount"} {
		series := Series{Name: name, Group: webARN, Stat: "Sum", Period: 60}
		for k, n := range counts[name] {
			if n > 0 {
				series.Points = append(series.Points, Point{d.minute(k), n})
			}
		}
		if d.metrics {
			d.Metrics = append(d.Metrics, series)
		}
	}
}

// fail is how many of some requests fail, after others.
func (a ailment) fail(before, n int64) int64 {
	switch {
	case a.reason == "":
		return 0
	case a.oneOf > 0:
		return (before+n)/a.oneOf - before/a.oneOf
	}
	return n
}

// row is what logs have of failures, with some more.
func (a ailment) row(target string, row Failure, n int64, from, to time.Time) Failure {
	if row.Count == 0 {
		row = Failure{Group: webARN, Target: target, Node: "10.0.0.5", Status: a.status, TargetStatus: -1, Reason: a.reason, Class: "target", Source: "derived", First: from}
	}
	row.Count, row.Last = row.Count+n, to
	switch a.reason {
	case "Target_5XX":
		row.TargetStatus = a.status
	case "Target_Connect_Timeout":
		row.Connect = row.Count
	case "Target_Response_Timeout":
		row.Idle = row.Count
	}
	return row
}

// compare says where a report and what is wrong do not agree; "" if they do.
func (d *two) compare(r *Report) string {
	for i, a := range d.ill {
		told := false
		for _, f := range r.Findings {
			is := slices.Contains(a.ids, f.ID) || slices.Contains(a.after, f.ID)
			switch named := slices.Contains(f.Targets, d.name(i)); {
			case is:
				told = told || named || len(f.Targets) == 0
			case named && f.Confidence == High && f.Level != Note && KindOf(f.ID).Role == Cause:
				return fmt.Sprintf("%s is said for sure of what %s", f.ID, a.name)
			}
			if n := f.sharesOf(d.Logs.Failures, d.name(i)); n > d.failed[i] || n > 0 && len(f.Targets) > 0 && !slices.Contains(f.Targets, d.name(i)) {
				return fmt.Sprintf("%s of %v explains %d of %d of what %s", f.ID, f.Targets, n, d.failed[i], a.name)
			}
		}
		if !told && (d.failed[i] > 0 || a.state != "") && !d.unclear(a) {
			return "nothing is said of what " + a.name
		}
		if first := r.Findings[0]; d.failed[i] > 3*d.failed[1-i] && d.failed[i] >= 60 && !slices.Contains(a.ids, first.ID) && !slices.Contains(a.after, first.ID) && !d.unclear(a) {
			return fmt.Sprintf("%s comes first, and %d requests fail for what %s", first.ID, d.failed[i], a.name)
		}
	}
	if r.Observed.Explained > r.Observed.Failures || r.Observed.Failures != d.failed[0]+d.failed[1] {
		return fmt.Sprintf("%d of %d are explained, and %v fail", r.Observed.Explained, r.Observed.Failures, d.failed)
	}
	return ""
}

// unclear reports whether neither metrics nor probes tell TLS that fails from connections that are refused.
func (d *two) unclear(a ailment) bool {
	return d.protocol == "HTTPS" && a.reason == "Target_Connection_Error" && !d.metrics && !d.probes
}

// sharesOf is how many failures of a target a finding explains.
func (f *Finding) sharesOf(rows []Failure, target string) (n int64) {
	for _, row := range rows {
		if f.share != nil && row.Target == target {
			n += f.share(row)
		}
	}
	return n
}
