package parse

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestScannerAgreesOnInventions builds lines of every log and form out of good
// and bad parts.
func TestScannerAgreesOnInventions(t *testing.T) {
	s := NewScanner()
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		for range rapid.IntRange(1, 5).Draw(t, "lines") {
			text.WriteString(inventedLine(t))
		}
		seed := rapid.Uint64().Draw(t, "chunks")
		hint := Kind(rapid.IntRange(0, int(KindClassic)).Draw(t, "hint"))
		agree(t, s, text.String(), hint, rand.New(rand.NewPCG(seed, 0)))
	})
}

// usualFields are those of a line of each log, and some new ones.
var usualFields = map[Kind][]string{
	KindAccess: {
		"https", "2026-10-07T07:15:01.101682Z", "app/shop/50dc6c495c0c9188", "198.51.100.7:65530", "10.0.32.18:80",
		"0.000", "0.159", "0.000", "200", "200", "1458", "8264", `"GET https://shop.example.com:443/a b HTTP/1.1"`, `"curl/8.5.0"`,
		"-", "-", "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/checkout/cd18ee8d310e74a0", `"-"`, `"-"`,
		`"-"`, "10", "2026-10-07T07:15:00.941000Z", `"forward"`, `"-"`, `"-"`, `"-"`, `"-"`, `"-"`, `"-"`, "TID_1", `"-"`, `"-"`, `"-"`,
		"203.0.113.9", `"-"`, `"-"`, "-", `"more"`,
	},
	KindConnection: {
		"2026-10-07T07:15:01.101682Z", "198.51.100.7", "65530", "443", "TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256", "0.337",
		`"CN=device 7,O=Example"`, "NotBefore=1;NotAfter=2", "0A1B", "Success", "TID_1", "x25519", "app/shop/50dc6c495c0c9188", "203.0.113.9", "more",
	},
	KindHealthCheck: {
		"http", "2026-10-07T07:15:01.101682Z", "0.012345678", "10.0.32.18:80", "checkout", "FAIL", "502", "TargetError",
		"app/shop/50dc6c495c0c9188", "203.0.113.9", "more",
	},
	KindNLB: {
		"tls", "2.0", "2026-10-07T07:15:01", "net/edge/c6e77e28c25b2234", "g3d4b5e8bb8464cd", "198.51.100.7:51341", "10.0.0.9:443",
		"5", "2", "98", "246", "-", "arn:aws:acm:eu-west-1:111122223333:certificate/2a108f19", "-", "ECDHE-RSA-AES128-SHA", "tlsv12",
		"-", "edge.example.com", "h2", "h2", `"h2","http/1.1"`, "2026-10-07T07:15:00", "more",
	},
	KindClassic: {
		"2026-10-07T07:15:01.101682Z", "shop-classic", "198.51.100.7:2817", "10.0.0.1:80", "0.000073", "0.001048", "0.000057", "200", "200",
		"0", "29", `"GET http://shop.example.com:80/ HTTP/1.1"`, `"curl/8.5.0"`, "-", "-", "more",
	},
}

// oddText is what a field may hold instead.
var oddText = rapid.SampledFrom([]string{
	"", "-", "-1", "-1.0", "-1.", `"-"`, `""`, `"`, `"\"`, `\"`, `"a\" b"`, `"a\\"`, `"a" b"`, `" "`, " ", "0", "00", "000", "4", "400", "403", "404", "460",
	"500", "502", "503", "504", "561", "1000", "0.1", ".1", "1.", "0.1234567890", "123456789012345", "1234567890123456", "\x00", "\xff", "\r", "\t", "0x0", "0x8",
	"2026-10-07T07:15:01Z", "2026-02-29T07:15:01Z", "0000-01-01T00:00:00Z", "1969-12-31T23:59:59.9Z", "2026-10-07T07:15:01.1234567891Z",
	"2026-10-07T07:15:01", "2026-10-07T07:15:01.5", "1791357301101", "9791357301101",
	strings.Repeat("\x00", 16) + ":00Z", "forward", `"waf"`, `"waf,forward"`, `"waf-failed"`, `"fixed-response"`, `"authenticate"`,
	"Severe", "TransformSuccess", `"TransformBufferTooSmall"`, "LambdaTimeout", "JWx", "JWTx", "Target_TLS_Error", "2001:db8::1:80", "[::1]:80", "::", "host:80",
	"PASS", "80", "99999", "100000", "2001:db8::1", "arn:aws:lambda:eu-west-1:1:function:f", "a\\", "a b", "é", "#Fields: a b", "{",
})

// inventedFields draws the fields of a line and spoils some.
func inventedFields(t *rapid.T) (Kind, []string) {
	kind := Kind(rapid.IntRange(int(KindAccess), int(KindClassic)).Draw(t, "kind"))
	fields := append([]string(nil), usualFields[kind]...)
	for range rapid.SampledFrom([]int{0, 0, 0, 1, 1, 2, 6}).Draw(t, "spoiled") {
		fields[rapid.IntRange(0, len(fields)-1).Draw(t, "place")] = oddText.Draw(t, "odd")
	}
	return kind, fields
}

