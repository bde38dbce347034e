package ingest

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The answers to credentials that do not work: what, why, and the next command.
func TestCredentials(t *testing.T) {
	sts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		if strings.HasSuffix(r.Form.Get("RoleArn"), "role/open") && r.Form.Get("ExternalId") == "xyz" {
			_, _ = fmt.Fprint(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`)
			return
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprint(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>`)
	}))
	t.Cleanup(sts.Close)
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte(`
[profile prod]
region = us-east-1
sso_session = corp
sso_account_id = 111122223333
sso_role_name = reader
[sso-session corp]
sso_region = us-east-1
sso_start_url = https://corp.example.com/start
[profile old-sso]
region = us-east-1
sso_region = us-east-1
sso_start_url = https://corp.example.com/start
sso_account_id = 111122223333
sso_role_name = reader
[profile keys]
region = us-east-1
aws_access_key_id = AKIDEXAMPLE
aws_secret_access_key = s
[profile mfa]
region = us-east-1
role_arn = arn:aws:iam::111122223333:role/closed
source_profile = keys
mfa_serial = arn:aws:iam::111122223333:mfa/jane
[profile role]
region = us-east-1
role_arn = arn:aws:iam::111122223333:role/closed
source_profile = keys
[profile process]
region = us-east-1
credential_process = false
`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AWS_CONFIG_FILE", file)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_ENDPOINT_URL_STS", sts.URL)
	const closed = "arn:aws:iam::111122223333:role/closed"
	tests := []struct {
		name       string
		aws        AWS
		want       any // type of the error; nil for none
		text, hint string
	}{
		{"keys", AWS{Profile: "keys"}, nil, "", ""},
		{"single sign-on", AWS{Profile: "prod"}, new(*CredentialsError), "SSO session for profile prod expired", "aws sso login --profile prod"},
		{"single sign-on, the old way", AWS{Profile: "old-sso"}, new(*CredentialsError), "SSO session for profile old-sso expired", "aws sso login --profile old-sso"},
		{"a code is needed", AWS{Profile: "mfa"}, new(*CredentialsError), "MFA code", "aws sts get-session-token --serial-number arn:aws:iam::111122223333:mfa/jane"},
		{"no such profile", AWS{Profile: "nobody"}, new(*CredentialsError), `no profile "nobody"`, "aws configure list-profiles"},
		{"none at all", AWS{}, new(*CredentialsError), "no AWS credentials found", "aws sso login"},
		{"a helper that fails", AWS{Profile: "process"}, new(*CredentialsError), "for profile process", "aws sts get-caller-identity --profile process"},
		{"a profile's role", AWS{Profile: "role"}, new(*AccessError), closed, "sts:AssumeRole"},
		{"a role", AWS{Profile: "keys", RoleARN: closed}, new(*AccessError), closed, "sts:AssumeRole"},
		{"a role without its external ID", AWS{Profile: "keys", RoleARN: "arn:aws:iam::111122223333:role/open"}, new(*AccessError), "sts:AssumeRole", ""},
		{"a role with it", AWS{Profile: "keys", RoleARN: "arn:aws:iam::111122223333:role/open", ExternalID: "xyz"}, nil, "", ""},
		{"a role on no credentials", AWS{RoleARN: closed}, new(*CredentialsError), "no AWS credentials found", "aws sso login"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			aws := fakeS3(t, stored{page: 1000}.ServeHTTP)
			tt.aws.EndpointURL = aws.EndpointURL
			_, err := listAll(t, tt.aws, "s3://bucket", Plan{})
			if tt.want == nil {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.As(err, tt.want) {
				t.Fatalf("error %v (%T), want %T", err, err, tt.want)
			}
			var h Hinter
			if !errors.As(err, &h) || !strings.Contains(err.Error(), tt.text) || !strings.Contains(h.Hint(), tt.hint) {
				t.Errorf("%q with the hint %q; want %q and %q", err, h.Hint(), tt.text, tt.hint)
			}
			for _, own := range []string{"operation error", "exceeded maximum", "failed to"} {
				if strings.Contains(err.Error(), own) {
					t.Errorf("%q is the SDK's text", err)
				}
			}
		})
	}
}
