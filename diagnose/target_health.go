package diagnose

import (
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"loglens/internal/amount"
)

var targetHealthCheck = Check{
	Name:  "target-health",
	About: "What the balancer thinks of each target, by state and reason code, and targets that flap.",
	Needs: []string{"elasticloadbalancing:DescribeTargetHealth", "elasticloadbalancing:DescribeInstanceHealth"},
	Gives: []string{"target-health-timeout", "target-health-failed-checks", "target-health-code-mismatch", "target-health-internal-error",
		"target-invalid-state", "target-ip-unusable", "target-draining", "target-initial", "target-health-checks-disabled",
		"target-health-flapping", "target-not-registered", "classic-instance-out-of-service"},
	look: lookAtTargetHealth,
}

// verdicts are the reason codes that say enough by themselves.
//
// Source: AWS, "TargetHealth" of the Elastic Load Balancing API reference, read 2026-11.
var verdicts = map[string]struct{ id, sentence string }{
	"Target.Timeout":                  {"target-health-timeout", "Health checks of %s are not answered in time."},
	"Target.FailedHealthChecks":       {"target-health-failed-checks", "Health checks of %s fail: the connection is refused or broken off, or the answer is malformed."},
	"Elb.InternalError":               {"target-health-internal-error", "The balancer cannot check %s for a reason of its own."},
	"Target.InvalidState":             {"target-invalid-state", "No instance runs at %s: stopped or terminated."},
	"Target.IpUnusable":               {"target-ip-unusable", "A load balancer has the address of %s."},
	"Target.DeregistrationInProgress": {"target-draining", "Deregistration of %s is under way."},
	"Elb.RegistrationInProgress":      {"target-initial", "Registration of %s is under way."},
	"Elb.InitialHealthChecking":       {"target-initial", "The first health checks of %s are under way."},
	"Target.HealthCheckDisabled":      {"target-health-checks-disabled", "Health checks of %s are disabled."},
}

func lookAtTargetHealth(f *facts) []*Finding {
	b := gather{}
	for _, e := range f.endpoints {
		if f.Balancer.Type == Classic {
			f.classicState(e, &b)
			continue
		}
		v, ok := verdicts[e.target.Reason]
		if !ok || v.id == "target-draining" && f.allDraining(e.group) || v.id == "target-health-checks-disabled" && e.group.Type == "lambda" { // as they are of functions unless changed
			continue
		}
		found := b.at(v.id+e.target.Reason+e.group.ARN, func() *Finding {
			found := finding(v.id, v.sentence)
			if f.checksAreSilent(v.id) {
				found.Sentence = "Health checks of %s fail: the connection is refused or broken off, or nothing is answered."
				found.Do = "look at the way to the health check port, and whether the process listens on it, and speaks its protocol"
				if e.group.Check.overHTTP() {
					found.Sentence = "Health checks of %s fail: the connection is refused or broken off, or nothing is answered, or a code that the matcher does not take."
					found.Do += ", and with which code it answers the path"
				}
			}
			found.Confidence = High
			if KindOf(v.id).Role == Symptom {
				found.Confidence = Medium
			}
			return found
		})
		found.on(e)
		f.evidence(found, e)
	}
	for _, found := range b.list {
		f.name(found)
		f.symptoms(found)
	}
	return append(b.list, given(f.flapping(), f.unregistered())...)
}

// label names a target for people: of a Classic Load Balancer its instance, which is as healthy on one port
// as on another.
func (f *facts) label(e endpoint) string {
	if f.Balancer.Type == Classic {
		return e.target.ID
	}
	return e.label()
}

// evidence adds what is said of a target; of many the first ones will do.
func (f *facts) evidence(found *Finding, e endpoint) {
	if len(found.Evidence) < 3 {
		found.because(FromHealth, f.label(e)+": "+state(e.target))
	}
	if len(found.Verify) == 0 && e.failing() {
		f.fromTarget(found, e)
	}
}

