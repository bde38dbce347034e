package diagnose

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	classic "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"
	"golang.org/x/sync/errgroup"

	"loglens/ingest"
)

// Bounds on what one diagnosis asks of AWS, which an account shares with all else
// that runs in it.
const (
	callsAtATime = 8
	mostCalls    = 1000
)

// Found is a load balancer that AWS knows.
type Found struct {
	collector *collector
	isClassic bool
}

// Find looks a load balancer up by name, "app/name/id", ARN or DNS name.
//
// Errors: what ingest.AWS.BalancerConfig and ingest.Explain give if the balancer cannot
// be found, and *ingest.CredentialsError.
func Find(ctx context.Context, a ingest.AWS, balancer string) (*Found, error) {
	q, cfg, err := a.BalancerConfig(ctx, balancer)
	if err != nil {
		return nil, err
	}
	c := newCollector(cfg, a.EndpointURL)
	c.caller = a.Caller(cfg.Region)
	c.snapshot.Profile, c.snapshot.Role, c.snapshot.ExternalID = a.Profile, a.RoleARN, a.ExternalID
	return c.found(ctx, q, balancer)
}

func (c *collector) found(ctx context.Context, q ingest.BalancerQuery, which string) (*Found, error) {
	isClassic, err := c.find(ctx, q, which)
	if err != nil {
		return nil, err
	}
	return &Found{c, isClassic}, nil
}

// Asked is what is to be diagnosed of a balancer.
type Asked struct {
	Target      string // "IP:PORT" or instance ID; "" for all
	From, Until time.Time
	Now         time.Time
}

// Collect fills a Snapshot from AWS, but for logs and probes. What it may not ask,
// or gets no answer to, stands in Missing. It is called once.
//
// Errors: the context's, and *ingest.CredentialsError.
func (f *Found) Collect(ctx context.Context, asked Asked) (*Snapshot, error) {
	c := f.collector
	s := &c.snapshot
	s.Taken, s.From, s.Until, s.Target = asked.Now.UTC(), asked.From.UTC(), asked.Until.UTC(), asked.Target
	if err := c.collect(ctx, f.isClassic, asked.Target); err != nil {
		return nil, err
	}
	s.Calls = c.counted()
	slices.SortFunc(s.Missing, func(a, b Missing) int {
		return cmp.Or(cmp.Compare(a.Action, b.Action), cmp.Compare(a.What, b.What), cmp.Compare(a.Why, b.Why))
	})
	s.Missing = slices.Compact(s.Missing)
	return s, nil
}

// collector asks AWS. Its clients can make no call that is not in Calls.
type collector struct {
	caller  ingest.Caller
	elb     *elb.Client
	classic *classic.Client
	ec2     *ec2.Client
	metrics *cloudwatch.Client
	acm     *acm.Client
	s3      *s3.Client

	free     chan struct{} // a place for every call that may be under way
	patience *patience

	mu       sync.Mutex
	calls    map[string]int // by action
	snapshot Snapshot       // what is gathered
}

func newCollector(cfg aws.Config, endpoint string) *collector {
	c := &collector{caller: ingest.Caller{Region: cfg.Region}, free: make(chan struct{}, callsAtATime), patience: newPatience(cfg.Retryer()), calls: map[string]int{}}
	c.snapshot = Snapshot{Schema: SnapshotSchema, Listeners: []Listener{}, Groups: []Group{}, Missing: []Missing{}}
	cfg.Retryer = func() aws.Retryer { return c.patience }
	cfg.APIOptions = append(cfg.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("loglensCalls", c.guard), middleware.After)
	})
	if endpoint != "" {
		cfg.BaseEndpoint = &endpoint
	}
	c.elb = elb.NewFromConfig(cfg)
	c.classic = classic.NewFromConfig(cfg)
	c.ec2 = ec2.NewFromConfig(cfg)
	c.acm = acm.NewFromConfig(cfg)
	c.metrics = cloudwatch.NewFromConfig(cfg, func(o *cloudwatch.Options) {
		if endpoint != "" { // what stands in for AWS speaks the older protocol
			o.Protocol = awsquery.New(schemas.GraniteServiceVersion20100801)
		}
	})
	c.s3 = s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = endpoint != "" })
	return c
}

