package diagnose

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestIncidents simulates the requests of two groups, to some of whose targets some fail for a while,
// and reads their log lines: what fails now is a failure, and what is long over is none; each is counted
// whole, and nothing else is said to be wrong.
func TestIncidents(t *testing.T) {
	for seed := range uint64(60) {
		sim := simulate(t, seed)
		sim.Logs = logged(t, sim.Snapshot, sim.lines)
		sim.Logs.Newest = sim.end
		if r := Diagnose(copied(t, sim.Snapshot)); sim.compare(r) != "" {
			t.Errorf("seed %d, from %s: %s\n%s", seed, sim.From.Format("01-02 15:04"), sim.compare(r), said(r))
		}
	}
}

// failing is a way in which requests fail, as a line has it.
type failing struct {
	name           string
	times          string
	status, answer string
	takes          time.Duration
	ids            []string // of findings that may be of it
}

var failings = []failing{
	{"refused", "-1 -1 -1", "502", "-", 0, []string{"target-port-refused", "keep-alive-race"}},
	{"no connection", "-1 -1 -1", "504", "-", 10 * time.Second, []string{"target-connect-timeout"}},
	{"closed at once", "0.000 -1 -1", "502", "-", 10 * time.Millisecond, []string{"target-closes-connection", "keep-alive-race"}},
	{"closed after a while", "0.000 -1 -1", "502", "-", 3 * time.Second, []string{"target-closes-connection"}},
	{"no answer", "0.000 -1 -1", "504", "-", time.Minute, []string{"idle-timeout-reached"}},
	{"5xx", "0.000 0.010 0.000", "500", "500", 10 * time.Millisecond, []string{"target-answers-5xx"}},
	{"none usable", "-1 -1 -1", "503", "-", 0, []string{"no-usable-target"}},
}

var works = failing{"", "0.000 0.020 0.000", "200", "200", 20 * time.Millisecond, nil}

// incident is a part of the requests to targets of a group that fails for a while.
type incident struct {
	failing
	group       *Group
	targets     []string
	from, until time.Time
	share       float64

	count, late, since int64 // of those that failed, also in the last five minutes; and of all after it
}

func (x *incident) takes(g *Group, target string, at time.Time) bool {
	return x.group == g && slices.Contains(x.targets, target) && !at.Before(x.from) && at.Before(x.until)
}

type simulation struct {
	*Snapshot
	r         *rand.Rand
	end       time.Time // of the logs
	perMinute int       // to each group
	incidents []*incident
	lines     []string
}

func simulate(t *testing.T, seed uint64) *simulation {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 5))
	hours := []int{1, 1, 3, 24}[r.IntN(4)]
	sim := &simulation{Snapshot: base().beside(t, base().ofAPI(t)), r: r, end: noon.Add(-time.Duration(r.IntN(3)) * time.Minute)}
	sim.From, sim.perMinute = noon.Add(-time.Duration(hours)*time.Hour), []int{3, 10, 40}[r.IntN(3)]
	if hours == 24 {
		sim.perMinute /= 3
	}
	sim.Metrics = nil
	if r.IntN(2) == 0 {
		sim.Metrics = []Series{}
	}
	kind := r.IntN(len(failings))
	for i := range 1 + r.IntN(2) {
		sim.strike(&sim.Groups[i], failings[kind])
		kind = (kind + 1 + r.IntN(len(failings)-1)) % len(failings) // another one
	}
	for at := sim.From; at.Before(sim.end); at = at.Add(time.Minute) {
		for i := range sim.Groups {
			for range sim.perMinute/2 + r.IntN(sim.perMinute+1) {
				sim.request(&sim.Groups[i], at)
			}
		}
	}
	return sim
}

// strike lets requests to a group fail: of one target or of both, all or few, at some time or now.
func (sim *simulation) strike(g *Group, f failing) {
	r, minutes := sim.r, func(n int) time.Duration { return time.Duration(n) * time.Minute }
	x := &incident{failing: f, group: g, share: []float64{1, 1, 0.5, 0.1, 0.02}[r.IntN(5)], until: noon}
	for _, target := range g.Targets[:1+r.IntN(2)] {
		x.targets = append(x.targets, fmt.Sprint(target.ID, ":", target.Port))
	}
	x.from = sim.From.Add(minutes(r.IntN(int(noon.Sub(sim.From) / time.Minute))))
	if r.IntN(3) == 0 {
		x.from = sim.end.Add(-minutes(3 + r.IntN(20)))
	}
	if r.IntN(2) == 0 {
		x.until = x.from.Add(minutes(1 + r.IntN(30)))
	}
	sim.incidents = append(sim.incidents, x)
}

