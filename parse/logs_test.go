package parse

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLogs says of every file of testdata/logs how many entries it has, how wide
// they are, and which of its lines are damaged, by number, offset and cause.
func TestLogs(t *testing.T) {
	const badTime = ": time is not a time such as 2026-10-07T07:15:01.101682Z"
	tests := map[string]struct {
		widths  []int // of each entry, unknown fields included
		damaged []string
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

		"crlf":          {[]int{36, 36, 18}, []string{"3@1093: empty line"}},
		"blank_lines":   {[]int{36, 36}, []string{"1@0: empty line", "3@550: empty line", "4@554: empty line"}},
		"nul":           {[]int{36, 36}, []string{"2@543: client:port is not an address", "3@1093: only 1 of at least 12 fields"}},
		"invalid_utf8":  {[]int{36, 36}, []string{"2@546: only 1 of at least 12 fields"}},
		"cut_last_line": {[]int{36}, []string{"2@549: request has no closing quote"}},
		"cut_early":     {[]int{36}, []string{"2@549: only 7 of at least 12 fields"}},
		"bad_time": {[]int{36, 36}, []string{
			"1@0" + badTime, "2@542" + badTime, "3@1084" + badTime, "4@1626" + badTime, "5@2175" + badTime,
		}},
		"bad_numbers": {nil, []string{
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
		"shifted_by_missing_field": {[]int{36}, []string{"1@0" + badTime}},
		"not_an_access_log": {nil, []string{
			"1@0: only 1 of at least 12 fields", "2@39: only 2 of at least 12 fields", "3@51" + badTime,
		}},
	}
	texts := logs(t)
	for name, text := range texts {
		t.Run(strings.TrimSuffix(name, ".log"), func(t *testing.T) {
			want, ok := tests[strings.TrimSuffix(name, ".log")]
			if !ok {
				t.Error("no expectation for this file")
			}
			got, err := fast(NewScanner(), strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			var widths []int
			var damaged []string
			for _, r := range got {
				if r.Cause == "" {
					widths = append(widths, len(r.Fields)+r.Extra)
				} else {
					damaged = append(damaged, fmt.Sprintf("%d@%d: %s", r.Line, r.Offset, r.Cause))
				}
			}
			if diff := cmp.Diff(want.widths, widths); diff != "" {
				t.Errorf("widths of entries (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want.damaged, damaged); diff != "" {
				t.Errorf("damaged lines (-want +got):\n%s", diff)
			}
		})
	}
	for name := range tests {
		if _, ok := texts[name+".log"]; !ok {
			t.Errorf("no file %s.log", name)
		}
	}
}
