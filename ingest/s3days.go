package ingest

import (
	"context"
	"path"
	"slices"
	"strings"
	"time"

	"loglens/parse"
)

// A window of more days than knownDays looks which days there are; for a
// shorter one the folders' names are computed.
const knownDays = 31

// region lists the wanted days of one region, and what lies beside them; date limits
// both to a year, a month or a day ("2026/11"), "" does not.
func (l *seeker) region(ctx context.Context, region, date string) bool {
	if l.plan.outside(date) {
		return true
	}
	parts, days, err := l.days(ctx, region, date)
	if err != nil {
		return l.emit(nil, err)
	}
	for _, d := range days {
		parts = append(parts, whole(func(ctx context.Context) ([]span, error) { return l.day(ctx, region, d) }))
	}
	for o, err := range l.seek(ctx, parts) {
		if !l.emit(o, err) {
			return false
		}
	}
	return true
}

// days are the wanted days of a region, looked for or computed; beside finds what else
// lies in the folders above theirs.
func (l *seeker) days(ctx context.Context, region, date string) (beside []task[span], days []string, err error) {
	from, until, bounded := l.plan.days()
	if !bounded || until.Sub(from) >= knownDays*24*time.Hour {
		days, others, err := l.findDays(ctx, region, date)
		return []task[span]{whole(func(context.Context) ([]span, error) { return others, nil })}, days, err
	}
	above := []string{date}
	for d := from; !d.After(until); d = d.AddDate(0, 0, 1) {
		if day := d.Format(dateLayout); strings.HasPrefix(day, date) {
			days = append(days, day)
			above = append(above, path.Dir(path.Dir(day)), path.Dir(day))
		}
	}
	slices.Sort(above)
	for _, a := range slices.Compact(above) {
		if strings.HasPrefix(a, date) && level(a) < len(datePart) {
			beside = append(beside, whole(func(ctx context.Context) ([]span, error) {
				_, others, err := l.dated(ctx, region, a)
				return others, err
			}))
		}
	}
	return beside, days, nil
}

// findDays looks which folders of days there are, from the year downwards, and what
// lies beside them.
func (l *seeker) findDays(ctx context.Context, region, date string) (days []string, others []span, err error) {
	days = []string{date}
	for range datePart[level(date):] {
		var deeper []string
		for _, d := range days {
			found, beside, err := l.dated(ctx, region, d)
			if err != nil {
				return nil, nil, err
			}
			deeper, others = append(deeper, found...), append(others, beside...)
		}
		days = slices.DeleteFunc(deeper, l.plan.outside)
	}
	return days, others, nil
}

// dated lists a folder of a region that is above those of the days: the dates in it,
// and what else it holds. That may be copies, or what log delivery was told to write
// by the month.
func (l *seeker) dated(ctx context.Context, region, date string) (dates []string, others []span, err error) {
	parent, at := region+folder(date), level(date)
	isDate := func(key string) bool {
		name, _, isFolder := strings.Cut(key[len(parent):], "/")
		if !isFolder || !isDatePart(at, name) {
			return false
		}
		dates = append(dates, folder(date)+name)
		return true
	}
	for p, err := range l.bucket.pages(ctx, listing{prefix: parent, delimiter: "/"}) {
		if err != nil {
			return nil, nil, err
		}
		for _, k := range p.objects {
			// Keys that are deeper come from a server that knows no delimiters.
			if !isDate(k.key) {
				if o := l.object(k); o != nil {
					others = append(others, span{object: o, prefix: k.key})
				}
			}
		}
		for _, f := range p.prefixes {
			if !isDate(f) {
				others = append(others, span{prefix: f})
			}
		}
	}
	sortSpans(others)
	return slices.Compact(dates), others, nil
}

// days is the first and the last day whose folders can hold wanted objects, or such as tell
// that a log was being written, at midnight UTC; not bounded if the plan has no beginning or
// no end.
func (p Plan) days() (from, until time.Time, bounded bool) {
	day := 24 * time.Hour
	until = p.Now
	longest := parse.KindAccess
	switch {
	case p.Kinds.Has(parse.KindClassic):
		longest = parse.KindClassic
	case p.Kinds.Has(parse.KindHealthCheck):
		longest = parse.KindHealthCheck
	}
	if last := p.delivered(longest); until.IsZero() || !last.IsZero() && last.Before(until) {
		until = last
	}
	if from = p.Window.From; !from.IsZero() {
		from = from.Add(-JustBefore)
	}
	return from.UTC().Truncate(day), until.UTC().Truncate(day), !from.IsZero() && !until.IsZero()
}

// outside reports whether the folder of a year, a month or a day ("2026/11") can hold no
// wanted object.
func (p Plan) outside(date string) bool {
	from, until, _ := p.days()
	layout := strings.Join(datePart[:level(date)], "/")
	return !from.IsZero() && date < from.Format(layout) || !until.IsZero() && date > until.Format(layout)
}

// later reports whether a day's folder is one of those in which no wanted object
// of a log is left to be found.
func (p Plan) later(date string, k parse.Kind) bool {
	last := p.delivered(k)
	return !last.IsZero() && date > last.Format(dateLayout)
}

// level is how many folders of a day's a date names: 0 for "", 2 for "2026/11".
func level(date string) int {
	if date == "" {
		return 0
	}
	return strings.Count(date, "/") + 1
}
