package query_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"

	"loglens/query"
)

// cells keeps the rows of an answer.
type cells [][]any

func (*cells) Begin([]query.Column) error { return nil }

func (c *cells) Row(row []any) error {
	*c = append(*c, append([]any{}, row...))
	return nil
}

// TestValuesAsText: what no Go type of a table holds stands as DuckDB itself
// writes it.
func TestValuesAsText(t *testing.T) {
	values := []string{
		`INTERVAL 90 SECOND`, `INTERVAL '1 year 1 month -1 day'`, `INTERVAL '26 months 3 days 00:00:00.5'`, `INTERVAL '-90.000001 seconds'`, `INTERVAL 0 DAY`,
		`UUID '6703a1b5-2f1c-7a9d-4b6e-8f0a1c2d3e4f'`, `DATE '2026-10-07'`, `DATE 'infinity'`, `DATE '-infinity'`, `TIME '07:15:01.5'`, `TIMETZ '07:15:01'`, `TIMETZ '07:15:01.25-05:30'`,
		`TIMESTAMP 'infinity'`, `TIMESTAMP '-infinity'`, `'infinity'::TIMESTAMP_S`, `'-infinity'::TIMESTAMP_MS`, `'infinity'::TIMESTAMP_NS`, `TIMESTAMPTZ 'infinity'`,
		`'inf'::DOUBLE`, `'-inf'::DOUBLE`, `'nan'::DOUBLE`, `'inf'::FLOAT`, `0.1::FLOAT`, `16777216::FLOAT + 2::FLOAT`,
		`12345678901234567890.12::DECIMAL(38,2)`, `-9007199254740993::DECIMAL(38,0)`, `999999999999.995::DECIMAL(15,3)`,
		`18446744073709551615::UBIGINT`, `-170141183460469231731687303715884105727::HUGEINT`,
		`'101'::BIT`, `'a'::ENUM('a', 'b')`, `union_value(d := DATE '2026-10-07')`,
	}
	s := openStore(t)
	for _, v := range values {
		var got cells
		if _, err := s.Ask(context.Background(), "SELECT "+v+" AS v, ("+v+")::VARCHAR AS text", nil, &got); err != nil {
			t.Errorf("%s: %v", v, err)
			continue
		}
		text := got[0][1].(string)
		if f, ok := got[0][0].(float64); ok {
			if want, err := strconv.ParseFloat(text, 64); err != nil || f != want {
				t.Errorf("%s is %v, DuckDB says %s", v, f, text)
			}
		} else if have := fmt.Sprint(got[0][0]); have != text {
			t.Errorf("%s is %q, DuckDB says %q", v, have, text)
		}
	}
}

// TestNestedValues: what is inside of lists, structs, maps and unions is written
// as it is outside, in JSON.
func TestNestedValues(t *testing.T) {
	tests := []struct{ value, want string }{
		{`[DATE '2026-10-07', NULL]`, `["2026-10-07",null]`},
		{`[1, 2]::INTEGER[2]`, `[1,2]`},
		{`{'day': DATE '2026-10-07', 'a, "(b': UUID '6703a1b5-2f1c-7a9d-4b6e-8f0a1c2d3e4f'}`,
			`{"day":"2026-10-07","a, \"(b":"6703a1b5-2f1c-7a9d-4b6e-8f0a1c2d3e4f"}`},
		{`MAP {10: 'b', 9: {'z': 1, 'a': [{'<y>': 2, 'x': NULL}]}::VARCHAR}`, `{"10":"b","9":"{'z': 1, 'a': [{'<y>': 2, 'x': NULL}]}"}`},
		{`{'z': 1, 'a': [{'<y>': 2, 'x': NULL}], 'e': 'b)'::ENUM('b)', '"')}`, `{"z":1,"a":[{"<y>":2,"x":null}],"e":"b)"}`},
		{`MAP {DATE '2026-10-07': [TIME '07:15:00']}`, `{"2026-10-07":["07:15:00"]}`},
		{`MAP {1.5::DECIMAL(4,2): {'d': [DATE '2026-10-07']}}`, `{"1.5":{"d":["2026-10-07"]}}`},
		{`[union_value(d := DATE '2026-10-07')]`, `["2026-10-07"]`},
		{`['inf'::DOUBLE, 1.5]`, `["inf",1.5]`},
		{`[INTERVAL 90 SECOND]`, `["00:01:30"]`},
		{`['https://a.example/?b=1&c=<2>']`, `["https://a.example/?b=1&c=<2>"]`},
	}
	s := openStore(t)
	for _, tt := range tests {
		var got cells
		if _, err := s.Ask(context.Background(), "SELECT "+tt.value, nil, &got); err != nil {
			t.Errorf("%s: %v", tt.value, err)
		} else if got[0][0] != tt.want {
			t.Errorf("%s is %v, want %s", tt.value, got[0][0], tt.want)
		}
	}
}

// TestNotShown: a value that the driver cannot read is refused before it is, with
// another way to write it, which works.
func TestNotShown(t *testing.T) {
	tests := []struct{ value, instead string }{
		{`MAP {'a'::BLOB: 1, 'b'::BLOB: 2}`, `map_entries(%s)`},
		{`MAP {'1'::BIT: 1, '0'::BIT: 2}`, `map_entries(%s)`},
		{`MAP {[1]: 1, [2]: 2}`, `map_entries(%s)`},
		{`MAP {{a: 1}: 1, {a: 2}: 2}`, `map_entries(%s)`},
		{`[MAP {UUID '6703a1b5-2f1c-7a9d-4b6e-8f0a1c2d3e4f': 1, UUID '6703a1b5-2f1c-7a9d-4b6e-8f0a1c2d3e40': 2}]`, `map_entries((%s)[1])`},
		{`MAP {1: MAP {union_value(a := 1): 2}}`, `map_entries((%s)[1])`},
		{`{'MAP(': MAP {'a'::BLOB: 1}}`, `(%s)::VARCHAR`},
		{`5::VARIANT`, `(%s)::VARCHAR`},
		{`[5::VARIANT]`, `(%s)::VARCHAR`},
		{`TIME_NS '12:00'`, `(%s)::VARCHAR`},
		{`row(1, 2)`, `(%s)::VARCHAR`},
		{`sum(1) EXPORT_STATE`, ``},
	}
	s := openStore(t)
	for _, tt := range tests {
		var got cells
		_, err := s.Ask(context.Background(), "SELECT "+tt.value+" AS v", nil, &got)
		var refused *query.StatementError
		if !errors.As(err, &refused) || refused.Hint() == "" || len(got) > 0 {
			t.Errorf("%s: %v, %v", tt.value, got, err)
		}
		if tt.instead == "" {
			continue
		}
		if _, err := s.Ask(context.Background(), "SELECT "+fmt.Sprintf(tt.instead, tt.value), nil, &got); err != nil {
			t.Errorf("%s: %v", tt.value, err)
		}
	}
}

// openStore opens a store without sources.
func openStore(t *testing.T) *query.Store {
	t.Helper()
	return opened(t, query.Input{})
}
