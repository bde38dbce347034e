package ingest

import (
	"context"
	"iter"
	"path"
	"slices"
	"strings"
	"time"

	"loglens/parse"
)

// How many listings run at a time; their results keep their order.
const (
	foldersAtOnce   = 2 // accounts, and regions of each
	partsAtOnce     = 4 // days of a region, and what is beside them
	balancersAtOnce = 8
)

// A window of more days than knownDays looks which days there are; for a
// shorter one the folders' names are computed.
const knownDays = 31

// seeker finds the objects of a plan in a bucket.
//
// Keys sort by log, balancer and then by the end of their interval, and the
// folder of a day lists all balancers with one request, whose delimiter "_20"
// cuts each key at its time stamp. So per day: one request for the balancers,
// and per wanted log of a wanted balancer one that starts shortly before the window
// and stops behind it. Keys with other names show up beside the balancers and are
// read.
type seeker struct {
	bucket *bucket
	plan   Plan
	match  string // glob for keys, or ""
	emit   func(*Object, error) bool
}

// The methods below return false when the consumer wants no more.

// walk lists a folder with all that is in it, and the object of that key, if it may be
// one: a permission to list a folder does not cover the key without its slash.
func (l *seeker) walk(ctx context.Context, prefix string, isKey bool) bool {
	if root, below, ok := splitLayout(prefix); ok {
		return l.tree(ctx, root, below)
	}
	key := prefix
	if !isKey {
		key = ""
	}
	return l.place(ctx, folder(prefix), key)
}

// place lists a folder of which nothing is known, and the object of that key; "" for none.
func (l *seeker) place(ctx context.Context, parent, key string) bool {
	root, err := l.layout(ctx, parent)
	switch {
	case err != nil:
		l.emit(nil, err)
		return false
	case root != "":
		return l.tree(ctx, root, nil)
	}
	return l.key(ctx, key) && l.flat(ctx, parent)
}

// layout looks into a folder for one in which AWS's layout begins: the AWSLogs folder,
// if there is nothing beside it, or below AWSLogs the folder itself, if accounts are in
// it, as in CloudTrail's of an organization. "" if the folder is to be listed whole.
func (l *seeker) layout(ctx context.Context, parent string) (root string, err error) {
	for p, err := range l.bucket.pages(ctx, listing{prefix: parent, delimiter: "/"}) {
		if err != nil {
			return "", err
		}
		alone := !slices.ContainsFunc(p.objects, func(k listed) bool { return l.object(k) != nil })
		for _, f := range p.prefixes {
			if strings.Contains("/"+parent, "/AWSLogs/") && isAccount(path.Base(f)) {
				return parent, nil
			}
			if f == parent+"AWSLogs/" {
				root = f
			} else {
				alone = false
			}
		}
		if !alone {
			return "", nil
		}
	}
	return root, nil
}

// splitLayout cuts a prefix that reaches into AWS's layout behind "AWSLogs/";
// below is what follows: account, service, region, year, month, day.
func splitLayout(prefix string) (root string, below []string, ok bool) {
	at := 0
	for {
		part, rest, more := strings.Cut(prefix[at:], "/")
		at += len(part) + 1
		if part == "AWSLogs" {
			if !more || rest == "" {
				return prefix[:at-1] + "/", nil, true
			}
			below = strings.Split(rest, "/")
			return prefix[:at], below, isLayout(below)
		}
		if !more {
			return "", nil, false
		}
	}
}

// isLayout reports whether the folders are those that AWS makes.
func isLayout(below []string) bool {
	for i, s := range below {
		ok := false
		switch i {
		case 0:
			ok = isAccount(s)
		case 1:
			ok = s == "elasticloadbalancing"
		case 2:
			ok = isWord(s)
		case 3, 4, 5:
			ok = isDatePart(i-3, s)
		}
		if !ok {
			return false
		}
	}
	return true
}

// dateLayout is the form of a day's folders, one in the other; datePart is that of each.
const dateLayout = "2006/01/02"

var datePart = strings.Split(dateLayout, "/")

func isDatePart(level int, s string) bool {
	return len(s) == len(datePart[level]) && strings.Trim(s, "0123456789") == ""
}

// tree lists what lies below an AWSLogs folder, on the path that is given.
func (l *seeker) tree(ctx context.Context, root string, below []string) bool {
	switch {
	case len(below) == 0:
		accounts, loose, err := l.children(ctx, root)
		if err != nil {
			return l.emit(nil, err)
		}
		return l.all(loose) && l.accounts(ctx, accounts)
	case len(below) < 3:
		return l.account(ctx, root+below[0]+"/elasticloadbalancing/")
	}
	region := root + strings.Join(below[:3], "/") + "/"
	return l.region(ctx, region, strings.Join(below[3:], "/"))
}

// accounts lists all accounts of a bucket that several may share. Of an account's
// folder only this service's is looked at: the others hold other logs.
func (l *seeker) accounts(ctx context.Context, accounts []string) bool {
	return l.each(ctx, accounts, func(l *seeker, ctx context.Context, account string) bool {
		service := account + "elasticloadbalancing/"
		switch name := path.Base(account); {
		case isAccount(name):
			return l.account(ctx, service)
		case strings.HasPrefix(name, "aws-account-id="):
			// The partitioned folders that log delivery to S3 can be set to write.
			return l.flat(ctx, service)
		default:
			return l.place(ctx, account, "")
		}
	})
}

