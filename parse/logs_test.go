package parse

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestLogs says of every file of testdata/logs how many entries it has, of which
// log and how wide they are, and which of its lines are damaged, by number,
// offset and cause.
func TestLogs(t *testing.T) {
	const badTime = ": time is not a time such as 2026-10-07T07:15:01.101682Z"
	tests := map[string]struct {
		widths  []int // of each entry, unknown fields included
		damaged []string
		kinds   []Kind // of each entry; all are of the last, which need not be said if it is KindAccess
		headers []int64
	}{
		"width_12":    {widths: []int{12, 12}},
		"width_18":    {widths: []int{18, 18}},
		"width_20":    {widths: []int{20, 20}},
		"width_25":    {widths: []int{25, 25}},
		"width_27":    {widths: []int{27, 27}},
		"width_29":    {widths: []int{29, 29}},
		"width_30":    {widths: []int{30, 30}},
		"width_33":    {widths: []int{33, 33}},
		"width_34":    {widths: []int{34, 34}},
		"width_36":    {widths: []int{36, 36}},
		"width_38":    {widths: []int{38, 38}},
		"width_mixed": {widths: []int{36, 18, 29, 34, 25, 37}},

		"quotes_anywhere":         {widths: []int{36, 36, 36}},
		"ipv6":                    {widths: []int{36, 36}},
		"spaces_in_url":           {widths: []int{36, 36}},
		"spaces_in_redirect":      {widths: []int{36}},
		"malformed_request":       {widths: []int{36, 36, 36, 36, 36}},
		"absent_numbers":          {widths: []int{36, 36, 36, 32}},
		"empty_status":            {widths: []int{36}},
		"unknown_type":            {widths: []int{36, 36}},
		"escaped_quote_hex":       {widths: []int{36}},
		"escaped_quote_backslash": {widths: []int{36, 36, 36}},
		"backslash_before_quote":  {widths: []int{36, 36, 36}},
		"quote_inside_field":      {widths: []int{36, 36}},
		"several_spaces":          {widths: []int{36, 36, 36, 36}},
		"no_final_newline":        {widths: []int{36, 36}},
		"crlf_cut_before_lf":      {widths: []int{36, 36}},
		"empty":                   {},
		"reasons":                 {widths: slices.Repeat([]int{36}, 70)},

		"crlf":          {widths: []int{36, 36, 18}, damaged: []string{"3@1093: empty line"}},
		"blank_lines":   {widths: []int{36, 36}, damaged: []string{"1@0: empty line", "3@550: empty line", "4@554: empty line"}},
		"nul":           {widths: []int{36, 36}, damaged: []string{"2@543: client:port is not an address", "3@1093: only 1 of at least 12 fields"}},
		"invalid_utf8":  {widths: []int{36, 36}, damaged: []string{"2@546: only 1 of at least 12 fields"}},
		"cut_last_line": {widths: []int{36}, damaged: []string{"2@549: request has no closing quote"}},
		"cut_between_fields": {widths: []int{36}, damaged: []string{
			"2@549: cut off after 16 fields, without a line end",
		}},
		"cut_early": {widths: []int{36}, damaged: []string{"2@549: only 7 of at least 12 fields"}},
		"bad_time": {widths: []int{36, 36}, damaged: []string{
			"1@0" + badTime, "2@542" + badTime, "3@1084" + badTime, "4@1626" + badTime, "5@2175" + badTime,
		}},
		"bad_numbers": {damaged: []string{
			"1@0: elb_status_code is not a status code",
			"2@549: target_status_code is not a status code",
			"3@1102: request_processing_time is not a number",
			"4@1651: target_processing_time is not a number",
			"5@2197: response_processing_time is not a number",
			"6@2744: received_bytes is not a number",
			"7@3292: sent_bytes is not a number",
			"8@3856: client:port is not an address",
			"9@4394: target:port is not an address",
		}},
		"shifted_by_missing_field": {widths: []int{36}, damaged: []string{"1@0" + badTime}},

		"classic_12":           {widths: []int{13, 13}, kinds: []Kind{KindClassic}},
		"classic_15":           {widths: []int{16, 16}, kinds: []Kind{KindClassic}},
		"classic_backend_zero": {widths: []int{16, 16}, kinds: []Kind{KindClassic}},
		"classic_bad": {widths: []int{16}, damaged: []string{
			"2@180: elb is not the name of a Classic Load Balancer",
			"3@358: client:port is not an address and a port",
			"4@533: backend_processing_time is not a number",
			"5@709: elb_status_code is not a status code",
			"6@888: elb is not the name of a Classic Load Balancer",
		}, kinds: []Kind{KindClassic}},
		"classic_ipv6":    {widths: []int{16}, kinds: []Kind{KindClassic}},
		"classic_reasons": {widths: slices.Repeat([]int{16}, 38), kinds: []Kind{KindClassic}},
		"classic_tcp":     {widths: []int{16, 16}, kinds: []Kind{KindClassic}},
		"connection_12":   {widths: []int{12, 12}, kinds: []Kind{KindConnection}},
		"connection_15":   {widths: []int{15, 15}, kinds: []Kind{KindConnection}},
		"connection_17":   {widths: []int{17}, kinds: []Kind{KindConnection}},
		"connection_bad": {widths: []int{15}, damaged: []string{
			"2@194: client_port is not a port",
			"3@389: tls_handshake_latency is not a number",
			"4@582: only 11 of at least 12 fields",
			"5@724: client_ip is not an address",
			"6@910: only 6 of at least 12 fields",
		}, kinds: []Kind{KindConnection}},
		"connection_certificate": {widths: []int{15, 15, 15}, kinds: []Kind{KindConnection}},
		"connection_ipv6":        {widths: []int{15}, kinds: []Kind{KindConnection}},
		"health_10":              {widths: []int{10, 10}, kinds: []Kind{KindHealthCheck}},
		"health_11":              {widths: []int{11}, kinds: []Kind{KindHealthCheck}},
		"health_8":               {widths: []int{8, 8}, kinds: []Kind{KindHealthCheck}},
		"health_bad": {widths: []int{10}, damaged: []string{
			"2@127: status is not PASS or FAIL",
			"3@255: status_code is not a status code",
			"4@382: latency is not a number",
			"5@500: target_addr is not an address or an ARN",
			"6@621: time is not a time such as 2026-10-07T07:15:01.101682Z",
			"7@715: only 6 of at least 8 fields",
		}, kinds: []Kind{KindHealthCheck}},
		"health_reasons": {widths: []int{10, 10, 10, 10, 10, 10, 10, 10, 10, 10}, kinds: []Kind{KindHealthCheck}},
		"health_types":   {widths: []int{10, 10, 10, 10, 10, 10}, kinds: []Kind{KindHealthCheck}},
		"json_access":    {widths: []int{36, 36, 36, 36, 36}},
		"json_bad": {widths: []int{36}, damaged: []string{
			"2@1210: not a JSON object",
			"3@2419: not a JSON object",
			"4@2520: not a JSON object",
			"5@3728: not a JSON object",
			"6@4939: there is no time",
			"7@4942: there is no elb_status_code",
			"8@5017: there is no elb_status_code",
			"9@6203: there is no time",
			"10@7376: there is more than one time",
			"11@8597: there is more than one client:port",
			"12@9825: a value is not text or a number, but JSON itself",
			"13@11037: a value is not text or a number, but JSON itself",
			"14@12247: elb_status_code is not a status code",
			"15@13454: time is not a time such as 2026-10-07T07:15:01.101682Z",
			"16@14667: not a JSON object",
			"17@15878: only 1 of at least 12 fields",
			"18@15882: not a JSON object",
			"19@15906: more than 128 columns",
		}},
		"json_connection":   {widths: []int{15, 15}, kinds: []Kind{KindConnection}},
		"json_escapes":      {widths: []int{36, 36, 36, 36}},
		"json_health":       {widths: []int{10, 10}, kinds: []Kind{KindHealthCheck}},
		"json_leaves_out":   {widths: []int{36, 36}},
		"json_milliseconds": {widths: []int{36, 36}},
		"json_new_columns":  {widths: []int{38}},
		"json_nlb":          {widths: []int{22, 22}, kinds: []Kind{KindNLB}},
		"json_parts":        {widths: []int{36, 36, 36, 36}},
		"json_synonyms":     {widths: []int{36, 36}},
		"mixed_kinds": {widths: []int{36, 15, 10, 22, 16, 36, 16, 15}, damaged: []string{
			"7@1861: only 3 of at least 12 fields",
		}, kinds: []Kind{KindAccess, KindConnection, KindHealthCheck, KindNLB, KindClassic, KindAccess, KindClassic, KindConnection}},
		"nlb_18":   {widths: []int{18, 18}, kinds: []Kind{KindNLB}},
		"nlb_21":   {widths: []int{21, 21}, kinds: []Kind{KindNLB}},
		"nlb_22":   {widths: []int{22, 22}, kinds: []Kind{KindNLB}},
		"nlb_24":   {widths: []int{24}, kinds: []Kind{KindNLB}},
		"nlb_alpn": {widths: []int{22, 22, 22}, kinds: []Kind{KindNLB}},
		"nlb_bad": {widths: []int{22}, damaged: []string{
			"2@275: version is not a version",
			"3@550: version is not a version",
			"4@821: connection_time is not a number",
			"5@1099: destination:port is not an address",
			"6@1370: only 13 of at least 18 fields",
		}, kinds: []Kind{KindNLB}},
		"nlb_handshake_failed": {widths: []int{22, 22}, kinds: []Kind{KindNLB}},
		"nlb_ipv6":             {widths: []int{22}, kinds: []Kind{KindNLB}},
		"nlb_times":            {widths: []int{22, 22, 22}, kinds: []Kind{KindNLB}},
		"not_an_access_log": {damaged: []string{
			"1@0: there is no time",
			"2@39: only 10 of at least 12 fields",
			"3@124: only 3 of at least 12 fields",
		}},
		"w3c_bad": {widths: []int{36, 36}, damaged: []string{
			"4@552: not as many values as #Fields has names",
			"5@816: time is not a time such as 2026-10-07T07:15:01.101682Z",
			"6@1084: not as many values as #Fields has names",
			"8@1919: not as many values as #Fields has names",
			"9@1930: not as many values as #Fields has names",
			"10@1940: not as many values as #Fields has names",
			"11@1953: empty line",
			"12@1954: not as many values as #Fields has names",
			"14@1974: there is no time",
			"16@2045: there is more than one time",
			"18@2597: more than 128 columns",
		}, headers: []int64{1, 2, 13, 15, 17}},
		"w3c_connection": {widths: []int{15, 15}, kinds: []Kind{KindConnection}, headers: []int64{1, 3}},
		"w3c_health":     {widths: []int{10}, kinds: []Kind{KindHealthCheck}, headers: []int64{1}},
		"w3c_hostile_text": {widths: []int{36, 36, 36}, damaged: []string{
			"5@168: elb_status_code is not a status code",
			"6@213: elb_status_code is not a status code",
			"8@286: not as many values as #Fields has names",
		}, headers: []int64{1, 7}},
		"w3c_leaves_out":      {widths: []int{36}, headers: []int64{1}},
		"w3c_new_fields":      {widths: []int{36, 36}, headers: []int64{1, 2, 4}},
		"w3c_nlb":             {widths: []int{22}, kinds: []Kind{KindNLB}, headers: []int64{1}},
		"w3c_quoted":          {widths: []int{36, 36}, headers: []int64{1, 2}},
		"w3c_reordered":       {widths: []int{36, 36}, headers: []int64{1, 3}},
		"w3c_spaces":          {widths: []int{36, 36}, headers: []int64{1, 2}},
		"w3c_tabs":            {widths: []int{36, 36}, headers: []int64{1, 2}},
		"w3c_then_plain":      {widths: []int{36, 36, 16, 36, 36}, kinds: []Kind{KindAccess, KindAccess, KindClassic, KindAccess}, headers: []int64{2, 3}},
		"w3c_unknown_columns": {widths: []int{38}, headers: []int64{1}},
	}
	texts := logs(t)
	for name, text := range texts {
		t.Run(strings.TrimSuffix(name, ".log"), func(t *testing.T) {
			want, ok := tests[strings.TrimSuffix(name, ".log")]
			if !ok {
				t.Error("no expectation for this file")
			}
			scanner := NewScanner()
			got, err := fast(scanner, strings.NewReader(text), KindUnknown)
			if err != nil {
				t.Fatal(err)
			}
			var widths []int
			var damaged []string
			var kinds []Kind
			var headers []int64
			for _, r := range got {
				switch {
				case r.Header:
					headers = append(headers, r.Line)
				case r.Cause != "":
					damaged = append(damaged, fmt.Sprintf("%d@%d: %s", r.Line, r.Offset, r.Cause))
				default:
					kinds = append(kinds, r.Kind)
					widths = append(widths, len(r.Fields)+r.Extra)
				}
			}
			if want.kinds == nil {
				want.kinds = []Kind{KindAccess}
			}
			for len(want.kinds) < len(kinds) {
				want.kinds = append(want.kinds, want.kinds[len(want.kinds)-1])
			}
			if diff := cmp.Diff(want.kinds[:len(kinds)], kinds, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("kinds of entries (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want.widths, widths); diff != "" {
				t.Errorf("widths of entries (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want.damaged, damaged); diff != "" {
				t.Errorf("damaged lines (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want.headers, headers); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
		})
	}
	for name := range tests {
		if _, ok := texts[name+".log"]; !ok {
			t.Errorf("no file %s.log", name)
		}
	}
}
