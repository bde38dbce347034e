package ingest

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// pack makes one gzip member.
func pack(t testing.TB, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// logText is n bytes that compress about as well as a log.
func logText(r *rand.Rand, n int) []byte {
	var b bytes.Buffer
	for b.Len() < n {
		fmt.Fprintf(&b, "https 2026-11-22T03:%02d:%02d.%06dZ app/shop/a1 10.0.%d.%d:443 %x\n", r.IntN(60), r.IntN(60), r.IntN(1e6), r.IntN(256), r.IntN(256), r.Uint64())
	}
	return b.Bytes()[:n]
}

func cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// inflateCases are the rows of the table of what an input means. Each makes
// a random instance: the stored bytes, and the text they stand for.
var inflateCases = []struct {
	name    string
	make    func(t testing.TB, r *rand.Rand) (stored, text []byte)
	want    error  // errors.Is; nil for a whole object
	warning string // part of the warning; "" for none
}{
	{"one member", func(t testing.TB, r *rand.Rand) ([]byte, []byte) {
		text := logText(r, 1+r.IntN(300_000))
		return pack(t, text), text
	}, nil, ""},
	{"several members", func(t testing.TB, r *rand.Rand) ([]byte, []byte) {
		a, b, c := logText(r, r.IntN(90_000)), logText(r, 1+r.IntN(90_000)), logText(r, 1+r.IntN(90_000))
		return cat(pack(t, a), pack(t, b), pack(t, c)), cat(a, b, c)
	}, nil, ""},
	{"empty members between", func(t testing.TB, r *rand.Rand) ([]byte, []byte) {
		a, b := logText(r, 1+r.IntN(9000)), logText(r, 1+r.IntN(9000))
		return cat(pack(t, nil), pack(t, a), pack(t, nil), pack(t, nil), pack(t, b), pack(t, nil)), cat(a, b)
	}, nil, ""},
	{"cut short", func(t testing.TB, r *rand.Rand) ([]byte, []byte) {
		z := pack(t, logText(r, 1+r.IntN(90_000)))
		return z[:1+r.IntN(len(z)-1)], nil
	}, ErrDamaged, ""},
	{"second member cut short", func(t testing.TB, r *rand.Rand) ([]byte, []byte) {
		a, b := pack(t, logText(r, 1+r.IntN(9000))), pack(t, logText(r, 1+r.IntN(9000)))
		return cat(a, b[:1+r.IntN(len(b)-1)]), nil
	}, ErrDamaged, ""},
	{"second member cut short in its magic", func(t testing.TB, r *rand.Rand) ([]byte, []byte) {
		return cat(pack(t, logText(r, 1+r.IntN(9000))), gzipMember[:1+r.IntN(len(gzipMember)-1)]), nil
	}, ErrDamaged, ""},
	{"wrong checksum", func(t testing.TB, r *rand.Rand) ([]byte, []byte) {
		z := pack(t, logText(r, 1+r.IntN(90_000)))
		z[len(z)-8+r.IntN(8)] ^= byte(1 << r.IntN(8))
		return z, nil
	}, ErrDamaged, ""},
	{"damaged payload", func(t testing.TB, r *rand.Rand) ([]byte, []byte) {
		z := pack(t, logText(r, 5000+r.IntN(90_000)))
		for range 4 {
			z[10+r.IntN(len(z)-18)] ^= byte(1 + r.IntN(255))
		}
		return z, nil
	}, ErrDamaged, ""},
	{"unknown method", func(t testing.TB, r *rand.Rand) ([]byte, []byte) {
		z := pack(t, logText(r, 100))
		z[2] = byte(9 + r.IntN(200))
		return z, nil
	}, ErrDamaged, ""},
	{"padding", func(t testing.TB, r *rand.Rand) ([]byte, []byte) {
		text := logText(r, r.IntN(90_000))
		return cat(pack(t, text), make([]byte, 1+r.IntN(200_000))), text
	}, nil, "after the last gzip member ignored"},
	{"garbage", func(t testing.TB, r *rand.Rand) ([]byte, []byte) {
		text := logText(r, r.IntN(90_000))
		return cat(pack(t, text), logText(r, 1+r.IntN(200_000))), text
	}, nil, "after the last gzip member ignored"},
	{"a byte of a further member's header is wrong", func(t testing.TB, r *rand.Rand) ([]byte, []byte) {
		next := pack(t, logText(r, 100))
		next[r.IntN(len(gzipMember))] ^= byte(1 + r.IntN(255))
		return cat(pack(t, logText(r, 100)), next), nil
	}, ErrDamaged, ""},
	{"garbage that begins like a member", func(t testing.TB, r *rand.Rand) ([]byte, []byte) {
		return cat(pack(t, logText(r, 100)), gzipMember, logText(r, r.IntN(500))), nil
	}, ErrDamaged, ""},
	{"nothing", func(testing.TB, *rand.Rand) ([]byte, []byte) { return nil, nil }, nil, ""},
	{"gzip of nothing", func(t testing.TB, _ *rand.Rand) ([]byte, []byte) { return pack(t, nil), nil }, nil, ""},
	{"plain text", func(_ testing.TB, r *rand.Rand) ([]byte, []byte) {
		text := logText(r, 1+r.IntN(300_000))
		return text, text
	}, nil, ""},
	{"plain text with carriage returns and no end", func(_ testing.TB, r *rand.Rand) ([]byte, []byte) {
		text := bytes.ReplaceAll(logText(r, 1+r.IntN(9000)), []byte("\n"), []byte("\r\n"))
		text = bytes.TrimRight(text, "\r\n")
		return text, text
	}, nil, ""},
	{"binary that is nothing we know", func(_ testing.TB, r *rand.Rand) ([]byte, []byte) {
		text := append([]byte{0, 0xff}, logText(r, r.IntN(100))...)
		return text, text
	}, nil, ""},
}

func TestInflater(t *testing.T) {
	z := NewInflater() // one for all, as a worker has
	for _, tt := range inflateCases {
		t.Run(tt.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			for i := range 50 {
				z.Careful(i%2 == 1)
				stored, text := tt.make(t, r)
				var in io.Reader = bytes.NewReader(stored)
				switch i % 3 {
				case 1:
					in = iotest.DataErrReader(in)
				case 2:
					in = iotest.HalfReader(in)
				}
				err := z.Reset(in)
				var got []byte
				if err == nil {
					got, err = io.ReadAll(z)
				}
				if !errors.Is(err, tt.want) {
					t.Fatalf("instance %d: error %v, want %v", i, err, tt.want)
				}
				if tt.want != nil {
					continue
				}
				if !bytes.Equal(got, text) {
					t.Fatalf("instance %d: %d bytes of text, want %d or other ones", i, len(got), len(text))
				}
				if z.Stored() != int64(len(stored)) {
					t.Errorf("instance %d: Stored() = %d, want %d", i, z.Stored(), len(stored))
				}
				if w := z.Warning(); !strings.Contains(w, tt.warning) || (w == "") != (tt.warning == "") {
					t.Errorf("instance %d: Warning() = %q, want %q", i, w, tt.warning)
				}
			}
		})
	}
}

