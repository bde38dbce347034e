package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"loglens/internal/when"
	"loglens/parse"
)

// tree writes files below a new folder and makes it the working directory.
func tree(t *testing.T, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// readAll reads every object of a feed as a worker does, and returns texts by URI
// and URIs in their order.
func readAll(t *testing.T, ctx context.Context, f *Feed) (texts map[string]string, order []string) {
	t.Helper()
	z := NewInflater()
	texts = make(map[string]string)
	for o := range f.Objects() {
		if int(o.ID) != len(order) {
			t.Errorf("%s has ID %d, want %d", o.URI, o.ID, len(order))
		}
		order = append(order, o.URI)
		r, err := o.Content(ctx, z)
		var text []byte
		if err == nil {
			text, err = io.ReadAll(r)
		}
		if err != nil {
			t.Errorf("read %s: %v", o.URI, err)
		}
		texts[o.URI] = string(text)
		if o.Size >= 0 && o.BytesCompressed() != o.Size {
			t.Errorf("%s: BytesCompressed() = %d, want %d", o.URI, o.BytesCompressed(), o.Size)
		}
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	}
	return texts, order
}

func sources(t *testing.T, stdin io.Reader, specs ...string) []Source {
	t.Helper()
	s, err := NewSources(specs, stdin, AWS{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const (
	nameAt0205 = "111122223333_elasticloadbalancing_us-east-1_app.shop.a1_20261122T0205Z_10.0.1.9_r.log.gz"
	nameAt0310 = "111122223333_elasticloadbalancing_us-east-1_app.shop.a1_20261122T0310Z_10.0.1.9_r.log.gz"
	nameAt0315 = "111122223333_elasticloadbalancing_us-east-1_app.shop.a1_20261122T0315Z_10.0.1.9_r.log.gz"
	nameOther  = "111122223333_elasticloadbalancing_us-east-1_app.blog.b2_20261122T0305Z_10.0.1.9_r.log.gz"
	nameConn   = "conn_log_111122223333_elasticloadbalancing_us-east-1_app.shop.a1_20261122T0305Z_10.0.1.9_r.log.gz"
)

func TestLocalSources(t *testing.T) {
	tree(t, map[string]string{
		"logs/b.log":                  "b",
		"logs/a.log":                  "a",
		"logs/2026/11/" + nameAt0205:  "early",
		"logs/2026/11/" + nameAt0310:  "in",
		"logs/2026/11/" + nameAt0315:  "late",
		"logs/2026/11/" + nameOther:   "other",
		"logs/2026/11/" + nameConn:    "connection",
		"logs/ELBAccessLogTestFile":   "test",
		"logs/.hidden":                "hidden",
		"logs/.git/config":            "hidden",
		"odd/a[1].log":                "odd",
		"elsewhere/linked.log":        "linked",
		"elsewhere/folder/inside.log": "inside",
	})
	for link, target := range map[string]string{
		"logs/z.log":       "../elsewhere/linked.log",
		"logs/zz":          "../elsewhere/folder",
		"logs/again.log":   "a.log",
		"logs/2026/circle": "..",
	} {
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
	}
	from := time.Date(2026, 11, 22, 2, 7, 0, 0, time.UTC)
	plan := Plan{Window: when.Window{From: from, Until: from.Add(time.Hour)}, LoadBalancer: "shop"}
	tests := []struct {
		name  string
		specs []string
		stdin string
		want  []string
	}{
		{"file", []string{"logs/a.log"}, "", []string{"logs/a.log"}},
		{"folder", []string{"logs"}, "", []string{"logs/2026/11/" + nameAt0310, "logs/a.log", "logs/b.log", "logs/z.log", "logs/zz/inside.log"}},
		{"glob", []string{"logs/*.log"}, "", []string{"logs/a.log", "logs/b.log", "logs/z.log"}},
		{"deep glob", []string{"logs/**/*.gz"}, "", []string{"logs/2026/11/" + nameAt0310}},
		{"glob of folders", []string{"log*"}, "", []string{"logs/2026/11/" + nameAt0310, "logs/a.log", "logs/b.log", "logs/z.log", "logs/zz/inside.log"}},
		{"a name with brackets", []string{"odd/a[1].log"}, "", []string{"odd/a[1].log"}},
		{"overlapping", []string{"logs/a.log", "./logs", "logs/../logs/b.log", "elsewhere"}, "", []string{"logs/a.log", "logs/2026/11/" + nameAt0310, "logs/b.log", "logs/z.log", "logs/zz/inside.log"}},
		{"standard input", []string{"-"}, "piped", []string{"-"}},
		{"with others", []string{"logs/a.log", "-"}, "piped", []string{"logs/a.log", "-"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := Start(t.Context(), sources(t, strings.NewReader(tt.stdin), tt.specs...), plan, 2)
			texts, order := readAll(t, t.Context(), f)
			for i := range order {
				order[i] = filepath.ToSlash(filepath.Clean(order[i]))
			}
			// The first name that leads to a file is the one it gets.
			want := strings.ReplaceAll(strings.Join(tt.want, "\n"), "logs/a.log", "A")
			got := strings.Join(order, "\n")
			got = strings.ReplaceAll(strings.ReplaceAll(got, "logs/again.log", "A"), "logs/a.log", "A")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("objects (-want +got):\n%s", diff)
			}
			if err := f.Err(); err != nil {
				t.Errorf("Err() = %v", err)
			}
			if n, done := f.Listed(); int(n) != len(tt.want) || !done {
				t.Errorf("Listed() = %d, %v; want %d, true", n, done, len(tt.want))
			}
			if tt.stdin != "" && texts["-"] != tt.stdin {
				t.Errorf("standard input gave %q, want %q", texts["-"], tt.stdin)
			}
		})
	}
}

// Which files are read for each kind of log, and that the listing alone agrees
// with the reading.
func TestLocalKinds(t *testing.T) {
	const (
		health    = "health_check_log_111122223333_elasticloadbalancing_us-east-1_app.shop.a1_20261122T0305Z_10.0.1.9_r.log.gz"
		network   = "111122223333_elasticloadbalancing_us-east-1_net.edge.c3_20261122T0305Z_r.log.gz"
		classic   = "111122223333_elasticloadbalancing_us-east-1_old_20261122T0400Z_172.16.1.9_r.log"
		tooLate   = "111122223333_elasticloadbalancing_us-east-1_old_20261122T0415Z_172.16.1.9_r.log"
		elsewhere = "111122223333_elasticloadbalancing_eu-west-1_old_20261122T0400Z_172.16.1.9_r.log"
	)
	files := map[string]string{"logs/ELBConnectionLogTestFile": "test"}
	for _, name := range []string{nameAt0205, nameAt0310, nameConn, health, network, classic, tooLate, elsewhere, "copy.log"} {
		files["logs/"+name] = name
	}
	tree(t, files)
	written := time.Date(2026, 11, 22, 4, 0, 1, 0, time.UTC)
	for name := range files {
		if err := os.Chtimes(name, time.Time{}, written); err != nil {
			t.Fatal(err)
		}
	}
	from := time.Date(2026, 11, 22, 2, 7, 0, 0, time.UTC)
	const arn = "arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/"
	for _, tt := range []struct {
		name     string
		kinds    KindSet
		balancer string
		want     []string
	}{
		{"logs of requests", 0, "", []string{nameAt0310, elsewhere, classic, "copy.log"}},
		{"connection logs", Kinds(parse.KindConnection), "", []string{nameConn, "copy.log"}},
		{"health check logs", Kinds(parse.KindHealthCheck), "", []string{health, "copy.log"}},
		{"network", Kinds(parse.KindNLB), "", []string{network, "copy.log"}},
		{"network by name", Kinds(parse.KindNLB), "edge", []string{network, "copy.log"}},
		{"network by ARN", Kinds(parse.KindNLB), arn + "net/edge/c3", []string{network, "copy.log"}},
		{"classic by name", 0, "old", []string{elsewhere, classic, "copy.log"}},
		{"classic by ARN", 0, arn + "old", []string{classic, "copy.log"}},
		{"two logs of one balancer", Kinds(parse.KindAccess, parse.KindConnection), "shop", []string{nameAt0310, nameConn, "copy.log"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			plan := Plan{Window: when.Window{From: from, Until: from.Add(time.Hour)}, Kinds: tt.kinds, LoadBalancer: tt.balancer}
			slices.Sort(tt.want)
			texts, order := readAll(t, t.Context(), Start(t.Context(), sources(t, nil, "logs"), plan, 2))
			for i := range order {
				if name := filepath.Base(order[i]); texts[order[i]] != name {
					t.Errorf("%s holds %q", name, texts[order[i]])
				}
				order[i] = filepath.Base(order[i])
			}
			if diff := cmp.Diff(tt.want, order); diff != "" {
				t.Errorf("objects (-want +got):\n%s", diff)
			}
			f := List(t.Context(), sources(t, nil, "logs"), plan)
			var listed []string
			for o := range f.Objects() {
				listed = append(listed, filepath.Base(o.URI))
				if !o.Modified.Equal(written) || int(o.Size) != len(files["logs/"+filepath.Base(o.URI)]) || int(o.ID) != len(listed)-1 {
					t.Errorf("%s: ID %d, modified %v, %d bytes", o.URI, o.ID, o.Modified, o.Size)
				}
			}
			if diff := cmp.Diff(tt.want, listed); diff != "" || f.Err() != nil {
				t.Errorf("listed (-want +got):\n%serror %v", diff, f.Err())
			}
		})
	}
}

func TestNewSourcesErrors(t *testing.T) {
	tree(t, map[string]string{"a.log": "a"})
	tests := []struct {
		name  string
		specs []string
		want  any    // type of the error
		hint  string // part of the hint
	}{
		{"missing file", []string{"nothing.log"}, new(*NotFoundError), "s3://nothing.log"},
		{"missing absolute path", []string{"/nothing/at/all"}, new(*NotFoundError), ""},
		{"glob without a match", []string{"*.gz"}, new(*NotFoundError), "'*.gz'"},
		{"bad glob", []string{"a[.log"}, new(*SourceError), "**"},
		{"standard input twice", []string{"-", "-"}, new(*SourceError), ""},
		{"other scheme", []string{"gs://bucket"}, new(*SourceError), "s3://"},
		{"no bucket", []string{"s3:///prefix"}, new(*SourceError), "s3://bucket"},
		{"a bucket's ARN", []string{"s3://arn:aws-us-gov:s3:::logs/prod"}, new(*SourceError), "s3://logs/prod"},
		{"an access point's ARN", []string{"s3://arn:aws:s3:eu-west-1:111122223333:accesspoint/readers/prod"}, new(*SourceError), "s3://ALIAS/prod, with what this says: aws s3control get-access-point --region eu-west-1 --account-id 111122223333 --name readers --query Alias"},
		{"an access point of several regions", []string{"s3://arn:aws:s3::111122223333:accesspoint/m1.mrap"}, new(*SourceError), "one of the buckets"},
		{"no ARN", []string{"s3://arn:aws"}, new(*SourceError), "s3://bucket"},
		{"bad pattern in a bucket", []string{"s3://bucket/a[b"}, new(*SourceError), "**"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := NewSources(tt.specs, nil, AWS{})
			if !errors.As(err, tt.want) {
				t.Fatalf("error %v (%T), want %T", err, err, tt.want)
			}
			var h Hinter
			if !errors.As(err, &h) || !strings.Contains(h.Hint(), tt.hint) {
				t.Errorf("hint of %v does not contain %q", err, tt.hint)
			}
			if !strings.Contains(err.Error(), tt.specs[0]) {
				t.Errorf("%q does not name %q", err, tt.specs[0])
			}
		})
	}
}

func TestLocalFailures(t *testing.T) {
	t.Run("a broken link fails alone", func(t *testing.T) {
		tree(t, map[string]string{"logs/a.log": "a", "logs/c.log": "c"})
		if err := os.Symlink("nowhere", "logs/b.log"); err != nil {
			t.Fatal(err)
		}
		f := Start(t.Context(), sources(t, nil, "logs"), Plan{}, 1)
		got := map[string]bool{}
		for o := range f.Objects() {
			_, err := o.Content(t.Context(), NewInflater())
			if got[o.URI] = err == nil; err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %v, want that it is missing", o.URI, err)
			}
			if err := o.Close(); err != nil {
				t.Error(err)
			}
		}
		if diff := cmp.Diff(map[string]bool{"logs/a.log": true, "logs/b.log": false, "logs/c.log": true}, got); diff != "" {
			t.Errorf("what could be read (-want +got):\n%s", diff)
		}
		if err := f.Err(); err != nil {
			t.Errorf("Err() = %v, want that the listing is whole", err)
		}
	})
	t.Run("a link in a folder to what is no file", func(t *testing.T) {
		tree(t, map[string]string{"logs/a.log": "a"})
		if err := os.Symlink(os.DevNull, "logs/b.log"); err != nil {
			t.Fatal(err)
		}
		if o := onlyObject(t, "logs"); o.URI != "logs/a.log" {
			t.Errorf("object %s", o.URI)
		}
	})
	t.Run("a file that vanishes fails alone", func(t *testing.T) {
		tree(t, map[string]string{"a.log": "a"})
		o := onlyObject(t, "a.log")
		if err := os.Remove("a.log"); err != nil {
			t.Fatal(err)
		}
		_, err := o.Content(t.Context(), NewInflater())
		if !errors.Is(err, fs.ErrNotExist) || o.Restart(t.Context(), err) {
			t.Errorf("error %v; want that the file is missing, and no restart", err)
		}
	})
	t.Run("a damaged file is read once more", func(t *testing.T) {
		stored := pack(t, []byte("a line\n"))
		tree(t, map[string]string{"a.gz": string(stored[:len(stored)-1])})
		o := onlyObject(t, "a.gz")
		z := NewInflater()
		for _, again := range []bool{true, false} {
			r, err := o.Content(t.Context(), z)
			if err == nil {
				_, err = io.ReadAll(r)
			}
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("error %v, want ErrDamaged", err)
			}
			if got := o.Restart(t.Context(), err); got != again {
				t.Errorf("Restart() = %v, want %v", got, again)
			}
		}
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Run("standard input is not", func(t *testing.T) {
		f := Start(t.Context(), sources(t, strings.NewReader("\x1f\x8b"), "-"), Plan{}, 1)
		o := <-f.Objects()
		_, err := o.Content(t.Context(), NewInflater())
		if !errors.Is(err, ErrDamaged) || o.Restart(t.Context(), err) {
			t.Errorf("error %v; want ErrDamaged and no restart", err)
		}
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
}

// shut is a file system of which one folder may not be listed.
type shut struct {
	fstest.MapFS
	folder string
}

// Stat lets nobody look at what a link leads to.
func (s shut) Stat(name string) (fs.FileInfo, error) {
	if f := s.MapFS[name]; f != nil && f.Mode&fs.ModeSymlink != 0 {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrPermission}
	}
	return s.MapFS.Stat(name)
}

func (s shut) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == s.folder {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return s.MapFS.ReadDir(name)
}

// tired is a file system that has enough after some listings.
type tired struct {
	fs.FS
	left int
}

func (t *tired) ReadDir(name string) ([]fs.DirEntry, error) {
	if t.left--; t.left < 0 {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return fs.ReadDir(t.FS, name)
}

// Links that lead round in circles are followed as far as they lead to something new.
func TestGlobOfCircles(t *testing.T) {
	tree(t, map[string]string{"logs/a/1.log": "1", "logs/b/2.log": "2", "elsewhere/3.log": "3"})
	for link, target := range map[string]string{
		"logs/a/up": "..", "logs/b/up": "..", "logs/b/over": "../a", "logs/a/latest": ".", "logs/c": "../elsewhere", "elsewhere/back": "../logs",
	} {
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
	}
	for pattern, want := range map[string]string{"**": "123", "**/*.log": "123", "*/latest/*.log": "1", "*/back/b/*.log": "2"} {
		paths, err := matches(&tired{os.DirFS("logs"), 10_000}, "logs", pattern)
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
		}
		texts := make(map[string]bool)
		for _, p := range paths {
			if info, err := os.Stat(p); err != nil {
				t.Errorf("%s: %v", pattern, err)
			} else if !info.IsDir() {
				text, err := os.ReadFile(p)
				if err != nil {
					t.Error(err)
				}
				texts[string(text)] = true
			}
		}
		if got := strings.Join(slices.Sorted(maps.Keys(texts)), ""); got != want {
			t.Errorf("%s: files %s, want %s", pattern, got, want)
		}
	}
}

// What lies in a folder that may not be listed may match a pattern, too.
func TestGlobOfShutFolder(t *testing.T) {
	files := shut{fstest.MapFS{"a/1.log": {}, "b/2.log": {}, "e/link": {Mode: fs.ModeSymlink, Data: []byte("../b")}, "c.log": {}}, "b"}
	for pattern, want := range map[string]string{
		"**/*.log": "list logs/b: permission denied", "*/*.log": "list logs/b: permission denied", "{a,b}/*": "list logs/b: permission denied",
		"b/**": "list logs/b: permission denied", "e/*/*": "open logs/e/link: permission denied", "e/**/*.log": "open logs/e/link: permission denied", "a/*.log": "", "*.log": "", "*.log/*": "", "d/*": "",
	} {
		said := ""
		_, err := matches(files, "logs", pattern)
		if err != nil {
			said = err.Error()
		}
		if said != want {
			t.Errorf("%s: error %q, want %q", pattern, said, want)
		}
	}
}

func onlyObject(t *testing.T, spec string) *Object {
	t.Helper()
	var all []*Object
	f := Start(t.Context(), sources(t, nil, spec), Plan{}, 1)
	for o := range f.Objects() {
		all = append(all, o)
	}
	if len(all) != 1 || f.Err() != nil {
		t.Fatalf("%d objects, error %v; want one and none", len(all), f.Err())
	}
	return all[0]
}

// Nobody writes to the pipe, and still all ends when the context does.
func TestCancelStandardInput(t *testing.T) {
	r, w := io.Pipe()
	defer func() { _ = w.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	f := Start(ctx, sources(t, r, "-"), Plan{}, 1)
	o := <-f.Objects()
	time.AfterFunc(20*time.Millisecond, cancel)
	_, err := o.Content(ctx, NewInflater())
	if !errors.Is(err, context.Canceled) || o.Restart(ctx, err) {
		t.Errorf("error %v; want that of the context, and no restart", err)
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
}

func TestCancelFeed(t *testing.T) {
	files := make(map[string]string)
	for i := range 200 {
		files["logs/"+strings.Repeat("x", i+1)+".log"] = "text"
	}
	tree(t, files)
	ctx, cancel := context.WithCancel(t.Context())
	f := Start(ctx, sources(t, nil, "logs"), Plan{}, 2)
	o := <-f.Objects()
	cancel()
	if _, err := o.Content(ctx, NewInflater()); !errors.Is(err, context.Canceled) {
		t.Errorf("Content after the cancellation: error %v", err)
	}
	n := 0
	for range f.Objects() {
		n++
	}
	if !errors.Is(f.Err(), context.Canceled) || n > 10 {
		t.Errorf("%d objects after the cancellation, Err() = %v", n, f.Err())
	}
}

// The names of one file are one object, in a folder and in two sources alike.
func TestHardLinks(t *testing.T) {
	tree(t, map[string]string{"logs/a.log": "a", "other.log": "b"})
	for _, name := range []string{"logs/b.log", "c.log"} {
		if err := os.Link("logs/a.log", name); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	for _, tt := range []struct{ specs, want []string }{
		{[]string{"logs"}, []string{"logs/a.log"}},
		{[]string{"logs/b.log", "logs", "other.log"}, []string{"logs/b.log", "other.log"}},
		{[]string{"*.log"}, []string{"c.log", "other.log"}},
	} {
		texts, order := readAll(t, t.Context(), Start(t.Context(), sources(t, nil, tt.specs...), Plan{}, 1))
		if diff := cmp.Diff(tt.want, order); diff != "" || texts[order[0]] != "a" {
			t.Errorf("%q (-want +got):\n%stexts %q", tt.specs, diff, texts)
		}
	}
}

// TestFilesRenamed: files that get their names while the folder is listed, as they do by
// whoever copies them there, are no error, and none that was whole before is missed.
func TestFilesRenamed(t *testing.T) {
	dir := t.TempDir()
	var made atomic.Int64
	done := make(chan struct{})
	var copying sync.WaitGroup
	copying.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			default:
			}
			part, whole := filepath.Join(dir, fmt.Sprintf("%03d.part", n%50)), filepath.Join(dir, fmt.Sprintf("%03d.log", n%50))
			if err := errors.Join(os.WriteFile(part, []byte("x"), 0o600), os.Rename(part, whole)); err != nil {
				t.Error(err)
				return
			}
			made.Add(1)
			time.Sleep(100 * time.Microsecond)
		}
	})
	defer func() {
		close(done)
		copying.Wait()
	}()
	for made.Load() < 300 {
		before := min(made.Load(), 50)
		sources, err := NewSources([]string{dir}, nil, AWS{})
		if err != nil {
			t.Fatal(err)
		}
		whole := int64(0)
		for o, err := range sources[0].List(t.Context(), Plan{}) {
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(o.URI, ".log") {
				whole++
			}
		}
		if whole < before {
			t.Errorf("%d files, of %d that were there", whole, before)
		}
	}
}