// name puts the targets' names into a sentence that was begun with %s: of a Classic Load Balancer those of
// instances, which are as healthy on one port as on another.
func (f *facts) name(found *Finding) {
	who, n := few(found.Targets), len(found.Targets)
	if f.Balancer.Type == Classic {
		var ids []string
		for _, e := range f.endpoints {
			if found.has(e) {
				ids = add(ids, e.target.ID)
			}
		}
		if who, n = few(ids), len(ids); n > 3 {
			who = amount.Of(n, "instance", "instances")
		}
	} else if n > 3 {
		who = fmt.Sprintf("%d targets of %s", n, few(found.Groups))
	}
	found.Sentence = strings.Replace(found.Sentence, "%s", who, 1)
}

// symptoms adds to a symptom what may be behind it, and what it explains.
func (f *facts) symptoms(found *Finding) {
	switch found.ID {
	case "target-health-timeout":
		found.share = f.reasons(found, "Target_Connect_Timeout")
		f.oneZone(found)
		f.onTheWay(found)
		found.rival("health-check-timeout-too-short", "an application that answers more slowly than the timeout")
	case "target-health-failed-checks":
		f.failedChecks(found)
	case "target-invalid-state":
		found.share = f.reasons(found, "No_Usable_Target", "Target_Connect_Timeout")
		for _, e := range f.endpoints {
			if found.has(e) && e.instance != nil && e.instance.State == "stopped" {
				found.Fix = add(found.Fix, f.command("ec2", "start-instances", "--instance-ids", e.instance.ID))
				found.Undo = add(found.Undo, f.command("ec2", "stop-instances", "--instance-ids", e.instance.ID))
			}
		}
	case "classic-instance-out-of-service":
		f.onTheWay(found)
		f.policies(found)
		f.withoutPod(found)
	case "target-ip-unusable":
		found.share = f.reasons(found, "No_Usable_Target", "Target_Connect_Timeout")
	}
}

// failedChecks adds what may be behind health checks whose connections are refused or broken off.
func (f *facts) failedChecks(found *Finding) {
	found.share = f.reasons(found, "Target_Connection_Error")
	groups := f.groupsThat(func(g *Group) bool { return slices.Contains(found.Groups, g.Name) })
	silent := f.checksAreSilent(found.ID)
	if silent {
		f.onTheWay(found)
		for _, g := range groups {
			found.unsaid(g)
		}
	}
	if f.ofBalancers(found) {
		why := "a balancer that has no healthy target, and answers 503"
		if slices.ContainsFunc(f.endpoints, func(e endpoint) bool { return found.has(e) && e.filters == nil }) {
			why += "; or its security groups let in others than this one's addresses"
		}
		found.rival("", why)
	} else {
		found.rival("target-port-refused", "nothing listens on the port, or on another address only")
	}
	if slices.ContainsFunc(groups, func(g *Group) bool { return g.Check.Protocol != "HTTPS" && g.Type != "alb" }) {
		found.rival("target-expects-tls", "the target speaks TLS and the health check does not")
	}
	if slices.ContainsFunc(groups, func(g *Group) bool { return g.Check.Protocol == "HTTPS" && g.Type != "alb" }) {
		found.rival("target-tls-negotiation-fails", "the health check speaks TLS and the target does not, or shares no version or cipher with it, or asks for a certificate")
		found.rival("", noName)
	}
	if slices.ContainsFunc(groups, (*Group).http2) {
		found.rival("target-speaks-http1", "the health check speaks HTTP/2, as its group does, and the target does not")
	}
	if silent { // others tell of the answer's code, and kube-proxy does answer
		f.withoutPod(found)
		f.seenInTLS(found)
	}
}

// withoutPod makes a finding a note where it may be that of nodes of Kubernetes that have no pod
// of a service.
func (f *facts) withoutPod(found *Finding) {
	for _, e := range f.endpoints {
		if found.has(e) && !f.mayHaveNoPod(e) {
			return
		}
	}
	found.Level, found.Confidence = Note, Low
	found.because(FromConfig, fmt.Sprintf("others pass the check of %s on a node port of its own, as kube-proxy answers it", nodePath))
	found.rival("", "nodes of Kubernetes without a pod of the service: with externalTrafficPolicy Local, they fail this check on purpose")
}

