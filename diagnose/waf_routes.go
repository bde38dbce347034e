package diagnose

import (
	"cmp"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"loglens/ingest"
	"loglens/internal/amount"
)

// WAFRoute is a route of which AWS WAF blocked requests.
type WAFRoute struct {
	Route     string      `json:"route"` // without what may be a secret
	Blocked   int64       `json:"blocked"`
	Large     int64       `json:"large"`     // of these, larger than the 8 KB of a body that AWS WAF looks at
	Served    int64       `json:"served"`    // requests for the route that targets answered below 400
	Addresses int64       `json:"addresses"` // that were blocked
	Known     int64       `json:"known"`     // of these, whom targets answered below 400 other requests, for whatever route
	First     time.Time   `json:"first"`     // that was blocked
	Last      time.Time   `json:"last"`
	Minutes   []WAFMinute `json:"minutes"`
}

// WAFMinute counts what AWS WAF blocked of a route within a minute.
type WAFMinute struct {
	Minute  time.Time `json:"minute"`
	Blocked int64     `json:"blocked"`
}

// mostTries is how often people ask again for what is refused, at most, address by address in the mean.
const mostTries = 10

// mostBlocked is of how many routes it is asked whom AWS WAF blocked, and leastBlocked of how many requests each.
const (
	mostBlocked  = 10
	leastBlocked = leastOfRise
)

const (
	wafRoutesSQL = `
WITH most AS MATERIALIZED (
	SELECT route FROM failure WHERE reason = 'WAF_Block' AND route IS NOT NULL GROUP BY route HAVING count(*) >= %[2]d ORDER BY count(*) DESC, route LIMIT %[1]d
)
SELECT route, date_trunc('minute', time) AS minute, count(*) AS blocked, count(*) FILTER (received_bytes > 8192) AS large, min(time) AS first_seen, max(time) AS last_seen
FROM failure WHERE reason = 'WAF_Block' AND route IN (FROM most) GROUP BY ALL ORDER BY route, minute`

	// Each address is looked at once: by what was blocked of the routes, and by whether a target answered it well.
	wafClientsSQL = `
WITH asked AS MATERIALIZED (
	SELECT client_ip, CASE WHEN list_contains($routes, route) THEN route END AS route,
		count(*) FILTER (target_status_code < 400) AS served, count(*) FILTER (reason = 'WAF_Block') AS blocked
	FROM request GROUP BY ALL
),
served AS (SELECT client_ip FROM asked WHERE served > 0 GROUP BY ALL)
SELECT route, sum(served)::BIGINT AS served, count(*) FILTER (blocked > 0) AS addresses, count(*) FILTER (blocked > 0 AND client_ip IN (FROM served)) AS known
FROM asked WHERE route IS NOT NULL GROUP BY route ORDER BY route`
)

// wafRoutes looks of which routes AWS WAF blocked most, and whom: that takes another reading, and nothing is told where that
// cannot be.
func (r *reader) wafRoutes() error {
	var list []WAFRoute
	_, err := r.ask(fmt.Sprintf(wafRoutesSQL, mostBlocked, leastBlocked), func(row []any) {
		if n := len(list); n == 0 || list[n-1].Route != text(row[0]) {
			list = append(list, WAFRoute{Route: text(row[0]), First: moment(row[4])})
		}
		one := &list[len(list)-1]
		one.Blocked, one.Large, one.Last = one.Blocked+whole(row[2], 0), one.Large+whole(row[3], 0), moment(row[5])
		one.Minutes = append(one.Minutes, WAFMinute{moment(row[1]), whole(row[2], 0)})
	})
	if err != nil || len(list) == 0 {
		return err
	}
	var routes []string
	for _, one := range list {
		routes = append(routes, one.Route)
	}
	return r.again(wafClientsSQL, func(row []any) {
		one := list[slices.Index(routes, text(row[0]))]
		one.Served, one.Addresses, one.Known = whole(row[1], 0), whole(row[2], 0), whole(row[3], 0)
		one.Route = redacted(one.Route)
		r.logs.WAFRoutes = append(r.logs.WAFRoutes, one)
	}, sql.Named("routes", routes))
}

// wafBlocksClients looks for routes of which AWS WAF blocks what it let through before, to clients whose other requests are
// answered: scanners, and who guesses passwords, get no such answers, and ask for what nobody else is served.
//
// Source: AWS, "Testing and tuning your AWS WAF protections" of the AWS WAF guide, read 2026-11.
func (f *facts) wafBlocksClients() *Finding {
	if !f.hasAccess() {
		return nil
	}
	among := map[time.Time]float64{}
	for _, m := range f.logMinutes() {
		among[m.Minute.UTC().Truncate(f.period())] += float64(m.Requests)
	}
	type risen struct {
		WAFRoute
		rise
	}
	var list []risen
	for _, one := range f.Logs.WAFRoutes {
		if one.Addresses < fewRequests || one.Served < fewRequests || 2*one.Known < one.Addresses {
			continue
		}
		counted := map[time.Time]float64{}
		for _, m := range one.Minutes {
			counted[m.Minute.UTC().Truncate(f.period())] += float64(m.Blocked)
		}
		if up, ok := f.rise(counted, among, steep); ok {
			list = append(list, risen{one, up})
		}
	}
	if len(list) == 0 {
		return nil
	}
	slices.SortStableFunc(list, func(a, b risen) int { return cmp.Compare(b.more, a.more) })
	first := list[0]
	found := finding("waf-blocks-clients", fmt.Sprintf("AWS WAF blocks requests for %s, of clients whose others are answered.%s", inSentence(first.Route), first.words(f, "They end so", "as large a part of the requests ends so")))
	large, all := int64(0), int64(0)
	for _, one := range list {
		found.ruined, large, all = found.ruined+int64(one.more), large+one.Large, all+one.Blocked
	}
	for _, one := range list[:min(mostAlike, len(list))] {
		found.because(FromLog, fmt.Sprintf("%s for %s ended with the action waf, %s, of %s, %d of which targets answered others; %d for it were answered",
			amount.Of(one.Blocked, "request", "requests"), inSentence(one.Route), f.span(one.First, one.Last), amount.Of(one.Addresses, "address", "addresses"), one.Known, one.Served))
	}
	if first.Blocked > mostTries*first.Addresses { // as who guesses passwords, or scrapes
		found.Level, found.Confidence, found.ruined = Warn, Low, 0
		found.because(FromLog, fmt.Sprintf("that are %d of each address, more than people try", first.Blocked/first.Addresses))
	}
	if 2*large >= all {
		found.because(FromLog, fmt.Sprintf("%d of these were larger than 8 KB, the part of a body that AWS WAF looks at", large))
		found.Do = "see in the web ACL's log or sampled requests which rule blocks these, and since when it does: by their size it is most likely SizeRestrictions_BODY of the core rule set, or one with oversize handling MATCH; let it count for this path, if large bodies are safe there"
	}
	found.rival("", "an attack on it from many addresses that are also those of clients, as behind the NAT gateway of a provider")
	f.askWAF(found)
	if !strings.Contains(first.Route, leftOut) {
		found.Verify = append(found.Verify, f.lines("--class", "all", "--reason", "WAF_Block", "--route", ingest.ShellWord(first.Route)))
	}
	return found
}
