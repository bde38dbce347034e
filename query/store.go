package query

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"github.com/duckdb/duckdb-go/v2"

	"loglens/ingest"
)

// Input is what a store answers from.
type Input struct {
	Sources []ingest.Source
	Plan    ingest.Plan // its kinds are chosen by what is asked
	Workers int         // objects read at a time
	Decoder ingest.Decoder

	Out      string // folder that an export may write to; "" for none
	MaxBytes int64  // of stored objects, above which nothing is read; 0 for no bound
	Memory   int64  // bytes that DuckDB may take; 0 for what is enough for most answers

	Disk Disk // where answers come from in place of Sources; the zero value for none
}

// Store answers questions from an input. What has to be read of it is read when
// a question needs it, and held as long as the process lives. It is closed by
// whoever opened it, and used by one goroutine at a time, but for Progress.
type Store struct {
	in       Input
	db       *sql.DB
	conn     *sql.Conn // for queries
	plan     *sql.Conn // for plans of what they read
	write    *sql.Conn // for the appenders
	temp     *scratch  // where DuckDB may spill
	threads  int       // of DuckDB
	memory   int64     // that DuckDB may take, in bytes; 0 before that is known
	keeping  *keeping  // what is gathered for the disk; nil for an answer
	reader   *diskReader
	metadata *metadataCopy // of the disk; nil if that is not open for writing

	configured bool
	read       ingest.KindSet // kinds that were read for the last question
	own        ingest.KindSet // kinds that it streamed
	filled     ingest.KindSet // kinds that the tables were filled with
	count      details        // that were counted

	// coded makes a relation known with codes in place of its texts, by its name.
	coded             map[string]func() ([]*coded, error)
	failures, rejects *spool
	arenas            arenas
	progress          Progress
	running           *reading // of the statement at hand
	gave              atomic.Bool
	drained           atomic.Bool   // an object was read that can be read one time only
	before            []ingest.Name // of objects of just before the window
	unread            int           // objects that the statement had its rows before the end of

	mu        sync.Mutex                  // guards what follows while workers load
	uris      []string                    // by object ID
	names     []ingest.Name               // by object ID
	recorded  []bool                      // by object ID: its row is written
	appenders map[string]*duckdb.Appender // the ways into the plain tables, by name
	first     error                       // why an object could not be read
	firstOf   int32                       // which
}

// Memory that the parts of a store may take, in bytes. What does not fit goes to
// temporary files.
const (
	spoolBudget  = 4 << 20
	rejectBudget = 1 << 20
)

// Open makes an empty store in memory. temp is the folder for temporary files,
// "" for the system's.
func Open(ctx context.Context, temp string, in Input) (*Store, error) {
	return open(ctx, temp, in, nil)
}

// open is Open, or makes a store that keeps what it reads for the disk.
func open(ctx context.Context, temp string, in Input, keeping *keeping) (_ *Store, err error) {
	if temp == "" {
		temp = os.TempDir()
	}
	s := &Store{
		in: in, threads: 1, keeping: keeping, coded: map[string]func() ([]*coded, error){},
		appenders: map[string]*duckdb.Appender{},
		failures:  &spool{budget: spoolBudget, dir: temp},
		rejects:   &spool{budget: rejectBudget, dir: temp},
	}
	s.in.Workers = max(in.Workers, 1)
	s.temp, _ = newScratch(ctx, temp, "loglens-") // nearly no answer needs it
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("open database: %w", err), s.Close())
		}
	}()
	c, err := duckdb.NewConnector("", nil)
	if err != nil {
		return nil, err
	}
	s.db = sql.OpenDB(c)
	if s.conn, err = s.db.Conn(ctx); err != nil {
		return nil, err
	}
	if s.write, err = s.db.Conn(ctx); err != nil {
		return nil, err
	}
	s.plan = s.conn
	for _, q := range append(settings(s.temp.path, in.Out, in.Disk), ledger, objectView, counted) {
		if err := s.exec(ctx, q); err != nil {
			return nil, err
		}
	}
	if s.keeping != nil {
		return s, errors.Join(s.exec(ctx, perObject), s.register(ctx))
	}
	if err := errors.Join(s.register(ctx), s.exec(ctx, latencyView)); err != nil || in.Disk.Path == "" {
		return s, err
	}
	err = s.readDisk(ctx)
	return s, err
}

