package query

import (
	"regexp"
	"strings"
)

// The driver reads no value of a type that it does not know, and panics on a map
// whose keys Go cannot compare. So types are looked at before the first row.

var (
	typeWord = regexp.MustCompile(`"(?:""|[^"])*"|[A-Za-z_]\w*`)
	readable = readList(strings.ReplaceAll(`BOOLEAN TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT UHUGEINT
		BIGNUM FLOAT DOUBLE DECIMAL VARCHAR JSON ENUM BLOB BIT UUID DATE TIME TIMETZ TIMESTAMP TIMESTAMP_S TIMESTAMP_MS TIMESTAMP_NS
		TIMESTAMPTZ INTERVAL STRUCT MAP UNION`, " ", "\n"))
	mapKeys = regexp.MustCompile(`^(?:BLOB|BIT|UUID|STRUCT|MAP|UNION)\b|\]$`) // that cannot be compared
)

// showable refuses a column whose values cannot be shown.
func showable(column, typ string) error {
	if typ == "" {
		return refuse("cast it: ("+column+")::VARCHAR", "values of the type of %s cannot be shown", column)
	}
	for _, at := range typeWord.FindAllStringIndex(typ, -1) {
		word := typ[at[0]:at[1]]
		switch {
		case word == `""`:
			return refuse("name them: {a: 1, b: 2} in place of row(1, 2)", "the fields of %s have no names", column)
		case word[0] == '"':
		case !readable[word]:
			return refuse("cast it: ("+column+")::VARCHAR", "values of type %s cannot be shown", word)
		case word == "MAP" && mapKeys.MatchString(members(typ[at[0]:])[0]):
			return refuse("map_entries(…) makes a list of it", "a map whose keys are %s cannot be shown", members(typ[at[0]:])[0])
		}
	}
	return nil
}
