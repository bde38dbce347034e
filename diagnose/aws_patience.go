package diagnose

import (
	"context"
	"errors"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
)

// How often a call that AWS refuses for now is repeated. Six repeats take about ten
// seconds, since each waits twice as long as the one before; two take half a second.
const (
	mostRepeats = 6
	fewRepeats  = 2
)

// patience is what all calls have in common when AWS throttles. Each alone would wait
// for seconds, one round of calls after the other. So what was given up in vain is
// repeated only a few times more: the same operation, whose limit the next target group
// meets as well, and, until AWS has answered anything at all, every other one.
type patience struct {
	aws.Retryer

	mu   sync.Mutex
	vain map[string]bool // operations given up since they were last answered; "": any
}

func newPatience(r aws.Retryer) *patience { return &patience{Retryer: r, vain: map[string]bool{}} }

// callKey is where the context of a call has its repeats: an *int, as one goroutine
// makes them.
type callKey struct{}

// errImpatient ends a call's repeats; what AWS said goes before it.
var errImpatient = errors.New("not repeated any more")

// GetRetryToken is asked before each repeat. What failed on the way to AWS is bounded by
// the Retryer within.
func (p *patience) GetRetryToken(ctx context.Context, err error) (func(error) error, error) {
	repeats, ok := ctx.Value(callKey{}).(*int)
	if ok && errors.As(err, new(smithy.APIError)) && !p.allows(awsmiddleware.GetOperationName(ctx), repeats) {
		return nil, errImpatient
	}
	return p.Retryer.GetRetryToken(ctx, err)
}

func (p *patience) allows(operation string, repeats *int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	most := mostRepeats
	if p.vain[operation] || p.vain[""] {
		most = fewRepeats
	}
	if *repeats >= most {
		p.vain[operation], p.vain[""] = true, true
		return false
	}
	*repeats++
	return true
}

// answered notes that AWS has answered a call.
func (p *patience) answered(operation string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.vain[operation], p.vain[""] = false, false
}