// nodePath is what kube-proxy is asked for whether a node has a pod of a service.
const nodePath = "/healthz"

// mayHaveNoPod reports whether a target may be a node of Kubernetes that has no pod of a
// service: with externalTrafficPolicy Local, it fails the service's health check on purpose.
// That asks kube-proxy, on a port of the range for nodes, which answers with 503.
//
// Source: Kubernetes, "Using Source IP" (services with type LoadBalancer) and "Service"
// (healthCheckNodePort, range of node ports), read 2026-11.
func (f *facts) mayHaveNoPod(e endpoint) bool {
	const first, last = 30000, 32767
	p := f.probe(e, true)
	return e.group.Check.Path == nodePath && first <= e.checkPort && e.checkPort <= last && e.checkPort != e.port && e.othersPass() &&
		(p == nil || p.Code == http.StatusServiceUnavailable)
}

// oneZone says where a symptom is that of all targets in a zone, while those in other zones
// are healthy.
func (f *facts) oneZone(found *Finding) {
	zone, others := "", 0
	for _, e := range f.endpoints {
		switch {
		case !slices.Contains(found.Groups, e.group.Name):
		case found.has(e) && zone == "":
			zone = e.zone
		case found.has(e) && e.zone != zone:
			return
		}
	}
	for _, e := range f.endpoints {
		if slices.Contains(found.Groups, e.group.Name) && !found.has(e) {
			if !e.healthy() || e.zone == zone {
				return
			}
			others++
		}
	}
	if zone == "" || zone == "all" || others == 0 || len(found.Targets) < 2 {
		return
	}
	found.because(FromHealth, fmt.Sprintf("these are all targets in zone %s; %s in other zones", zone, amount.Of(others, "healthy one is", "healthy ones are")))
	found.rival("", "an outage of the zone, which AWS Health shows")
}

// endedEarly adds to what is seen of a group's health checks that its targets may be ended before
// they have started: some leave, others fail their checks or have their first ones, and none is
// healthy. Kubernetes ends no pod for them.
//
// Source: AWS, "healthCheckGracePeriodSeconds" of the ECS API reference, and "Set the health
// check grace period for an Auto Scaling group" of the Auto Scaling guide, read 2026-11.
func (f *facts) endedEarly(found *Finding) {
	if !slices.Contains([]string{"target-health-failed-checks", "target-health-timeout", "health-check-server-error", "target-port-refused", "no-usable-target"}, found.ID) {
		return
	}
	for _, g := range f.groups {
		if !slices.Contains(found.Groups, g.Name) || ofKubernetes(g.Name) || g.hasHealthy() {
			continue
		}
		leaving, coming := 0, 0
		for _, t := range g.Targets {
			switch t.State {
			case "draining":
				leaving++
			case "unhealthy", "initial":
				coming++
			}
		}
		if leaving > 0 && coming > 0 {
			found.rival("", fmt.Sprintf("targets of %s that are ended before they have started, and replaced by others: some leave, and none is healthy; then the grace period of the ECS service (healthCheckGracePeriodSeconds, 0 unless set) or of the Auto Scaling group has to be longer than the start takes", g.Name))
			return
		}
	}
}

// checksAreSilent reports whether a symptom is what a network balancer says of all health
// checks that fail: it has no reason of its own for those that are not answered, nor for
// those that are answered with a wrong code.
//
// Source: AWS, "Target health status" of the Network Load Balancer guide, read 2026-11.
func (f *facts) checksAreSilent(id string) bool {
	return id == "target-health-failed-checks" && f.Balancer.Type == NetworkType
}

