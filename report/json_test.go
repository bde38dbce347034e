package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"loglens/internal/when"
	"loglens/query"
)

// pinned is the promise to programs: these keys, in this order, of these types.
const pinned = `{
  "schema": "loglens.top-errors/1",
  "window": {
    "from": "2026-11-22T02:10:00Z",
    "to": "2026-11-22T03:10:00.5Z"
  },
  "accounting": {
    "objects": 4,
    "objects_failed": 1,
    "lines": 10,
    "parsed": 7,
    "rejected": 1,
    "skipped": 2,
    "bytes_compressed": 1000,
    "bytes": 9000
  },
  "not_ingested": [
    {
      "source": "s3://my-logs/prod",
      "load_balancer": null,
      "from": "2026-11-22T02:10:00Z",
      "to": "2026-11-22T02:25:00Z"
    },
    {
      "source": "s3://my-logs/prod",
      "load_balancer": "app/shop/1",
      "from": "2026-11-22T02:40:00Z",
      "to": "2026-11-22T02:45:00Z"
    }
  ],
  "not_counted": [
    {
      "reason": "Fixed_Response",
      "class": "policy",
      "requests": 3
    }
  ],
  "warnings": [
    "one object could not be read"
  ],
  "rows_left": 12,
  "rows": [
    {
      "reason": "Target_Connection_Error",
      "target_group": null,
      "elb_status_code": 502,
      "failures": 9007199254740993,
      "failure_rate": 0.0000001,
      "first_seen": "2026-11-22T02:31:07.123456Z"
    }
  ]
}
`

func pinnedTable() *query.Table {
	return &query.Table{
		Report: "top-errors", Version: 1,
		Window:     when.Window{From: at("02:10:00"), Until: at("03:10:00.5")},
		Balancers:  []string{"app/shop/1"},
		Accounting: query.Accounting{Objects: 4, ObjectsFailed: 1, Lines: 10, Parsed: 7, Rejected: 1, Skipped: 2, BytesCompressed: 1000, Bytes: 9000},
		Gaps: []query.Span{
			{Source: "s3://my-logs/prod", Window: when.Window{From: at("02:10:00"), Until: at("02:25:00")}},
			{Source: "s3://my-logs/prod", LoadBalancer: "app/shop/1", Window: when.Window{From: at("02:40:00"), Until: at("02:45:00")}},
		},
		NotCounted: []query.NotCounted{{Reason: "Fixed_Response", Class: "policy", Requests: 3}},
		Warnings:   []string{"one object could not be read"},
		RowsLeft:   12,
		Columns: []query.Column{
			{Name: "reason", Type: query.Text},
			{Name: "share", Type: query.Ratio, Only: query.People},
			{Name: "target_group", Type: query.Text},
			{Name: "elb_status_code", Type: query.Integer},
			{Name: "failures", Type: query.Count},
			{Name: "failure_rate", Type: query.Ratio, Only: query.Programs},
			{Name: "first_seen", Type: query.Time},
		},
		Rows: [][]any{{"Target_Connection_Error", 0.5, nil, int64(502), int64(9007199254740993), 1e-7, at("02:31:07.123456")}},
	}
}

