package diagnose

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// TestDeployments simulates targets that restart one after the other, in one deployment or several, and targets that
// close idle connections too early: the one is not taken for the other, however traffic goes up and down.
func TestDeployments(t *testing.T) {
	for seed := range uint64(32) {
		race := seed%2 == 0
		sim := &simulation{Snapshot: base(), r: rand.New(rand.NewPCG(seed, 7)), end: noon}
		failed, about := sim.restart(race)
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

// restart simulates 6,000 requests to two targets, and says how many failed.
func (sim *simulation) restart(race bool) (failed int64, about string) {
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
			if begins := at + time.Duration(target)*2*takes; after >= begins && after < begins+takes {
				return true
			}
		}
		return false
	}
	for minute := range minutes {
		for range int(traffic(minute) + r.Float64()) {
			target, after := r.IntN(2), time.Duration(minute)*time.Minute+time.Duration(r.IntN(60_000))*time.Millisecond
			end := works
			if fails(target, after, minute) {
				end = ends
				failed++
			}
			if end.name == "refused" && race {
				end.name = "reset" // which no metric counts
			}
			sim.line(sim.web(), end, []string{first, second}[target], sim.From.Add(after))
		}
	}
	return failed, fmt.Sprintf("%s in %d h, %.0f %% up and down, deployments at %v of %v a target", ends.name, hours, 100*swing, deployments, takes)
}
