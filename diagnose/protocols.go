package diagnose

import (
	"cmp"
	"fmt"
	"slices"

	"loglens/internal/amount"
)

var protocolsCheck = Check{
	Name:  "protocols",
	About: "The listeners' protocol against the protocol version of the groups behind them: HTTP/2, gRPC, 464.",
	Needs: []string{"elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeTargetGroups", describeRules},
	Gives: []string{"grpc-needs-https-listener", "protocol-version-mismatch"},
	look:  lookAtProtocols,
}

func lookAtProtocols(f *facts) []*Finding {
	list := f.ofEach(f.otherVersion)
	if without := f.groupsThat(f.onlyHTTP2); len(without) > 0 {
		list = append(list, f.withoutHTTP2(without))
	}
	if len(list) == 0 {
		list = given(f.beforeGroups())
	}
	return list
}

// onlyHTTP2 reports whether a group takes HTTP/2 only, behind a balancer that takes none.
func (f *facts) onlyHTTP2(g *Group) bool {
	return g.http2() && f.Balancer.Attributes[attrHTTP2] == "false" && f.named(g) && len(f.plainListeners(g)) == 0
}

// otherVersion looks for listeners and clients that speak another protocol to a group than its version takes.
func (f *facts) otherVersion(g *Group) *Finding {
	switch plain := f.plainListeners(g); {
	case g.Version == "GRPC" && len(plain) > 0:
		found := finding("grpc-needs-https-listener", fmt.Sprintf("Target group %s speaks gRPC, which needs an HTTPS listener; %s is none.", g.Name, few(plain)))
		found.onGroup(g)
		found.Confidence = High
		found.because(FromConfig, fmt.Sprintf("%s has protocol version GRPC", g.Name))
		found.share = f.reasons(found, "Protocol_Mismatch")
		return found
	case g.Version == "HTTP2" && len(plain) > 0:
		found := f.mismatch(fmt.Sprintf("Target group %s takes HTTP/2 only, which no client speaks to listener %s without TLS.", g.Name, few(plain)), g)
		f.anotherVersion(found, g)
		found.because(FromConfig, fmt.Sprintf("%s has protocol version HTTP2 behind %s", g.Name, few(plain)))
		return found
	case f.onlyHTTP2(g), f.sum(f.ofGroup(g, "Protocol_Mismatch")) == 0:
		return nil
	}
	found := f.mismatch(fmt.Sprintf("Clients speak another protocol to %s than its protocol version %s takes (464).", g.Name, cmp.Or(g.Version, "HTTP1")), g)
	f.anotherVersion(found, g)
	f.strangers(found, g)
	return found
}

// beforeGroups is about 464 that came before a group was chosen.
func (f *facts) beforeGroups() *Finding {
	n := f.sum(those(func(row Failure) bool { return row.Reason == "Protocol_Mismatch" && row.Group == "" }))
	if n == 0 {
		return nil
	}
	found := finding("protocol-version-mismatch", "Clients speak another protocol than the target groups' protocol version takes (464).")
	found.share = f.reasons(found, "Protocol_Mismatch")
	found.Confidence = High
	found.because(FromLog, amount.Of(n, "request", "requests")+" ended with 464")
	f.strangers(found, f.groupsThat(func(g *Group) bool { return f.named(g) || !f.rulesKnown() })...)
	return found
}

// withoutHTTP2 is about groups that take HTTP/2 only, behind a balancer that takes none.
//
// Source: AWS, "LoadBalancerAttribute" of the Elastic Load Balancing API reference, and "HTTP
// 464" of the guide for Application Load Balancers, read 2026-11.
func (f *facts) withoutHTTP2(groups []*Group) *Finding {
	names := groupNames(groups)
	answered, grpc := int64(0), false
	for _, g := range groups {
		grpc = grpc || g.Version == "GRPC"
		for _, e := range f.of(g) {
			answered += f.served(e, g.ARN)
		}
	}
	found := f.mismatch(fmt.Sprintf("Target %s HTTP/2 only, which clients may not speak to the balancer.", amount.Noun(len(names), "group "+few(names)+" takes", "groups "+few(names)+" take")), groups...)
	found.Confidence = High
	found.because(FromConfig, fmt.Sprintf("%s is false: clients must connect in HTTP/1.1", attrHTTP2))
	if answered > 0 && f.sum(found.share) == 0 {
		found.Level, found.Confidence = Warn, Medium
		found.because(FromLog, fmt.Sprintf("%s answered %s, and none ended with 464: it may have been switched off since", few(names), amount.Of(answered, "request", "requests")))
	}
	found.Do = "let clients speak HTTP/2 to the balancer"
	if !grpc { // nobody speaks gRPC in HTTP/1.1
		found.Do += ", or make a target group of protocol version HTTP1, if the targets speak that as well, and lead to it"
	}
	f.balancerAttribute(found, attrHTTP2, "true")
	return found
}

// sent is how many requests the logs have that a group was chosen for.
func (f *facts) sent(g *Group) int64 {
	return f.requestsOf(func(t Traffic) bool { return t.Group == g.logARN(f) })
}

