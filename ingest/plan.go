package ingest

import (
	"strings"
	"time"

	"loglens/internal/when"
	"loglens/parse"
)

// Plan says which objects a command wants. The zero value wants every log of requests.
type Plan struct {
	Window       when.Window // rows wanted; zero bounds are open
	Now          time.Time   // no folder of a later day is looked for; zero: not known
	LoadBalancer string      // "" for all; a name, "app/name/id", an ARN, or a DNS name
	Kinds        KindSet     // logs wanted
}

// KindSet is a set of logs. The zero value stands for the logs that hold
// requests: the access logs of Application and Classic Load Balancers.
type KindSet uint8

const requestLogs = KindSet(1<<parse.KindAccess | 1<<parse.KindClassic)

// Kinds is the set of these logs; of none, the zero value.
func Kinds(k ...parse.Kind) KindSet {
	var s KindSet
	for _, k := range k {
		s |= 1 << k
	}
	return s
}

// Has reports whether a log is in the set.
func (s KindSet) Has(k parse.Kind) bool {
	if s == 0 {
		s = requestLogs
	}
	return s&(1<<k) != 0
}

// longestInterval is how long an interval may be of which an object holds the entries.
const longestInterval = 60 * time.Minute

// lag is how long after an entry's own time the interval of its object may end.
// That is the length of the interval: 5 minutes, or for classic balancers 5 or 60.
// Where an entry's time is the beginning of a request or a check, it is written
// later than that: a check ends within 2 minutes, and a classic balancer's request
// is allowed 5.
//
// Source: AWS, "Access log files" and "Access log entries" of the Application,
// Network and Classic guides; "Health check log entries"; read 2026-11.
func lag(k parse.Kind) time.Duration {
	switch k {
	case parse.KindClassic:
		return longestInterval + 5*time.Minute
	case parse.KindHealthCheck:
		return (5 + 2) * time.Minute
	}
	return 5 * time.Minute
}

// lateness is how long after its interval an object may be delivered; the
// folder is that of the delivery.
const lateness = 48 * time.Hour

// delivered is when the last object of a log that can hold wanted rows has been
// delivered; zero if the window has no end.
func (p Plan) delivered(k parse.Kind) time.Time {
	if p.Window.Until.IsZero() {
		return time.Time{}
	}
	return p.Window.Until.UTC().Add(lag(k) + lateness)
}

// Wants reports whether an object of this name is to be opened. A name that
// says nothing is wanted: only its lines can tell.
func (p Plan) Wants(n Name) bool {
	if n.Kind == parse.KindUnknown {
		return !n.TestFile
	}
	first, _ := p.Ends(n.Kind)
	return p.wantsLog(n) && !n.End.Before(first) && !p.beyond(n)
}

// longestUpload is how long an upload to S3 may take. An object that was uploaded in
// many parts has the time at which the upload began.
const longestUpload = 24 * time.Hour

// Written returns the earliest time at which an object in S3 that holds wanted rows can
// have been written, zero if the window has no beginning. Where a name says nothing, this
// spares what has lain in the bucket for long.
func (p Plan) Written() time.Time {
	if p.Window.From.IsZero() {
		return p.Window.From
	}
	return p.Window.From.Add(-longestUpload)
}

// Lists reports whether a listing would yield an object of this name and time; the time
// is zero if it is not known.
func (p Plan) Lists(n Name, modified time.Time) bool {
	return p.Wants(n) && (n.Kind != parse.KindUnknown || modified.IsZero() || !modified.Before(p.Written()))
}

// JustBefore is how long before the window objects tell that a log was being written. Where it
// begins soon after midnight, the folder of the day before is listed for that.
const JustBefore = 3 * time.Hour

// IsJustBefore reports whether an object of this name, of a log that is wanted, ends so shortly
// before the window that it holds nothing of it.
func (p Plan) IsJustBefore(n Name) bool {
	first, _ := p.Ends(n.Kind)
	return n.Kind != parse.KindUnknown && !p.Window.From.IsZero() && p.wantsLog(n) &&
		n.End.Before(first) && !n.End.Before(first.Add(-JustBefore))
}

// wantsLog reports whether the plan takes this log of this balancer, at any time.
func (p Plan) wantsLog(n Name) bool {
	if !p.Kinds.Has(n.Kind) || !p.WantsBalancer(n.LoadBalancer) {
		return false
	}
	// A name is a balancer's own in one account and region only.
	if part := strings.Split(p.LoadBalancer, ":"); len(part) == 6 {
		return part[3] == n.Region && part[4] == n.Account
	}
	region := regionOfDNS(plainDNS(p.LoadBalancer))
	return region == "" || region == n.Region
}

// Ends returns the earliest and the latest end of an interval of a log whose
// objects can hold wanted rows; zero where the window is open. The earliest is a
// whole minute, because names carry minutes.
func (p Plan) Ends(k parse.Kind) (first, last time.Time) {
	if first = p.Window.From.UTC().Truncate(time.Minute); !p.Window.Until.IsZero() {
		last = p.Window.Until.Add(lag(k))
	}
	return first, last
}

// beyond reports whether an object of this name lies wholly behind the window.
func (p Plan) beyond(n Name) bool {
	_, last := p.Ends(n.Kind)
	return !last.IsZero() && n.End.After(last)
}

// WantsBalancer reports whether the plan's filter takes the balancer
// "app/name/id" or "net/name/id", or a Classic Load Balancer's bare name. A name
// takes all balancers that are called so, and so does a DNS name, which tells an
// id of network balancers only.
func (p Plan) WantsBalancer(id string) bool {
	want := p.LoadBalancer
	if want == "" || want == id {
		return true
	}
	if strings.HasPrefix(want, "arn:") {
		return BalancerID(want) == id
	}
	part := strings.Split(id, "/")
	if dns := plainDNS(want); strings.Contains(want, ".") && regionOfDNS(dns) != "" {
		name, last, network := labelOfDNS(dns)
		switch {
		case network:
			return strings.EqualFold(id, "net/"+name+"/"+last)
		case len(part) == 3:
			return part[0] == "app" && strings.EqualFold(part[1], name)
		}
		return strings.EqualFold(id, name)
	}
	return len(part) == 3 && part[1] == want
}
