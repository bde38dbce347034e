package report

import (
	"fmt"
	"math"
	"strings"
	"time"

	"loglens/internal/when"
	"loglens/query"
)

// The tables that the golden files are drawn from.

func at(clock string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, "2026-11-22T"+clock+"Z")
	if err != nil {
		panic(err)
	}
	return t
}

// topErrorsColumns are those of the report, divided by target group, reason and status.
var topErrorsColumns = []query.Column{
	{Name: "target_group", Label: "target group", Type: query.Text},
	{Name: "target_group_arn", Label: "target group arn", Type: query.Text, Only: query.Programs},
	{Name: "reason", Label: "reason", Type: query.Text},
	{Name: "reason_class", Label: "reason class", Type: query.Text, Only: query.Programs},
	{Name: "reason_source", Label: "source", Type: query.Text},
	{Name: "elb_status_code", Label: "elb", Type: query.Integer},
	{Name: "failures", Label: "failures", Type: query.Count},
	{Name: "share", Label: "share", Type: query.Ratio, Only: query.People},
	{Name: "requests", Label: "requests", Type: query.Count, Only: query.Programs},
	{Name: "failure_rate", Label: "rate", Type: query.Ratio},
	{Name: "targets", Label: "targets", Type: query.Count, Only: query.People},
	{Name: "clients", Label: "clients", Type: query.Count},
	{Name: "first_seen", Label: "first", Type: query.Time},
	{Name: "last_seen", Label: "last", Type: query.Time},
	{Name: "trend", Label: "trend", Type: query.Trend, Only: query.People},
	{Name: "worst", Label: "where most", Type: query.Text, Only: query.People},
}

// slope is a trend of an hour in 20 slices: nothing until from, then rising to top.
func slope(from int, top int64) []int64 {
	counts := make([]int64, 20)
	for i := range counts {
		switch {
		case i < 1:
			counts[i] = -1
		case i >= from:
			counts[i] = top * int64(i-from+1) / int64(20-from)
		}
	}
	return counts
}

func typical() *query.Table {
	row := func(group, reason, source string, status, failures, requests, targets, clients int64, first, last string, trend []int64, most any) []any {
		return []any{
			group, "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/" + group + "/73e2d6bc24d8a067", reason, "target", source, status, failures,
			float64(failures) / 3120, requests, float64(failures) / float64(requests), targets, clients, at(first), at(last), trend, most,
		}
	}
	rows := [][]any{
		row("shop", "Target_Connection_Error", "derived", 502, 2104, 601_220, 2, 1190, "02:31:07.123456", "03:09:58.5", slope(7, 320), "10.0.3.17:8080 (61 %)"),
		row("shop", "Target_Response_Timeout", "derived", 504, 911, 601_220, 12, 640, "02:10:02", "03:09:31", slope(1, 90), "10.0.1.9:8080 (12 %)"),
		row("checkout-v2", "Target_5XX", "derived", 500, 87, 592_211, 3, 71, "02:12:40", "02:58:00", slope(12, 14), "[2600:1f18:22ab:4300:9d1:1:aa:3]:8443 (98 %)"),
		row("checkout-v2", "Target_TLS_Error", "logged", 502, 16, 592_211, 1, 9, "02:33:21", "02:33:29", slope(18, 7), "10.0.3.18:8443"),
		row("shop", "No_Usable_Target", "derived", 503, 2, 601_220, 0, 2, "02:31:40", "02:31:44", slope(19, 2), nil),
	}
	shipped, _ := query.FindReport("top-errors")
	return &query.Table{
		Report: "top-errors", Version: 1,
		Window:    when.Window{From: at("02:10:00"), Until: at("03:10:00")},
		Balancers: []string{"app/shop-prod/50dc6c495c0c9188"},
		Accounting: query.Accounting{
			Objects: 412, Lines: 1_203_900, Parsed: 1_203_441, Rejected: 12, Skipped: 447,
			BytesCompressed: 118_412_345, Bytes: 1_312_345_678,
		},
		NotCounted: []query.NotCounted{{Reason: "Fixed_Response", Class: "policy", Requests: 1201}, {Reason: "Client_Closed", Class: "client", Requests: 640}, {Reason: "WAF_Block", Class: "policy", Requests: 33}},
		Columns:    topErrorsColumns,
		Narrow:     shipped.Narrow,
		Failures:   shipped.Failures,
		Rows:       rows,
		Total:      3120,
		Requests:   1_203_441,
		Next:       "loglens top-errors --since 1h --by reason,target s3://my-logs/prod",
		Lines:      "loglens raw --since 1h --reason Target_Connection_Error --limit 0 s3://my-logs/prod",
	}
}

