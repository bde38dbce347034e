package diagnose

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"loglens/internal/amount"
)

var surgesCheck = Check{
	Name:  "surges",
	About: "Whether requests that fail are far more than before, and whose they are: targets that are too few for them, or clients that try again and again.",
	Gives: []string{"traffic-surge"},
	look:  func(f *facts) []*Finding { return f.ofEach(f.surged) },
}

// answersMore is how many times as many answers as before show that more was asked for. Clients that try again until they are
// answered make many requests out of few, and the answers as many as before: by and by, a few more or fewer.
const (
	answersMore  = 1.2
	answersFewer = 0.9
)

// surged looks for requests to a group that became far more, and failed then. Where targets answer more than before, they are
// too few for so many; where they do not, what keeps them from it may be something else, and clients try again. Where they
// answer fewer, that is told only where few of them do.
//
// Source: AWS, "Target tracking scaling policies" (ALBRequestCountPerTarget) of the EC2 Auto Scaling guide, and "Rate-based
// rule statement" of the AWS WAF guide, read 2026-12.
func (f *facts) surged(g *Group) *Finding {
	if !f.hasAccess() || f.Target != "" {
		return nil
	}
	at := slices.IndexFunc(f.Logs.Surges, func(s Surge) bool { return s.Group == g.logARN(f) })
	if at < 0 {
		return nil
	}
	s := f.Logs.Surges[at]
	usual, rose, answered := s.rates()
	overloaded := answered >= answersMore*usual
	if answered < answersFewer*usual && len(s.Parts) == 0 || float64(s.failed()) < fewFailures*float64(f.requestsOf(func(t Traffic) bool { return t.Group == s.Group })) {
		return nil
	}
	last := s.Times[len(s.Times)-1]
	over := f.logsEnd().Sub(last.Last) > quiet
	moved := groupNamesOf(f.movedFrom(s))
	found := finding("traffic-surge", f.surgeWords(s, g, over, moved))
	found.share, found.ruined = f.inSurge(s), s.failed()
	alone, who := s.alone(), s.who()
	switch {
	case moved != "": // a version that fails does so of as many as it gets
		found.Level, found.Confidence, found.share, found.ruined = Warn, Low, nil, 0
		found.Do = fmt.Sprintf("if a deployment, or the weights of rules, moved them, move them back until it is known why %s fails; if not, see why %s gets fewer, and whether %s has targets enough for both", g.Name, moved, g.Name)
	case alone != "": // of whom the targets answer more
		found.Level, found.Confidence, found.share, found.ruined = Warn, Low, nil, 0
		found.Do = fmt.Sprintf("see what %s asks for, and why that fails, in the application's log; whether such requests are wanted at all: a scanner, a job", alone)
	case overloaded && who != "":
		found.Do = fmt.Sprintf("see why %s sends so many: have it send fewer, and wait longer each time before it tries again; a rate-based rule of AWS WAF limits how many one address may send. If it is to send as many, add targets", who)
	case overloaded:
	case who != "" && f.inTime(s):
		found.Confidence = Low
		found.Do = fmt.Sprintf("stop %s for some minutes, or limit what comes from there. If others are answered then, repeated requests kept the targets busy: they have to wait longer each time, and to end at some time. If not, look at what the targets wait for", who)
	default: // what is not answered for another reason is sent again
		found.Level, found.Confidence, found.share, found.ruined = Warn, Low, nil, 0
		found.Do = "look at what keeps the targets from answering first; have who sends these wait longer each time before they try again"
	}
	if over {
		found.tellAsOver()
	}
	found.because(FromLog, fmt.Sprintf("%s requests a minute before, %s in %s; without those that failed %s", perMinute(usual), perMinute(rose), amount.Of(int64(s.minutes()), "such minute", "such minutes"), perMinute(answered)))
	for _, t := range traits {
		if text := s.partWords(t, rose-usual); text != "" {
			found.because(FromLog, text)
		}
	}
	switch {
	case !s.Known:
		found.because(FromLog, "whose requests these were is not known: "+notRead(len(f.Logs.Surges)))
		found.rival("", "requests that fail by themselves, of a scanner or a job")
	case len(s.Parts) == 0:
		found.because(FromLog, "the additional requests were of many paths, programs and addresses")
	}
	if found.share != nil {
		found.rival("", "clients that try again, since something else makes requests fail")
	}
	found.Verify = append(found.Verify, f.ofTimes("clients", f.logs(), s.Times[0].Since, last.Last.Add(time.Minute)))
	return found
}

// notRead says why there was no further reading for a group, of so many.
func notRead(groups int) string {
	if groups > mostContrasts {
		return fmt.Sprintf("that is looked at in %d groups only", mostContrasts)
	}
	return "the lines of the requests could not be read once more"
}

// groupNamesOf names groups by what logs have of them.
func groupNamesOf(arns []string) string {
	var names []string
	for _, arn := range arns {
		names = append(names, cmp.Or(groupName(arn), "no group"))
	}
	return few(names)
}

// inSurge is the share of failures, and of what clients gave up, for reasons nearly all of which came in a surge.
func (f *facts) inSurge(s Surge) func(Failure) int64 {
	during, all := map[string]int64{}, map[string]int64{}
	for _, m := range f.minutes[s.Group] {
		in := slices.ContainsFunc(s.Times, func(t SurgeTime) bool { return !m.Minute.Before(t.Since) && !m.Minute.After(t.Last.Add(time.Minute)) })
		for reason, n := range m.Reasons {
			if all[reason] += n; in {
				during[reason] += n
			}
		}
	}
	return func(row Failure) int64 {
		if row.Group != s.Group || !mayBeAlike(row) || 10*during[row.Reason] < 9*all[row.Reason] {
			return 0
		}
		return row.Count
	}
}

