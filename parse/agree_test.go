package parse

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// fast reads a whole stream with the scanner and copies what it says.
func fast(s *Scanner, r io.Reader) ([]record, error) {
	var records []record
	s.Reset(r)
	for at := int64(0); s.Scan(); at = s.Offset() {
		rec := record{Line: s.Line(), Offset: at}
		if d := s.Damage(); d != nil {
			rec.Line, rec.Offset, rec.Cause, rec.Raw = d.Line, d.Offset, d.Cause.String(), string(d.Raw)
		} else {
			rec.copy(s.Access())
		}
		records = append(records, rec)
	}
	return records, s.Err()
}

func (r *record) copy(e *Access) {
	r.Raw, r.Extra, r.Time = string(e.Raw()), e.Extra, e.Time
	for f := range Field(e.Width()) {
		r.Fields = append(r.Fields, string(e.Field(f)))
	}
	r.Statuses = [2]int{e.ELBStatus, e.TargetStatus}
	r.Bytes = [2]int64{e.Received, e.Sent}
	for i := range r.Seconds {
		r.Seconds[i] = e.Seconds(FieldRequestTime + Field(i))
	}
	if v, failed := e.Classify(); failed {
		r.Reason = string(v.Reason) + " " + v.Class.String() + " " + v.Source.String()
	}
	verb, url, protocol := e.RequestLine()
	r.RequestLine = [3]string{string(verb), string(url), string(protocol)}
	ip, port := e.Addr(FieldClient)
	r.Client = [2]string{string(ip), string(port)}
	ip, port = e.Addr(FieldTarget)
	r.Target = [2]string{string(ip), string(port)}
}

// agree fails unless the scanner and the naive parser say the same about the
// text, however the reader cuts it and whatever the scanner has read before.
func agree(t interface{ Fatalf(string, ...any) }, s *Scanner, text string, chunks *rand.Rand) {
	want := naive(text)
	for name, r := range map[string]io.Reader{
		"whole":       strings.NewReader(text),
		"with EOF":    iotest.DataErrReader(strings.NewReader(text)),
		"chunks":      &chunked{text: text, sizes: chunks},
		"chunks, EOF": &chunked{text: text, sizes: chunks, early: true},
	} {
		got, err := fast(s, r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s: scanner and naive parser disagree on %q (-naive +scanner):\n%s", name, text, diff)
		}
		if s.Line() != int64(len(want)) || s.Offset() != int64(len(text)) {
			t.Fatalf("%s: %d lines, %d bytes, want %d, %d", name, s.Line(), s.Offset(), len(want), len(text))
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

func TestScannerAgreesOnLogs(t *testing.T) {
	s := NewScanner()
	for name, text := range logs(t) {
		t.Run(name, func(t *testing.T) {
			agree(t, s, text, rand.New(rand.NewPCG(1, 2)))
		})
	}
}

// TestScannerAgreesBytewise cuts every file into single bytes and into halves.
func TestScannerAgreesBytewise(t *testing.T) {
	s := NewScanner()
	for name, text := range logs(t) {
		want := naive(text)
		for how, r := range map[string]io.Reader{
			"one byte": iotest.OneByteReader(strings.NewReader(text)),
			"half":     iotest.HalfReader(strings.NewReader(text)),
		} {
			got, err := fast(s, r)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%s, %s: %v (-naive +scanner):\n%s", name, how, err, diff)
			}
		}
	}
}

// TestScannerAgreesOnInventions builds lines out of good and bad parts.
func TestScannerAgreesOnInventions(t *testing.T) {
	s := NewScanner()
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		for range rapid.IntRange(1, 4).Draw(t, "lines") {
			text.WriteString(inventedLine(t))
		}
		seed := rapid.Uint64().Draw(t, "chunks")
		agree(t, s, text.String(), rand.New(rand.NewPCG(seed, 0)))
	})
}

