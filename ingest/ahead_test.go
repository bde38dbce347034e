package ingest_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"loglens/ingest"
)

// TestAhead: whenever the reading ahead begins, the same bytes come out, and the same
// error behind them, for readers that give much, little, or data together with io.EOF.
func TestAhead(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	text := make([]byte, 3<<20)
	for i := range text {
		text[i] = byte(rnd.Uint32())
	}
	broken := errors.New("broken")
	var a ingest.Ahead
	for _, begin := range []int{0, 1, 7, 1 << 30} {
		for name, source := range map[string]func(io.Reader) io.Reader{
			"plain": func(r io.Reader) io.Reader { return r }, "half": iotest.HalfReader, "data with EOF": iotest.DataErrReader,
			"broken": func(r io.Reader) io.Reader {
				return io.MultiReader(r, iotest.ErrReader(broken))
			},
		} {
			asked := 0
			a.Reset(source(bytes.NewReader(text)), func() bool { asked++; return asked > begin })
			got, err := io.ReadAll(&a)
			if !bytes.Equal(got, text) {
				t.Errorf("%s, ahead from read %d on: other text", name, begin)
			}
			if want := name == "broken"; errors.Is(err, broken) != want || !want && err != nil {
				t.Errorf("%s, ahead from read %d on: %v", name, begin, err)
			}
			if n, again := a.Read(make([]byte, 1)); n != 0 || again == nil {
				t.Errorf("%s: %d bytes and %v after the end", name, n, again)
			}
		}
	}
}

// touched counts reads of a text without end.
type touched struct{ reads atomic.Int64 }

func (r *touched) Read(p []byte) (int, error) {
	r.reads.Add(1)
	return len(p), nil
}

// TestAheadStop: after Stop, and after Reset, nobody reads the source any more.
func TestAheadStop(t *testing.T) {
	var a ingest.Ahead
	always := func() bool { return true }
	for range 50 {
		var first, second touched
		a.Reset(&first, always)
		if _, err := a.Read(make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		a.Reset(&second, always)
		after := first.reads.Load()
		if _, err := a.Read(make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		a.Stop()
		last := second.reads.Load()
		if first.reads.Load() != after || second.reads.Load() != last || after == 0 || last == 0 {
			t.Fatal("a source was read after it was given up, or never")
		}
	}
}

// reads is a text whose reads take as long as somebody wants.
type reads chan struct{}

func (r reads) Read(p []byte) (int, error) {
	<-r
	return len(p), nil
}

// TestAheadStopWaits: Stop returns when nobody is within the source any more.
func TestAheadStopWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a ingest.Ahead
		source, stopped := make(reads, 1), false
		source <- struct{}{}
		a.Reset(source, func() bool { return true })
		if _, err := a.Read(make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // until the second block is being read
		go func() {
			a.Stop()
			stopped = true
		}()
		synctest.Wait()
		if stopped {
			t.Error("Stop did not wait for the source")
		}
		close(source)
		synctest.Wait()
		if !stopped {
			t.Error("Stop waits for ever")
		}
	})
}
