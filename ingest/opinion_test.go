package ingest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"loglens/ingest/inflate"
)

// wrongMember finds damage everywhere.
type wrongMember struct{ resets int }

func (m *wrongMember) Reset(*bufio.Reader) error { m.resets++; return nil }

func (m *wrongMember) Read([]byte) (int, error) { return 0, inflate.ErrCorrupt }

// memory is an origin that can be read again.
type memory []byte

func (m memory) open(context.Context, *Object, *chunks) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(m)), nil
}
func (memory) again() bool { return true }
func (memory) ahead() bool { return false }

// A bug of our decoder must not fail an object that klauspost/compress can
// read, and must not slow the object after it.
func TestObjectSecondOpinion(t *testing.T) {
	ctx, z, wrong := context.Background(), NewInflater(), new(wrongMember)
	z.fast = wrong
	for i := range 2 {
		o := &Object{URI: "object", Size: -1, origin: memory(pack(t, []byte("a line\n")))}
		r, err := o.Content(ctx, z)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = io.ReadAll(r); !errors.Is(err, ErrDamaged) {
			t.Fatalf("object %d: error %v, want ErrDamaged", i, err)
		}
		if !o.Restart(ctx, err) {
			t.Fatalf("object %d: no second reading", i)
		}
		if r, err = o.Content(ctx, z); err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil || string(text) != "a line\n" {
			t.Errorf("object %d: %q, error %v; want the line", i, text, err)
		}
		if wrong.resets != i+1 {
			t.Errorf("object %d: our decoder was asked %d times, want %d", i, wrong.resets, i+1)
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