func TestJSONIsPinned(t *testing.T) {
	var got bytes.Buffer
	if err := encodeStreamed("json")(&got, pinnedTable(), Style{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(pinned, got.String()); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}

func TestJSONLIsPinned(t *testing.T) {
	table := pinnedTable()
	table.Rows = append(table.Rows, table.Rows[0])
	var got bytes.Buffer
	if err := encodeStreamed("jsonl")(&got, table, Style{}); err != nil {
		t.Fatal(err)
	}
	row := `{"reason":"Target_Connection_Error","target_group":null,"elb_status_code":502,"failures":9007199254740993,"failure_rate":0.0000001,"first_seen":"2026-11-22T02:31:07.123456Z"}` + "\n"
	if diff := cmp.Diff(row+row, got.String()); diff != "" {
		t.Errorf("JSONL (-want +got):\n%s", diff)
	}
}

func TestJSONEmptyLists(t *testing.T) {
	var got bytes.Buffer
	if err := encodeStreamed("json")(&got, &query.Table{Report: "top-errors", Version: 1}, Style{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"from": null`, `"to": null`, `"not_counted": []`, `"warnings": []`, `"rows": []`} {
		if !strings.Contains(got.String(), want) {
			t.Errorf("%s lacks %s", got.String(), want)
		}
	}
}

// TestJSONEqualsTheTable reads the rows back with encoding/json, key by key:
// every column that is not for people only, in its place, and no key twice.
func TestJSONEqualsTheTable(t *testing.T) {
	for _, table := range tables {
		t.Run(table.name, func(t *testing.T) {
			in := table.make()
			var out bytes.Buffer
			if err := encodeStreamed("json")(&out, in, Style{}); err != nil {
				t.Fatal(err)
			}
			var got struct {
				Rows       []json.RawMessage
				RowsLeft   int64 `json:"rows_left"`
				Accounting map[string]int64
			}
			if err := json.Unmarshal(out.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			if len(got.Rows) != len(in.Rows) || got.RowsLeft != in.RowsLeft {
				t.Fatalf("%d rows and %d left, want %d and %d", len(got.Rows), got.RowsLeft, len(in.Rows), in.RowsLeft)
			}
			for i, row := range in.Rows {
				keys, values := members(t, got.Rows[i])
				at := 0
				for j, c := range in.Columns {
					if c.Only == query.People {
						continue
					}
					if !strings.HasPrefix(keys[at], asText(c.Name)) || slices.Contains(keys[:at], keys[at]) {
						t.Errorf("row %d: column %q has the key %q of %q", i, c.Name, keys[at], keys)
					}
					if !same(t, values[at], row[j]) {
						t.Errorf("row %d: %s is %v, want %v", i, c.Name, values[at], row[j])
					}
					at++
				}
				if at != len(keys) {
					t.Errorf("row %d: %d keys too many: %q", i, len(keys)-at, keys[at:])
				}
			}
			if got.Accounting["lines"] != in.Accounting.Lines {
				t.Errorf("lines are %d, want %d", got.Accounting["lines"], in.Accounting.Lines)
			}
		})
	}
}

// members returns the keys of an object and their values in order.
func members(t *testing.T, object []byte) (keys []string, values []any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(object))
	decoder.UseNumber()
	_, err := decoder.Token()
	for err == nil && decoder.More() {
		var key json.Token
		var value any
		if key, err = decoder.Token(); err == nil {
			err = decoder.Decode(&value)
		}
		keys, values = append(keys, key.(string)), append(values, value)
	}
	if err != nil {
		t.Fatal(err)
	}
	return keys, values
}

// same compares a decoded value with the table's.
func same(t *testing.T, got, want any) bool {
	t.Helper()
	switch want := want.(type) {
	case nil:
		return got == nil
	case int64:
		n, err := got.(json.Number).Int64()
		return err == nil && n == want
	case float64:
		if math.IsNaN(want) || math.IsInf(want, 0) {
			return got == nil
		}
		x, err := got.(json.Number).Float64()
		return err == nil && x == want
	case bool:
		return got == want
	case time.Time:
		parsed, err := time.Parse(time.RFC3339Nano, got.(string))
		return err == nil && parsed.Equal(want)
	case []time.Time:
		list := strings.Split(got.(string), ", ")
		return slices.EqualFunc(list, want, func(got string, want time.Time) bool { return same(t, got, want) })
	case string:
		return got == asText(want)
	case []int64:
		list := got.([]any)
		return slices.EqualFunc(list, want, func(got any, want int64) bool {
			return want < 0 && got == nil || want >= 0 && same(t, got, want)
		})
	}
	t.Errorf("a table has no %T", want)
	return false
}

// asText returns s with its bytes that are not UTF-8 written out.
func asText(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02X`, s[0])
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

func TestJSONNumbers(t *testing.T) {
	tests := []struct {
		in   any
		want string
	}{
		{math.NaN(), "null"},
		{math.Inf(1), "null"},
		{math.Inf(-1), "null"},
		{true, "true"},
		{false, "false"},
		{1e21, "1000000000000000000000"},
		{5e-7, "0.0000005"},
		{0.0, "0"},
		{1.0, "1"},
		{int64(math.MinInt64), "-9223372036854775808"},
		{[]int64{3, 0, -1}, "[3,0,null]"},
		{[]int64{}, "[]"},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			if got := string(appendValue(nil, tt.in)); got != tt.want {
				t.Errorf("appendValue(%v) = %s, want %s", tt.in, got, tt.want)
			}
		})
	}
}
