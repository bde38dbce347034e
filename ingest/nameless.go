package ingest

import (
	"errors"
	"fmt"
	"os"
)

// NamelessFile creates a temporary file in dir, "" for the system's folder of
// them, and removes its name: it vanishes with the process, however that ends.
// The caller closes it.
func NamelessFile(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "loglens-*")
	if err != nil {
		return nil, fmt.Errorf("create temporary file: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, fmt.Errorf("create temporary file: %w", errors.Join(err, f.Close()))
	}
	return f, nil
}