func TestInflaterWarning(t *testing.T) {
	member := pack(t, []byte("a line\n"))
	for _, tt := range []struct {
		rest, want string
	}{
		{"", ""},
		{"\x00", "1 zero byte after the last gzip member ignored"},
		{"\x00\x00", "2 zero bytes after the last gzip member ignored"},
		{"x", "1 byte after the last gzip member ignored"},
		{"hello, world", "12 bytes after the last gzip member ignored"},
	} {
		z := NewInflater()
		if err := z.Reset(bytes.NewReader(cat(member, []byte(tt.rest)))); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(z); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, z.Warning()); diff != "" {
			t.Errorf("%q behind the member: warning (-want +got):\n%s", tt.rest, diff)
		}
	}
}

func TestInflaterForeign(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"\x28\xb5\x2f\xfd rest", "zstd"},
		{"PAR1 rest", "Parquet"},
		{"PK\x03\x04 rest", "zip"},
		{"BZh91AY&SY rest", "bzip2"},
		{"\xfd7zXZ\x00 rest", "xz"},
		{"\xff\xfeh\x00t\x00t\x00p\x00", "UTF-16"},
		{"\xfe\xff\x00h\x00t\x00t\x00p", "UTF-16"},
		{archive(t, tar.FormatUSTAR), "tar"},
		{archive(t, tar.FormatGNU), "tar"},
		{archive(t, tar.FormatPAX), "tar"},
	} {
		for name, in := range map[string]string{"plain": tt.in, "packed": string(pack(t, []byte(tt.in)))} {
			t.Run(tt.want+", "+name, func(t *testing.T) { wantForeign(t, in, tt.want) })
		}
	}
	t.Run("packed twice", func(t *testing.T) {
		wantForeign(t, string(pack(t, pack(t, []byte("text")))), "gzip within gzip")
	})
}

