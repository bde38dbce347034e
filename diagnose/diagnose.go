package diagnose

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// Check looks at one thing that can be wrong.
type Check struct {
	Name  string
	About string
	Needs []string // IAM actions whose answers it rests on
	Gives []string // IDs of findings
	look  func(*facts) []*Finding
}

// Checks are all checks. A check stands in a file of its own.
var Checks = []Check{
	balancerCheck, dualstackCheck, shutOutCheck, listenersCheck, certificatesCheck, clientCertificatesCheck, rulesCheck,
	targetHealthCheck, groupsCheck, goneCheck, zonesCheck, zonalShiftCheck, healthCheckCheck,
	securityGroupsCheck, networkACLsCheck, routesCheck, publicAccessCheck,
	protocolsCheck, targetTLSCheck, targetVersionCheck, connectionsCheck, answersCheck, surgesCheck, timeoutsCheck,
	lambdaCheck, loginCheck, metricsCheck, targetOptimizerCheck, networkBalancerCheck, logsCheck,
}

// Diagnose says what a snapshot shows. The same snapshot gives the same report.
func Diagnose(s *Snapshot) *Report {
	f := newFacts(s)
	r := &Report{Taken: s.Taken, From: s.From, Until: s.Until, Role: s.Role, ExternalID: s.ExternalID, Balancer: s.Balancer, Missing: s.Missing, Calls: s.Calls}
	for _, c := range Checks {
		for _, found := range c.look(f) {
			found.finish(f)
			f.atRest(found)
			r.Findings = append(r.Findings, found)
		}
	}
	account(f, r.Findings)
	for _, found := range r.Findings {
		f.spare(found)
	}
	r.Findings = append(r.Findings, leftOver(f, r.Findings)...)
	f.moreOfTheSame(r.Findings)
	r.Observed = f.observed(r.Findings)
	rank(r.Findings, r.Observed.Requests)
	once(r.Findings)
	r.Path = path(f, r.Findings)
	return r
}

// KindOf is the entry of an id; an id that is not in Kinds is a bug of ours, which
// a test finds.
func KindOf(id string) Kind {
	return Kinds[slices.IndexFunc(Kinds, func(k Kind) bool { return k.ID == id })]
}

// finding begins one of the kind that the id names.
func finding(id, sentence string) *Finding {
	k := KindOf(id)
	return &Finding{ID: id, Level: k.Level, Hop: k.Hop, Confidence: Medium, Sentence: sentence, Do: k.Do}
}

// given are those findings that there are, and not nil.
func given(list ...*Finding) []*Finding {
	return slices.DeleteFunc(list, func(found *Finding) bool { return found == nil })
}

// finish counts what a finding explains, and brings its lists in order.
func (f *Finding) finish(facts *facts) {
	slices.Sort(f.Groups)
	slices.SortFunc(f.Targets, compareTargets)
	facts.keptByKubernetes(f)
	facts.keptByOwner(f)
	facts.endedEarly(f)
	facts.readinessGate(f)
	if f.share == nil {
		return
	}
	f.share = facts.ofAsked(f.share) // which may be of the whole group
	f.Explains = facts.sum(f.share)
	first, last := facts.firstAndLast(f.share)
	if first.IsZero() {
		return
	}
	for _, text := range facts.inCommon(f.share) {
		f.because(FromLog, text)
	}
	from := facts.clock(first)
	if begin := facts.logsBegin(); !begin.IsZero() && first.Sub(begin) < 2*time.Minute {
		from += ", where the logs begin"
	}
	text := fmt.Sprintf("the first of these failures at %s, the last at %s UTC", from, facts.clock(last))
	if f.when == nil {
		f.when = facts.bursts(f.share)
	}
	facts.newTargets(f)
	if len(f.when) > 1 {
		text = facts.inBurstsAt(f.when, f.Explains)
	}
	if facts.hasAnswered(f.share) {
		text += "; each of these targets has answered since"
	}
	f.because(FromLog, text)
}

// fewFailures is the part of requests below which failures are no outage.
const fewFailures = 0.005

// tooMany is the part of requests, or of connections, from which on something is told that
// happens to a few of them everywhere: a client that leaves, a login that is refused, a reset.
const tooMany = 0.05

// fewRequests is how many requests say nothing.
const fewRequests = 10

// manyOf reports whether some of all requests are more than those few everywhere.
func manyOf(n, all int64) bool { return n >= fewRequests && float64(n) >= tooMany*float64(all) }

// nearlyAll reports whether 99 of a hundred requests are so, and these are not too few to say so.
func nearlyAll(n, all int64) bool { return n >= fewRequests && 100*n >= 99*all }

// rank puts the answer first: what explains most failures that no other accounts for, or leads most
// requests in a circle, then what is worse, then causes before symptoms, then what concerns more
// targets. What fails without a trace in the logs, such as a certificate that sends clients away,
// goes before what explains only few of the requests. What is over comes behind all failures that go on. What others
// account for wholly comes after all of these, and after those themselves, and notes come last.
func rank(list []*Finding, requests int64) {
	behind := chains(list)
	place := func(f *Finding) int {
		switch {
		case f.Level == Note:
			return math.MaxInt
		case len(f.BecauseOf) > 0:
			return behind[f.ID]
		}
		return 0
	}
	ever := func(f *Finding) float64 {
		n := max(f.Explains, f.ruined)
		if n > f.partly || f.Level != Fail || f.Confidence == Low {
			return float64(n - f.partly)
		}
		few := fewFailures * float64(requests)
		if n > 0 { // what accounts for all of these comes before those of its targets that leave no trace
			few = min(few, float64(n))
		}
		return few
	}
	goesOn := math.Inf(1) // the least damage of what goes on
	for _, f := range list {
		if f.Level == Fail && place(f) == 0 && max(f.Explains, f.ruined) > f.partly {
			goesOn = min(goesOn, ever(f))
		}
	}
	damage := func(f *Finding) float64 {
		if f.over {
			return min(ever(f), goesOn-0.5)
		}
		return ever(f)
	}
	worse := map[Level]int{Fail: 0, Warn: 1, Note: 2}
	sure := map[Confidence]int{High: 0, Medium: 1, Low: 2}
	order := func(f *Finding) int { return slices.IndexFunc(Kinds, func(k Kind) bool { return k.ID == f.ID }) }
	slices.SortStableFunc(list, func(a, b *Finding) int {
		return cmp.Or(
			cmp.Compare(place(a), place(b)), cmp.Compare(damage(b), damage(a)), cmp.Compare(ever(b), ever(a)), cmp.Compare(worse[a.Level], worse[b.Level]),
			cmp.Compare(KindOf(a.ID).Role, KindOf(b.ID).Role), cmp.Compare(sure[a.Confidence], sure[b.Confidence]),
			cmp.Compare(len(b.Targets), len(a.Targets)), cmp.Compare(order(a), order(b)), cmp.Compare(a.Sentence, b.Sentence),
		)
	})
}

// chains says of the ids of findings that others account for how many of these stand one
// behind the other, at most.
func chains(list []*Finding) map[string]int {
	behind := map[string]int{}
	for range list { // as often as such a chain may have links
		for _, f := range list {
			for _, id := range f.BecauseOf {
				behind[f.ID] = max(behind[f.ID], behind[id]+1)
			}
		}
	}
	return behind
}
