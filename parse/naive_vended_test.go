package parse

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// naiveColumn is a column of a delivery and its value.
type naiveColumn struct{ name, value string }

func (n *naiveReader) readJSON(line string) record {
	columns, cause := naiveObject(line)
	if cause != "" {
		return damaged(line, cause)
	}
	n.namesTell(columns)
	r, given := n.deliver(line, columns, false)
	if r.Cause == "" {
		n.json[r.Kind] = true
		for _, name := range given {
			n.inJSON[naiveRest{r.Kind, name}] = true
		}
	}
	return r
}

// naiveObject takes a JSON object apart with the standard library.
func naiveObject(line string) (columns []naiveColumn, cause string) {
	const broken = "not a JSON object"
	d := json.NewDecoder(strings.NewReader(line))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return columns, broken
	}
	for d.More() {
		name, err := d.Token()
		text, ok := name.(string)
		if err != nil || !ok {
			return columns, broken
		}
		value, err := d.Token()
		if err != nil {
			return columns, broken
		}
		switch value := value.(type) {
		case json.Delim:
			return columns, "a value is not text or a number, but JSON itself"
		case nil:
			columns = append(columns, naiveColumn{text, ""})
		default:
			columns = append(columns, naiveColumn{text, fmt.Sprint(value)})
		}
	}
	if _, err := d.Token(); err != nil {
		return columns, broken
	}
	if _, err := d.Token(); err != io.EOF {
		return columns, broken
	}
	return columns, ""
}

var (
	directive  = regexp.MustCompile(`(?s)^#([A-Za-z-]+):(.*)$`)
	dateText   = regexp.MustCompile(`^[0-9 .:-]+$`)
	letter     = regexp.MustCompile(`^[A-Za-z]`)
	separators = regexp.MustCompile(`[^a-z0-9]+`)
	listText   = regexp.MustCompile(`^"[^ \\\x00-\x1f\x7f]*"$`)
	epochText  = regexp.MustCompile(`^\d{13}$`)
)

// isHeader takes over the columns of a #Fields line.
func (n *naiveReader) isHeader(line string) bool {
	match := directive.FindStringSubmatch(line)
	if match == nil {
		return false
	}
	if !strings.EqualFold(match[1], "Fields") {
		return n.columns == nil || dateText.MatchString(match[2])
	}
	names := strings.FieldsFunc(match[2], func(r rune) bool { return r == ' ' || r == '\t' })
	for _, name := range names {
		if !letter.MatchString(name) {
			return false
		}
	}
	if len(names) > 0 {
		n.columns, n.tabs = names, false
		var columns []naiveColumn
		for _, name := range names {
			columns = append(columns, naiveColumn{name: name})
		}
		n.namesTell(columns)
	}
	return len(names) > 0
}

// namesTell is for the log that knows most of the names, if it is one alone or
// the expected one.
func (n *naiveReader) namesTell(columns []naiveColumn) {
	backwards, expected := n.logOf(columns).kind, n.kind
	for _, f := range naiveFormats[:4] {
		n.kind = f.kind
		if n.logOf(columns).kind == f.kind && f.kind != backwards {
			n.kind = expected // another one knows as many
			return
		}
	}
	n.kind = backwards
}

func (n *naiveReader) readW3C(line string) record {
	if strings.Trim(line, " ") == "" {
		return damaged(line, "empty line")
	}
	if strings.Contains(line, "\t") {
		values := strings.Split(line, "\t")
		for i, v := range values {
			if len(v) >= 2 && v[0] == '"' && v[len(v)-1] == '"' {
				values[i] = v[1 : len(v)-1]
			}
		}
		tabbed := n.w3cRecord(line, reading{fields: values}, false)
		if tabbed.Cause == "" {
			n.tabs = true
			return tabbed
		}
		if spaced := n.readSpacedW3C(line); spaced.Cause == "" || len(values) != len(n.columns) {
			return spaced
		}
		return tabbed
	}
	return n.readSpacedW3C(line)
}