// guard lets a call through that the list has, and counts it and its repeats.
func (c *collector) guard(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	refuse := func(err error) (middleware.InitializeOutput, middleware.Metadata, error) {
		return middleware.InitializeOutput{}, middleware.Metadata{}, err
	}
	service, operation := awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)
	action, ok := actionOf(service, operation)
	if !ok {
		return refuse(fmt.Errorf("%s %s is not in the list of calls", service, operation))
	}
	c.mu.Lock()
	sum := 0
	for _, n := range c.calls {
		sum += n
	}
	if sum < mostCalls {
		c.calls[action]++
	}
	c.mu.Unlock()
	if sum >= mostCalls {
		return refuse(fmt.Errorf("more than %d calls", mostCalls))
	}
	select {
	case c.free <- struct{}{}:
	case <-ctx.Done():
		return refuse(ctx.Err())
	}
	defer func() { <-c.free }()
	out, metadata, err := next.HandleInitialize(context.WithValue(ctx, callKey{}, new(int)), in)
	if err == nil {
		c.patience.answered(operation)
	}
	return out, metadata, err
}

func (c *collector) counted() []CallCount {
	list := []CallCount{}
	for action, n := range c.calls {
		list = append(list, CallCount{action, n})
	}
	slices.SortFunc(list, func(a, b CallCount) int { return cmp.Compare(a.Action, b.Action) })
	return list
}

// settle decides what an error means: nil if it only leaves a question open, which
// it then notes. Without credentials nothing else can be asked.
func (c *collector) settle(ctx context.Context, err error, what, action string) error {
	if err == nil {
		return nil
	}
	err = ingest.Explain(ctx, err, c.caller, action, what)
	if ctx.Err() != nil || errors.As(err, new(*ingest.CredentialsError)) {
		return err
	}
	m := Missing{What: what, Action: action, Why: strings.TrimPrefix(err.Error(), what+": ")}
	var denied *ingest.AccessError
	if errors.As(err, &denied) {
		m.Denied, m.Action, m.Why = true, denied.Action, "access denied"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.snapshot.Missing = append(c.snapshot.Missing, m)
	return nil
}

// put changes the snapshot from one of several goroutines.
func (c *collector) put(change func(*Snapshot)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.snapshot)
}

// together runs functions at the same time and returns the first error.
func together(ctx context.Context, all ...func(context.Context) error) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, f := range all {
		g.Go(func() error { return f(ctx) })
	}
	return g.Wait()
}

// errSameMark says that an answer in parts has no end. What was read of it may be no more
// than a beginning.
var errSameMark = errors.New("the answer comes in parts, and a mark of where it goes on came twice: it is not known to be whole")

// paginator is how the SDK asks for an answer in parts, whatever its options F are.
type paginator[O, F any] interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*F)) (*O, error)
}

// pages reads an answer in parts to its end. read takes a part apart: what is in it, and the mark of the next one.
//
// Errors: those of the paginator, and errSameMark. The parts before are not returned.
func pages[O, F, T any](ctx context.Context, p paginator[O, F], read func(*O) (part []T, next *string)) (all []T, err error) {
	all = []T{}
	seen := map[string]bool{}
	for p.HasMorePages() {
		out, err := p.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		part, next := read(out)
		all = append(all, part...)
		if seen[aws.ToString(next)] {
			return nil, errSameMark
		}
		seen[aws.ToString(next)] = true
	}
	return all, nil
}

// collect asks in rounds: what a round asks for depends on the one before.
func (c *collector) collect(ctx context.Context, isClassic bool, target string) error {
	if !isClassic {
		if err := together(ctx, c.attributes, c.listeners, c.groups); err != nil {
			return err
		}
		if err := c.named(ctx); err != nil {
			return err
		}
		if err := c.more(ctx, target); err != nil {
			return err
		}
	}
	return together(ctx, c.network, c.certificates, c.bucket, c.measure)
}
