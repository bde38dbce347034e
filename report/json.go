package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"loglens/query"
)

// aroundJSON returns the one object that the form is, without its rows: up to where they
// stand, and from there. Its keys and their order are a promise: within a version of the
// schema keys are only ever added.
func aroundJSON(t *query.Table) (before, after string, err error) {
	b := fmt.Appendf(nil, `{"schema":`)
	b = appendJSONText(b, fmt.Sprintf("loglens.%s/%d", t.Report, t.Version))
	b = appendEnvelope(append(b, ','), t)
	b = append(b, `,"not_counted":[`...)
	for i, n := range t.NotCounted {
		b = appendComma(b, i)
		b = append(b, `{"reason":`...)
		b = appendJSONText(b, n.Reason)
		b = append(b, `,"class":`...)
		b = appendJSONText(b, n.Class)
		b = fmt.Appendf(b, `,"requests":%d}`, n.Requests)
	}
	b = appendWarnings(append(b, "],"...), t.Warnings)
	b = fmt.Appendf(b, `,"rows_left":%d,"rows":[]}`, t.RowsLeft)

	var out bytes.Buffer
	if err := json.Indent(&out, b, "", jsonIndent); err != nil {
		return "", "", fmt.Errorf("indent JSON: %w", err)
	}
	before, after = strings.TrimSuffix(out.String(), "]\n}"), "]\n}\n"
	if t.Shown() > 0 {
		after = "\n" + jsonIndent + after
	}
	return before, after, nil
}

// appendEnvelope appends the window, and what the answer rests on.
func appendEnvelope(b []byte, t *query.Table) []byte {
	b = appendBound(append(b, `"window":{"from":`...), t.Window.From)
	b = appendBound(append(b, `,"to":`...), t.Window.Until)
	a := t.Accounting
	b = fmt.Appendf(b, `},"accounting":{"objects":%d,"objects_failed":%d,"lines":%d,"parsed":%d,"rejected":%d,"skipped":%d,"bytes_compressed":%d,"bytes":%d}`,
		a.Objects, a.ObjectsFailed, a.Lines, a.Parsed, a.Rejected, a.Skipped, a.BytesCompressed, a.Bytes)
	return appendGaps(b, t.Gaps)
}

// appendGaps appends what was never ingested.
func appendGaps(b []byte, gaps []query.Span) []byte {
	b = append(b, `,"not_ingested":[`...)
	for i, g := range gaps {
		b = append(appendComma(b, i), `{"source":`...)
		b = appendJSONText(b, g.Source)
		b = append(b, `,"load_balancer":`...)
		if g.LoadBalancer == "" {
			b = append(b, "null"...)
		} else {
			b = appendJSONText(b, g.LoadBalancer)
		}
		b = appendBound(append(b, `,"from":`...), g.Window.From)
		b = append(appendBound(append(b, `,"to":`...), g.Window.Until), '}')
	}
	return append(b, ']')
}

func appendWarnings(b []byte, warnings []string) []byte {
	b = append(b, `"warnings":[`...)
	for i, warning := range warnings {
		b = appendJSONText(appendComma(b, i), warning)
	}
	return append(b, ']')
}

const jsonIndent = "  "

// newJSON writes the rows of the object, each on lines of its own.
func newJSON(w io.Writer, columns []query.Column) RowWriter {
	object := rowObject(columns)
	const begin = "\n" + jsonIndent + jsonIndent
	n := 0
	var compact []byte
	return newLines(w, nil, func(b []byte, row []any) []byte {
		compact = object(compact[:0], row)
		out := bytes.NewBuffer(append(appendComma(b, n), begin...))
		n++
		_ = json.Indent(out, compact, begin[1:], jsonIndent) // what we have written is well-formed
		return out.Bytes()
	})
}

// rowObject returns what appends a row as a compact object with its keys in
// column order.
func rowObject(columns []query.Column) func(b []byte, row []any) []byte {
	places := shown(columns, query.People)
	keys := fieldNames(picked(columns, places), func(name string) string { return string(appendJSONText(nil, name)) })
	return func(b []byte, row []any) []byte {
		b = append(b, '{')
		for i, at := range places {
			b = appendComma(b, i)
			b = append(append(b, keys[i]...), ':')
			b = appendValue(b, row[at])
		}
		return append(b, '}')
	}
}

// appendValue appends a value: what is absent, or a number that is none, is null.
func appendValue(b []byte, value any) []byte {
	switch v := value.(type) {
	case nil:
		return append(b, "null"...)
	case string:
		return appendJSONText(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case float64:
		if !finite(v) {
			return append(b, "null"...)
		}
		return append(b, decimal(v)...)
	case bool:
		return strconv.AppendBool(b, v)
	case time.Time:
		return appendBound(b, v)
	case []time.Time:
		return appendJSONText(b, fullTimes(v))
	case []int64:
		b = append(b, '[')
		for i, n := range v {
			b = appendComma(b, i)
			if n < 0 {
				b = append(b, "null"...)
			} else {
				b = strconv.AppendInt(b, n, 10)
			}
		}
		return append(b, ']')
	}
	return appendJSONText(b, fmt.Sprint(value))
}

// appendBound appends a time in RFC 3339 and UTC, with a fraction only where
// there is one; the zero time is an open bound and null.
func appendBound(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, "null"...)
	}
	b = append(b, '"')
	b = t.UTC().AppendFormat(b, time.RFC3339Nano)
	return append(b, '"')
}

func appendComma(b []byte, i int) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	return b
}
