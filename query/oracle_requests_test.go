package query_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"loglens/internal/demo"
	"loglens/internal/when"
	"loglens/query"
)

// question is one question to a world.
type question struct {
	query.Question
	*world
	by    []string // dimensions, window included if the answer is divided by time
	width time.Duration
	slots []time.Time // equal slices of whole minutes, and the end of the last
}

// question completes what was asked of a report.
func (w *world) question(report query.Report, q query.Question) question {
	a := question{q, w, slices.Clone(q.By), q.Every, nil}
	if q.Every > 0 || slices.Contains(report.Default, "window") {
		a.by = append(a.by, "window")
	}
	if q.Every == 0 {
		a.width = a.screen()
	}
	a.slots = slots(w.resolved, w.window)
	return a
}

// screen is a width by which the window has at most 24 slices.
func (q question) screen() time.Duration {
	w := q.resolved
	if w.From.IsZero() || w.Until.IsZero() {
		return time.Minute
	}
	const day = 24 * time.Hour
	for _, width := range []time.Duration{time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour, day} {
		if w.Until.Sub(w.From) <= 24*width {
			return width
		}
	}
	return 7 * day
}

// divides reports whether the answer is divided by what a column shows.
func (q question) divides(column string) bool {
	d := column
	switch column {
	case "window_start":
		d = "window"
	case "target_group_arn":
		d = "target_group"
	case "reason_class", "reason_source":
		d = "reason"
	case "listener_port":
		d = "port"
	case "tls_protocol":
		d = "protocol"
	case "cause_source":
		d = "cause"
	case "object_uri":
		d = "object"
	}
	return slices.Contains(q.by, d)
}

// values are a request's, by column; absent where the answer is not divided so.
func (q question) values(r *demo.Request, columns ...string) []any {
	list := make([]any, len(columns))
	for i, c := range columns {
		if !q.divides(c) {
			continue
		}
		switch c {
		case "window_start":
			list[i] = start(r.Time, q.width)
		case "load_balancer":
			list[i] = word(r.LoadBalancer)
		case "target_group_arn":
			list[i] = word(r.TargetGroupARN)
		case "target":
			list[i] = word(r.Target)
		case "node":
			list[i] = word(r.Node)
		case "client":
			list[i] = word(r.Client)
		case "network":
			list[i] = word(networkOf(r.Client))
		case "route":
			list[i] = word(routeOf(r.RequestLine))
		case "reason":
			list[i] = word(r.Reason)
		case "reason_class":
			list[i] = word(r.Class)
		case "reason_source":
			list[i] = word(r.Source)
		case "elb_status_code":
			list[i] = number(r.ELBStatus)
		case "target_status_code":
			list[i] = number(r.TargetStatus)
		default:
			panic("no column " + c)
		}
	}
	return list
}

// head is the part of a row that says what it is about.
func (q question) head(columns []string, key []any) row {
	r := row{}
	for i, c := range columns {
		if !q.divides(c) {
			continue
		}
		r[c] = key[i]
		if c == "target_group_arn" {
			arn, _ := key[i].(string)
			r["target_group"] = name(arn)
		}
	}
	return r
}

// counts reports whether a request is a failure of a class that was asked for.
func (q question) counts(r *demo.Request) bool {
	return r.Failed() && slices.Contains(q.Classes, r.Class)
}

// failing are those requests that count as failures.
func (q question) failing(requests []*demo.Request) (list []*demo.Request) {
	for _, r := range requests {
		if q.counts(r) {
			list = append(list, r)
		}
	}
	return list
}

func times(requests []*demo.Request) (list []time.Time) {
	for _, r := range requests {
		list = append(list, r.Time)
	}
	return list
}

func reasons(requests []*demo.Request) (list []string) {
	for _, r := range requests {
		list = append(list, r.Reason)
	}
	return list
}

