package ingest

import (
	"context"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// s3Source is a bucket, a folder in it, one key, or a pattern of keys.
type s3Source struct {
	spec    string
	bucket  string
	prefix  string // folder or key, without a "/" at its end; "" for the whole bucket
	isKey   bool   // prefix may be a key: the spec has no "/" at its end
	pattern string // glob for keys and folders; "" if the spec has none
	dial    *dialer
}

// newS3Source reads what stands behind "s3://".
func newS3Source(spec, rest string, dial *dialer) (Source, error) {
	bucket, prefix, _ := strings.Cut(rest, "/")
	if bucket == "" {
		return nil, &SourceError{Spec: spec, Reason: "names no bucket", Next: "s3://bucket/prefix"}
	}
	if strings.HasPrefix(bucket, "arn:") {
		return nil, &SourceError{Spec: spec, Reason: "an ARN where a bucket's name is wanted", Next: bucketOfARN(rest, dial.aws)}
	}
	s := &s3Source{spec: spec, bucket: bucket, prefix: strings.TrimRight(prefix, "/"), isKey: !strings.HasSuffix(prefix, "/"), dial: dial}
	if i := strings.IndexAny(prefix, Wild); i >= 0 {
		if !doublestar.ValidatePattern(prefix) {
			return nil, &SourceError{Spec: spec, Reason: "not a valid pattern", Next: wildHelp}
		}
		s.pattern = prefix
		s.prefix = prefix[:max(strings.LastIndexByte(prefix[:i], '/'), 0)]
	}
	return s, nil
}

// bucketOfARN advises who has named a bucket or an access point by its ARN. The alias of
// an access point stands for a bucket's name everywhere.
//
// Source: AWS, "Access point aliases" of the Amazon S3 guide, read 2026-11.
func bucketOfARN(arn string, a AWS) string {
	part := strings.SplitN(arn, ":", 6)
	if len(part) < 6 {
		return "s3://bucket/prefix"
	}
	region, account, resource := part[3], part[4], part[5]
	point, isPoint := strings.CutPrefix(resource, "accesspoint/")
	name, prefix, _ := strings.Cut(point, "/")
	switch {
	case !isPoint:
		return "s3://" + resource
	case region == "":
		return "s3://bucket/prefix, with one of the buckets behind this access point"
	}
	return "s3://ALIAS/" + prefix + ", with what this says: " +
		a.Caller(region).Command("s3control", "get-access-point", "--account-id", account, "--name", name, "--query", "Alias")
}

func (s *s3Source) String() string { return s.spec }

// List finds the plan's objects with few requests; how, stands at seeker.
func (s *s3Source) List(ctx context.Context, p Plan) iter.Seq2[*Object, error] {
	return func(yield func(*Object, error) bool) {
		b, err := s.dial.bucket(ctx, s.bucket)
		if err != nil {
			yield(nil, err)
			return
		}
		l := &seeker{bucket: b, plan: p, emit: yield}
		if s.pattern != "" {
			l.match = s.pattern
			l.flat(ctx, folder(s.prefix))
			return
		}
		l.walk(ctx, s.prefix, s.isKey)
	}
}

// folder is the prefix of all keys in a folder.
func folder(prefix string) string {
	if prefix == "" {
		return ""
	}
	return prefix + "/"
}

// s3Object is the origin of an object in S3.
type s3Object struct {
	bucket *bucket
	key    string
}

func (s s3Object) again() bool { return true }
func (s s3Object) ahead() bool { return true }

func (s s3Object) open(ctx context.Context, o *Object, free *chunks) (io.ReadCloser, error) {
	if o.Size == 0 {
		return io.NopCloser(strings.NewReader("")), nil // saves a request
	}
	etag, size := o.ETag, o.Size
	return newPump(ctx, free, func(ctx context.Context) io.Reader {
		return &body{ctx: ctx, bucket: s.bucket, key: s.key, etag: etag, size: size}
	}), nil
}

// object makes an Object of a listed key; nil if List does not yield it.
func (l *seeker) object(k listed) *Object {
	name := NameOf(k.key)
	if strings.HasSuffix(k.key, "/") || !l.plan.Lists(name, k.modified) && !l.plan.IsJustBefore(name) {
		return nil
	}
	if l.match != "" && !doublestar.MatchUnvalidated(l.match, k.key) {
		return nil
	}
	return &Object{
		URI: l.bucket.uri(k.key), ETag: k.etag, Size: k.size, Name: name, Modified: k.modified,
		identity: fmt.Sprintf("%s\x00%s", l.bucket.uri(""), k.key),
		origin:   s3Object{l.bucket, k.key},
	}
}
