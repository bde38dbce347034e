package query

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// halfWritten is a store in the moment before a commit's last write.
type halfWritten struct {
	before, copy, after []byte // the file, the copy beside it, and the file after the commit
	objects             int    // that it had
}

// halfWrittenStore ingests a tree in two transactions.
func (b logTree) halfWrittenStore(t *testing.T) (h halfWritten) {
	t.Helper()
	disk := Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
	disk.seams = seams{objects: len(b.want)/2 + 1, step: func(what string) error {
		if what != "before COMMIT" {
			return nil
		}
		var errs [2]error
		h.before, errs[0] = os.ReadFile(disk.Path)
		h.copy, errs[1] = os.ReadFile(disk.Path + copySuffix)
		return errors.Join(errs[:]...)
	}}
	done, err := ingestInto(disk, b.dir, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if h.after, err = os.ReadFile(disk.Path); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(disk.Path + copySuffix); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the copy is there after the ingest: %v", err)
	}
	h.objects = min(disk.seams.objects, int(done.New))
	return h
}

// torn is what a process leaves that is killed after so many bytes of one of the blocks
// that are written in place: the header, and the blocks after it, are still the old ones.
func (h halfWritten) torn(t *testing.T, which func(n int) (block int, bytes int64)) []byte {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "s"+copySuffix), h.copy, 0o600); err != nil {
		t.Fatal(err)
	}
	headers, blocks, err := Disk{Path: filepath.Join(dir, "s")}.copied()
	if err != nil || !bytes.Equal(headers, h.before[:headersSize]) || len(blocks) < 2 {
		t.Fatalf("copy of %d blocks, %v", len(blocks), err)
	}
	file := bytes.Clone(h.after)
	copy(file, headers)
	block, written := which(len(blocks))
	for i, b := range blocks[block:] {
		if !bytes.Equal(b.text, h.before[b.at:][:len(b.text)]) {
			t.Fatalf("block at %d is not what the file had", b.at)
		}
		if i > 0 {
			written = 0
		}
		copy(file[b.at+written:b.at+int64(len(b.text))], b.text[written:])
	}
	return file
}

// TestTornMetadata: a commit that was interrupted in the middle of a block that it writes
// over has not been. The same without the copy beside it shows that it is needed.
func TestTornMetadata(t *testing.T) {
	t.Parallel()
	b := newLogTree(t, 33, 1500)
	h := b.halfWrittenStore(t)
	rng := rand.New(rand.NewPCG(4, 5))
	put := func(t *testing.T, file, copied []byte) Disk {
		t.Helper()
		disk := Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: 10 * time.Second}
		if err := os.WriteFile(disk.Path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		if copied == nil {
			return disk
		}
		if err := os.WriteFile(disk.Path+copySuffix, copied, 0o600); err != nil {
			t.Fatal(err)
		}
		return disk
	}
	holds := func(t *testing.T, disk Disk, objects int) {
		t.Helper()
		if wrong, err := Verify(context.Background(), t.TempDir(), disk); err != nil || wrong != nil {
			t.Errorf("verify: %v, %v", wrong, err)
		}
		if n := b.recount(t, disk, "after it"); n != objects {
			t.Errorf("%d objects, want %d", n, objects)
		}
	}
	damaged := 0
	for i := range 12 {
		t.Run(fmt.Sprintf("tear %d", i), func(t *testing.T) {
			file := h.torn(t, func(n int) (int, int64) { return rng.IntN(n), rng.Int64N(262144) })
			_, err := Verify(context.Background(), t.TempDir(), put(t, file, nil))
			if err != nil {
				damaged++
				if !strings.Contains(err.Error(), "it is damaged") {
					t.Errorf("without the copy: %v", err)
				}
			}
			disk := put(t, file, h.copy)
			holds(t, disk, h.objects)
			if _, err := ingestInto(disk, b.dir, t.TempDir()); err != nil {
				t.Fatal(err)
			}
			holds(t, disk, len(b.want))
		})
	}
	if damaged < 6 {
		t.Errorf("%d of 12 were damaged without the copy: these are not the tears that were meant", damaged)
	}
	t.Run("committed", func(t *testing.T) { // and killed before the copy is gone
		holds(t, put(t, h.after, h.copy), len(b.want))
	})
	t.Run("copy cut", func(t *testing.T) {
		holds(t, put(t, h.after, h.copy[:rng.IntN(len(h.copy))]), len(b.want))
	})
	t.Run("damaged after the commit", func(t *testing.T) { // the copy has blocks of an earlier state
		file := bytes.Clone(h.after)
		at := len(copyMagic) + 8 + headersSize
		block := binary.LittleEndian.Uint64(h.copy[at:])
		file[block+100] ^= 1
		disk := put(t, file, h.copy)
		if _, err := Verify(context.Background(), t.TempDir(), disk); err == nil || !strings.Contains(err.Error(), "it is damaged") {
			t.Errorf("verify: %v", err)
		}
		if left, err := os.ReadFile(disk.Path); err != nil || !bytes.Equal(left, file) {
			t.Errorf("the store was written to, %v", err)
		}
	})
	t.Run("copy damaged", func(t *testing.T) { // where it says what stands where: nothing is put there
		file, copied := h.torn(t, func(int) (int, int64) { return 0, 100 }), bytes.Clone(h.copy)
		copied[len(copyMagic)+8+headersSize] ^= 1
		disk := put(t, file, copied)
		if _, err := Verify(context.Background(), t.TempDir(), disk); err == nil || !strings.Contains(err.Error(), "it is damaged") {
			t.Errorf("verify: %v", err)
		}
		if left, err := os.ReadFile(disk.Path); err != nil || !bytes.Equal(left, file) {
			t.Errorf("the store was written to, %v", err)
		}
	})
	t.Run("not begun", func(t *testing.T) {
		holds(t, put(t, h.before, h.copy), h.objects)
	})
}

