package parse

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// fast reads a whole stream with the scanner and copies what it says.
func fast(s *Scanner, r io.Reader, hint Kind) ([]record, error) {
	var records []record
	s.Reset(r, hint)
	for at := int64(0); s.Scan(); at = s.Offset() {
		rec := record{Line: s.Line(), Offset: at, Kind: s.Kind(), Header: s.Header()}
		if d := s.Damage(); d != nil {
			rec.Line, rec.Offset, rec.Cause, rec.Raw = d.Line, d.Offset, d.Cause.String(), string(d.Raw)
		}
		if e := s.Access(); e != nil {
			rec.Kind = e.Kind()
			rec.access(e)
		}
		if e := s.Entry(); e != nil {
			rec.Kind = e.Kind
			rec.entry(e)
		}
		records = append(records, rec)
	}
	return records, s.Err()
}

func (r *record) access(e *Access) {
	width := e.Width()
	r.Raw, r.Extra, r.Time = string(e.Raw()), e.Extra, e.Time
	for f := range Field(width) {
		r.Fields = append(r.Fields, string(e.Field(f)))
	}
	q := &r.Request
	q.Statuses = [2]int{e.ELBStatus, e.TargetStatus}
	q.Bytes = [2]int64{e.Received, e.Sent}
	for i := range q.Seconds {
		q.Seconds[i] = e.Seconds(FieldRequestTime + Field(i))
	}
	if v, failed := e.Classify(); failed {
		q.Reason = string(v.Reason) + " " + v.Class.String() + " " + v.Source.String()
	}
	verb, url, protocol := e.RequestLine()
	q.RequestLine = [3]string{string(verb), string(url), string(protocol)}
	ip, port := e.Addr(FieldClient)
	q.Client = [2]string{string(ip), string(port)}
	ip, port = e.Addr(FieldTarget)
	q.Target = [2]string{string(ip), string(port)}
}

func (r *record) entry(e *Entry) {
	r.Raw, r.Extra, r.Time = string(e.Raw()), e.Extra, e.Time
	for i := range e.Width() {
		ip, port := e.Addr(i)
		r.Fields = append(r.Fields, string(e.Field(i)))
		r.Numbers = append(r.Numbers, number{e.Seconds(i), e.Integer(i), [2]string{string(ip), string(port)}})
	}
}

// again reads the kept line of an entry once more, as whoever keeps lines does.
func (r record) again(p *Parser) record {
	again := record{Line: r.Line, Offset: r.Offset}
	if e := p.Parse([]byte(r.Raw)); e != nil {
		again.Kind = e.Kind()
		again.access(e)
	}
	if e := p.Entry([]byte(r.Raw)); e != nil {
		again.Kind = e.Kind
		again.entry(e)
	}
	return again
}

// agree fails unless the scanner and the naive parser say the same about the
// text, however the reader cuts it and whatever the scanner has read before, and
// unless every kept line says the same again.
func agree(t fataler, s *Scanner, text string, hint Kind, chunks *rand.Rand) {
	naively(text, hint).agree(t, s, chunks)
}

type fataler interface{ Fatalf(string, ...any) }

// understood is what the naive parser says of a text.
type understood struct {
	text    string
	hint    Kind
	want    []record
	warning string
}

func naively(text string, hint Kind) understood {
	want, warning := naive(text, hint)
	return understood{text, hint, want, warning}
}

func (u understood) agree(t fataler, s *Scanner, chunks *rand.Rand) {
	for name, r := range map[string]io.Reader{
		"whole":       strings.NewReader(u.text),
		"with EOF":    iotest.DataErrReader(strings.NewReader(u.text)),
		"chunks":      &chunked{text: u.text, sizes: chunks},
		"chunks, EOF": &chunked{text: u.text, sizes: chunks, early: true},
	} {
		got, err := fast(s, r, u.hint)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(u.want, got) { // cmp.Diff takes long where nothing differs, too
			t.Fatalf("%s: scanner and naive parser disagree on %q as %s (-naive +scanner):\n%s", name, u.text, u.hint, cmp.Diff(u.want, got))
		}
		if s.Line() != int64(len(u.want)) || s.Offset() != int64(len(u.text)) {
			t.Fatalf("%s: %d lines, %d bytes, want %d, %d", name, s.Line(), s.Offset(), len(u.want), len(u.text))
		}
		if s.Warning() != u.warning {
			t.Fatalf("%s: warning is %q, want %q", name, s.Warning(), u.warning)
		}
	}
	var p Parser
	for _, r := range u.want {
		if r.Cause != "" || r.Header {
			continue
		}
		if again := r.again(&p); !reflect.DeepEqual(r, again) {
			t.Fatalf("line %d: the kept line %q says something else (-line +kept):\n%s", r.Line, r.Raw, cmp.Diff(r, again))
		}
	}
}

// chunked is a reader that returns any number of bytes at a time, 0 included.
type chunked struct {
	text  string
	sizes *rand.Rand
	early bool  // io.EOF comes with the last bytes
	err   error // what comes instead of io.EOF
}

func (c *chunked) Read(p []byte) (int, error) {
	most := 1 << c.sizes.IntN(20)
	n := copy(p[:min(len(p), c.sizes.IntN(most)+c.sizes.IntN(2))], c.text)
	c.text = c.text[n:]
	if c.text != "" || n > 0 && !c.early {
		return n, nil
	}
	if c.err != nil {
		return n, c.err
	}
	return n, io.EOF
}

// logs returns the texts of testdata/logs by file name.
func logs(t testing.TB) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("../testdata/logs/*.log")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no log files: %v", err)
	}
	texts := map[string]string{}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(path)] = string(b)
	}
	return texts
}