func (n *naiveReader) readSpacedW3C(line string) record {
	usual := readFields(line, false, false)
	if usual.doubtful {
		for _, other := range []reading{readFields(line, true, true), readFields(line, false, true), readFields(line, true, false)} {
			if r := n.w3cRecord(line, other, true); r.Cause == "" {
				return r
			}
		}
	}
	return n.w3cRecord(line, usual, false)
}

func (n *naiveReader) w3cRecord(line string, values reading, tell bool) record {
	if values.unclosed || len(values.fields) != len(n.columns) {
		return damaged(line, "not as many values as #Fields has names")
	}
	var columns []naiveColumn
	for i, name := range n.columns {
		columns = append(columns, naiveColumn{name, values.fields[i]})
	}
	r, given := n.deliver(line, columns, tell)
	for kind, lists := range naiveRests {
		for _, name := range strings.Fields(lists[0] + " " + lists[1]) {
			if r.Cause == "" && r.Kind == kind && !slices.Contains(given, name) {
				n.left[naiveRest{kind, name}] = true
			}
		}
	}
	return r
}

// naiveRest is a column of a log that answers rest on.
type naiveRest struct {
	kind Kind
	name string
}

// naiveRests are those without which reasons may be wrong, and those without which
// reports may be.
var naiveRests = map[Kind][2]string{
	KindAccess: {
		"actions_executed classification elb_error_code error_reason matched_rule_priority request_processing_time request_transform_status " +
			"response_processing_time target_error_code target_group_arn target_ip target_port target_processing_time target_status_code",
		"classification_reason client_ip elb ip_address request request_creation_time",
	},
	KindConnection:  {"", "client_ip elb ip_address listener_port tls_protocol tls_verify_status"},
	KindHealthCheck: {"", "elb ip_address latency reason_code status_code target_addr target_group_id"},
	KindNLB:         {"", "client_ip destination_port elb incoming_tls_alert tls_handshake_time tls_protocol_version"},
}

func (n *naiveReader) warning() string {
	var parts []string
	for _, f := range naiveFormats[:4] {
		for i, consequence := range []string{": reasons may be wrong", ": reports may be wrong"} {
			var names []string
			for _, name := range strings.Fields(naiveRests[f.kind][i]) {
				if at := (naiveRest{f.kind, name}); n.left[at] || n.json[f.kind] && !n.inJSON[at] {
					names = append(names, name)
				}
			}
			list := strings.Join(names, ", ")
			if both := "target_ip, target_port"; strings.Contains(list, both) {
				names = strings.Split(strings.Replace(list, both, "target:port", 1), ", ")
			}
			if slices.Sort(names); names != nil {
				parts = append(parts, strings.Join(names, ", ")+consequence)
			}
		}
	}
	if parts == nil {
		return ""
	}
	return "the delivery leaves out " + strings.Join(parts, "; and ")
}

// meaningOf says which field of a log a column gives, and how: as "field",
// "synonym", "ip" or "port".
func (f naiveFormat) meaningOf(name string) (field, part string) {
	plain := naivePlainName(name)
	for _, field := range f.names {
		if host, ok := strings.CutSuffix(field, ":port"); ok {
			switch plain {
			case host + "_port":
				return field, "port"
			case host + "_ip":
				return field, "ip"
			}
		} else if plain == naivePlainName(field) {
			return field, "field"
		}
	}
	synonym := map[string]string{
		"timestamp": "time", "time": "timestamp", "request_line": "request", "load_balancer": "elb", "tls_named_group": "tls_keyexchange",
	}[plain]
	if slices.Contains(f.names, synonym) {
		return synonym, "synonym"
	}
	return "", ""
}

// naivePlainName: lower case, underscores for what is no letter or digit.
func naivePlainName(name string) string {
	lower := strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, name)
	return separators.ReplaceAllString(lower, "_")
}

