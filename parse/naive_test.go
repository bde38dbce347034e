package parse

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The naive files read logs a second time: slowly, with the plainest means, and
// from the rules in words. The scanner must agree with them on every input.

// record is what both parsers say about a line.
type record struct {
	Line, Offset int64
	Kind         Kind
	Header       bool
	Cause        string // "" for an entry
	Raw          string
	Fields       []string
	Extra        int
	Time         int64
	Request      request  // of the two access logs
	Numbers      []number // of the others: every field as a number and as an address
}

// request is what an entry of an access log has beyond its fields.
type request struct {
	Statuses       [2]int
	Bytes          [2]int64
	Seconds        [3]float64
	Reason         string // with class and source; "" if the request did not fail
	RequestLine    [3]string
	Client, Target [2]string
}

// naiveWidths says which numbers of known fields entries have had.
var naiveWidths = map[Kind]func(n int) bool{
	KindAccess: func(n int) bool {
		return n == 18 || n == 20 || n == 25 || n == 27 || n == 29 || n == 30 || n == 33 || n == 34 || n == 36
	},
	KindConnection:  func(n int) bool { return n == 12 || n == 15 },
	KindHealthCheck: func(n int) bool { return n == 8 || n == 10 },
	KindNLB:         func(n int) bool { return n == 18 || n == 21 || n == 22 },
	KindClassic:     func(n int) bool { return n == 1+12 || n == 1+15 },
}

type number struct {
	Seconds float64
	Integer int64
	Address [2]string
}

