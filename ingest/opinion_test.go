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

// once is an origin that cannot be read again, such as standard input.
type once struct{ memory }

func (once) again() bool { return false }

// unasked reads an object of one line, for which our decoder must not be asked.
func unasked(t *testing.T, o *Object, z *Inflater, wrong *wrongMember) {
	t.Helper()
	r, err := o.Content(context.Background(), z)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(r); err != nil || string(text) != "a line\n" || wrong.resets > 0 {
		t.Errorf("%q, error %v, our decoder asked %d times; want the line, and 0 times", text, err, wrong.resets)
	}
}

// What cannot be read twice gets no second opinion, so the library is asked at once.
func TestObjectReadOnce(t *testing.T) {
	z, wrong := NewInflater(), new(wrongMember)
	z.fast = wrong
	o := &Object{URI: "-", Size: -1, origin: once{pack(t, []byte("a line\n"))}}
	defer o.Close()
	unasked(t, o, z, wrong)
}

// Under DecoderKlauspost our decoder is not asked at all.
func TestObjectDecoder(t *testing.T) {
	z, wrong := NewInflater(), new(wrongMember)
	z.fast = wrong
	z.Use(DecoderKlauspost)
	o := &Object{URI: "object", Size: -1, origin: memory(pack(t, []byte("a line\n")))}
	defer o.Close()
	unasked(t, o, z, wrong)
	z.Use(DecoderOwn)
	if err := z.Reset(bytes.NewReader(pack(t, nil))); err != nil || wrong.resets != 1 {
		t.Errorf("error %v, our decoder asked %d times after Use(DecoderOwn), want once", err, wrong.resets)
	}
}

func TestParseDecoder(t *testing.T) {
	for name, want := range map[string]Decoder{"": DecoderOwn, "own": DecoderOwn, "klauspost": DecoderKlauspost} {
		if got, err := ParseDecoder(name); err != nil || got != want {
			t.Errorf("ParseDecoder(%q) = %v, %v; want %v", name, got, err, want)
		}
	}
	for _, name := range []string{"Klauspost", "zlib", "own "} {
		if got, err := ParseDecoder(name); err == nil {
			t.Errorf("ParseDecoder(%q) = %v, want an error", name, got)
		}
	}
}
