package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/google/renameio/v2/maybe"
	"github.com/spf13/cobra"

	"loglens/diagnose"
	"loglens/ingest"
	"loglens/internal/amount"
	"loglens/internal/when"
	"loglens/parse"
	"loglens/query"
	"loglens/report"
)

// diagnoseOptions is what the flags of diagnose say, as typed.
type diagnoseOptions struct {
	read   readOptions
	output outputOptions
	target string
	probe  bool
	save   string
	from   string
	list   bool
}

const diagnoseHelp = `diagnose goes the way of a request from a load balancer's name to its targets,
and names the setting that is wrong: health checks first, then security groups,
network ACLs and routes, then listeners, rules and target groups, then
CloudWatch and the access logs. It only reads. The aws commands that fix a
finding, and those that undo the fix, are printed and never run.

Findings come in the order of damage: the first is the answer. A note is worth
knowing, but nothing is wrong. What could not be asked is named at the end, with
the permission that is missing; "loglens iam" prints a policy with all of them.

--probe asks every target's health path, and its traffic port, from here: the
test that is done by hand on an instance. --save writes all that the answer
rests on to a file, without credentials; --from gives the same answer from it
anywhere, offline.`

func (a *app) diagnoseCommand() *cobra.Command {
	var o diagnoseOptions
	o.read.source.named = true
	c := &cobra.Command{
		Use:   "diagnose --lb NAME [SOURCE…]",
		Short: "From a load balancer's name to the setting that is wrong",
		Long:  diagnoseHelp + "\n\n" + o.read.source.help(),
		Example: `  loglens diagnose --lb shop-prod
  loglens diagnose --lb shop-prod --since 3h --target 10.0.1.17:8080 --probe
  loglens diagnose --lb shop-prod --save incident.json
  loglens diagnose --from incident.json --output markdown
  loglens diagnose --list`,
		RunE: func(c *cobra.Command, args []string) error { return a.diagnose(c.Context(), o, args) },
	}
	f := c.Flags()
	o.read.sourceFlags(f, "default 1h")
	f.StringVar(&o.read.maxBytes, "max-bytes", "", "refuse to read more stored bytes of logs than this: 500MB, 2GB")
	o.read.disk.flags(f, "", "read the logs from this store, in place of a SOURCE and of the balancer's own bucket")
	f.StringVar(&o.target, "target", "", "only this target: IP:PORT, address or instance id")
	f.BoolVar(&o.probe, "probe", false, "ask every target's health path and traffic port from here")
	f.StringVar(&o.save, "save", "", "write all that the answer rests on to this file, for --from")
	f.StringVar(&o.from, "from", "", "answer from a file that --save wrote, and ask nobody")
	f.BoolVar(&o.list, "list", false, "list all checks and findings")
	o.output.formFlags(c, diagnose.Encoders.Names())
	return c
}

// diagnose gathers, or reads what was gathered, and says what it means.
func (a *app) diagnose(ctx context.Context, o diagnoseOptions, args []string) error {
	encoder, err := a.diagnosePlan(o, args)
	if err != nil {
		return err
	}
	if o.list {
		return a.listChecks(o.output)
	}
	return a.limited(ctx, o.read, func(ctx context.Context) error {
		s, err := a.snapshot(ctx, o, args)
		if err != nil {
			return err
		}
		if o.save != "" {
			if err := a.saveSnapshot(o.save, s); err != nil {
				return err
			}
		}
		r := diagnose.Diagnose(s)
		if err := encoder.Encode(a.out, r, a.style(o.output)); err != nil {
			return err
		}
		if r.Wrong() {
			return &findingsError{r.Findings}
		}
		return partlyRead(s)
	})
}

// partlyRead says that some of the logs could not be read; nil if all were.
func partlyRead(s *diagnose.Snapshot) error {
	var p partialError
	if l := s.Logs; l != nil {
		p = partialError{failed: l.ObjectsFailed, objects: l.Objects, lacking: time.Duration(l.NotIngested) * time.Second}
	}
	if h := s.Handshakes; h != nil {
		p.failed, p.objects = p.failed+h.ObjectsFailed, p.objects+h.Objects
		p.lacking = max(p.lacking, time.Duration(h.NotIngested)*time.Second)
	}
	if p.failed > 0 || p.lacking > 0 {
		return &p
	}
	return nil
}

// live are the flags of a diagnosis that asks AWS.
var live = append([]string{"lb", "target", "probe", "save", "since", "until", "tz", "workers", "max-bytes", "store", "lock-timeout"}, awsFlags...)