// strangers makes a finding about requests of another protocol milder where most requests to
// the group are of its own, or to each of the groups that these may have been for: then it is
// no wrong one, and to lead all clients to another group would break the others. Scanners and
// monitors ask everybody in HTTP/1.1.
//
// Source: AWS, "HTTP 464" of the guide for Application Load Balancers, read 2026-11.
func (f *facts) strangers(found *Finding, groups ...*Group) {
	if slices.ContainsFunc(groups, func(g *Group) bool { return g.Version == "GRPC" }) {
		found.rival("", "requests that are no POST, which is all that a group of gRPC takes, in HTTP/2 as well: of browsers, monitors and scanners")
	}
	n, sent := f.sum(found.share), int64(0)
	for i, g := range groups {
		if to := f.sent(g); i == 0 || to < sent {
			sent = to
		}
	}
	sent += f.sumAll(those(func(row Failure) bool { return row.Group == "" && found.share(row) > 0 }))
	if 2*n >= sent {
		return
	}
	found.Level = Warn
	if len(groups) == 1 {
		found.Sentence = fmt.Sprintf("Some clients speak another protocol to %s than its protocol version %s takes (464): %d of %s.", groups[0].Name, cmp.Or(groups[0].Version, "HTTP1"), n, amount.Of(sent, "request", "requests"))
	} else {
		found.Sentence = fmt.Sprintf("Some clients speak another protocol than the target groups' protocol version takes (464): %s, and each group got more than that.", amount.Of(n, "request", "requests"))
	}
	found.Do = "see which clients these are; if they are meant to come, make a target group with the protocol version that they speak, and lead them to it by a rule of their own, since all others speak that of now"
	these := forReasons("Protocol_Mismatch")
	_, sudden := f.Logs.displaced(amongAll(these))
	sudden = sudden || slices.ContainsFunc(groups, func(g *Group) bool {
		late, ok := f.Logs.displaced(amongThose(g.logARN(f), these))
		return ok && late.most()
	})
	if float64(n) < fewFailures*float64(sent) && !sudden {
		found.Level, found.Fix, found.Undo = Note, nil, nil
	}
}

// mismatch begins a finding about groups whose protocol version clients do not speak.
func (f *facts) mismatch(sentence string, groups ...*Group) *Finding {
	found := finding("protocol-version-mismatch", sentence)
	for _, g := range groups {
		found.onGroup(g)
	}
	found.share = f.reasons(found, "Protocol_Mismatch")
	if n := f.sum(found.share); n > 0 {
		found.Confidence = High
		found.because(FromLog, amount.Of(n, "request", "requests")+" ended with 464")
	}
	for _, g := range groups[:min(3, len(groups))] {
		found.because(FromConfig, fmt.Sprintf("%s: %s, protocol version %s", g.Name, g.Protocol, cmp.Or(g.Version, "HTTP1")))
	}
	return found
}

// anotherVersion makes a group like this one, but for its protocol version, which cannot
// be changed. Targets and rules are left to whoever manages them.
func (f *facts) anotherVersion(found *Finding, g *Group) {
	version := "HTTP1"
	if cmp.Or(g.Version, version) == version {
		version = "GRPC" // nothing else that clients speak is not turned into HTTP/1.1
	}
	words := []string{"--name", "NEW-NAME", "--protocol", g.Protocol, "--port", fmt.Sprint(g.Port),
		"--protocol-version", version, "--vpc-id", g.VPC, "--target-type", g.Type}
	switch {
	case version == "GRPC": // what checks HTTP/1.1 is nothing that gRPC has; the default is
	case g.Version == "GRPC":
		words = append(words, "--health-check-path", "/PATH")
	default:
		words = append(words, "--health-check-path", g.Check.pathWord())
		if g.Check.Matcher != "" && g.Check.Matcher != "200" {
			words = append(words, "--matcher", fmt.Sprintf(`{"HttpCode":%q}`, g.Check.Matcher))
		}
	}
	// The defaults are 200, and HTTP on the traffic port, also where the group speaks HTTPS.
	if g.Check.Protocol != "" && g.Check.Protocol != "HTTP" {
		words = append(words, "--health-check-protocol", g.Check.Protocol)
	}
	if g.Check.Port != "" && g.Check.Port != "traffic-port" {
		words = append(words, "--health-check-port", g.Check.Port)
	}
	if g.AddressType == "ipv6" {
		words = append(words, "--ip-address-type", g.AddressType)
	}
	found.because(FromConfig, "the command only makes the new group: whoever manages targets and rules, such as ECS or Kubernetes, has to register them in it and lead to it")
	found.mend(f.command("elbv2", "create-target-group", words...), f.command("elbv2", "delete-target-group", "--target-group-arn", "NEW-GROUP-ARN"))
}

// plainListeners are those without TLS that send requests to a group.
func (f *facts) plainListeners(g *Group) (names []string) {
	for _, l := range f.Listeners {
		if l.Protocol == "HTTP" && f.leads(l, g) {
			names = append(names, l.label())
		}
	}
	return names
}

// leads reports whether a listener has a rule for a group.
func (f *facts) leads(l Listener, g *Group) bool {
	return slices.ContainsFunc(l.Rules, func(r Rule) bool { return r.leadsTo(g.ARN) })
}

// forwards reports whether a rule sends requests to any group.
func (r Rule) forwards() bool {
	return slices.ContainsFunc(r.Actions, func(a Action) bool { return a.Type == "forward" })
}

// groups are those that it names, whatever their weight, by their ARNs.
func (r Rule) groups() (list []string) {
	for _, a := range r.Actions {
		for _, w := range a.Weights {
			list = add(list, w.Group)
		}
	}
	return list
}

// leadsTo reports whether it sends some to this one.
func (r Rule) leadsTo(arn string) bool {
	return slices.ContainsFunc(r.Actions, func(a Action) bool { return a.leadsTo(arn) })
}

func (a Action) leadsTo(arn string) bool {
	return slices.ContainsFunc(a.Weights, func(w Weight) bool { return w.Group == arn && w.Weight > 0 })
}
