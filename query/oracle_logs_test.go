package query_test

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"loglens/internal/demo"
	"loglens/internal/when"
	"loglens/query"
)

// kindNames are what answers call the logs.
var kindNames = map[demo.Kind]string{
	demo.KindAccess: "ALB access log", demo.KindConnection: "ALB connection log", demo.KindHealthCheck: "ALB health check log",
	demo.KindNLB: "NLB access log", demo.KindClassic: "Classic Load Balancer access log",
}

var (
	requestKinds = []demo.Kind{demo.KindAccess, demo.KindClassic}
	everyKind    = []demo.Kind{demo.KindAccess, demo.KindConnection, demo.KindHealthCheck, demo.KindNLB, demo.KindClassic}
)

// logName is the name of a log object as AWS writes it.
var logName = regexp.MustCompile(`^(conn_log[_.]|health_check_log[_.]|)(\d{12})_elasticloadbalancing_([^_]+)_([^_]+)_(\d{8}T\d{4}Z)_(?:([^_]+)_)?[^_]+\.log(?:\.gz)?$`)

// opened reports whether an object has to be opened for entries of some kinds:
// the lines decide where the name does not tell; otherwise an object is due up
// to an interval after the window's end, plus what checks and old requests take.
func (w *world) opened(object int32, kinds []demo.Kind) bool {
	o := &w.truth.Objects[object]
	switch {
	case o.Kind == demo.KindTestFile:
		return false
	case !w.named[object]: // CloudWatch delivered it
		return true
	case !slices.Contains(kinds, o.Kind) || w.balancer != "" && o.LoadBalancer != w.balancer:
		return false
	}
	after := map[demo.Kind]time.Duration{demo.KindClassic: 65 * time.Minute, demo.KindHealthCheck: 7 * time.Minute}[o.Kind]
	return (w.window.From.IsZero() || !o.End.Before(w.window.From.Truncate(time.Minute))) &&
		(w.window.Until.IsZero() || !o.End.After(w.window.Until.Add(max(after, 5*time.Minute))))
}

// damaged is a line that was rejected when some kinds were read.
type damaged struct {
	*demo.Damage
	log   string // that it counts under
	cause string
}

// damages are the damaged lines of the objects that are opened for some kinds.
func (w *world) damages(t testing.TB, kinds []demo.Kind) (list []damaged) {
	for i := range w.truth.Damages {
		d := &w.truth.Damages[i]
		o := &w.truth.Objects[d.Object]
		if !w.opened(d.Object, kinds) {
			continue
		}
		list = append(list, damaged{d, kindNames[o.Kind], cause(o, d.Cause, w.line(t, d.Object, d.Line))})
	}
	return list
}

// cause says in the answer's words what is wrong with a line.
func cause(o *demo.Object, c demo.Cause, line string) string {
	switch c {
	case demo.CauseTime:
		switch o.Kind {
		case demo.KindNLB:
			return "time is not a time such as 2026-10-07T07:15:01"
		case demo.KindConnection:
			return "timestamp is not a time such as 2026-10-07T07:15:01.101682Z"
		}
		return "time is not a time such as 2026-10-07T07:15:01.101682Z"
	case demo.CauseStatus:
		return "elb_status_code is not a status code"
	case demo.CauseQuote:
		field := "user_agent"
		switch {
		case o.Kind == demo.KindConnection:
			field = "leaf_client_cert_subject"
		case strings.Count(line, `"`) == 1:
			field = "request"
		}
		return field + " has no closing quote"
	case demo.CauseCut:
		switch o.Format {
		case demo.FormatJSON:
			return "not a JSON object"
		case demo.FormatW3C:
			return "not as many values as #Fields has names"
		}
		least := map[demo.Kind]int{demo.KindHealthCheck: 8, demo.KindNLB: 18}[o.Kind]
		return fmt.Sprintf("only %d of at least %d fields", len(strings.Fields(line)), cmp.Or(least, 12))
	}
	return string(c) // an empty line, and one that is too long
}

// tally is what became of lines.
type tally struct{ lines, parsed, rejected, skipped int64 }

