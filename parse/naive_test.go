package parse

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// This file reads access logs a second time: slowly, with the plainest means,
// and from the rules in words. The scanner must agree with it on every input.

// record is what both parsers say about a line.
type record struct {
	Line, Offset   int64
	Cause          string // "" for an entry
	Raw            string
	Fields         []string
	Extra          int
	Time           int64
	Statuses       [2]int
	Bytes          [2]int64
	Seconds        [3]float64
	Reason         string // with class and source; "" if the request did not fail
	RequestLine    [3]string
	Client, Target [2]string
}

// naive reads a whole log.
func naive(text string) []record {
	var records []record
	offset := int64(0)
	for i, line := range strings.SplitAfter(text, "\n") {
		if line == "" {
			break // after the last line's end
		}
		r := naiveLine(strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"))
		r.Line, r.Offset = int64(i+1), offset
		records = append(records, r)
		offset += int64(len(line))
	}
	return records
}

// naiveLine reads one line. If it can be read in more than one way, the first
// reading that makes sense down to its far end counts, and if none does, the usual one.
func naiveLine(line string) record {
	if len(line) > 1024*1024 {
		return record{Cause: "line longer than 1 MiB", Raw: line[:4096]}
	}
	if strings.Trim(line, " ") == "" {
		return damaged(line, "empty line")
	}
	usual := readFields(line, false, false)
	if usual.doubtful {
		for _, other := range []reading{readFields(line, true, true), readFields(line, false, true), readFields(line, true, false)} {
			if r := other.record(line); r.Cause == "" && other.plausible() {
				return r
			}
		}
	}
	return usual.record(line)
}

func damaged(line, cause string) record {
	return record{Cause: cause, Raw: line[:min(len(line), 4096)]}
}

// reading is one way to cut a line into fields.
type reading struct {
	fields   []string
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
		if quoted, ok := strings.CutPrefix(rest, `"`); ok {
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
		r.fields = append(r.fields, field)
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

// plausible looks at fields far down the line.
func (r reading) plausible() bool {
	at := func(i int) string {
		if i >= len(r.fields) || r.fields[i] == "" {
			return "-"
		}
		return r.fields[i]
	}
	if arn := at(16); arn != "-" && !strings.HasPrefix(arn, "arn:") {
		return false
	}
	created := at(21)
	_, ok := naiveTime(created)
	return ok || created == "-"
}

var (
	stamp   = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$`)
	address = regexp.MustCompile(`^(-|[0-9a-fA-F.:\[\]]{1,64})$`)
	code    = regexp.MustCompile(`^(-|\d{0,3})$`)
	nothing = regexp.MustCompile(`^(-|-1|-1\.0+)$`)
	count   = regexp.MustCompile(`^\d{1,18}$`)
	seconds = regexp.MustCompile(`^\d+(\.\d{1,9})?$`)
)

// record checks the fields and gives them their types.
func (r reading) record(line string) record {
	if r.unclosed {
		return damaged(line, Field(min(len(r.fields), Fields)).String()+" has no closing quote")
	}
	if len(r.fields) < 12 {
		return damaged(line, "only "+strconv.Itoa(len(r.fields))+" of at least 12 fields")
	}
	rec := record{Raw: line, Fields: r.fields}
	if len(r.fields) > 36 {
		rec.Fields, rec.Extra = r.fields[:36], len(r.fields)-36
	}
	f := r.fields
	var ok bool
	if rec.Time, ok = naiveTime(f[1]); !ok {
		return damaged(line, "time is not a time such as 2026-10-07T07:15:01.101682Z")
	}
	for i, name := range []string{"client:port", "target:port"} {
		if !address.MatchString(f[3+i]) {
			return damaged(line, name+" is not an address")
		}
	}
	for i := range 3 {
		if rec.Seconds[i], ok = naiveSeconds(f[5+i]); !ok {
			return damaged(line, Field(5+i).String()+" is not a number")
		}
	}
	for i := range 2 {
		if !code.MatchString(f[8+i]) {
			return damaged(line, Field(8+i).String()+" is not a status code")
		}
		rec.Statuses[i] = -1
		if f[8+i] != "" && f[8+i] != "-" {
			rec.Statuses[i], _ = strconv.Atoi(f[8+i])
		}
	}
	for i := range 2 {
		rec.Bytes[i] = -1
		if nothing.MatchString(f[10+i]) {
			continue
		}
		if !count.MatchString(f[10+i]) {
			return damaged(line, Field(10+i).String()+" is not a number")
		}
		rec.Bytes[i], _ = strconv.ParseInt(f[10+i], 10, 64)
	}
	rec.Client, rec.Target = naiveAddress(f[3]), naiveAddress(f[4])
	if len(f) > 12 {
		rec.RequestLine = naiveRequest(f[12])
	}
	rec.Reason = naiveReason(f)
	return rec
}

func naiveTime(s string) (int64, bool) {
	if !stamp.MatchString(s) {
		return 0, false
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t.UnixMicro(), err == nil
}

// naiveSeconds reads up to 15 digits.
func naiveSeconds(s string) (float64, bool) {
	if nothing.MatchString(s) {
		return -1, true
	}
	if !seconds.MatchString(s) || len(strings.Replace(s, ".", "", 1)) > 15 {
		return 0, false
	}
	v, err := strconv.ParseFloat(s, 64)
	return v, err == nil
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
