package query

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"loglens/internal/amount"
	"loglens/internal/when"
	"loglens/parse"
)

// Relation is how much of a relation a store holds.
type Relation struct {
	Name        string
	Rows        int64
	First, Last *time.Time // of the rows, where they have a time
}

// look opens a store's file for reading, until done is called.
func look(ctx context.Context, temp string, d Disk) (s *Store, done func() error, err error) {
	if s, err = Open(ctx, temp, Input{Disk: d, Workers: 2}); err != nil {
		return nil, nil, err
	}
	release, err := s.opened(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return s, func() error { return errors.Join(release(), s.Close()) }, nil
}

// Stats says what a store holds, relation by relation, which times were looked through
// for it, and how large its file is.
//
// Errors: *DiskError, *LockedError.
func Stats(ctx context.Context, temp string, d Disk) (list []Relation, spans []Span, size int64, err error) {
	s, done, err := look(ctx, temp, d)
	if err != nil {
		return nil, nil, 0, err
	}
	defer func() { err = errors.Join(err, done()) }()
	add := func(name, query string) error {
		r := Relation{Name: name}
		err := s.one(ctx, query, []any{&r.Rows, &r.First, &r.Last})
		list = append(list, r)
		return d.fault(err)
	}
	if err := add("object", "SELECT count(*), min(interval_end), max(interval_end) FROM disk.object"); err != nil {
		return nil, nil, 0, err
	}
	for _, t := range countedTables {
		if err := add(t.name, "SELECT count(*), min(minute), max(minute) FROM disk."+t.name); err != nil {
			return nil, nil, 0, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.reader.lines)) {
		if err := add(name, "SELECT coalesce(sum(lines), 0)::BIGINT, min(first), max(last) FROM disk.line_block WHERE relation = "+quoted(name)); err != nil {
			return nil, nil, 0, err
		}
	}
	known := s.reader.spans
	for _, of := range originsFor("", known) {
		for _, w := range when.Join(known.of(of)) {
			spans = append(spans, Span{of.source, of.loadBalancer, w})
		}
	}
	info, err := os.Stat(d.Path)
	if err != nil {
		return nil, nil, 0, fmt.Errorf("open store: %w", err)
	}
	return list, spans, info.Size(), nil
}

// Verify reads every block of a store and compares what is there with what the
// ledger says was put in. It returns what is wrong, nil if nothing is.
//
// Errors: *DiskError, also for a block whose checksum is wrong; *LockedError.
func Verify(ctx context.Context, temp string, d Disk) (wrong []string, err error) {
	s, done, err := look(ctx, temp, d)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	var what string
	var n int64
	for _, check := range append(s.ledgerChecks(), blockChecks()...) {
		err := s.each(ctx, func() {
			if n > 0 {
				wrong = append(wrong, fmt.Sprintf("%d %s", n, what))
			}
		}, check, []any{&what, &n})
		if err != nil {
			return nil, d.fault(err)
		}
	}
	lines, err := s.lineChecks(ctx)
	return append(wrong, lines...), d.fault(err)
}

// lineChecks reads every line that is kept.
func (s *Store) lineChecks(ctx context.Context) (wrong []string, err error) {
	if err := s.exec(ctx, "INSERT INTO chosen SELECT object_id, object_id, true FROM disk.object"); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(s.reader.lines)) {
		kept := s.reader.lines[name]
		if err := kept.find(ctx, when.Window{}); err != nil {
			return nil, err
		}
		c := cursor{source: kept.share()(), whole: true}
		var p parse.Parser
		n := int64(0)
		for {
			r, ok, err := c.read()
			if err != nil {
				return nil, err
			}
			if !ok {
				break
			}
			if _, entry := entryRelations[name]; name != "reject" && (entry && p.Entry(r.raw) == nil || !entry && p.Parse(r.raw) == nil) {
				return nil, errUnreadable
			}
			n++
		}
		if n != kept.count {
			wrong = append(wrong, fmt.Sprintf("%s in %s where its blocks say %d", amount.Of(n, "line", "lines"), name, kept.count))
		}
	}
	return wrong, nil
}

// blockChecks read all columns of all tables.
func blockChecks() (checks []string) {
	for _, t := range append([]string{"object", "place", "ingested"}, diskTables()...) {
		checks = append(checks, "SELECT 'rows of "+t+" without a hash', count(*) FILTER (h IS NULL) FROM (SELECT hash(t) AS h FROM disk."+t+" t)")
	}
	return checks
}

