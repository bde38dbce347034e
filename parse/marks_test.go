package parse

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// eachWay runs f with the processor's vectors, if it has some, and without.
func eachWay(t testing.TB, f func(how string)) {
	t.Helper()
	ways := []struct {
		how string
		has *bool
		had bool
	}{{"NEON", &hasNEON, hasNEON}, {"AVX2", &hasAVX2, hasAVX2}, {"AVX-512", &hasAVX512, hasAVX512}}
	defer func() {
		for _, w := range ways {
			*w.has = w.had
		}
	}()
	for _, w := range ways {
		*w.has = false
	}
	f("without vectors")
	for _, w := range ways {
		if *w.has = w.had; w.had {
			f(w.how)
		}
		*w.has = false
	}
}

// plainly is mark, byte by byte: where the fields of a plain line end, and how long it is.
func plainly(text []byte) (ends []int, length int, plain bool) {
	length = bytes.IndexByte(text[:min(len(text)/markBlock, markWords)*markBlock], '\n')
	if length < 0 {
		return nil, -1, false
	}
	line := text[:length]
	for from := 0; ; {
		to := from
		if from < length && line[from] == '"' {
			for to++; to < length && line[to] != '"'; to++ {
			}
			if to == length || line[to-1] == '\\' {
				return nil, length, false
			}
			to++
		} else {
			for ; to < length && line[to] != ' '; to++ {
				if line[to] == '"' {
					return nil, length, false
				}
			}
		}
		if to == from || to < length && line[to] != ' ' {
			return nil, length, false
		}
		if to == length {
			return ends, length, true
		}
		ends = append(ends, to)
		from = to + 1
	}
}

// sameMarks holds mark against plainly.
func sameMarks(t testing.TB, text []byte) (plain bool) {
	t.Helper()
	wantEnds, wantLength, wantPlain := plainly(text)
	eachWay(t, func(how string) {
		var m marks
		for i := range m {
			m[i] = 0xdeadbeef // what an earlier line has left
		}
		length, plain := m.mark(text)
		if length != wantLength || length >= 0 && plain != wantPlain {
			t.Fatalf("%s: %q: %d bytes, plain %v; want %d, %v", how, text, length, plain, wantLength, wantPlain)
		}
		if length < 0 || !plain {
			return
		}
		var ends []int
		for i := range (length/markBlock + 1) * markBlock {
			if m[i/markBlock]>>(i%markBlock)&1 != 0 {
				ends = append(ends, i)
			}
		}
		if !slices.Equal(ends, wantEnds) {
			t.Fatalf("%s: %q: fields end at %v, want %v", how, text, ends, wantEnds)
		}
	})
	return wantPlain
}

// sameFields holds the fields of a line against plainly.
func sameFields(t testing.TB, text []byte) {
	t.Helper()
	ends, length, plain := plainly(text)
	var want []span
	if plain && length > 0 && len(ends) < Fields {
		from := 0
		for _, to := range append(ends, length) {
			want = append(want, field(text, from, to))
			from = to + 1
		}
	}
	eachWay(t, func(how string) {
		var r reader
		got, ok := r.fields(text)
		if ok != (want != nil) || ok && (got != length || !slices.Equal(r.access.span[:r.access.n], want)) {
			t.Fatalf("%s: %q: %v in %d bytes, want %v in %d", how, text, r.access.span[:r.access.n], got, want, length)
		}
	})
	if !takes(want) || bytes.Contains(text[:max(length, 0)], []byte{'\\'}) {
		want, length = nil, 0
	}
	same := func(how string, has bool, split func(*[maxFields + spareFields]span, []byte) (int, int)) {
		if !has {
			return
		}
		var e Access
		for i := range e.span {
			e.span[i] = span{0xdeadbeef, 0xdeadbeef} // what an earlier line has left
		}
		got, n := split(&e.span, text[:min(len(text), markWords*markBlock)])
		if n != len(want) || n > 0 && (got != length || !slices.Equal(e.span[:n], want)) {
			t.Fatalf("%s: %q: %v in %d bytes, want %v in %d", how, text, e.span[:n], got, want, length)
		}
	}
	same("AVX2", hasAVX2, splitAVX2)
	same("AVX-512", hasAVX512, splitAVX512)
}

// takes reports whether these fields are cut at once: none is empty, and no block has more
// than 32 of their beginnings and ends.
func takes(fields []span) bool {
	var ends [markWords]int
	for _, s := range fields {
		if s.from == s.to {
			return false
		}
		ends[s.from/markBlock]++
		ends[s.to/markBlock]++
	}
	return slices.Max(ends[:]) <= 32
}

// inventedText is made of words that a line is made of, some of them odd, so that they
// meet at the borders of blocks.
func inventedText(rnd *rand.Rand, odd int) []byte {
	var b []byte
	for len(b) < rnd.IntN(6*markBlock) {
		switch word := rnd.IntN(100); {
		case word < odd:
			b = append(b, [...]string{`"`, `\"`, ` `, `""`, "\\", "\r", "\x00", "\xff", `"a"b"`, "\n"}[rnd.IntN(10)]...)
		case word < 40:
			b = append(b, `"-"`...)
		case word < 60:
			b = append(append(append(b, '"'), bytes.Repeat([]byte("x "), rnd.IntN(70))...), `y"`...)
		default:
			b = append(b, bytes.Repeat([]byte{'z'}, 1+rnd.IntN(70))...)
		}
		if rnd.IntN(200) >= odd {
			b = append(b, ' ')
		}
	}
	b = bytes.TrimSuffix(b, []byte{' '})
	if rnd.IntN(10) > 0 {
		b = append(b, '\n')
	}
	return append(b, inventedBlock(rnd)...)
}

// inventedBlock is what may lie behind a line.
func inventedBlock(rnd *rand.Rand) []byte {
	b := make([]byte, rnd.IntN(3*markBlock))
	for i := range b {
		b[i] = "\" \\\na"[rnd.IntN(5)]
	}
	return b
}

// TestMarks holds all ways to mark and to cut that the processor has against the obvious one.
func TestMarks(t *testing.T) {
	t.Logf("this processor has NEON: %v, AVX2: %v, AVX-512: %v", hasNEON, hasAVX2, hasAVX512)
	rnd := rand.New(rand.NewPCG(3, 3))
	plain := 0
	const texts = 60_000
	for i := range texts {
		text := inventedText(rnd, i%3*2)
		if sameMarks(t, text) {
			plain++
		}
		sameFields(t, text)
	}
	if plain < texts/5 || plain > texts*4/5 {
		t.Errorf("%d of %d lines are plain: the texts are not mixed", plain, texts)
	}
	for _, text := range [][]byte{
		nil,
		bytes.Repeat([]byte("a "), markWords*markBlock), // longer than there are marks
		append(bytes.Repeat([]byte("a "), Fields), "a\n"...),
		append(bytes.Repeat([]byte(`"" `), Fields-1), "a\n"...),
	} {
		for range markBlock {
			sameMarks(t, text)
			sameFields(t, text)
			text = append([]byte("a"), text...)
		}
	}
}

func FuzzMarks(f *testing.F) {
	rnd := rand.New(rand.NewPCG(5, 5))
	for range 20 {
		f.Add(inventedText(rnd, 5))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		sameMarks(t, text)
		sameFields(t, text)
	})
}
