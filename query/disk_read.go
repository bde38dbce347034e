package query

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"loglens/ingest"
	"loglens/internal/amount"
	"loglens/internal/when"
	"loglens/parse"
)

// An answer from disk has the same relations as one from the sources: views of the
// file's tables, of the objects that would have been read. The file is open from
// the first look at it until the answer is complete, and no longer.

// diskReader is what a store remembers of the disk that it answers from.
type diskReader struct {
	disk    Disk
	lines   map[string]*diskLines // by relation
	release func() error          // nil while the file is not open
	asked   when.Window           // before it was given the bounds of what was looked through

	ctx     context.Context // of the answer at hand
	spans   spans
	about   when.Window // the answer's, with the first and the last line for bounds that are open
	counted bool        // requests are counted for it
	all     bool        // all objects are chosen for it, so that rows need not be
	cause   firstError  // why blocks could not be read
	mu      sync.Mutex  // guards the names of objects while several threads ask for them
}

// newDiskReader makes a reader of the store's disk.
func newDiskReader(s *Store) *diskReader {
	r := &diskReader{disk: s.in.Disk, lines: map[string]*diskLines{}}
	for _, name := range lineRelations() {
		r.lines[name] = &diskLines{store: s, relation: name}
	}
	return r
}

func (r *diskReader) close() error {
	if r == nil || r.release == nil {
		return nil
	}
	release := r.release
	r.release = nil
	return release()
}

// chosenTable holds the objects of an answer, numbered in the order of a listing.
const chosenTable = `CREATE TABLE chosen (
	stored    INTEGER, -- object_id on disk
	object_id INTEGER,
	wanted    BOOLEAN -- lines that name no balancer are of one that is asked for
)`