// request is one that comes within a minute.
func (sim *simulation) request(g *Group, minute time.Time) {
	at := minute.Add(time.Duration(sim.r.IntN(60_000)) * time.Millisecond)
	target := fmt.Sprint(g.Targets[sim.r.IntN(2)].ID, ":8080")
	ends := works
	for _, x := range sim.incidents {
		if x.takes(g, target, at) && sim.r.Float64() < x.share {
			ends = x.failing
			if x.count++; at.After(sim.end.Add(-recently)) {
				x.late++
			}
		} else if x.takes(g, target, x.from) && !at.Before(x.until) {
			x.since++
		}
	}
	if ends.name == "none usable" {
		target = "-"
	}
	sim.line(g, ends, target, at)
}

// line is the line of a request, which metrics count too.
func (sim *simulation) line(g *Group, ends failing, target string, at time.Time) {
	sim.count(g, ends, at.Truncate(time.Minute))
	sim.lines = append(sim.lines, fmt.Sprintf(`http %s app/shop/50dc6c495c0c9188 198.51.100.%d:65530 %s %s %s %s 100 200 "GET http://shop.example.com:80/%d HTTP/1.1" "UA" - - %s "Root=1-1" "-" "-" 0 %s "forward" "-" "-" %q %q "-" "-" TID_1`,
		logTime(at.Add(ends.takes)), sim.r.IntN(200), target, ends.times, ends.status, ends.answer, sim.r.IntN(50), g.ARN, logTime(at), target, ends.answer))
}

func logTime(t time.Time) string { return t.Format("2006-01-02T15:04:05.000000Z") }

// count is what CloudWatch counts of a request, if metrics were asked for. Those for which no target could be
// chosen are in none of the counts of requests.
//
// Source: AWS, "CloudWatch metrics for your Application Load Balancer", read 2026-11.
func (sim *simulation) count(g *Group, ends failing, minute time.Time) {
	if sim.Metrics == nil {
		return
	}
	add := func(name, group string) {
		i := slices.IndexFunc(sim.Metrics, func(m Series) bool { return m.Name == name && m.Group == group })
		if i < 0 {
			sim.Metrics, i = append(sim.Metrics, Series{Name: name, Group: group, Stat: "Sum", Period: 60}), len(sim.Metrics)
		}
		if m := &sim.Metrics[i]; len(m.Points) > 0 && m.Points[len(m.Points)-1].Time.Equal(minute) {
			m.Points[len(m.Points)-1].Value++
		} else {
			m.Points = append(m.Points, Point{minute, 1})
		}
	}
	if ends.name != "none usable" {
		add("RequestCount", "")
		add("RequestCount", g.ARN)
	}
	switch {
	case ends.name == "" || ends.status < "500":
	case ends.answer != "-":
		add("HTTPCode_Target_5XX_Count", g.ARN)
	default:
		add("HTTPCode_ELB_5XX_Count", "")
		add("HTTPCode_ELB_"+ends.status+"_Count", "")
		if ends.name == "refused" || ends.name == "no connection" {
			add("TargetConnectionErrorCount", g.ARN)
		}
	}
}

// compare says where a report and what happened do not agree; "" if they do.
func (sim *simulation) compare(r *Report) string {
	var ids []string
	count, explained := int64(0), int64(0)
	for _, x := range sim.incidents {
		ids = append(ids, x.ids...)
		count += x.count
		level := Level("nothing")
		for _, f := range r.Findings {
			if slices.Contains(x.ids, f.ID) && slices.Contains(f.Groups, x.group.Name) && (level == "nothing" || f.Level == Fail) {
				level = f.Level
			}
		}
		worst := KindOf(x.ids[0]).Level
		now, over := x.until.Equal(noon), x.until.Before(noon.Add(-20*time.Minute))
		switch {
		case now && x.share >= 0.5 && x.late >= fewRequests && level != worst,
			over && x.since >= 50 && x.count >= fewRequests && level == Fail,
			x.count >= fewRequests && level == "nothing":
			return fmt.Sprintf("%s: %s of %.0f %% to %v from %s to %s, %d in all, %d at the end, %d requests since: %s", x.group.Name, x.name, 100*x.share, x.targets, x.from.Format("15:04"), x.until.Format("15:04"), x.count, x.late, x.since, level)
		}
	}
	for _, f := range r.Findings {
		if f.Level != Note && !slices.Contains(ids, f.ID) {
			return f.ID + " is said"
		}
		explained += f.Explains
	}
	if explained != count {
		return fmt.Sprintf("%d of %d failures are explained", explained, count)
	}
	return ""
}
