package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"loglens/ingest"
)

// Ingested says what an ingest has found and done.
type Ingested struct {
	Listed   int64 // objects of the window
	Known    int64 // that were in the store already
	New      int64
	Replaced int64 // that were in the store in another version, or had not been readable
	Failed   int64 // that could not be read; the next ingest of their time tries again
	Gone     int64 // that could not be read before, and are not there any more
	Bytes    int64 // stored bytes of those that were read
	Lines    int64 // of those that were read, now or before
	Rejected int64 // that are damaged, or no entry of a log at all
	Failures []string
	First    error    // why one of those that failed could not be read; nil if all could
	Empty    []string // folders without anything in them, which were not looked through
}

// A batch is what one transaction brings in: so much is lost at most if the
// process dies, and so much is held.
const (
	batchObjects = 4000
	batchBytes   = 1 << 30
)

// Ingest reads the objects of the plan that the store does not have, whole, and
// puts them in. Each is there with all its rows or not at all. With requests,
// every request is kept, and objects that were read without are read again.
//
// Errors: *LockedError, *DiskError, *ingest.SourceError for an object that can be
// read only once, what Run returns. What was put in before an error stays.
func Ingest(ctx context.Context, temp string, in Input, requests bool) (done Ingested, err error) {
	if info, err := os.Stat(in.Disk.Path); err == nil && info.IsDir() {
		return done, in.Disk.Present()
	}
	if err := os.MkdirAll(filepath.Dir(in.Disk.Path), 0o700); err != nil {
		return done, in.Disk.unwritable("its folder cannot be made", err)
	}
	held, err := in.Disk.lock(ctx, ingestingLock, false)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, held.Unlock()) }()
	plan := in.Plan
	plan.Kinds = AllKinds
	in.Plan = ingest.Plan{} // an object is kept whole, whatever the window
	s, err := open(ctx, temp, in, newKeeping(temp, requests))
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(cmp.Or(s.outOfRoom(err), err), s.Close()) }()
	if err := s.configure(ctx, s.answerThreads(), memoryToStream); err != nil {
		return done, err
	}
	i := &ingesting{store: s, plan: plan, requests: requests, done: &done}
	if err := i.look(ctx); err != nil {
		return done, err
	}
	i.lookFor()
	listing, cancel := context.WithCancel(ctx)
	defer cancel()
	feed := ingest.List(listing, in.Sources, plan)
	s.progress.follow(feed)
	return done, i.bringAll(ctx, feed)
}

// ingesting is an ingest on its way.
type ingesting struct {
	store    *Store
	plan     ingest.Plan
	requests bool
	done     *Ingested
	places   []string           // of the sources, by the same name wherever the command is typed
	known    map[string]stored  // by identity
	missing  map[string]missing // by identity, those of them that could not be read and have not been listed
	next     int64              // object_id
	spans    spans
}

// bringAll brings in, batch by batch, what is listed and wanted.
func (i *ingesting) bringAll(ctx context.Context, feed *ingest.Feed) error {
	disk := i.store.in.Disk
	own := disk.own()
	most := cmp.Or(disk.seams.objects, batchObjects)
	var batch []*ingest.Object
	var bytes int64
	for o := range feed.Objects() {
		if o.Once() {
			return &ingest.SourceError{Spec: o.URI, Reason: "a store knows objects by name and time, and what comes through a pipe has neither",
				Next: "write it to a file and ingest that, or ask about it without a store: loglens top-errors -"}
		}
		if own(o) || !i.wants(o) {
			continue
		}
		batch, bytes = append(batch, o), bytes+max(o.Size, 0)
		if len(batch) >= most || bytes >= batchBytes {
			if err := i.bring(ctx, batch, i.begun()); err != nil {
				return err
			}
			batch, bytes = nil, 0
		}
	}
	if err := feed.Err(); err != nil {
		return err
	}
	return i.bring(ctx, batch, append(i.ended(), i.forget()...))
}

// stored is an object that the store has.
type stored struct {
	id       int64
	version  string
	whole    bool // it was read
	requests bool // with all its requests
	lines    int64
	rejected int64
}

// missing is an object that the store does not have.
type missing struct {
	id       int64
	place    string // where it lies
	uri      string
	modified time.Time // of one in S3, where a listing goes by it
}

// version tells one content of a place from another.
func version(etag string, size int64, modified time.Time) string {
	if etag != "" {
		return fmt.Sprintf("%s %d", etag, size)
	}
	return fmt.Sprintf("%d %d", modified.UnixMicro(), size)
}

