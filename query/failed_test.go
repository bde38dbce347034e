package query_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"loglens/ingest"
	"loglens/internal/amount"
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

// TestManyReasons: five reasons and five warnings are told in the order of the objects that
// have them first, with how many there are of each; of more it is said how many they are.
func TestManyReasons(t *testing.T) {
	list := columnLists(t, newWorld(t, demo.Options{Seed: 3, End: end, Lines: 50}, rand.New(rand.NewPCG(3, 1))))[parse.KindAccess]
	type kind struct{ text, said string }
	broken := []kind{
		{"PK\x03\x04", "zip data: only gzip and plain text are read"},
		{"\x28\xb5\x2f\xfd", "zstd data: only gzip and plain text are read"},
		{"\xfd7zXZ\x00", "xz data: only gzip and plain text are read"},
		{"PAR1", "Parquet data: it holds columns and no log lines; only gzip and plain text are read"},
		{"BZh91AY&SY", "bzip2 data: only gzip and plain text are read"},
		{"\x04\x22\x4d\x18", "lz4 data: only gzip and plain text are read"},
		{"\x1f\x8b\x08", "gzip data cut short: damaged object"},
	}
	var odd []kind
	for _, name := range list.names {
		k := kind{list.text(name), warning(t, list.text(name))}
		if strings.HasPrefix(k.said, "the delivery leaves out") && !slices.ContainsFunc(odd, func(o kind) bool { return o.said == k.said }) {
			odd = append(odd, k)
		}
	}
	report, _ := query.FindReport("top-errors")
	for n := 4; n <= len(broken); n++ {
		dir := t.TempDir()
		var want []string
		for what, kinds := range map[string][]kind{"broken": broken[:n], "odd": odd[:n]} {
			for i, k := range kinds {
				said := fmt.Sprintf("%s: %s", filepath.Join(dir, fmt.Sprintf("%s-%d", what, i)), k.said)
				for twin := range 1 + i%2 {
					if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d%s", what, i, strings.Repeat("-twin", twin))), []byte(k.text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				if i%2 == 1 {
					said += " (and 1 more)"
				}
				if i < 5 {
					want = append(want, said)
				}
			}
		}
		slices.Sort(want)
		if n > 5 {
			want = slices.Insert(want, 5, fmt.Sprintf("objects could not be read for %s: error of the relation object has all of them", amount.Of(n-5, "other reason", "other reasons")))
			want = append(want, fmt.Sprintf("%s of objects: warning of the relation object has all of them", amount.Of(n-5, "other warning", "other warnings")))
		}
		answer, err := open(t, dir, ingest.Plan{}, 2).Run(t.Context(), report, query.Question{By: report.Default, Classes: outages})
		if err != nil {
			t.Fatal(err)
		}
		if d := gocmp.Diff(want, answer.Warnings); d != "" {
			t.Errorf("%d reasons and as many warnings (-want +got):\n%s", n, d)
		}
	}
}

// TestDamageTold: of damaged lines the three most frequent causes are told, with how many
// lines there are of each and of all others, and where the first one stands.
func TestDamageTold(t *testing.T) {
	good := `http 2026-10-07T07:15:01.101682Z app/a/50dc6c495c0c9188 198.51.100.7:1 - -1 -1 -1 200 - 1 2 "GET http://h:80/ HTTP/1.1" "-"`
	kinds := []struct{ line, cause string }{ // the most frequent first
		{"", "empty line"},
		{strings.Replace(good, "200", "2x0", 1), "elb_status_code is not a status code"},
		{"hello", "only 1 of at least 12 fields"},
		{strings.Replace(good, "T07:15", "T07.15", 1), "time is not a time such as 2026-10-07T07:15:01.101682Z"},
		{strings.TrimSuffix(good, ` HTTP/1.1" "-"`), "request has no closing quote"},
	}
	report, _ := query.FindReport("top-errors")
	for n := range len(kinds) + 1 {
		var lines, told []string
		damaged, others := 0, 0
		for i, k := range kinds[:n] {
			times := 2 * (n - i)
			for range times {
				lines = append(lines, k.line)
			}
			if damaged += times; i < 3 {
				told = append(told, fmt.Sprintf("%d × %s", times, k.cause))
			} else {
				others += times
			}
		}
		if slices.Reverse(lines); n == 1 { // so that the rarest come first
			told[0] = kinds[0].cause
		}
		if others > 0 {
			told = append(told, fmt.Sprintf("%d × other causes", others))
		}
		file := filepath.Join(t.TempDir(), "some.log")
		if err := os.WriteFile(file, []byte(strings.Join(append([]string{good, good}, lines...), "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		var want []string
		if n > 0 {
			want = []string{fmt.Sprintf("%d damaged lines rejected: %s; the first is line 3 of %s", damaged, strings.Join(told, ", "), file)}
		}
		answer, err := open(t, file, ingest.Plan{}, 2).Run(t.Context(), report, query.Question{By: report.Default, Classes: outages})
		if err != nil {
			t.Fatal(err)
		}
		if d := gocmp.Diff(want, answer.Warnings); d != "" {
			t.Errorf("%d causes (-want +got):\n%s", n, d)
		}
	}
}
