package query

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"loglens/ingest"
	"loglens/parse"
)

// What the workers have counted goes to the plain tables here, one worker at a time.

// note keeps the first error of an object.
func (s *Store) note(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.first == nil {
		s.first = err
	}
}

// FirstFailure returns why an object could not be read, nil if all could. With
// several it is any of them.
func (s *Store) FirstFailure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.first
}

// appendObject writes the object's row.
func (s *Store) appendObject(o *ingest.Object, t tally, sc *parse.Scanner, err error) error {
	lines, size, status, reason := sc.Line(), sc.Offset(), "ok", driver.Value(nil)
	if err != nil {
		lines, size, status, reason = 0, 0, "failed", printable(err.Error())
		if errors.Is(err, errOtherKind) {
			status = "other_kind"
		}
	}
	s.progress.Objects.Add(1)
	s.progress.Bytes.Add(size)

	s.mu.Lock()
	defer s.mu.Unlock()
	for int(o.ID) >= len(s.nodes) {
		s.nodes = append(s.nodes, "")
	}
	s.nodes[o.ID] = strings.Clone(o.Name.Node)
	rowErr := s.objects.AppendRow(o.ID, printable(o.URI), filled(o.ETag), known(o.Size), o.Name.Kind.String(),
		filled(o.Name.LoadBalancer), instant(o.Name.End), filled(o.Name.Node),
		lines, t.parsed, t.rejected, t.skipped, t.extended, o.BytesCompressed(), size,
		status, reason, filled(o.Warning()))
	if rowErr != nil {
		return fmt.Errorf("append to object: %w", rowErr)
	}
	return nil
}

// appendTraffic writes the counts and empties them.
func (s *Store) appendTraffic(t *traffic) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range t.sorted() {
		r, c := t.raw[k.route], t.cells[k]
		err := s.counted.AppendRow(micros(k.minute*60e6), filled(r.elb), filled(r.group), filled(r.target), c.requests,
			c.failures[parse.ClassTarget], c.failures[parse.ClassBalancer], c.failures[parse.ClassLambda],
			c.failures[parse.ClassClient], c.failures[parse.ClassPolicy], c.failures[parse.ClassUnknown],
			c.status[0], c.status[1], c.status[2], c.status[3], c.status[4], c.status[5],
			c.received, c.sent)
		if err != nil {
			return fmt.Errorf("append to traffic: %w", err)
		}
	}
	for _, k := range t.sortedFailures() {
		r, c := t.raw[k.route], t.failing[k]
		err := s.failing.AppendRow(micros(k.minute*60e6), filled(r.elb), filled(string(groupName([]byte(r.group)))),
			filled(r.group), filled(r.target), filled(t.word[k.node]), code(k.elb), code(k.target),
			printable(t.word[k.reason]), k.class.String(), k.source.String(), c.n, micros(c.first), micros(c.last))
		if err != nil {
			return fmt.Errorf("append to failure_minute: %w", err)
		}
	}
	*t = *newTraffic()
	return nil
}

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
