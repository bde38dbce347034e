package query

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/duckdb/duckdb-go/v2"
	"github.com/gofrs/flock"

	"loglens/ingest"
)

// Disk is the store on disk: one DuckDB file, two files beside it that are only
// locked, and while it is written a copy of what must not be lost. It holds whole
// objects, so what lies outside of a window is there as well, and an object is in it
// whole or not at all.
type Disk struct {
	Path string
	Wait time.Duration // how long to wait for who holds a lock

	seams seams
}

// seams are where a test takes hold of an ingest; users have the zero value.
type seams struct {
	objects int                     // in a transaction, if not batchObjects
	wal     string                  // up to what size a transaction goes through DuckDB's log, if not throughWAL
	step    func(name string) error // called between the steps: it lets one fail, or ends the process in it
}

func (s seams) at(step string) error {
	if s.step == nil {
		return nil
	}
	return s.step(step)
}

// diskVersion is that of the file's tables. Another version is not read.
const diskVersion = 4

// diskRowGroup is how many rows DuckDB holds of a table before it writes them down, in
// the middle of a transaction already: less than its usual 122,880, since rows of
// lines are large. Much less would cost every answer: see testdata/bench.
const diskRowGroup = 16384

// files are all that the store is made of, the locks aside, and all that DuckDB may touch.
func (d Disk) files() []string {
	if d.Path == "" {
		return nil
	}
	return []string{d.Path, d.Path + ".wal", d.Path + ".wal.checkpoint", d.Path + ".wal.recovery", d.Path + copySuffix}
}

// own returns what tells the files of the store, which may lie among the logs, from
// objects.
func (d Disk) own() func(o *ingest.Object) bool {
	path, err := filepath.Abs(d.Path)
	if err == nil {
		var folder string
		folder, err = filepath.EvalSymlinks(filepath.Dir(path))
		path = filepath.Join(folder, filepath.Base(path))
	}
	return func(o *ingest.Object) bool {
		rest, ok := strings.CutPrefix(o.Identity(), path)
		return err == nil && ok && (rest == ingestingLock || rest == openLock || strings.HasPrefix(rest, asideSuffix) || slices.Contains(d.files(), d.Path+rest))
	}
}

// DiskError says why a store cannot be read.
type DiskError struct {
	Path, Reason, Next string
	Missing            bool // there is none
	Err                error
}

func (e *DiskError) Error() string { return "store " + e.Path + ": " + e.Reason }
func (e *DiskError) Unwrap() error { return e.Err }

// Hint says what to do.
func (e *DiskError) Hint() string { return e.Next }

// LockedError says that another process holds the store.
type LockedError struct {
	Path string
	Wait time.Duration
	Who  string // its program and number; "" if they are not known
}

func (e *LockedError) Error() string {
	text := fmt.Sprintf("store %s: another process has held it for %v", e.Path, e.Wait)
	if e.Who != "" {
		text += ": " + e.Who
	}
	return text
}

// Hint says what to do.
func (e *LockedError) Hint() string { return "wait longer with --lock-timeout, or end the other one" }

// command is one about this store, and not about the one that is meant where none is named.
func (d Disk) command(words string) string {
	return "loglens " + words + " --store " + ingest.ShellWord(d.Path)
}

// Rebuild says how to go on without what is in the file.
func (d Disk) Rebuild() string {
	return d.command("store rebuild") + " SOURCE puts it aside and reads the logs again; of S3 the last hour, unless --since says more"
}

// Retry says how to have objects of the window read again that could not be read when
// they were ingested; "" without a store on disk.
func (s *Store) Retry() string {
	if s.in.Disk.Path == "" {
		return ""
	}
	source := "SOURCE"
	if known := slices.Collect(maps.Keys(s.reader.spans)); len(known) == 1 && known[0] != givenUp {
		source = ingest.ShellWord(known[0])
	}
	return s.in.Disk.command("ingest") + windowFlags(s.in.Plan.Window) + " " + source + " tries again"
}