// naive reads a whole log, and says what is noteworthy of it.
func naive(text string, hint Kind) (records []record, warning string) {
	n := naiveReader{kind: hint, left: map[naiveRest]bool{}, inJSON: map[naiveRest]bool{}, json: map[Kind]bool{}}
	if hint == KindUnknown {
		n.kind = KindAccess
	}
	offset := int64(0)
	for i, line := range strings.SplitAfter(text, "\n") {
		if line == "" {
			break // after the last line's end
		}
		r := n.read(strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"))
		if !strings.HasSuffix(line, "\n") && r.Cause == "" && !r.Header && !naiveWidths[r.Kind](len(r.Fields)) {
			n.kind = r.Kind // which it still tells
			width := len(r.Fields)
			if r.Kind == KindClassic {
				width-- // there is none for the type
			}
			r = damaged(r.Raw, fmt.Sprintf("cut off after %d fields, without a line end", width))
		}
		if r.Cause == "" && !r.Header {
			n.kind = r.Kind
		}
		r.Line, r.Offset, r.Kind = int64(i+1), offset, n.kind
		records = append(records, r)
		offset += int64(len(line))
	}
	return records, n.warning()
}

// naiveReader remembers what earlier lines say about later ones.
type naiveReader struct {
	kind    Kind     // of the last good line, or the hint
	columns []string // of the last #Fields line
	tabs    bool     // whether values between tabs have been seen since
	left    map[naiveRest]bool
	inJSON  map[naiveRest]bool
	json    map[Kind]bool
}

func (n *naiveReader) read(line string) record {
	if len(line) > 1024*1024 {
		return record{Cause: "line longer than 1 MiB", Raw: line[:4096]}
	}
	var r record
	if n.columns != nil {
		if r = n.readW3C(line); r.Cause == "" {
			return r
		}
	}
	switch trimmed := strings.TrimLeft(line, " \t\r"); {
	case strings.HasPrefix(trimmed, "{"):
		return n.readJSON(line)
	case n.isHeader(line):
		return record{Header: true}
	case n.columns != nil && (!n.tabs || strings.Contains(line, "\t")):
		return r
	}
	plain := naivePlain(line, n.kind)
	if plain.Cause != "" && n.columns != nil {
		return r
	}
	return plain
}

// naivePlain reads one plain line. If it can be read in more than one way, the
// first reading counts that makes sense as some log down to the line's far end,
// and if none does, the usual one.
func naivePlain(line string, expected Kind) record {
	if strings.Trim(line, " ") == "" {
		return damaged(line, "empty line")
	}
	usual := readFields(line, false, false)
	if usual.doubtful {
		for _, other := range []reading{readFields(line, true, true), readFields(line, false, true), readFields(line, true, false)} {
			for _, f := range naiveFormats {
				if r := other.record(line, f); r.Cause == "" && other.tells(f) {
					return r
				}
			}
		}
	}
	var fit []record
	for _, f := range naiveFormats {
		if r := usual.record(line, f); r.Cause == "" {
			fit = append(fit, r)
		}
	}
	switch len(fit) {
	case 0:
		return usual.record(line, naiveFormatOf(expected))
	case 1:
		return fit[0]
	}
	return damaged(line, "fits several logs") // which the scanner never says
}

func damaged(line, cause string) record {
	return record{Cause: cause, Raw: line[:min(len(line), 4096)]}
}

// reading is one way to cut a line into fields.
type reading struct {
	fields   []string
	quoted   []bool
	unclosed bool
	doubtful bool
}

// readFields takes one field after the other off the front of the line.
func readFields(rest string, escapes, runs bool) reading {
	var r reading
	for {
		if runs {
			rest = strings.TrimLeft(rest, " ")
		}
		if rest == "" {
			return r
		}
		var field string
		quoted, wasQuoted := strings.CutPrefix(rest, `"`)
		if wasQuoted {
			end := closingQuote(quoted, escapes)
			if end < 0 {
				r.unclosed = true
				return r
			}
			field, rest = quoted[:end], strings.TrimPrefix(quoted[end+1:], " ")
			r.doubtful = r.doubtful || strings.HasSuffix(field, `\`)
		} else {
			field, rest, _ = strings.Cut(rest, " ")
			r.doubtful = r.doubtful || field == ""
		}
		r.fields, r.quoted = append(r.fields, field), append(r.quoted, wasQuoted)
	}
}

// closingQuote finds the first quote before a space or the line's end; with
// escapes, one behind an odd number of backslashes does not count.
func closingQuote(s string, escapes bool) int {
	for i := range len(s) {
		if s[i] != '"' || i+1 < len(s) && s[i+1] != ' ' {
			continue
		}
		backslashes := i - len(strings.TrimRight(s[:i], `\`))
		if escapes && backslashes%2 == 1 {
			continue
		}
		return i
	}
	return -1
}

// tells looks at fields far down the line.
func (r reading) tells(f naiveFormat) bool {
	for name, look := range f.telling {
		i := slices.Index(f.names, name)
		if i < len(r.fields) && r.fields[i] != "" && r.fields[i] != "-" && !look(r.fields[i]) {
			return false
		}
	}
	return true
}

// record checks the fields and gives them their types.
func (r reading) record(line string, f naiveFormat) record {
	if r.unclosed {
		name := "unknown field"
		if len(r.fields) < len(f.names) {
			name = f.names[len(r.fields)]
		}
		return damaged(line, name+" has no closing quote")
	}
	if len(r.fields) < f.least {
		return damaged(line, "only "+strconv.Itoa(len(r.fields))+" of at least "+strconv.Itoa(f.least)+" fields")
	}
	if first, _, cr := strings.Cut(line, "\r"); cr && len(r.fields) > len(f.names) && strings.Count(first, `"`)%2 == 0 {
		return damaged(line, "a CR outside of texts: lines end with LF or CR LF")
	}
	fields := r.fields[:min(len(r.fields), len(f.names))]
	for i, field := range fields {
		if look, ok := f.looks[f.names[i]]; ok && !look.ok(field) {
			return damaged(line, f.names[i]+" is not "+look.what)
		}
	}
	rec := record{Kind: f.kind, Raw: line, Fields: fields, Extra: len(r.fields) - len(fields)}
	switch f.kind {
	case KindAccess:
		rec.Request = naiveAccess(fields, naiveReason)
	case KindClassic:
		rec.Fields = append([]string{""}, fields...)
		answered := slices.Clone(rec.Fields)
		if strings.Trim(answered[FieldTargetStatus], "0") == "" {
			answered[FieldTargetStatus] = "-"
		}
		rec.Request = naiveAccess(answered, naiveClassicReason)
	default:
		if f.kind == KindNLB {
			rec.Fields = slices.Clone(fields)
			// The quotes of this one are its items'.
			if len(fields) > 20 && r.quoted[20] && fields[20] != "" && fields[20] != "-" {
				rec.Fields[20] = `"` + fields[20] + `"`
			}
		}
		for _, field := range rec.Fields {
			rec.Numbers = append(rec.Numbers, naiveNumber(field))
		}
	}
	rec.Time, _ = naiveTime(fields[f.time])
	return rec
}

func naiveAccess(f []string, reason func([]string) string) request {
	var q request
	for i := range 3 {
		q.Seconds[i], _ = naiveSeconds(f[5+i])
	}
	for i := range 2 {
		q.Statuses[i] = -1
		if f[8+i] != "" && f[8+i] != "-" {
			q.Statuses[i], _ = strconv.Atoi(f[8+i])
		}
		q.Bytes[i] = naiveInteger(f[10+i])
	}
	q.Client, q.Target = naiveAddress(f[3]), naiveAddress(f[4])
	if len(f) > 12 {
		q.RequestLine = naiveRequest(f[12])
	}
	q.Reason = reason(f)
	return q
}

func naiveNumber(s string) number {
	n := number{Seconds: -1, Integer: naiveInteger(s)}
	if v, ok := naiveSeconds(s); ok {
		n.Seconds = v
	}
	if s != "" && !strings.HasPrefix(s, "arn:") {
		n.Address = naiveAddress(s)
	} else {
		n.Address[0] = s
	}
	return n
}

var (
	stamp    = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$`)
	absences = regexp.MustCompile(`^(-|-1|-1\.0+)$`)
	count    = regexp.MustCompile(`^\d{1,18}$`)
	seconds  = regexp.MustCompile(`^\d+(\.\d{1,9})?$`)
)

func naiveTime(s string) (int64, bool) {
	if !strings.HasSuffix(s, "Z") {
		s += "Z"
	}
	if !stamp.MatchString(s) {
		return 0, false
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t.UnixMicro(), err == nil
}

// naiveSeconds reads up to 15 digits.
func naiveSeconds(s string) (float64, bool) {
	if absences.MatchString(s) {
		return -1, true
	}
	if !seconds.MatchString(s) || len(strings.Replace(s, ".", "", 1)) > 15 {
		return 0, false
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil
}

func naiveInteger(s string) int64 {
	if !count.MatchString(s) {
		return -1
	}
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

func naiveAddress(s string) [2]string {
	if s == "-" {
		return [2]string{}
	}
	parts := strings.Split(s, ":")
	if len(parts) == 1 {
		return [2]string{s}
	}
	last := len(parts) - 1
	return [2]string{strings.Join(parts[:last], ":"), parts[last]}
}

// naiveRequest: the verb is the first word, the protocol the last.
func naiveRequest(s string) [3]string {
	words := strings.Split(strings.TrimRight(s, " "), " ")
	switch n := len(words); n {
	case 1:
		return [3]string{words[0]}
	case 2:
		return [3]string{words[0], words[1]}
	default:
		return [3]string{words[0], strings.Join(words[1:n-1], " "), words[n-1]}
	}
}
