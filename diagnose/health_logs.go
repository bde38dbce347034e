package diagnose

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"loglens/internal/amount"
)

// loggedChecks are what health check logs have of a target's checks.
func (f *facts) loggedChecks(e endpoint) (list []LogCheck) {
	if f.Logs == nil {
		return nil
	}
	name := f.checkName(e)
	for _, c := range f.Logs.Health {
		if c.Group == e.group.Name && c.Target == name {
			list = append(list, c)
		}
	}
	return list
}

// checkName is what health check logs call a target: with the port that is checked.
func (f *facts) checkName(e endpoint) string {
	if e.address.IsValid() {
		return e.address.String() + ":" + strconv.Itoa(e.checkPort) // an address of IPv6 without brackets, too
	}
	return e.target.ID
}

// oftenFlaps is from how many changes within the window a target flaps: twice down
// and up again.
const oftenFlaps = 4

// flaps are the changes between pass and fail of a target's health checks.
func (f *facts) flaps(e endpoint) (n int64) {
	for _, c := range f.loggedChecks(e) {
		n = max(n, c.Flaps)
	}
	return n
}

// checksFailWith reports whether health checks of a target failed with a code.
func (f *facts) checksFailWith(target string, code int64) bool {
	for _, e := range f.endpoints {
		if e.name() == target && slices.ContainsFunc(f.loggedChecks(e), func(c LogCheck) bool { return !c.Pass && c.Code == code }) {
			return true
		}
	}
	return false
}

// flapping reads health check logs for targets that pass and fail in turn.
func (f *facts) flapping() *Finding {
	found := finding("target-health-flapping", "")
	for _, e := range f.endpoints {
		n := f.flaps(e)
		if n < oftenFlaps {
			continue
		}
		found.on(e)
		if len(found.Evidence) < 3 {
			text := fmt.Sprintf("%s changed %s between pass and fail", e.label(), amount.Of(n, "time", "times"))
			if last := f.lastFlap(e); !last.IsZero() {
				text += ", the last at " + f.clock(last) + " UTC"
			}
			found.because(FromLog, text)
		}
	}
	if len(found.Targets) == 0 {
		return nil
	}
	found.Confidence = High
	// What makes the checks fail makes requests fail: an answer of 5xx.
	found.share = those(func(row Failure) bool {
		return row.Reason == "Target_5XX" && slices.Contains(found.Targets, row.Target) && f.checksFailWith(row.Target, row.TargetStatus)
	})
	found.Sentence = "Health checks of %s pass and fail in turn: " + f.whyFlapping(found) + "."
	if last, over := f.flapped(found); over {
		found.Level = Warn
		found.Sentence = "Health checks of %s passed and failed in turn until " + f.clock(last) + " UTC, and have passed since."
		found.Do = "see what happened to the targets until then: their load, a deployment, what the check's path rests on"
	}
	f.name(found)
	return found
}

// whyFlapping is what most checks that failed of targets that flap come of.
func (f *facts) whyFlapping(found *Finding) string {
	var all, reset, answered int64
	codes := map[string]int64{}
	for _, e := range f.endpoints {
		for _, c := range f.loggedChecks(e) {
			switch {
			case !found.has(e) || c.Pass:
				continue
			case c.Reason == connectionReset:
				reset += c.Checks
			case c.Code >= 0:
				answered += c.Checks
				codes[strconv.FormatInt(c.Code, 10)] += c.Checks
			}
			all += c.Checks
		}
	}
	switch {
	case 2*answered > all:
		return fmt.Sprintf("some are answered with what the check does not take (%s)", counts(codes))
	case 2*reset > all:
		found.Do = whyRestarted
		return "they are refused or broken off, as where a process is restarted, or crashes"
	}
	return "a target is at its limit, or the check is too strict"
}

// connectionReset is what health check logs say of checks that are refused or broken off.
const connectionReset = "ConnectionReset"

// checksBreakOff reports whether health checks of a target pass and fail in turn, and most of those that fail are
// refused or broken off.
func (f *facts) checksBreakOff(e endpoint) bool {
	var all, reset int64
	for _, c := range f.loggedChecks(e) {
		if !c.Pass {
			all += c.Checks
		}
		if c.Reason == connectionReset {
			reset += c.Checks
		}
	}
	return f.flaps(e) >= oftenFlaps && 2*reset > all
}

// lastFlap is when a target last changed between pass and fail; zero if that is not known.
func (f *facts) lastFlap(e endpoint) (last time.Time) {
	for _, c := range f.loggedChecks(e) {
		if c.LastFlap.After(last) {
			last = c.LastFlap
		}
	}
	return last
}

// flapped reports whether targets that flapped are all healthy now, and pass all checks for half of the
// window since, as far as the logs have these, and when the last one did.
func (f *facts) flapped(found *Finding) (last time.Time, over bool) {
	end := f.Until
	for _, e := range f.endpoints {
		if !found.has(e) {
			continue
		}
		flap, passed := f.lastFlap(e), time.Time{}
		for _, c := range f.loggedChecks(e) {
			if c.Pass && c.Last.After(passed) {
				passed = c.Last
			}
		}
		if !flap.After(f.From) || !e.healthy() {
			return last, false
		}
		if flap.After(last) {
			last = flap
		}
		if passed.Before(end) {
			end = passed
		}
	}
	return last, end.Sub(last) >= max(quiet, f.Until.Sub(f.From)/2)
}