// slots are where at most 20 equal slices of whole minutes of a window begin, and
// the end of the last. A window that is not known has none. One that was asked for
// without an end is divided by the clock, into at most 100 parts of 1, 2, 4, 8 …
// minutes, and slices are of as many of those.
func slots(w, asked when.Window) (list []time.Time) {
	if w.From.IsZero() || w.Until.IsZero() {
		return nil
	}
	from := w.From.Truncate(time.Minute)
	width := time.Minute
	if asked.From.IsZero() || asked.Until.IsZero() {
		begin := func() time.Time {
			minutes := int(width / time.Minute)
			at := time.Unix(from.Unix(), 0).UTC()
			for at.Unix()/60%int64(minutes) != 0 {
				at = at.Add(-time.Minute)
			}
			return at
		}
		for begin().Add(100 * width).Before(w.Until) {
			width += width
		}
		from = begin()
	}
	for part := width; from.Add(20 * width).Before(w.Until); {
		width += part
	}
	for ; from.Before(w.Until); from = from.Add(width) {
		list = append(list, from)
	}
	return append(list, from)
}

// trend counts requests per slice of the window: those that count, or -1 if
// there is none at all.
func (q question) trend(requests []*demo.Request, counts func(*demo.Request) bool) any {
	list := make([]int64, len(q.slots)-1)
	for i := range list {
		list[i] = -1
	}
	for _, r := range requests {
		for i := range list {
			if r.Time.Before(q.slots[i+1]) {
				if list[i] = max(list[i], 0); counts(r) {
					list[i]++
				}
				break
			}
		}
	}
	return list
}

// answered reports whether the target did: its status stands in the line, and how long
// it took.
func answered(r *demo.Request) bool { return r.TargetStatus >= 0 && r.TargetTime >= 0 }

// percentile is the nearest rank among the times of the targets that answered,
// in seconds; nil if none did.
func percentile(requests []*demo.Request, percent int) any {
	var us []int64
	for _, r := range requests {
		if answered(r) {
			us = append(us, r.TargetTime)
		}
	}
	if len(us) == 0 {
		return nil
	}
	slices.Sort(us)
	rank := (percent*len(us) + 99) / 100
	return float64(us[rank-1]) / 1e6
}

func (q question) timeline() []row {
	columns := []string{"window_start", "load_balancer", "target_group_arn", "target", "reason", "reason_class", "reason_source"}
	all, bad := q.requests, q.failing(q.requests)
	keys, groups := grouped(bad, func(r *demo.Request) []any { return q.values(r, columns...) })
	_, passing := grouped(all, func(r *demo.Request) []any { return q.values(r, columns[:4]...) })
	_, inSlot := grouped(all, func(r *demo.Request) []any { return q.values(r, "window_start") })
	_, badInSlot := grouped(bad, func(r *demo.Request) []any { return q.values(r, "window_start") })
	var rows []row
	for _, k := range keys {
		g := groups[spell(k)]
		r := q.head(columns, k)
		n := len(passing[spell(k[:4])])
		r["failures"], r["requests"], r["failure_rate"] = int64(len(g)), int64(n), ratio(len(g), n)
		r["share"] = ratio(len(g), len(badInSlot[spell(k[:1])]))
		r["first_seen"], r["last_seen"] = span(times(g))
		rows = append(rows, r)
	}
	w := q.resolved
	if !w.From.IsZero() && !w.Until.IsZero() {
		for at := start(w.From, q.width); at.Before(w.Until); at = at.Add(q.width) {
			k := []any{at}
			if len(badInSlot[spell(k)]) > 0 {
				continue
			}
			r := q.head(columns, append(k, make([]any, len(columns)-1)...))
			n := len(inSlot[spell(k)])
			r["failures"], r["requests"], r["failure_rate"] = int64(0), int64(n), any(nil)
			if n > 0 {
				r["failure_rate"] = 0.0
			}
			r["share"], r["first_seen"], r["last_seen"] = nil, nil, nil
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(order(a["window_start"], b["window_start"]), falling(a["failures"], b["failures"]),
			order(a.listed("reason", "load_balancer", "target_group_arn", "target", "reason_class", "reason_source"),
				b.listed("reason", "load_balancer", "target_group_arn", "target", "reason_class", "reason_source")))
	})
	return rows
}

