package diagnose

import (
	"fmt"
	"time"
)

// logsBegin is when the logs begin, where there was traffic in the window before: they were moved to another place, or
// switched on then. Zero where they have all of the window.
func (f *facts) logsBegin() (begin time.Time) {
	for _, m := range f.logMinutes() {
		if m.Requests > 0 && (begin.IsZero() || m.Minute.Before(begin)) {
			begin = m.Minute
		}
	}
	if begin.Sub(f.From) < quiet || f.before("RequestCount", "", begin) < fewRequests {
		return time.Time{}
	}
	return begin
}

// before is what a metric comes to before a time.
func (f *facts) before(name, group string, t time.Time) (n float64) {
	for _, p := range f.series(name, group) {
		if !p.Time.Add(f.period()).After(t) {
			n += p.Value
		}
	}
	return n
}

// countedBefore says when a metric first counted something, if that was before the logs begin.
func (f *facts) countedBefore(name, group string) string {
	first, _, _ := f.whenCounted(name, group)
	if begin := f.logsBegin(); begin.IsZero() || first.IsZero() || f.before(name, group, begin) == 0 {
		return ""
	}
	return fmt.Sprintf(", the first %s UTC, before the logs begin", f.inPeriod(first))
}

// inPeriod writes when something was that a metric counts in the period of a time.
func (f *facts) inPeriod(t time.Time) string {
	if f.period() <= time.Minute {
		return "at " + f.clock(t)
	}
	return "between " + f.clock(t) + " and " + f.clock(t.Add(f.period()))
}

// beginLate tells of logs that lack what was before a time, and have nearly all since.
func (f *facts) beginLate(r reconciled) *Finding {
	begin := f.logsBegin()
	if begin.IsZero() {
		return nil
	}
	missed := f.before("RequestCount", "", begin)
	if missed < 0.9*(r.counted-r.logged) {
		return nil
	}
	atLeast, until := "", ""
	if f.period() > time.Minute { // which has both
		atLeast, until = "at least ", " "+f.clock(begin.Truncate(f.period()))
	}
	found := finding("logs-incomplete", fmt.Sprintf("The logs begin at %s UTC, and %s%s requests came before: the numbers above are of what came since.", f.clock(begin), atLeast, number(missed)))
	found.Do = "look for the logs of that time under another prefix, or in another bucket, if they were moved then, and name where they are as SOURCE; if they were switched on then, there are none"
	found.Confidence = High
	text := fmt.Sprintf("RequestCount before%s: %s", until, number(missed))
	if since := r.counted - missed; since > 0 { // of whole periods
		text += fmt.Sprintf("; since then the logs hold %s of %s", number(r.logged), number(since))
	}
	found.because(FromMetric, text)
	for _, name := range []string{f.errorMetric(), f.targetErrorMetric()} {
		if n := f.before(name, "", begin); n > 0 {
			first, _, _ := f.whenCounted(name, "")
			found.because(FromMetric, fmt.Sprintf("%s before: %s, the first %s UTC, of which no line is there", name, number(n), f.inPeriod(first)))
		}
	}
	return found
}

// targetErrorMetric counts the requests that targets answered with 5xx.
func (f *facts) targetErrorMetric() string {
	if f.Balancer.Type == Classic {
		return "HTTPCode_Backend_5XX"
	}
	return "HTTPCode_Target_5XX_Count"
}
