package demo

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"time"
)

// job is one object to be written: everything that is decided before the
// writing begins, so that objects can be written in any order.
type job struct {
	Object
	b        *balancer
	start    int64   // the first moment that an entry can have, µs since 1970
	weight   float64 // its share of the lines, of the sum over all
	rng      uint64  // stream of the object's own generator
	mixed    bool    // widths are mixed within the object
	bare     bool    // fields 35 and 36 are not quoted
	pool     *pool   // of the connections of its node and interval
	turn     int     // number of a connection log among those of its balancer
	forced   map[int]force
	damages  map[int]Cause
	first    int // place of its first entry in the list of its kind in Truth
	firstBad int // place of its first damage in Truth.Damages
}

// planner decides the objects of a tree.
type planner struct {
	o         Options
	balancers []*balancer
	rng       *rand.Rand
	jobs      []*job
	pools     map[spot]*pool
}

// spot is a node and the start of an interval, µs since 1970.
type spot struct {
	node  string
	start int64
}

// plan decides all objects of a tree. The jobs are sorted by key.
func plan(o Options, balancers []*balancer) (jobs []*job, missing []Missing) {
	p := &planner{o: o, balancers: balancers, rng: rand.New(rand.NewPCG(uint64(o.Seed), 0x9a17)), pools: map[spot]*pool{}}
	p.requestLogs()
	p.makePools()
	if !o.Plain {
		missing = p.vary()
		p.otherLogs()
		p.testFiles()
	}
	p.sort()
	for i, j := range p.jobs {
		j.rng = uint64(i) + 1
	}
	if !o.Plain {
		p.assignWidths()
		p.forceOutcomes()
	}
	if o.Oddities {
		p.forceOddities()
		p.damageLines()
	}
	if o.Vended != FormatPlain {
		p.vend()
		p.sort()
	}
	// What is not wanted goes last, so that the rest stays what it is.
	if o.Kinds != nil {
		p.jobs = slices.DeleteFunc(p.jobs, func(j *job) bool { return !slices.Contains(o.Kinds, j.Kind) })
		if !slices.Contains(o.Kinds, KindAccess) {
			missing = nil
		}
	}
	return p.jobs, missing
}

func (p *planner) sort() {
	slices.SortFunc(p.jobs, func(a, b *job) int { return cmp.Compare(a.Key, b.Key) })
}

// ends returns the ends of b's intervals, the last one first.
func (p *planner) ends(b *balancer) []time.Time {
	var list []time.Time
	for end := p.o.End; end.After(p.o.End.Add(-p.o.Span)); end = end.Add(-b.interval) {
		list = append(list, end)
	}
	return list
}

// requestLogs plans an object of the request logs per node and interval, and
// shares the lines out.
func (p *planner) requestLogs() {
	var total float64
	for _, b := range p.balancers {
		if !b.kind.requests() || p.o.Plain && b.kind != KindAccess {
			continue
		}
		for _, node := range b.nodes {
			for _, end := range slices.Backward(p.ends(b)) {
				j := p.newJob(b.kind, b, node, end)
				j.weight = 1
				if !p.o.Plain {
					day := float64(end.Hour()*60+end.Minute()) / (24 * 60)
					j.weight = b.share / float64(len(b.nodes)) * (1 + 0.35*math.Sin(2*math.Pi*(day-0.3))) * (0.85 + 0.3*p.rng.Float64())
					j.weight *= float64(end.UnixMicro()-j.start) / float64(Interval/time.Microsecond)
				}
				total += j.weight
				p.jobs = append(p.jobs, j)
			}
		}
	}
	for _, j := range p.jobs {
		j.Lines = max(1, int(math.Round(float64(p.o.Lines)*j.weight/total)))
	}
}

// makePools gives each access log its pool of connections: one for about three
// requests.
func (p *planner) makePools() {
	last := map[string]*pool{} // by node
	for _, j := range p.jobs { // in the order of time per node
		if j.Kind != KindAccess {
			continue
		}
		n := j.Lines/3 + 1
		c := &pool{b: j.b, start: j.start, stream: 1<<63 | hash(j.b.elb+" "+j.Node, j.start), before: last[j.Node]}
		c.plain = max(1, int(float64(n)*j.b.plain))
		c.tls = max(1, n-c.plain)
		j.pool, last[j.Node], p.pools[spot{j.Node, j.start}] = c, c, c
	}
}

// newJob returns a job for an object of the balancer.
func (p *planner) newJob(kind Kind, b *balancer, node string, end time.Time) *job {
	start := end.Add(-b.interval)
	if from := p.o.End.Add(-p.o.Span); start.Before(from) {
		start = from
	}
	j := &job{b: b, start: start.UnixMicro(), Object: Object{Kind: kind, Account: b.account, Region: b.region,
		LoadBalancer: b.elb, Node: node, End: end, Interval: b.interval, Members: 1, Width: newest(kind)}}
	resource := strings.ReplaceAll(b.elb, "/", ".")
	prefix := map[Kind]string{KindConnection: "conn_log_", KindHealthCheck: "health_check_log_"}[kind]
	tail := node + "_" + p.random()
	extension := ".log.gz"
	switch kind {
	case KindNLB:
		tail, j.Node = p.random(), "" // neither the name nor the lines tell
	case KindClassic:
		extension, j.Members = ".log", 0
	}
	j.Key = p.key(j, fmt.Sprintf("%s%s_elasticloadbalancing_%s_%s_%s_%s%s", prefix, b.account, b.region, resource, end.Format("20060102T1504Z"), tail, extension))
	return j
}

