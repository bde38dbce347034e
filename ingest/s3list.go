package ingest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// listing is what to ask of ListObjectsV2.
type listing struct {
	prefix     string
	delimiter  string // rolls up all keys that are equal up to it; "" lists every key
	startAfter string // keys up to this one are left out
	limit      int32  // keys per page; 0 for the server's 1000
}

// page is one answer, keys and rolled-up prefixes in the order of the server.
type page struct {
	objects  []listed
	prefixes []string
}

// listed is one key of a listing.
type listed struct {
	key, etag string
	size      int64 // -1 if not told
	modified  time.Time
}

// within reports whether all keys have the prefix.
func (p page) within(prefix string) bool {
	return !slices.ContainsFunc(p.objects, func(o listed) bool { return !strings.HasPrefix(o.key, prefix) }) &&
		!slices.ContainsFunc(p.prefixes, func(k string) bool { return !strings.HasPrefix(k, prefix) })
}

// brokenPages is how often an answer that makes no sense is asked for again,
// and how many pages in a row may be empty.
const (
	brokenPages = 3
	emptyPages  = 1000
)

var errListing = errors.New("the server's listing makes no sense")

// pages lists a bucket page by page. The listing ends with the first error. A
// server that gives the same continuation token twice, or none for more, is
// not followed.
func (b *bucket) pages(ctx context.Context, l listing) iter.Seq2[page, error] {
	return func(yield func(page, error) bool) {
		in := &s3.ListObjectsV2Input{Bucket: &b.name, EncodingType: types.EncodingTypeUrl}
		for _, f := range []struct {
			to   **string
			from string
		}{{&in.Prefix, l.prefix}, {&in.Delimiter, l.delimiter}, {&in.StartAfter, l.startAfter}} {
			if f.from != "" {
				*f.to = &f.from
			}
		}
		if l.limit > 0 {
			in.MaxKeys = &l.limit
		}
		tokens := make(map[string]bool)
		empty := 0
		for {
			out, err := b.page(ctx, in, l.prefix)
			if err != nil {
				yield(page{}, err)
				return
			}
			p, err := decode(out)
			if err == nil && !p.within(l.prefix) {
				err = errors.New("it names a key that was not asked for")
			}
			if err != nil {
				yield(page{}, b.listError(l.prefix, err.Error()))
				return
			}
			if !yield(p, nil) || !aws.ToBool(out.IsTruncated) {
				return
			}
			if len(p.objects)+len(p.prefixes) > 0 {
				empty = 0
			} else {
				empty++
			}
			token := aws.ToString(out.NextContinuationToken)
			switch {
			case token == "":
				err = b.listError(l.prefix, "more is promised, but no continuation token is given")
			case tokens[token]:
				err = b.listError(l.prefix, "the same continuation token is given twice")
			case empty > emptyPages:
				err = b.listError(l.prefix, "one empty page follows the other")
			}
			if err != nil {
				yield(page{}, err)
				return
			}
			tokens[token] = true
			in.ContinuationToken = &token
		}
	}
}

func (b *bucket) uri(key string) string { return "s3://" + b.name + "/" + key }

func (b *bucket) listError(prefix, reason string) error {
	return &UnreachableError{Resource: b.uri(prefix), Reason: "list: " + reason, Next: wayThere, Err: errListing}
}

// page asks for one page. An answer that is cut short is asked for again as often as
// a body is; one that is empty where even an empty bucket's is not, less often.
func (b *bucket) page(ctx context.Context, in *s3.ListObjectsV2Input, prefix string) (*s3.ListObjectsV2Output, error) {
	for try := 1; ; try++ {
		out, err := call(ctx, b, "s3:ListBucket", b.uri(prefix), func(c *s3.Client) (*s3.ListObjectsV2Output, error) {
			return c.ListObjectsV2(ctx, in)
		})
		var cut *smithy.DeserializationError
		switch {
		case err == nil && (out.IsTruncated != nil || out.KeyCount != nil || out.Name != nil || len(out.Contents) > 0):
			return out, nil
		case err == nil && try >= brokenPages:
			return nil, b.listError(prefix, "the answer is no listing")
		case err != nil && (!errors.As(err, &cut) || try >= readAttempts):
			return nil, err
		}
		if err := pause(ctx, delay(try-1)); err != nil {
			return nil, err
		}
	}
}

// decode takes the keys out of an answer, which the server has URL-encoded if
// it says so, because XML cannot carry every key.
func decode(out *s3.ListObjectsV2Output) (page, error) {
	plain := func(s string) (string, error) { return s, nil }
	if out.EncodingType == types.EncodingTypeUrl {
		plain = url.QueryUnescape
	}
	p := page{objects: make([]listed, 0, len(out.Contents)), prefixes: make([]string, 0, len(out.CommonPrefixes))}
	for _, o := range out.Contents {
		key, err := plain(aws.ToString(o.Key))
		if err != nil {
			return page{}, fmt.Errorf("decode key: %w", err)
		}
		size := int64(-1)
		if o.Size != nil {
			size = *o.Size
		}
		p.objects = append(p.objects, listed{key, aws.ToString(o.ETag), size, aws.ToTime(o.LastModified)})
	}
	for _, c := range out.CommonPrefixes {
		prefix, err := plain(aws.ToString(c.Prefix))
		if err != nil {
			return page{}, fmt.Errorf("decode prefix: %w", err)
		}
		p.prefixes = append(p.prefixes, prefix)
	}
	return p, nil
}
