package ingest

import (
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/smithy-go"
)

// Which permission a refusal wants: S3 says so, and names who asked and the bucket, too.
func TestRefusedAction(t *testing.T) {
	const who = "User: arn:aws:sts::111122223333:assumed-role/kms-reader/me is not authorized to perform: "
	for _, tt := range []struct{ code, message, want string }{
		{"AccessDenied", "Access Denied", "s3:GetObject"},
		{"AccessDenied", who + `s3:GetObject on resource: "arn:aws:s3:::kms-logs/a.log.gz" because no identity-based policy allows the s3:GetObject action`, "s3:GetObject"},
		{"AccessDenied", who + "kms:Decrypt on resource: arn:aws:kms:us-east-1:111122223333:key/a1 because no identity-based policy allows the kms:Decrypt action", "kms:Decrypt"},
		{"AccessDenied", "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.", "kms:Decrypt"},
		{"KMS.AccessDeniedException", "", "kms:Decrypt"},
	} {
		err := Explain(t.Context(), &smithy.GenericAPIError{Code: tt.code, Message: tt.message}, Caller{}, "s3:GetObject", "s3://kms-logs/a.log.gz")
		var denied *AccessError
		if !errors.As(err, &denied) || denied.Action != tt.want {
			t.Errorf("%s: error %v, want that %s is missing", tt.message, err, tt.want)
		}
	}
}

// What AWS has shut, no permission opens.
func TestShutByAWS(t *testing.T) {
	for _, code := range []string{"AllAccessDisabled", "AccountProblem"} {
		err := Explain(t.Context(), &smithy.GenericAPIError{Code: code}, Caller{}, "s3:ListBucket", "s3://logs")
		var shut *AccessError
		if !errors.As(err, &shut) || shut.Action != "" || !strings.Contains(shut.Error(), "nobody in ("+code) || !strings.Contains(shut.Hint(), "AWS Support") {
			t.Errorf("error %v, want one that sends to AWS Support", err)
		}
	}
}

// A server whose certificate is not to be trusted is asked once, and what to do is said.
func TestForeignCertificate(t *testing.T) {
	t.Parallel()
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	_, err := listAll(t, AWS{Region: "us-east-1", EndpointURL: server.URL}, "s3://bucket", Plan{})
	var unreachable *UnreachableError
	if !errors.As(err, &unreachable) || !strings.Contains(unreachable.Hint(), "AWS_CA_BUNDLE") {
		t.Errorf("error %v, want an UnreachableError whose hint is AWS_CA_BUNDLE", err)
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

// A server that is none of S3 finds nothing, and what to look at is said.
func TestNoS3(t *testing.T) {
	t.Parallel()
	_, err := listAll(t, fakeS3(t, http.NotFound), "s3://bucket", Plan{})
	var missing *NotFoundError
	if !errors.As(err, &missing) || !strings.Contains(missing.Hint(), "--endpoint-url") {
		t.Errorf("error %v, want a NotFoundError whose hint has --endpoint-url", err)
	}
}

// A server that accepts and says nothing is waited for three times, not nine.
func TestSilence(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	aws := fakeS3(t, func(_ http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		<-r.Context().Done()
	})
	aws.IdleTimeout = 20 * time.Millisecond
	_, err := listAll(t, aws, "s3://bucket", Plan{})
	var unreachable *UnreachableError
	if !errors.As(err, &unreachable) || !strings.Contains(unreachable.Error(), "timeout") || !strings.Contains(unreachable.Hint(), "check network") {
		t.Errorf("error %v, want an UnreachableError that tells of a timeout", err)
	}
	if n := asked.Load(); n != silentAttempts {
		t.Errorf("asked %d times, want %d", n, silentAttempts)
	}
}
