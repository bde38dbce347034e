package diagnose

import (
	"cmp"
	"database/sql"
	"fmt"
	"math"
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

// WAFMinute counts what AWS WAF blocked of a route within a minute, and what of it targets answered below 400.
type WAFMinute struct {
	Minute  time.Time `json:"minute"`
	Blocked int64     `json:"blocked"`
	Served  int64     `json:"served"`
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
SELECT route, count(*) AS blocked, count(*) FILTER (received_bytes > 8192) AS large, min(time) AS first_seen, max(time) AS last_seen
FROM failure WHERE reason = 'WAF_Block' AND route IN (FROM most) GROUP BY route ORDER BY route`

	// Each address is looked at once: by what was blocked of the routes, and by whether a target answered it well.
	wafClientsSQL = `
WITH asked AS MATERIALIZED (
	SELECT client_ip, minute, route, grouping(client_ip) = 1 AS by_minute,
		count(*) FILTER (target_status_code < 400) AS served, count(*) FILTER (reason = 'WAF_Block') AS blocked
	FROM (
		SELECT client_ip, date_trunc('minute', time) AS minute, CASE WHEN list_contains($routes, route) THEN route END AS route, target_status_code, reason FROM request
	) GROUP BY GROUPING SETS ((client_ip, route), (minute, route))
),
served AS (SELECT client_ip FROM asked WHERE NOT by_minute AND served > 0 GROUP BY ALL)
SELECT route, minute, sum(served)::BIGINT AS served, sum(blocked)::BIGINT AS blocked,
	count(*) FILTER (blocked > 0 AND NOT by_minute) AS addresses, count(*) FILTER (blocked > 0 AND client_ip IN (FROM served)) AS known
FROM asked WHERE route IS NOT NULL AND served + blocked > 0 GROUP BY route, minute ORDER BY route, minute NULLS FIRST`
)

// wafRoutes looks of which routes AWS WAF blocked most, and whom: that takes another reading, and nothing is told where that
// cannot be.
func (r *reader) wafRoutes() error {
	var list []WAFRoute
	_, err := r.ask(fmt.Sprintf(wafRoutesSQL, mostBlocked, leastBlocked), func(row []any) {
		list = append(list, WAFRoute{Route: text(row[0]), Blocked: whole(row[1], 0), Large: whole(row[2], 0), First: moment(row[3]), Last: moment(row[4])})
	})
	if err != nil || len(list) == 0 {
		return err
	}
	var routes []string
	for _, one := range list {
		routes = append(routes, one.Route)
	}
	return r.again(wafClientsSQL, func(row []any) {
		if at := moment(row[1]); !at.IsZero() {
			last := &r.logs.WAFRoutes[len(r.logs.WAFRoutes)-1] // of which the sum came first
			last.Minutes = append(last.Minutes, WAFMinute{at, whole(row[3], 0), whole(row[2], 0)})
			return
		}
		one := list[slices.Index(routes, text(row[0]))]
		one.Served, one.Addresses, one.Known = whole(row[2], 0), whole(row[4], 0), whole(row[5], 0)
		one.Route = redacted(one.Route)
		r.logs.WAFRoutes = append(r.logs.WAFRoutes, one)
	}, sql.Named("routes", routes))
}

// blockedMore is a route of which AWS WAF blocks more since some time.
type blockedMore struct {
	WAFRoute
	rise
	attack string // what it has of an attack; "" for nothing
}

// wafBlocksClients looks for routes of which AWS WAF blocks what it let through before, to clients whose other requests are
// answered: scanners, and who guesses passwords, get no such answers, and ask for what nobody else is served. What looks like
// an attack for all that is told only where nothing else is, and to look first.
//
// Source: AWS, "Testing and tuning your AWS WAF protections" of the AWS WAF guide, read 2026-11.
func (f *facts) wafBlocksClients() *Finding {
	list := f.blockedMore()
	if len(list) == 0 {
		return nil
	}
	first := list[0]
	found := finding("waf-blocks-clients", fmt.Sprintf("AWS WAF blocks requests for %s, of clients whose others are answered.%s", inSentence(first.Route), first.words(f, "They end so", "as large a part of the requests ends so")))
	for _, one := range list {
		found.ruined += int64(one.more)
	}
	for _, one := range list[:min(mostAlike, len(list))] {
		text := fmt.Sprintf("%s for %s ended with the action waf, %s, of %s, %d of which targets answered others; %d for it were answered",
			amount.Of(one.Blocked, "request", "requests"), inSentence(one.Route), f.span(one.First, one.Last), amount.Of(one.Addresses, "address", "addresses"), one.Known, one.Served)
		if one.isLarge() {
			text += fmt.Sprintf("; %d of these were larger than 8 KB, the part of a body that AWS WAF looks at", one.Large)
		}
		found.because(FromLog, text)
	}
	switch {
	case first.attack != "":
		found.Level, found.Confidence, found.ruined = Warn, Low, 0
		found.because(FromLog, first.attack)
		found.Do = "look first, in the web ACL's log or sampled requests, which rule blocks these, and what they are: leave it as it is if they guess passwords, or take whole sites, as who attacks from many addresses does; only if they are of clients, let it count for this path"
	case first.isLarge():
		found.Do = "see in the web ACL's log or sampled requests which rule blocks these, and since when it does: by their size it is most likely SizeRestrictions_BODY of the core rule set, or one with oversize handling MATCH; let it count for this path, if large bodies are safe there"
	}
	found.rival("", "an attack on it from many addresses that are also those of clients, as behind the NAT gateway of a provider")
	f.askWAF(found)
	if !strings.Contains(first.Route, leftOut) {
		found.Verify = append(found.Verify, f.lines("--class", "all", "--reason", "WAF_Block", "--route", ingest.ShellWord(first.Route)))
	}
	return found
}

// blockedMore are the routes of which AWS WAF blocks more of known clients since some time, the most first: those that have
// nothing of an attack, or, if there are none, those that have.
func (f *facts) blockedMore() []blockedMore {
	if !f.hasAccess() {
		return nil
	}
	among := map[time.Time]float64{}
	for _, m := range f.logMinutes() {
		among[m.Minute.UTC().Truncate(f.period())] += float64(m.Requests)
	}
	var clients, attacks []blockedMore
	for _, one := range f.Logs.WAFRoutes {
		if one.Addresses < fewRequests || one.Served < fewRequests || 2*one.Known < one.Addresses {
			continue
		}
		counted := map[time.Time]float64{}
		for _, m := range one.Minutes {
			counted[m.Minute.UTC().Truncate(f.period())] += float64(m.Blocked)
		}
		up, ok := f.rise(counted, among, steep)
		if !ok {
			continue
		}
		if attack := f.likeAttack(one, up); attack != "" {
			attacks = append(attacks, blockedMore{one, up, attack})
		} else {
			clients = append(clients, blockedMore{one, up, ""})
		}
	}
	list := clients
	if len(list) == 0 {
		list = attacks
	}
	slices.SortStableFunc(list, func(a, b blockedMore) int { return cmp.Compare(b.more, a.more) })
	return list
}

// likeAttack says what blocked requests have of an attack: more of each address than people try, or that they come on top of
// those which targets answer. Where a rule begins to block clients, as many fewer for the route are answered, beside others or,
// where most routes are blocked, by time.
func (f *facts) likeAttack(one WAFRoute, up rise) string {
	if one.Blocked > mostTries*one.Addresses { // as who guesses passwords, or scrapes
		return fmt.Sprintf("that are %d of each address, more than people try", one.Blocked/one.Addresses)
	}
	var served, others [2]float64 // before, and since; others are what targets delivered of routes of which little was blocked
	part := func(at time.Time) int {
		if at.Before(up.onset) {
			return 0
		}
		return 1
	}
	begin := up.onset
	for _, m := range f.logMinutes() {
		if m.Minute.Before(begin) {
			begin = m.Minute
		}
		others[part(m.Minute)] += float64(m.Requests - m.ended())
	}
	listed := 0.0 // before
	for _, r := range f.Logs.WAFRoutes {
		for _, m := range r.Minutes {
			others[part(m.Minute)] -= float64(m.Served)
			if m.Minute.Before(up.onset) {
				listed += float64(m.Served)
			}
			if r.Route == one.Route {
				served[part(m.Minute)] += float64(m.Served)
			}
		}
	}
	growth := others[1] / max(others[0], 1)
	if others[0] < listed { // of most that is asked for, much is blocked
		growth = f.Logs.Last.Sub(up.onset).Seconds() / max(up.onset.Sub(begin).Seconds(), 1)
	}
	expected := served[0] * growth
	const noise = 3 // times the root of what is expected
	if missed := expected - served[1]; missed >= up.more/mostTries && missed >= noise*math.Sqrt(expected) {
		return ""
	}
	return fmt.Sprintf("they come on top: targets answer no fewer for it than are to be expected by those before, %.0f since %s UTC", served[1], f.clock(up.onset))
}

// isLarge reports whether most of what was blocked is larger than AWS WAF looks at.
func (r WAFRoute) isLarge() bool { return 2*r.Large >= r.Blocked }
