package query

import (
	"sync"

	"github.com/duckdb/duckdb-go/v2"
)

// words is the coding of a column with few different texts, each of which has a
// number, from 1. All threads share them.
type words struct {
	column string

	mu      sync.RWMutex
	numbers map[string]uint16
	list    []string
	bytes   int
}

// What a column's words may take. Texts beyond that have no number.
const (
	mostWords     = 1<<16 - 1
	mostWordBytes = 1 << 20
)

func newWords(column string) *words { return &words{column: column, numbers: map[string]uint16{}} }

func (w *words) typ() duckdb.Type { return duckdb.TYPE_USMALLINT }

// sql looks the word up in the list of all, which table w has under the column's name.
func (w *words) sql(code string) string { return `w."` + w.column + `"[` + code + "]" }

// number is the word's number, given to it if it has none; 0 if there is no more room.
func (w *words) number(word []byte) uint16 {
	w.mu.RLock()
	n := w.numbers[string(word)]
	full := w.full(word)
	w.mu.RUnlock()
	if n != 0 || full {
		return n
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if n = w.numbers[string(word)]; n != 0 || w.full(word) {
		return n
	}
	own := string(word)
	w.list = append(w.list, own)
	w.bytes += len(own)
	n = uint16(len(w.list))
	w.numbers[own] = n
	return n
}

func (w *words) full(word []byte) bool {
	return len(w.list) == mostWords || w.bytes+len(word) > mostWordBytes
}

// coder remembers the words that it has seen, and the last one, since lines come in
// runs of the same.
func (w *words) coder() func(cell, []byte) bool {
	known := map[string]uint16{}
	var last, clean []byte
	var n uint16
	return func(c cell, b []byte) bool {
		if n == 0 || string(b) != string(last) {
			if n = known[string(b)]; n == 0 {
				clean = appendClean(clean[:0], b)
				if n = w.number(clean); n == 0 {
					return false
				}
				if len(clean) == len(b) { // nothing was escaped
					known[string(b)] = n
				}
			}
			last = append(last[:0], b...)
		}
		put(c, n, true)
		return true
	}
}