// wantForeign reads in, which is to be refused before there is any text.
func wantForeign(t *testing.T, in, want string) {
	t.Helper()
	z := NewInflater()
	err := z.Reset(strings.NewReader(in))
	if err == nil {
		var text []byte
		if text, err = io.ReadAll(z); len(text) > 0 {
			t.Errorf("%d bytes of text", len(text))
		}
	}
	var format *FormatError
	if !errors.As(err, &format) || format.Format != want {
		t.Errorf("error %v, want a FormatError of %s", err, want)
	}
}

// archive is a tar of one small log.
func archive(t *testing.T, format tar.Format) string {
	t.Helper()
	var b strings.Builder
	w := tar.NewWriter(&b)
	header := tar.Header{Name: "logs/a.log", Mode: 0o644, Size: 4, Format: format}
	if format == tar.FormatPAX {
		header.PAXRecords = map[string]string{"SCHILY.xattr.user.of": "a log"}
	}
	err := w.WriteHeader(&header)
	if err == nil {
		_, err = io.WriteString(w, "text")
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The command that a hint gives must reach DuckDB as it was meant, whatever the
// shell makes of the object's name.
func TestParquetHint(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		sql        string
		simple     bool // the command stands in double quotes
	}{
		{"a file", "logs/a.parquet", "SELECT * FROM read_parquet('logs/a.parquet') LIMIT 10", true},
		{"blanks", "my logs/a b.gz", "SELECT * FROM read_parquet('my logs/a b.gz') LIMIT 10", true},
		{"a quote", "it's.gz", "SELECT * FROM read_parquet('it''s.gz') LIMIT 10", true},
		{"what a shell expands", "$(id)`id`!!\"\\.gz", "SELECT * FROM read_parquet('$(id)`id`!!\"\\.gz') LIMIT 10", false},
		{"all at once", "'$HOME'.gz", "SELECT * FROM read_parquet('''$HOME''.gz') LIMIT 10", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tree(t, map[string]string{tt.file: "PAR1 and so on"})
			o := onlyObject(t, tt.file)
			_, err := o.Content(t.Context(), NewInflater())
			if err := o.Close(); err != nil {
				t.Error(err)
			}
			var format *FormatError
			if !errors.As(err, &format) || !strings.Contains(err.Error(), "Parquet data") {
				t.Fatalf("error %v, want a FormatError of Parquet", err)
			}
			command, _, _ := strings.Cut(format.Hint(), "\n")
			got, err := exec.Command("sh", "-c", `duckdb() { printf '%s|' "$@"; }; `+command).Output()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff("-c|"+tt.sql+"|", string(got)); diff != "" {
				t.Errorf("%s is run as (-want +got):\n%s", command, diff)
			}
			if simple := strings.HasPrefix(command, `duckdb -c "SELECT`); simple != tt.simple {
				t.Errorf("command %s", command)
			}
		})
	}
	for uri, want := range map[string]string{
		"-":                    `duckdb -c "SELECT * FROM read_parquet('FILE') LIMIT 10"`,
		"s3://bucket/logs/a.x": `duckdb -c "CREATE SECRET (TYPE s3, PROVIDER credential_chain); SELECT * FROM read_parquet('s3://bucket/logs/a.x') LIMIT 10"`,
	} {
		hint := (&FormatError{Format: parquet, URI: uri}).Hint()
		if command, rest, _ := strings.Cut(hint, "\n"); command != want || !strings.Contains(rest, "plain") {
			t.Errorf("hint for %s:\n%s", uri, hint)
		}
	}
}