// inventedLine draws a line of the usual shape and spoils it here and there.
func inventedLine(t *rapid.T) string {
	usual := []string{
		"https", "2026-10-07T07:15:01.101682Z", "app/shop/50dc6c495c0c9188", "198.51.100.7:65530", "10.0.32.18:80",
		"0.000", "0.159", "0.000", "200", "200", "1458", "8264", `"GET https://shop.example.com:443/a b HTTP/1.1"`, `"curl/8.5.0"`,
		"-", "-", "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/checkout/cd18ee8d310e74a0", `"-"`, `"-"`,
		`"-"`, "10", "2026-10-07T07:15:00.941000Z", `"forward"`, `"-"`, `"-"`, `"-"`, `"-"`, `"-"`, `"-"`, "TID_1", `"-"`, `"-"`, `"-"`,
		"203.0.113.9", `"-"`, `"-"`, "-", `"more"`,
	}
	odd := rapid.SampledFrom([]string{
		"", "-", "-1", "-1.0", "-1.", `"-"`, `""`, `"`, `"\"`, `\"`, `"a\" b"`, `"a\\"`, `"a" b"`, `" "`, " ", "0", "000", "4", "400", "403", "404", "460",
		"500", "502", "503", "504", "561", "1000", "0.1", ".1", "1.", "0.1234567890", "123456789012345", "1234567890123456", "\x00", "\xff", "\r", "0x0", "0x8",
		"2026-10-07T07:15:01Z", "2026-02-29T07:15:01Z", "0000-01-01T00:00:00Z", "1969-12-31T23:59:59.9Z", "2026-10-07T07:15:01.1234567891Z",
		strings.Repeat("\x00", 16) + ":00Z", "forward", `"waf"`, `"waf,forward"`, `"waf-failed"`, `"fixed-response"`, `"authenticate"`,
		"Severe", "TransformSuccess", `"TransformBufferTooSmall"`, "LambdaTimeout", "JWx", "JWTx", "Target_TLS_Error", "2001:db8::1:80", "[::1]:80", "::", "host:80",
	})
	fields := usual[:rapid.SampledFrom([]int{36, 36, 36, 38, 34, 29, 22, 18, 12, 11, 3}).Draw(t, "width")]
	fields = append([]string(nil), fields...)
	for range rapid.IntRange(0, 6).Draw(t, "spoiled") {
		fields[rapid.IntRange(0, len(fields)-1).Draw(t, "place")] = odd.Draw(t, "odd")
	}
	line := strings.Join(fields, " ")
	for range rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(t, "insertions") {
		at := rapid.IntRange(0, len(line)).Draw(t, "at")
		line = line[:at] + rapid.SampledFrom([]string{" ", "  ", `"`, `\`, `\"`, `" `, ` "`, "\r", "\n"}).Draw(t, "inserted") + line[at:]
	}
	if rapid.SampledFrom([]bool{false, false, false, true}).Draw(t, "cut") {
		line = line[:rapid.IntRange(0, len(line)).Draw(t, "length")]
	}
	return line + rapid.SampledFrom([]string{"\n", "\n", "\r\n", "\r", ""}).Draw(t, "end")
}

// FuzzScanner holds the scanner against the naive parser on whole streams.
func FuzzScanner(f *testing.F) {
	for _, text := range logs(f) {
		f.Add(text, uint64(1))
	}
	s := NewScanner()
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		agree(t, s, text, rand.New(rand.NewPCG(seed, 0)))
	})
}

// TestScannerBrokenStream: the lines before the break are records, the piece of
// a line at the break is none, and Err says what happened.
func TestScannerBrokenStream(t *testing.T) {
	broken := errors.New("connection reset")
	s := NewScanner()
	text := logs(t)["width_mixed.log"]
	for cut := range len(text) + 1 {
		whole := text[:strings.LastIndex(text[:cut], "\n")+1]
		for _, early := range []bool{false, true} {
			r := &chunked{text: text[:cut], sizes: rand.New(rand.NewPCG(uint64(cut), 0)), early: early, err: broken}
			got, err := fast(s, r)
			if !errors.Is(err, broken) {
				t.Fatalf("cut at %d: Err is %v", cut, err)
			}
			if diff := cmp.Diff(naive(whole), got); diff != "" {
				t.Fatalf("cut at %d (-naive +scanner):\n%s", cut, diff)
			}
			if s.Scan() {
				t.Fatalf("cut at %d: Scan goes on", cut)
			}
		}
	}
}
