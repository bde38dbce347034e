package query

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"sync/atomic"

	"github.com/duckdb/duckdb-go/v2"
)

// Nearly all of what DuckDB does to store whole requests in a table it does to
// their texts, and nearly all of those are one of a few words, or hexadecimal
// digits. They are stored as codes, and a view makes the texts of them again, see
// table. A text that its column's coding has no code for stands as it is in one more
// column, odd: nothing is lost, and nothing is an error.

// coding is how a column's texts are coded.
type coding interface {
	typ() duckdb.Type // of the codes
	// coder is for one thread. It stores the code of a text, or returns false.
	coder() func(c cell, text []byte) bool
	// sql is the text of a code; NULL of NULL.
	sql(code string) string
}

// codingOf chooses how a column's texts are coded, nil for not at all: where hardly
// two are the same.
func codingOf(column string) coding {
	switch column {
	case "request", "redirect_url", "transformed_uri", "raw":
		return nil
	case "client_ip":
		return ipv4{}
	case "trace_id":
		return hexadecimal{"Root=1-", 8}
	case "conn_trace_id":
		return hexadecimal{"TID_", 0}
	}
	return newWords(column)
}

// coded is a column whose texts are coded.
type coded struct {
	column string
	coding
	odd atomic.Bool // some text has no code
}

// coder is one thread's part of a coded column.
type coder struct {
	*coded
	put func(c cell, text []byte) bool
}

// text stores the code of b, or NULL if there is none, and b beside it.
func (k *coder) text(c cell, b []byte) {
	if k.put(c, b) {
		return
	}
	k.odd.Store(true)
	c.null()
	c.arena.odd = append(append(append(c.arena.odd, 0), k.column...), '=')
	c.arena.odd = appendClean(c.arena.odd, b)
}

// oddColumn is where the texts of a row are that have no code: NUL, the column's
// name, = and the text, for each. No text has a NUL in it, see appendClean.
const oddColumn = "odd"

// odd stores the texts of the row that have no code.
func (c cell) odd() {
	if len(c.arena.odd) == 0 {
		c.null()
		return
	}
	c.bytes(c.arena.keep(c.arena.odd))
	c.arena.odd = c.arena.odd[:0]
}

// sql is the text of the column, in SQL.
func (k *coded) sql() string {
	text := k.coding.sql(`c."` + k.column + `"`)
	if !k.odd.Load() {
		return text
	}
	mark := "chr(0) || " + quoted(k.column+"=")
	return "coalesce(" + text + ", CASE WHEN contains(c.odd, " + mark + ") THEN split_part(split_part(c.odd, " + mark + ", 2), chr(0), 1) END)"
}

// hexadecimal is the coding of 32 lower-case digits behind a prefix, with a hyphen
// behind so many of them, as UUID.
type hexadecimal struct {
	prefix string
	hyphen int // 0 for none
}

func (h hexadecimal) typ() duckdb.Type { return duckdb.TYPE_UUID }

func (h hexadecimal) coder() func(cell, []byte) bool {
	return func(c cell, b []byte) bool {
		if len(b) != len(h.prefix)+32+min(h.hyphen, 1) || string(b[:len(h.prefix)]) != h.prefix {
			return false
		}
		b = b[len(h.prefix):]
		first, rest := b[:h.hyphen], b[h.hyphen:]
		if h.hyphen > 0 {
			if rest[0] != '-' {
				return false
			}
			rest = rest[1:]
		}
		var id [2]uint64 // the upper half and the lower
		n := 0
		for _, digits := range [...][]byte{first, rest} {
			for _, d := range digits {
				v := hexDigits[d]
				if v < 0 {
					return false
				}
				id[n/16] = id[n/16]<<4 | uint64(v)
				n++
			}
		}
		put(c, [2]uint64{id[1], id[0] ^ 1<<63}, true) // DuckDB's form: the lower half first, and the number signed
		return true
	}
}

func (h hexadecimal) sql(code string) string {
	digits := "replace(" + code + "::VARCHAR, '-', '')"
	if h.hyphen > 0 {
		digits = fmt.Sprintf("left(%s, %d) || '-' || substr(%s, %d)", digits, h.hyphen, digits, h.hyphen+1)
	}
	return quoted(h.prefix) + " || " + digits
}

// hexDigits are the values of the lower-case digits, -1 for all else.
var hexDigits = func() (values [256]int8) {
	for i := range values {
		values[i] = -1
	}
	for v, d := range "0123456789abcdef" {
		values[d] = int8(v)
	}
	return values
}()

// ipv4 is the coding of an IPv4 address, as a number.
type ipv4 struct{}

func (ipv4) typ() duckdb.Type { return duckdb.TYPE_UINTEGER }

func (ipv4) coder() func(cell, []byte) bool {
	return func(c cell, b []byte) bool {
		addr, err := netip.ParseAddr(string(b)) // knows no leading zeros, which no code would give again
		if err != nil || !addr.Is4() {
			return false
		}
		four := addr.As4()
		put(c, binary.BigEndian.Uint32(four[:]), true)
		return true
	}
}

func (ipv4) sql(code string) string {
	part := func(shift string) string { return "((" + code + shift + ") & 255)::VARCHAR" }
	return part(" >> 24") + " || '.' || " + part(" >> 16") + " || '.' || " + part(" >> 8") + " || '.' || " + part("")
}
