package s3

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"loglens/test/internal/gateway"
)

// fleeting gives credentials that end two seconds later, as often as it is asked, or
// so many times and then none.
func fleeting(t *testing.T, most int64) (given *atomic.Int64) {
	t.Helper()
	given = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if n := given.Add(1); most > 0 && n > most {
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprint(w, `{"code":"ExpiredToken","message":"the role is gone"}`)
			return
		}
		_, _ = fmt.Fprintf(w, `{"AccessKeyId":%q,"SecretAccessKey":%q,"Expiration":%q}`,
			gateway.AccessKey, gateway.SecretKey, time.Now().Add(2*time.Second).UTC().Format(time.RFC3339))
	}))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.URL)
	t.Setenv("GOMAXPROCS", "2") // more read so fast that they need few credentials
	return given
}

// TestExpiringCredentials: credentials that end while objects are read are fetched
// anew. Where there are none any more, an ingest ends at once and says so, and the
// next one has all that is missing.
func TestExpiringCredentials(t *testing.T) {
	w := newTree(t, "expiring", 3_000, 20*time.Minute)
	n, _ := w.all()
	whole := fmt.Sprintf("%d new, 0 replaced, 0 known, 0 failed;", n)
	t.Run("fetched anew", func(t *testing.T) {
		given := fleeting(t, 0)
		store := filepath.Join(t.TempDir(), "loglens.duckdb")
		w.ingest(t, newProxy(t, nil), store, whole, 0)
		if given.Load() < 20 {
			t.Errorf("credentials were fetched %d times only", given.Load())
		}
	})
	store := filepath.Join(t.TempDir(), "loglens.duckdb")
	ends := func(t *testing.T, p *proxy) {
		t.Helper()
		begun := time.Now()
		stdout, said, status := ask(t, w.from(p, "ingest", "--store", store)...)
		if status != 4 || !strings.Contains(said, "credentials") || strings.Count(said, "\n") > 3 {
			t.Errorf("exit %d, want 4:\n%s%s", status, stdout, said)
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("ended after %v", took)
		}
	}
	t.Run("none any more", func(t *testing.T) {
		fleeting(t, 20)
		ends(t, newProxy(t, nil))
	})
	t.Run("refused by S3", func(t *testing.T) {
		var gets atomic.Int64
		ends(t, newProxy(t, func(r request, _ int) *fault {
			if !r.isGet() || gets.Add(1) < 10 {
				return nil
			}
			return &fault{status: http.StatusBadRequest, code: "ExpiredToken", message: "The provided token has expired."}
		}))
	})
	w.ingest(t, newProxy(t, nil), store, " 0 replaced, ", 0)
	w.sameFromStore(t, store)
}

// TestSecretsStay: the secret key and what is signed with it are in nothing that is
// printed or written, whatever goes wrong.
func TestSecretsStay(t *testing.T) {
	w := newTree(t, "secrets", 300, 2*time.Minute)
	dir := t.TempDir()
	var printed bytes.Buffer
	refuse := func(code string) func(request, int) *fault {
		return func(r request, _ int) *fault {
			if !r.isGet() {
				return nil
			}
			return &fault{status: http.StatusForbidden, code: code, message: "odd"}
		}
	}
	ways := map[string]func(request, int) *fault{
		"sound": nil, "denied": denied(request.isGet), "listing denied": denied(request.isList),
		"signature": refuse("SignatureDoesNotMatch"), "unknown": refuse("InvalidAccessKeyId"), "other": refuse("Odd"),
	}
	for name, damage := range ways {
		name = strings.ReplaceAll(name, " ", "-")
		for i, command := range [][]string{
			{"ingest", "--store", filepath.Join(dir, name+".store.duckdb")},
			{"export", "--to", filepath.Join(dir, name+".parquet")},
			{"export", "--to", filepath.Join(dir, name+".duckdb")},
			{"summary", "--output", "json", "--out", filepath.Join(dir, name+".json")},
			{"top-errors"}, {"coverage"}, {"sql", "--explain", "select count(*) from request"},
		} {
			if name != "sound" && i > 1 {
				break
			}
			stdout, said, _ := ask(t, w.from(newProxy(t, damage), command...)...)
			printed.WriteString(stdout + said)
		}
	}
	texts := map[string][]byte{"what is printed": printed.Bytes()}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			texts[path], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil || len(texts) < 5 || printed.Len() == 0 {
		t.Fatalf("%v: %d texts, %d bytes printed", err, len(texts), printed.Len())
	}
	for name, text := range texts {
		for _, secret := range []string{gateway.SecretKey, "Credential=", "Signature=", "aws4_request"} {
			if bytes.Contains(text, []byte(secret)) {
				t.Errorf("%s has %q", name, secret)
			}
		}
	}
}

// TestExpiredWhileOthersWait: credentials that nothing renews end a command at once, and
// not when a body that stalls elsewhere is given up.
func TestExpiredWhileOthersWait(t *testing.T) {
	t.Parallel()
	fill(t, "expired-late", 2, 20_000)
	stalls := make(chan struct{})
	stalled := sync.OnceFunc(func() { close(stalls) })
	p := newProxy(t, func(q request, n int) *fault {
		switch {
		case !q.isGet():
			return nil
		case q.key == "0000.log.gz":
			stalled()
			return &fault{cut: 20, hang: true}
		}
		<-stalls
		return &fault{status: http.StatusForbidden, code: "ExpiredToken", message: "The provided token has expired."}
	})
	begun := time.Now()
	_, said, status := ask(t, "top-errors", "--workers", "2", "--endpoint-url", p.url, "s3://expired-late")
	if status != 4 || !strings.Contains(said, "expired") {
		t.Errorf("exit status %d: %s", status, said)
	}
	if took := time.Since(begun); took > 15*time.Second { // a stalled body is waited for twice as long
		t.Errorf("%v until the end", took)
	}
}

// TestRoleWithdrawn: a role that may not be assumed any more, when it is to be anew, ends
// a command at once and says so, in place of every object that is still to be read.
func TestRoleWithdrawn(t *testing.T) {
	fill(t, "withdrawn", 60, 20_000) // more than are fetched ahead
	var given atomic.Bool
	sts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if given.Swap(true) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprint(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>`)
			return
		}
		_, _ = fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken></SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
			gateway.AccessKey, gateway.SecretKey, time.Now().Add(2*time.Second).UTC().Format(time.RFC3339))
	}))
	t.Cleanup(sts.Close)
	t.Setenv("AWS_ENDPOINT_URL_STS", sts.URL)
	p := newProxy(t, func(q request, n int) *fault {
		if q.key == "0000.log.gz" {
			time.Sleep(3 * time.Second)
		}
		return nil
	})
	const role = "arn:aws:iam::111122223333:role/logs"
	out, said, status := ask(t, "top-errors", "--workers", "1", "--endpoint-url", p.url, "--role-arn", role, "s3://withdrawn")
	want := "loglens: " + role + ": access denied: sts:AssumeRole is missing (AccessDenied: not authorized to perform: sts:AssumeRole)\n" +
		"  allow sts:AssumeRole on " + role + " for this identity (aws sts get-caller-identity shows which), or choose another with --profile or --role-arn\n"
	if status != 4 || len(out) > 0 || !strings.HasSuffix(said, want) {
		t.Errorf("exit status %d, %d bytes of an answer, and\n%swant 4, none and\n%s", status, len(out), said, want)
	}
}
