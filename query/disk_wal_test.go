package query

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// killedStore is what an ingest leaves that is killed with a WAL beside the file.
type killedStore struct{ file, wal []byte }

// killedStores are what SIGKILL would leave in the steps of an ingest that have a
// WAL, each once: what is written is the system's, and outlives the process.
func killedStores(t *testing.T, logs string, batch int) (list []killedStore) {
	t.Helper()
	disk := Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: time.Second}
	disk.seams = seams{objects: batch, wal: "1GB", step: func(string) error {
		var k killedStore
		var err error
		if k.wal, err = os.ReadFile(disk.Path + ".wal"); err == nil {
			k.file, err = os.ReadFile(disk.Path)
		}
		if err == nil && len(k.wal) > 0 && (len(list) == 0 || !bytes.Equal(k.wal, list[len(list)-1].wal)) {
			list = append(list, k)
		}
		if errors.Is(err, os.ErrNotExist) {
			err = nil
		}
		return err
	}}
	if _, err := ingestInto(disk, logs, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	return list
}

// put writes the files of a store, in place of what was there.
func (k killedStore) put(t *testing.T, disk Disk) {
	t.Helper()
	for _, f := range disk.files() {
		if err := os.Remove(f); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.WriteFile(disk.Path, k.file, 0o600), os.WriteFile(disk.Path+".wal", k.wal, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// TestTornWAL cuts and damages what an ingest had committed when it was killed, and
// had not moved to the file yet. The answer is that before the transaction, or that
// after it, or none; what an ingest makes of it is whole, or it refuses as well;
// and a rebuild always helps.
func TestTornWAL(t *testing.T) {
	t.Parallel()
	b := newLogTree(t, 32, 1500)
	stores := killedStores(t, b.dir, len(b.want)/2+1)
	if len(stores) < 2 {
		t.Fatalf("%d transactions have left a WAL, want one of each batch", len(stores))
	}
	for i, k := range stores {
		t.Run(fmt.Sprintf("transaction %d", i+1), func(t *testing.T) {
			t.Parallel()
			b.tear(t, k, rand.New(rand.NewPCG(3, uint64(i))))
		})
	}
}

func (b logTree) tear(t *testing.T, k killedStore, rng *rand.Rand) {
	disk := Disk{Path: filepath.Join(t.TempDir(), "loglens.duckdb"), Wait: 10 * time.Second}
	answer := func(wal []byte) (text string, ok bool) {
		killedStore{k.file, wal}.put(t, disk)
		return answers(t, disk.Path)
	}
	before, ok := answer(nil)
	after, ok2 := answer(k.wal)
	if !ok || !ok2 || before == after {
		t.Fatalf("no answer, or the same without the WAL:\n%s\n%s", before, after)
	}
	counts := map[string]int{}
	for n, torn := range tears(rng, k.wal) {
		got, ok := answer(torn.wal)
		switch {
		case !ok:
			counts["refused"]++
		case got == before:
			counts["before"]++
		case got == after:
			counts["after"]++
		default:
			t.Errorf("%s: the answer is neither that before nor that after (-before +got):\n%s", torn.what, gocmp.Diff(before, got))
		}
		if n%4 == 0 {
			killedStore{k.file, torn.wal}.put(t, disk)
			counts[b.mend(t, disk, torn.what)]++
		}
	}
	t.Log(counts)
	if counts["before"] < 3 || counts["after"]+counts["refused"] < 3 {
		t.Errorf("%v: these are not the tears that were meant", counts)
	}
}

// tear is a WAL that is not as it was written.
type tear struct {
	what string
	wal  []byte
}

func tears(rng *rand.Rand, wal []byte) (list []tear) {
	cut := func(n int) { list = append(list, tear{fmt.Sprintf("cut to %d bytes of %d", n, len(wal)), wal[:n]}) }
	for _, n := range []int{1, 20, len(wal) - 1, len(wal) - 20} {
		cut(n)
	}
	for range 8 {
		cut(rng.IntN(len(wal)))
	}
	for range 6 {
		bit := rng.IntN(8 * len(wal))
		flipped := bytes.Clone(wal)
		flipped[bit/8] ^= 1 << (bit % 8)
		list = append(list, tear{fmt.Sprintf("bit %d of %d flipped", bit, 8*len(wal)), flipped})
	}
	// A machine that lost power may have kept the length and not the text.
	lost := bytes.Clone(wal)
	clear(lost[rng.IntN(len(wal)):])
	return append(list, tear{"the end is zeros", lost})
}

// mend ingests into a store, and if that is refused rebuilds it.
func (b logTree) mend(t *testing.T, disk Disk, what string) (how string) {
	t.Helper()
	how = "ingested"
	if out, err := child(t, b.dir, disk, childBatch+"=1000").CombinedOutput(); err != nil {
		if how = "rebuilt"; !strings.Contains(string(out), "store "+disk.Path+": it is damaged") {
			t.Errorf("%s: an ingest does not tell the damage as such: %v\n%.600s", what, err, out)
		}
		aside, err := SetAside(context.Background(), disk, time.Now())
		if err != nil || aside == "" {
			t.Fatalf("%s: put aside: %q, %v", what, aside, err)
		}
		if _, err := ingestInto(disk, b.dir, t.TempDir()); err != nil {
			t.Fatalf("%s: rebuild: %v", what, err)
		}
	}
	if n := b.recount(t, disk, what); n != len(b.want) {
		t.Errorf("%s: %d objects, want %d", what, n, len(b.want))
	}
	if wrong, err := Verify(context.Background(), t.TempDir(), disk); err != nil || wrong != nil {
		t.Errorf("%s: verify: %v, %v", what, wrong, err)
	}
	return how
}
