package diagnose

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestDeployments simulates targets that restart one after the other, in one deployment or several, and targets that
// close idle connections too early: the one is not taken for the other, however traffic goes up and down.
func TestDeployments(t *testing.T) {
	for seed := range uint64(32) {
		race := seed%2 == 0
		sim := &simulation{Snapshot: base(), r: rand.New(rand.NewPCG(seed, 7)), end: noon}
		failed, about := sim.restart(race, false)
		if failed < fewRequests {
			continue
		}
		sim.Logs = logged(t, sim.Snapshot, sim.lines)
		sim.Logs.Newest = noon
		r := Diagnose(copied(t, sim.Snapshot))
		if f := r.finding("keep-alive-race"); (f != nil) != race || race && f.Explains != failed || len(r.Findings) == 0 || r.Findings[0].Explains < failed/2 {
			t.Errorf("seed %d, a race is %t, %d failures %s:\n%s", seed, race, failed, about, said(r))
		}
	}
}

// TestFewRestarts simulates the same where little tells one from the other: few fail, or of many targets each for a moment,
// or a deployment is under way at the end; beside these others are broken off after a while, and a target refuses all.
// Restarts are not told to be a race for sure, and where it is one, this is said, or that it may be.
func TestFewRestarts(t *testing.T) {
	races, told, missed := 0, 0, 0 // those that fail many, of these those that are told for sure, and those of which there is no word
	for seed := range uint64(64) {
		race := seed%2 == 0
		sim := &simulation{Snapshot: base(), r: rand.New(rand.NewPCG(seed, 8)), end: noon}
		failed, about := sim.restart(race, true)
		if failed == 0 {
			continue
		}
		sim.Logs = logged(t, sim.Snapshot, sim.lines)
		sim.Logs.Newest = noon
		r := Diagnose(copied(t, sim.Snapshot))
		f := r.finding("keep-alive-race")
		sure := f != nil && f.Confidence != Low
		named := f != nil || slices.ContainsFunc(r.Findings, func(f *Finding) bool { return hasRival(f, "keep-alive-race") })
		if !race && sure {
			t.Errorf("seed %d, %d failures of restarts %s are a race:\n%s", seed, failed, about, said(r))
		}
		if race && !named {
			t.Logf("seed %d, %d failures of a race %s are none:\n%s", seed, failed, about, said(r))
			missed++ // as one that ends by chance
		}
		if race && failed >= 30 {
			if races++; sure {
				told++
			}
		}
	}
	if 4*told < 3*races || missed > 1 {
		t.Errorf("%d of %d races that fail many are told for sure, and there is no word of %d", told, races, missed)
	}
}

// TestTimesADay: what fails two requests at each of a few times a day may be deployments, be it on one day or on each of
// many. What comes more often is a race for sure.
func TestTimesADay(t *testing.T) {
	for _, tt := range []struct{ days, times int }{{1, 1}, {1, 4}, {1, 8}, {7, 1}, {7, 2}, {7, 4}, {7, 8}} {
		s := base()
		s.From = noon.AddDate(0, 0, -tt.days)
		s.Logs.Minutes, s.Logs.Last = nil, noon
		n := int64(tt.days * tt.times)
		for i := range tt.days * 1440 {
			m := Minute{Minute: s.minute(i), Group: webARN, Requests: 20}
			if i%(1440/tt.times) == 700/tt.times {
				m.Reasons, m.Statuses = map[string]int64{"Target_Closed_Connection": 2}, map[string]int64{"502": 2}
			}
			s.Logs.Minutes = append(s.Logs.Minutes, m)
		}
		for i, target := range []string{first, second} {
			s.Logs.Traffic[i].Requests = int64(tt.days) * 14400
			s.failing("Target_Closed_Connection", target, 502, n, func(f *Failure) {
				f.Quick, f.First, f.Last = n, s.minute(700/tt.times), noon.Add(-time.Duration(1440-700)*time.Minute/time.Duration(tt.times))
			})
		}
		r := Diagnose(copied(t, s))
		if f := r.Findings[0]; f.ID != "keep-alive-race" || f.Explains != 2*n || (f.Confidence == High) != (tt.times > 4) {
			t.Errorf("%d times on each of %d days:\n%s", tt.times, tt.days, said(r))
		}
	}
}