// tallies say what becomes of the lines of the objects that are opened for some
// kinds, by object and log. Headers are no lines.
func (w *world) tallies(t testing.TB, kinds []demo.Kind) map[int32]map[string]*tally {
	all := map[int32]map[string]*tally{}
	at := func(object int32, log string) *tally {
		if all[object] == nil {
			all[object] = map[string]*tally{}
		}
		if all[object][log] == nil {
			all[object][log] = &tally{}
		}
		all[object][log].lines++
		return all[object][log]
	}
	chosen := make([]*bool, len(w.truth.Objects))
	entry := func(object int32, time time.Time) {
		if chosen[object] == nil {
			yes := w.opened(object, kinds)
			chosen[object] = &yes
		}
		if !*chosen[object] {
			return
		}
		o := &w.truth.Objects[object]
		if n := at(object, kindNames[o.Kind]); w.wants(time, o.LoadBalancer) && slices.Contains(kinds, o.Kind) {
			n.parsed++
		} else {
			n.skipped++
		}
	}
	for i := range w.truth.Requests {
		entry(w.truth.Requests[i].Object, w.truth.Requests[i].Time)
	}
	for i := range w.truth.Connections {
		entry(w.truth.Connections[i].Object, w.truth.Connections[i].Time)
	}
	for i := range w.truth.Checks {
		entry(w.truth.Checks[i].Object, w.truth.Checks[i].Time)
	}
	for i := range w.truth.TLS {
		entry(w.truth.TLS[i].Object, w.truth.TLS[i].Time)
	}
	for _, d := range w.damages(t, kinds) {
		at(d.Object, d.log).rejected++
	}
	return all
}

// accounting is what an answer rests on that reads some kinds: the objects that
// hold lines of them, or are called so.
func (w *world) accounting(t testing.TB, kinds []demo.Kind) (a query.Accounting) {
	all := w.tallies(t, kinds)
	for i := range w.truth.Objects {
		if !w.opened(int32(i), kinds) {
			continue
		}
		o := &w.truth.Objects[i]
		counts := slices.Contains(kinds, o.Kind)
		for log, n := range all[int32(i)] {
			if slices.ContainsFunc(kinds, func(k demo.Kind) bool { return kindNames[k] == log }) {
				counts = true
				a.Lines += n.lines
				a.Parsed += n.parsed
				a.Rejected += n.rejected
				a.Skipped += n.skipped
			}
		}
		if counts {
			a.Objects++
			a.Bytes += o.Bytes
			a.BytesCompressed += o.Stored
		}
	}
	return a
}

// written is the window, its open bounds closed with the intervals of the objects that have entries of it, unless one does not
// say its own, and the load balancers that these name.
func (w *world) written(t testing.TB, kinds []demo.Kind) (when.Window, []string) {
	var first, last time.Time
	named := true
	balancers := map[string]bool{}
	for i, logs := range w.tallies(t, kinds) {
		o := &w.truth.Objects[i]
		if !slices.ContainsFunc(kinds, func(k demo.Kind) bool { n := logs[kindNames[k]]; return n != nil && n.parsed > 0 }) {
			continue
		}
		if begin := o.End.Add(-o.Interval); first.IsZero() || begin.Before(first) {
			first = begin
		}
		if o.End.After(last) {
			last = o.End
		}
		if named = named && w.named[i]; w.named[i] {
			balancers[o.LoadBalancer] = true
		}
	}
	window := w.window
	if window.From.IsZero() && named {
		window.From = first
	}
	if window.Until.IsZero() && named {
		window.Until = last
	}
	return window, slices.Sorted(keysOf(balancers))
}

// checks are the health checks of the window.
func (w *world) checks() (list []*demo.Check) {
	for i := range w.truth.Checks {
		if c := &w.truth.Checks[i]; w.wants(c.Time, c.LoadBalancer) {
			list = append(list, c)
		}
	}
	return list
}

// view is what the checks of a group tell of its targets.
type view struct {
	series [][]*demo.Check // of one target by one node, in the order of time
	usual  time.Duration   // between two of them; 0 if it is not known
}

func viewOf(checks []*demo.Check) (v view) {
	_, series := grouped(checks, func(c *demo.Check) []any { return []any{c.Target, c.Node} })
	var between []time.Duration
	for _, s := range series {
		slices.SortFunc(s, func(a, b *demo.Check) int { return a.Time.Compare(b.Time) })
		for i := 1; i < len(s); i++ {
			between = append(between, s[i].Time.Sub(s[i-1].Time))
		}
		v.series = append(v.series, s)
	}
	if slices.Sort(between); len(between) > 0 {
		v.usual = between[(len(between)+1)/2-1]
	}
	return v
}

