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

// TestSize: what is typed as a number of bytes; 0 stands for an error but where nothing is.
func TestSize(t *testing.T) {
	for typed, want := range map[string]int64{
		"": 0, "1000": 1000, "12B": 12, "500MB": 500_000_000, "500 MB": 500_000_000, "1.5k": 1500, "2G": 2_000_000_000, "1T": 1_000_000_000_000,
		"1KiB": 1024, "500MiB": 500 << 20, "2Gi": 2 << 30, "99999999T": 1 << 62,
		"500mb": 0, "0": 0, "-1": 0, "1e3": 0, "GB": 0, "5 apples": 0, "1MBps": 0,
	} {
		got, err := size(typed)
		if got != want || (err != nil) != (want == 0 && typed != "") {
			t.Errorf("size(%q) = %d, %v; want %d", typed, got, err, want)
		}
	}
}
