package diagnose

import (
	"fmt"
	"time"

	"loglens/internal/amount"
)

// IPv6Clients counts the requests of clients that came by IPv6.
type IPv6Clients struct {
	Requests int64     `json:"requests"`
	First    time.Time `json:"first"` // zero if none
	Last     time.Time `json:"last"`
}

const ipv6SQL = `SELECT count(*), min(time), max(time) FROM request WHERE contains(client_ip, ':')`

// ipv6 looks whether clients come by IPv6, where the balancer's settings keep them out: that takes another reading.
func (r *reader) ipv6(s *Snapshot) error {
	if len(lookAtDualstack(newFacts(s))) == 0 {
		return nil
	}
	return r.again(ipv6SQL, func(row []any) {
		r.logs.IPv6 = &IPv6Clients{Requests: whole(row[0], 0), First: moment(row[1]), Last: moment(row[2])}
	})
}

// cameByIPv6 says of settings that keep clients out which come by IPv6 what the logs have of these. Where they came, and do
// not any more while others do, that is a failure of which no line is logged.
func (f *facts) cameByIPv6(found *Finding) {
	if !f.hasAccess() || f.Logs.IPv6 == nil {
		return
	}
	came := *f.Logs.IPv6
	if came.Requests == 0 {
		found.because(FromLog, "none of "+amount.Of(f.requests(), "request", "requests")+" came by IPv6")
		return
	}
	text := fmt.Sprintf("%s came by IPv6, the last at %s UTC", amount.Of(came.Requests, "request", "requests"), f.clock(came.Last))
	if !f.comesNoMore(came.Requests, came.First, came.Last) {
		found.because(FromLog, text)
		return
	}
	since := f.requestsAfter(came.Last)
	until := f.requests() - since
	found.because(FromLog, fmt.Sprintf("%s: %s of all until then, and none of %s since", text, percent(float64(came.Requests)/float64(max(until, 1)), 1), amount.Of(since, "other", "others")))
	found.Level, found.Do = Fail, "let clients in by IPv6 again"
	found.Sentence += fmt.Sprintf(" Clients came by IPv6 until %s UTC, and none since.", f.clock(came.Last))
	found.ruined = since * came.Requests / max(until-came.Requests, 1) // if it had gone on
}

// requestsAfter are all requests in the minutes after the one of a time.
func (f *facts) requestsAfter(t time.Time) (n int64) {
	for _, m := range f.logMinutes() {
		if m.Minute.After(t) {
			n += m.Requests
		}
	}
	return n
}