// account lists all regions of one account.
func (l *seeker) account(ctx context.Context, service string) bool {
	regions, loose, err := l.children(ctx, service)
	if err != nil {
		return l.emit(nil, err)
	}
	return l.all(loose) && l.each(ctx, regions, func(l *seeker, ctx context.Context, region string) bool {
		if isWord(path.Base(region)) {
			return l.region(ctx, region, "")
		}
		return l.flat(ctx, region)
	})
}

// each lists folders one after the other, each with a seeker of its own, and begins
// with the next one while the objects of one are read.
func (l *seeker) each(ctx context.Context, folders []string, list func(*seeker, context.Context, string) bool) bool {
	objects := inOrder(ctx, foldersAtOnce, func(yield func(task[*Object]) bool) {
		for _, folder := range folders {
			if !yield(func(ctx context.Context) iter.Seq2[*Object, error] {
				return func(yield func(*Object, error) bool) {
					list(&seeker{bucket: l.bucket, plan: l.plan, match: l.match, emit: yield}, ctx, folder)
				}
			}) {
				return
			}
		}
	})
	for o, err := range objects {
		if !l.emit(o, err) {
			return false
		}
	}
	return true
}

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

// days is the first and the last day whose folders can hold wanted objects, at
// midnight UTC; not bounded if the plan has no beginning or no end.
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
	from = p.Window.From
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

// sortSpans puts parts of a folder in an order that is the same for pages of any size.
func sortSpans(s []span) {
	slices.SortStableFunc(s, func(a, b span) int { return strings.Compare(a.prefix, b.prefix) })
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

// span is a part of a folder: one object, or the keys of a prefix.
type span struct {
	object *Object // if the part is a single object
	prefix string
	seek   bool // the prefix is that of one log of one balancer
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

// span lists the wanted objects of a part. What was found before an error comes
// with it.
func (l *seeker) span(ctx context.Context, s span) ([]*Object, error) {
	if s.object != nil {
		return []*Object{s.object}, nil
	}
	ask := listing{prefix: s.prefix}
	if from, _ := l.plan.Ends(parse.KindUnknown); s.seek && !l.plan.Window.From.IsZero() {
		// A name that only begins as AWS's do may say when its interval begins.
		ask.startAfter = strings.TrimSuffix(s.prefix, stampDelimiter[1:]) + from.Add(-longestInterval).Format(endLayout)
	}
	var objects []*Object
	for p, err := range l.bucket.pages(ctx, ask) {
		if err != nil {
			return objects, err
		}
		for _, k := range p.objects {
			if o := l.object(k); o != nil {
				objects = append(objects, o)
			} else if n := ParseName(path.Base(k.key)); s.seek && n.Kind != parse.KindUnknown && l.plan.beyond(n) {
				return objects, nil
			}
		}
	}
	return objects, nil
}

// children lists the folders directly below a folder, and the wanted objects
// that lie there beside them.
func (l *seeker) children(ctx context.Context, parent string) (folders []string, loose []*Object, err error) {
	for p, err := range l.bucket.pages(ctx, listing{prefix: parent, delimiter: "/"}) {
		if err != nil {
			return nil, nil, err
		}
		for _, f := range p.prefixes {
			if f != parent { // a server that gives it would send us round in a circle
				folders = append(folders, f)
			}
		}
		for _, k := range p.objects {
			if o := l.object(k); o != nil {
				loose = append(loose, o)
			}
		}
	}
	return folders, loose, nil
}

// all yields some objects.
func (l *seeker) all(objects []*Object) bool {
	for _, o := range objects {
		if !l.emit(o, nil) {
			return false
		}
	}
	return true
}

// key yields the object whose key is the whole prefix, if there is one.
func (l *seeker) key(ctx context.Context, key string) bool {
	if key == "" {
		return true
	}
	for p, err := range l.bucket.pages(ctx, listing{prefix: key, limit: 1}) {
		if err != nil {
			l.emit(nil, err)
			return false
		}
		if len(p.objects) > 0 && p.objects[0].key == key {
			if o := l.object(p.objects[0]); o != nil {
				return l.emit(o, nil)
			}
		}
		break
	}
	return true
}

// flat lists every key below a prefix and takes those that the plan wants by
// their names. Where it meets an AWSLogs folder it goes on in AWS's layout.
func (l *seeker) flat(ctx context.Context, prefix string) bool {
	ask := listing{prefix: prefix}
	for {
		root := ""
	pages:
		for p, err := range l.bucket.pages(ctx, ask) {
			if err != nil {
				return l.emit(nil, err)
			}
			for _, k := range p.objects {
				if k.key <= ask.startAfter {
					continue // from a server that does not know where to start
				}
				if root = l.layoutIn(prefix, k.key); root != "" {
					break pages
				}
				if o := l.object(k); o != nil && !l.emit(o, nil) {
					return false
				}
			}
		}
		if root == "" {
			return true
		}
		if !l.tree(ctx, root, nil) {
			return false
		}
		ask.startAfter = root + "\U0010ffff" // behind all that is in it
	}
}

// layoutIn is the AWSLogs folder below prefix in which a key lies; "" if there
// is none, or a glob chooses the keys.
func (l *seeker) layoutIn(prefix, key string) string {
	rest := key[len(prefix):]
	at := strings.Index("/"+rest, "/AWSLogs/")
	if at < 0 || l.match != "" {
		return ""
	}
	return prefix + rest[:at] + "AWSLogs/"
}
