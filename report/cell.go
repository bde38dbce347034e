package report

import (
	"fmt"
	"time"

	"loglens/query"
)

// absent stands in a table for people where a row has no value.
const absent = "-"

// wording is how the values of a form are written.
type wording struct {
	text  func(s string) string       // hostile text, made harmless
	name  func(s string) string       // hostile text that should be short; bounded where people read
	count func(n int64) string        // a quantity
	ratio func(x float64) string      // 0 to 1
	time  func(t time.Time) string    // UTC
	trend func(counts []int64) string // a sparkline
	sign  func(ours string) string    // our own signs, in ASCII where asked for
}

// cell returns a value as text; nil is absent.
func (w wording) cell(value any, typ query.Type) string {
	switch v := value.(type) {
	case nil:
		return absent
	case string:
		return w.text(v)
	case int64:
		if typ == query.Integer {
			return exact(v)
		}
		return w.count(v)
	case float64:
		return w.ratio(v)
	case time.Time:
		return w.time(v)
	case []int64:
		return w.trend(v)
	}
	return w.text(fmt.Sprint(value))
}

// longName is more than the 32 characters that AWS allows a load balancer's
// name, and than any reason of the documented ones has.
const longName = 48

// forPeople is the wording of a table that is looked at: rounded and grouped,
// and with times as short as the window allows. A name takes at most most columns.
func forPeople(t *query.Table, ascii bool, most int, text func(string) string) wording {
	layout := "2006-01-02 15:04"
	switch {
	case oneDay(t.Window):
		layout = time.TimeOnly
	case oneYear(t.Window):
		layout = "01-02 15:04"
	}
	return wording{
		text:  text,
		name:  func(v string) string { return text(shorten(visible(v, ascii), min(most, longName), ascii)) },
		count: grouped,
		ratio: percent,
		time:  func(v time.Time) string { return v.UTC().Format(layout) },
		trend: func(counts []int64) string { return sparkline(counts, ascii) },
		sign:  signs(ascii),
	}
}

// forTools is the wording of a table that is cut and sorted by other programs.
func forTools(ascii bool, text func(string) string) wording {
	return wording{
		text:  text,
		name:  text,
		count: exact,
		ratio: func(x float64) string {
			if s, ok := decimal(x); ok {
				return s
			}
			return absent
		},
		time:  func(v time.Time) string { return v.UTC().Format(time.RFC3339Nano) },
		trend: func(counts []int64) string { return sparkline(counts, ascii) },
		sign:  signs(ascii),
	}
}
