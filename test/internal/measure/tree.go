package measure

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"loglens/internal/demo"
)

// End is when every tree ends.
var End = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

// Usual makes the tree that most is measured on: 60 objects, and one request in
// fifty fails.
func Usual(dir string, lines int) int64 {
	return Tree(dir, demo.Options{Span: 25 * time.Minute, Lines: lines, FailureRate: 0.02})
}

// Failing makes a tree of as many objects, and every request fails.
func Failing(dir string, lines int) int64 {
	return Tree(dir, demo.Options{Span: 25 * time.Minute, Lines: lines, FailureRate: 1})
}

// Small makes a tree of some two thousand objects with two thirds of so many lines.
func Small(dir string, lines int) int64 {
	return Tree(dir, demo.Options{Span: 14 * time.Hour, Lines: lines * 2 / 3, FailureRate: 0.02})
}

// Week makes a tree of a week in which little happens: 24,192 objects with a sixth of so many lines.
func Week(dir string, lines int) int64 {
	return Tree(dir, demo.Options{Span: 7 * 24 * time.Hour, Lines: lines / 6, FailureRate: 0.02})
}

// Single makes one object of a sixth of another tree's objects, unless it is there.
func Single(dir, of string) {
	path := filepath.Join(dir, "one.log.gz")
	if _, err := os.Stat(path); err == nil {
		return
	}
	Check(os.MkdirAll(dir, 0o700))
	objects, err := Objects(of)
	Check(err)
	to, err := os.Create(path + ".part")
	Check(err)
	packed := gzip.NewWriter(to)
	for _, p := range objects[:max(len(objects)/6, 1)] {
		from, err := os.Open(p)
		Check(err)
		text, err := gzip.NewReader(from)
		Check(err)
		_, err = io.Copy(packed, text)
		Check(err)
		Check(from.Close())
	}
	Check(packed.Close())
	Check(to.Close())
	Check(os.Rename(path+".part", path))
}

// Tree makes a tree of log objects unless it is there, and returns the bytes of
// its log text. What makes a tree one of benchmarks is set here.
func Tree(dir string, o demo.Options) int64 {
	note := filepath.Join(dir, ".bytes")
	var n int64
	if b, err := os.ReadFile(note); err == nil {
		if _, err := fmt.Sscan(string(b), &n); err == nil {
			return n
		}
	}
	Check(os.RemoveAll(dir))
	o.Seed, o.End, o.Plain, o.NoTruth = 1, End, true, true
	truth, err := demo.Write(context.Background(), dir, o)
	Check(err)
	Check(os.WriteFile(note, fmt.Appendln(nil, truth.Bytes), 0o600))
	return truth.Bytes
}

// Objects are the paths of a tree's log objects, in their order.
func Objects(dir string) (paths []string, err error) {
	err = filepath.WalkDir(dir, func(p string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(p, ".gz") {
			paths = append(paths, p)
		}
		return err
	})
	return paths, err
}