// deliver puts the values into the order of their log and reads the line that
// this gives. given are the columns that there are, an address in two parts.
func (n *naiveReader) deliver(line string, columns []naiveColumn, tell bool) (r record, given []string) {
	f := n.logOf(columns)
	if len(columns) > 128 {
		return damaged(line, "more than 128 columns"), nil
	}
	got := map[string]map[string]string{} // value by field and part
	var unknown []string
	for _, c := range columns {
		field, part := f.meaningOf(c.name)
		if field == "" {
			unknown = append(unknown, c.value)
			continue
		}
		if got[field] == nil {
			got[field] = map[string]string{}
		}
		if _, twice := got[field][part]; twice {
			return damaged(line, "there is more than one "+field), nil
		}
		got[field][part] = c.value
	}
	for _, field := range f.names {
		if slices.Contains(strings.Fields("timestamp time elb_status_code status"), field) && got[field] == nil {
			return damaged(line, "there is no "+field), nil
		}
	}
	var plain reading
	var words []string
	for _, field := range f.names {
		v, ok := got[field]["field"]
		if !ok {
			v = got[field]["synonym"]
		}
		var text string
		quoted := slices.Contains(f.quoted, field) || strings.Contains(v, " ")
		switch {
		case strings.HasSuffix(field, ":port"):
			text, quoted = naiveEscape(naiveJoin(got[field]["ip"], got[field]["port"]), true, false), false
		case field == "alpn_client_preference_list":
			if quoted = listText.MatchString(v); quoted {
				text = v[1 : len(v)-1]
			} else {
				text = naiveEscape(v, true, false)
			}
		case field == f.names[f.time] && epochText.MatchString(v):
			ms, _ := strconv.ParseInt(v, 10, 64)
			text = time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z07:00")
		default:
			text = naiveEscape(v, false, quoted)
		}
		plain.fields, plain.quoted = append(plain.fields, text), append(plain.quoted, quoted)
	}
	for _, v := range unknown {
		plain.fields, plain.quoted = append(plain.fields, naiveEscape(v, false, true)), append(plain.quoted, true)
	}
	for i, text := range plain.fields {
		if plain.quoted[i] {
			text = `"` + text + `"`
		}
		words = append(words, text)
	}
	written := strings.Join(words, " ")
	if len(written) > 1024*1024 {
		return damaged(line, "line longer than 1 MiB"), nil
	}
	r = plain.record(written, f)
	if r.Cause == "" && tell && !plain.tells(f) {
		r.Cause = "doubtful" // another reading follows
	}
	if r.Cause != "" {
		return damaged(line, r.Cause), nil
	}
	for field, parts := range got {
		host, address := strings.CutSuffix(field, ":port")
		if !address {
			given = append(given, field)
			continue
		}
		port, hasPort := parts["port"]
		_, hasIP := parts["ip"]
		if hasPort {
			given = append(given, host+"_port")
		}
		if hasIP || hasPort {
			given = append(given, host+"_ip")
		}
		if hasPort && !hasIP && port != "" && port != "-" && !strings.Contains(port, ":") {
			n.left[naiveRest{f.kind, host + "_ip"}] = true // a port alone
		}
	}
	return r, given
}

// logOf is the log whose names occur most often.
func (n *naiveReader) logOf(columns []naiveColumn) naiveFormat {
	best, most := naiveFormats[0], 0
	for _, f := range naiveFormats[:4] {
		known := 0
		for _, c := range columns[:min(len(columns), 128)] {
			if field, _ := f.meaningOf(c.name); field != "" {
				known++
			}
		}
		if known > most || known == most && f.kind == n.kind {
			best, most = f, known
		}
	}
	return best
}

// naiveJoin makes an address of an IP address and a port, or an address as a whole.
func naiveJoin(ip, port string) string {
	if ip == "-" {
		ip = ""
	}
	if port == "-" {
		port = ""
	}
	switch {
	case strings.Contains(port, ":"):
		return port
	case port == "" && !strings.Contains(ip, ":"):
		return ip
	}
	return ip + ":" + port
}

// naiveEscape makes one field of a text.
func naiveEscape(s string, spaces, quoted bool) string {
	if s == "" {
		return "-"
	}
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c == '"' || c < 32 || c == 127 || c == ' ' && spaces || c == '\\' && quoted && i == len(s)-1 {
			fmt.Fprintf(&b, `\x%02X`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
