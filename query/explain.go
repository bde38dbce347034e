package query

import (
	"context"
	"errors"
	"strings"

	"loglens/parse"
)

// Explanation is what a statement would read.
type Explanation struct {
	Kinds  [parse.KindClassic + 1]Part // by parse.Kind, as objects' names say; else of parse.KindUnknown
	Listed bool                        // objects are listed, and none is opened
}

// Part is the objects of one kind.
type Part struct {
	Objects  int64
	Bytes    int64 // stored
	Remote   int64 // objects that have to be fetched
	Download int64 // their bytes
}

// Lines guesses how many lines the part holds.
func (p Part) Lines() int64 { return p.Bytes / storedLine }

// Explain lists what a statement would read, and fetches nothing.
func (s *Store) Explain(ctx context.Context, text string, args []any) (e Explanation, err error) {
	st, err := s.checked(ctx, text, args)
	if err != nil {
		return e, err
	}
	done, err := s.opened(ctx)
	if err != nil {
		return e, err
	}
	defer func() { err = errors.Join(err, done()) }()
	n, err := s.needs(ctx, st.SQL, args, st.Relations, true)
	if err != nil || n.kinds() == 0 { // a plan without kinds would be one of requests
		return e, err
	}
	e.Listed = n.listing != 0 && n.readings == 0
	plan := s.in.Plan
	if plan.Kinds = n.kinds(); s.reader != nil {
		objects, err := s.ledgerOf(ctx, plan)
		for _, o := range objects {
			e.Kinds[o.name.Kind].Objects++
			e.Kinds[o.name.Kind].Bytes += o.size
		}
		return e, err
	}
	objects, err := s.list(ctx, s.in.Sources, n)
	for _, o := range objects {
		p := &e.Kinds[o.Name.Kind]
		p.Objects++
		p.Bytes += max(o.Size, 0)
		if strings.HasPrefix(o.URI, "s3://") && !e.Listed {
			p.Remote++
			p.Download += max(o.Size, 0)
		}
	}
	return e, err
}
