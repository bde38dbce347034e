package diagnose

import (
	"cmp"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// trait is what failing requests may have in common.
type trait struct {
	name   string
	column string // of the relations failure and request
	word   string // how a value is written
	told   string // of how many requests, by which values, of how large a part, of which requests
	were   string // of what a part of some requests were
}

var traits = []trait{
	{"route", "route", "%s", "%s were for %s, which had %s of %s", "were for"},
	{"program", "user_agent", "%q", "%s were sent by %s, which sent %s of %s", "were sent by"},
	{"client", "client_ip", "%s", "%s came from %s, which sent %s of %s", "came from"},
}

// mostAlike is of how many values of a trait failures are told, at most, to be.
const mostAlike = 3

// areNearlyAll reports whether some of all failures are nine in ten of them or more, and these are no few.
func areNearlyAll(n, all int64) bool { return all >= fewRequests && 10*n >= 9*all }

// alikes are failures that are divided by a trait together.
type alikes struct{ group, reason string }

func alikesOf(row Failure) alikes { return alikes{row.Group, row.Reason} }

// mayBeAlike reports whether failures are such as may have to do with what was asked for, or by whom.
func mayBeAlike(row Failure) bool { return counted(row) || row.Reason == "Client_Closed" }

// alike looks what failures have in common, and, where nearly all for a reason are of a few values of a trait, how many
// requests these have: for that the logs are read a second time, and nothing is told where that cannot be.
func (r *reader) alike() error {
	sent := map[string]int64{}
	for _, t := range r.logs.Traffic {
		sent[t.Group] += t.Requests
	}
	reasons := r.oftenFailed(sent)
	if len(reasons) == 0 {
		return nil
	}
	found := map[trait]map[alikes][]Alike{}
	for _, t := range traits {
		of, err := r.failingAlike(t, reasons, sent)
		if err != nil {
			return err
		}
		if len(of) > 0 {
			found[t] = of
		}
	}
	if len(found) == 0 {
		return nil
	}
	requests, err := r.allAlike(found)
	for t, of := range found {
		for these, values := range of {
			count := func(one Alike) int64 { return requests[[3]string{t.name, one.Group, one.Value}] }
			if most := count(values[0]); most == 0 || 3*most > sent[these.group] {
				continue // it says nothing that its requests fail
			}
			for _, one := range values {
				one.Requests, one.Value = count(one), redacted(one.Value)
				r.logs.Alike = append(r.logs.Alike, one)
			}
		}
	}
	slices.SortFunc(r.logs.Alike, func(a, b Alike) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Reason, b.Reason), cmp.Compare(b.Trait, a.Trait), cmp.Compare(b.Failures, a.Failures), cmp.Compare(a.Value, b.Value))
	})
	return err
}

// failedOf counts failures by group and reason.
func (r *reader) failedOf() map[alikes]int64 {
	failed := map[alikes]int64{}
	for _, row := range r.logs.Failures {
		if mayBeAlike(row) {
			failed[alikesOf(row)] += row.Count
		}
	}
	return failed
}

// oftenFailed are the reasons for which requests to a group failed often enough to ask what they have in common.
func (r *reader) oftenFailed(sent map[string]int64) (reasons []string) {
	for these, n := range r.failedOf() {
		// Of few that clients gave up nothing is told.
		if n >= fewRequests && (these.reason != "Client_Closed" || float64(n) >= fewFailures*float64(sent[these.group])) {
			reasons = add(reasons, these.reason)
		}
	}
	slices.Sort(reasons)
	return reasons
}

// failingAlike are the most frequent values of a trait of failures, the most first, where nearly all are of these, and few
// enough of the requests sent to their group that the values may be of few of these.
func (r *reader) failingAlike(t trait, reasons []string, sent map[string]int64) (map[alikes][]Alike, error) {
	found, sums, failed := map[alikes][]Alike{}, map[alikes]int64{}, r.failedOf()
	_, err := r.ask(fmt.Sprintf(failingAlikeSQL, t.column, mostAlike), func(row []any) {
		these := alikes{text(row[0]), text(row[1])}
		n := whole(row[3], 0)
		found[these], sums[these] = append(found[these], Alike{Group: these.group, Reason: these.reason, Trait: t.name, Value: text(row[2]), Failures: n}), sums[these]+n
	}, sql.Named("reasons", reasons))
	maps.DeleteFunc(found, func(these alikes, _ []Alike) bool {
		return !areNearlyAll(sums[these], failed[these]) || 3*sums[these] > sent[these.group]
	})
	return found, err
}