// inventedLine draws a line and spoils it here and there.
func inventedLine(t *rapid.T) string {
	kind, fields := inventedFields(t)
	var line string
	switch form := rapid.SampledFrom([]string{"plain", "plain", "json", "w3c"}).Draw(t, "form"); {
	case form == "json" && kind != KindClassic:
		line = inventedJSON(t, kind, fields)
	case form == "w3c" && kind != KindClassic:
		line = inventedW3C(t, kind, fields)
	default:
		if rapid.SampledFrom([]bool{false, false, true}).Draw(t, "old") {
			fields = fields[:rapid.IntRange(1, len(fields)).Draw(t, "width")]
		}
		line = strings.Join(fields, " ")
	}
	for range rapid.SampledFrom([]int{0, 0, 0, 0, 1, 2}).Draw(t, "insertions") {
		at := rapid.IntRange(0, len(line)).Draw(t, "at")
		line = line[:at] + rapid.SampledFrom([]string{" ", "  ", `"`, `\`, `\"`, `" `, ` "`, "\r", "\n", "\t", ",", "{"}).Draw(t, "inserted") + line[at:]
	}
	if rapid.SampledFrom([]bool{false, false, false, false, true}).Draw(t, "cut") {
		line = line[:rapid.IntRange(0, len(line)).Draw(t, "length")]
	}
	return line + rapid.SampledFrom([]string{"\n", "\n", "\r\n", "\r", ""}).Draw(t, "end")
}

// inventedColumns draws some of a log's columns in any order, under any of their names.
func inventedColumns(t *rapid.T, kind Kind, fields []string) (names, values []string) {
	known := naiveFormatOf(kind).names
	for i := range known {
		names = append(names, known[i])
		values = append(values, strings.Trim(fields[i], `"`))
	}
	for range rapid.IntRange(0, 4).Draw(t, "changes") {
		i := rapid.IntRange(0, len(names)-1).Draw(t, "column")
		switch rapid.IntRange(0, 5).Draw(t, "change") {
		case 0:
			if len(names) > 1 {
				names, values = append(names[:i:i], names[i+1:]...), append(values[:i:i], values[i+1:]...)
			}
		case 1:
			names[i] = strings.ReplaceAll(strings.ToUpper(names[i]), "_", "- ")
		case 2:
			names[i] = rapid.SampledFrom([]string{
				"time", "timestamp", "client_ip", "client_port", "client:port", "target_ip", "target_port", "elb", "load_balancer",
				"request_line", "request", "tls_named_group", "destination_ip", "tenant", "status", "elb_status_code", "é", "",
			}).Draw(t, "name")
		case 3:
			names, values = append(names, names[i]+"x"), append(values, oddText.Draw(t, "odd"))
		case 4:
			j := rapid.IntRange(0, len(names)-1).Draw(t, "other")
			names[i], names[j], values[i], values[j] = names[j], names[i], values[j], values[i]
		case 5:
			names[i] = strings.ReplaceAll(names[i], ":", "_")
		}
	}
	return names, values
}

func inventedJSON(t *rapid.T, kind Kind, fields []string) string {
	names, values := inventedColumns(t, kind, fields)
	var members []string
	special := rapid.SampledFrom([]int{-1, -1, rapid.IntRange(0, len(names)-1).Draw(t, "which")}).Draw(t, "any special")
	for i := range names {
		name, _ := json.Marshal(names[i])
		value, _ := json.Marshal(values[i])
		if i == special {
			value = []byte(rapid.SampledFrom([]string{
				"null", "true", "false", "502", "-1", "0.5", "01", "1e3", "1E+3", "1e", "1.", "-", "1x", "[]", `{"a":1}`, `"\ud834\udd1e\ud800\u00E9\/\b"`, `"\ud834\u0041"`, `"\x"`, `"\u12"`, "\"\xff\"", "nul", "",
			}).Draw(t, "value"))
		}
		members = append(members, string(name)+rapid.SampledFrom([]string{":", ":", " : "}).Draw(t, "colon")+string(value))
	}
	return "{" + strings.Join(members, rapid.SampledFrom([]string{",", ", "}).Draw(t, "comma")) + "}"
}

// inventedW3C draws a header, an entry and perhaps another that need not fit it.
func inventedW3C(t *rapid.T, kind Kind, fields []string) string {
	names, values := inventedColumns(t, kind, fields)
	tab := rapid.Bool().Draw(t, "tab")
	line := func(values []string) string {
		var words []string
		for _, v := range values {
			if !tab && strings.Contains(v, " ") || v == "" {
				v = `"` + v + `"`
			}
			words = append(words, v)
		}
		if tab {
			return strings.Join(words, "\t")
		}
		return strings.Join(words, " ")
	}
	text := "#Fields: " + strings.Join(names, rapid.SampledFrom([]string{" ", "\t", "  "}).Draw(t, "between")) + "\n" + line(values)
	if rapid.Bool().Draw(t, "more") {
		_, other := inventedFields(t)
		text += "\n" + line(other[:min(len(other), len(values))])
	}
	return text
}
