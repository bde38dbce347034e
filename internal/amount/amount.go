// Package amount puts a number and its noun together, for whoever says how many
// there are of something.
package amount

import "strconv"

type whole interface{ ~int | ~int32 | ~int64 }

// Of returns n with its noun: "1 object", "2 objects", "0 objects".
func Of[N whole](n N, one, many string) string {
	return strconv.FormatInt(int64(n), 10) + " " + Noun(n, one, many)
}

// Noun returns the noun alone, for a number that is written otherwise.
func Noun[N whole](n N, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
