package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"loglens/ingest"
	"loglens/internal/amount"
	"loglens/internal/when"
	"loglens/parse"
)

// Log is what a load balancer writes, by the names of its objects.
type Log struct {
	LoadBalancer string
	Kind         parse.Kind
}

// Logs lists which logs there are in the window, of any kind and balancer. Nothing
// is fetched.
func (s *Store) Logs(ctx context.Context) (logs []Log, err error) {
	plan := s.in.Plan
	plan.Kinds, plan.LoadBalancer = AllKinds, ""
	if s.reader != nil {
		return s.diskLogs(ctx, plan)
	}
	feed := ingest.List(ctx, s.in.Sources, plan)
	for o := range feed.Objects() {
		l := Log{o.Name.LoadBalancer, o.Name.Kind}
		if l.Kind != parse.KindUnknown && !slices.Contains(logs, l) {
			logs = append(logs, l)
		}
	}
	slices.SortFunc(logs, compareLogs)
	return logs, feed.Err()
}

// Outside returns from when to when the ends of the intervals are that the objects of
// the question's kinds and balancer cover, whatever the window; zero times if none says
// one. Nothing is fetched. Of a store on disk nothing is looked up.
func (s *Store) Outside(ctx context.Context) (first, last time.Time, err error) {
	if s.reader != nil {
		return first, last, nil
	}
	plan := s.in.Plan
	plan.Kinds, plan.Window = s.read, when.Window{}
	feed := ingest.List(ctx, s.in.Sources, plan)
	for o := range feed.Objects() {
		switch end := o.Name.End; {
		case end.IsZero():
		case first.IsZero():
			first, last = end, end
		case end.Before(first):
			first = end
		case end.After(last):
			last = end
		}
	}
	return first, last, feed.Err()
}

func compareLogs(a, b Log) int {
	return cmp.Or(strings.Compare(a.LoadBalancer, b.LoadBalancer), cmp.Compare(a.Kind, b.Kind))
}

// list lists the objects that a statement needs. Nothing of them is fetched.
func (s *Store) list(ctx context.Context, sources []ingest.Source, n need) (objects []*ingest.Object, err error) {
	err = s.find(ctx, sources, n, func(o *ingest.Object) error {
		objects = append(objects, o)
		return nil
	})
	return objects, err
}

// survey lists the objects of a statement that reads none of them. They are written
// down as they come, since there may be more of them than memory has room for.
func (s *Store) survey(ctx context.Context, n need) error {
	return errors.Join(s.find(ctx, s.in.Sources, n, s.appendFound), s.flush())
}

// find calls found for each of the objects that a statement needs.
func (s *Store) find(ctx context.Context, sources []ingest.Source, n need, found func(*ingest.Object) error) error {
	if n.kinds() == 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	plan := s.in.Plan
	plan.Kinds = n.kinds()
	feed := ingest.List(ctx, sources, plan)
	s.progress.follow(feed)
	for o := range feed.Objects() {
		if err := found(o); err != nil {
			return err
		}
	}
	s.before = feed.Before()
	return feed.Err()
}

// TooMuchError says that there is more to read than was allowed.
type TooMuchError struct{ Bytes, Most int64 }

func (e *TooMuchError) Error() string {
	return fmt.Sprintf("the objects in the window take %s as stored, more than the %s allowed", inUnits(e.Bytes), inUnits(e.Most))
}

// inUnits writes a size as people say it, who say 2 GB and not 2000 MB.
func inUnits(n int64) string {
	for _, u := range []struct {
		bytes int64
		name  string
	}{{1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}} {
		if n >= 10*u.bytes || n > 0 && n%u.bytes == 0 {
			return fmt.Sprintf("%d %s", n/u.bytes, u.name)
		}
	}
	return amount.Of(n, "byte", "bytes")
}

// Hint says how to read less, or more.
func (e *TooMuchError) Hint() string {
	return "a shorter window or --lb reads less; --explain shows how much; --max-bytes allows more"
}

// affordable refuses more stored bytes than are allowed.
func (s *Store) affordable(objects []*ingest.Object) error {
	var sum int64
	for _, o := range objects {
		sum += max(o.Size, 0)
	}
	if s.in.MaxBytes > 0 && sum > s.in.MaxBytes {
		return &TooMuchError{sum, s.in.MaxBytes}
	}
	return nil
}
