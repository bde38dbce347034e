package query

import (
	"math/bits"
	"slices"
)

// latency counts times by size: exact up to 64 µs, then 32 buckets to every
// power of two. A bucket's middle is at most 1.6 % away from what it holds, and
// counts of different minutes, targets and machines simply add up.
type latency []bucket

type bucket struct {
	at int16
	n  uint32
}

const (
	bucketBits  = 5 // 32 buckets to a power of two
	bucketExact = 2 << bucketBits
	timeBits    = 40
	longestTime = 1<<timeBits - 1 // µs; 12 days: an upload may take longer than any idle timeout
	buckets     = bucketExact + (timeBits-bucketBits-1)<<bucketBits
)

// bucketOf returns the place of a time in microseconds.
func bucketOf(us int64) int {
	v := uint64(min(max(us, 0), longestTime))
	shift := bits.Len64(v|(bucketExact-1)) - bucketBits - 1
	return shift<<bucketBits + int(v>>shift)
}

// bucketTime returns the middle of a bucket in microseconds.
func bucketTime(at int) int64 {
	shift := max(at>>bucketBits-1, 0)
	low := int64(at-shift<<bucketBits) << shift
	return low + (1<<shift-1)/2
}

// dense counts the times of one object's cell, where speed matters.
type dense [buckets]uint32

// fewSamples is up to how many times sorting takes less than a look at all buckets.
const fewSamples = 32

// count counts times by their buckets, which are left in any order.
func (d *dense) count(at []uint16) (l latency) {
	if len(at) > fewSamples {
		for _, at := range at {
			d[at]++
		}
		return d.take()
	}
	slices.Sort(at)
	for i, b := range at {
		if i == 0 || b != at[i-1] {
			l = append(l, bucket{at: int16(b)})
		}
		l[len(l)-1].n++
	}
	return l
}

// take returns the counts in the order of time and forgets them.
func (d *dense) take() latency {
	var l latency
	for at, n := range d {
		if n > 0 {
			l = append(l, bucket{int16(at), n})
		}
	}
	clear(d[:])
	return l
}

// add merges two counts; both stay as they are.
func (l latency) add(o latency) latency {
	if len(l) == 0 {
		return slices.Clone(o)
	}
	sum := make(latency, 0, len(l)+len(o))
	for len(l) > 0 && len(o) > 0 {
		switch {
		case l[0].at < o[0].at:
			sum, l = append(sum, l[0]), l[1:]
		case l[0].at > o[0].at:
			sum, o = append(sum, o[0]), o[1:]
		default:
			sum = append(sum, bucket{l[0].at, l[0].n + o[0].n})
			l, o = l[1:], o[1:]
		}
	}
	return append(append(sum, l...), o...)
}
