package diagnose

import (
	"cmp"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// mostRoutes is of how many routes failures are told, at most, to be.
const mostRoutes = 3

// areNearlyAll reports whether some of all failures are nine in ten of them or more, and these are no few.
func areNearlyAll(n, all int64) bool { return all >= fewRequests && 10*n >= 9*all }

// alikes are failures that are divided into routes together.
type alikes struct{ group, reason string }

func alikesOf(row Failure) alikes { return alikes{row.Group, row.Reason} }

// tellsRoute reports whether failures are such as may have to do with what was asked for.
func tellsRoute(row Failure) bool { return counted(row) || row.Reason == "Client_Closed" }

// routes looks which routes failures are of, and, where nearly all for a reason are of a few, how many requests these have:
// for that the logs are read a second time, and nothing is told where that cannot be.
func (r *reader) routes() error {
	sent := map[string]int64{}
	for _, t := range r.logs.Traffic {
		sent[t.Group] += t.Requests
	}
	found, err := r.failingRoutes(sent)
	if err != nil || len(found) == 0 {
		return err
	}
	var names []string
	for _, routes := range found {
		for _, one := range routes {
			names = add(names, one.Route)
		}
	}
	slices.Sort(names)
	requests := map[[2]string]int64{}
	err = r.again(routesSQL, func(row []any) {
		requests[[2]string{text(row[0]), text(row[1])}] = whole(row[2], 0)
	}, sql.Named("routes", names))
	of := func(one RouteFail) int64 { return requests[[2]string{one.Group, one.Route}] }
	for these, routes := range found {
		if most := of(routes[0]); most == 0 || 3*most > sent[these.group] {
			continue // it says nothing that its requests fail
		}
		for _, one := range routes {
			one.Requests, one.Route = of(one), redacted(one.Route)
			r.logs.Routes = append(r.logs.Routes, one)
		}
	}
	slices.SortFunc(r.logs.Routes, func(a, b RouteFail) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Reason, b.Reason), cmp.Compare(b.Failures, a.Failures), cmp.Compare(a.Route, b.Route))
	})
	return err
}

// failingRoutes are the most frequent routes of failures, the most first, where nearly all are of these, and few enough of
// the requests sent to their group that the routes may be few of these.
func (r *reader) failingRoutes(sent map[string]int64) (map[alikes][]RouteFail, error) {
	failed := map[alikes]int64{}
	for _, row := range r.logs.Failures {
		if tellsRoute(row) {
			failed[alikesOf(row)] += row.Count
		}
	}
	var reasons []string
	for these, n := range failed {
		// Of few that clients gave up nothing is told.
		if n >= fewRequests && (these.reason != "Client_Closed" || float64(n) >= fewFailures*float64(sent[these.group])) {
			reasons = add(reasons, these.reason)
		}
	}
	if len(reasons) == 0 {
		return nil, nil
	}
	slices.Sort(reasons)
	found, sums := map[alikes][]RouteFail{}, map[alikes]int64{}
	_, err := r.ask(fmt.Sprintf(failingRoutesSQL, mostRoutes), func(row []any) {
		these := alikes{text(row[0]), text(row[1])}
		n := whole(row[3], 0)
		found[these], sums[these] = append(found[these], RouteFail{Group: these.group, Reason: these.reason, Route: text(row[2]), Failures: n}), sums[these]+n
	}, sql.Named("reasons", reasons))
	maps.DeleteFunc(found, func(these alikes, _ []RouteFail) bool {
		return !areNearlyAll(sums[these], failed[these]) || 3*sums[these] > sent[these.group]
	})
	return found, err
}

// ofFewRoutes says of the failures of a share which routes they are of, if nearly all are of a few that have no more than
// a third of the requests to their group; "" if not, or if it is not known, as of a part of those for a reason.
func (f *facts) ofFewRoutes(share func(Failure) int64) string {
	some, all := map[alikes]int64{}, map[alikes]int64{}
	for _, row := range f.failures() {
		all[alikesOf(row)] += row.Count
		if n := share(row); n > 0 {
			some[alikesOf(row)] += n
		}
	}
	var routes []RouteFail // of all reasons
	total, group := int64(0), ""
	for these, n := range some {
		if n != all[these] || total > 0 && these.group != group {
			return ""
		}
		total, group = total+n, these.group
		for _, one := range f.Logs.Routes {
			if one.Group != these.group || one.Reason != these.reason {
				continue
			}
			at := slices.IndexFunc(routes, func(other RouteFail) bool { return other.Route == one.Route })
			if at < 0 {
				routes, at = append(routes, RouteFail{Route: one.Route, Requests: one.Requests}), len(routes)
			}
			routes[at].Failures += one.Failures
		}
	}
	slices.SortFunc(routes, func(a, b RouteFail) int {
		return cmp.Or(cmp.Compare(b.Failures, a.Failures), cmp.Compare(a.Route, b.Route))
	})
	failed, sent := int64(0), int64(0)
	var named []string
	for _, one := range routes[:min(len(routes), mostRoutes)] {
		if areNearlyAll(failed, total) {
			break
		}
		failed, sent = failed+one.Failures, sent+one.Requests
		named = append(named, fmt.Sprintf("%s (%d of its %d)", shortRoute(one.Route), one.Failures, one.Requests))
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
	return fmt.Sprintf("%s were for %s, which had %s of %s", which, strings.Join(named, ", "), percent(float64(sent)/float64(requests), 1), of)
}

// shortRoute is as much of a route as is told in a sentence.
func shortRoute(route string) string {
	const most = 60
	if all := []rune(route); len(all) > most {
		return string(all[:most]) + "…"
	}
	return route
}
