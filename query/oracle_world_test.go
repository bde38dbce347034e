package query_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"loglens/internal/demo"
	"loglens/internal/when"
)

// The oracles compute what a report must say from the generator's truth alone,
// by loops and maps. They share nothing with the code under test: every rule is
// written down a second time, from what the heads of the reports promise.

// world is a tree of logs, what is known of it, and what of it is asked for.
type world struct {
	dir      string
	truth    *demo.Truth
	window   when.Window
	balancer string          // "app/name/id", or "" for all
	resolved when.Window     // with its open bounds closed by the minutes that have requests
	requests []*demo.Request // of the window
	modified []time.Time     // of each object: when it was delivered
	named    []bool          // of each object: its name tells what it holds

	texts map[int32][]string // the lines of objects, as far as they were needed
}

// newWorld writes a tree, each object delivered some time after its interval.
func newWorld(t testing.TB, o demo.Options, rng *rand.Rand) *world {
	t.Helper()
	w := &world{dir: t.TempDir(), texts: map[int32][]string{}}
	var err error
	if w.truth, err = demo.Write(context.Background(), w.dir, o); err != nil {
		t.Fatal(err)
	}
	for i := range w.truth.Objects {
		obj := &w.truth.Objects[i]
		w.named = append(w.named, logName.MatchString(path.Base(obj.Key)))
		late := time.Duration(20+rng.IntN(600)) * time.Second
		if obj.End.IsZero() {
			w.modified = append(w.modified, time.Time{})
			continue
		}
		w.modified = append(w.modified, obj.End.Add(late))
		if err := os.Chtimes(w.path(int32(i)), obj.End.Add(late), obj.End.Add(late)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range w.truth.Requests {
		if r := &w.truth.Requests[i]; w.truth.Objects[r.Object].Format != demo.FormatPlain {
			r.RequestLine = plainly(r.RequestLine)
		}
	}
	return w
}

// plainly is a text that JSON or W3C can hold as a plain log has it, where quotes
// and control characters are escaped.
func plainly(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == 0x7f {
			fmt.Fprintf(&b, `\x%02X`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// path is where an object lies.
func (w *world) path(object int32) string {
	return filepath.Join(w.dir, filepath.FromSlash(w.truth.Objects[object].Key))
}

// line is a line of an object, as it was written.
func (w *world) line(t testing.TB, object, n int32) string {
	t.Helper()
	if w.texts[object] == nil {
		w.texts[object] = strings.Split(w.text(t, object), "\n")
	}
	return strings.TrimSuffix(w.texts[object][n-1], "\r")
}

// text is all that an object holds.
func (w *world) text(t testing.TB, object int32) string {
	t.Helper()
	b, err := os.ReadFile(w.path(object))
	if err == nil && bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		var z *gzip.Reader
		if z, err = gzip.NewReader(bytes.NewReader(b)); err == nil {
			b, err = io.ReadAll(z)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// inside reports whether a time is in the window; a zero bound is open.
func (w *world) inside(t time.Time) bool {
	return (w.window.From.IsZero() || !t.Before(w.window.From)) && (w.window.Until.IsZero() || t.Before(w.window.Until))
}

// wants reports whether an entry of a load balancer is asked for.
func (w *world) wants(at time.Time, balancer string) bool {
	return w.inside(at) && (w.balancer == "" || w.balancer == balancer)
}

// look chooses the window.
func (w *world) look(window when.Window) {
	w.window, w.resolved, w.requests = window, window, nil
	for i := range w.truth.Requests {
		r := &w.truth.Requests[i]
		if !w.wants(r.Time, r.LoadBalancer) {
			continue
		}
		w.requests = append(w.requests, r)
		m := r.Time.Truncate(time.Minute)
		if window.From.IsZero() && (w.resolved.From.IsZero() || m.Before(w.resolved.From)) {
			w.resolved.From = m
		}
		if window.Until.IsZero() && !m.Before(w.resolved.Until) {
			w.resolved.Until = m.Add(time.Minute)
		}
	}
}

// row is a row that an oracle expects: a value per column, nil for none.
type row map[string]any

// order compares values, or lists of them: what is absent comes last.
func order(a, b any) int {
	switch a := a.(type) {
	case nil:
		if b == nil {
			return 0
		}
		return 1
	case []any:
		for i, x := range a {
			if c := order(x, b.([]any)[i]); c != 0 {
				return c
			}
		}
		return 0
	}
	if b == nil {
		return -1
	}
	switch a := a.(type) {
	case string:
		return strings.Compare(a, b.(string))
	case int64:
		return cmp.Compare(a, b.(int64))
	case float64:
		return cmp.Compare(a, b.(float64))
	case time.Time:
		return a.Compare(b.(time.Time))
	case bool:
		return order(map[bool]int64{true: 1}[a], map[bool]int64{true: 1}[b.(bool)])
	}
	panic(fmt.Sprintf("no order of %T", a))
}

// falling compares the other way round; what is absent comes last all the same.
func falling(a, b any) int {
	if a == nil || b == nil {
		return order(a, b)
	}
	return order(b, a)
}

// listed gives the values of columns as a list, to be compared as one.
func (r row) listed(columns ...string) []any {
	list := make([]any, len(columns))
	for i, c := range columns {
		list[i] = r[c]
	}
	return list
}

// best are the first rows by rank, limit of them at most (0 for all), in the
// order of their windows.
func best(rows []row, limit int, rank func(a, b row) int) []row {
	slices.SortFunc(rows, rank)
	if limit > 0 && len(rows) > limit {
		rows = rows[:limit]
	}
	slices.SortStableFunc(rows, func(a, b row) int { return order(a["window_start"], b["window_start"]) })
	return rows
}

// grouped divides things by a key, in the order in which the keys first occur.
func grouped[T any](things []T, key func(T) []any) (keys [][]any, groups map[string][]T) {
	groups = map[string][]T{}
	for _, x := range things {
		k := key(x)
		if _, ok := groups[spell(k)]; !ok {
			keys = append(keys, k)
		}
		groups[spell(k)] = append(groups[spell(k)], x)
	}
	return keys, groups
}

// spell writes a key down so that different keys differ.
func spell(key []any) string {
	var b []byte
	for _, v := range key {
		switch v := v.(type) {
		case nil:
			b = append(b, '-')
		case string:
			b = append(strconv.AppendInt(b, int64(len(v)), 10), v...)
		case time.Time:
			b = strconv.AppendInt(b, v.UnixMicro(), 10)
		default:
			b = fmt.Append(b, v)
		}
		b = append(b, ' ')
	}
	return string(b)
}

// word is a text out of a log as an answer shows it: nil for none; bytes that
// are no text, and NUL, are written as AWS writes such bytes.
func word(s string) any {
	if s == "" {
		return nil
	}
	return demo.Legible(s)
}

// number is a code; nil where it is absent.
func number[T int16 | int32 | int64](n T) any {
	if n < 0 {
		return nil
	}
	return int64(n)
}

// start is where the slice of time begins that holds t; slices of a width are
// counted from 1970 on.
func start(t time.Time, width time.Duration) time.Time {
	us := t.UnixMicro()
	return time.UnixMicro(us - us%width.Microseconds()).UTC()
}

// ratio is a of b.
func ratio(a, b int) float64 { return float64(a) / float64(b) }

// name is that of a target group: arn:aws:…:targetgroup/NAME/id.
func name(arn string) any {
	if arn == "" {
		return nil
	}
	return strings.Split(arn, "/")[1]
}

// span is the first and the last of some times.
func span(times []time.Time) (first, last any) {
	if len(times) == 0 {
		return nil, nil
	}
	return slices.MinFunc(times, time.Time.Compare), slices.MaxFunc(times, time.Time.Compare)
}

// most is the word that occurs most often, of several the last by name.
func most(words []string) any {
	count := map[string]int{}
	for _, w := range words {
		count[w]++
	}
	var top any
	for w, n := range count {
		if best, _ := top.(string); n > count[best] || n == count[best] && w > best {
			top = w
		}
	}
	return top
}