// surgeWords says how many more requests came, and when.
func (f *facts) surgeWords(s Surge, g *Group, over bool, moved string) string {
	usual, rose, answered := s.rates()
	times := fmt.Sprintf("%s times as many requests as before", perMinute(rose/usual))
	gets, fail := "gets", "many fail"
	if over {
		gets, fail = "got", "many failed"
	}
	first, last := s.Times[0], s.Times[len(s.Times)-1]
	var when string
	switch {
	case len(s.Times) > 1:
		var begins []string
		for _, t := range s.Times {
			begins = append(begins, f.clock(t.First))
		}
		when = fmt.Sprintf("%s at times, and %s then: at %s UTC", times, fail, few(begins))
	case over:
		when = fmt.Sprintf("%s %s, and %s", times, f.span(first.Since, last.Last), fail)
	case first.Since.Equal(first.First):
		when = fmt.Sprintf("%s since %s UTC, and %s", times, f.clock(first.Since), fail)
	default:
		when = fmt.Sprintf("%s since %s UTC, and %s since %s", times, f.clock(first.Since), fail, f.clock(first.First))
	}
	text := fmt.Sprintf("%s %s %s", g.Name, gets, when)
	alone, who := s.alone(), s.who()
	answers := "no more"
	if answered < answersFewer*usual {
		answers = "fewer"
	}
	switch again := answered < answersMore*usual; {
	case moved != "":
		return fmt.Sprintf("%s: most of what came in addition went to %s before.", text, moved)
	case alone != "":
		return fmt.Sprintf("%s: nearly all that %s are of %s, as most of what came in addition is.", text, map[bool]string{false: "do", true: "did"}[over], alone)
	case again && who != "":
		return fmt.Sprintf("%s: most of what came in addition is of %s, and its targets answer %s than before.", text, who, answers)
	case again:
		return fmt.Sprintf("%s; its targets answer %s than before, so that it may be clients that try again.", text, answers)
	case who != "":
		return fmt.Sprintf("%s: more than its targets can serve. Most of what came in addition is of %s.", text, who)
	}
	return text + ": more than its targets can serve."
}

// who are the few addresses that most of what came in addition is of, or else the few programs; "" if it is of many.
func (s Surge) who() string { return cmp.Or(s.values("client"), s.values("program")) }

// values are the few of a trait that most of what came in addition has; "" if it has many.
func (s Surge) values(name string) string {
	var named []string
	for _, t := range traits {
		for _, p := range s.Parts {
			if t.name == name && p.Trait == name {
				named = append(named, fmt.Sprintf(t.word, inSentence(p.Value)))
			}
		}
	}
	return strings.Join(named, ", ")
}

// alone are the few values that most of what came in addition has, if these requests fail by themselves: hardly any of the
// others do, of which some would if the targets could not serve so many. "" if not.
func (s Surge) alone() string {
	const least, rarely = 5, 0.2
	for _, name := range []string{"client", "program", "route"} {
		requests, failed, others := int64(0), int64(0), int64(0)
		for _, p := range s.Parts {
			if p.Trait == name {
				requests, failed = requests+p.Requests, failed+p.Failed
			}
		}
		for _, t := range s.Times {
			others += t.Requests
		}
		asThese := float64(others-requests) * float64(failed) / float64(max(1, requests)) // of the others, if they failed alike
		if asThese >= least && float64(s.failed()-failed) < rarely*asThese {
			return s.values(name)
		}
	}
	return ""
}

// inTime reports whether nearly all that fails in a surge does so for want of time: targets that have too much to do keep some
// clients waiting, and may turn others away; those that are gone, or fail at once, do not.
func (f *facts) inTime(s Surge) bool {
	waited, busy, all := int64(0), int64(0), int64(0)
	for _, m := range f.minutes[s.Group] {
		if slices.ContainsFunc(s.Times, func(t SurgeTime) bool { return !m.Minute.Before(t.First) && !m.Minute.After(t.Last) }) {
			waited += forReasons("Target_Response_Timeout", "Client_Closed")(*m)
			busy += forReasons("Target_5XX")(*m)
			all += m.ended()
		}
	}
	return 10*waited >= all && 10*(waited+busy) >= 9*all
}

// partWords says of which few values of a trait was most of what came in addition.
func (s Surge) partWords(t trait, more float64) string {
	var named []string
	sum := 0.0
	for _, p := range s.Parts {
		if p.Trait == t.name {
			sum += p.Rose - p.Usual
			named = append(named, fmt.Sprintf(t.word+" (%s requests a minute before, %s then)", inSentence(p.Value), perMinute(p.Usual), perMinute(p.Rose)))
		}
	}
	if len(named) == 0 {
		return ""
	}
	return fmt.Sprintf("%s of the additional requests %s %s", percent(min(sum/more, 1), 0), t.were, strings.Join(named, ", "))
}

// perMinute writes a rate, or how many times as large one is.
func perMinute(n float64) string {
	if n < 10 {
		return number(math.Round(10*n) / 10)
	}
	return number(math.Round(n))
}
