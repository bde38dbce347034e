package query

import (
	"context"
	"fmt"
	"strings"

	"loglens/internal/amount"
)

// moved tells of logs whose objects lie below several prefixes, as they do once a balancer was told to write elsewhere: who
// names one of them reads a part. Logs of two kinds may have one each.
func (s *Store) moved(ctx context.Context, say func(string, ...any)) error {
	const most = 3
	var log string
	var places []any
	return s.each(ctx, func() {
		var parts []string
		for _, p := range places[:min(most, len(places))] {
			parts = append(parts, fmt.Sprint(p))
		}
		if more := len(places) - most; more > 0 {
			parts = append(parts, amount.Of(int64(more), "other", "others"))
		}
		say("objects of %s lie below %d prefixes: %s; whoever reads one of them reads a part", log, len(places), strings.Join(parts, ", "))
	}, `
		WITH each_log AS (
			SELECT load_balancer, regexp_extract(uri, '^(.*)AWSLogs/[0-9]{12}/', 1) AS prefix, min(interval_end) AS first_end, max(interval_end) AS last_end
			FROM listing WHERE contains(uri, 'AWSLogs/') AND interval_end IS NOT NULL GROUP BY load_balancer, kind, prefix
			QUALIFY count(*) OVER (PARTITION BY load_balancer, kind) > 1
		)
		SELECT load_balancer, list(coalesce(nullif(prefix, ''), 'no prefix') || ' (' || strftime(first_end, '%Y-%m-%d %H:%M') || ' to ' || strftime(last_end, '%Y-%m-%d %H:%M') || 'Z)' ORDER BY first_end, prefix)
		FROM (SELECT load_balancer, prefix, min(first_end) AS first_end, max(last_end) AS last_end FROM each_log GROUP BY ALL)
		GROUP BY load_balancer ORDER BY load_balancer LIMIT $1`, []any{&log, &places}, mostTold)
}
