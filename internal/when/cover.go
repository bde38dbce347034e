package when

import (
	"slices"
	"time"
)

// Join makes one of windows that overlap or touch. They come in order; empty ones are
// left out.
func Join(list []Window) (joined []Window) {
	list = slices.DeleteFunc(slices.Clone(list), Window.empty)
	slices.SortFunc(list, func(a, b Window) int { return a.From.Compare(b.From) }) // an open bound is the earliest time
	for _, w := range list {
		last := len(joined) - 1
		switch {
		case last < 0 || !joined[last].Until.IsZero() && w.From.After(joined[last].Until):
			joined = append(joined, w)
		case !joined[last].Until.IsZero() && (w.Until.IsZero() || w.Until.After(joined[last].Until)):
			joined[last].Until = w.Until
		}
	}
	return joined
}

// Without returns the parts of w that no window of the list covers, in order.
func (w Window) Without(list []Window) (parts []Window) {
	for _, c := range Join(list) {
		if !c.From.IsZero() && c.From.After(w.From) {
			before := Window{w.From, c.From}
			if !w.Until.IsZero() && w.Until.Before(c.From) {
				before.Until = w.Until
			}
			if !before.empty() {
				parts = append(parts, before)
			}
		}
		if c.Until.IsZero() {
			return parts
		}
		if c.Until.After(w.From) {
			w.From = c.Until
		}
	}
	if !w.empty() {
		parts = append(parts, w)
	}
	return parts
}

// Length is how long windows last together, where none overlap; an open one counts for
// nothing.
func Length(list []Window) (sum time.Duration) {
	for _, w := range list {
		if !w.From.IsZero() && !w.Until.IsZero() {
			sum += w.Until.Sub(w.From)
		}
	}
	return sum
}

func (w Window) empty() bool { return !w.Until.IsZero() && !w.From.Before(w.Until) }