// simple is the question asked without --by.
func simple() *query.Table {
	t := typical()
	var keep []int
	for i, c := range t.Columns {
		switch c.Name {
		case "target_group", "target_group_arn", "elb_status_code":
		default:
			keep = append(keep, i)
		}
	}
	pick := func(row []any) (picked []any) {
		for _, i := range keep {
			picked = append(picked, row[i])
		}
		return picked
	}
	var columns []query.Column
	for _, i := range keep {
		columns = append(columns, t.Columns[i])
	}
	for i := range t.Rows {
		t.Rows[i] = pick(t.Rows[i])
	}
	t.Columns = columns
	return t
}

// quiet is a window in which nothing failed.
func quiet() *query.Table {
	t := typical()
	t.Rows, t.Total, t.NotCounted, t.Next, t.Lines = nil, 0, nil, "", ""
	return t
}

// deserted is an input without any line in the window.
func deserted() *query.Table {
	t := quiet()
	t.Window, t.Balancers, t.Requests = when.Window{}, nil, 0
	t.Accounting = query.Accounting{Objects: 1, Lines: 40, Skipped: 40, BytesCompressed: 812, Bytes: 14_310}
	return t
}

// broken is a partial answer.
func broken() *query.Table {
	t := simple()
	t.Balancers = []string{"app/api/1111111111111111", "app/shop-prod/50dc6c495c0c9188", "app/web/2222222222222222", "app/web/3333333333333333", "app/zz/4444444444444444"}
	t.Accounting.ObjectsFailed = 3
	t.Window.From = t.Window.From.AddDate(0, 0, -1)
	t.RowsLeft = 12
	for i, reason := range []string{"Bad_Request", "Client_Timeout", "Desync_Block", "Header_Too_Large", "AuthInvalidCookie", "JWTHeaderNotPresent", "WAF_Error"} {
		t.NotCounted = append(t.NotCounted, query.NotCounted{Reason: reason, Class: "client", Requests: int64(30 - i)})
	}
	t.Warnings = []string{
		"s3://my-logs/prod/AWSLogs/123456789012/elasticloadbalancing/eu-central-1/2026/11/22/123456789012_elasticloadbalancing_eu-central-1_app.shop-prod.50dc6c495c0c9188_20261122T0215Z_10.0.1.4_3kd8s0aq.log.gz: unexpected end of the gzip data; the object does not count",
		"12 lines were rejected; see them with loglens rejects",
	}
	return t
}

// windows has a row per window and reason.
func windows() *query.Table {
	t := simple()
	t.Columns = append([]query.Column{{Name: "window_start", Label: "window", Type: query.Time}}, t.Columns...)
	for i, row := range t.Rows {
		t.Rows[i] = append([]any{at("02:10:00").Add(time.Duration(i) * 5 * time.Minute)}, row...)
	}
	return t
}

// hostile has in every text what should not reach a reader as it is.
func hostile() *query.Table {
	t := simple()
	texts := []string{
		"\x1b[2J\x1b]0;owned\x07\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\",
		"user\u202egpj.exe\u2066 \u200bzero\u00adsoft\ufeff \u2028\u2029 \U000e0041tag \ufe0f",
		"=cmd|' /C calc'!A0",
		"[x](javascript:alert(1)) ![i](http://evil.example/i.png) <img src=x onerror=alert(1)> @everyone #1 `code` | <!channel> **b** _i_",
		"\xff\xfe\x00\t\r\n\x85\u009b31m Z" + "a\u0301\u0301\u0301\u0301\u0301\u0301 日本語 \u0301\u3164\u115f",
	}
	for i, text := range texts {
		t.Rows[i][0] = text
		t.Rows[i][len(t.Rows[i])-1] = text
	}
	t.Balancers = texts
	t.Warnings = texts
	t.NotCounted = []query.NotCounted{{Reason: texts[0], Class: texts[3], Requests: 1}}
	t.Next, t.Lines = texts[0], texts[1]
	t.Columns[0].Label = "rea\x1b[1mson|\u202e"
	return t
}