// look makes the tables if there are none, and reads which objects there are.
func (i *ingesting) look(ctx context.Context) (err error) {
	s := i.store
	release, err := s.attach(ctx, s.in.Disk, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	err = s.checkVersion(ctx, s.in.Disk)
	var hollow *DiskError
	if errors.As(err, &hollow) && hollow.Missing {
		// It holds addresses and URLs of other people. The folder, if we made it,
		// lets nobody else in before.
		if err := os.Chmod(s.in.Disk.Path, 0o600); err != nil {
			return fmt.Errorf("protect store: %w", err)
		}
		err = s.transaction(ctx, diskSchema()...)
	}
	if err != nil {
		return err
	}
	i.known = map[string]stored{}
	var k stored
	i.missing = map[string]missing{}
	var identity, uri, status string
	var etag *string
	var size *int64
	var modified *time.Time
	err = s.each(ctx, func() {
		n := int64(-1)
		if size != nil {
			n = *size
		}
		k.version = version(or(etag), n, or(modified))
		if k.whole = status == "ok"; !k.whole {
			m := missing{id: k.id, place: placeOf(identity, uri), uri: uri}
			if strings.HasPrefix(uri, "s3://") {
				m.modified = or(modified)
			}
			i.missing[identity] = m
		}
		i.known[identity] = k
		i.next = max(i.next, k.id+1)
	}, `SELECT object_id, identity, uri, etag, size, modified, status, requests_kept, coalesce(lines, 0), coalesce(rejected, 0)
		FROM disk.object LEFT JOIN (
			SELECT object_id, sum(lines)::BIGINT AS lines, sum(rejected)::BIGINT AS rejected FROM disk.accounting GROUP BY object_id
		) USING (object_id)`,
		[]any{&k.id, &identity, &uri, &etag, &size, &modified, &status, &k.requests, &k.lines, &k.rejected})
	if err == nil {
		i.spans, err = s.spansOf(ctx)
	}
	return s.in.Disk.fault(err)
}

// checkVersion refuses a file that no ingest or another version of loglens has made.
func (s *Store) checkVersion(ctx context.Context, d Disk) error {
	tables, own, version := 0, 0, 0
	err := s.one(ctx, `SELECT count(*), count(*) FILTER (table_name IN ('meta', 'object'))
		FROM duckdb_tables() WHERE database_name = 'disk'`, []any{&tables, &own})
	switch {
	case err != nil:
		return d.fault(err)
	case tables == 0:
		return d.hollow()
	case own == 0:
		// What export writes is such a file; to put it aside would be no help.
		return &DiskError{Path: d.Path, Reason: "this is a DuckDB file, but no store of loglens",
			Next: "name another file with --store; what loglens export wrote is read with DuckDB itself"}
	}
	if err := s.one(ctx, "SELECT version FROM disk.meta", []any{&version}); err != nil {
		return d.fault(err)
	}
	if version != diskVersion {
		return &DiskError{Path: d.Path, Reason: fmt.Sprintf("its tables are of version %d, and this loglens reads %d", version, diskVersion),
			Next: d.Rebuild()}
	}
	return nil
}

// lookFor finds out where the sources are. A folder without anything in it is most likely
// one that nothing is mounted on: what lies there otherwise is neither looked for nor gone.
func (i *ingesting) lookFor() {
	for _, source := range i.store.in.Sources {
		place := absolute(source.String())
		if entries, err := os.ReadDir(place); err == nil && len(entries) == 0 {
			i.done.Empty = append(i.done.Empty, place)
		} else {
			i.places = append(i.places, place)
		}
	}
}

// wants reports whether an object has to be read.
func (i *ingesting) wants(o *ingest.Object) bool {
	i.done.Listed++
	identity := printable(o.Identity())
	delete(i.missing, identity)
	have, ok := i.known[identity]
	if ok && have.same(o) && (have.requests || !i.requests) {
		i.done.Known++
		i.done.Lines, i.done.Rejected = i.done.Lines+have.lines, i.done.Rejected+have.rejected
		return false
	}
	return true
}

// forget takes out of the store the objects that could not be read and are gone: they can
// never be read, and are no gap. All sources have been listed by then.
func (i *ingesting) forget() []string {
	var gone []string
	for _, m := range i.missing {
		if i.plan.Lists(ingest.NameOf(m.uri), m.modified) && slices.ContainsFunc(i.places, m.lies) {
			gone = append(gone, fmt.Sprint(m.id))
		}
	}
	i.done.Gone = int64(len(gone))
	return withoutObjects(gone)
}

// same reports whether the store has what an object holds now.
func (s stored) same(o *ingest.Object) bool {
	return s.whole && s.version == version(o.ETag, o.Size, o.Modified.Truncate(time.Microsecond))
}

// bring reads a batch and puts it into the store, in one transaction with what is
// remembered of spans.
func (i *ingesting) bring(ctx context.Context, batch []*ingest.Object, spans []string) error {
	s := i.store
	switch {
	case len(batch) == 0 && len(spans) == 0:
		return nil
	case len(batch) == 0:
		return s.writing(ctx, func() error { return s.transaction(ctx, spans...) })
	}
	for n, o := range batch {
		o.ID = int32(n)
	}
	s.read, s.count = AllKinds, details{latency: true, nodes: true}
	err := s.load(ctx, func(ctx context.Context) *ingest.Feed { return ingest.Serve(ctx, batch, s.in.Workers) }, AllKinds)
	if err == nil {
		err = s.in.Disk.seams.at("loaded")
	}
	if err == nil {
		err = s.writing(ctx, func() error { return i.commit(ctx, batch, spans) })
	}
	if err != nil {
		return err
	}
	i.next += int64(len(batch))
	return errors.Join(s.forget(ctx), s.remove(ctx, "entry_minute"), s.keeping.empty())
}

// writing opens the file for as long as write takes.
func (s *Store) writing(ctx context.Context, write func() error) (err error) {
	release, err := s.attach(ctx, s.in.Disk, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	return write()
}

// commit writes what is in memory to the file, which is open.
func (i *ingesting) commit(ctx context.Context, batch []*ingest.Object, spans []string) error {
	s := i.store
	gone, vain, counted, err := i.counted(ctx, batch)
	if err != nil {
		return err
	}
	if err := s.transaction(ctx, append(i.statements(gone, vain), spans...)...); err != nil {
		return err
	}
	d := i.done
	d.New, d.Replaced, d.Failed, d.Bytes = d.New+counted.New, d.Replaced+counted.Replaced, d.Failed+counted.Failed, d.Bytes+counted.Bytes
	d.Lines, d.Rejected = d.Lines+counted.Lines, d.Rejected+counted.Rejected
	d.First = cmp.Or(d.First, s.FirstFailure())
	d.Failures = append(d.Failures, counted.Failures[:min(len(counted.Failures), 5-min(len(d.Failures), 5))]...)
	return s.in.Disk.seams.at("committed")
}

// counted says what became of a batch, which objects of the store it replaces, and which
// of the batch could not be read again (vain): the store keeps what it has of those.
func (i *ingesting) counted(ctx context.Context, batch []*ingest.Object) (gone, vain []string, c Ingested, err error) {
	var status string
	var why *string
	var stored int64
	failed := map[string]bool{}
	var identity string
	err = i.store.each(ctx, func() {
		if c.Bytes += stored; status != "ok" {
			failed[identity] = true
			c.Failed++
			c.Failures = append(c.Failures, or(why))
		}
	}, "SELECT identity, status, error, coalesce(bytes_compressed, 0) FROM object_read ORDER BY object_id", []any{&identity, &status, &why, &stored})
	if err == nil {
		err = i.store.one(ctx, "SELECT coalesce(sum(lines), 0)::BIGINT, coalesce(sum(rejected), 0)::BIGINT FROM accounting", []any{&c.Lines, &c.Rejected})
	}
	for _, o := range batch {
		name := printable(o.Identity())
		have, ok := i.known[name]
		if failed[name] && ok && have.same(o) {
			vain = append(vain, fmt.Sprint(o.ID))
			continue
		}
		if ok {
			gone = append(gone, fmt.Sprint(have.id))
		}
		switch {
		case failed[name]:
		case ok:
			c.Replaced++
		default:
			c.New++
		}
	}
	return gone, vain, c, err
}

// statements move the batch, but for what was read in vain, from memory to disk, in
// place of objects that are gone. An object that could not be read has a row of
// object_read, and no others.
func (i *ingesting) statements(gone, vain []string) (list []string) {
	base := fmt.Sprint(i.next)
	if len(gone) > 0 {
		in := " WHERE object_id IN (" + strings.Join(gone, ", ") + ")"
		list = append(list, "DELETE FROM disk.object"+in)
		for _, t := range diskTables() {
			list = append(list, "DELETE FROM disk."+t+in)
		}
	}
	except := ""
	if len(vain) > 0 {
		except = " WHERE object_id NOT IN (" + strings.Join(vain, ", ") + ")"
	}
	list = append(list, "INSERT INTO disk.object BY NAME SELECT * REPLACE ((object_id + "+base+")::INTEGER AS object_id), "+
		fmt.Sprint(i.requests)+" AS requests_kept FROM object_read"+except)
	for _, t := range diskTables() {
		list = append(list, "INSERT INTO disk."+t+" BY NAME SELECT * REPLACE ((object_id + "+base+")::INTEGER AS object_id) FROM "+t)
	}
	return append(list, placeObjects)
}

// undo ends a transaction that failed. What has failed may have ended it by itself.
func (s *Store) undo(ctx context.Context) error {
	err := s.exec(context.WithoutCancel(ctx), "ROLLBACK")
	var refused *duckdb.Error
	if errors.As(err, &refused) && refused.Type == duckdb.ErrorTypeTransaction {
		return nil
	}
	return err
}

// transaction runs statements, all or none.
func (s *Store) transaction(ctx context.Context, statements ...string) (err error) {
	run := func(q string) error {
		if err := s.in.Disk.seams.at("before " + q[:min(len(q), 40)]); err != nil {
			return err
		}
		if err := s.exec(ctx, q); err != nil {
			return fmt.Errorf("write store: %w", cmp.Or(s.outOfRoom(err), s.in.Disk.fault(err)))
		}
		return nil
	}
	if err := s.metadata.save(ctx, s); err != nil {
		return err
	}
	if err := run("BEGIN"); err != nil {
		return err
	}
	for _, q := range statements {
		if err := run(q); err != nil {
			return errors.Join(err, s.undo(ctx))
		}
	}
	if err := run("COMMIT"); err != nil {
		s.metadata.needed = true
		return errors.Join(err, s.undo(ctx))
	}
	return nil
}