// unwritable says that the store's folder cannot be written to. A full disk is told as
// such: another folder of it would be no better.
func (d Disk) unwritable(what string, err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("store %s: %s: %w", d.Path, what, err)
	}
	return &DiskError{Path: d.Path, Reason: fmt.Sprintf("%s: %v", what, err), Next: "name a file in a folder that may be written to: --store " + d.elsewhere(), Err: err}
}

// elsewhere is where else a store may lie: in the working folder, unless this one does.
func (d Disk) elsewhere() string {
	if filepath.Dir(d.Path) == "." {
		return "FOLDER/loglens.duckdb"
	}
	return "./loglens.duckdb"
}

// Present returns an error if there is no store: a *DiskError where its Next helps.
func (d Disk) Present() error {
	info, err := os.Stat(d.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &DiskError{Path: d.Path, Reason: "there is none", Next: d.command("ingest") + " --since 24h s3://my-logs/prod makes one", Missing: true, Err: err}
	case err != nil:
		return fmt.Errorf("open store: %w", err)
	case info.IsDir():
		return &DiskError{Path: d.Path, Reason: "this is a folder", Next: "name a file in it: --store " + ingest.ShellWord(filepath.Join(d.Path, "loglens.duckdb"))}
	case d.begun(info):
		return d.hollow()
	}
	return nil
}

// begun reports whether a file ends within the headers that DuckDB makes it with, one
// after the other, before there is anything in it: the process was ended meanwhile.
func (d Disk) begun(info fs.FileInfo) bool {
	if !info.Mode().IsRegular() || info.Size() >= headersSize {
		return false
	}
	const magic = "DUCK" // behind a checksum
	text, err := os.ReadFile(d.Path)
	return err == nil && (len(text) == 0 || len(text) >= 12 && string(text[8:12]) == magic)
}

// hollow says that a file holds nothing: an ingest was ended before its first step.
func (d Disk) hollow() *DiskError {
	return &DiskError{Path: d.Path, Reason: "it is empty", Next: d.command("ingest") + " --since 24h s3://my-logs/prod fills it", Missing: true}
}

// The two locks. Who writes holds ingesting from the first object to the last, so
// that no two do the same work; the file itself is locked by readers and writers
// for as long as DuckDB has it open, which never is long. Both are the kernel's,
// and gone with the process.
const (
	ingestingLock = ".ingesting"
	openLock      = ".lock"
)

// lock waits for a lock. A shared one is held by any number at a time.
func (d Disk) lock(ctx context.Context, which string, shared bool) (*flock.Flock, error) {
	l := flock.New(d.Path+which, flock.SetPermissions(0o600))
	try, wait := l.TryLock, l.TryLockContext
	if shared {
		try, wait = l.TryRLock, l.TryRLockContext
	}
	taken, err := try() // once at least, however short the wait is and busy the machine
	if err == nil && !taken {
		ctx, cancel := context.WithTimeoutCause(ctx, d.Wait, &LockedError{Path: d.Path, Wait: d.Wait})
		defer cancel()
		if _, err = wait(ctx, 5*time.Millisecond); ctx.Err() != nil && err != nil {
			return nil, context.Cause(ctx)
		}
	}
	if err != nil {
		err = d.unwritable("it cannot be locked, which takes files beside it", err)
		var refused *DiskError
		if shared && errors.As(err, &refused) { // another file would not have what is asked for
			copied := d.elsewhere()
			refused.Next = "copy it to a folder that may be written to: cp " + ingest.ShellWord(d.Path) + " " + copied + "\nand ask that: --store " + copied
		}
		return nil, err
	}
	return l, nil
}

