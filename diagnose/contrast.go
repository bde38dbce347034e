package diagnose

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A contrast asks what some requests to a group have in common, at some times and before.
type contrast struct {
	group  string // ARN; "" behind a Classic Load Balancer
	during []interval
	before []interval
	among  string // a condition: of those that came during these times, whose values are the most frequent ones
	which  string // another one: which requests are counted apart, with args
	args   []any
	traits []trait
}

// mostContrasts is for how many groups logs are read again, each time twice.
const mostContrasts = 10

// interval is a time, half-open.
type interval struct{ from, until time.Time }

func (s interval) minutes() float64 { return s.until.Sub(s.from).Minutes() }

func (s interval) has(t time.Time) bool { return !t.Before(s.from) && t.Before(s.until) }

// hourBefore is the hour before a time, as far as it lies after another.
func hourBefore(since, begin time.Time) interval {
	from := since.Add(-beforeSurge)
	if from.Before(begin) {
		from = begin
	}
	return interval{from, since}
}

func minutesOf(list []interval) (n float64) {
	for _, i := range list {
		n += i.minutes()
	}
	return n
}

// atTimes is a condition: that a column is of some times.
func atTimes(column string, list []interval) string {
	any := []string{"false"}
	for _, s := range list {
		any = append(any, fmt.Sprintf("%[1]s >= TIMESTAMP '%[2]s' AND %[1]s < TIMESTAMP '%[3]s'", column, s.from.UTC().Format(time.DateTime), s.until.UTC().Format(time.DateTime)))
	}
	return "(" + strings.Join(any, " OR ") + ")"
}

// contrasted counts requests that have a value of a trait; all of them, if it has no name.
type contrasted struct {
	trait, value string
	before       tally
	during       tally
}

// tally counts requests, and those among them that are counted apart.
type tally struct{ some, all int64 }

const (
	// topSQL finds what is frequent, in as little memory for a million addresses as for ten.
	topSQL = `SELECT %s FROM request WHERE target_group_arn IS NOT DISTINCT FROM $group AND %s AND (%s)`

	// contrastSQL counts requests with these.
	contrastSQL = `
SELECT during, count(*) FILTER (which) AS some, count(*) AS requests, grouping(%[1]s) = %[7]d AS is_sum, %[1]s
FROM (SELECT %[2]s AS during, (%[4]s) IS TRUE AS which, %[5]s FROM request WHERE target_group_arn IS NOT DISTINCT FROM $group AND (%[2]s OR %[3]s))
GROUP BY GROUPING SETS (%[6]s, (during))`
)

// ofGroup is the argument that names a group.
func ofGroup(arn string) sql.NamedArg {
	return sql.Named("group", sql.NullString{String: arn, Valid: arn != ""})
}

// contrast counts the requests with the values of each trait that are most frequent. It takes
// two more readings; known is false where that cannot be, as of a pipe, or of a store that has no whole requests.
func (r *reader) contrast(c contrast) (list []contrasted, known bool, err error) {
	const candidates = 10
	group := ofGroup(c.group)
	var tops, names, columns, sets []string
	for _, t := range c.traits {
		tops = append(tops, fmt.Sprintf("to_json(approx_top_k(%s, %d))::VARCHAR AS %s", t.column, candidates, t.name))
		names = append(names, t.name)
		columns = append(columns, fmt.Sprintf("CASE WHEN list_contains($%[1]s, %[2]s) THEN %[2]s END AS %[1]s", t.name, t.column))
		sets = append(sets, "(during, "+t.name+")")
	}
	args := []any{group}
	err = r.again(fmt.Sprintf(topSQL, strings.Join(tops, ", "), atTimes("time", c.during), c.among), func(row []any) {
		for i, t := range c.traits {
			var values []string
			if json.Unmarshal([]byte(text(row[i])), &values) == nil {
				values = slices.DeleteFunc(values, func(v string) bool { return v == "" })
			}
			args = append(args, sql.Named(t.name, values))
		}
	}, group)
	if err != nil || len(args) == 1 {
		return nil, false, err
	}
	at := map[contrasted]int{} // by trait and value
	err = r.again(fmt.Sprintf(contrastSQL, strings.Join(names, ", "), atTimes("time", c.during), atTimes("time", c.before), c.which, strings.Join(columns, ", "), strings.Join(sets, ", "), 1<<len(c.traits)-1), func(row []any) {
		known = true
		of := contrasted{}
		for i, t := range c.traits {
			if value := text(row[4+i]); value != "" { // a row has a value of one trait
				of.trait, of.value = t.name, value
			}
		}
		if sum, _ := row[3].(bool); !sum && of.trait == "" {
			return // of others
		}
		k, ok := at[of]
		if !ok {
			k = len(list)
			at[of] = k
			list = append(list, of)
		}
		if in, _ := row[0].(bool); in {
			list[k].during = tally{whole(row[1], 0), whole(row[2], 0)}
		} else {
			list[k].before = tally{whole(row[1], 0), whole(row[2], 0)}
		}
	}, append(args, c.args...)...)
	return list, known, err
}
