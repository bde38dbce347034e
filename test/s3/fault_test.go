package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"loglens/ingest"
	"loglens/test/internal/gateway"
)

// fill makes a bucket of so many packed logs and returns their texts by URI.
func fill(t *testing.T, bucket string, n, size int) (texts map[string][]byte, stored int64) {
	t.Helper()
	newBucket(t, bucket)
	r := random(uint64(n))
	texts = make(map[string][]byte)
	objects := make(map[string][]byte)
	for i := range n {
		k := fmt.Sprintf("%04d.log.gz", i)
		text := logText(r, 1+r.IntN(size))
		objects[k] = pack(t, text)
		stored += int64(len(objects[k]))
		texts["s3://"+bucket+"/"+k] = text
	}
	put(t, bucket, objects)
	return texts, stored
}

func checkTexts(t *testing.T, got map[string]outcome, want map[string][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d objects, want %d", len(got), len(want))
	}
	for uri, text := range want {
		if o := got[uri]; o.err != nil || !bytes.Equal(o.text, text) {
			t.Errorf("%s: %d bytes of text, want %d; error %v", uri, len(o.text), len(text), o.err)
		}
	}
}

// 200 objects, each broken off once at a random byte: the texts are those of a
// fault-free run, taken up with Range and If-Match, and little is fetched twice.
func TestCuts(t *testing.T) {
	t.Parallel()
	texts, stored := fill(t, "cuts", 200, 150_000)
	r := random(7)
	var mu sync.Mutex
	p := newProxy(t, func(q request, n int) *fault {
		if !q.isGet() || n > 0 {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		return &fault{cut: int64(r.IntN(12_000))}
	})
	got, err := readAll(t.Context(), t, ingest.AWS{EndpointURL: p.url}, ingest.Plan{}, 4, "s3://cuts")
	if err != nil {
		t.Fatal(err)
	}
	checkTexts(t, got, texts)
	resumed := p.seen(func(r request) bool { return r.header.Get("Range") != "" })
	for _, q := range resumed {
		if q.header.Get("If-Match") == "" || !strings.HasPrefix(q.header.Get("Range"), "bytes=") {
			t.Errorf("resumed with Range %q and If-Match %q", q.header.Get("Range"), q.header.Get("If-Match"))
		}
	}
	if len(resumed) < 100 {
		t.Errorf("only %d of 200 reads were resumed", len(resumed))
	}
	if p.sent > stored*12/10 {
		t.Errorf("%d bytes fetched for %d", p.sent, stored)
	}
	t.Logf("%d reads resumed, %d bytes fetched for %d", len(resumed), p.sent, stored)
}

// Objects overwritten at a random byte of the reading: the text is that of one
// version, never a mixture.
func TestReplacedWhileRead(t *testing.T) {
	t.Parallel()
	const n = 300
	old, _ := fill(t, "replaced", n, 90_000)
	fresh := make(map[string][]byte)
	r := random(8)
	c := client()
	var mu sync.Mutex
	p := newProxy(t, func(q request, n int) *fault {
		if !q.isGet() || n > 0 {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		uri := "s3://replaced/" + q.key
		fresh[uri] = logText(r, len(old[uri]))
		body := pack(t, fresh[uri])
		return &fault{cut: int64(r.IntN(6000)), then: func() {
			if err := gateway.Put(context.WithoutCancel(t.Context()), c, "replaced", q.key, body); err != nil {
				t.Errorf("replace %s: %v", q.key, err)
			}
		}}
	})
	got, err := readAll(t.Context(), t, ingest.AWS{EndpointURL: p.url}, ingest.Plan{}, 4, "s3://replaced")
	if err != nil {
		t.Fatal(err)
	}
	restarts := 0
	for uri, o := range got {
		restarts += o.restarts
		if o.err != nil || !bytes.Equal(o.text, old[uri]) && !bytes.Equal(o.text, fresh[uri]) {
			t.Errorf("%s: %d bytes of text that are of no version; error %v", uri, len(o.text), o.err)
		}
	}
	if len(got) != n || restarts < n/2 {
		t.Errorf("%d objects with %d restarts, want %d and at least half as many", len(got), restarts, n)
	}
	t.Logf("%d of %d objects started afresh", restarts, n)
}

// An object overwritten between LIST and GET is read as it is then, and one
// that is overwritten again and again fails.
func TestReplacedAfterList(t *testing.T) {
	texts, _ := fill(t, "relisted", 2, 50_000)
	c := client()
	fresh := []byte("another text\n")
	p := newProxy(t, func(q request, n int) *fault {
		if q.isGet() && (n == 0 || q.key == "0001.log.gz") {
			body := fmt.Appendf(nil, "%s%d", fresh, n)
			if n == 0 {
				body = fresh
			}
			if err := gateway.Put(context.WithoutCancel(t.Context()), c, "relisted", q.key, body); err != nil {
				t.Errorf("replace %s: %v", q.key, err)
			}
			if q.key == "0001.log.gz" && q.header.Get("If-Match") == "" {
				return &fault{cut: 5} // and the next request will find yet another version
			}
		}
		return nil
	})
	got, err := readAll(t.Context(), t, ingest.AWS{EndpointURL: p.url}, ingest.Plan{}, 1, "s3://relisted")
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(texts) {
		t.Fatalf("%d objects, want %d", len(got), len(texts))
	}
	if o := got["s3://relisted/0000.log.gz"]; o.err != nil || !bytes.Equal(o.text, fresh) || o.restarts != 1 {
		t.Errorf("replaced once: text %q after %d restarts, error %v", o.text, o.restarts, o.err)
	} else if head, err := c.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: aws.String("relisted"), Key: aws.String("0000.log.gz")}); err != nil || !o.modified.Equal(*head.LastModified) {
		t.Errorf("replaced once: delivered at %v, and the server says %v, %v", o.modified, head, err)
	}
	if o := got["s3://relisted/0001.log.gz"]; !errors.Is(o.err, ingest.ErrReplaced) || o.restarts != 1 {
		t.Errorf("replaced again and again: error %v after %d restarts, want ErrReplaced after 1", o.err, o.restarts)
	}
}

