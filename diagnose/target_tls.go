package diagnose

import (
	"fmt"

	"loglens/internal/amount"
)

var targetTLSCheck = Check{
	Name:  "target-tls",
	About: "TLS between balancer and targets, decided by metrics and probes; the certificate of a target is not validated by a balancer.",
	Needs: []string{"cloudwatch:GetMetricData", "elasticloadbalancing:DescribeTargetGroups"},
	Gives: []string{"target-tls-negotiation-fails", "target-speaks-plain-http", "target-expects-tls"},
	look:  lookAtTargetTLS,
}

const notValidated = "the balancer does not validate a target's certificate: expired, self-signed and foreign ones do; what fails is the version, the cipher, or that no TLS is spoken"

func lookAtTargetTLS(f *facts) (list []*Finding) {
	for i := range f.Groups {
		g := &f.Groups[i]
		if g.speaksTLS() {
			if found := f.noTLS(g); found != nil {
				list = append(list, found)
			}
			continue
		}
		if found := f.wantsTLS(g); found != nil {
			list = append(list, found)
		}
	}
	return append(list, f.someTLS(list)...)
}

// tlsGroups are the groups that the balancer speaks TLS to.
func (f *facts) tlsGroups() (list []*Group) {
	for i := range f.Groups {
		if f.Groups[i].speaksTLS() {
			list = append(list, &f.Groups[i])
		}
	}
	return list
}

// someTLS says what a network balancer counts for all of its groups together, where
// nothing tells of which it is.
func (f *facts) someTLS(known []*Finding) []*Finding {
	groups := f.tlsGroups()
	errors, _ := f.total("TargetTLSNegotiationErrorCount", "")
	if f.Balancer.Type != NetworkType || len(groups) < 2 || errors == 0 || len(known) > 0 {
		return nil
	}
	var names []string
	for _, g := range groups {
		names = append(names, g.Name)
	}
	found := finding("target-tls-negotiation-fails", fmt.Sprintf("TLS between the balancer and some of its targets fails, in one or more of %s.", few(names)))
	found.Confidence = Low
	found.because(FromMetric, "TargetTLSNegotiationErrorCount of the whole balancer: "+number(errors)+"; it is not counted by target group")
	found.because(FromConfig, notValidated)
	found.rival("target-speaks-plain-http", "the targets may speak plain HTTP; --probe tells")
	return []*Finding{found}
}

// noTLS looks at a group whose targets are to speak TLS.
func (f *facts) noTLS(g *Group) *Finding {
	var plain, failed []endpoint
	for _, e := range f.of(g) {
		for _, check := range []bool{false, true} {
			if p := f.probe(e, check); p != nil && p.Outcome == ProbePlain {
				plain = append(plain, e)
				break
			} else if p != nil && p.Outcome == ProbeTLSFailed {
				failed = append(failed, e)
				break
			}
		}
	}
	errors, measured := f.total("TargetTLSNegotiationErrorCount", g.ARN)
	if only := f.tlsGroups(); f.Balancer.Type == NetworkType && len(only) == 1 {
		errors, measured = f.total("TargetTLSNegotiationErrorCount", "")
	}
	logged := int64(0)
	for _, row := range f.failures() {
		if row.Group == g.ARN && row.Reason == "Target_TLS_Error" {
			logged += row.Count
		}
	}
	var found *Finding
	switch {
	case len(plain) > 0:
		found = finding("target-speaks-plain-http", fmt.Sprintf("Target group %s speaks %s to its targets, and %s answers in plain HTTP.", g.Name, g.Protocol, some(plain)))
		for _, e := range plain {
			found.on(e)
			found.because(FromProbe, e.label()+" answers a TLS handshake in plain HTTP")
		}
		found.Confidence = High
	case errors > 0 || logged > 0 || len(failed) > 0:
		found = finding("target-tls-negotiation-fails", fmt.Sprintf("TLS between the balancer and the targets of %s fails.", g.Name))
		for _, e := range failed {
			found.on(e)
			found.because(FromProbe, e.label()+" shares no version or cipher with us")
		}
		if len(failed) == 0 {
			for _, e := range f.of(g) {
				found.on(e)
			}
		}
		found.rival("target-speaks-plain-http", "the targets may speak plain HTTP; --probe tells")
	default:
		return nil
	}
	found.onGroup(g)
	if measured && errors > 0 {
		found.because(FromMetric, fmt.Sprintf("TargetTLSNegotiationErrorCount of %s: %s", g.Name, number(errors)))
	}
	found.because(FromConfig, fmt.Sprintf("%s: %s on port %d", g.Name, g.Protocol, g.Port))
	found.because(FromConfig, notValidated)
	d := f.decide(g)
	if errors > 0 && d.tls+d.wall > 0 {
		found.Confidence = High
	}
	if of := f.connected(g); found.ID == "target-tls-negotiation-fails" && len(failed) == 0 && errors < fewFailures*of {
		found.Level = Warn
		found.Sentence = fmt.Sprintf("TLS between the balancer and the targets of %s fails now and then, and mostly does not: %s of %s.", g.Name, number(errors), amount.Of(int64(of), "time", "times"))
		found.Do = "see whether targets were started or stopped at these times; if not, which versions and ciphers each of them speaks"
	}
	found.share = f.tlsShare(found, g, d)
	if len(f.of(g)) > 0 {
		e := f.of(g)[0]
		if e.address.IsValid() {
			found.Verify = append(found.Verify, fmt.Sprintf("openssl s_client -connect %s:%d -tls1_2 </dev/null", bracketed(e.address.String()), e.port))
		}
	}
	return found
}