func (q question) targets() []row {
	columns := []string{"window_start", "load_balancer", "target_group_arn", "target"}
	all := q.requests
	keys, groups := grouped(all, func(r *demo.Request) []any { return q.values(r, columns...) })
	var rows []row
	for _, k := range keys {
		g := groups[spell(k)]
		r, bad := q.head(columns, k), len(q.failing(g))
		r["requests"], r["share"] = int64(len(g)), ratio(len(g), len(all))
		r["failures"], r["failure_rate"] = int64(bad), ratio(bad, len(g))
		r["status_4xx"] = int64(0)
		for _, x := range g {
			if x.ELBStatus >= 400 && x.ELBStatus < 500 {
				r["status_4xx"] = r["status_4xx"].(int64) + 1
			}
		}
		r["p50"], r["p95"], r["p99"] = percentile(g, 50), percentile(g, 95), percentile(g, 99)
		r["first_seen"], r["last_seen"] = span(times(g))
		r["trend"] = q.trend(g, func(*demo.Request) bool { return true })
		rows = append(rows, r)
	}
	return best(rows, q.Limit, func(a, b row) int {
		return cmp.Or(falling(a["failures"], b["failures"]), falling(a["requests"], b["requests"]), order(a.listed(columns...), b.listed(columns...)))
	})
}

// latency gives rows in no order: that follows from percentiles, which need not
// be exact.
func (q question) latency() []row {
	columns := []string{"window_start", "load_balancer", "target_group_arn", "target"}
	keys, groups := grouped(q.requests, func(r *demo.Request) []any { return q.values(r, columns...) })
	var rows []row
	for _, k := range keys {
		g := groups[spell(k)]
		r, answers, ten, sixty, failed, timed := q.head(columns, k), 0, 0, 0, 0, 0
		for _, x := range g {
			if answered(x) {
				answers++
			}
			if !q.counts(x) {
				continue
			}
			failed++
			if x.Created >= 0 {
				timed++
			}
			switch wall(x) {
			case "10s":
				ten++
			case "60s":
				sixty++
			}
		}
		r["requests"], r["answered"], r["wall_10s"], r["wall_60s"] = int64(len(g)), int64(answers), any(int64(ten)), any(int64(sixty))
		if failed > 0 && timed == 0 { // nobody knows how long any of them took
			r["wall_10s"], r["wall_60s"] = nil, nil
		}
		r["p50"], r["p90"], r["p95"], r["p99"], r["slowest"] =
			percentile(g, 50), percentile(g, 90), percentile(g, 95), percentile(g, 99), percentile(g, 100)
		rows = append(rows, r)
	}
	return rows
}

// wall is at which timeout of the balancer a request ended, if it took as long:
// 10 to 10.5 s of connecting or 60 to 61 s of waiting.
func wall(r *demo.Request) any {
	took := r.Time.UnixMicro() - r.Created
	switch {
	case r.Created < 0:
	case took >= 10_000_000 && took < 10_500_000:
		return "10s"
	case took >= 60_000_000 && took < 61_000_000:
		return "60s"
	}
	return nil
}

// slowest orders rows of latency as the answer does.
func slowest(a, b row) int {
	walls := func(r row) int64 {
		ten, _ := r["wall_10s"].(int64)
		sixty, _ := r["wall_60s"].(int64)
		return ten + sixty
	}
	columns := []string{"window_start", "load_balancer", "target_group_arn", "target"}
	return cmp.Or(cmp.Compare(walls(b), walls(a)), falling(a["p99"], b["p99"]),
		order(a.listed(columns...), b.listed(columns...)))
}