// 30 % of all requests are answered 503 SlowDown. All is read, and what was refused is
// all that is asked for more than once.
func TestSlowDown(t *testing.T) {
	t.Parallel()
	texts, _ := fill(t, "slowdown", 80, 20_000)
	r := random(9)
	var mu sync.Mutex
	refused := 0
	p := newProxy(t, func(request, int) *fault {
		mu.Lock()
		defer mu.Unlock()
		if r.IntN(10) < 3 {
			refused++
			return &fault{status: http.StatusServiceUnavailable, code: "SlowDown", message: "Please reduce your request rate."}
		}
		return nil
	})
	got, err := readAll(t.Context(), t, ingest.AWS{EndpointURL: p.url}, ingest.Plan{}, 4, "s3://slowdown")
	if err != nil {
		t.Fatal(err)
	}
	checkTexts(t, got, texts)
	// What was answered is not asked again: an object takes one request, the listing a few.
	if n := len(p.requests) - refused; n > len(texts)+3 {
		t.Errorf("%d requests for %d objects, beside %d that were refused", n, len(texts), refused)
	}
	t.Logf("%d requests for %d objects, %d of them refused", len(p.requests), len(texts), refused)
}

// A body that stalls for ever is given up after the idle timeout and resumed.
func TestStall(t *testing.T) {
	texts, _ := fill(t, "stall", 3, 100_000)
	p := newProxy(t, func(q request, n int) *fault {
		if q.isGet() && n == 0 {
			return &fault{cut: 700, hang: true}
		}
		return nil
	})
	got, err := readAll(t.Context(), t, ingest.AWS{EndpointURL: p.url, IdleTimeout: 200 * time.Millisecond}, ingest.Plan{}, 2, "s3://stall")
	if err != nil {
		t.Fatal(err)
	}
	checkTexts(t, got, texts)
}

// A body that breaks off without a byte, again and again, fails its object alone.
func TestHopelessBody(t *testing.T) {
	t.Parallel()
	texts, _ := fill(t, "hopeless", 3, 20_000)
	p := newProxy(t, func(q request, n int) *fault {
		if q.isGet() && q.key == "0001.log.gz" {
			return &fault{cut: 0}
		}
		return nil
	})
	got, err := readAll(t.Context(), t, ingest.AWS{EndpointURL: p.url}, ingest.Plan{}, 2, "s3://hopeless")
	if err != nil {
		t.Fatal(err)
	}
	const bad = "s3://hopeless/0001.log.gz"
	var unreachable *ingest.UnreachableError
	if !errors.As(got[bad].err, &unreachable) || unreachable.Resource != bad {
		t.Errorf("error %v, want an UnreachableError of %s", got[bad].err, bad)
	}
	if strings.Contains(fmt.Sprint(got[bad].err), "operation error") {
		t.Errorf("%q is the SDK's text", got[bad].err)
	}
	delete(got, bad)
	delete(texts, bad)
	checkTexts(t, got, texts)
}

