package demo

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"path"
	"slices"
	"time"
)

// job is one object to be written: everything that is decided before the
// writing begins, so that objects can be written in any order.
type job struct {
	Object
	b        *balancer
	weight   float64 // its share of the lines, of the sum over all
	rng      uint64  // stream of the object's own generator
	mixed    bool    // widths are mixed within the object
	bare     bool    // fields 35 and 36 are not quoted
	forced   map[int]force
	damages  map[int]Cause
	first    int // place of its first request in Truth.Requests
	firstBad int // place of its first damage in Truth.Damages
}

// force is what a line must show, by number from 0.
type force struct {
	outcome *outcome
	code    string // error_reason, "" = any that the outcome has
	oddity  *oddity
	text    string // for the oddity
}

// plan decides all objects of a tree. The jobs are sorted by key.
func plan(o Options, balancers []*balancer) (jobs []*job, missing []Missing) {
	rng := rand.New(rand.NewPCG(uint64(o.Seed), 0x9a17))
	slots := int(o.Span / Interval)
	var total float64
	for _, b := range balancers {
		for _, node := range b.nodes {
			for slot := range slots {
				end := o.End.Add(-o.Span + time.Duration(slot+1)*Interval)
				j := newJob(rng, KindAccess, b, node, end)
				weight := 1.0
				if !o.Plain {
					day := float64(end.Hour()*60+end.Minute()) / (24 * 60)
					weight = b.share / float64(len(b.nodes)) * (1 + 0.35*math.Sin(2*math.Pi*(day-0.3))) * (0.85 + 0.3*rng.Float64())
				}
				total += weight
				j.weight = weight
				jobs = append(jobs, j)
			}
		}
	}
	for _, j := range jobs {
		j.Lines = max(1, int(math.Round(float64(o.Lines)*j.weight/total)))
	}
	if !o.Plain {
		jobs, missing = varied(rng, o, balancers, jobs, slots)
	}
	slices.SortFunc(jobs, func(a, b *job) int { return cmp.Compare(a.Key, b.Key) })
	for i, j := range jobs {
		j.rng = uint64(i) + 1
	}
	if !o.Plain {
		assignWidths(jobs)
		forceOutcomes(o, jobs)
	}
	if o.Oddities {
		forceOddities(rng, jobs)
	}
	return jobs, missing
}

// newJob returns a job for an object of the balancer.
func newJob(rng *rand.Rand, kind Kind, b *balancer, node string, end time.Time) *job {
	prefix := map[Kind]string{KindConnection: "conn_log_", KindHealthCheck: "health_check_log_"}[kind]
	const letters = "0123456789abcdefghijklmnopqrstuvwxyz"
	tail := make([]byte, 8)
	for i := range tail {
		tail[i] = letters[rng.IntN(len(letters))]
	}
	// The folder is the day of delivery, up to two minutes after the end.
	delivered := end.Add(time.Duration(30+rng.IntN(90)) * time.Second)
	key := path.Join("AWSLogs", b.account, "elasticloadbalancing", b.region, delivered.Format("2006/01/02"),
		fmt.Sprintf("%s%s_elasticloadbalancing_%s_app.%s.%s_%s_%s_%s.log.gz",
			prefix, b.account, b.region, b.name, b.id, end.Format("20060102T1504Z"), node, tail))
	j := &job{b: b, Object: Object{Key: key, Kind: kind, Account: b.account, Region: b.region,
		LoadBalancer: b.elb, Node: node, End: end, Members: 1}}
	if kind == KindAccess {
		j.Width = today
	}
	return j
}

