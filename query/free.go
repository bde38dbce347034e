package query

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

// typeOf gives a column of free SQL the type that its values are shown as.
func typeOf(name string) Type {
	switch name {
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT":
		return Integer
	case "FLOAT", "DOUBLE":
		return Float
	case "BOOLEAN":
		return Boolean
	case "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMPTZ":
		return Time
	}
	if strings.HasPrefix(name, "DECIMAL") {
		return Float
	}
	return Text
}

// clockOf stands before the type of a time whose zone is not known.
const clockOf = "CLOCK "

// asClocks marks each time without a zone in the name of a type.
func asClocks(typ string) string {
	return typeWord.ReplaceAllStringFunc(typ, func(word string) string {
		if strings.HasPrefix(word, "TIMESTAMP") && word != "TIMESTAMPTZ" {
			return clockOf + word
		}
		return word
	})
}

// free turns a value of an SQL type into one that a table can hold. A value that
// its Go type cannot hold becomes text, so that no digit is lost and nothing that
// is there looks absent: large whole numbers, long decimals, inf, nan, infinity.
func free(v any, typ string) any {
	switch v := v.(type) {
	case nil, string, int64, bool:
		return v
	case int8:
		return int64(v)
	case int16:
		return int64(v)
	case int32:
		return int64(v)
	case uint8:
		return int64(v)
	case uint16:
		return int64(v)
	case uint32:
		return int64(v)
	case uint64:
		return free(new(big.Int).SetUint64(v), typ)
	case *big.Int:
		if v.IsInt64() {
			return v.Int64()
		}
		return v.String()
	case float32: // by its own digits: 0.1, and not what is added to fill up 64 bits
		f, err := strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64)
		if err != nil {
			return fmt.Sprint(v)
		}
		return free(f, typ)
	case float64:
		switch {
		case math.IsNaN(v):
			return "nan"
		case math.IsInf(v, 0):
			return strings.TrimPrefix(strings.ToLower(fmt.Sprint(v)), "+")
		}
		return v
	case duckdb.Decimal:
		if new(big.Int).Abs(v.Value).Cmp(exactDecimals) < 0 {
			return v.Float64()
		}
		return v.String()
	case time.Time:
		return freeTime(v, typ)
	case []byte:
		var id duckdb.UUID
		if typ == "UUID" && id.Scan(v) == nil {
			return id.String()
		}
		return printable(string(v))
	case duckdb.Interval:
		return interval(v)
	case duckdb.Union:
		_, of := field(typ, v.Tag)
		return free(v.Value, of)
	case []any, map[string]any, duckdb.OrderedMap:
		if text, err := asJSON(nested(v, typ)); err == nil {
			return text
		}
	case fmt.Stringer:
		return v.String()
	}
	return fmt.Sprint(v)
}

// exactDecimals bounds the decimals that a float64 holds to their last digit.
var exactDecimals = big.NewInt(1e15)

// freeTime is a point in time as such, and as text what is less or more than one.
func freeTime(t time.Time, typ string) any {
	unit := time.Time.UnixMicro
	most := int64(math.MaxInt64)
	typ, clock := strings.CutPrefix(typ, clockOf)
	switch typ {
	case "TIME":
		return t.Format("15:04:05.999999")
	case "TIMETZ":
		return strings.TrimSuffix(t.Format("15:04:05.999999-07:00"), ":00")
	case "DATE":
		unit, most = func(t time.Time) int64 { return t.Unix() / (24 * 60 * 60) }, math.MaxInt32
	case "TIMESTAMP_S":
		unit = time.Time.Unix
	case "TIMESTAMP_MS":
		unit = time.Time.UnixMilli
	case "TIMESTAMP_NS":
		unit = time.Time.UnixNano
	}
	switch n := unit(t); {
	case n == most:
		return "infinity"
	case n == -most:
		return "-infinity"
	case typ == "DATE":
		return t.UTC().Format(time.DateOnly)
	case clock: // as DuckDB writes it: a Z would say that it is UTC
		return t.UTC().Format("2006-01-02 15:04:05.999999999")
	}
	return t.UTC()
}

// interval is an interval as DuckDB writes it, "2 days 01:30:00.5". Months and
// days have no fixed length, so they stand apart.
func interval(v duckdb.Interval) string {
	var parts []string
	add := func(n int32, one, many string) {
		if n == 1 || n == -1 {
			many = one
		}
		if n != 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, many))
		}
	}
	add(v.Months/12, "year", "years")
	add(v.Months%12, "month", "months")
	add(v.Days, "day", "days")
	if v.Micros != 0 || len(parts) == 0 {
		sign, us := "", uint64(v.Micros)
		if v.Micros < 0 {
			sign, us = "-", -us
		}
		clock := fmt.Sprintf("%s%02d:%02d:%02d", sign, us/3600e6, us/60e6%60, us/1e6%60)
		if us%1e6 != 0 {
			clock += strings.TrimRight(fmt.Sprintf(".%06d", us%1e6), "0")
		}
		parts = append(parts, clock)
	}
	return strings.Join(parts, " ")
}