// unsaid adds what a network balancer does not say of health checks in HTTP and HTTPS that
// fail.
//
// Source: AWS, "Health checks", "Proxy protocol" and "Troubleshoot your Network Load
// Balancer" of the Network Load Balancer guide, read 2026-11.
func (f *Finding) unsaid(g *Group) {
	c := g.Check
	if !c.overHTTP() {
		return
	}
	f.rival("health-check-matcher", fmt.Sprintf("an answer to %s with a code that the matcher %s does not take", redacted(c.Path), c.Matcher))
	f.rival("", "health checks have an address as Host: a server that only takes the names of its sites turns them away")
	if c.Protocol == "HTTPS" {
		f.rival("", "targets that speak TLS 1.3 only: these checks need an earlier version as well")
	}
	if g.Attributes[attrProxy] == "true" {
		f.because(FromConfig, fmt.Sprintf("%s of %s is true: connections begin with a header of proxy protocol, those of health checks as well", attrProxy, g.Name))
		f.rival("", "targets that do not expect proxy protocol: what they read is no request to them")
	}
}

// seenInTLS adds what probes saw of TLS with the health checks of a network balancer, where it is not that of the traffic.
func (f *facts) seenInTLS(found *Finding) {
	all := true
	for _, e := range f.endpoints {
		switch p := f.probe(e, true); {
		case !found.has(e):
		case p.ended(ProbeTLSFailed, ProbeNoCertificate) && (!e.group.speaksTLS() || f.checksOlder(e)):
			found.because(FromProbe, p.Address+" "+withoutTLS[p.Outcome])
		default:
			all = false
		}
	}
	if all {
		who, _, _ := strings.Cut(found.Sentence, ": ")
		found.Sentence, found.Confidence = who+": these end in TLS.", High
		found.because(FromConfig, "health checks of a Network Load Balancer speak TLS 1.2 at most, and have no certificate")
		found.Do = "let the targets take these health checks: in TLS 1.2, and without a certificate of the client; or let the checks speak TCP, which see less of the targets"
		found.Rivals = []Rival{{"", noName}}
	}
}

// overHTTP reports whether a health check asks for a path.
func (c HealthCheck) overHTTP() bool { return c.Protocol == "HTTP" || c.Protocol == "HTTPS" }

// onTheWay says what may keep health checks from targets and was not seen.
func (f *facts) onTheWay(found *Finding) {
	for _, c := range []Check{securityGroupsCheck, networkACLsCheck, routesCheck} {
		for _, action := range c.Needs {
			if !f.knows(action) {
				found.rival(c.Gives[0], c.Name+" could not be looked at: "+action+" is missing")
				break
			}
		}
	}
	f.farRival(found)
	f.outsideRival(found)
	f.dockerRival(found)
	if f.complete(securityGroupsCheck) && slices.ContainsFunc(f.endpoints, func(e endpoint) bool { return found.has(e) && e.filters == nil && !f.outside(e) }) {
		found.rival(securityGroupsCheck.Gives[0], "security groups of these targets were not seen: they stand in another account, region or network, or are another balancer's")
	}
	if !f.ofBalancers(found) {
		found.rival("", "a firewall on the target itself, which AWS does not see")
	}
}

// ofBalancers reports whether a symptom is that of a balancer as the target of another one.
func (f *facts) ofBalancers(found *Finding) bool {
	return slices.ContainsFunc(f.endpoints, func(e endpoint) bool { return found.has(e) && e.group.Type == "alb" })
}

// farRival says where targets hang on rules of which it is not known whether they match.
func (f *facts) farRival(found *Finding) {
	if slices.ContainsFunc(f.endpoints, func(e endpoint) bool {
		return slices.Contains(found.Targets, e.name()) && f.far(e) && e.filters != nil && !f.weighed(e)
	}) {
		found.rival("target-sg-blocks-traffic-port", "rules let in, or out, a security group that is reached through an appliance, where none matches, or over a transit gateway, where no outbound one does, and an inbound one only where security group referencing is on")
	}
}

// outsideRival says of targets outside of AWS, or behind a transit gateway, what is on the way to them.
func (f *facts) outsideRival(found *Finding) {
	some := func(is func(endpoint) bool) bool {
		return slices.ContainsFunc(f.endpoints, func(e endpoint) bool { return slices.Contains(found.Targets, e.name()) && is(e) })
	}
	if some(f.outside) {
		found.rival("", "a firewall or a route on premises, or the connection to there, which are not looked at")
	}
	if some(f.overTransit) {
		found.rival("", "the routes of the transit gateway or core network, and what lies behind it, such as a firewall, which are not looked at")
	}
}