// newest is how many fields the newest lines of the kind have.
func newest(kind Kind) int {
	if kind == KindAccess {
		return today
	}
	w := layouts[kind].widths
	return w[len(w)-1]
}

// key returns the key of an object by that name.
func (p *planner) key(j *job, name string) string {
	// The folder is the day of delivery, up to two minutes after the end.
	delivered := j.End.Add(time.Duration(30+p.rng.IntN(90)) * time.Second)
	return path.Join("AWSLogs", j.Account, "elasticloadbalancing", j.Region, delivered.Format("2006/01/02"), name)
}

// random returns what AWS puts into names to make them differ.
func (p *planner) random() string {
	const letters = "0123456789abcdefghijklmnopqrstuvwxyz"
	s := make([]byte, 8)
	for i := range s {
		s[i] = letters[p.rng.IntN(len(letters))]
	}
	return string(s)
}

// vary takes away and adds what makes the request logs of a real tree differ
// from those of a plain one.
func (p *planner) vary() []Missing {
	// The second node of the first balancer misses the object that ends a
	// quarter of an hour before the end: it never existed.
	b := p.balancers[0]
	slots := int(p.o.Span / Interval)
	end := p.o.End.Add(-min(3, time.Duration(slots-1)) * Interval)
	missing := []Missing{{LoadBalancer: b.elb, Node: b.nodes[1], End: end}}
	p.jobs = slices.DeleteFunc(p.jobs, func(j *job) bool { return j.b == b && j.Node == b.nodes[1] && j.End.Equal(end) })

	// A node was replaced: its successor delivered an object of 0 bytes.
	empty := p.newJob(KindAccess, p.balancers[1], p.balancers[1].spare, end)
	empty.Members, empty.Width = 0, 0
	// And one gzip of nothing.
	nothing := p.newJob(KindAccess, p.balancers[3], p.balancers[3].spare, end)
	nothing.Width = 0

	for i, j := range p.jobs {
		switch i % 17 {
		case 4:
			if j.Members > 0 {
				j.Members = 2 + i%3
			}
		case 7:
			j.CRLF = p.o.Oddities
		case 9:
			j.NoFinalNewline = p.o.Oddities
		case 12:
			j.TrailingDash = j.Kind == KindAccess
		}
		j.bare = i%5 == 1
	}

	// A second object for the same node and interval.
	for _, j := range p.jobs {
		if j.b == p.balancers[1] && j.End.Equal(p.o.End) && j.Lines > 1 {
			twin := p.newJob(KindAccess, j.b, j.Node, j.End)
			twin.Lines, twin.pool = j.Lines/3, j.pool
			j.Lines -= twin.Lines
			if twin.Lines > 0 {
				p.jobs = append(p.jobs, twin)
			}
			break
		}
	}
	p.jobs = append(p.jobs, empty, nothing)
	return missing
}

// otherLogs plans the logs that are none of requests, each per node and
// interval.
func (p *planner) otherLogs() {
	for _, b := range p.balancers {
		turn := 0
		for _, node := range b.nodes {
			for _, end := range slices.Backward(p.ends(b)) {
				switch b.kind {
				case KindNLB:
					j := p.newJob(KindNLB, b, node, end)
					j.Lines = max(1, int(float64(p.o.Lines)*b.share*(0.8+0.4*p.rng.Float64())*float64(b.interval)/float64(p.o.Span)/float64(len(b.nodes))))
					p.jobs = append(p.jobs, j)
				case KindAccess:
					conn := p.newJob(KindConnection, b, node, end)
					conn.pool, conn.turn = p.pools[spot{node, conn.start}], turn
					good := conn.pool.tls + conn.pool.plain
					conn.Lines = good + 2 + good/40 + p.rng.IntN(3)
					health := p.newJob(KindHealthCheck, b, node, end)
					health.Lines = len(b.checks()) * int(Interval/checkEvery)
					if turn == 0 && b == p.balancers[0] { // as some have seen it
						conn.Key = strings.Replace(conn.Key, "conn_log_", "conn_log.", 1)
					}
					p.jobs = append(p.jobs, conn, health)
					turn++
				}
			}
		}
	}
}

// testFiles plans what AWS writes when logging is switched on.
func (p *planner) testFiles() {
	accounts := map[string]bool{}
	for _, b := range p.balancers {
		if !accounts[b.account] {
			accounts[b.account] = true
			p.jobs = append(p.jobs, &job{b: b, Object: Object{Key: path.Join("AWSLogs", b.account, "ELBAccessLogTestFile"),
				Kind: KindTestFile, Account: b.account, Lines: 1}})
		}
	}
}