// at says what is known of a series at an instant: that the target fails, or that it
// does not, or that it may do either.
func (v view) at(s []*demo.Check, t time.Time) (fails, works bool) {
	next := slices.IndexFunc(s, func(c *demo.Check) bool { return c.Time.After(t) })
	if next < 0 {
		next = len(s)
	}
	if next > 0 && t.Before(s[next-1].Time.Add(2*v.usual)) {
		return !s[next-1].Pass, s[next-1].Pass
	}
	began := next < len(s) && !t.Before(s[next].Time.Add(-v.usual)) && (next == 0 || s[next].Time.Sub(s[next-1].Time) > 2*v.usual)
	return false, began
}

// failsOpen reports whether at each instant of a minute nothing is known of the group
// but that targets fail.
func (v view) failsOpen(minute time.Time) bool {
	if v.usual == 0 {
		return false // there may be targets that were not checked yet
	}
	instants := []time.Time{minute}
	for _, s := range v.series {
		for _, c := range s {
			for _, t := range []time.Time{c.Time, c.Time.Add(-v.usual), c.Time.Add(2 * v.usual)} {
				if t.After(minute) && t.Before(minute.Add(time.Minute)) {
					instants = append(instants, t)
				}
			}
		}
	}
	failing := false
	for _, t := range instants {
		for _, s := range v.series {
			fails, works := v.at(s, t)
			if works {
				return false
			}
			failing = failing || fails
		}
	}
	return failing
}

func (q question) health() []row {
	columns := []string{"window_start", "load_balancer", "target_group", "target", "node", "reason"}
	divides := func(column string) bool {
		return slices.Contains(q.by, map[string]string{"window_start": "window"}[column]) || slices.Contains(q.by, column)
	}
	pick := func(values ...any) []any {
		for i, c := range columns {
			if !divides(c) {
				values[i] = nil
			}
		}
		return values
	}
	checks := q.checks()

	// A flap is a check that ends otherwise than the one before of the same node.
	_, series := grouped(checks, func(c *demo.Check) []any { return []any{c.LoadBalancer, c.Group, c.Target, c.Node} })
	flap := map[*demo.Check]bool{}
	for _, s := range series {
		slices.SortFunc(s, func(a, b *demo.Check) int { return a.Time.Compare(b.Time) })
		for i := 1; i < len(s); i++ {
			flap[s[i]] = s[i].Pass != s[i-1].Pass
		}
	}

	_, byGroup := grouped(checks, func(c *demo.Check) []any { return []any{c.LoadBalancer, c.Group} })
	views := map[string]view{}
	for k, list := range byGroup {
		views[k] = viewOf(list)
	}
	open := map[string]bool{}
	opened := map[string][]*demo.Request{}
	for _, r := range q.requests {
		group := spell([]any{r.LoadBalancer, name(r.TargetGroupARN)})
		minute := r.Time.Truncate(time.Minute)
		at := group + minute.String()
		if _, seen := open[at]; !seen {
			open[at] = views[group].failsOpen(minute)
		}
		if r.TargetGroupARN == "" || !open[at] {
			continue
		}
		k := spell(pick(start(r.Time, q.width), word(r.LoadBalancer), name(r.TargetGroupARN), word(r.Target), nil, nil))
		opened[k] = append(opened[k], r)
	}

	if divides("reason") {
		checks = slices.DeleteFunc(checks, func(c *demo.Check) bool { return c.Pass })
	}
	keys, groups := grouped(checks, func(c *demo.Check) []any {
		return pick(start(c.Time, q.width), word(c.LoadBalancer), word(c.Group), word(c.Target), word(c.Node), word(c.ReasonCode))
	})
	var rows []row
	for _, k := range keys {
		r := row{}
		for i, c := range columns {
			if divides(c) {
				r[c] = k[i]
			}
		}
		var codes []string
		var failed []time.Time
		nodes, flaps := map[string]bool{}, map[string]int64{}
		for _, c := range groups[spell(k)] {
			if flap[c] {
				flaps[spell([]any{c.LoadBalancer, c.Group, c.Target, c.Node})]++
			}
			if !c.Pass {
				codes, failed = append(codes, c.ReasonCode), append(failed, c.Time)
				nodes[c.Node] = true
			}
		}
		n := len(groups[spell(k)])
		r["checks"], r["failed"], r["failure_rate"] = int64(n), int64(len(failed)), any(ratio(len(failed), n))
		r["mostly"], r["nodes"] = most(codes), int64(len(nodes))
		r["first_failed"], r["last_failed"] = span(failed)
		top := int64(0)
		for _, n := range flaps {
			top = max(top, n)
		}
		r["flaps"] = any(top)
		to := opened[spell(append(slices.Clone(k[:4]), nil, nil))]
		minutes := map[time.Time]bool{}
		for _, x := range to {
			minutes[x.Time.Truncate(time.Minute)] = true
		}
		r["fail_open_minutes"], r["fail_open_requests"] = any(int64(len(minutes))), any(int64(len(to)))
		if len(q.requests) == 0 { // perhaps there are none in the window, perhaps no logs of them
			r["fail_open_minutes"], r["fail_open_requests"] = nil, nil
		}
		if divides("reason") { // checks that passed are not counted
			r["failure_rate"], r["flaps"] = nil, nil
		}
		if divides("reason") || divides("node") { // requests are of no reason, and not told by node
			r["fail_open_minutes"], r["fail_open_requests"] = nil, nil
		}
		rows = append(rows, r)
	}
	return best(rows, q.Limit, func(a, b row) int {
		return cmp.Or(falling(a["failed"], b["failed"]), falling(a["checks"], b["checks"]), order(a.listed(columns...), b.listed(columns...)))
	})
}

