package parse

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

// everyByte gives f texts of the characters of a pattern, in which 0 stands for any digit,
// with each byte at each place, and with two wrong bytes.
func everyByte(pattern string, f func(text []byte)) {
	rnd := rand.New(rand.NewPCG(8, 8))
	text := []byte(pattern)
	for range 20 {
		for at := range text {
			for c := range 256 {
				for i := range text {
					if text[i] = pattern[i]; pattern[i] == '0' {
						text[i] = '0' + byte(rnd.IntN(10))
					}
				}
				text[at] = byte(c)
				f(text)
				text[rnd.IntN(len(text))] = byte(rnd.IntN(256))
				f(text)
			}
		}
	}
}

func TestDigits(t *testing.T) {
	everyByte("00000000", func(text []byte) {
		want, err := strconv.ParseUint(string(text), 10, 64)
		got, ok := digits(binary.LittleEndian.Uint64(text))
		if ok != (err == nil) || ok && got != int64(want) {
			t.Fatalf("%q: %d, %v; want %d, %v", text, got, ok, want, err)
		}
	})
}

func TestThreeTimes(t *testing.T) {
	three := regexp.MustCompile(`^[0-9]\.[0-9]{3} [0-9]\.[0-9]{3} [0-9]\.[0-9]{3}$`)
	everyByte("0.000 0.000 0.000", func(text []byte) {
		if got, want := threeTimes(text), three.Match(text); got != want {
			t.Fatalf("%q: %v", text, got)
		}
		if threeTimes(text[:16]) || threeTimes(append(slices.Clone(text), text[0])) {
			t.Fatalf("%q cut off, or with one character more", text)
		}
	})
}

func TestNumeric(t *testing.T) {
	rnd := rand.New(rand.NewPCG(9, 9))
	everyByte("000.000:000..000:0000000", func(text []byte) {
		for n := -1; n <= shortAddress+1; n++ {
			want := n > 0 && n <= shortAddress
			for i := range max(min(n, shortAddress), 0) {
				want = want && bytes.IndexByte([]byte("0123456789.:"), text[i]) >= 0
			}
			if got := numeric(text, n); got != want {
				t.Fatalf("%q, %d characters: %v", text, n, got)
			}
		}
		if n := rnd.IntN(shortAddress); numeric(text[:n], n) {
			t.Fatalf("%q: no room for whole words", text[:n])
		}
	})
}

// TestUsualFields holds what is read eight characters at a time against what reads one.
func TestUsualFields(t *testing.T) {
	rnd := rand.New(rand.NewPCG(10, 10))
	for _, word := range []string{"0", "00", "000", "0000", "0000000", "00000000", "000000000", "-", "-1"} {
		everyByte(word, func(text []byte) {
			before := bytes.Repeat([]byte{byte(rnd.IntN(256))}, rnd.IntN(10))
			var e Access
			e.raw = append(append(before, text...), ' ')
			e.span[0] = span{uint32(len(before)), uint32(len(before) + len(text))}
			got, ok := e.size(0)
			if want, wanted := integer(text); ok != wanted || ok && got != want {
				t.Fatalf("size %q: %d, %v; want %d, %v", text, got, ok, want, wanted)
			}
			code, ok := status(text)
			want, err := strconv.ParseUint(string(text), 10, 64)
			absent := string(text) == "-"
			if wanted := absent || err == nil && len(text) <= 3; ok != wanted || ok && !absent && code != int(want) || absent && code != Absent {
				t.Fatalf("status %q: %d, %v; want %d, %v", text, code, ok, want, wanted)
			}
		})
	}
	var usual clock
	// Without a 0 in front, which stands for any digit: the usual clock knows the minute.
	everyByte("2126-11-22T13:45:00.000000Z", func(text []byte) {
		var slow clock
		want, wanted := slow.micros(text)
		got, ok := usual.usual(text)
		if ok != wanted || ok && got != want {
			t.Fatalf("%q: %d, %v; want %d, %v", text, got, ok, want, wanted)
		}
	})
}