func (q question) nodes() []row {
	columns := []string{"window_start", "load_balancer", "node"}
	all := q.requests
	keys, groups := grouped(all, func(r *demo.Request) []any { return q.values(r, columns...) })
	var rows []row
	for _, k := range keys {
		g := groups[spell(k)]
		r, bad := q.head(columns, k), q.failing(g)
		r["requests"], r["share"] = int64(len(g)), ratio(len(g), len(all))
		r["failures"], r["failure_rate"], r["reason"] = int64(len(bad)), ratio(len(bad), len(g)), most(reasons(bad))
		first, last := span(times(g))
		r["first_seen"], r["last_seen"] = first.(time.Time).Truncate(time.Minute), last.(time.Time).Truncate(time.Minute)
		r["trend"] = q.trend(g, q.counts)
		rows = append(rows, r)
	}
	return best(rows, q.Limit, func(a, b row) int {
		return cmp.Or(falling(a["failure_rate"], b["failure_rate"]), falling(a["requests"], b["requests"]), order(a.listed(columns...), b.listed(columns...)))
	})
}

// succeeded reports whether a request was answered below 400, or was a TCP connection,
// which has no status, and nothing speaks against it.
func succeeded(r *demo.Request) bool {
	return !r.Failed() && r.ELBStatus < 400 && r.ELBStatus != 0
}

func (q question) routes() []row {
	columns := []string{"window_start", "load_balancer", "target_group_arn", "route"}
	all := q.requests
	keys, groups := grouped(all, func(r *demo.Request) []any { return q.values(r, columns...) })
	var rows []row
	for _, k := range keys {
		g := groups[spell(k)]
		r, bad := q.head(columns, k), q.failing(g)
		var good []*demo.Request
		for _, x := range g {
			if succeeded(x) {
				good = append(good, x)
			}
		}
		_, success := span(times(good))
		r["requests"], r["share"] = int64(len(g)), ratio(len(g), len(all))
		r["failures"], r["failure_rate"], r["reason"] = int64(len(bad)), ratio(len(bad), len(g)), most(reasons(bad))
		r["dead"], r["last_success"] = q.dead(r, g, good, bad), success
		rows = append(rows, r)
	}
	return best(rows, q.Limit, func(a, b row) int {
		return cmp.Or(falling(a["dead"], b["dead"]), falling(a["failures"], b["failures"]), falling(a["requests"], b["requests"]),
			order(a.listed(columns...), b.listed(columns...)))
	})
}

// dead reports whether nothing succeeds any more on a route of some requests, and that is no chance.
func (q question) dead(r row, all, good, bad []*demo.Request) bool {
	if route, divided := r["route"]; divided && route == nil {
		return false
	}
	if len(good) == 0 {
		return len(bad) >= 3
	}
	first, _ := span(times(all))
	_, success := span(times(good))
	since := 0
	var rest time.Duration
	for _, x := range bad {
		if d := x.Time.Sub(success.(time.Time)); d > 0 {
			since, rest = since+1, max(rest, d)
		}
	}
	usually := success.(time.Time).Sub(first.(time.Time)) / time.Duration(len(good))
	seldom := float64(len(bad)-3)/float64(len(bad)-3+len(good)) <= 0.1
	return since >= 3 && (seldom || rest >= 10*usually)
}

func (q question) clients() []row {
	columns := []string{"window_start", "load_balancer", "network", "client"}
	all := q.requests
	keys, groups := grouped(all, func(r *demo.Request) []any { return q.values(r, columns...) })
	var rows []row
	for _, k := range keys {
		g := groups[spell(k)]
		r, bad, good := q.head(columns, k), q.failing(g), 0
		for _, x := range g {
			if succeeded(x) {
				good++
			}
		}
		r["requests"], r["share"] = int64(len(g)), ratio(len(g), len(all))
		r["failures"], r["failure_rate"], r["reason"] = int64(len(bad)), ratio(len(bad), len(g)), most(reasons(bad))
		r["successes"], r["never_succeeds"] = int64(good), len(bad) >= 3 && good == 0
		r["first_seen"], r["last_seen"] = span(times(g))
		rows = append(rows, r)
	}
	return best(rows, q.Limit, func(a, b row) int {
		return cmp.Or(falling(a["never_succeeds"], b["never_succeeds"]), falling(a["failures"], b["failures"]), falling(a["requests"], b["requests"]),
			order(a.listed(columns...), b.listed(columns...)))
	})
}