// handshake is a connection before its first request.
type handshake struct {
	log, elb, node, port, protocol, client string
	cause, source                          string // why it failed; "" if it did not
	at                                     time.Time
	object, line                           int32
}

// handshakes are the connections of the window, of both kinds of balancers. That
// no protocol was agreed upon is a failure where others of the same port have one.
func (w *world) handshakes() (list []handshake) {
	encrypted := map[string]bool{}
	for i := range w.truth.Connections {
		if c := &w.truth.Connections[i]; w.wants(c.Time, c.LoadBalancer) && c.Protocol != "" {
			encrypted[fmt.Sprint(c.LoadBalancer, c.ListenerPort)] = true
		}
	}
	for i := range w.truth.Connections {
		c := &w.truth.Connections[i]
		if !w.wants(c.Time, c.LoadBalancer) {
			continue
		}
		h := handshake{log: "connection", elb: c.LoadBalancer, node: c.Node, port: fmt.Sprint(c.ListenerPort), protocol: c.Protocol,
			client: c.Client, at: c.Time, object: c.Object, line: c.Line}
		if why, failed := strings.CutPrefix(c.Verify, "Failed:"); failed {
			h.cause, h.source = why, "logged"
		} else if c.Protocol == "" && encrypted[fmt.Sprint(c.LoadBalancer, c.ListenerPort)] {
			h.cause, h.source = "TLS_Handshake_Failed", "derived"
		}
		list = append(list, h)
	}
	for i := range w.truth.TLS {
		c := &w.truth.TLS[i]
		if !w.wants(c.Time, c.LoadBalancer) {
			continue
		}
		_, port, _ := strings.Cut(c.Destination, ":")
		h := handshake{log: "nlb_tls", elb: c.LoadBalancer, port: port, protocol: c.Protocol,
			client: c.Client, at: c.Time, object: c.Object, line: c.Line}
		switch {
		case c.Handshake >= 0:
		case c.Alert >= 0:
			h.cause, h.source = fmt.Sprintf("TLS_Alert_%d", c.Alert), "logged"
		default:
			h.cause, h.source = "TLS_Handshake_Failed", "derived"
		}
		list = append(list, h)
	}
	return list
}

func (q question) tls() []row {
	columns := []string{"window_start", "log", "load_balancer", "listener_port", "client", "cause", "tls_protocol", "cause_source"}
	key := func(h handshake) []any {
		values := []any{start(h.at, q.width), h.log, word(h.elb), h.port, word(h.client), h.cause, word(h.protocol), h.source}
		for i, c := range columns {
			if !q.divides(c) {
				values[i] = nil
			}
		}
		return values
	}
	all := q.handshakes()
	var bad []handshake
	for _, h := range all {
		if h.cause != "" {
			bad = append(bad, h)
		}
	}
	_, passing := grouped(all, func(h handshake) []any { return key(h)[:5] })
	keys, groups := grouped(bad, key)
	var rows []row
	for _, k := range keys {
		g := groups[spell(k)]
		r := row{}
		for i, c := range columns {
			if q.divides(c) {
				r[c] = k[i]
			}
		}
		clients, at := map[string]bool{}, []time.Time{}
		for _, h := range g {
			clients[h.client] = true
			at = append(at, h.at)
		}
		n := len(passing[spell(k[:5])])
		r["failures"], r["share"], r["connections"], r["failure_rate"] = int64(len(g)), ratio(len(g), len(bad)), int64(n), ratio(len(g), n)
		r["clients"] = int64(len(clients))
		r["first_seen"], r["last_seen"] = span(at)
		rows = append(rows, r)
	}
	rows = best(rows, q.Limit, func(a, b row) int {
		return cmp.Or(falling(a["failures"], b["failures"]), order(a.listed(columns...), b.listed(columns...)))
	})
	for _, r := range rows {
		if port, ok := r["listener_port"].(string); ok {
			var n int64
			fmt.Sscan(port, &n)
			r["listener_port"] = n
		}
	}
	return rows
}

