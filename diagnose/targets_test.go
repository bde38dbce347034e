package diagnose

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestTargets draws a group before two real servers by lot, lets requests and health checks go to these, and writes
// down what AWS tells of it: what fails is named, by what a probe sees for sure, and what works is not said to fail.
func TestTargets(t *testing.T) {
	servers := backends(t)
	for seed := range uint64(70) {
		d := drawTargets(t, servers, seed)
		if r := Diagnose(copied(t, d.Snapshot)); d.compare(r) != "" {
			t.Errorf("seed %d: %s\n%s\n%s", seed, d.compare(r), d, said(r))
		}
	}
}

// TestProbesAsBalancer compares how probes of real servers end with how requests of a balancer do.
func TestProbesAsBalancer(t *testing.T) {
	same := map[string][]string{
		endsOK: {ProbeConnected}, endsBad: {ProbeConnected}, endsRefused: {ProbeRefused}, endsClosed: {ProbeConnected, ProbeNoCertificate},
		endsTLS: {ProbePlain, ProbeNoTLS, ProbeTLSFailed, ProbeNoCertificate, ProbeClosed},
	}
	for _, b := range backends(t) {
		for _, protocol := range []string{"HTTP", "HTTPS"} {
			for _, version := range []string{"HTTP1", "HTTP2"} {
				for _, policy := range []string{"ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"} {
					s := base()
					s.Listeners[0].Policy, s.web().Protocol, s.web().Version, s.web().Check.Protocol = policy, protocol, version, protocol
					ends, traffic, check := sent(t, b, s.web(), !s.upToTLS12()), s.tried(t, b, s.web(), false), s.tried(t, b, s.web(), true)
					fails := b.secure && protocol == "HTTP" && check.Outcome != ProbeTLS || b.asks && protocol == "HTTPS" && check.Outcome != ProbeNoCertificate && ends != endsTLS
					answered := check.Outcome == ProbeAnswered || b.name == "an odd certificate" && check.Outcome == ProbeFailed
					if !slices.Contains(same[ends], traffic.Outcome) || answered != (ends == endsOK) && b.name != "an odd certificate" || fails {
						t.Errorf("%s, %s %s, %s: requests end with %s, probes with %s, and of the health check with %s %d", b.name, protocol, version, policy, ends, traffic.Outcome, check.Outcome, check.Code)
					}
				}
			}
		}
	}
}

// pairing is a group before two servers.
type pairing struct {
	*Snapshot
	newest  bool // a listener's policy has TLS 1.3
	apart   bool // health checks go to another port, and pass
	servers []backend
	ends    []string // how requests to each end

	perMinute [2]int // of these
}

func (d *pairing) String() string {
	g := d.web()
	s := fmt.Sprintf("%s %s on port %d, TLS 1.3: %v, checked apart: %v, probes: %d", g.Protocol, g.Version, g.Port, d.newest, d.apart, len(d.Probes))
	for i, b := range d.servers {
		s += fmt.Sprintf("; %s is %q: %s, %s", g.Targets[i].ID, b.name, d.ends[i], g.Targets[i].State)
	}
	return s
}

func drawTargets(t *testing.T, servers []backend, seed uint64) *pairing {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 8))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	d := &pairing{Snapshot: base(), newest: r.IntN(2) == 0, apart: r.IntN(3) == 0}
	d.https(Certificate{certARN, "ISSUED", noon.AddDate(1, 0, 0), []string{"shop.example.com"}, ""})
	if d.Listeners = d.Listeners[1:]; !d.newest {
		d.Listeners[0].Policy = "ELBSecurityPolicy-2016-08"
	}
	d.perMinute = [2]int{5, []int{1, 5, 20}[r.IntN(3)]}
	g := d.web()
	g.Protocol, g.Version = pick("HTTP", "HTTPS", "HTTPS"), pick("HTTP1", "HTTP1", "HTTP2")
	g.Check.Protocol = g.Protocol
	if r.IntN(2) == 0 {
		d.port(8443)
	}
	if d.apart {
		d.checkPort("9090")
		d.group("sg-app").Ingress = append(d.group("sg-app").Ingress, Permission{Protocol: "tcp", From: 9090, To: 9090, Groups: []string{"sg-lb"}})
	}
	for i := range g.Targets {
		b := servers[r.IntN(len(servers))]
		if i > 0 && r.IntN(2) == 0 {
			b = d.servers[0]
		}
		d.servers, d.ends = append(d.servers, b), append(d.ends, sent(t, b, g, d.newest))
		d.check(i)
	}
	d.ask()
	if r.IntN(2) == 0 {
		d.try(t)
	}
	return d
}

// check is what health checks make of a target.
func (d *pairing) check(i int) {
	target := &d.web().Targets[i]
	switch ends := d.ends[i]; {
	case d.apart || ends == endsOK:
	case ends == endsBad:
		target.State, target.Reason, target.Description = "unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [400]"
	default:
		target.State, target.Reason, target.Description = "unhealthy", "Target.FailedHealthChecks", "Health checks failed"
	}
}

