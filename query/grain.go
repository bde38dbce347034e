package query

import (
	"slices"
	"strings"
	"time"

	"loglens/internal/when"
)

// A grain is how finely counts are told apart by time. An answer that divides its
// window into twenty slices needs no minutes, and where requests are few there are
// nearly as many pairs of minute and route as requests. The zero value is by the
// minute, which serves every statement.
type grain struct {
	coarse bool
	// Windows of this width, in microseconds; 0 if the answer is not divided by them.
	window int64
	// The slices of a trend, in microseconds. Those of a window with both ends are
	// known beforehand; else they grow with what is counted.
	from, slice int64
	grows       bool
}

// How reports divide minutes. A statement that names them in another way needs minutes.
const (
	byWindow = "epoch_us(minute) - epoch_us(minute) % $window_us"
	bySlice  = "(epoch_us(minute) - $from_us) // $slice_us"
)

// grainOf returns how finely statements of reports need counts, of which some are
// divided by windows of the given widths.
func grainOf(text string, w when.Window, widths []time.Duration) grain {
	if slices.Contains(wordsOf(strings.NewReplacer(byWindow, "", bySlice, "").Replace(text)), "minute") {
		return grain{}
	}
	if len(widths) > 1 && slices.ContainsFunc(widths, func(width time.Duration) bool { return width != widths[0] }) {
		return grain{}
	}
	g := grain{coarse: true, slice: time.Minute.Microseconds(), grows: true}
	if closed(w) {
		g.from, g.slice, _ = trendSlices(w, w)
		g.grows = false
	}
	if len(widths) > 0 {
		g.window = widths[0].Microseconds()
	}
	return g
}

func closed(w when.Window) bool { return !w.From.IsZero() && !w.Until.IsZero() }

// step returns from when to when times count as one, in microseconds since 1970.
func (g grain) step(us int64) (from, until int64) {
	if !g.coarse {
		from = floor(us, time.Minute.Microseconds())
		return from, from + time.Minute.Microseconds()
	}
	from = g.from + floor(us-g.from, g.slice)
	until = from + g.slice
	if g.window > 0 {
		start := floor(us, g.window)
		from, until = max(from, start), min(until, start+g.window)
	}
	return from, until
}

// reach makes growing slices as wide as a trend of this time has them, and reports
// whether they were narrower. A trend of a part of it has none that are wider, so
// that counts of parts add up to those of the whole.
func (g *grain) reach(first, last int64) (grown bool) {
	for g.grows && (last-floor(first, g.slice))/g.slice >= grownWidth {
		g.slice *= 2
		grown = true
	}
	return grown
}

// floor rounds down to a multiple.
func floor(n, of int64) int64 {
	if n < 0 {
		n -= of - 1
	}
	return n / of * of
}

// trendWidth is how many slices a trend has at most, and grownWidth how many where
// their width has grown: 24, for 3, 6, 12, 24 hours are a little less, by 8 to 64 minutes.
const (
	trendWidth = 20
	grownWidth = 24
)

// trendSlices divides a window into equal slices of whole minutes: the first begins
// at from; both in microseconds. A window that was asked for is divided from its first
// minute on. One whose ends are those of the logs is divided by a power of two of
// minutes, counted from 1970, since nobody knew the ends while requests were counted.
func trendSlices(w, asked when.Window) (from, slice, n int64) {
	if !closed(w) {
		return 0, time.Minute.Microseconds(), 1 // not known
	}
	if !closed(asked) {
		g := grain{slice: time.Minute.Microseconds(), grows: true}
		first, last := w.From.UnixMicro(), w.Until.UnixMicro()-1
		g.reach(first, last)
		from = floor(first, g.slice)
		return from, g.slice, (last-from)/g.slice + 1
	}
	start := w.From.Truncate(time.Minute)
	minutes := int64((w.Until.Sub(start) + time.Minute - 1) / time.Minute)
	per := max((minutes+trendWidth-1)/trendWidth, 1)
	return start.UnixMicro(), per * time.Minute.Microseconds(), (minutes + per - 1) / per
}
