package query

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestBuckets: every time lies in one bucket, buckets are in order, and the
// middle of a bucket is as near as is promised.
func TestBuckets(t *testing.T) {
	last, lastTime := -1, int64(-1)
	check := func(us int64) {
		at := bucketOf(us)
		if at < 0 || at >= buckets {
			t.Fatalf("%d µs is in bucket %d of %d", us, at, buckets)
		}
		if off := math.Abs(float64(bucketTime(at) - us)); off > 0.016*float64(us) {
			t.Errorf("%d µs is told as %d µs", us, bucketTime(at))
		}
		if us > lastTime && at < last {
			t.Errorf("%d µs is in bucket %d, a shorter time in %d", us, at, last)
		}
		last, lastTime = at, us
	}
	for us := int64(0); us < 100_000; us++ {
		check(us)
	}
	const day = 24 * 3600 * 1_000_000 // an upload may take as long
	for us := int64(100_000); us <= max(longestTime, day); us += us/100 + 1 {
		check(us)
	}
	if at := bucketOf(longestTime); at != buckets-1 {
		t.Errorf("the longest time is in bucket %d of %d", at, buckets)
	}
	if bucketOf(longestTime+1) != buckets-1 || bucketOf(-5) != 0 {
		t.Error("times out of range are not in the outermost buckets")
	}
}

// TestLatencyAdds: counts merge to what counting all at once gives.
func TestLatencyAdds(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var whole, part dense
		var sum latency
		for range rng.IntN(5) {
			for range rng.IntN(60) {
				at := bucketOf(int64(math.Exp(rng.Float64() * 28)))
				whole[at]++
				part[at]++
			}
			before := slices.Clone(sum)
			merged := sum.add(part.take())
			if !slices.Equal(before, sum) {
				t.Fatal("add changed its operand")
			}
			sum = merged
		}
		if want := whole.take(); !slices.Equal(want, sum) {
			t.Fatalf("merged %v, want %v", sum, want)
		}
	}
}

// TestDense: times are counted alike, however many there are at once.
func TestDense(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	var d dense
	for range 2_000 {
		at := make([]uint16, rng.IntN(3*fewSamples))
		want := map[int16]uint32{}
		for i := range at {
			at[i] = uint16(rng.IntN(1 + rng.IntN(buckets)))
			want[int16(at[i])]++
		}
		last := int16(-1)
		got := d.count(at)
		for _, b := range got {
			if b.at <= last || b.n != want[b.at] {
				t.Fatalf("bucket %d after %d has %d, not %d", b.at, last, b.n, want[b.at])
			}
			last = b.at
		}
		if len(got) != len(want) {
			t.Fatalf("%d buckets, not %d", len(got), len(want))
		}
	}
}

// TestLatencyIsCounted: whoever asks for times that targets took gets them, however a
// statement names them.
func TestLatencyIsCounted(t *testing.T) {
	var want []string
	for _, text := range []string{
		"SELECT sum(requests) FROM latency",
		"SELECT SUM(REQUESTS) FROM LATENCY",
		"SELECT sum(list_sum(latency_requests)) FROM traffic",
		"SELECT sum(list_sum(LATENCY_REQUESTS)) FROM traffic",
		"SELECT sum(list_sum(COLUMNS('lat.+_requests'))) FROM traffic",
		"SELECT sum(list_sum(n)) FROM traffic t(" + repeated(22, func(i int) string { return fmt.Sprintf("c%d, ", i) }) + "n)",
	} {
		s := asking(t, "../testdata/logs")
		var rows texts
		if _, err := s.Ask(context.Background(), text, nil, &rows); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if want == nil {
			want = rows
		}
		if rows[0] == "<nil>" || rows[0] != want[0] {
			t.Errorf("%s: %q, want %q", text, rows, want)
		}
	}
}