// ask sends requests to healthy targets, or to all if there is none: some a minute to each.
func (d *pairing) ask() {
	g := d.web()
	healthy := g.hasHealthy()
	d.Logs.Traffic, d.Logs.Newest, d.Metrics = nil, noon, nil
	for i := range d.Logs.Minutes {
		d.Logs.Minutes[i].Requests, d.Logs.Minutes[i].Unconnected = 0, map[string]int64{}
	}
	counts := map[string]float64{}
	for i, target := range g.Targets {
		if healthy && target.State != "healthy" {
			continue
		}
		each := 60 * d.perMinute[i]
		name, reason, metric := fmt.Sprint(target.ID, ":", target.Port), "", ""
		traffic := Traffic{Group: g.ARN, Target: name, Requests: int64(each), Slowest: 0.1, Last: noon}
		switch d.ends[i] {
		case endsTLS:
			reason, metric = "Target_Connection_Error", "TargetTLSNegotiationErrorCount"
		case endsRefused:
			reason, metric = "Target_Connection_Error", "TargetConnectionErrorCount"
		case endsClosed:
			reason = "Target_Closed_Connection"
		case endsBad:
			traffic.BadRequests = int64(each)
		}
		if reason != "" {
			d.failing(reason, name, 502, int64(each))
		}
		if metric != "" {
			counts[metric] += float64(each)
		}
		for k := range d.Logs.Minutes {
			m := &d.Logs.Minutes[k]
			if m.Requests += int64(d.perMinute[i]); metric != "" {
				m.Unconnected[name] = int64(d.perMinute[i])
			}
		}
		d.Logs.Traffic = append(d.Logs.Traffic, traffic)
		counts["RequestCount"] += float64(each)
	}
	if !healthy {
		counts["UnhealthyRoutingRequestCount"] = counts["RequestCount"]
	}
	for name, sum := range counts {
		d.metric(name, g.ARN, "Sum", sum)
	}
	d.metric("RequestCount", "", "Sum", counts["RequestCount"])
}

// try probes the servers. Where health checks go elsewhere, these are answered.
func (d *pairing) try(t *testing.T) {
	t.Helper()
	g := d.web()
	for i := range g.Targets {
		name := fmt.Sprint(g.Targets[i].ID, ":", g.Targets[i].Port)
		for _, check := range []bool{true, false} {
			p := d.tried(t, d.servers[i], g, check)
			if check && d.apart {
				p.Outcome, p.Code = ProbeAnswered, 200
			}
			p.Target, p.Address = name, name
			d.Probes = append(d.Probes, p)
		}
	}
}

// causes are what may be said of a server, as a group is set up; the first is what a probe sees.
func (d *pairing) causes(i int) (ids []string) {
	g, b := d.web(), d.servers[i]
	http1 := b.http && !b.newer && g.http2()
	switch ends := d.ends[i]; {
	case ends == endsOK:
		return nil
	case ends == endsRefused:
		return []string{"target-port-refused", "keep-alive-race"}
	case ends == endsTLS && b.http && !b.secure:
		ids = []string{"target-speaks-plain-http", "target-tls-negotiation-fails"}
	case ends == endsTLS || g.Protocol == "HTTPS" && b.asks:
		ids = []string{"target-tls-negotiation-fails", "target-closes-connection"}
	case b.secure && g.Protocol == "HTTP":
		ids = []string{"target-expects-tls", "target-closes-connection"}
	case !http1:
		ids = []string{"target-closes-connection"}
	}
	if http1 {
		ids = append(ids, "target-speaks-http1", "target-closes-connection")
	}
	return ids
}

// settling are the findings that say of a server itself what is wrong with it.
var settling = []string{"target-port-refused", "target-speaks-plain-http", "target-tls-negotiation-fails", "target-expects-tls", "target-speaks-http1", "target-closes-connection"}

// compare says where a report and what happened do not agree; "" if they do.
func (d *pairing) compare(r *Report) string {
	for i, target := range d.web().Targets {
		name, causes := fmt.Sprint(target.ID, ":", target.Port), d.causes(i)
		var told []string
		for _, f := range r.Findings {
			if f.Level == Note || !slices.Contains(f.Targets, name) && (len(f.Targets) > 0 || !slices.Contains(f.Groups, "web")) {
				continue
			}
			if told = append(told, f.ID); f.Confidence == High && slices.Contains(settling, f.ID) && !slices.Contains(causes, f.ID) {
				return fmt.Sprintf("%s: %s is said for sure, want one of %v", name, f.ID, causes)
			}
			for _, rival := range f.Rivals {
				told = append(told, rival.ID)
			}
		}
		quiet := target.State != "healthy" && d.web().hasHealthy() // no request comes
		other := d.servers[1-i]
		behind := len(d.Probes) > 0 && other.http && other.secure != (d.web().Protocol == "HTTPS") // which is told first
		symptom := behind || quiet && d.ends[i] == endsClosed && slices.Contains(told, "target-health-failed-checks") || d.ends[i] == endsBad && len(d.Probes) == 0 && slices.Contains(told, "health-check-matcher")
		switch {
		case causes == nil && len(told) > 0:
			return fmt.Sprintf("%s works, and %v is said", name, told)
		case causes != nil && !symptom && !slices.ContainsFunc(causes, func(id string) bool { return slices.Contains(told, id) }):
			return fmt.Sprintf("%s: none of %v is said: %v", name, causes, told)
		case causes != nil && !symptom && len(d.Probes) > 0 && !d.apart && !slices.Contains(told, causes[0]):
			return fmt.Sprintf("%s: %s is not said, which probes see: %v", name, causes[0], told)
		}
	}
	return ""
}
