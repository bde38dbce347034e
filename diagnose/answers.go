package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"loglens/internal/amount"
	"loglens/parse"
)

var answersCheck = Check{
	Name:  "answers",
	About: "Answers that are no failures of the logs, and of no use: nearly all requests are redirected in a circle, or not found; many are refused by the balancer itself, or nearly all, or large ones, by AWS WAF; or one target takes far longer than the others, or all of a group than before.",
	Gives: []string{"requests-refused", "waf-blocks-clients", "waf-blocks-large-bodies", "rule-redirect-loop", "target-redirect-loop", "target-answers-not-found", "target-far-slower", "target-group-slower"},
	look:  lookAtAnswers,
}

func lookAtAnswers(f *facts) []*Finding {
	if !f.hasAccess() {
		return nil
	}
	return append(given(f.refusesClients(), f.wafBlocksMost(), f.wafBlocksClients(), f.wafBlocksLarge(), f.ruleLoop()), f.ofEach(f.targetLoop, f.notFound, f.farSlower, f.groupSlower)...)
}

// refusing are the reasons for which a balancer refuses by itself what clients send, but for those
// that others tell of.
var refusing = []string{"Desync_Block", "Bad_Request", "Client_Timeout", "Request_Too_Large", "Header_Too_Large", "XFF_Too_Many_IPs", "Method_Not_Allowed", "Not_Implemented", "HTTP_Version_Not_Supported", "Redirect_URL_Too_Long", "ELB_Denied", "Client_4XX"}

// refusesClients looks for requests that never come to a rule or a target. In the internet, a few
// come at all times.
//
// Source: AWS, "Edit attributes for your Application Load Balancer" (desync mitigation mode), read
// 2026-11.
func (f *facts) refusesClients() *Finding {
	share := those(func(row Failure) bool { return slices.Contains(refusing, row.Reason) })
	n, sum, all := f.sumBy(byReason, share), f.sumAll(share), f.requests()
	late, sudden := f.Logs.displaced(amongAll(forReasons(refusing...)))
	if !sudden && !manyOf(sum, all) {
		return nil
	}
	reasons := mostFirst(n)
	found := finding("requests-refused", fmt.Sprintf("The balancer refuses %.0f %% of all requests by itself, for what clients send: %s.", 100*float64(sum)/float64(all), few(reasons)))
	if sudden {
		found.Sentence = fmt.Sprintf("The balancer refuses most requests by itself, for what clients send: %d of %s since %s UTC: %s.", late.some, amount.Of(late.all, "request", "requests"), f.clock(late.since), few(reasons))
	}
	for _, reason := range reasons[:min(3, len(reasons))] {
		rule := parse.Rules[slices.IndexFunc(parse.Rules, func(r parse.Rule) bool { return r.Reason == reason })]
		found.because(FromLog, fmt.Sprintf("%s %d: %s", reason, n[reason], rule.Meaning))
	}
	if n["Desync_Block"] > 0 && f.Balancer.Attributes[attrDesync] == "strictest" {
		found.because(FromConfig, attrDesync+" is strictest, which lets through only what keeps to RFC 7230; defensive, as it is unless changed, blocks only what may do harm")
	}
	if n["Bad_Request"] > sum/2 {
		for _, l := range f.Listeners {
			if l.Protocol == "HTTP" && tlsPort(l.Port) {
				found.rival("", fmt.Sprintf("clients that speak TLS to listener %s, as https:// does to this port: how they begin is no request in HTTP, and the listener has to be one of HTTPS", l.label()))
			}
		}
	}
	if n["Bad_Request"]+n["Header_Too_Large"] > sum/2 {
		found.rival("", "cookies that have grown beyond the limits, such as those of logins or of other applications of the same domain")
	}
	found.rival("", "clients that are no concern, such as scanners")
	for _, reason := range reasons[:min(3, len(reasons))] {
		found.Verify = append(found.Verify, f.lines("--class", "all", "--reason", reason))
	}
	if !sudden {
		f.likeScanners(found, sum)
	}
	return found
}

// wafBlocksLarge looks for uploads that AWS WAF takes for an attack: it looks at no more than the
// first 8 KB of a body behind an Application Load Balancer, and rules may block what is longer.
// What scanners send is short.
//
// Source: AWS, "Considerations for managing body inspection" and "Baseline rule groups" (core rule
// set) of the AWS WAF guide, read 2026-11.
func (f *facts) wafBlocksLarge() *Finding {
	blocked, large := f.blockedByWAF()
	if large < fewRequests || 2*large < blocked {
		return nil
	}
	if more := f.blockedMore(); len(more) > 0 && more[0].isLarge() { // which says more
		return nil
	}
	found := finding("waf-blocks-large-bodies", fmt.Sprintf("AWS WAF blocks large requests, such as uploads: %d of %s that it blocked were larger than 8 KB.", large, amount.Of(blocked, "request", "requests")))
	found.because(FromLog, fmt.Sprintf("%s ended with the action waf, %d of them with more than 8192 bytes received", amount.Of(blocked, "request", "requests"), large))
	found.rival("", "rules that look for attacks, and find what looks like one in a file, such as CrossSiteScripting_BODY and GenericLFI_BODY; or attacks")
	f.askWAF(found)
	return found
}

