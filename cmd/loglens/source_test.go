package main

import (
	"errors"
	"fmt"
	"testing"
)

// TestErrorsAreToldOneByOne: errors that were joined each get a line of their own, and
// what wraps several of them stays one.
func TestErrorsAreToldOneByOne(t *testing.T) {
	one, two := errors.New("open a: gone"), errors.New("open b: gone")
	for _, tt := range []struct {
		err  error
		want int
	}{
		{one, 1},
		{errors.Join(one, two), 2},
		{errors.Join(errors.Join(one, two), nil), 2},
		{fmt.Errorf("%w and %w", one, two), 1},
	} {
		if got := each(tt.err); len(got) != tt.want {
			t.Errorf("%q is told in %d parts, want %d", tt.err, len(got), tt.want)
		}
	}
}