// register makes the relations known that are no plain tables. To be kept, lines
// become blocks; from disk, they come out of blocks; otherwise whole logs come from
// the sources.
func (s *Store) register(ctx context.Context) error {
	if s.keeping != nil {
		return newLineBlock(s).register(ctx, s)
	}
	var failures, rejects lines = s.failures, s.rejects
	request := newRequest(s)
	if s.in.Disk.Path != "" {
		s.reader = newDiskReader(s)
		failures, rejects = s.reader.lines["failure"], s.reader.lines["reject"]
		request = newKeptRequests(s, "request", s.reader.lines["request"])
	}
	errs := []error{
		newKeptRequests(s, "failure", failures).register(ctx, s),
		newReject(s, rejects).register(ctx, s),
		request.register(ctx, s),
	}
	for name, kind := range entryRelations {
		r := newEntries(s, name, kind)
		if s.reader != nil {
			from := s.reader.lines[name]
			r.size, r.scan = from.rows, keptEntries(s, kind, from)
		}
		errs = append(errs, r.register(ctx, s))
	}
	return errors.Join(errs...)
}

// throughWAL is up to what size a transaction goes through DuckDB's log before it goes
// to the file: that would write nearly everything twice.
const throughWAL = "1KB"

// settings keep DuckDB offline and within its folder.
func settings(temp, out string, disk Disk) []string {
	var allowed []string
	if out != "" {
		allowed = append(allowed, "SET allowed_directories = "+sqlList([]string{out}))
	}
	if files := disk.files(); len(files) > 0 {
		allowed = append(allowed, "SET allowed_paths = "+sqlList(files))
	}
	return append(allowed,
		"SET autoinstall_known_extensions = false",
		"SET autoload_known_extensions = false",
		"SET allow_community_extensions = false",
		"SET TimeZone = 'UTC'",
		"SET temp_directory = "+quoted(temp),
		"SET preserve_insertion_order = false",
		"SET wal_autocheckpoint = "+quoted(cmp.Or(disk.seams.wal, throughWAL)),
		"SET enable_external_access = false",
	)
}

// configure gives DuckDB threads and memory, and closes its settings for good. memory is
// what two threads take, in bytes; each further one takes half of that. Where there is
// less memory, there are fewer threads.
func (s *Store) configure(ctx context.Context, threads int, memory int64) error {
	if s.configured {
		return nil
	}
	each := memory / 2
	s.configured, s.memory = true, cmp.Or(s.in.Memory, memory)
	if s.in.Memory == 0 && threads > 2 {
		var most int64 // four fifths of what the process may take, unless it is set
		if err := s.conn.QueryRowContext(ctx, "SELECT parse_formatted_bytes(current_setting('memory_limit'))").Scan(&most); err != nil {
			return fmt.Errorf("configure database: %w", err)
		}
		s.memory = max(memory, min(int64(threads)*each, most/2))
	}
	s.threads = int(max(1, min(int64(threads), s.memory/each)))
	for _, q := range []string{
		fmt.Sprintf("SET threads = %d", s.threads),
		fmt.Sprintf("SET memory_limit = '%dB'", s.memory),
		"SET lock_configuration = true",
	} {
		if err := s.exec(ctx, q); err != nil {
			return fmt.Errorf("configure database: %w", err)
		}
	}
	return nil
}

// appender returns the way into a table, made when it is first needed.
func (s *Store) appender(table string) (*duckdb.Appender, error) {
	a, made := s.appenders[table]
	if made {
		return a, nil
	}
	err := s.write.Raw(func(c any) (err error) {
		a, err = duckdb.NewAppenderFromConn(c.(driver.Conn), "", table)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("append to %s: %w", table, err)
	}
	s.appenders[table] = a
	return a, nil
}

// flush makes what was appended visible.
func (s *Store) flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, a := range s.appenders {
		errs = append(errs, a.Flush())
	}
	return errors.Join(errs...)
}

// name returns what an object's name says.
func (s *Store) name(object int32) ingest.Name {
	if int(object) >= len(s.names) {
		return ingest.Name{}
	}
	return s.names[object]
}

// uri returns where an object lies.
func (s *Store) uri(object int32) string {
	if int(object) >= len(s.uris) {
		return ""
	}
	return s.uris[object]
}

// Gave reports whether rows of the answer came out of the sources: an object that a
// statement did not read to its end, since it had enough, counts nowhere.
func (s *Store) Gave() bool { return s.gave.Load() }

// Close gives back memory and temporary files.
func (s *Store) Close() error {
	var errs []error
	for _, a := range s.appenders {
		errs = append(errs, a.Close())
	}
	clear(s.appenders)
	for i, c := range []*sql.Conn{s.write, s.conn, s.plan} {
		if c != nil && (i < 2 || c != s.conn) {
			errs = append(errs, c.Close())
		}
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	s.arenas.close()
	errs = append(errs, s.reader.close(), s.keeping.close(), s.failures.close(), s.rejects.close(), s.temp.close())
	return errors.Join(errs...)
}

// EngineVersion returns the version of the embedded DuckDB.
func EngineVersion(ctx context.Context) (version string, err error) {
	s, err := Open(ctx, "", Input{})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	err = s.conn.QueryRowContext(ctx, "SELECT version()").Scan(&version)
	return version, err
}
