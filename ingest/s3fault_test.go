package ingest

import (
	"errors"
	"testing"

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
		err := Explain(t.Context(), &smithy.GenericAPIError{Code: tt.code, Message: tt.message}, "s3:GetObject", "s3://kms-logs/a.log.gz")
		var denied *AccessError
		if !errors.As(err, &denied) || denied.Action != tt.want {
			t.Errorf("%s: error %v, want that %s is missing", tt.message, err, tt.want)
		}
	}
}
