package ingest

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// apiWords is AWS's own account of an error, without the SDK's wrapping.
type apiWords struct{ err smithy.APIError }

func (w apiWords) Error() string {
	code, message := w.err.ErrorCode(), w.err.ErrorMessage()
	switch {
	case message == "" || message == "UnknownError":
		return code
	case code == "" || code == "UnknownError":
		return message
	}
	return code + ": " + message
}

func (w apiWords) Unwrap() error { return w.err }

// inPlainWords is what AWS says of an error, or else the text of the innermost.
func inPlainWords(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return apiWords{api}.Error()
	}
	return innermost(err)
}

// innermost is the text of the error that all others wrap.
func innermost(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

// Explain turns an error of the SDK into one of this package's. action is the
// IAM action that the caller's request needs, resource what it was sent for.
func Explain(ctx context.Context, err error, caller Caller, action, resource string) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var credentials *CredentialsError
	if errors.As(err, &credentials) {
		return credentials // nobody could be asked
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		if e := explainCode(api, caller, action, resource); e != nil {
			return e
		}
	}
	switch statusOf(err) {
	case http.StatusForbidden, http.StatusUnauthorized:
		return &AccessError{Action: action, Resource: resource, Caller: caller}
	case http.StatusPreconditionFailed:
		return ErrReplaced
	case http.StatusNotFound:
		e := &NotFoundError{What: "not found", Name: resource, Err: err}
		if api != nil {
			e.What += " (" + apiWords{api}.Error() + ")"
		}
		if api == nil || api.ErrorCode() == "NotFound" { // the status, in the SDK's words: AWS has a code for what is not there
			e.Next = wayThere
		}
		return e
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect:
		return wrongRegion(resource, err)
	}
	return unreachable(resource, err)
}

// What to look at where an answer is none of AWS, and where no more comes.
const (
	wayThere = "check network, proxy, --region and --endpoint-url"
	tryAgain = "check the network; try again"
)

// unreachable is the error of a service that gives no answer that means anything.
func unreachable(resource string, err error) *UnreachableError {
	next := wayThere
	if isCertificate(err) {
		next = "a proxy that looks into TLS? AWS_CA_BUNDLE=FILE names the certificates to trust"
	}
	return &UnreachableError{Resource: resource, Reason: inPlainWords(err), Next: next, Err: err}
}

// explainCode knows the error codes of S3, STS and Elastic Load Balancing; nil
// for those that the HTTP status explains as well.
//
// Source: AWS, "Error responses" of the Amazon S3 API reference, and "Common
// error types" of the query APIs, read 2026-11.
func explainCode(api smithy.APIError, caller Caller, action, resource string) error {
	words, everywhere := apiWords{api}, caller.anywhere()
	switch code := api.ErrorCode(); code {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Forbidden", "KMS.AccessDeniedException":
		if ofKey(api) {
			action = "kms:Decrypt"
		}
		return &AccessError{Action: action, Resource: resource, Caller: caller, Err: words}
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired":
		return &CredentialsError{Reason: "AWS credentials expired", Next: everywhere.Command("sso", "login") + ", or fetch new session keys", Err: words}
	case "InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidToken", "AuthFailure", "MissingAuthenticationToken", "NotSignedUp", "OptInRequired":
		return &CredentialsError{Reason: "AWS does not know these credentials (" + words.Error() + ")", Next: everywhere.Command("sts", "get-caller-identity"), Err: words}
	case "SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature":
		return &CredentialsError{Reason: "AWS refuses the signature: the secret key is wrong (" + code + ")", Next: "aws configure" + caller.Option(), Err: words}
	case "RequestTimeTooSkewed":
		return &CredentialsError{Reason: "this machine's clock is wrong: AWS refuses the signature (" + code + ")", Next: "timedatectl set-ntp true", Err: words}
	case "AllAccessDisabled", "AccountProblem": // no policy is in the way, and none helps
		return &AccessError{Resource: resource, Caller: caller, Err: words}
	case "NoSuchBucket":
		return &NotFoundError{What: "no such bucket", Name: resource, Next: everywhere.Command("s3", "ls"), Err: words}
	case "NoSuchKey":
		return &NotFoundError{What: "the object vanished after it was listed", Name: resource, Err: words}
	case "InvalidBucketName":
		return &SourceError{Spec: resource, Reason: "not a valid bucket name", Next: "s3://bucket/prefix"}
	case "InvalidObjectState":
		var state *types.InvalidObjectState
		tiered := errors.As(api, &state) && state.StorageClass == types.StorageClassIntelligentTiering
		return &ArchivedError{URI: resource, Tiered: tiered, Caller: caller, Err: words}
	case "KMS.DisabledException", "KMS.InvalidKeyUsageException", "KMS.KMSInvalidStateException", "KMS.NotFoundException":
		return &UnreachableError{Resource: resource, Reason: "the key that it is encrypted with cannot be used (" + words.Error() + ")", Next: caller.Command("kms", "describe-key", "--key-id", "KEY") + " tells the key's state", Err: words}
	case "SlowDown", "ServiceUnavailable", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException", "BandwidthLimitExceeded":
		return &UnreachableError{Resource: resource, Reason: "AWS throttles, after many attempts (" + words.Error() + ")", Next: "try again later, with a shorter window or fewer --workers", Err: words}
	}
	if isElsewhere(api) {
		return wrongRegion(resource, words)
	}
	return nil
}

// ofKey reports whether a refusal is that of the key with which an object is encrypted.
// The message may also name who asks, and a bucket, and those may be called anything.
func ofKey(api smithy.APIError) bool {
	return strings.HasPrefix(api.ErrorCode(), "KMS.") || strings.Contains(api.ErrorMessage(), " kms:") ||
		strings.Contains(api.ErrorMessage(), "ciphertext refers to a customer master key")
}

// wrongRegion is the error of a bucket whose region could not be found.
func wrongRegion(resource string, err error) error {
	return &UnreachableError{Resource: resource, Reason: "the bucket is in another region", Next: "name the bucket's region with --region", Err: err}
}

// statusOf is the HTTP status of an error's response, 0 if there was none.
func statusOf(err error) int {
	var r *smithyhttp.ResponseError
	if errors.As(err, &r) && r.Response != nil && r.Response.Response != nil {
		return r.HTTPStatusCode()
	}
	return 0
}

// expecting is how S3 names the region in its message.
var expecting = regexp.MustCompile(`expecting ['"]([a-z0-9-]+)['"]`)

// regionOf is the region that an error's response names as the bucket's; "" if none.
func regionOf(err error) string {
	var r *smithyhttp.ResponseError
	if errors.As(err, &r) && r.Response != nil && r.Response.Response != nil {
		if region := r.Response.Header.Get("X-Amz-Bucket-Region"); region != "" {
			return region
		}
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		if m := expecting.FindStringSubmatch(api.ErrorMessage()); m != nil {
			return m[1]
		}
	}
	return ""
}

// isElsewhere reports whether an error may come from asking the wrong region.
func isElsewhere(err error) bool {
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "MovedPermanently":
			return true
		}
	}
	return statusOf(err) == http.StatusMovedPermanently
}