// What S3 may refuse, each told from the others.
func TestRefusals(t *testing.T) {
	texts, _ := fill(t, "refusals", 3, 20_000)
	const bad = "0001.log.gz"
	tests := []struct {
		name          string
		list          bool // LIST is refused, else GET of one object
		status        int
		code, message string
		want          any
		text          string // part of the error or its hint
		requests      int    // that are refused
	}{
		{"LIST", true, 403, "AccessDenied", "Access Denied", new(*ingest.AccessError), "s3:ListBucket", 1},
		{"GET", false, 403, "AccessDenied", "Access Denied", new(*ingest.AccessError), "s3:GetObject", 1},
		{"key", false, 403, "AccessDenied", "User is not authorized to perform: kms:Decrypt on the resource", new(*ingest.AccessError), "kms:Decrypt", 1},
		{"archived", false, 403, "InvalidObjectState", "The operation is not valid for the object's storage class", new(*ingest.ArchivedError), "aws s3api restore-object --bucket refusals --key 0001.log.gz --restore-request Days=3", 1},
		{"archived in a tier", false, 403, "InvalidObjectState", "The operation is not valid for the object's access tier", new(*ingest.ArchivedError), "aws s3api restore-object --bucket refusals --key 0001.log.gz --restore-request '{}'", 1},
		{"disabled key", false, 400, "KMS.DisabledException", "arn:aws:kms:us-east-1:111122223333:key/a1 is disabled.", new(*ingest.UnreachableError), "aws kms describe-key", 1},
		{"vanished", false, 404, "NoSuchKey", "The specified key does not exist.", new(*ingest.NotFoundError), "vanished", 1},
		{"expired", true, 400, "ExpiredToken", "The provided token has expired.", new(*ingest.CredentialsError), "expired", 1},
		{"unknown key", true, 403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", new(*ingest.CredentialsError), "does not know", 1},
		{"clock", true, 403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.", new(*ingest.CredentialsError), "clock", 0},
		{"other region", true, 301, "PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint.", new(*ingest.UnreachableError), "--region", 0},
		{"bad request", false, 400, "InvalidArgument", "odd", new(*ingest.UnreachableError), "InvalidArgument: odd", 1},
	}
	details := map[string]string{
		"archived":           "<StorageClass>GLACIER</StorageClass>",
		"archived in a tier": "<StorageClass>INTELLIGENT_TIERING</StorageClass><AccessTier>ARCHIVE_ACCESS</AccessTier>",
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			refused := func(r request) bool { return tt.list && r.isList() || !tt.list && r.isGet() && r.key == bad }
			p := newProxy(t, func(r request, _ int) *fault {
				if !refused(r) {
					return nil
				}
				return &fault{status: tt.status, code: tt.code, message: tt.message, detail: details[tt.name]}
			})
			got, err := readAll(t.Context(), t, ingest.AWS{EndpointURL: p.url}, ingest.Plan{}, 2, "s3://refusals")
			if tt.list != (err != nil) {
				t.Fatalf("listing: error %v", err)
			}
			if !tt.list {
				err = got["s3://refusals/"+bad].err
				for uri, o := range got {
					if uri != "s3://refusals/"+bad && (o.err != nil || !bytes.Equal(o.text, texts[uri])) {
						t.Errorf("%s: error %v", uri, o.err)
					}
				}
			}
			if !errors.As(err, tt.want) {
				t.Fatalf("error %v (%T), want %T", err, err, tt.want)
			}
			var h ingest.Hinter
			if !errors.As(err, &h) || !strings.Contains(err.Error()+h.Hint(), tt.text) {
				t.Errorf("%v, with its hint, does not say %q", err, tt.text)
			}
			if n := len(p.seen(refused)); tt.requests > 0 && n != tt.requests {
				t.Errorf("asked %d times, want %d", n, tt.requests)
			}
		})
	}
}

// 408 and 429 are worth another try, though they are 4xx.
func TestPatience(t *testing.T) {
	t.Parallel()
	texts, _ := fill(t, "patience", 2, 20_000)
	p := newProxy(t, func(q request, n int) *fault {
		switch n {
		case 0:
			return &fault{status: http.StatusRequestTimeout, code: "RequestTimeout", message: "late"}
		case 1:
			return &fault{status: http.StatusTooManyRequests, code: "Throttled", message: "often"}
		}
		return nil
	})
	got, err := readAll(t.Context(), t, ingest.AWS{EndpointURL: p.url}, ingest.Plan{}, 2, "s3://patience")
	if err != nil {
		t.Fatal(err)
	}
	checkTexts(t, got, texts)
}

