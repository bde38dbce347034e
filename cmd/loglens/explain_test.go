package main

import "testing"

// TestRoughly: a guess is told to the digits that it can be good for.
func TestRoughly(t *testing.T) {
	for n, want := range map[int64]int64{0: 0, 8: 8, 99: 99, 100: 100, 101: 100, 25956: 26000, 155090: 160000, 99999: 100000} {
		if got := roughly(n); got != want {
			t.Errorf("roughly(%d) = %d, want %d", n, got, want)
		}
	}
}
