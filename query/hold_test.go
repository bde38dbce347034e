package query

import (
	"context"
	"errors"
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

// ErrBroken is what a step ends with that is made to fail.
var ErrBroken = errors.New("broken")

// BreakAt returns a store whose transactions bring in so many objects each, and the
// n-th step of whose ingest fails.
func BreakAt(d Disk, n, objects int) Disk {
	d.seams = seams{objects: objects, step: func(string) error {
		if n--; n == 0 {
			return ErrBroken
		}
		return nil
	}}
	return d
}

// HoldPage bounds how many rows of a large result are held, until release is called.
func HoldPage(rows int) (release func()) {
	all := pageRows
	pageRows = rows
	return func() { pageRows = all }
}
