package inflate

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loglens/internal/demo"
)

// BenchmarkReader inflates the log objects of one interval from memory, each in
// turns with klauspost/compress, so that a busy machine slows both. The best of
// all rounds counts, object by object. MB/s is of text; "ratio" is how many
// times faster than klauspost/compress Reader is.
func BenchmarkReader(b *testing.B) {
	dir := b.TempDir()
	truth, err := demo.Write(context.Background(), dir, demo.Options{
		Seed: 1, End: time.Date(2026, 11, 22, 3, 10, 0, 0, time.UTC), Span: 5 * time.Minute,
		Lines: 120_000, Plain: true, FailureRate: 0.02, NoTruth: true,
	})
	if err != nil {
		b.Fatal(err)
	}
	var objects [][]byte
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".gz") {
			return err
		}
		stored, err := os.ReadFile(path)
		objects = append(objects, stored)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	source, block := bytes.NewReader(nil), make([]byte, 256<<10)
	in := bufio.NewReaderSize(source, 64<<10)
	measure := func(m member, stored []byte, best *time.Duration) {
		start := time.Now()
		source.Reset(stored)
		in.Reset(source)
		err := m.Reset(in)
		for err == nil {
			_, err = m.Read(block)
		}
		if !errors.Is(err, io.EOF) {
			b.Fatal(err)
		}
		if d := time.Since(start); *best == 0 || d < *best {
			*best = d
		}
	}
	ours, theirs := new(Reader), new(klauspostMember)
	fast, slow := make([]time.Duration, len(objects)), make([]time.Duration, len(objects))
	for b.Loop() {
		for i, stored := range objects {
			measure(ours, stored, &fast[i])
			measure(theirs, stored, &slow[i])
		}
	}
	speed := func(best []time.Duration) float64 {
		var sum time.Duration
		for _, d := range best {
			sum += d
		}
		return float64(truth.Bytes) / 1e6 / sum.Seconds()
	}
	b.ReportMetric(speed(fast), "MB/s")
	b.ReportMetric(speed(slow), "klauspost-MB/s")
	b.ReportMetric(speed(fast)/speed(slow), "ratio")
}