func (q question) rejects(t testing.TB) []row {
	columns := []string{"window_start", "log", "cause", "object_uri"}
	keys, groups := grouped(q.damages(t, everyKind), func(d damaged) []any {
		var window any
		if q.named[d.Object] {
			window = q.windowOf(q.truth.Objects[d.Object].End)
		}
		values := []any{window, d.log, d.cause, q.path(d.Object)}
		for i, c := range columns {
			if !q.divides(c) {
				values[i] = nil
			}
		}
		return values
	})
	var rows []row
	for _, k := range keys {
		r := row{}
		for i, c := range columns {
			if q.divides(c) {
				r[c] = k[i]
			}
		}
		g := groups[spell(k)]
		objects := map[int32]bool{}
		for _, d := range g {
			objects[d.Object] = true
		}
		first := slices.MinFunc(g, func(a, b damaged) int { return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Line, b.Line)) })
		sample := []rune(demo.Legible(q.line(t, first.Object, first.Line)))
		r["lines"], r["objects"] = int64(len(g)), int64(len(objects))
		r["first_object"], r["first_line"], r["sample"] = q.path(first.Object), int64(first.Line), string(sample[:min(len(sample), 80)])
		rows = append(rows, r)
	}
	return best(rows, q.Limit, func(a, b row) int {
		return cmp.Or(falling(a["lines"], b["lines"]), order(a.listed(columns...), b.listed(columns...)))
	})
}

// windowOf is the window of an interval that ends at a time: the one in which its
// last five minutes begin.
func (q question) windowOf(end time.Time) time.Time { return start(end.Add(-5*time.Minute), q.width) }

// windowWithin is that of what lies of these five minutes in the window that is asked for.
func (q question) windowWithin(end time.Time) time.Time {
	at := end.Add(-5 * time.Minute)
	if at.Before(q.window.From) {
		at = q.window.From
	}
	if until := q.window.Until; !until.IsZero() && !at.Before(until) {
		at = until.Add(-time.Microsecond)
	}
	return start(at, q.width)
}

// interval is of five minutes, or an hour's of a classic balancer whose intervals all
// end at one minute of the hour.
func interval(log string, ends []time.Time) time.Duration {
	minutes := map[int]bool{}
	for _, end := range ends {
		minutes[end.Minute()] = true
	}
	if strings.HasPrefix(log, "Classic") && len(minutes) == 1 {
		return time.Hour
	}
	return 5 * time.Minute
}

// patience is how long an object is waited for.
const patience = 15 * time.Minute

// gaps are the ends of the window's intervals that a balancer has no object for: by node
// from the node's first to the balancer's newest, and under no node beside these, as far
// as the window goes and until patience with them is not over.
func gaps(window when.Window, now time.Time, width time.Duration, ends map[any][]time.Time) map[any][]time.Time {
	var all []time.Time
	for _, e := range ends {
		all = append(all, e...)
	}
	slices.SortFunc(all, time.Time.Compare)
	oldest, newest := all[0], all[len(all)-1]
	found := map[any][]time.Time{}
	note := func(node any, at time.Time) {
		if !slices.ContainsFunc(ends[node], at.Equal) && reaches(at, width, window) {
			found[node] = append(found[node], at)
		}
	}
	for node, e := range ends {
		for at := slices.MinFunc(e, time.Time.Compare); !at.After(newest); at = at.Add(width) {
			note(node, at)
		}
	}
	if !window.From.IsZero() {
		for at := oldest.Add(-width); at.After(window.From); at = at.Add(-width) {
			note(nil, at)
		}
	}
	if !window.Until.IsZero() {
		for at := newest.Add(width); at.Add(-width).Before(window.Until) && !at.Add(patience).After(now); at = at.Add(width) {
			note(nil, at)
		}
	}
	return found
}