// allAlike counts all requests by trait, group and value: those of the values that failures have in common.
func (r *reader) allAlike(found map[trait]map[alikes][]Alike) (map[[3]string]int64, error) {
	var names, columns, sets []string
	var args []any
	for _, t := range traits {
		var values []string
		for _, of := range found[t] {
			for _, one := range of {
				values = add(values, one.Value)
			}
		}
		if len(values) == 0 {
			continue
		}
		slices.Sort(values)
		names, args = append(names, t.name), append(args, sql.Named(t.name, values))
		columns = append(columns, fmt.Sprintf("CASE WHEN list_contains($%[1]s, %[2]s) THEN %[2]s END AS %[1]s", t.name, t.column))
		sets = append(sets, "(target_group_arn, "+t.name+")")
	}
	requests := map[[3]string]int64{}
	err := r.again(fmt.Sprintf("SELECT target_group_arn, count(*), %s FROM (SELECT target_group_arn, %s FROM request) GROUP BY GROUPING SETS (%s)",
		strings.Join(names, ", "), strings.Join(columns, ", "), strings.Join(sets, ", ")), func(row []any) {
		for i, name := range names {
			if value := text(row[2+i]); value != "" { // a value has one trait
				requests[[3]string{name, text(row[0]), value}] = whole(row[1], 0)
			}
		}
	}, args...)
	return requests, err
}

// inCommon says what the failures of a share have in common, if nearly all are of a few values of a trait that have no more
// than a third of the requests to their group; nothing if not, or if it is not known, as of a part of those for a reason.
func (f *facts) inCommon(share func(Failure) int64) (said []string) {
	some, all := map[alikes]int64{}, map[alikes]int64{}
	for _, row := range f.failures() {
		all[alikesOf(row)] += row.Count
		if n := share(row); n > 0 {
			some[alikesOf(row)] += n
		}
	}
	total, group := int64(0), ""
	for these, n := range some {
		if n != all[these] || total > 0 && these.group != group {
			return nil
		}
		total, group = total+n, these.group
	}
	for _, t := range traits {
		if text := f.ofFew(t, group, total, some); text != "" {
			said = append(said, text)
		}
	}
	return said
}

// ofFew says of which few values of a trait so many failures of a group are; "" if they are of many.
func (f *facts) ofFew(t trait, group string, total int64, some map[alikes]int64) string {
	var values []Alike // of all reasons
	for _, one := range f.Logs.Alike {
		if _, ok := some[alikes{one.Group, one.Reason}]; !ok || one.Trait != t.name {
			continue
		}
		at := slices.IndexFunc(values, func(other Alike) bool { return other.Value == one.Value })
		if at < 0 {
			values, at = append(values, Alike{Value: one.Value, Requests: one.Requests}), len(values)
		}
		values[at].Failures += one.Failures
	}
	slices.SortFunc(values, func(a, b Alike) int {
		return cmp.Or(cmp.Compare(b.Failures, a.Failures), cmp.Compare(a.Value, b.Value))
	})
	failed, sent := int64(0), int64(0)
	var named []string
	for _, one := range values[:min(len(values), mostAlike)] {
		if areNearlyAll(failed, total) {
			break
		}
		failed, sent = failed+one.Failures, sent+one.Requests
		named = append(named, fmt.Sprintf(t.word+" (%d of its %d)", inSentence(one.Value), one.Failures, one.Requests))
	}
	requests := f.requestsOf(func(t Traffic) bool { return t.Group == group })
	if !areNearlyAll(failed, total) || 3*sent > requests {
		return ""
	}
	which, of := fmt.Sprintf("%d of them", failed), "all requests"
	if failed == total {
		which = "all of them"
	}
	if group != "" {
		of = "the requests to " + groupName(group)
	}
	return fmt.Sprintf(t.told, which, strings.Join(named, ", "), percent(float64(sent)/float64(requests), 1), of)
}

// inSentence is as much of what a client sent as is told in a sentence.
func inSentence(value string) string {
	const most = 60
	if all := []rune(value); len(all) > most {
		return string(all[:most]) + "…"
	}
	return value
}
