package ingest

import (
	"context"
	"path"
	"slices"
	"strings"
)

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
