package parse

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// block makes lines of today's shape: some 720 bytes each, 2 % failures.
func block(lines int) []byte {
	rnd := rand.New(rand.NewPCG(7, 7))
	var b bytes.Buffer
	for i := range lines {
		target, times, elb, answer := fmt.Sprintf("10.0.%d.%d:8080", rnd.IntN(4), rnd.IntN(250)), fmt.Sprintf("0.00%d 0.%03d 0.000", rnd.IntN(3), rnd.IntN(999)), "200", "200"
		switch rnd.IntN(100) {
		case 0:
			times, elb, answer = "-1 -1 -1", "504", "-"
		case 1:
			times, elb, answer = "0.000 0.001 -1", "502", "-"
		case 2, 3:
			elb, answer = "404", "404"
		}
		second := i / 200
		fmt.Fprintf(&b, `https 2026-10-07T07:%02d:%02d.%06dZ app/production-shop/50dc6c495c0c9188 198.51.%d.%d:%d %s %s %s %s %d %d `,
			second/60%60, second%60, rnd.IntN(1e6), rnd.IntN(256), rnd.IntN(256), 1024+rnd.IntN(60000), target, times, elb, answer, 200+rnd.IntN(3000), rnd.IntN(90000))
		fmt.Fprintf(&b, `"GET https://shop.example.com:443/api/v2/orders/%d/items?page=%d&sort=created HTTP/1.1" `, rnd.IntN(1e6), rnd.IntN(9))
		fmt.Fprintf(&b, `"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/1%d.0.0.0 Safari/537.36" `, rnd.IntN(40))
		fmt.Fprintf(&b, `ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/production-shop/cd18ee8d310e74a0 `)
		fmt.Fprintf(&b, `"Root=1-%08x-%012x%012x" "shop.example.com" "session-reused" 10 2026-10-07T07:%02d:%02d.%03d000Z "forward" "-" "-" "%s" "%s" "-" "-" `,
			rnd.Uint32(), rnd.Uint64()>>16, rnd.Uint64()>>16, second/60%60, second%60, rnd.IntN(1000), target, answer)
		fmt.Fprintf(&b, `TID_%016x%016x "-" "-" "-" 203.0.113.%d "-" "-"`+"\n", rnd.Uint64(), rnd.Uint64(), rnd.IntN(8))
	}
	return b.Bytes()
}

// BenchmarkScanner reads lines as counting them does, and with a look at every field. In
// place: the text is in the scanner's buffer already, where a decoder writes it.
func BenchmarkScanner(b *testing.B) {
	const lines = 10_000
	text := append(block(lines), make([]byte, markBlock)...)
	size := len(text) - markBlock
	r := bytes.NewReader(nil)
	copied := func(s *Scanner) {
		r.Reset(text[:size])
		s.Reset(r, KindUnknown)
	}
	inPlace := func(s *Scanner) {
		s.buf = nil // or else Reset would make a new one
		s.Reset(nil, KindUnknown)
		s.buf, s.end, s.done = text, size, true
	}
	counted := func(e *Access) int { e.Suspect(); return Fields }
	for _, way := range []struct {
		name  string
		begin func(*Scanner)
		look  func(*Access) int
	}{{"counted", copied, counted}, {"every field", copied, fieldsOf}, {"counted in place", inPlace, counted}} {
		b.Run(way.name, func(b *testing.B) {
			s := NewScanner()
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				way.begin(s)
				for s.Scan() {
					if s.Damage() != nil || way.look(s.Access()) < MinFields {
						b.Fatal(s.Damage())
					}
				}
				if s.Line() != lines {
					b.Fatalf("%d lines", s.Line())
				}
			}
			n := float64(b.N) * lines
			b.ReportMetric(n/b.Elapsed().Seconds(), "lines/s")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/n, "ns/line")
		})
	}
}

// fieldsOf counts the fields that are not empty.
func fieldsOf(e *Access) (n int) {
	for f := range Field(e.Width()) {
		if len(e.Field(f)) > 0 {
			n++
		}
	}
	return n
}

// BenchmarkClassify classifies the lines of reasons.log over and over.
func BenchmarkClassify(b *testing.B) {
	var entries []*Access
	s := NewScanner()
	s.Reset(bytes.NewReader([]byte(logs(b)["reasons.log"])), KindUnknown)
	for s.Scan() {
		e := *s.Access()
		e.raw = bytes.Clone(e.raw)
		entries = append(entries, &e)
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, e := range entries {
			e.Classify()
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(entries)), "ns/line")
}