// varied takes away and adds what makes a real tree differ from a plain one.
func varied(rng *rand.Rand, o Options, balancers []*balancer, jobs []*job, slots int) ([]*job, []Missing) {
	// The second node of the first balancer misses the object that ends a
	// quarter of an hour before the end: it never existed.
	b := balancers[0]
	end := o.End.Add(-min(3, time.Duration(slots-1)) * Interval)
	missing := []Missing{{LoadBalancer: b.elb, Node: b.nodes[1], End: end}}
	jobs = slices.DeleteFunc(jobs, func(j *job) bool { return j.b == b && j.Node == b.nodes[1] && j.End.Equal(end) })

	// A node was replaced: its successor delivered an object of 0 bytes.
	empty := newJob(rng, KindAccess, balancers[1], balancers[1].spare, end)
	empty.Members, empty.Width = 0, 0
	// And one gzip of nothing.
	nothing := newJob(rng, KindAccess, balancers[3], balancers[3].spare, end)
	nothing.Width = 0

	for i, j := range jobs {
		switch i % 17 {
		case 4:
			j.Members = 2 + i%3
		case 7:
			j.CRLF = o.Oddities
		case 9:
			j.NoFinalNewline = o.Oddities
		case 12:
			j.TrailingDash = true
		}
		j.bare = i%5 == 1
	}

	// A second object for the same node and interval.
	for _, j := range jobs {
		if j.b == balancers[1] && j.End.Equal(o.End) && j.Lines > 1 {
			twin := newJob(rng, KindAccess, j.b, j.Node, j.End)
			twin.Lines = j.Lines / 3
			j.Lines -= twin.Lines
			if twin.Lines > 0 {
				jobs = append(jobs, twin)
			}
			break
		}
	}
	jobs = append(jobs, empty, nothing)

	accounts := map[string]bool{}
	for _, b := range balancers {
		for slot := range slots {
			end := o.End.Add(-o.Span + time.Duration(slot+1)*Interval)
			conn := newJob(rng, KindConnection, b, b.nodes[0], end)
			conn.Lines = 20 + rng.IntN(60)
			health := newJob(rng, KindHealthCheck, b, b.nodes[0], end)
			for _, g := range b.groups {
				health.Lines += len(g.targets) * int(Interval/checkEvery)
			}
			jobs = append(jobs, conn, health)
		}
		if !accounts[b.account] {
			accounts[b.account] = true
			jobs = append(jobs, &job{b: b, Object: Object{Key: path.Join("AWSLogs", b.account, "ELBAccessLogTestFile"),
				Kind: KindTestFile, Account: b.account, Lines: 1}})
		}
	}
	return jobs, missing
}

// assignWidths gives every third access object the next of the widths, and
// mixes all of them within some.
func assignWidths(jobs []*job) {
	n := 0
	for _, j := range jobs {
		if j.Kind != KindAccess || j.Lines == 0 {
			continue
		}
		switch {
		case n%3 == 2:
			j.Width = widths[n/3%len(widths)]
		case n%12 == 7:
			j.mixed, j.Width = true, 0
		}
		n++
	}
}

// forceOutcomes places each outcome that the options allow, with each of its
// codes, once, so that it occurs whatever the dice say.
func forceOutcomes(o Options, jobs []*job) {
	if o.FailureRate > 0 {
		return // the rate is exact then
	}
	s := &story{odd: o.Oddities, scale: 1}
	n := 0
	for _, out := range outcomes {
		for _, code := range orNone(out.codes) {
			n++
			for k := range jobs {
				// Start elsewhere each time, to spread them.
				j := jobs[(k+n*7)%len(jobs)]
				if j.Kind == KindAccess && j.Width == today && s.only(j.b, out) != nil && j.force(force{outcome: out, code: code}) {
					break
				}
			}
		}
	}
}

// forceOddities places each oddity, with each of its texts, and each damage once, and damages about
// one line in a thousand.
func forceOddities(rng *rand.Rand, jobs []*job) {
	var wide, full []*job
	for _, j := range jobs {
		if j.Kind == KindAccess && j.Lines > 0 {
			full = append(full, j)
			if j.Width == today {
				wide = append(wide, j)
			}
		}
	}
	if len(wide) == 0 {
		return
	}
	n := 0
	for i := range oddities {
		for _, text := range orNone(oddities[i].texts) {
			n++
			for k := range wide {
				if wide[(k+n*5)%len(wide)].force(force{oddity: &oddities[i], text: text}) {
					break
				}
			}
		}
	}
	for i, cause := range append(slices.Clone(causes), CauseLineLength) {
		for k := range wide {
			j := wide[(k+i*3)%len(wide)]
			if j.Lines > 3 && j.damage(rng.IntN(j.Lines-1), cause) {
				break
			}
		}
	}
	for _, j := range full {
		n := int(float64(j.Lines)/1000 + rng.Float64())
		for range n {
			if j.Lines > 1 {
				j.damage(rng.IntN(j.Lines-1), one(rng, causes))
			}
		}
	}
	for _, j := range full {
		j.Damaged = len(j.damages)
	}
}

// force lets the next free line show f; it reports false if there is none.
// Lines are taken from the second on.
func (j *job) force(f force) bool {
	at := len(j.forced) + 1
	if at >= j.Lines-1 {
		return false
	}
	if j.forced == nil {
		j.forced = map[int]force{}
	}
	j.forced[at] = f
	return true
}

// damage damages the line at, unless it is spoken for. The last line of an
// object is never damaged: an empty one without an end would be none.
func (j *job) damage(at int, cause Cause) bool {
	if _, taken := j.forced[at]; taken || j.damages[at] != "" || at >= j.Lines-1 {
		return false
	}
	if j.damages == nil {
		j.damages = map[int]Cause{}
	}
	j.damages[at] = cause
	return true
}

// orNone returns the list, or one empty text if there is none.
func orNone(list []string) []string {
	if len(list) == 0 {
		return []string{""}
	}
	return list
}
