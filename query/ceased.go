package query

import (
	"context"
	"time"

	"loglens/ingest"
	"loglens/internal/amount"
	"loglens/parse"
)

// justBefore are the names of objects of just before the window, one at least of each interval
// of a log.
func (s *Store) justBefore(ctx context.Context) (before []ingest.Name, err error) {
	plan := s.in.Plan
	if s.reader == nil || plan.Window.From.IsZero() {
		return s.before, nil
	}
	plan.Kinds = s.read
	first, _ := plan.Ends(parse.KindUnknown)
	var uri string
	err = s.each(ctx, func() {
		if name := ingest.NameOf(uri); plan.IsJustBefore(name) {
			before = append(before, name)
		}
	}, `SELECT any_value(uri) FROM disk.object WHERE interval_end >= $1 AND interval_end < $2
		GROUP BY named_kind, load_balancer, `+accountRegion+`, interval_end`,
		[]any{&uri}, first.Add(-ingest.JustBefore), first)
	return before, err
}

// namesBefore is the relation of the names of just before the window, by the first parameters,
// which columnsOf gives.
const namesBefore = `SELECT unnest($1::VARCHAR[]) AS kind, unnest($2::VARCHAR[]) AS load_balancer, unnest($3::VARCHAR[]) AS place, make_timestamp(unnest($4::BIGINT[])) AS interval_end`

func columnsOf(before []ingest.Name) []any {
	kinds, balancers, places, ends := []string{}, []string{}, []string{}, []int64{}
	for _, name := range before {
		kinds, balancers, ends = append(kinds, name.Kind.String()), append(balancers, name.LoadBalancer), append(ends, name.End.UnixMicro())
		places = append(places, name.Account+"_elasticloadbalancing_"+name.Region)
	}
	return []any{kinds, balancers, places, ends}
}

// ceased tells of logs that end before others do, though objects came regularly: in the answer
// their balancers look well from then on. A balancer that has little traffic writes now and then,
// and one that is used for a while only writes regularly for as long: what began after others did
// has to have come for an hour.
// objects is a relation of them, and named its column of the log that their names say.
func (s *Store) ceased(ctx context.Context, objects, named string, before []ingest.Name, say func(string, ...any)) error {
	var logs, balancer string
	var width, n, told, all int64
	var newest time.Time
	err := s.each(ctx, func() {
		say("the %s of %s %s at %s, before others, though an object came every %d minutes: what came after it is not there yet, or there was no traffic",
			logs, balancer, amount.Noun(n, "ends", "end"), newest.UTC().Format(toMinute), width)
		told += n
	}, `
		WITH object AS (
			SELECT `+named+` AS kind, load_balancer, `+accountRegion+` AS place, interval_end
			FROM `+objects+` WHERE kind IS NOT NULL
			UNION ALL BY NAME `+namesBefore+`
		), log AS (
			SELECT kind, load_balancer, place, min(interval_end) AS oldest, max(interval_end) AS newest, count(DISTINCT interval_end) AS written,
				CASE WHEN kind = $5 AND count(DISTINCT minute(interval_end)) = 1 THEN 60 ELSE 5 END AS width
			FROM object GROUP BY kind, load_balancer, place
		), ended AS (
			SELECT *, date_diff('minute', oldest, newest) // width + 1 AS due, oldest > min(oldest) OVER () + to_minutes(width) AS joined FROM log
			QUALIFY newest + to_minutes(3 * width) <= least(max(newest) OVER (), make_timestamp(nullif($6, 0)))
		)
		SELECT string_agg(kind, ' and ' ORDER BY kind), load_balancer, width, newest, count(*), sum(count(*)) OVER ()::BIGINT FROM ended
		WHERE written >= 3 AND 5 * written >= 4 * due AND (NOT joined OR width * due >= 60)
		GROUP BY load_balancer, place, width, newest ORDER BY newest, load_balancer, place LIMIT $7`,
		[]any{&logs, &balancer, &width, &newest, &n, &all}, append(columnsOf(before), parse.KindClassic.String(), bound(s.in.Plan.Window.Until), mostTold)...)
	if more := all - told; err == nil && more > 0 {
		say("%s before others, though objects came regularly", amount.Of(more, "more log ends", "more logs end"))
	}
	return err
}