// TestScannerAgreesOnLogs: whatever the hint, and with any processor.
func TestScannerAgreesOnLogs(t *testing.T) {
	s := NewScanner()
	last := KindClassic
	if testing.Short() {
		last = KindAccess
	}
	for name, text := range logs(t) {
		t.Run(name, func(t *testing.T) {
			for hint := KindUnknown; hint <= last; hint++ {
				u := naively(text, hint)
				eachWay(t, func(string) { u.agree(t, s, rand.New(rand.NewPCG(1, uint64(hint)))) })
			}
		})
	}
}

// TestHintDecidesNothing: with any hint a good line is the same entry; a line
// that is none may count under another kind, and have another cause.
func TestHintDecidesNothing(t *testing.T) {
	for name, text := range logs(t) {
		want, _ := fast(NewScanner(), strings.NewReader(text), KindUnknown)
		for hint := KindAccess; hint <= KindClassic; hint++ {
			got, _ := fast(NewScanner(), strings.NewReader(text), hint)
			for i := range got {
				if got[i].Cause != "" && want[i].Cause != "" || got[i].Header {
					got[i], want[i] = record{}, record{}
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s with hint %s (-without +with):\n%s", name, hint, diff)
			}
			want, _ = fast(NewScanner(), strings.NewReader(text), KindUnknown)
		}
	}
}

// TestScannerAgreesBytewise cuts every file into single bytes and into halves.
func TestScannerAgreesBytewise(t *testing.T) {
	s := NewScanner()
	for name, text := range logs(t) {
		want, _ := naive(text, KindUnknown)
		for how, r := range map[string]io.Reader{
			"one byte": iotest.OneByteReader(strings.NewReader(text)),
			"half":     iotest.HalfReader(strings.NewReader(text)),
		} {
			got, err := fast(s, r, KindUnknown)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%s, %s: %v (-naive +scanner):\n%s", name, how, err, diff)
			}
		}
	}
}

// FuzzScanner holds the scanner against the naive parser on whole streams. The
// hint comes out of the seed.
func FuzzScanner(f *testing.F) {
	for _, text := range logs(f) {
		f.Add(text, uint64(6))
	}
	s := NewScanner()
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		agree(t, s, text, Kind(seed%6), rand.New(rand.NewPCG(seed, 0)))
	})
}

// TestScannerBrokenStream: the lines before the break are records, the piece of
// a line at the break is none, and Err says what happened.
func TestScannerBrokenStream(t *testing.T) {
	broken := errors.New("connection reset")
	s := NewScanner()
	text := logs(t)["width_mixed.log"]
	for cut := range len(text) + 1 {
		want, _ := naive(text[:strings.LastIndex(text[:cut], "\n")+1], KindUnknown)
		for _, early := range []bool{false, true} {
			r := &chunked{text: text[:cut], sizes: rand.New(rand.NewPCG(uint64(cut), 0)), early: early, err: broken}
			got, err := fast(s, r, KindUnknown)
			if !errors.Is(err, broken) {
				t.Fatalf("cut at %d: Err is %v", cut, err)
			}
			if !reflect.DeepEqual(want, got) {
				t.Fatalf("cut at %d (-naive +scanner):\n%s", cut, cmp.Diff(want, got))
			}
			if s.Scan() {
				t.Fatalf("cut at %d: Scan goes on", cut)
			}
		}
	}
}

// TestScannerAgreesOnHeads: what stands in place of one of the first fields, bare or in
// quotes, and in place of the three times, is taken or refused alike by the short way.
func TestScannerAgreesOnHeads(t *testing.T) {
	line, _, _ := strings.Cut(logs(t)["reasons.log"], "\n")
	head, rest, _ := strings.Cut(line, ` "`)
	fields := strings.Fields(head)
	if len(fields) != int(FieldRequest) {
		t.Fatalf("%d fields before the request: %q", len(fields), head)
	}
	words := append(strings.Split(
		"- -1 -1.0 -2 0 00 7 404 4x4 40: 999 1000 12345678 123456789 1234567x 123456789012345678 1234567890123456789 "+
			"0.001 0.001x x0.001 0.0012 0.01 .001 9.999 10.001 0.00: 0:001 0.1234567890 0.123456789012345678 "+
			"10.0.0.1:80 10.0.0.1:80x 10.0.0.1.10.0.0.1:65535 1234567890123456789012345 :: ::1:80 [::1]:80 /80 a.b:c "+
			"2026-10-07T07:15:01.101682Z 2026-10-07T07:15:61.101682Z 2026-10-07T07:15:01.10168:Z 2026-10-07T07:15:01Z https WSS app/x/1", " "),
		"", "\xca\xca\xca", "0.0\xca1")
	s := NewScanner()
	var text strings.Builder
	try := func(from, to int, word string) {
		for _, w := range []string{word, `"` + word + `"`} {
			changed := slices.Concat(fields[:from], []string{w}, fields[to:])
			fmt.Fprintf(&text, "%s\n%s \"%s\n", line, strings.Join(changed, " "), rest)
		}
	}
	for i := range fields {
		for _, word := range words {
			try(i, i+1, word)
		}
	}
	for _, times := range []string{
		"0.001 0.002 0.003", "0.001 0.002 0.0034", "0.001 0.002 0.003x", "0.001 0.002 0.1234567890", "0.001 0.002", "0.001 0.002 0.00", "-1 0.002 0.003",
	} {
		try(int(FieldRequestTime), int(FieldResponseTime)+1, times)
		try(int(FieldRequestTime), int(FieldResponseTime)-1, times)
	}
	u := naively(text.String(), KindAccess)
	eachWay(t, func(string) { u.agree(t, s, rand.New(rand.NewPCG(2, 2))) })
}
