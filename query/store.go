package query

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/duckdb/duckdb-go/v2"
)

// Store holds what was read of the logs, for as long as the process lives. Load
// fills it, then reports read it. It is closed by whoever opened it.
type Store struct {
	db   *sql.DB
	conn *sql.Conn // for the appenders and the relations' registration
	temp string    // where DuckDB may spill

	failures, rejects *spool
	progress          Progress

	mu      sync.Mutex // guards what follows while workers load
	nodes   []string   // by object ID: the node's address by the object's name
	objects *duckdb.Appender
	counted *duckdb.Appender // traffic
	failing *duckdb.Appender // failure_minute
	first   error            // why an object could not be read
}

// Memory that the parts of a store may take, in bytes. What does not fit goes to
// temporary files.
const (
	spoolBudget  = 4 << 20
	rejectBudget = 1 << 20
	duckLimit    = "128MB"
)

// Open makes an empty store in memory. temp is the folder for temporary files,
// "" for the system's.
func Open(ctx context.Context, temp string) (_ *Store, err error) {
	if temp == "" {
		temp = os.TempDir()
	}
	s := &Store{
		temp:     filepath.Join(temp, fmt.Sprintf("loglens-%d-%x", os.Getpid(), rand.Uint64())),
		failures: &spool{budget: spoolBudget, dir: temp},
		rejects:  &spool{budget: rejectBudget, dir: temp},
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("open database: %w", err), s.Close())
		}
	}()
	c, err := duckdb.NewConnector("", nil)
	if err != nil {
		return nil, err
	}
	s.db = sql.OpenDB(c)
	if s.conn, err = s.db.Conn(ctx); err != nil {
		return nil, err
	}
	exec := func(q string) error {
		_, err := s.conn.ExecContext(ctx, q)
		return err
	}
	for _, q := range append(settings(s.temp), schema) {
		if err := exec(q); err != nil {
			return nil, err
		}
	}
	if err := newFailure(s.failures, s.node).register(s.conn, exec); err != nil {
		return nil, err
	}
	if err := newReject(s.rejects).register(s.conn, exec); err != nil {
		return nil, err
	}
	if s.objects, err = s.appender("object"); err != nil {
		return nil, err
	}
	if s.counted, err = s.appender("traffic"); err != nil {
		return nil, err
	}
	s.failing, err = s.appender("failure_minute")
	return s, err
}

// settings keep DuckDB offline, within its memory and within its folder.
func settings(temp string) []string {
	return []string{
		"SET autoinstall_known_extensions = false",
		"SET autoload_known_extensions = false",
		"SET allow_community_extensions = false",
		"SET TimeZone = 'UTC'",
		// Reports read counts, which one thread does in no time; more of them would
		// each take memory of their own.
		"SET threads = 1",
		"SET memory_limit = '" + duckLimit + "'",
		"SET temp_directory = '" + strings.ReplaceAll(temp, "'", "''") + "'",
		"SET preserve_insertion_order = false",
		"SET enable_external_access = false",
		"SET lock_configuration = true",
	}
}

func (s *Store) appender(table string) (a *duckdb.Appender, err error) {
	err = s.conn.Raw(func(c any) error {
		a, err = duckdb.NewAppenderFromConn(c.(driver.Conn), "", table)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("append to %s: %w", table, err)
	}
	return a, nil
}

// node returns the address of the balancer node that an object's name gives.
func (s *Store) node(object int32) string {
	if int(object) >= len(s.nodes) {
		return ""
	}
	return s.nodes[object]
}

// Close gives back memory and temporary files.
func (s *Store) Close() error {
	var errs []error
	for _, a := range []*duckdb.Appender{s.objects, s.counted, s.failing} {
		if a != nil {
			errs = append(errs, a.Close())
		}
	}
	s.objects, s.counted, s.failing = nil, nil, nil
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	errs = append(errs, s.failures.close(), s.rejects.close(), os.RemoveAll(s.temp))
	return errors.Join(errs...)
}

// EngineVersion returns the version of the embedded DuckDB.
func EngineVersion(ctx context.Context) (version string, err error) {
	s, err := Open(ctx, "")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	err = s.conn.QueryRowContext(ctx, "SELECT version()").Scan(&version)
	return version, err
}
