package query

import (
	"cmp"
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
	// Windows of this width, in microseconds; 0 if the answer is not divided by them.
	window int64
	// Steps, in microseconds; 0 for minutes. Those of a window with both ends are the
	// slices of its trend; else they are parts of those, and grow with what is counted.
	from, width int64
	grows       bool
}

const minute = int64(time.Minute / time.Microsecond)

// How reports divide minutes. A statement that names them in another way needs minutes.
const (
	byWindow = "epoch_us(minute) - epoch_us(minute) % $window_us"
	bySlice  = "(epoch_us(minute) - $from_us) // $slice_us"
)

// grainOf returns how finely statements of reports need counts, of which some are
// divided by windows of the given widths.
func grainOf(text string, w when.Window, widths []time.Duration) grain {
	for word := range wordsOf(strings.NewReplacer(byWindow, "", bySlice, "").Replace(text)) {
		if word == "minute" {
			return grain{}
		}
	}
	if slices.ContainsFunc(widths, func(width time.Duration) bool { return width != widths[0] }) {
		return grain{}
	}
	g := grain{width: minute, grows: true}
	if closed(w) {
		g.from, g.width, _ = trendSlices(w, w)
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
	width := cmp.Or(g.width, minute)
	from = g.from + floor(us-g.from, width)
	until = from + width
	if g.window > 0 {
		start := floor(us, g.window)
		from, until = max(from, start), min(until, start+g.window)
	}
	return from, until
}

// reach doubles growing steps until there are few in this time, and reports whether
// they were narrower. They are counted from 1970, so that steps of any part of it lie
// within those of the whole.
func (g *grain) reach(first, last int64) (grown bool) {
	for g.grows && (last-floor(first, g.width))/g.width >= mostSteps {
		g.width *= 2
		grown = true
	}
	return grown
}

// mostSteps is how many steps there are at most where they grow: five to a slice, so that
// the first slice, which begins with a step, is not much shorter than the others.
const mostSteps = 5 * trendWidth

// floor rounds down to a multiple.
func floor(n, of int64) int64 {
	if n < 0 {
		n -= of - 1
	}
	return n / of * of
}

// trendWidth is how many slices a trend has at most.
const trendWidth = 20

// trendSlices divides a window into n equal slices, the first of which begins at from; from
// and slice are in microseconds. Slices are whole minutes or, if the window's ends are those
// of the logs, whole steps.
func trendSlices(w, asked when.Window) (from, slice, n int64) {
	g := grain{width: minute, grows: !closed(asked)}
	if !closed(w) {
		return 0, g.width, 1 // not known
	}
	first, until := w.From.UnixMicro(), w.Until.UnixMicro()
	g.reach(first, until-1)
	from = floor(first, g.width)
	steps := (until - from + g.width - 1) / g.width
	per := max((steps+trendWidth-1)/trendWidth, 1)
	return from, per * g.width, (steps + per - 1) / per
}