// readDisk lets statements find the file's tables. What they read is still planned
// over the relations of the sources: a plan over tables depends on what is in them.
func (s *Store) readDisk(ctx context.Context) (err error) {
	s.in.Plan.Window = Minutes(s.in.Plan.Window)
	s.reader.asked = s.in.Plan.Window
	if s.conn, err = s.db.Conn(ctx); err != nil {
		return err
	}
	for _, q := range []string{chosenTable, "CREATE SCHEMA stored", "SET search_path = 'stored,main'"} {
		if err := s.exec(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// opened opens the disk, if there is one, until done is called.
func (s *Store) opened(ctx context.Context) (done func() error, err error) {
	r := s.reader
	if r == nil {
		return func() error { return nil }, nil
	}
	if err := r.disk.Present(); err != nil {
		return nil, err
	}
	r.ctx, r.cause = ctx, firstError{}
	if r.release, err = s.attach(ctx, r.disk, false); err != nil {
		return nil, err
	}
	if err := s.checkVersion(ctx, r.disk); err != nil {
		return nil, errors.Join(err, r.close())
	}
	if r.spans, err = s.spansOf(ctx); err != nil {
		return nil, errors.Join(r.disk.fault(err), r.close())
	}
	if err := s.bound(ctx); err != nil {
		return nil, errors.Join(r.disk.fault(err), r.close())
	}
	return r.close, nil
}

// blamed finds out whether an error is a want of room, or a fault of the file that
// answers come from, and not one of the statement.
func (s *Store) blamed(err error) error {
	if room := s.outOfRoom(err); room != nil {
		return room
	}
	if s.reader == nil || err == nil {
		return err
	}
	return s.reader.disk.fault(cmp.Or(s.reader.cause.err, err))
}

// diskViews makes the relations of the file's tables, for the answer at hand.
func (s *Store) diskViews(ctx context.Context) error {
	balancers, err := s.diskBalancers(ctx)
	if err != nil {
		return err
	}
	for _, t := range countedTables {
		q := "CREATE OR REPLACE VIEW stored." + t.name + " AS SELECT " + t.shown() + " FROM disk." + t.name + " AS t"
		if !s.reader.all || t.name == "entry_minute" {
			q += " JOIN main.chosen AS c ON t.object_id = c.stored"
		}
		q += " WHERE " + s.condition(t, balancers)
		if err := s.exec(ctx, q); err != nil {
			return err
		}
	}
	// What is made of other relations is made of those on disk.
	onDisk := strings.NewReplacer("CREATE VIEW ", "CREATE OR REPLACE VIEW stored.", "FROM traffic", "FROM stored.traffic", "FROM object_read", "FROM stored.object_read")
	for _, view := range []string{diskLedger, onDisk.Replace(objectView), onDisk.Replace(latencyView)} {
		if err := s.exec(ctx, view); err != nil {
			return err
		}
	}
	return nil
}

// diskLedger shows the objects of an answer as a listing and a reading would have
// left them.
const diskLedger = `
CREATE OR REPLACE VIEW stored.object_read AS
SELECT o.* EXCLUDE (requests_kept) REPLACE (c.object_id AS object_id) FROM disk.object o JOIN main.chosen c ON o.object_id = c.stored;
CREATE OR REPLACE VIEW stored.listing AS
SELECT c.object_id, o.uri, o.size, named_kind AS kind, load_balancer, interval_end, node, modified FROM disk.object o JOIN main.chosen c ON o.object_id = c.stored;`

// shown is the SELECT list of a relation.
func (t diskTable) shown() string {
	if t.name == "entry_minute" {
		return "t.* REPLACE (c.object_id AS object_id)"
	}
	return "t.* EXCLUDE (object_id)"
}

// condition chooses the rows of a table that are in the window and of the balancer.
func (s *Store) condition(t diskTable, balancers []string) string {
	all := []string{"true"}
	if t.name != "entry_minute" && !s.reader.counted {
		all = append(all, "false")
	}
	w := s.in.Plan.Window
	if !w.From.IsZero() {
		all = append(all, fmt.Sprintf("t.minute >= make_timestamp(%d)", w.From.UnixMicro()))
	}
	if !w.Until.IsZero() {
		all = append(all, fmt.Sprintf("t.minute < make_timestamp(%d)", w.Until.UnixMicro()))
	}
	if s.in.Plan.LoadBalancer != "" {
		all = append(all, fmt.Sprintf("CASE WHEN t.%[1]s IS NULL THEN c.wanted ELSE t.%[1]s IN (%[2]s) END", t.elb, strings.Join(append(balancers, "NULL"), ", ")))
	}
	return strings.Join(all, " AND ")
}

// diskBalancers are those of the entries that the plan wants, as SQL.
func (s *Store) diskBalancers(ctx context.Context) (list []string, err error) {
	if s.in.Plan.LoadBalancer == "" {
		return nil, nil
	}
	var name string
	err = s.each(ctx, func() {
		if s.in.Plan.WantsBalancer(name) {
			list = append(list, quoted(name))
		}
	}, "SELECT DISTINCT load_balancer FROM disk.entry_minute WHERE load_balancer IS NOT NULL ORDER BY ALL", []any{&name})
	return list, err
}

// answerFromDisk is answer where the disk takes the place of the sources.
func (s *Store) answerFromDisk(ctx context.Context, q asked) error {
	n, err := s.needs(ctx, cmp.Or(q.plan, q.text), q.args(), q.relations, !q.count)
	if err != nil {
		return err
	}
	memory := int64(memoryFromDisk)
	switch {
	case q.many:
		memory = memoryToStream
	case n.streams != 0:
		memory = memoryToCount // more would be filled with pages of the file
	}
	if err := s.configure(ctx, s.answerThreads(), memory); err != nil {
		return err
	}
	s.read, s.own, s.count = n.kinds(), n.streams, n.count
	if err := s.choose(ctx, n, q.relations); err != nil {
		return err
	}
	if slices.Contains(n.scanned, "request") {
		if err := s.wholeRequests(ctx); err != nil {
			return err
		}
	}
	if err := q.before(); err != nil {
		return err
	}
	if q.count && n.streams&requestKinds != 0 {
		// A stream counts requests while the statement runs, and not before.
		s.reader.counted = true
		if err := s.diskViews(ctx); err != nil {
			return err
		}
	}
	if q.earliest != "" {
		if err := s.narrow(ctx, q); err != nil {
			return err
		}
	}
	return s.statement(ctx, q)
}

// narrow finds out between which times the earliest rows are, from the heads of
// lines alone, so that only failing requests of that time have to be read: whether
// one is shown depends on no other. A row without a time is not found in this way,
// and then all are read.
func (s *Store) narrow(ctx context.Context, q asked) error {
	var first, last *time.Time
	var rows, timed, all int64
	err := s.one(ctx, q.earliest, []any{&first, &last, &rows, &timed, &all}, onlyNamed(q.args(), q.earliest)...)
	if err != nil || timed == 0 || timed < rows {
		return err
	}
	*q.all = all
	return s.reader.lines["failure"].find(ctx, when.Window{From: first.UTC(), Until: last.UTC().Add(time.Microsecond)})
}

// onlyNamed are the arguments whose names occur in a text.
func onlyNamed(args []any, text string) []any {
	return slices.DeleteFunc(args, func(a any) bool {
		named, ok := a.(sql.NamedArg)
		return ok && !slices.Contains(parameters(text), named.Name)
	})
}

// diskObject is a row of the store's ledger.
type diskObject struct {
	id   int32
	uri  string
	size int64
	name ingest.Name
}

// ledgerOf lists the objects of the store that the plan wants, in the order in
// which a listing yields them.
func (s *Store) ledgerOf(ctx context.Context, plan ingest.Plan) (list []diskObject, err error) {
	var o diskObject
	var size *int64
	err = s.each(ctx, func() {
		if o.name = ingest.NameOf(o.uri); plan.Wants(o.name) {
			o.size = or(size)
			list = append(list, o)
		}
	}, "SELECT object_id, uri, size FROM disk.object JOIN disk.place USING (object_id) WHERE "+timely(plan)+" ORDER BY place", []any{&o.id, &o.uri, &size})
	return list, err
}

// timely is the condition on objects that they may be of logs and times that the
// plan asks for.
func timely(plan ingest.Plan) string {
	ways := []string{"named_kind IS NULL"}
	if at := plan.Written(); !at.IsZero() {
		ways[0] += fmt.Sprintf(" AND NOT coalesce(starts_with(uri, 's3://') AND modified < make_timestamp(%d), false)", at.UnixMicro())
	}
	for k := parse.KindUnknown + 1; k <= parse.KindClassic; k++ {
		if !plan.Kinds.Has(k) {
			continue
		}
		one := "named_kind = " + quoted(k.String())
		first, last := plan.Ends(k)
		if !plan.Window.From.IsZero() {
			one += fmt.Sprintf(" AND interval_end >= make_timestamp(%d)", first.UnixMicro())
		}
		if !last.IsZero() {
			one += fmt.Sprintf(" AND interval_end <= make_timestamp(%d)", last.UnixMicro())
		}
		ways = append(ways, one)
	}
	return "(" + strings.Join(ways, " OR ") + ")"
}

// diskLogs is Logs of what the store has.
func (s *Store) diskLogs(ctx context.Context, plan ingest.Plan) (logs []Log, err error) {
	done, err := s.opened(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	var uri string // one of each log, and of each account and region where names of balancers need not differ
	err = s.each(ctx, func() {
		name := ingest.NameOf(uri)
		l := Log{name.LoadBalancer, name.Kind}
		if plan.Wants(name) && !slices.Contains(logs, l) {
			logs = append(logs, l)
		}
	}, `SELECT any_value(uri) FROM disk.object WHERE named_kind IS NOT NULL AND `+timely(plan)+` 
		GROUP BY named_kind, load_balancer, split_part(parse_filename(uri), '_', 1), split_part(parse_filename(uri), '_', 3)`, []any{&uri})
	slices.SortFunc(logs, compareLogs)
	return logs, err
}

// choose fills the ledger in memory with the objects that an answer rests on.
func (s *Store) choose(ctx context.Context, n need, named []string) error {
	for _, table := range []string{"chosen", "accounting"} {
		if err := s.remove(ctx, table); err != nil {
			return err
		}
	}
	clear(s.recorded)
	s.first = nil
	plan := s.in.Plan
	plan.Kinds = n.kinds()
	s.reader.counted, s.reader.all = n.load&requestKinds != 0, false
	if plan.Kinds != 0 {
		if err := s.fillChosen(ctx, plan); err != nil {
			return err
		}
	}
	if err := s.diskViews(ctx); err != nil || plan.Kinds == 0 {
		return err
	}
	group, finding := errgroup.WithContext(ctx)
	for name, l := range s.reader.lines {
		l.lose()
		// Damaged lines are always reported. The plan was made for other tables and might
		// leave out what the statement reads here, so a relation that is named is looked
		// for as well. Not so "request": reports have a column of that name, and to look
		// for all requests takes a while.
		if name == "reject" || slices.Contains(n.scanned, name) || name != "request" && slices.Contains(named, name) {
			group.Go(func() error { return l.find(finding, s.in.Plan.Window) })
		}
	}
	if err := errors.Join(s.account(ctx, n.load|n.streams), group.Wait()); err != nil {
		return err
	}
	var object int32
	var why string
	return s.each(ctx, func() { s.note(object, errors.New(why)) }, "SELECT object_id, error FROM object_read WHERE status = 'failed' ORDER BY object_id LIMIT 1", []any{&object, &why})
}

// account fills in what became of the lines of the objects of an answer.
func (s *Store) account(ctx context.Context, kinds ingest.KindSet) error {
	if kinds == 0 {
		return nil
	}
	return s.exec(ctx, `INSERT INTO accounting BY NAME
			SELECT c.object_id, a.kind, a.lines, coalesce(e.parsed, 0)::BIGINT AS parsed, a.rejected,
				(a.lines - coalesce(e.parsed, 0) - a.rejected)::BIGINT AS skipped, coalesce(e.extended, 0)::BIGINT AS extended
			FROM disk.accounting a JOIN chosen c ON a.object_id = c.stored LEFT JOIN (
				SELECT object_id, kind, sum(parsed) AS parsed, sum(extended) AS extended FROM entry_minute
				WHERE list_contains(`+sqlList(kindNames(kinds))+`, kind) GROUP BY ALL
			) e ON e.object_id = c.object_id AND e.kind = a.kind`)
}

// wholeRequests refuses to answer from objects of which only failures were kept.
func (s *Store) wholeRequests(ctx context.Context) error {
	var lacking, all int64
	err := s.one(ctx, `
		SELECT count(*) FILTER (NOT requests_kept), count(*) FROM disk.object JOIN chosen ON disk.object.object_id = stored WHERE status = 'ok'`,
		[]any{&lacking, &all})
	if err == nil && lacking > 0 {
		return refuse(s.in.Disk.command("ingest --keep requests")+windowFlags(s.in.Plan.Window)+" SOURCE reads them again; without --store the logs themselves are read",
			"this needs whole requests, and the store holds only the failures of %d of its %s", lacking, amount.Of(all, "object", "objects"))
	}
	return err
}

// fillChosen writes down which objects the plan wants, numbered as a listing would.
// Where no balancer is asked for, columns say that; the names of a hundred thousand
// objects take a third of a second to look at.
func (s *Store) fillChosen(ctx context.Context, plan ingest.Plan) error {
	s.uris, s.names = nil, nil
	if plan.LoadBalancer == "" {
		err := s.exec(ctx, fmt.Sprintf(`INSERT INTO chosen
			SELECT object_id, (row_number() OVER (ORDER BY place) - 1)::INTEGER, true
			FROM disk.object JOIN disk.place USING (object_id) WHERE %s`, timely(plan)))
		if err != nil {
			return err
		}
		var n, all int
		err = s.one(ctx, "SELECT count(*), (SELECT count(*) FROM disk.object) FROM chosen", []any{&n, &all})
		s.reader.all = n == all
		s.uris, s.names = make([]string, n), make([]ingest.Name, n) // for diskLines.names
		return err
	}
	objects, err := s.ledgerOf(ctx, plan)
	if err != nil {
		return err
	}
	chosen, err := s.appender("chosen")
	if err != nil {
		return err
	}
	for i, o := range objects {
		s.uris, s.names = append(s.uris, o.uri), append(s.names, o.name)
		if err := chosen.AppendRow(o.id, int32(i), s.in.Plan.WantsBalancer(o.name.LoadBalancer)); err != nil {
			return fmt.Errorf("append to chosen: %w", err)
		}
	}
	return s.flush()
}

// Minutes widens a window to whole minutes, by which a store on disk counts.
func Minutes(w when.Window) when.Window {
	w.From = w.From.Truncate(time.Minute)
	if u := w.Until.Truncate(time.Minute); !u.Equal(w.Until) {
		w.Until = u.Add(time.Minute)
	}
	return w
}