// zeros is an endless text of one letter, up to n bytes.
type zeros struct{ n int64 }

func (z *zeros) Read(p []byte) (int, error) {
	if z.n <= 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), z.n))
	clear(p[:n])
	z.n -= int64(n)
	return n, nil
}

func TestInflaterBomb(t *testing.T) {
	bomb := func(size int64) io.Reader {
		r, w := io.Pipe()
		go func() {
			z := gzip.NewWriter(w)
			_, err := io.Copy(z, &zeros{size})
			_ = w.CloseWithError(errors.Join(err, z.Close()))
		}()
		t.Cleanup(func() { _ = r.Close() })
		return r
	}
	t.Run("ratio", func(t *testing.T) {
		z := NewInflater()
		if err := z.Reset(bomb(100 << 20)); err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, z)
		if !errors.Is(err, ErrBomb) {
			t.Errorf("error %v, want ErrBomb", err)
		}
		if n > bombFree+1<<20 {
			t.Errorf("%d bytes were inflated before it was seen", n)
		}
	})
	t.Run("small", func(t *testing.T) {
		z := NewInflater()
		if err := z.Reset(bomb(bombFree)); err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, z); err != nil || n != bombFree {
			t.Errorf("%d bytes, error %v; want %d and none", n, err, bombFree)
		}
	})
	const line = "one line\n"
	for _, tt := range []struct {
		name         string
		text, stored int64 // as if so much had been read before
		want         error
	}{
		{"just below the size", bombSize - int64(len(line)), bombSize, nil},
		{"size", bombSize, bombSize, ErrBomb},
		{"just below the ratio", bombRatio<<20 - 1<<17, 1 << 20, nil},
		{"just above the ratio", bombRatio<<20 + 1<<17, 1 << 20, ErrBomb},
	} {
		t.Run(tt.name, func(t *testing.T) {
			z := NewInflater()
			if err := z.Reset(bytes.NewReader(pack(t, []byte(line)))); err != nil {
				t.Fatal(err)
			}
			z.text, z.src.n = tt.text, z.src.n+tt.stored
			if _, err := io.Copy(io.Discard, z); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

// What waits in a buffer has not been taken: the ratio of text to stored bytes rests on it.
func TestInflaterStored(t *testing.T) {
	text := logText(rand.New(rand.NewPCG(9, 10)), 20_000)
	first := pack(t, text)
	z := NewInflater()
	if err := z.Reset(bytes.NewReader(cat(first, pack(t, text)))); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(z, make([]byte, len(text))); err != nil {
		t.Fatal(err)
	}
	if got := z.Stored(); got == 0 || got > int64(len(first)) {
		t.Errorf("%d stored bytes taken for the text of a member of %d", got, len(first))
	}
}

// A read that breaks is no damage: it must come out as it is.
func TestInflaterBrokenRead(t *testing.T) {
	broken := fmt.Errorf("the line went dead: %w", io.EOF)
	r := rand.New(rand.NewPCG(3, 4))
	stored := cat(pack(t, logText(r, 200_000)), pack(t, logText(r, 100_000)), []byte("some garbage"))
	for i := range 50 {
		cut := r.IntN(len(stored))
		if i == 0 {
			cut = len(stored) - 1 // in what is ignored
		}
		z := NewInflater()
		err := z.Reset(io.MultiReader(bytes.NewReader(stored[:cut]), iotest.ErrReader(broken)))
		if err == nil {
			_, err = io.Copy(io.Discard, z)
		}
		if !errors.Is(err, broken) || errors.Is(err, ErrDamaged) {
			t.Fatalf("cut at %d of %d: error %v, want %v", cut, len(stored), err, broken)
		}
	}
}

func TestInflaterAllocatesNothing(t *testing.T) {
	stored := pack(t, logText(rand.New(rand.NewPCG(5, 6)), 50_000))
	z, in, buf := NewInflater(), bytes.NewReader(nil), make([]byte, 32<<10)
	allocs := testing.AllocsPerRun(100, func() {
		in.Reset(stored)
		if err := z.Reset(in); err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := z.Read(buf); isEnd(err) {
				return
			} else if err != nil {
				t.Fatal(err)
			}
		}
	})
	if allocs > 0 {
		t.Errorf("%v allocations for an object, want none", allocs)
	}
}

// reservedFlags reports whether a member's header sets flags that have no meaning.
func reservedFlags(stored []byte) bool {
	in := bufio.NewReader(bytes.NewReader(stored))
	for {
		head, _ := in.Peek(4)
		if len(head) < 4 {
			return false
		}
		if head[3]>>5 != 0 {
			return true
		}
		z, err := gzip.NewReader(in)
		if err != nil {
			return false
		}
		z.Multistream(false)
		if _, err := io.Copy(io.Discard, z); err != nil {
			return false
		}
	}
}

func FuzzInflater(f *testing.F) {
	for _, tt := range inflateCases {
		stored, _ := tt.make(f, rand.New(rand.NewPCG(7, 8)))
		f.Add(stored[:min(len(stored), 4000)])
	}
	z := NewInflater()
	f.Fuzz(func(t *testing.T, stored []byte) {
		err := z.Reset(bytes.NewReader(stored))
		var got []byte
		if err == nil {
			got, err = io.ReadAll(z)
		}
		var format *FormatError
		if errors.As(err, &format) {
			return
		}
		if !bytes.HasPrefix(stored, gzipMagic) {
			if len(stored) != 1 || stored[0] != gzipMagic[0] {
				if err != nil || !bytes.Equal(got, stored) {
					t.Fatalf("plain text: %d bytes, error %v; want %d and none", len(got), err, len(stored))
				}
			}
			return
		}
		var want []byte
		slow, wantErr := gzip.NewReader(bytes.NewReader(stored))
		if wantErr == nil {
			want, wantErr = io.ReadAll(slow)
		}
		switch {
		case wantErr == nil && errors.Is(err, gzip.ErrHeader) && reservedFlags(stored):
			// RFC 1952 2.3.1.2 wants them refused; compress/gzip does not.
		case wantErr == nil:
			if err != nil || z.Warning() != "" || !bytes.Equal(got, want) {
				t.Fatalf("%d bytes, error %v, warning %q; compress/gzip gives %d bytes", len(got), err, z.Warning(), len(want))
			}
		case err == nil:
			// compress/gzip takes garbage behind a member for a bad header.
			if z.Warning() == "" || !errors.Is(wantErr, gzip.ErrHeader) && !errors.Is(wantErr, io.ErrUnexpectedEOF) || !bytes.Equal(got, want) {
				t.Fatalf("no error, warning %q; compress/gzip says %v", z.Warning(), wantErr)
			}
		case !errors.Is(err, ErrDamaged):
			t.Fatalf("error %v; want ErrDamaged, as compress/gzip says %v", err, wantErr)
		}
	})
}
