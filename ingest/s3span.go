package ingest

import (
	"context"
	"iter"
	"slices"
	"strings"

	"loglens/parse"
)

// span is a part of a folder: one object, or the keys of a prefix.
type span struct {
	object *Object // if the part is a single object
	prefix string
	seek   bool // the prefix is that of one log of one balancer
}

// sortSpans puts parts of a folder in an order that is the same for pages of any size.
func sortSpans(s []span) {
	slices.SortStableFunc(s, func(a, b span) int { return strings.Compare(a.prefix, b.prefix) })
}

// stampDelimiter cuts the keys of a day at their time stamps, until the year 2100.
const stampDelimiter = "_20"

// day finds the parts of one day's folder that can hold wanted objects.
func (l *seeker) day(ctx context.Context, region, date string) ([]span, error) {
	parts, err := l.parts(ctx, region, date, "")
	sortSpans(parts)
	return parts, err
}

// parts finds those parts of a day's folder whose names have a beginning in common.
func (l *seeker) parts(ctx context.Context, region, date, beginning string) ([]span, error) {
	day := region + date + "/"
	var parts []span
	for p, err := range l.bucket.pages(ctx, listing{prefix: day + beginning, delimiter: stampDelimiter}) {
		if err != nil {
			return parts, err
		}
		for _, k := range p.objects {
			if o := l.object(k); o != nil {
				parts = append(parts, span{object: o, prefix: k.key})
			}
		}
		for _, prefix := range p.prefixes {
			base := strings.TrimSuffix(prefix[len(day):], stampDelimiter[1:])
			head, rest, ok := parseHead(base)
			switch kind := logOf(base); {
			case kind != parse.KindUnknown && beginning == "":
				// "conn_log_20…": the delimiter has cut an account's number.
				if l.plan.Kinds.Has(kind) {
					more, err := l.parts(ctx, region, date, prefix[len(day):])
					parts = append(parts, more...)
					if err != nil {
						return parts, err
					}
				}
			case !ok || rest != "":
				parts = append(parts, span{prefix: prefix})
			case l.plan.wantsLog(head) && !l.plan.later(date, head.Kind):
				// With its "20": other keys that begin so are parts of their own.
				parts = append(parts, span{prefix: prefix, seek: true})
			}
		}
	}
	return parts, nil
}

// logOf is the log of which s is all that stands before an account's number.
func logOf(s string) parse.Kind {
	for _, p := range prefixes {
		if s == p.text {
			return p.kind
		}
	}
	return parse.KindUnknown
}

// seek lists parts of one region, several at a time, in their order.
func (l *seeker) seek(ctx context.Context, parts []task[span]) iter.Seq2[*Object, error] {
	spans := inOrder(ctx, partsAtOnce, slices.Values(parts))
	return inOrder(ctx, balancersAtOnce, func(yield func(task[*Object]) bool) {
		for s, err := range spans {
			if !yield(whole(func(ctx context.Context) ([]*Object, error) {
				if err != nil {
					return nil, err
				}
				return l.span(ctx, s)
			})) {
				return
			}
		}
	})
}

// span lists the wanted objects of a part. What was found before an error comes
// with it.
func (l *seeker) span(ctx context.Context, s span) ([]*Object, error) {
	if s.object != nil {
		return []*Object{s.object}, nil
	}
	ask := listing{prefix: s.prefix}
	if from, _ := l.plan.Ends(parse.KindUnknown); s.seek && !l.plan.Window.From.IsZero() {
		// A name that only begins as AWS's do may say when its interval begins.
		ask.startAfter = strings.TrimSuffix(s.prefix, stampDelimiter[1:]) + from.Add(-max(longestInterval, JustBefore)).Format(endLayout)
	}
	var objects []*Object
	for p, err := range l.bucket.pages(ctx, ask) {
		if err != nil {
			return objects, err
		}
		for _, k := range p.objects {
			if o := l.object(k); o != nil {
				objects = append(objects, o)
			} else if s.seek && l.plan.beyond(NameOf(k.key)) {
				return objects, nil
			}
		}
	}
	return objects, nil
}
