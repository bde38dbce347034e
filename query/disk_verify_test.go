package query_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loglens/ingest"
	"loglens/internal/demo"
	"loglens/query"
)

// TestVerifyFinds: whatever of a store is not what was put in is found, also where DuckDB
// reads every block without complaint.
func TestVerifyFinds(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	if _, err := demo.Write(ctx, dir, demo.Options{Seed: 31, End: end, Lines: 3000, Span: 10 * time.Minute, Oddities: true}); err != nil {
		t.Fatal(err)
	}
	disk := query.Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
	ingested(t, disk, dir, ingest.Plan{}, true)
	sound, err := os.ReadFile(disk.Path)
	if err != nil {
		t.Fatal(err)
	}
	const one = " WHERE rowid = (SELECT min(rowid) FROM "
	for change, want := range map[string]string{
		"": "",
		"INSERT INTO object SELECT * REPLACE (object_id + 100000 AS object_id) FROM object LIMIT 1":                                          "1 objects twice",
		"INSERT INTO object SELECT * REPLACE (identity || 'x' AS identity) FROM object LIMIT 1":                                              "1 numbers of objects twice",
		"DELETE FROM place" + one + "place)":                                                                                                 "1 objects without a place in the order, or places without an object",
		"INSERT INTO place VALUES (100000, 100000)":                                                                                          "1 objects without a place in the order, or places without an object",
		"DELETE FROM object WHERE object_id = (SELECT min(object_id) FROM traffic)":                                                          "1 objects in traffic that the ledger does not know or could not read",
		"UPDATE object SET status = 'failed' WHERE object_id = (SELECT min(object_id) FROM line_block)":                                      "1 objects in line_block that the ledger does not know or could not read",
		"UPDATE accounting SET lines = lines + 1" + one + "accounting)":                                                                      "1 logs whose lines are not parsed, rejected or skipped",
		"UPDATE entry_minute SET parsed = parsed + 1" + one + "entry_minute)":                                                                "1 logs with other entries than the ledger counts",
		"DELETE FROM entry_minute WHERE object_id = (SELECT min(object_id) FROM entry_minute)":                                               "1 logs with other entries than the ledger counts",
		"DELETE FROM line_block WHERE relation = 'reject' AND object_id = (SELECT min(object_id) FROM line_block WHERE relation = 'reject')": "1 objects with other damaged lines than the ledger counts",
		"UPDATE traffic SET requests = requests + 1" + one + "traffic)":                                                                      "1 objects with other requests than the ledger counts",
		"DELETE FROM traffic WHERE object_id = (SELECT min(object_id) FROM traffic)":                                                         "1 objects with other requests than the ledger counts",
		"UPDATE node_minute SET requests = requests - 1" + one + "node_minute)":                                                              "1 objects with other requests of nodes than the ledger counts",
		"DELETE FROM line_block" + one + "line_block WHERE relation = 'request')":                                                            "1 objects with other whole requests than the ledger counts",
		"UPDATE failure_minute SET failures = failures + 1" + one + "failure_minute)":                                                        "1 objects with other failures than were counted",
		"DELETE FROM line_block" + one + "line_block WHERE relation = 'failure')":                                                            "1 objects with other failures than were counted",
		"DELETE FROM line_block" + one + "line_block WHERE relation = 'connection')":                                                         "1 objects with other rows in connection than the ledger counts",
		"DELETE FROM line_block" + one + "line_block WHERE relation = 'health_check')":                                                       "1 objects with other rows in health_check than the ledger counts",
		"DELETE FROM line_block" + one + "line_block WHERE relation = 'nlb_tls')":                                                            "1 objects with other rows in nlb_tls than the ledger counts",
		"UPDATE line_block SET lines = lines + 1" + one + "line_block WHERE relation = 'failure')":                                           "lines in failure where its blocks say",
		"UPDATE line_block SET lines = lines - 1" + one + "line_block WHERE relation = 'reject')":                                            "lines in reject where its blocks say",
		"UPDATE line_block SET relation = 'connection'" + one + "line_block WHERE relation = 'request')":                                     "it is damaged",
	} {
		if err := os.WriteFile(disk.Path, sound, 0o600); err != nil {
			t.Fatal(err)
		}
		if change != "" {
			db, err := sql.Open("duckdb", disk.Path)
			if err != nil {
				t.Fatal(err)
			}
			done, err := db.ExecContext(ctx, change)
			if err == nil {
				if n, _ := done.RowsAffected(); n == 0 {
					t.Errorf("%s: changes nothing", change)
				}
			}
			if err := errors.Join(err, db.Close()); err != nil {
				t.Fatalf("%s: %v", change, err)
			}
		}
		wrong, err := query.Verify(ctx, t.TempDir(), disk)
		said := strings.Join(wrong, "\n")
		if err != nil {
			said += err.Error()
		}
		if want == "" && said != "" || !strings.Contains(said, want) {
			t.Errorf("%s: %q, want %q", change, said, want)
		}
	}
}