// ledgerChecks count what must not be.
func (s *Store) ledgerChecks() (checks []string) {
	add := func(what, sql string) { checks = append(checks, "SELECT '"+what+"', count(*) FROM ("+sql+")") }
	add("objects twice", "SELECT identity FROM disk.object GROUP BY identity HAVING count(*) > 1")
	add("numbers of objects twice", "SELECT object_id FROM disk.object GROUP BY object_id HAVING count(*) > 1")
	add("objects without a place in the order, or places without an object", "SELECT 1 FROM disk.object FULL JOIN disk.place USING (object_id) WHERE uri IS NULL OR place IS NULL")
	for _, t := range diskTables() {
		add("objects in "+t+" that the ledger does not know or could not read",
			"SELECT DISTINCT object_id FROM disk."+t+" WHERE object_id NOT IN (SELECT object_id FROM disk.object WHERE status = 'ok')")
	}
	add("logs whose lines are not parsed, rejected or skipped", "SELECT 1 FROM disk.accounting WHERE lines <> parsed + rejected + skipped")
	add("logs with other entries than the ledger counts", `
		SELECT 1 FROM disk.accounting FULL JOIN (SELECT object_id, kind, sum(parsed) AS n FROM disk.entry_minute GROUP BY ALL) e USING (object_id, kind)
		WHERE coalesce(parsed, 0) <> coalesce(n, 0)`)
	add("objects with other damaged lines than the ledger counts", `
		SELECT 1 FROM (SELECT object_id, sum(rejected) AS rejected FROM disk.accounting GROUP BY ALL) FULL JOIN (SELECT object_id, sum(lines) AS n FROM disk.line_block WHERE relation = 'reject' GROUP BY ALL) r USING (object_id)
		WHERE coalesce(rejected, 0) <> coalesce(n, 0)`)
	for _, t := range []struct{ what, of, count string }{
		{"requests", "true", "sum(requests) AS m FROM disk.traffic"},
		{"requests of nodes", "true", "sum(requests) AS m FROM disk.node_minute"},
		{"whole requests", "requests_kept", "sum(lines) AS m FROM disk.line_block WHERE relation = 'request'"},
	} {
		add("objects with other "+t.what+" than the ledger counts", `
			SELECT 1 FROM (SELECT object_id, sum(parsed) AS n FROM disk.accounting JOIN disk.object USING (object_id) WHERE list_contains(`+sqlList(kindNames(requestKinds))+`, kind) AND `+t.of+` GROUP BY ALL)
			FULL JOIN (SELECT object_id, `+t.count+` GROUP BY ALL) USING (object_id) WHERE coalesce(n, 0) <> coalesce(m, 0)`)
	}
	add("objects with other failures than were counted", `
		SELECT 1 FROM (SELECT object_id, sum(lines) AS n FROM disk.line_block WHERE relation = 'failure' GROUP BY ALL)
		FULL JOIN (SELECT object_id, sum(failures) AS m FROM disk.failure_minute GROUP BY ALL) USING (object_id) WHERE coalesce(n, 0) <> coalesce(m, 0)`)
	for _, name := range slices.Sorted(maps.Keys(entryRelations)) {
		add("objects with other rows in "+name+" than the ledger counts", `
			SELECT 1 FROM (SELECT object_id, sum(parsed) AS n FROM disk.accounting WHERE kind = `+quoted(entryRelations[name].String())+` GROUP BY ALL)
			FULL JOIN (SELECT object_id, sum(lines) AS m FROM disk.line_block WHERE relation = '`+name+`' GROUP BY ALL) USING (object_id) WHERE coalesce(n, 0) <> coalesce(m, 0)`)
	}
	return checks
}

// Prune takes out of a store the objects whose interval ended before a time, with
// all that they hold. Objects whose names tell no interval stay.
//
// Errors: *DiskError, *LockedError.
func Prune(ctx context.Context, temp string, d Disk, before time.Time) (objects int64, err error) {
	err = change(ctx, temp, d, func(s *Store) ([]string, error) {
		old := fmt.Sprintf("interval_end < make_timestamp(%d)", before.UnixMicro())
		if err := s.one(ctx, "SELECT count(*) FROM disk.object WHERE "+old, []any{&objects}); err != nil || objects == 0 {
			return nil, err
		}
		statements := []string{forgetSpans(before)}
		for _, t := range diskTables() {
			statements = append(statements, "DELETE FROM disk."+t+" WHERE object_id IN (SELECT object_id FROM disk.object WHERE "+old+")")
		}
		return append(statements, "DELETE FROM disk.object WHERE "+old, placeObjects), nil
	})
	return objects, err
}

// change runs in one transaction the statements that find has for a store's file.
func change(ctx context.Context, temp string, d Disk, find func(*Store) ([]string, error)) (err error) {
	if err := d.Present(); err != nil {
		return err
	}
	held, err := d.lock(ctx, ingestingLock, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.Unlock()) }()
	s, err := open(ctx, temp, Input{Disk: d, Workers: 2}, newKeeping(temp, false))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	release, err := s.attach(ctx, d, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	if err := s.checkVersion(ctx, d); err != nil {
		return err
	}
	statements, err := find(s)
	if err != nil || statements == nil {
		return d.fault(err)
	}
	return s.transaction(ctx, statements...)
}

// asideSuffix is followed by the time.
const asideSuffix = ".aside-"

// SetAside renames a store that cannot be read, with what belongs to it, so that a
// new one can take its place. It returns the new name, "" if there was no store.
//
// Errors: *LockedError, the file system's.
func SetAside(ctx context.Context, d Disk, now time.Time) (aside string, err error) {
	if err := d.Present(); err != nil {
		var gone *DiskError
		if errors.As(err, &gone) && gone.Missing {
			return "", nil
		}
		return "", err
	}
	held, err := d.lock(ctx, ingestingLock, false)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, held.Unlock()) }()
	file, err := d.lock(ctx, openLock, false)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, file.Unlock()) }()
	aside = unused(d.Path + asideSuffix + now.UTC().Format("20060102T150405Z"))
	for i, f := range d.files() {
		if err := os.Rename(f, aside+f[len(d.Path):]); err != nil && (i == 0 || !errors.Is(err, os.ErrNotExist)) {
			return "", fmt.Errorf("put the store aside: %w", err)
		}
	}
	return aside, nil
}

// unused is path, or with a number behind it if there is something of that name: a
// rename would take its place.
func unused(path string) string {
	name := path
	for n := 2; ; n++ {
		if _, err := os.Lstat(name); err != nil {
			return name
		}
		name = fmt.Sprintf("%s-%d", path, n)
	}
}
