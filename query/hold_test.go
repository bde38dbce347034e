package query

import (
	"context"
	"testing"
)

// Hold holds a store as an ingest does.
func Hold(t *testing.T, d Disk) (release func()) {
	t.Helper()
	l, err := d.lock(context.Background(), ingestingLock, false)
	if err != nil {
		t.Fatal(err)
	}
	return func() { _ = l.Unlock() }
}
