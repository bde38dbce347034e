package report

import (
	"slices"
	"time"

	"loglens/query"
)

// gutter is the blank between two columns of the table.
const gutter = 2

// The widths that columns are narrowed to before whole columns are left out.
const (
	usualTrend = 24 // a trend is wider only where room is left
	leastTrend = 8
	leastText  = 22 // of any text
	wholeText  = 26 // a reason with its sign stays whole, and the first row's target with its share
	tightText  = 8  // when nothing more can be left out
	cutText    = 7  // when even that is too wide; the head is shortened as well
	longHead   = 20 // of a label; half of the narrowest terminal
	freeText   = 14 // an address; where nothing says what is important, less legible columns are no gain
)

// column is a column of the table on its way to the terminal.
type column struct {
	query.Column
	label string
	cells []string      // as wide as they are
	trend [][]int64     // of a Trend column, nil where absent
	times [][]time.Time // of a Times column, nil where absent

	body    int // the width that shows every cell whole
	natural int // and the label as well
	slices  int // how many slices of the window the trend has
	width   int // as decided
	least   int // what width may become
}

// head is the width that the label keeps; it is more than what our reports call
// their columns, but free SQL calls them by whole expressions.
func (c *column) head() int { return min(width(c.label), longHead) }

func (c *column) isText() bool  { return c.Type == query.Text }
func (c *column) isTrend() bool { return c.Type == query.Trend }

// fit decides the widths of the columns and which are left out, so that a row
// takes at most most columns of the terminal. Those of expendable are left out first,
// beginning with the least important, and then the rightmost. One of keys is left out
// only if cutting texts short does not make room for it: without it rows look the same.
func fit(columns []*column, expendable, keys []string, most int) (kept, left []*column) {
	kept = slices.Clone(columns)
	for !narrow(kept, most, leastText) {
		i := leastImportant(kept, expendable)
		if i < 0 || slices.Contains(keys, kept[i].Name) && narrow(kept, most, tightText) {
			break
		}
		left = append(left, kept[i])
		kept = slices.Delete(kept, i, i+1)
	}
	// A broad column that went late may have made room for a small one that went early.
	for i := len(left) - 1; i >= 0; i-- {
		more := slices.DeleteFunc(slices.Clone(columns), func(c *column) bool {
			return c != left[i] && !slices.Contains(kept, c)
		})
		if narrow(more, most, leastText) {
			kept, left = more, slices.Delete(left, i, i+1)
		}
	}
	least := tightText
	if len(expendable) == 0 {
		least = freeText
	}
	for !narrow(kept, most, leastText) && !narrow(kept, most, least) {
		i := lastBut(kept)
		if i < 0 {
			narrow(kept, most, cutText)
			break
		}
		left = append(left, kept[i])
		kept = slices.Delete(kept, i, i+1)
	}
	widen(kept, most)
	slices.SortFunc(left, func(a, b *column) int { return slices.Index(columns, a) - slices.Index(columns, b) })
	return kept, left
}

// narrow sets the widths of columns and reports whether they fit. It takes from
// the trends first, then from the widest text or label, then from the trends again.
func narrow(columns []*column, most, least int) bool {
	over, firm := -most-gutter, -most-gutter
	for _, c := range columns {
		c.width, c.least = c.natural, c.floor(least)
		if c.isTrend() {
			c.width = max(c.head(), min(c.slices, usualTrend))
		}
		over += c.width + gutter
		firm += c.least + gutter
	}
	if firm > 0 { // no need to go there step by step
		for _, c := range columns {
			c.width = c.least
		}
		return false
	}
	over = narrowTrends(columns, over, leastTrend+2)
	for over > 0 {
		widest := -1
		for i, c := range columns {
			if !c.isTrend() && c.width > c.least && (widest < 0 || c.width > columns[widest].width) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		columns[widest].width--
		over--
	}
	return narrowTrends(columns, over, leastTrend) <= 0
}

// floor is how narrow a column may become.
func (c *column) floor(least int) int {
	switch {
	case c.isTrend():
		return max(c.head(), min(c.slices, leastTrend))
	case !c.isText() && c.Type != query.Times:
		return max(c.head(), c.body)
	case least == cutText:
		return min(c.natural, least)
	case least < leastText:
	case c.Name == "reason":
		least = wholeText
	case len(c.cells) > 0:
		least = min(max(width(c.cells[0]), leastText), wholeText)
	}
	return min(c.natural, max(c.head(), least))
}

func narrowTrends(columns []*column, over, least int) int {
	for _, c := range columns {
		if c.isTrend() && over > 0 && c.width > least {
			take := min(over, c.width-max(c.head(), least))
			c.width -= take
			over -= take
		}
	}
	return over
}

// widen gives the room that is left to the trends.
func widen(columns []*column, most int) {
	room := most + gutter
	for _, c := range columns {
		room -= c.width + gutter
	}
	for _, c := range columns {
		if !c.isTrend() {
			continue
		}
		drawn := func(most int) int { return (c.slices + run(c.slices, most) - 1) / run(c.slices, most) }
		more := max(c.head(), drawn(c.width+max(0, room)))
		room -= more - c.width
		c.width = more
	}
}

func leastImportant(columns []*column, expendable []string) int {
	for _, name := range expendable {
		if i := slices.IndexFunc(columns, func(c *column) bool { return c.Name == name }); i >= 0 {
			return i
		}
	}
	return -1
}

// lastBut returns the rightmost column that a row can do without when it has to:
// not the first text and not the first count, which make it a row.
func lastBut(columns []*column) int {
	text := slices.IndexFunc(columns, (*column).isText)
	count := slices.IndexFunc(columns, func(c *column) bool { return c.Type == query.Count })
	for i := len(columns) - 1; i >= 0; i-- {
		if i != text && i != count {
			return i
		}
	}
	return -1
}