// place says where a line stands, and orders lines of the same time.
type place struct {
	at           time.Time
	object, line int32
	row
}

// shown turns lines into the rows of raw, in its order.
func (q question) shown(t testing.TB, lines []place) (rows []row) {
	slices.SortFunc(lines, func(a, b place) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.object, b.object), cmp.Compare(a.line, b.line))
	})
	for _, l := range lines {
		r := l.row
		for _, c := range []string{"time", "load_balancer", "target_group", "target", "client", "reason", "reason_class", "reason_source",
			"elb_status_code", "target_status_code"} {
			if _, ok := r[c]; !ok {
				r[c] = nil
			}
		}
		if !l.at.IsZero() {
			r["time"] = l.at
		}
		raw := q.line(t, l.object, l.line)
		r["object_uri"], r["line_no"], r["raw"] = q.path(l.object), int64(l.line), demo.Legible(raw)
		switch {
		case q.Filters["log"] == "reject":
			r["raw"] = demo.Legible(raw[:min(len(raw), 4096)])
		case q.truth.Objects[l.object].Format != demo.FormatPlain: // it is shown as a plain log would have it
			r["raw"] = words{l.at.Format("2006-01-02T15:04:05"), r["load_balancer"], r["client"], r["target"], r["reason"], r["elb_status_code"]}
			if l.at.IsZero() || r["reason_source"] == "derived" || q.Filters["log"] == "nlb_tls" {
				r["raw"] = r["raw"].(words)[:4] // the reason is not in the line, or not by that name
			}
		}
		rows = append(rows, r)
	}
	return rows
}

// words are what a line must hold, whatever else does; nil is none.
type words []any

func (w words) in(line any) bool {
	s, ok := line.(string)
	for _, x := range w {
		ok = ok && (x == nil || strings.Contains(s, fmt.Sprint(x)))
	}
	return ok
}

// raw gives the lines that the filter log chooses, if they have all that the
// other filters ask for.
func (q question) raw(t testing.TB) []row {
	var lines []place
	switch q.Filters["log"] {
	case "", "request":
		for _, r := range q.failing(q.requests) {
			if q.passes(r) {
				lines = append(lines, place{r.Time, r.Object, r.Line, row{"log": "request",
					"load_balancer": word(r.LoadBalancer), "target_group": name(r.TargetGroupARN), "target": word(r.Target), "client": word(r.Client),
					"reason": word(r.Reason), "reason_class": word(r.Class), "reason_source": word(r.Source),
					"elb_status_code": number(r.ELBStatus), "target_status_code": number(r.TargetStatus),
				}})
			}
		}
	case "connection", "nlb_tls":
		for _, h := range q.handshakes() {
			if h.log == q.Filters["log"] && h.cause != "" && q.filtered(row{"reason": h.cause, "reason_source": h.source,
				"load_balancer": word(h.elb), "client": word(h.client), "port": h.port, "node": word(h.node)}) {
				lines = append(lines, place{h.at, h.object, h.line, row{"log": h.log, "load_balancer": word(h.elb), "client": word(h.client), "reason": h.cause, "reason_source": h.source}})
			}
		}
	case "health_check":
		for _, c := range q.checks() {
			has := row{"load_balancer": word(c.LoadBalancer), "target_group": word(c.Group), "target": word(c.Target), "node": word(c.Node), "reason": word(c.ReasonCode)}
			if !c.Pass && q.filtered(has) {
				delete(has, "node")
				has["log"] = "health_check"
				has["reason_source"], has["target_status_code"] = "logged", number(c.StatusCode)
				lines = append(lines, place{c.Time, c.Object, c.Line, has})
			}
		}
	case "reject":
		for _, d := range q.damages(t, everyKind) {
			if q.filtered(row{"reason": d.cause, "kind": d.log}) {
				lines = append(lines, place{object: d.Object, line: d.Line, row: row{"reason": d.cause, "log": d.log}})
			}
		}
	}
	return q.shown(t, lines)
}

