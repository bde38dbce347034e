package query

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"loglens/ingest"
	"loglens/parse"
)

// What the workers have counted goes to the plain tables here, one worker at a time.

// note keeps the error of the first object that has one.
func (s *Store) note(object int32, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.first == nil || object < s.firstOf {
		s.first, s.firstOf = err, object
	}
}

// FirstFailure returns why the first of the objects that could not be read could not, nil
// if all could.
func (s *Store) FirstFailure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.first
}

// appendObject writes the object's rows: what it is, once, and what became of its
// lines, by kind.
func (s *Store) appendObject(o *ingest.Object, t tallies, sc *parse.Scanner, err error) error {
	size, status, reason, warning := sc.Offset(), "ok", "", o.Warning()
	if warning == "" {
		warning = sc.Warning()
	}
	if err != nil {
		size, status, reason, warning = 0, "failed", err.Error(), ""
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	for int(o.ID) >= len(s.names) {
		s.uris, s.names, s.recorded = append(s.uris, ""), append(s.names, ingest.Name{}), append(s.recorded, false)
	}
	s.uris[o.ID], s.names[o.ID] = o.URI, o.Name
	if !s.recorded[o.ID] {
		s.recorded[o.ID] = true
		s.progress.read(size)
		objects, err := s.appender("object_read")
		if err != nil {
			return err
		}
		err = objects.AppendRow(o.ID, printable(o.Identity()), printable(o.URI), filled(o.ETag), known(o.Size), kindName(o.Name.Kind),
			filled(o.Name.LoadBalancer), instant(o.Name.End), filled(o.Name.Node), instant(o.Modified),
			o.BytesCompressed(), size, status, filled(reason), filled(warning))
		if err != nil {
			return fmt.Errorf("append to object_read: %w", err)
		}
	}
	return s.appendTallies(o.ID, t)
}

// appendListing writes down what was found, and makes it visible.
func (s *Store) appendListing(objects []*ingest.Object) error {
	for _, o := range objects {
		if err := s.appendFound(o); err != nil {
			return err
		}
	}
	return s.flush()
}

// appendFound writes down an object that was found.
func (s *Store) appendFound(o *ingest.Object) error {
	listing, err := s.appender(listingTable)
	if err != nil {
		return err
	}
	err = listing.AppendRow(o.ID, printable(o.URI), known(o.Size), kindName(o.Name.Kind), filled(o.Name.LoadBalancer),
		instant(o.Name.End), filled(o.Name.Node), instant(o.Modified))
	if err != nil {
		return fmt.Errorf("append to listing: %w", err)
	}
	return nil
}

// kindName is the kind that a name tells, NULL if it tells none.
func kindName(k parse.Kind) driver.Value {
	if k == parse.KindUnknown {
		return nil
	}
	return k.String()
}

func (s *Store) appendTallies(object int32, t tallies) error {
	lines, err := s.appender("accounting")
	if err != nil {
		return err
	}
	for k, t := range t {
		if t.lines() == 0 {
			continue
		}
		if err := lines.AppendRow(object, parse.Kind(k).String(), t.lines(), t.parsed, t.rejected, t.skipped, t.extended); err != nil {
			return fmt.Errorf("append to accounting: %w", err)
		}
	}
	return nil
}

// appendTraffic writes the counts, which stay as they are. of is the object that they
// come from, where that is to be kept.
func (s *Store) appendTraffic(t *traffic, of ...driver.Value) error {
	if len(t.cells) == 0 {
		return nil
	}
	cells, nodes, failing := t.sorted(), t.sortedNodes(), t.sortedFailures()
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.appendCells(t, cells, of), s.appendNodes(t, nodes, of), s.appendFailing(t, failing, of))
}

func (s *Store) appendCells(t *traffic, keys []cellKey, of []driver.Value) error {
	counted, err := s.appender("traffic")
	if err != nil {
		return err
	}
	var times []int64
	var requests []uint32
	for _, k := range keys {
		r, c := &t.raw[k.route].values, t.cells[k]
		times, requests = times[:0], requests[:0]
		for _, b := range c.latency {
			times, requests = append(times, bucketTime(int(b.at))), append(requests, b.n)
		}
		err := counted.AppendRow(append([]driver.Value{micros(k.start), r.elb, r.group, r.target, c.requests,
			c.failures[parse.ClassTarget], c.failures[parse.ClassBalancer], c.failures[parse.ClassLambda],
			c.failures[parse.ClassClient], c.failures[parse.ClassPolicy], c.failures[parse.ClassUnknown],
			c.status[0], c.status[1], c.status[2], c.status[3], c.status[4], c.status[5],
			c.received, c.sent, micros(c.first), micros(c.last), times, requests}, of...)...)
		if err != nil {
			return fmt.Errorf("append to traffic: %w", err)
		}
	}
	return nil
}

func (s *Store) appendNodes(t *traffic, keys []nodeKey, of []driver.Value) error {
	if len(keys) == 0 {
		return nil
	}
	nodes, err := s.appender("node_minute")
	if err != nil {
		return err
	}
	for _, k := range keys {
		c := t.nodes[k]
		err := nodes.AppendRow(append([]driver.Value{micros(k.minute), filled(t.word[k.elb]), filled(t.word[k.node]), c.requests,
			c.failures[parse.ClassTarget], c.failures[parse.ClassBalancer], c.failures[parse.ClassLambda],
			c.failures[parse.ClassClient], c.failures[parse.ClassPolicy], c.failures[parse.ClassUnknown]}, of...)...)
		if err != nil {
			return fmt.Errorf("append to node_minute: %w", err)
		}
	}
	return nil
}

func (s *Store) appendFailing(t *traffic, keys []failureKey, of []driver.Value) error {
	failing, err := s.appender("failure_minute")
	if err != nil {
		return err
	}
	for _, k := range keys {
		r, c := &t.raw[k.route].values, t.failing[k]
		wall10, wall60 := driver.Value(nil), driver.Value(nil)
		if c.timed > 0 {
			wall10, wall60 = c.wall10, c.wall60
		}
		err := failing.AppendRow(append([]driver.Value{micros(k.start), r.elb, r.name, r.group, r.target,
			filled(t.word[k.node]), code(k.elb), code(k.target),
			printable(t.word[k.reason]), k.class.String(), k.source.String(), c.n, micros(c.first), micros(c.last), wall10, wall60}, of...)...)
		if err != nil {
			return fmt.Errorf("append to failure_minute: %w", err)
		}
	}
	return nil
}

// micros is a time of the log as an appender takes it.
func micros(t int64) time.Time { return time.UnixMicro(t).UTC() }

// printable makes text out of a key, a path or an error valid for the database.
func printable(s string) string { return string(appendClean(nil, []byte(s))) }

func filled(s string) driver.Value {
	if s == "" {
		return nil
	}
	return printable(s)
}

func code(n int16) driver.Value {
	if n == parse.Absent {
		return nil
	}
	return int32(n)
}

func known(n int64) driver.Value {
	if n < 0 {
		return nil
	}
	return n
}

func instant(t time.Time) driver.Value {
	if t.IsZero() {
		return nil
	}
	return t
}