// allTypes is a report of listed objects with a column of every type, with the
// smallest, the largest, and what is absent or no number.
func allTypes() *query.Table {
	return &query.Table{
		Report: "every-type", Version: 3,
		Window:     when.Window{From: at("02:10:00"), Until: at("03:10:00")},
		Balancers:  []string{"app/shop-prod/50dc6c495c0c9188"},
		Accounting: query.Accounting{Objects: 412, BytesCompressed: 118_412_345},
		Listed:     true,
		Noun:       [2]string{"node", "nodes"},
		Narrow:     []string{"id", "at", "mean"},
		Columns: []query.Column{
			{Name: "node", Label: "node", Type: query.Text},
			{Name: "id", Label: "id", Type: query.Integer},
			{Name: "failures", Label: "failures", Type: query.Count},
			{Name: "share", Label: "share", Type: query.Ratio},
			{Name: "at", Label: "at", Type: query.Time},
			{Name: "trend", Label: "trend", Type: query.Trend},
			{Name: "mean", Label: "mean", Type: query.Float},
			{Name: "p99", Label: "p99", Type: query.Seconds},
			{Name: "whole", Label: "whole", Type: query.Boolean},
			{Name: "stored", Label: "stored", Type: query.Bytes},
			{Name: "gaps", Label: "gaps", Type: query.Times},
		},
		Rows: [][]any{
			{"10.0.1.4", int64(12345), int64(12345), 0.25, at("02:31:07.25"), []int64{-1, 0, 2, 8}, 1234.5678, 0.042, true, int64(118_412_345), []time.Time{at("02:35:00"), at("02:40:00")}},
			{"10.0.1.5", int64(-1), int64(0), 0.0, at("02:10:00"), []int64{0, 0, 0, 0}, 1.0 / 3, 63.2, false, int64(0), []time.Time{at("02:35:00").Add(-24 * time.Hour), at("02:20:00"), at("02:25:00"), at("02:30:00"), at("02:35:00"), at("02:40:00"), at("02:45:00")}},
			{"10.0.1.6", int64(math.MinInt64), int64(math.MaxInt64), 1.0, at("03:09:59.999999"), []int64{}, -1e-9, 0.0000042, true, int64(math.MaxInt64), []time.Time{at("02:35:00.000001")}},
			{"10.0.1.7", int64(0), int64(7), math.NaN(), at("02:10:00").Add(24 * time.Hour), []int64{-1, -1, -1, -1}, math.Inf(-1), math.Inf(1), false, int64(999), nil},
			{nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil},
		},
	}
}

// free answers free SQL: names that repeat and attack, no window, nothing read.
func free() *query.Table {
	names := []string{"n", "\x1b]0;owned\x07", "=cmd|' /C calc'!A0", "n", "@everyone <img src=x>\r\n| `x`", "n_2", "\u202egpj", "\xff", `\xFF`, "#", "a,\"b"}
	t := &query.Table{Report: query.SQL, Version: 1, RowsLeft: 2}
	var first, second []any
	for i, name := range names {
		t.Columns = append(t.Columns, query.Column{Name: name, Label: name, Type: query.Text})
		first = append(first, names[len(names)-1-i])
		second = append(second, fmt.Sprint("value ", i))
	}
	t.Rows = [][]any{first, second}
	return t
}

// freeOf answers free SQL with n columns of all types; longest bounds its texts.
func freeOf(n, longest int) *query.Table {
	t := &query.Table{Report: query.SQL, Version: 1}
	var row []any
	for i := range n {
		sample := allTypes()
		from := i % len(sample.Columns)
		c := sample.Columns[from]
		c.Name = fmt.Sprintf("%s_%d", c.Name, i)
		c.Label = c.Name
		value := sample.Rows[(i+i/len(sample.Columns))%len(sample.Rows)][from]
		if c.Type == query.Text {
			value = fmt.Sprintf("%0*d", 1+i*31%longest, i)
		}
		t.Columns = append(t.Columns, c)
		row = append(row, value)
	}
	t.Rows = [][]any{row, make([]any, n), row}
	return t
}

// entries are lines that are longer than any terminal is wide, hostile, short and absent.
func entries() *query.Table {
	return &query.Table{
		Report: "raw", Version: 1,
		Window: when.Window{From: at("02:10:00"), Until: at("03:10:00")},
		Noun:   [2]string{"line", "lines"},
		Columns: []query.Column{
			{Name: "time", Label: "time", Type: query.Time},
			{Name: "reason", Label: "reason", Type: query.Text},
			{Name: "raw", Label: "entry", Type: query.Line},
		},
		Rows: [][]any{
			{at("02:31:07"), "Target_Connection_Error", "https 2026-11-22T02:31:07.000000Z " + strings.Repeat("0123456789 ", 100)},
			{at("02:31:08"), "BrandNewReason", strings.Repeat("e\u0301\u0302語\x1b[2J ", 40)},
			{at("02:31:09"), "Target_5XX", "http"},
			{nil, nil, nil},
		},
	}
}

// oneEmpty is a single column in which a row has nothing.
func oneEmpty() *query.Table {
	return &query.Table{
		Report: query.SQL, Version: 1,
		Columns: []query.Column{{Name: "target", Label: "target", Type: query.Text}},
		Rows:    [][]any{{"10.0.3.17:8080"}, {nil}, {""}},
	}
}

// freeEmpty found nothing.
func freeEmpty() *query.Table {
	t := oneEmpty()
	t.Rows = nil
	return t
}