// blockedByWAF are the requests that AWS WAF blocked, and those among them that were large.
func (f *facts) blockedByWAF() (all, large int64) {
	blocked := func(row Failure) bool { return row.Reason == "WAF_Block" }
	return f.sumAll(those(blocked)), f.sumAll(where(blocked, func(row Failure) int64 { return row.Large }))
}

// askWAF adds how AWS WAF is asked which rules block, and what.
func (f *facts) askWAF(found *Finding) {
	found.Verify = []string{f.command("wafv2", "get-web-acl-for-resource", "--resource-arn", f.Balancer.ARN)}
	const sampled = 3 * time.Hour // AWS WAF has nothing older
	if f.Taken.Sub(f.Until) < sampled {
		found.Verify = append(found.Verify, f.command("wafv2", "get-sampled-requests", "--scope", "REGIONAL", "--web-acl-arn", "WEB-ACL-ARN", "--rule-metric-name", "METRIC-NAME", "--max-items", "100",
			"--time-window", "StartTime="+f.latest(sampled).UTC().Format(time.RFC3339)+",EndTime="+f.Until.UTC().Format(time.RFC3339)))
	}
}

// wafBlocksMost looks whether AWS WAF lets hardly anything through, or no more since a few minutes: then it
// is rather a rule than what clients send, such as one that counts the requests of an address, which is that
// of a CDN.
//
// Source: AWS, "Using rate-based rule statements" and "Using forwarded IP addresses" of the AWS WAF
// guide, read 2026-11.
func (f *facts) wafBlocksMost() *Finding {
	blocked, _ := f.blockedByWAF()
	all := f.requests()
	late, sudden := f.Logs.displaced(amongAll(forReasons("WAF_Block")))
	sudden = sudden && late.most()
	if !sudden && (blocked < fewRequests || 10*blocked < 9*all) {
		return nil
	}
	found := finding("requests-refused", fmt.Sprintf("AWS WAF blocks nearly every request: %d of %s.", blocked, amount.Of(all, "request", "requests")))
	if sudden {
		found.Sentence = fmt.Sprintf("AWS WAF blocks nearly every request: %d of %s since %s UTC.", late.some, amount.Of(late.all, "request", "requests"), f.clock(late.since))
		found.because(FromLog, fmt.Sprintf("in the hour before, it let through %d", late.before))
	}
	found.Do = "see which rule of the web ACL blocks them; one that counts requests by address takes a CDN or a proxy before the balancer for one client, unless it goes by a header such as X-Forwarded-For"
	found.because(FromLog, fmt.Sprintf("%s ended with the action waf", amount.Of(blocked, "request", "requests")))
	found.rival("", "an attack, or scanners, may be all that came")
	f.askWAF(found)
	if !sudden {
		f.likeScanners(found, blocked)
	}
	return found
}

// notFound looks for groups whose targets have nothing of what they are asked for: a rule that
// asks for a path hands it on whole.
//
// Source: AWS, "Condition types for listener rules" (path conditions) and "Transforms for
// listener rules" of the Application Load Balancer guide, read 2026-11.
func (f *facts) notFound(g *Group) *Finding {
	missing, all := int64(0), f.sent(g)
	for _, t := range f.traffic() {
		if t.Group == g.logARN(f) {
			missing += t.NotFound
		}
	}
	since := ""
	if !nearlyAll(missing, all) {
		late := f.Logs.lateOf(g.logARN(f))
		missing, all, since = late.NotFound, late.Requests, f.sinceThen(late.Since)
	}
	if !nearlyAll(missing, all) || f.Balancer.Type == Classic && len(f.Groups) > 1 {
		return nil
	}
	found := finding("target-answers-not-found", fmt.Sprintf("Targets of %s answer nearly every request with 404%s.", g.Name, since))
	found.because(FromLog, fmt.Sprintf("%d of %s%s were answered with 404 by the target", missing, amount.Of(all, "request", "requests"), since))
	for _, r := range f.rules() {
		if paths := r.paths(); r.leadsTo(g.ARN) && len(paths) > 0 && len(found.Evidence) < 4 {
			how := "targets get the path whole, with what the rule asks for"
			if r.Rewrites {
				how = "it rewrites the path"
			}
			found.because(FromConfig, fmt.Sprintf("%s takes %s: %s", r.name(), strings.Join(paths, ", "), how))
		}
	}
	found.rival("", "requests for what nobody offers, such as those of scanners, may be all that came")
	if since == "" { // else most others came until then
		f.likeScanners(found, missing)
	}
	if since == "" && f.leftover(g) {
		found.Level, found.Confidence = Note, Low
		found.rival("", "a group for what no other rule asks for, which answers 404 on purpose, such as the default backend of an ingress controller")
	}
	f.ask(found, g, "-i", "/PATH")
	return found
}