// diagnosePlan checks what was typed, before anything is asked.
func (a *app) diagnosePlan(o diagnoseOptions, args []string) (e report.Form[*diagnose.Report], err error) {
	if err := o.output.check(diagnose.Encoders.Names()); err != nil {
		return e, err
	}
	e, _ = diagnose.Encoders.Find(o.output.output)
	switch {
	case o.list && len(args) > 0:
		return e, usage("leave it out", "--list takes no source, not %q", args[0])
	case o.list:
		return e, a.idleFor("--list asks nobody", "leave it out", append(live, "from", "timeout")...)
	case o.from != "" && len(args) > 0:
		return e, usage("leave it out", "--from %s answers from that file alone, not from %q", o.from, args[0])
	case o.from != "":
		return e, a.idleFor("--from "+o.from+" answers from that file alone", "leave it out", live...)
	case o.read.source.balancer == "":
		return e, usage("for example: loglens diagnose --lb shop-prod", "which load balancer?")
	}
	if err := o.checkTarget(); err != nil {
		return e, err
	}
	return e, writable("--save", o.save)
}

// checkTarget refuses a target that cannot be one.
func (o diagnoseOptions) checkTarget() error {
	host, port, err := net.SplitHostPort(o.target)
	if err != nil {
		return nil // an address or an instance id alone
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 || host == "" {
		return usage("for example --target 10.0.1.17:8080", "--target: %q is no address and port", o.target)
	}
	return nil
}

// snapshot is all that the answer rests on.
func (a *app) snapshot(ctx context.Context, o diagnoseOptions, args []string) (*diagnose.Snapshot, error) {
	if o.from != "" {
		return readSnapshot(o.from)
	}
	if err := a.mistyped(o.read, true); err != nil {
		return nil, err
	}
	named, err := a.logsNamed(o, args)
	if err != nil {
		return nil, err
	}
	found, err := diagnose.Find(ctx, o.read.source.aws, o.read.source.balancer)
	if err != nil {
		return nil, err
	}
	a.keepTime(o.read.source.aws.Clock)
	w, err := a.window(o.read, true)
	if err != nil {
		return nil, err
	}
	now := a.now().Truncate(time.Second)
	if w.Until.IsZero() {
		w.Until = now
	}
	a.say("window %s", w)
	s, err := found.Collect(ctx, diagnose.Asked{Target: o.target, From: w.From, Until: w.Until, Now: now})
	if err != nil {
		return nil, err
	}
	if err := a.readLogs(ctx, o, named, w, s); err != nil {
		return nil, err
	}
	if o.probe {
		err = diagnose.RunProbes(ctx, s, new(net.Dialer).DialContext, a.now)
	}
	return s, err
}

func readSnapshot(path string) (s *diagnose.Snapshot, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, usage("loglens diagnose --lb NAME --save FILE writes one", "--from: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if s, err = diagnose.Read(file); err != nil {
		return nil, usage("loglens diagnose --lb NAME --save FILE writes one", "--from %s: %w", path, err)
	}
	return s, nil
}

// saveSnapshot writes a file that only its owner reads: it tells how an account is
// built.
func (a *app) saveSnapshot(path string, s *diagnose.Snapshot) error {
	var b bytes.Buffer
	if err := s.Write(&b); err != nil {
		return err
	}
	if err := maybe.WriteFile(path, b.Bytes(), 0o600); err != nil {
		return fmt.Errorf("save snapshot: %w", err)
	}
	a.say("snapshot written to %s", ingest.ShellWord(report.Plain(path)))
	return nil
}

// logsNamed is what was typed of the logs: how they are to be read, and where they are
// if not where the balancer writes them.
type logsNamed struct {
	most    int64 // stored bytes; 0 for no bound
	decoder ingest.Decoder
	disk    query.Disk
	specs   []string
	sources []ingest.Source // of specs
	absent  error           // of a store that the environment names; nil if it is there
}

// logsNamed checks it, before anything is asked.
func (a *app) logsNamed(o diagnoseOptions, args []string) (n logsNamed, err error) {
	n.specs = args
	if n.most, err = size(o.read.maxBytes); err != nil {
		return n, usage("for example --max-bytes 2GB", "--max-bytes: %w", err)
	}
	if n.decoder, err = a.decoder(); err != nil {
		return n, err
	}
	if n.disk, err = a.diskFor(o.read.disk, args); err != nil {
		return n, err
	}
	if n.disk.Path != "" {
		if err = n.disk.Present(); a.typed["store"] {
			return n, err
		}
		n.absent = err // which matters only if the balancer's logs are read
		return n, nil
	}
	n.sources, err = ingest.NewSources(args, a.in, o.read.source.aws)
	return n, err
}

// readLogs sums up the logs of the window: those named, or where the balancer writes
// them. A diagnosis goes on without logs, and says so.
func (a *app) readLogs(ctx context.Context, o diagnoseOptions, n logsNamed, w when.Window, s *diagnose.Snapshot) (err error) {
	named := n.specs
	if n.disk.Path != "" {
		named = []string{"store " + n.disk.Path}
	}
	requests := s.Balancer.Type == diagnose.Application || s.Balancer.Type == diagnose.Classic
	handshakes := s.LooksAtHandshakes()
	if !requests && !handshakes {
		if len(n.specs) > 0 || a.typed["store"] {
			why := fmt.Sprintf("no logs of a %s load balancer are read: they name no target", s.Balancer.Type)
			if s.Balancer.Type == diagnose.NetworkType {
				why += ", and metrics count no TLS handshake that failed"
			}
			s.Missing = append(s.Missing, diagnose.Missing{What: "logs in " + strings.Join(named, ", "), Why: why})
		}
		return nil
	}
	if n.absent != nil {
		if !requests { // it may never have been meant for such a balancer
			return nil
		}
		return n.absent
	}
	w = a.byMinute(n.disk, w, "the window of the logs")
	in := query.Input{
		Sources: n.sources, Workers: o.read.workers, Decoder: n.decoder, MaxBytes: n.most, Disk: n.disk,
		Plan: ingest.Plan{Window: w, Now: a.now(), LoadBalancer: s.Balancer.ID},
	}
	read := func(store *query.Store, checks bool) error {
		logs, err := diagnose.ReadLogs(ctx, store, s, checks)
		if logs.Objects > 0 || err == nil {
			s.Logs = logs
		}
		return logsRead(ctx, s, readOf{what: "logs", places: named, objects: logs.Objects, failed: logs.ObjectsFailed, err: err}, true)
	}
	readHandshakes := func(store *query.Store, alone bool) error {
		found, err := diagnose.ReadHandshakes(ctx, store, s)
		of := readOf{what: "logs of connections", places: named, err: err, more: true}
		if found != nil && (found.Connections > 0 || alone && found.ObjectsFailed > 0) { // else those objects are of requests, or not known to be others
			s.Handshakes = found
		}
		if found != nil {
			of.objects, of.failed = found.Objects, found.ObjectsFailed
		}
		return logsRead(ctx, s, of, alone)
	}
	if len(named) > 0 {
		return a.withStore(ctx, in, func(store *query.Store) error {
			if requests {
				err = read(store, true)
			}
			if err == nil && handshakes {
				err = readHandshakes(store, !requests)
			}
			return err
		})
	}
	// Each has a place of its own, and one that is shut says nothing of the other.
	checks := false
	if named, checks = logPlaces(s.Balancer); requests && len(named) > 0 { // else logs are off, which is a finding
		if in.Sources, err = ingest.NewSources(named, a.in, o.read.source.aws); err != nil {
			return err
		}
		if err := a.withStore(ctx, in, func(store *query.Store) error { return read(store, checks) }); err != nil {
			return err
		}
	}
	if named = connectionPlaces(s.Balancer); handshakes && len(named) > 0 {
		if in.Sources, err = ingest.NewSources(named, a.in, o.read.source.aws); err != nil {
			return err
		}
		return a.withStore(ctx, in, func(store *query.Store) error { return readHandshakes(store, true) })
	}
	return nil
}

// withStore opens a store on an input for a while.
func (a *app) withStore(ctx context.Context, in query.Input, use func(*query.Store) error) error {
	store, err := query.Open(ctx, "", in)
	if err != nil {
		return err
	}
	done := a.showProgress(store.Progress())
	err = use(store)
	done()
	return errors.Join(err, store.Close())
}

// writtenLog is a log that a balancer may write to S3, and how the attributes begin that say where to.
type writtenLog struct {
	kind  parse.Kind
	start string
}

// logPlaces are where a balancer's logs of requests go, and whether health check logs are
// among them.
func logPlaces(b diagnose.Balancer) (places []string, checks bool) {
	const start = "health_check_logs.s3."
	return writtenTo(b, writtenLog{parse.KindAccess, "access_logs.s3."}, writtenLog{parse.KindHealthCheck, start}), b.Attributes[start+"enabled"] == "true"
}

// connectionPlaces is where a balancer's log of connections goes.
func connectionPlaces(b diagnose.Balancer) []string {
	if b.Type == diagnose.NetworkType { // whose access logs are of TLS connections
		return writtenTo(b, writtenLog{parse.KindNLB, "access_logs.s3."})
	}
	return writtenTo(b, writtenLog{parse.KindConnection, "connection_logs.s3."})
}

// writtenTo are the places to which a balancer writes some logs.
func writtenTo(b diagnose.Balancer, logs ...writtenLog) []string {
	out := ingest.Balancer{Account: b.Account, Region: b.Region}
	for _, l := range logs {
		out.Logs = append(out.Logs, ingest.BalancerLog{Kind: l.kind, Enabled: b.Attributes[l.start+"enabled"] == "true", Bucket: b.Attributes[l.start+"bucket"], Prefix: b.Attributes[l.start+"prefix"]})
	}
	if first := out.Logs[0]; b.Account == "" && first.Bucket != "" && first.Enabled {
		return []string{"s3://" + first.Bucket + "/" + first.Prefix}
	}
	return out.Sources()
}

// readOf is what a reading of logs came to.
type readOf struct {
	what            string // logs they are
	places          []string
	objects, failed int64
	err             error
	more            bool // the diagnosis does without, however they cannot be read
}

// logsRead decides what it means that logs, or some of their objects, could not be
// read; and that there are none, where they were to be.
func logsRead(ctx context.Context, s *diagnose.Snapshot, r readOf, expected bool) error {
	where := r.what + " in " + few(mostFiles, r.places)
	if r.failed > 0 {
		where = fmt.Sprintf("%d of %s of %s", r.failed, amount.Of(r.objects, "object", "objects"), where)
	}
	var denied *ingest.AccessError
	switch err := r.err; {
	case err == nil && r.objects == 0 && expected:
		s.Missing = append(s.Missing, diagnose.Missing{What: where, Why: "there are none of this balancer in the window"})
	case err == nil:
	case ctx.Err() != nil || errors.As(err, new(*ingest.CredentialsError)) || errors.As(err, new(*query.DiskError)) || errors.As(err, new(*query.LockedError)):
		return err
	case !r.more && (errors.As(err, new(*query.TooMuchError)) || errors.As(err, new(*ingest.SourceError))):
		return err
	case errors.As(err, &denied) && denied.Action != "":
		s.Missing = append(s.Missing, diagnose.Missing{What: where, Action: denied.Action, Denied: true, Why: "access denied"})
	default:
		s.Missing = append(s.Missing, diagnose.Missing{What: where, Why: err.Error()})
	}
	return nil
}

// findingsError says that something is wrong with what was diagnosed.
type findingsError struct{ findings []*diagnose.Finding }

func (e *findingsError) Error() string {
	n := 0
	for _, f := range e.findings {
		if f.Level != diagnose.Note {
			n++
		}
	}
	return fmt.Sprintf("findings: %d, the first is %s", n, e.findings[0].ID)
}

// listChecks prints what can be found.
func (a *app) listChecks(o outputOptions) error {
	if e, ok := report.Encoders.Find(o.output); ok && e.Name != "table" {
		return e.Encode(a.out, checkTable(), a.style(o))
	}
	var b strings.Builder
	for i, c := range diagnose.Checks {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(report.Fold(c.Name+": "+c.About, 80, "  ") + "\n")
		for _, id := range c.Gives {
			k := diagnose.KindOf(id)
			const indent = "        "
			given := strings.ReplaceAll(report.Fold(k.Given, 80-len(indent), ""), "\n", "\n"+indent)
			fmt.Fprintf(&b, "  %-4s  %s\n%s%s\n", k.Level, k.ID, indent, given)
		}
	}
	_, err := io.WriteString(a.out, b.String())
	return err
}

// checkTable lists what can be found, by check.
func checkTable() *query.Table {
	t := &query.Table{Report: "diagnose-list", Version: 1, Noun: [2]string{"finding", "findings"}, Listed: true}
	for _, name := range []string{"check", "finding", "level", "hop", "given"} {
		t.Columns = append(t.Columns, query.Column{Name: name, Label: name})
	}
	for _, c := range diagnose.Checks {
		for _, id := range c.Gives {
			k := diagnose.KindOf(id)
			t.Rows = append(t.Rows, []any{c.Name, id, string(k.Level), string(k.Hop), k.Given})
		}
	}
	return t
}
