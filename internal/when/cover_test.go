package when

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestCover compares what is left of windows with a look at every minute.
func TestCover(t *testing.T) {
	const minutes = 12
	zero := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	rng := rand.New(rand.NewPCG(1, 1))
	bound := func() time.Time {
		if rng.IntN(8) == 0 {
			return time.Time{}
		}
		return zero.Add(time.Duration(rng.IntN(minutes)) * time.Minute)
	}
	in := func(list []Window, at time.Time) (n int) {
		for _, w := range list {
			if w.Contains(at) {
				n++
			}
		}
		return n
	}
	for range 20_000 {
		w := Window{bound(), bound()}
		var list []Window
		for range rng.IntN(5) {
			list = append(list, Window{bound(), bound()})
		}
		left, joined := w.Without(list), Join(list)
		for m := -2; m < minutes+2; m++ {
			at := zero.Add(time.Duration(m) * time.Minute)
			want := 0
			if w.Contains(at) && in(list, at) == 0 {
				want = 1
			}
			if got := in(left, at); got != want {
				t.Fatalf("%v without %v: %v, which holds %v %d times; want %d", w, list, left, at, got, want)
			}
			if got := in(joined, at); got != min(in(list, at), 1) {
				t.Fatalf("%v joined: %v, which holds %v %d times", list, joined, at, got)
			}
		}
		for i := range len(joined) - 1 {
			if !joined[i].Until.Before(joined[i+1].From) {
				t.Fatalf("%v joined: %v, of which two touch", list, joined)
			}
		}
	}
}
