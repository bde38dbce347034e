// Package condition reads and decides conditions over named numbers, such as
//
//	failure_rate > 0.5% and requests >= 1k or p99 > 800ms
//
//	condition = all { "or" all }
//	all       = compare { "and" compare }          ; binds more tightly than "or"
//	compare   = field ( ">" | ">=" | "<" | "<=" | "==" | "!=" ) number
//	number    = digits [ "." digits ] [ unit ]     ; % of a rate, ms or s of a time, k (1,000) of a count
//
// It knows nothing of what the numbers are. A number that is absent makes every
// comparison with it false, != as well.
package condition