// TestFailedCommit: a commit that failed may have been in the middle of a block, as on a
// disk that is full, and what puts that back is there for the next who opens the store.
func TestFailedCommit(t *testing.T) {
	b := newLogTree(t, 34, 300)
	disk := Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
	failing := errors.New("no commit")
	commits := 0
	breaks := disk
	breaks.seams.step = func(what string) error {
		if what == "before COMMIT" {
			if commits++; commits == 2 { // the first is that of the tables
				return failing
			}
		}
		return nil
	}
	if _, err := ingestInto(breaks, b.dir, t.TempDir()); !errors.Is(err, failing) {
		t.Fatalf("%v, want %v", err, failing)
	}
	_, blocks, err := disk.copied()
	if err != nil || len(blocks) == 0 {
		t.Fatalf("a copy of %d blocks, %v", len(blocks), err)
	}
	f, err := os.OpenFile(disk.Path, os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteAt(make([]byte, 4096), blocks[0].at)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ingestInto(disk, b.dir, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if n := b.recount(t, disk, "after it"); n != len(b.want) {
		t.Errorf("%d objects, want %d", n, len(b.want))
	}
	if _, err := os.Stat(disk.Path + copySuffix); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the copy is there after the ingest: %v", err)
	}
}

// TestCopyOfAnotherStore: a sound store that takes the place of one whose ingest was
// killed stays as it is, though their headers may be the same.
func TestCopyOfAnotherStore(t *testing.T) {
	ingest := func(disk Disk, day string, hours int) {
		t.Helper()
		logs := t.TempDir()
		for hour := range hours {
			line := fmt.Sprintf(`http %sT%02d:15:01.101682Z app/a/1 198.51.100.7:65530 - -1 -1 -1 503 - 0 0 "GET http://a:80/ HTTP/1.1" "-"`, day, hour)
			if err := os.WriteFile(filepath.Join(logs, fmt.Sprint(hour, ".log")), []byte(line), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := ingestInto(disk, logs, t.TempDir()); err != nil {
			t.Fatal(err)
		}
	}
	one := Disk{Path: filepath.Join(t.TempDir(), "one.duckdb"), Wait: time.Second}
	other := Disk{Path: filepath.Join(t.TempDir(), "other.duckdb"), Wait: time.Second}
	ingest(one, "2026-10-07", 20)
	ingest(other, "2026-10-08", 20)
	var copied []byte
	one.seams.step = func(what string) (err error) {
		if what == "before COMMIT" {
			copied, err = os.ReadFile(one.Path + copySuffix)
		}
		return err
	}
	ingest(one, "2026-10-09", 1)
	if err := os.WriteFile(other.Path+copySuffix, copied, 0o600); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(other.Path)
	if err != nil {
		t.Fatal(err)
	}
	if headers, blocks, err := other.copied(); err != nil || !bytes.Equal(headers, before[:headersSize]) || len(blocks) == 0 {
		t.Fatalf("a copy of %d blocks, whose header is another one, %v", len(blocks), err)
	}
	if wrong, err := Verify(context.Background(), t.TempDir(), other); err != nil || wrong != nil {
		t.Errorf("verify: %v, %v", wrong, err)
	}
	if after, err := os.ReadFile(other.Path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("a sound store was written to: %v", err)
	}
}
