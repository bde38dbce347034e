package query_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"loglens/ingest"
	"loglens/internal/demo"
	"loglens/internal/when"
	"loglens/parse"
	"loglens/query"
)

// TestFailedObjectsCountNothing: objects that break after most of their lines
// were read leave no trace in the answer but their failure.
func TestFailedObjectsCountNothing(t *testing.T) {
	dir := t.TempDir()
	truth, err := demo.Write(context.Background(), dir, demo.Options{Seed: 3, End: end, Lines: 40_000, Oddities: true})
	if err != nil {
		t.Fatal(err)
	}
	broken := map[int32]bool{}
	for i, o := range truth.Objects {
		if o.Kind != demo.KindAccess || o.Members == 0 || i%7 != 0 {
			continue
		}
		broken[int32(i)] = true
		path := filepath.Join(dir, filepath.FromSlash(o.Key))
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		switch len(broken) % 3 {
		case 0:
			b = b[:len(b)-5] // cut within the trailer
		case 1:
			b[len(b)-6] ^= 1 // checksum
		case 2:
			b = b[:len(b)*3/4]
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	whole := *truth
	whole.Requests = slices.DeleteFunc(slices.Clone(truth.Requests), func(r demo.Request) bool { return broken[r.Object] })

	all := when.Window{From: truth.From, Until: truth.Until}
	s := open(t, dir, ingest.Plan{Window: all}, 2)
	report, _ := query.FindReport("top-errors")
	got, err := s.Run(context.Background(), report, query.Question{By: everyDims, Classes: outages})
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(oracle(&whole, all, everyDims, outages, 0), spelled(t, got, everyDims, 0)); diff != "" {
		t.Errorf("(-truth of the whole objects +answer):\n%s", diff)
	}
	a := got.Accounting
	if a.ObjectsFailed != int64(len(broken)) || a.Lines != a.Parsed+a.Rejected+a.Skipped || a.Parsed != int64(len(whole.Requests)) {
		t.Errorf("%d broken objects, accounting %+v", len(broken), a)
	}
	warnings := strings.Join(got.Warnings, "\n")
	if !strings.Contains(warnings, dir) || !strings.Contains(warnings, "damaged object") {
		t.Errorf("warnings do not name the objects:\n%s", warnings)
	}
	if s.FirstFailure() == nil {
		t.Error("no first failure")
	}
}

// TestOtherKindsAreNoFailures: logs of another kind are named once, and are not
// why an answer would be partial.
func TestOtherKindsAreNoFailures(t *testing.T) {
	dir := t.TempDir()
	const line = `2026-10-07T07:15:01.101682Z 198.51.100.7 65530 443 TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256 0.337 "-" - - Success TID_a6e5 secp256r1 app/lb/50dc6c495c0c9188 203.0.113.57` + "\n"
	for _, name := range []string{"a.log", "b.log"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, dir, ingest.Plan{}, 2)
	report, _ := query.FindReport("top-errors")
	got, err := s.Run(context.Background(), report, query.Question{By: report.Default, Classes: outages})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"not read: " + filepath.Join(dir, "a.log") + ": another kind of log: ALB connection log (and 1 more)"}
	if diff := gocmp.Diff(want, got.Warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	if got.Accounting != (query.Accounting{}) || s.FirstFailure() != nil {
		t.Errorf("accounting %+v, failure %v", got.Accounting, s.FirstFailure())
	}
}

// TestWarningsOfObjects: what is said of several objects alike is that of the one that is
// named, whichever was read first.
func TestWarningsOfObjects(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"a.log.gz", "b.log.gz", "c.log.gz"} {
		var text bytes.Buffer
		z := gzip.NewWriter(&text)
		if _, err := z.Write(bytes.Repeat([]byte("no entry of a log\n"), 1+200_000/(1+1000*i))); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		text.Write(make([]byte, 10+i))
		if err := os.WriteFile(filepath.Join(dir, name), text.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	report, _ := query.FindReport("top-errors")
	got, err := open(t, dir, ingest.Plan{}, 2).Run(context.Background(), report, query.Question{By: report.Default, Classes: outages})
	if err != nil {
		t.Fatal(err)
	}
	want := filepath.Join(dir, "a.log.gz") + ": 10 zero bytes after the last gzip member ignored (and 2 more)"
	if !slices.Contains(got.Warnings, want) {
		t.Errorf("%q, want %q among them", got.Warnings, want)
	}
}

// TestFirstFailure: of several objects that could not be read it is told why the first could
// not, whichever was given up first.
func TestFirstFailure(t *testing.T) {
	dir := t.TempDir()
	var text bytes.Buffer
	z := gzip.NewWriter(&text)
	if _, err := z.Write(bytes.Repeat([]byte("no entry of a log\n"), 200_000)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"a.log.gz": text.Bytes()[:text.Len()-4], "b.parquet": []byte("PAR1"), "c.zst": []byte("\x28\xb5\x2f\xfd")} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	report, _ := query.FindReport("top-errors")
	s := open(t, dir, ingest.Plan{}, 2)
	if _, err := s.Run(context.Background(), report, query.Question{By: report.Default, Classes: outages}); err != nil {
		t.Fatal(err)
	}
	if err := s.FirstFailure(); !errors.Is(err, ingest.ErrDamaged) {
		t.Errorf("%v, want that a.log.gz is damaged", err)
	}
}

// TestManyReasons: of more reasons and warnings than are told, it is said how many they are.
func TestManyReasons(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, magic := range map[string]string{
		"zstd": "\x28\xb5\x2f\xfd", "parquet": "PAR1", "zip": "PK\x03\x04", "bzip2": "BZh91AY&SY", "xz": "\xfd7zXZ\x00", "lz4": "\x04\x22\x4d\x18", "gzip": "\x1f\x8b\x08",
	} {
		write(name+".log", magic)
	}
	list := columnLists(t, newWorld(t, demo.Options{Seed: 3, End: end, Lines: 50}, rand.New(rand.NewPCG(3, 1))))[parse.KindAccess]
	odd := map[string]bool{}
	for _, name := range list.names {
		if w := warning(t, list.text(name)); strings.HasPrefix(w, "the delivery leaves out") && len(odd) < 8 && !odd[w] {
			odd[w] = true
			write(name+".log", list.text(name))
		}
	}
	report, _ := query.FindReport("top-errors")
	answer, err := open(t, dir, ingest.Plan{}, 2).Run(t.Context(), report, query.Question{By: report.Default, Classes: outages})
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Join(answer.Warnings, "\n")
	for _, want := range []string{
		"objects could not be read for 2 other reasons: error of the relation object has all of them",
		"3 other warnings of objects: warning of the relation object has all of them",
	} {
		if !slices.Contains(answer.Warnings, want) {
			t.Errorf("want %q in:\n%s", want, said)
		}
	}
}
