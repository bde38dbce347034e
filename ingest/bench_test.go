package ingest

import (
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

// BenchmarkInflater inflates the objects of one interval with one worker's
// Inflater, from memory. MB/s is of log text.
func BenchmarkInflater(b *testing.B) {
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
	z, r, block := NewInflater(), bytes.NewReader(nil), make([]byte, 256<<10)
	b.SetBytes(truth.Bytes)
	b.ReportAllocs()
	for b.Loop() {
		for _, stored := range objects {
			r.Reset(stored)
			err := z.Reset(r)
			for err == nil {
				_, err = z.Read(block)
			}
			if !errors.Is(err, io.EOF) {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(truth.Lines)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mlines/s")
}