// overTransit reports whether a way to a target leads over a transit gateway, or a core network.
func (f *facts) overTransit(e endpoint) bool { return f.someWay(e, "tgw-", "arn:") }

// dockerRival says of a balancer whose nodes may have addresses that Docker takes for its own
// network on a host: what the host answers to these never leaves it.
//
// Source: Docker, "Bridge network driver" (default bridge, docker0) and "Networking overview"
// (default address pools), read 2026-11.
func (f *facts) dockerRival(found *Finding) {
	docker := netip.MustParsePrefix("172.17.0.0/16")
	for _, s := range f.subnets() {
		if slices.ContainsFunc(prefixes(s.CIDRs), docker.Overlaps) {
			found.rival("", fmt.Sprintf("Docker on the targets' hosts, whose own network is %s unless changed: answers to the balancer's nodes in %s stay on the host", docker, s.ID))
			return
		}
	}
}

func (f *facts) allDraining(g *Group) bool {
	return !slices.ContainsFunc(g.Targets, func(t Target) bool { return t.State != "draining" })
}

// policies names those of a classic balancer on the port that it checks, which may turn
// instances away, or be what they do not expect. A check in TCP has nothing to do with them.
//
// Source: AWS, "Troubleshoot a Classic Load Balancer: Health checks", read 2026-11.
func (f *facts) policies(found *Finding) {
	for _, e := range f.endpoints {
		for _, g := range f.groups {
			if !found.has(e) || g.Port != e.checkPort || len(g.Policies) == 0 || g.Check.Protocol == "TCP" {
				continue
			}
			found.because(FromConfig, fmt.Sprintf("the balancer has the policy %s on instance port %d", few(g.Policies), g.Port))
			found.rival("", "back-end authentication, with which an instance's certificate must have one of the policy's public keys; or proxy protocol, which the instances do not expect")
			found.Verify = append(found.Verify, f.command("elb", "describe-load-balancer-policies", append([]string{"--load-balancer-name", f.Balancer.Name, "--policy-names"}, g.Policies...)...))
			return
		}
	}
}

// registering is what a classic balancer says of an instance whose first checks are to come.
//
// Source: AWS, "InstanceState" of the Elastic Load Balancing API reference (2012-06-01),
// read 2026-11.
const registering = "Instance registration is still in progress."

// classicState reads the state of an instance of a Classic Load Balancer, which is that of all of its ports.
func (f *facts) classicState(e endpoint, b *gather) {
	if e.target.State != "OutOfService" {
		return
	}
	if e.instance != nil && e.instance.State != "running" && e.instance.State != "" {
		found := b.at("state", func() *Finding {
			return finding("target-invalid-state", "No instance runs at %s: stopped or terminated.")
		})
		found.because(FromConfig, e.instance.ID+" is "+e.instance.State)
		found.on(e)
		return
	}
	if e.target.Description == registering && e.group.hasHealthy() {
		found := b.at("initial", func() *Finding {
			v := verdicts["Elb.RegistrationInProgress"]
			return finding(v.id, v.sentence)
		})
		f.evidence(found, e)
		found.on(e)
		return
	}
	found := b.at("out"+e.target.Reason, func() *Finding {
		found := finding("classic-instance-out-of-service", "The balancer sends no requests to %s: OutOfService.")
		found.share = f.reasons(found, "No_Usable_Target", "Target_Connection_Error", "Target_Connect_Timeout")
		return found
	})
	f.evidence(found, e)
	found.on(e)
}

// codesIn finds the status codes that a description of failed checks names.
var codesIn = regexp.MustCompile(`codes?:? \[([0-9, ]+)\]`)

func codes(description string) (list []int) {
	if m := codesIn.FindStringSubmatch(description); m != nil {
		for _, s := range strings.Split(m[1], ",") {
			if n, err := strconv.Atoi(strings.TrimSpace(s)); err == nil {
				list = append(list, n)
			}
		}
	}
	return list
}
