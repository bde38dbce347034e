package query

import (
	"context"
	"errors"
	"strings"

	"loglens/parse"
)

// Explanation is what a statement would read.
type Explanation struct {
	SQL   string
	Parts []Part // by kind of log, those without an object left out
}

// Part is the objects of one kind. Those whose names do not say their kind are
// of parse.KindUnknown.
type Part struct {
	Kind     parse.Kind
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
		return Explanation{}, err
	}
	done, err := s.opened(ctx)
	if err != nil {
		return Explanation{}, err
	}
	defer func() { err = errors.Join(err, done()) }()
	n, err := s.needs(ctx, st.SQL, args, st.Relations, true)
	if err != nil {
		return Explanation{}, err
	}
	var parts [parse.KindClassic + 1]Part
	plan := s.in.Plan
	if plan.Kinds = n.kinds(); s.reader != nil {
		objects, err := s.ledgerOf(ctx, plan)
		for _, o := range objects {
			parts[o.name.Kind].Objects++
			parts[o.name.Kind].Bytes += o.size
		}
		return explained(text, parts[:]), err
	}
	objects, err := s.list(ctx, s.in.Sources, n)
	for _, o := range objects {
		p := &parts[o.Name.Kind]
		p.Objects++
		p.Bytes += max(o.Size, 0)
		if strings.HasPrefix(o.URI, "s3://") {
			p.Remote++
			p.Download += max(o.Size, 0)
		}
	}
	return explained(text, parts[:]), err
}

func explained(text string, parts []Part) Explanation {
	e := Explanation{SQL: text}
	for k, p := range parts {
		if p.Kind = parse.Kind(k); p.Objects > 0 {
			e.Parts = append(e.Parts, p)
		}
	}
	return e
}