// connected is how often the balancer spoke to targets of a group, of a network balancer to
// all of its groups.
func (f *facts) connected(g *Group) float64 {
	name, of := "RequestCount", g.ARN
	if f.Balancer.Type == NetworkType {
		name, of = "NewFlowCount", ""
	}
	n, _ := f.total(name, of)
	return n
}

// tlsShare is the part of a group's failed connections that failed for TLS.
func (f *facts) tlsShare(found *Finding, g *Group, d decided) func(Failure) int64 {
	return func(row Failure) int64 {
		if row.Group != g.ARN {
			return 0
		}
		switch row.Reason {
		case "Target_TLS_Error":
			return row.Count
		case "Target_Connection_Error":
			if found.ID == "target-speaks-plain-http" && f.about(found, row) {
				return row.Count
			}
			return d.tlsFailures(row)
		case "Target_Connect_Timeout":
			if d.walls > 0 {
				return (row.Count*d.wall + d.walls/2) / d.walls
			}
		}
		return 0
	}
}

// wantsTLS looks at a group in plain HTTP whose targets want TLS: a server that is
// spoken to in the wrong way answers 400, or hangs up.
func (f *facts) wantsTLS(g *Group) *Finding {
	if !g.plain() {
		return nil
	}
	var seen []endpoint
	found := finding("target-expects-tls", "")
	for _, e := range f.of(g) {
		for _, check := range []bool{false, true} {
			if p := f.probe(e, check); p != nil && p.Outcome == ProbeTLS && (!check || g.Check.Protocol == "HTTP") {
				seen = append(seen, e)
				found.on(e)
				found.because(FromProbe, p.Address+" speaks TLS where plain HTTP is expected")
				break
			}
		}
	}
	closed := int64(0)
	if f.Logs != nil && len(seen) == 0 && tlsPort(g.Port) {
		closed = f.sum(func(row Failure) int64 {
			if row.Group == g.ARN && row.Reason == "Target_Closed_Connection" {
				return row.Count
			}
			return 0
		})
		_, _, rate := f.spread(g, func(row Failure) int64 {
			if row.Reason == "Target_Closed_Connection" {
				return row.Count
			}
			return 0
		})
		if rate < 0.9 {
			closed = 0 // it works for some
		}
	}
	bad := 0
	for _, e := range f.of(g) {
		if tlsPort(e.port) && e.failing() && e.checkPort == e.port && g.Check.Protocol == "HTTP" && e.target.Reason == "Target.FailedHealthChecks" && !e.othersPass() {
			bad++
			if len(seen) == 0 {
				found.because(FromHealth, e.label()+": "+state(e.target))
				found.on(e)
			}
		}
	}
	if len(seen) == 0 && closed == 0 && bad == 0 {
		return nil
	}
	found.Sentence = fmt.Sprintf("Target group %s speaks plain HTTP to port %d, and its targets seem to expect TLS.", g.Name, g.Port)
	if len(seen) > 0 {
		found.Sentence = fmt.Sprintf("Target group %s speaks plain HTTP, and %s expects TLS.", g.Name, some(seen))
		found.Confidence = High
	} else if closed == 0 {
		found.Confidence = Low
		found.rival("target-port-refused", "nothing may listen on the port; --probe tells")
	}
	found.onGroup(g)
	found.because(FromConfig, fmt.Sprintf("%s: %s on port %d", g.Name, g.Protocol, g.Port))
	found.share = f.reasons(found, "Target_Closed_Connection")
	return found
}