// reaches reports whether an interval that ends at a time reaches into a window.
func reaches(end time.Time, width time.Duration, w when.Window) bool {
	return end.After(w.From) && (w.Until.IsZero() || end.Add(-width).Before(w.Until))
}

// coverage looks at names, sizes and times of delivery alone. Those of copies are
// not when AWS delivered them.
func (q question) coverage(copies bool) []row {
	type object struct {
		log, elb   string
		node       any
		end        time.Time
		late, size int64 // seconds, bytes

		missing, again bool // there is none of the interval, or more than one
	}
	var objects []object
	for i := range q.truth.Objects {
		o := &q.truth.Objects[i]
		m := logName.FindStringSubmatch(path.Base(o.Key))
		if m == nil || !q.opened(int32(i), everyKind) {
			continue
		}
		log := "Classic Load Balancer access log"
		switch {
		case strings.HasPrefix(m[1], "conn"):
			log = "ALB connection log"
		case strings.HasPrefix(m[1], "health"):
			log = "ALB health check log"
		case strings.HasPrefix(m[4], "app."):
			log = "ALB access log"
		case strings.HasPrefix(m[4], "net."):
			log = "NLB access log"
		}
		end, err := time.Parse("20060102T1504Z", m[5])
		if err != nil {
			panic(err)
		}
		objects = append(objects, object{log: log, elb: strings.ReplaceAll(m[4], ".", "/"), node: word(m[6]), end: end,
			late: int64(q.modified[i].Sub(end) / time.Second), size: o.Stored})
	}
	var things []object
	_, balancers := grouped(objects, func(o object) []any { return []any{o.log, o.elb} })
	for _, b := range balancers {
		var all []time.Time
		ends := map[any][]time.Time{}
		for _, o := range b {
			all, ends[o.node] = append(all, o.end), append(ends[o.node], o.end)
		}
		width := interval(b[0].log, all)
		had := map[string]bool{}
		for _, o := range b {
			if reaches(o.end, width, q.window) {
				k := fmt.Sprint(o.node, o.end)
				o.again, had[k] = had[k], true
				things = append(things, o)
			}
		}
		for node, list := range gaps(q.window, q.Now, width, ends) {
			for _, at := range list {
				things = append(things, object{log: b[0].log, elb: b[0].elb, node: node, end: at, missing: true})
			}
		}
	}
	columns := []string{"window_start", "log", "load_balancer", "node"}
	keys, groups := grouped(things, func(o object) []any {
		values := []any{q.windowWithin(o.end), o.log, o.elb, o.node}
		for i, c := range columns {
			if !q.divides(c) {
				values[i] = nil
			}
		}
		return values
	})
	var rows []row
	for _, k := range keys {
		r := row{}
		for i, c := range columns {
			if q.divides(c) {
				r[c] = k[i]
			}
		}
		var objects, bytes, intervals, missing int64
		var late []int64
		var ends, gaps []time.Time
		for _, o := range groups[spell(k)] {
			if !o.again {
				intervals++
			}
			if o.missing {
				missing++
				gaps = append(gaps, o.end)
				continue
			}
			objects++
			bytes += o.size
			late, ends = append(late, o.late), append(ends, o.end)
		}
		r["objects"], r["bytes"], r["intervals"], r["missing"], r["missing_at"] = objects, bytes, intervals, missing, any(nil)
		slices.SortFunc(gaps, time.Time.Compare)
		if len(gaps) > 0 {
			r["missing_at"] = slices.Compact(gaps)
		}
		r["oldest"], r["newest"], r["age"], r["late"], r["late_most"] = any(nil), any(nil), any(nil), any(nil), any(nil)
		if objects > 0 {
			first, last := span(ends)
			r["oldest"], r["newest"], r["age"] = first, last, q.Now.Sub(last.(time.Time)).Seconds()
			if slices.Sort(late); !copies {
				r["late"], r["late_most"] = float64(late[(len(late)+1)/2-1]), float64(late[len(late)-1])
			}
		}
		rows = append(rows, r)
	}
	return best(rows, 0, func(a, b row) int {
		return cmp.Or(falling(a["missing"], b["missing"]), order(a.listed(columns...), b.listed(columns...)))
	})
}

// has reports whether objects of a kind are opened.
func (w *world) has(kind demo.Kind) bool {
	for i := range w.truth.Objects {
		if w.truth.Objects[i].Kind == kind && w.opened(int32(i), []demo.Kind{kind}) {
			return true
		}
	}
	return false
}
