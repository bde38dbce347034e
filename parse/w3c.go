package parse

import "bytes"

// w3cColumns are the columns of a W3C file as its last #Fields line has them.
// They hold until the next one: a line that does not fit them is damaged, for to
// read it in any other order would be a guess. JSON is none.
// Source: W3C, "Extended Log File Format", WD-logfile-960323.
type w3cColumns struct {
	n     int // 0 outside of such a file
	means [maxColumns]*meaning
	tabs  bool   // values have been seen with tabs in between
	name  []byte // scratch
}

// hold reports whether a line must be one of these columns. Where the others had
// tabs, a line without one is none: it has come into the file in another way.
func (w *w3cColumns) hold(line []byte) bool {
	return w.n > 0 && (!w.tabs || bytes.IndexByte(line, '\t') >= 0)
}

// header reads a line such as "#Fields: time elb_status_code". ok is false if the
// line is none. Among entries only versions and dates may follow the other names,
// lest a client's text hides an entry: the time of an entry has letters.
func (w *w3cColumns) header(line []byte) (ok bool) {
	name, rest, found := bytes.Cut(line, []byte{':'})
	if !found || len(name) < 2 || name[0] != '#' || !letterBytes.all(name[1:]) {
		return false
	}
	if bytes.EqualFold(name, []byte("#Fields")) {
		return w.fields(rest)
	}
	return w.n == 0 || dateBytes.all(rest)
}

// fields reads the names of columns. None begins with a digit or a hyphen, but
// some value of every entry does: so an entry whose text a client has made up to
// look like a header is not one.
func (w *w3cColumns) fields(names []byte) (ok bool) {
	fresh := w3cColumns{name: w.name}
	for {
		names = bytes.TrimLeft(names, " \t")
		end := bytes.IndexAny(names, " \t")
		if end < 0 {
			end = len(names)
		}
		if end == 0 {
			break
		}
		if c := names[0] | 0x20; c < 'a' || c > 'z' {
			return false
		}
		if fresh.n < maxColumns {
			fresh.name = append(fresh.name[:0], names[:end]...)
			fresh.means[fresh.n] = meaningOf(fresh.name)
		}
		fresh.n++
		names = names[end:]
	}
	if fresh.n == 0 {
		return false
	}
	*w = fresh
	return true
}

// w3c reads a line under the columns at hand. Values stand between tabs, or
// between spaces as the fields of a plain line do.
func (r *reader) w3c(line []byte) Cause {
	if len(bytes.TrimLeft(line, " ")) == 0 {
		return Cause{kind: emptyLine}
	}
	v := &r.vended
	v.text, v.means = line, r.columns.means
	tabbed := Cause{kind: wrongCount}
	if bytes.IndexByte(line, '\t') >= 0 {
		v.n = cutTabs(line, v.values[:])
		if tabbed = r.w3cFields(whole, false); tabbed.kind == whole {
			r.columns.tabs = true
			return tabbed
		}
	}
	if cause := r.w3cSpaced(line); cause.kind == whole || tabbed.kind == wrongCount {
		return cause
	}
	return tabbed // the values were as many as they should be
}

// w3cSpaced reads a line with spaces between the values, in any of the grammars.
func (r *reader) w3cSpaced(line []byte) (cause Cause) {
	v := &r.vended
	var result causeKind
	if v.n, result = cut(line, v.values[:]); result != doubtful {
		return r.w3cFields(result, false)
	}
	for _, g := range grammars {
		v.n, result = g.cut(line, v.values[:])
		if cause = r.w3cFields(result, g != grammar{}); cause.kind == whole {
			break
		}
	}
	return cause
}

// w3cFields reads the values that have been cut.
func (r *reader) w3cFields(result causeKind, tell bool) Cause {
	if result == openQuote || r.vended.n != r.columns.n {
		return Cause{kind: wrongCount}
	}
	given, cause := r.deliver(tell)
	if cause.kind == whole {
		r.left[r.kind].w3c |= ^given
	}
	return cause
}

// cutTabs cuts values at tabs and takes quotes off that stand around one.
func cutTabs(line []byte, values []span) (n int) {
	for from := 0; from <= len(line); n++ {
		to := bytes.IndexByte(line[from:], '\t')
		if to < 0 {
			to = len(line) - from
		}
		to += from
		if n < len(values) {
			values[n] = span{uint32(from), uint32(to)}
			if to-from >= 2 && line[from] == '"' && line[to-1] == '"' {
				values[n] = span{uint32(from + 1), uint32(to - 1)}
			}
		}
		from = to + 1
	}
	return n
}