// attach opens the file as the database disk, for as long as release is not
// called. A file that DuckDB cannot read is a *DiskError.
func (s *Store) attach(ctx context.Context, d Disk, write bool) (release func() error, err error) {
	l, err := d.take(ctx, write)
	if err != nil {
		return nil, err
	}
	options := " (READ_ONLY)"
	if write {
		options = fmt.Sprintf(" (ROW_GROUP_SIZE %d)", diskRowGroup)
		if info, err := os.Stat(d.Path); err == nil && d.begun(info) {
			_ = os.Remove(d.Path) // DuckDB makes a file, and takes none for its own that is not whole
		}
	}
	if err := d.unlocked(ctx, func() error { return s.exec(ctx, "ATTACH "+quoted(d.Path)+" AS disk"+options) }); err != nil {
		return nil, errors.Join(d.fault(err), l.Unlock())
	}
	release = func() error {
		// The context may be over; the file has to be let go all the same.
		err := s.exec(context.WithoutCancel(ctx), "DETACH disk")
		c := s.metadata
		s.metadata = nil
		return errors.Join(d.fault(err), c.close(err == nil), l.Unlock())
	}
	if write {
		if s.metadata, err = d.openCopy(); err != nil {
			return nil, errors.Join(err, release())
		}
	}
	return release, nil
}

var (
	// refusal is how DuckDB says that the system did not let it open a file.
	refusal = regexp.MustCompile(`^IO Error: (Cannot open file|Could not set lock on file) `)
	// heldBy is how it says that a program that knows nothing of our locks, such as its
	// own shell, has the file open.
	heldBy = regexp.MustCompile(`^IO Error: Could not set lock on file .*? held in (.*?PID \d+\)?)`)
)

// unlocked opens the file, and waits as long as such a program has it.
func (d Disk) unlocked(ctx context.Context, open func() error) error {
	wait := time.NewTimer(d.Wait)
	defer wait.Stop()
	for {
		err := open()
		if err == nil {
			return nil
		}
		who := heldBy.FindStringSubmatch(err.Error())
		if who == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-wait.C:
			return &LockedError{Path: d.Path, Wait: d.Wait, Who: who[1]}
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// damage is how DuckDB calls what is wrong with a file.
var damage = []duckdb.ErrorType{duckdb.ErrorTypeIO, duckdb.ErrorTypeSerialization, duckdb.ErrorTypeInternal, duckdb.ErrorTypeFatal, duckdb.ErrorTypeCatalog}

// noRoom is the error of a full disk while path is written, nil for another one.
// DuckDB tells the cause in words alone, which are the system's; an error that has it
// as such tells of a file of its own.
func noRoom(err error, path string) error {
	if err == nil || errors.Is(err, syscall.ENOSPC) || !strings.Contains(strings.ToLower(err.Error()), syscall.ENOSPC.Error()) {
		return nil
	}
	return fmt.Errorf("write %s: %w", path, syscall.ENOSPC)
}

// fault turns what DuckDB says of the file into what to do about it.
func (d Disk) fault(err error) error {
	var refused *duckdb.Error
	if full := noRoom(err, d.Path); full != nil {
		return full
	}
	ours := errors.Is(err, errBlock) || errors.Is(err, errUnreadable)
	if errors.As(err, new(*DiskError)) || !ours && (!errors.As(err, &refused) || !slices.Contains(damage, refused.Type)) {
		return err
	}
	why, _, _ := strings.Cut(err.Error(), "\n\nStack Trace:") // of DuckDB, in what it calls internal
	if strings.Contains(why, "Could not write file") {
		return fmt.Errorf("store %s: it cannot be written to, and is as it was: %s", d.Path, why)
	}
	if refusal.MatchString(why) {
		return &DiskError{Path: d.Path, Reason: "it cannot be opened: " + why, Next: "as who may open it, or with another store: --store " + d.elsewhere(), Err: err}
	}
	return &DiskError{Path: d.Path, Reason: "it is damaged: " + why, Next: d.Rebuild(), Err: err}
}