// What the server itself refuses.
func TestIdentity(t *testing.T) {
	texts, _ := fill(t, "identity", 1, 20_000)
	endpoint := server.URL()
	run := func(t *testing.T, aws ingest.AWS, spec string) error {
		t.Helper()
		_, err := readAll(t.Context(), t, aws, ingest.Plan{}, 1, spec)
		return err
	}
	t.Run("wrong secret", func(t *testing.T) {
		t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
		var want *ingest.CredentialsError
		if err := run(t, ingest.AWS{EndpointURL: endpoint}, "s3://identity"); !errors.As(err, &want) {
			t.Errorf("error %v (%T), want a CredentialsError", err, err)
		}
	})
	t.Run("unknown key", func(t *testing.T) {
		t.Setenv("AWS_ACCESS_KEY_ID", "nobody")
		var want *ingest.CredentialsError
		if err := run(t, ingest.AWS{EndpointURL: endpoint}, "s3://identity"); !errors.As(err, &want) {
			t.Errorf("error %v (%T), want a CredentialsError", err, err)
		}
	})
	t.Run("no credentials", func(t *testing.T) {
		t.Setenv("AWS_ACCESS_KEY_ID", "")
		t.Setenv("AWS_SECRET_ACCESS_KEY", "")
		var want *ingest.CredentialsError
		if err := run(t, ingest.AWS{EndpointURL: endpoint}, "s3://identity"); !errors.As(err, &want) || !strings.Contains(want.Hint(), "aws sso login") {
			t.Errorf("error %v (%T), want a CredentialsError with a hint", err, err)
		}
	})
	t.Run("no such profile", func(t *testing.T) {
		var want *ingest.CredentialsError
		if err := run(t, ingest.AWS{EndpointURL: endpoint, Profile: "nobody"}, "s3://identity"); !errors.As(err, &want) || !strings.Contains(err.Error(), "nobody") {
			t.Errorf("error %v (%T), want a CredentialsError that names the profile", err, err)
		}
	})
	t.Run("wrong region", func(t *testing.T) {
		got, err := readAll(t.Context(), t, ingest.AWS{EndpointURL: endpoint, Region: "eu-west-3"}, ingest.Plan{}, 1, "s3://identity")
		if err != nil {
			t.Fatal(err)
		}
		checkTexts(t, got, texts)
	})
	t.Run("no region", func(t *testing.T) {
		t.Setenv("AWS_REGION", "")
		got, err := readAll(t.Context(), t, ingest.AWS{EndpointURL: endpoint}, ingest.Plan{}, 1, "s3://identity")
		if err != nil {
			t.Fatal(err)
		}
		checkTexts(t, got, texts)
	})
	t.Run("no such bucket", func(t *testing.T) {
		var want *ingest.NotFoundError
		if err := run(t, ingest.AWS{EndpointURL: endpoint}, "s3://no-such-bucket/prefix"); !errors.As(err, &want) {
			t.Errorf("error %v (%T), want a NotFoundError", err, err)
		}
	})
	t.Run("nobody listens", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		_, err := readAll(ctx, t, ingest.AWS{EndpointURL: "http://127.0.0.1:1"}, ingest.Plan{}, 1, "s3://identity")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want that of the context", err)
		}
	})
	t.Run("vanished after LIST", func(t *testing.T) {
		fill(t, "vanishing", 1, 100)
		c := client()
		p := newProxy(t, func(q request, n int) *fault {
			if q.isGet() {
				bucket := "vanishing"
				if _, err := c.DeleteObject(context.WithoutCancel(t.Context()), &awss3.DeleteObjectInput{Bucket: &bucket, Key: &q.key}); err != nil {
					t.Error(err)
				}
			}
			return nil
		})
		got, err := readAll(t.Context(), t, ingest.AWS{EndpointURL: p.url}, ingest.Plan{}, 1, "s3://vanishing")
		var want *ingest.NotFoundError
		if err != nil || len(got) != 1 || !errors.As(got["s3://vanishing/0000.log.gz"].err, &want) {
			t.Errorf("error %v, outcomes %v; want one NotFoundError", err, got)
		}
	})
}

// All ends within a second when the context does, in the middle of a stall.
func TestCancel(t *testing.T) {
	fill(t, "cancel", 20, 100_000)
	p := newProxy(t, func(q request, n int) *fault {
		if q.isGet() {
			return &fault{cut: 600, hang: true}
		}
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var at time.Time
	time.AfterFunc(200*time.Millisecond, func() { at = time.Now(); cancel() })
	got, err := readAll(ctx, t, ingest.AWS{EndpointURL: p.url}, ingest.Plan{}, 4, "s3://cancel")
	took := time.Since(at)
	if took > time.Second {
		t.Errorf("%v from the cancellation to the end", took)
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("listing: error %v", err)
	}
	for uri, o := range got {
		if !errors.Is(o.err, context.Canceled) {
			t.Errorf("%s: error %v, want that of the context", uri, o.err)
		}
	}
}