// leftover reports whether only default rules lead to a group, beside which others lead elsewhere.
func (f *facts) leftover(g *Group) bool {
	elsewhere := false
	for _, r := range f.rules() {
		switch {
		case r.Priority == "default":
		case r.leadsTo(g.ARN):
			return false
		default:
			elsewhere = elsewhere || r.forwards()
		}
	}
	return elsewhere && f.rulesKnown()
}

// paths are those that a rule asks for, if not for all.
func (r Rule) paths() (list []string) {
	for _, c := range r.Conditions {
		if c.Field != "path-pattern" || c.takesAny() {
			continue
		}
		for _, v := range c.Values {
			list = append(list, redacted(v))
		}
	}
	return list
}

// many is how many requests a target must have had for its median to be compared.
const many = 100

// sendsLess is advice to a group that is not set so.
const sendsLess = ". Algorithm least_outstanding_requests of the group sends less to targets that are slow"

// farSlower looks for targets that are slow while others of their group are not, and healthy all
// the same: round robin sends them as much as the others.
//
// Source: AWS, "Edit target group attributes" (routing algorithm, sticky sessions) of the
// Application Load Balancer guide, read 2026-11.
func (f *facts) farSlower(g *Group) *Finding {
	slow, all := f.compared(g)
	if len(slow) == 0 {
		return nil
	}
	rest := 0.0 // the slowest of the others
	for _, t := range all {
		if !slices.Contains(slow, t) {
			rest = max(rest, t.Median)
		}
	}
	found := finding("target-far-slower", "")
	for i, t := range slow {
		if found.Targets = append(found.Targets, t.Target); i < 3 {
			found.because(FromLog, fmt.Sprintf("half of the answers of %s took %.1f s or longer, of %s", t.Target, t.Median, amount.Of(t.Requests, "request", "requests")))
		}
	}
	others := "the other"
	if 5*rest > slow[len(slow)-1].Median {
		others = "most other"
	}
	found.Sentence = fmt.Sprintf("%s answer%s far more slowly than %s targets of %s.", upper(whom(found.Targets, g)), third(len(slow)), others, g.Name)
	found.because(FromLog, fmt.Sprintf("of no other target of the group, with %d requests or more, did half take longer than %.3f s", many, rest))
	f.hot(found, g, slow, all)
	for _, attr := range []string{attrAlgorithm, attrSticky} {
		if value := g.Attributes[attr]; value != "" {
			found.because(FromConfig, attr+" of "+g.Name+" is "+value)
		}
	}
	if f.Balancer.Type == Classic || g.Attributes[attrAlgorithm] == "least_outstanding_requests" {
		found.Do = strings.TrimSuffix(found.Do, sendsLess) // which it has
	} else if g.Attributes[attrAlgorithm] == "round_robin" && numeric(g.Attributes, attrSlowStart, 0) == 0 {
		f.groupAttribute(found, g, attrAlgorithm, "least_outstanding_requests")
	}
	found.rival("", "a target that was started within this time, and was slow until its caches were filled: slow_start.duration_seconds of the group lets it begin with less, but with algorithm round_robin only")
	found.rival("", "requests that are slow by themselves, and come to one target: by sticky sessions, or by chance where they are few")
	return found
}

// compared are the targets of a group whose answers can be compared, and those among them that are far
// slower than half of all, the slowest first. Those that are not registered, or fast to fail, are none.
func (f *facts) compared(g *Group) (slow, all []Traffic) {
	failing := f.mostly(g, f.ofGroup(g, "Target_5XX"))
	for _, t := range f.traffic() {
		if !slices.Contains(failing, t.Target) && t.Group == g.logARN(f) && t.Requests >= many && t.Median > 0 && slices.ContainsFunc(f.whole(g), func(e endpoint) bool { return e.name() == t.Target && e.target.usable() }) {
			all = append(all, t)
		}
	}
	for _, t := range all {
		faster := 0
		for _, other := range all {
			if 5*other.Median <= t.Low { // where half are slow by themselves, medians differ by chance
				faster++
			}
		}
		if t.Median >= 1 && 2*faster >= len(all) && f.asked(t.Target) {
			slow = append(slow, t)
		}
	}
	slices.SortFunc(slow, func(a, b Traffic) int { return cmp.Compare(b.Median, a.Median) })
	return slow, all
}

// hot says of slow targets that they get far more requests than the others of their group, and
// what may make them.
func (f *facts) hot(found *Finding, g *Group, slow, all []Traffic) {
	own, sum := int64(0), int64(0)
	for _, t := range all {
		sum += t.Requests
	}
	for _, t := range slow {
		own += t.Requests
	}
	others := len(all) - len(slow)
	if others == 0 || own*int64(others) < 2*(sum-own)*int64(len(slow)) {
		return
	}
	found.because(FromLog, fmt.Sprintf("%s had %d requests, and the others %d, on average of each", whom(found.Targets, g), own/int64(len(slow)), (sum-own)/int64(others)))
	if across, known := f.crossZone(g); known && !across {
		found.because(FromConfig, "cross-zone load balancing is off for "+g.Name+": targets of a zone that has few get more requests each")
	}
}
