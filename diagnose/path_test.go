package diagnose

import (
	"strings"
	"testing"
	"time"

	"loglens/query"
)

// TestLogsHop: where the logs end is told once, and what else is to be said of them as well.
func TestLogsHop(t *testing.T) {
	newest := time.Date(2026, 11, 22, 11, 55, 0, 0, time.UTC)
	ends := query.NewestObject + "2026-11-22 11:55Z: what came after it is not there yet, or there was no traffic"
	checks := query.NewestObject + "2026-11-22 11:20Z: what came after it is not there yet, or there was no traffic"
	s := &Snapshot{Logs: &Logs{Access: true, Newest: newest, Warnings: []string{ends, "another thing", checks}}}
	evidence, _ := logsPass(newFacts(s))
	said := strings.Join(evidence, "; ")
	if strings.Count(said, "11:55") != 1 || !strings.Contains(said, "newest object ends 2026-11-22 11:55 UTC") || !strings.Contains(said, "another thing") || !strings.Contains(said, checks) {
		t.Errorf("the hop says %q", said)
	}
}
