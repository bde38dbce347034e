package query

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loglens/parse"
)

// TestSpoolKeepsWhatIsCommitted plays objects of all sizes, committed or given
// up, against a plain list, with blocks in memory and in the file.
func TestSpoolKeepsWhatIsCommitted(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		s := &spool{budget: rapid.SampledFrom([]int64{0, 40_000, 1 << 30}).Draw(rt, "budget"), dir: dir}
		workers := []*spooler{{spool: s}, {spool: s}}
		var want []string
		for object := range rapid.IntRange(1, 12).Draw(rt, "objects") {
			w := workers[rapid.IntRange(0, 1).Draw(rt, "worker")]
			size := rapid.SampledFrom([]int{0, 1, 700, 60_000, blockBytes + 10}).Draw(rt, "size")
			var lines []string
			for line := range rapid.IntRange(0, 9).Draw(rt, "lines") {
				r := record{object: int32(object), line: int64(line), offset: 7, at: int64(line) - 3, verdict: verdict{line%3 == 0, parse.ClassPolicy, parse.Logged, []byte("why")}, client: []byte("192.0.2.1"), raw: bytes.Repeat([]byte{byte('a' + line)}, size)}
				if err := w.add(r); err != nil {
					rt.Fatal(err)
				}
				lines = append(lines, spell(r))
			}
			if rapid.Bool().Draw(rt, "whole") {
				if err := w.commit(); err != nil {
					rt.Fatal(err)
				}
				want = append(want, lines...)
			} else {
				w.rollback()
			}
		}
		for _, w := range workers {
			if err := w.flush(); err != nil {
				rt.Fatal(err)
			}
		}
		got := readAll(rt, s)
		slices.Sort(want)
		if diff := gocmp.Diff(want, got); diff != "" {
			rt.Errorf("(-want +got):\n%s", diff)
		}
		var inside int64
		for _, b := range s.blocks {
			inside += int64(len(b.data))
		}
		if s.inside != inside {
			rt.Errorf("%d bytes count as being in memory, %d are", s.inside, inside)
		}
		if n := s.rows(); n != int64(len(want)) {
			rt.Errorf("%d rows, want %d", n, len(want))
		}
		if err := s.close(); err != nil {
			rt.Error(err)
		}
	})
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func spell(r record) string {
	return fmt.Sprint(r.object, r.line, r.offset, r.at, r.verdict.failed, r.verdict.class, r.verdict.source, string(r.verdict.why), string(r.client), len(r.raw), string(r.raw[:min(1, len(r.raw))]))
}

// readAll reads a spool with two cursors that share the blocks.
func readAll(t *rapid.T, s *spool) []string {
	source := s.share()
	var got []string
	for range 2 {
		c := cursor{source: source(), whole: true}
		for {
			r, ok, err := c.read()
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			got = append(got, spell(r))
		}
	}
	slices.Sort(got)
	return got
}
