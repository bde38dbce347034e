package ingest

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/aws/smithy-go"

	"loglens/internal/when"
)

// When a server counts as lost: so many requests in a row were given up, each after all of
// its attempts, and nothing was heard for so many times the wait for one answer. Then
// thousands of objects need not be waited for one by one.
const (
	lostRequests = 8
	lostIdles    = 6
)

// pulse knows when a server was heard last.
type pulse struct {
	heard   atomic.Int64 // nanoseconds since 1970; 0 for never
	givenUp atomic.Int64 // requests since then
}

func (p *pulse) beat() {
	p.heard.Store(time.Now().UnixNano())
	p.givenUp.Store(0)
}

// note takes the end of a request into account. Whatever the server says, it is there.
func (p *pulse) note(err error) {
	if err == nil || statusOf(err) != 0 || errors.As(err, new(smithy.APIError)) {
		p.beat()
	} else {
		p.givenUp.Add(1)
	}
}

// lost is the error of a request that is not worth sending; nil for one that is.
func (p *pulse) lost(idle time.Duration, resource string) error {
	silent := time.Since(time.Unix(0, p.heard.Load()))
	if p.heard.Load() == 0 || p.givenUp.Load() < lostRequests || silent < lostIdles*idle {
		return nil
	}
	return &UnreachableError{
		Resource: resource,
		Reason:   "not asked for: the server has not answered for " + when.FormatDuration(silent.Round(time.Second)),
		Next:     "check the network; try again",
	}
}
