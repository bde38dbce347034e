package query

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/duckdb/duckdb-go/v2"
)

// MemoryError says that DuckDB needs more memory for an answer, or for an ingest, than it
// is given.
type MemoryError struct {
	Limit  int64  // bytes that it is given
	Need   string // what it could not have, in DuckDB's words
	Ingest bool   // which has no flag for it
	Err    error
}

func (e *MemoryError) Error() string {
	what := "answer"
	if e.Ingest {
		what = "ingest"
	}
	return fmt.Sprintf("the %s needs more memory than the %s it may take: %s", what, inUnits(e.Limit), e.Need)
}
func (e *MemoryError) Unwrap() error { return e.Err }

// Hint says how to ask for less, or to give more. DuckDB's own advice is about settings
// that are closed.
func (e *MemoryError) Hint() string {
	if e.Ingest {
		return "a shorter window or --lb takes less; what is in the store already stays"
	}
	return fmt.Sprintf("--memory-limit %dGB gives it more; a shorter window or --lb takes less", max(1, 4*e.Limit/1_000_000_000))
}

// outOfRoom is our own error for DuckDB's when it had too little memory, or too little
// disk for its temporary files; nil for other errors.
func (s *Store) outOfRoom(err error) error {
	var refused *duckdb.Error
	if !errors.As(err, &refused) {
		return nil
	}
	if strings.Contains(refused.Msg, "max_temp_directory_size") || noRoom(err, s.temp.path) != nil && strings.Contains(refused.Msg, s.temp.path) {
		return fmt.Errorf("temporary files of the database: %w", &fs.PathError{Op: "write", Path: s.temp.path, Err: syscall.ENOSPC})
	}
	if refused.Type != duckdb.ErrorTypeOutOfMemory && !strings.Contains(refused.Msg, noBlock) {
		return nil
	}
	need, _, _ := strings.Cut(refused.Msg, "\n")
	return &MemoryError{Limit: s.memory, Need: strings.TrimPrefix(need, "Out of Memory Error: "), Ingest: s.keeping != nil, Err: err}
}

// noBlock is in errors of other types: DuckDB calls a checkpoint for which memory lacked
// a fault of the file.
const noBlock = "could not allocate block"