// restart simulates 6,000 requests to two targets, or more, and says how many failed. hard is whether little tells
// restarts from a race.
func (sim *simulation) restart(race, hard bool) (failed int64, about string) {
	const requests = 6000
	r := sim.r
	hours := []int{1, 3, 24}[r.IntN(3)]
	sim.From, sim.Metrics = noon.Add(-time.Duration(hours)*time.Hour), nil
	if r.IntN(2) == 0 {
		sim.Metrics = []Series{}
	}
	ends := failings[[]int{0, 2}[r.IntN(2)]]
	minutes, swing, begins := hours*60, r.Float64()*0.9, r.Float64()
	usual := float64(requests) / float64(minutes)
	traffic := func(minute int) float64 { // of which each minute has its part, as of a day
		return usual * (1 + swing*math.Sin(2*math.Pi*(begins+float64(minute)/1440)))
	}
	deployments := make([]time.Duration, 1+r.IntN(3))
	for i := range deployments {
		deployments[i] = time.Duration(r.IntN(minutes*2/3)) * time.Minute
	}
	takes, part := time.Duration(20+r.IntN(60))*time.Second*time.Duration(hours), 0.002+0.01*r.Float64()
	together, more := 1+r.IntN(3), 0 // requests that fail at once
	often, most, later, refusing := 1.0, int64(requests), 0.0, -1
	if hard {
		sim.web().Targets = nil
		for i := range 1 + r.IntN(6) {
			sim.web().Targets = append(sim.web().Targets, Target{ID: fmt.Sprint("10.0.10.", 11+i), Port: 8080, Zone: "eu-central-1a", State: "healthy", CheckPort: "8080"})
		}
		takes = time.Duration(5+r.IntN(100)) * time.Second
		often, later = []float64{1, 0.5, 0.1}[r.IntN(3)], []float64{0, 0.02}[r.IntN(2)]
		if r.IntN(3) == 0 {
			most = 1 + r.Int64N(9)
		}
		if r.IntN(3) == 0 {
			deployments = []time.Duration{time.Duration(minutes)*time.Minute - time.Duration(len(sim.web().Targets))*takes}
		}
		if r.IntN(4) == 0 {
			refusing = len(sim.web().Targets)
			sim.web().Targets = append(sim.web().Targets, Target{ID: "10.0.10.99", Port: 8080, Zone: "eu-central-1a", State: "unhealthy", Reason: "Target.FailedHealthChecks", CheckPort: "8080"})
		}
	}
	targets := sim.web().Targets
	fails := func(target int, after time.Duration, minute int) bool {
		switch {
		case race && more > 0:
			more--
			return true
		case race && r.Float64()*float64(together) < part*min(2, usual/traffic(minute)): // with less traffic, more connections are idle
			more = together - 1
			return true
		case race:
			return false
		}
		for _, at := range deployments {
			if begins := at + time.Duration(target)*2*takes; after >= begins && after < begins+takes && r.Float64() < often {
				return true
			}
		}
		return false
	}
	for minute := range minutes {
		for range int(traffic(minute) + r.Float64()) {
			target, after := r.IntN(len(targets)), time.Duration(minute)*time.Minute+time.Duration(r.IntN(60_000))*time.Millisecond
			end := works
			switch {
			case target == refusing:
				end = failings[0]
			case failed < most && fails(target, after, minute):
				if end = ends; end.name == "refused" && race {
					end.name = "reset" // which no metric counts
				}
				failed++
			case r.Float64() < later:
				end = failings[3]
			}
			sim.line(sim.web(), end, fmt.Sprint(targets[target].ID, ":8080"), sim.From.Add(after))
		}
	}
	return failed, fmt.Sprintf("to %d targets, %s in %d h, %.0f %% up and down, deployments at %v of %v a target", len(targets), ends.name, hours, 100*swing, deployments, takes)
}
