package ingest

import (
	"cmp"
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// defaultRegion is asked first where nothing names a region: any region of S3
// can tell where a bucket is.
const defaultRegion = "us-east-1"

// dialer loads the configuration once and knows the buckets met so far.
type dialer struct {
	aws AWS

	mu      sync.Mutex
	loaded  bool
	cfg     aws.Config
	err     error
	buckets map[string]*bucket
}

func newDialer(a AWS) *dialer { return &dialer{aws: a, buckets: make(map[string]*bucket)} }

// bucket returns the bucket of that name; the same one for all sources.
func (d *dialer) bucket(ctx context.Context, name string) (*bucket, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.loaded {
		d.cfg, d.err = d.aws.Config(ctx)
		d.loaded = ctx.Err() == nil
	}
	if d.err != nil {
		return nil, d.err
	}
	b := d.buckets[name]
	if b == nil {
		b = &bucket{name: name, aws: d.aws, cfg: d.cfg, pulse: newPulse(d.aws.idle())}
		b.move(cmp.Or(d.cfg.Region, defaultRegion))
		d.buckets[name] = b
	}
	return b, nil
}

// bucket is one S3 bucket and the client of its region.
type bucket struct {
	name string
	aws  AWS
	cfg  aws.Config

	mu     sync.Mutex
	region string
	client *s3.Client

	pulse *pulse
}

// move makes the client speak to a region.
func (b *bucket) move(region string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if region == b.region {
		return
	}
	b.region = region
	b.client = s3.NewFromConfig(b.cfg, func(o *s3.Options) {
		o.Region = region
		if b.aws.EndpointURL != "" {
			o.BaseEndpoint = &b.aws.EndpointURL
		}
		// Servers other than S3 seldom answer to bucket.host names.
		o.UsePathStyle = o.BaseEndpoint != nil
		// gzip has its own checksum, and parts of objects have none to check.
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	})
}

// caller is who asks the bucket.
func (b *bucket) caller() Caller {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.aws.Caller(b.region)
}

func (b *bucket) current() *s3.Client {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.client
}

// call sends a request, once more if the answer names another region, and
// explains what went wrong. action and resource are as in Explain.
func call[T any](ctx context.Context, b *bucket, action, resource string, request func(*s3.Client) (T, error)) (T, error) {
	client := b.current()
	if err := b.pulse.lost(resource); err != nil {
		var none T
		return none, err
	}
	out, err := request(client)
	if err != nil && ctx.Err() == nil && isElsewhere(err) {
		region := regionOf(err)
		if region == "" {
			region = b.findRegion(ctx, client)
		}
		if region != "" {
			b.move(region)
			if moved := b.current(); moved != client {
				out, err = request(moved)
			}
		}
	}
	if ctx.Err() == nil {
		b.pulse.note(err)
	}
	return out, Explain(ctx, err, b.caller(), action, resource)
}

// findRegion asks where the bucket is; S3 names the region in the header even
// of an answer that refuses. "" if it does not.
func (b *bucket) findRegion(ctx context.Context, client *s3.Client) string {
	out, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b.name})
	if err != nil {
		return regionOf(err)
	}
	return aws.ToString(out.BucketRegion)
}
