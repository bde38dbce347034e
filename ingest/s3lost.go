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

// pulse knows whether a server was heard of late.
type pulse struct {
	patience time.Duration
	timer    *time.Timer // runs out when nothing was heard for as long
	silent   atomic.Bool
	givenUp  atomic.Int64 // requests since a server was heard
}

func newPulse(idle time.Duration) *pulse {
	p := &pulse{patience: lostIdles * idle}
	p.timer = time.AfterFunc(p.patience, func() { p.silent.Store(true) })
	return p
}

func (p *pulse) beat() {
	p.timer.Reset(p.patience)
	p.silent.Store(false)
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
func (p *pulse) lost(resource string) error {
	if !p.silent.Load() || p.givenUp.Load() < lostRequests {
		return nil
	}
	return &UnreachableError{
		Resource: resource,
		Reason:   "not asked for: the server has not answered for more than " + when.FormatDuration(p.patience),
		Next:     tryAgain,
	}
}
