package ingest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
)

// A Clock learns from the answers of AWS how far the clock of this machine is off. Windows
// such as the last hour are those of the balancer's logs, so its time is what counts.
type Clock struct{ off atomic.Pointer[time.Duration] }

// Off returns how much later it is at AWS than here; known is false if no answer has told.
func (c *Clock) Off() (d time.Duration, known bool) {
	if p := c.off.Load(); p != nil {
		return *p, true
	}
	return 0, false
}

// listen adds to a client what reads the time of every answer, also of one that refuses.
func (c *Clock) listen(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("loglensClock", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		if d, ok := awsmiddleware.GetAttemptSkew(metadata); ok {
			c.off.Store(&d)
		}
		return out, metadata, err
	}), middleware.Before)
}

// LearnTime makes sure that the clock of these sources knows the time, if one of them is in
// S3: where nothing has been asked of AWS yet, it makes a request that any reading would
// make. What else is wrong with a source shows when it is listed. The error is the
// context's or a *CredentialsError.
func LearnTime(ctx context.Context, sources []Source) error {
	for _, s := range sources {
		in, ok := s.(*s3Source)
		if !ok {
			continue
		}
		clock := in.dial.aws.Clock
		if clock == nil {
			return nil
		}
		if _, known := clock.Off(); known {
			return nil
		}
		return in.touch(ctx)
	}
	return nil
}

// timeIn bounds the requests that only ask for the time, and timeTries says how many there
// are while nothing answers: a connection may break by chance, and then the hour that is
// read would be that of a clock that may be wrong.
const (
	timeIn    = 5 * time.Second
	timeTries = 3
)

// touch asks for as little of the source as there is, until something answers.
func (s *s3Source) touch(ctx context.Context) error {
	b, err := s.dial.bucket(ctx, s.bucket)
	if err == nil {
		_, err = b.cfg.Credentials.Retrieve(ctx) // which may run a program that asks a person
	}
	var credentials *CredentialsError
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &credentials):
		return credentials
	case err != nil:
		return nil
	}
	brief, cancel := context.WithTimeout(ctx, timeIn)
	defer cancel()
	for range timeTries {
		_, _ = b.current().ListObjectsV2(brief, &s3.ListObjectsV2Input{
			Bucket: &s.bucket, Prefix: &s.prefix, MaxKeys: aws.Int32(1),
		}, func(o *s3.Options) { o.RetryMaxAttempts = 1 }) // an error shows when the source is listed
		if _, known := s.dial.aws.Clock.Off(); known || brief.Err() != nil {
			break
		}
	}
	return context.Cause(ctx)
}