// passes reports whether a request has what the filters ask for; - is absence.
func (q question) passes(r *demo.Request) bool {
	return q.filtered(row{
		"reason": word(r.Reason), "reason_source": word(r.Source), "load_balancer": word(r.LoadBalancer), "target_group": name(r.TargetGroupARN),
		"target_group_arn": word(r.TargetGroupARN), "target": word(r.Target), "node": word(r.Node), "client": word(r.Client),
		"network": word(networkOf(r.Client)), "route": word(routeOf(r.RequestLine)),
		"status": spelledCode(r.ELBStatus), "target_status": spelledCode(r.TargetStatus), "wall": wall(r),
	})
}

func spelledCode(n int16) any {
	if n < 0 {
		return nil
	}
	return code(n)
}

// filtered reports whether a line has the values that the filters ask for.
func (q question) filtered(has row) bool {
	for name, want := range q.Filters {
		if name == "log" {
			continue
		}
		if v := has[name]; v == nil && want != "-" || v != nil && v != want {
			return false
		}
	}
	return true
}

func (q question) topErrors() []row {
	columns := []string{"window_start", "load_balancer", "target_group_arn", "target", "reason", "reason_class", "reason_source",
		"elb_status_code", "target_status_code", "node"}
	all, bad := q.requests, q.failing(q.requests)
	keys, groups := grouped(bad, func(r *demo.Request) []any { return q.values(r, columns...) })
	_, passing := grouped(all, func(r *demo.Request) []any { return q.values(r, columns[:4]...) })
	var rows []row
	for _, k := range keys {
		g, way := groups[spell(k)], passing[spell(k[:4])]
		r := q.head(columns, k)
		r["failures"], r["share"] = int64(len(g)), ratio(len(g), len(bad))
		r["requests"], r["failure_rate"] = int64(len(way)), ratio(len(g), len(way))
		clients, targets := map[string]bool{}, map[string]bool{}
		places := []string{}
		for _, x := range g {
			clients[x.Client] = true
			switch {
			case x.Target != "":
				targets[x.Target] = true
				places = append(places, x.Target)
			case x.TargetGroupARN != "":
				places = append(places, name(x.TargetGroupARN).(string))
			default:
				places = append(places, x.LoadBalancer)
			}
		}
		r["clients"] = int64(len(clients))
		r["first_seen"], r["last_seen"] = span(times(g))
		worst := most(places).(string)
		n := 0
		for _, p := range places {
			if p == worst {
				n++
			}
		}
		if n < len(g) {
			worst = fmt.Sprintf("%s (%.0f %%)", worst, max(1, min(99, math.Floor(100*ratio(n, len(g))+0.5))))
		}
		switch byTarget := slices.Contains(q.By, "target"); {
		case !byTarget:
			r["targets"], r["worst"] = int64(len(targets)), worst
		case slices.Contains(q.By, "target_group"): // which says where it is
		case len(targets) == 0:
			r["worst"] = worst
		default:
			r["worst"] = nil
		}
		r["trend"] = q.trend(way, func(x *demo.Request) bool { return q.counts(x) && spell(q.values(x, columns...)) == spell(k) })
		rows = append(rows, r)
	}
	byName := slices.Insert(slices.Clone(columns), 2, "target_group")
	return best(rows, q.Limit, func(a, b row) int {
		return cmp.Or(falling(a["failures"], b["failures"]), order(a.listed(byName...), b.listed(byName...)))
	})
}
