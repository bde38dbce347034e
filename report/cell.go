package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"loglens/query"
)

// wording is how the values of a form are written.
type wording struct {
	text    func(s string) string    // hostile text, made harmless
	name    func(s string) string    // hostile text that should be short; bounded where people read
	count   func(n int64) string     // a quantity
	size    func(n int64) string     // bytes
	ratio   func(x float64) string   // 0 to 1
	seconds func(x float64) string   // a duration
	number  func(x float64) string   // any other number
	truth   func(yes bool) string    // yes or no
	time    func(t time.Time) string // UTC
	times   func(list []time.Time) string
	trend   func(counts []int64) string // a sparkline
	sign    func(ours string) string    // our own signs, in ASCII where asked for
	absent  string                      // where a row has no value
}

// cell returns a value as text. What is absent and what is no finite number
// look the same in every form.
func (w wording) cell(value any, typ query.Type) string {
	switch v := value.(type) {
	case nil:
		return w.absent
	case string:
		return w.text(v)
	case int64:
		switch typ {
		case query.Integer:
			return exact(v)
		case query.Bytes:
			return w.size(v)
		}
		return w.count(v)
	case float64:
		switch {
		case !finite(v):
			return w.absent
		case typ == query.Ratio:
			return w.ratio(v)
		case typ == query.Seconds:
			return w.seconds(v)
		}
		return w.number(v)
	case bool:
		return w.truth(v)
	case time.Time:
		return w.time(v)
	case []time.Time:
		return w.times(v)
	case []int64:
		return w.trend(v)
	}
	return w.text(fmt.Sprint(value))
}

// longName is longer than any load balancer's name, to which AWS allows 32
// characters, and than any documented reason.
const longName = 48

// forPeople is the wording of a table that is looked at: rounded and grouped,
// and with times as short as can be. A name takes at most most columns.
func forPeople(t *query.Table, ascii bool, most int, text func(string) string) wording {
	layout := timeLayout(t)
	return wording{
		text:    text,
		name:    func(v string) string { return text(shorten(visible(v, ascii), min(most, longName), ascii)) },
		count:   grouped,
		size:    size,
		ratio:   percent,
		seconds: duration,
		number:  rounded,
		truth:   yesNo,
		time:    func(v time.Time) string { return v.UTC().Format(layout) },
		times:   func(list []time.Time) string { return firstTimes(list, mostTimes) },
		trend:   func(counts []int64) string { return sparkline(counts, ascii) },
		sign:    signs(ascii),
		absent:  "-",
	}
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// forTools is the wording of a table that is cut and sorted by other programs.
func forTools(ascii bool, text func(string) string) wording {
	return wording{
		text:    text,
		name:    text,
		count:   exact,
		size:    exact,
		ratio:   decimal,
		seconds: decimal,
		number:  decimal,
		truth:   strconv.FormatBool,
		time:    fullTime,
		times:   fullTimes,
		trend:   func(counts []int64) string { return sparkline(counts, ascii) },
		sign:    signs(ascii),
		absent:  "-",
	}
}

func fullTime(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// fullTimes is a list of times as one text. JSON has it so, too: a cell is taken apart
// in the same way in all forms.
func fullTimes(list []time.Time) string {
	all := make([]string, len(list))
	for i, t := range list {
		all[i] = fullTime(t)
	}
	return strings.Join(all, ", ")
}

// mostTimes are more than a terminal has room for beside other columns.
const mostTimes = 6

// firstTimes is a list of times for people: at most most of them, and how many more there
// are. The year is left out, since the window says it.
func firstTimes(list []time.Time, most int) string {
	first := make([]string, min(len(list), most))
	for i := range first {
		first[i] = list[i].UTC().Format("01-02 15:04Z")
	}
	text := strings.Join(first, ", ")
	if more := len(list) - len(first); more > 0 {
		text += " +" + grouped(int64(more))
	}
	return text
}

// timeLayout leaves out what all times of the table share and its window says.
// Rows may reach beyond the window, as the end of a late object does. Free SQL
// may ask for any instants, and its window need not be shown at all.
func timeLayout(t *query.Table) string {
	w := t.Window
	for at, c := range t.Columns {
		for _, row := range t.Rows {
			if v, ok := row[at].(time.Time); ok && c.Only != query.Programs {
				if v.Before(w.From) {
					w.From = v
				}
				if !v.Before(w.Until) {
					w.Until = v.Add(1)
				}
			}
		}
	}
	switch {
	case t.Report == query.SQL:
		return time.DateTime
	case oneDay(w):
		return time.TimeOnly
	case oneYear(w):
		return "01-02 15:04"
	}
	return "2006-01-02 15:04"
}
