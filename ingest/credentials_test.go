package ingest

import (
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// The answers to credentials that do not work: what, why, and the next command.
func TestCredentials(t *testing.T) {
	sts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		switch r.URL.Path {
		case "/federation/credentials":
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprint(w, `{"message":"No access","__type":"com.amazonaws.switchboard.portal#ForbiddenException"}`)
			return
		case "/container":
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusNotFound)
			_, _ = fmt.Fprint(w, `{"code":"NoRole","message":"the task has no role"}`)
			return
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
[profile on-prod]
region = us-east-1
role_arn = arn:aws:iam::111122223333:role/closed
source_profile = prod
[profile on-old-sso]
region = us-east-1
role_arn = arn:aws:iam::111122223333:role/closed
source_profile = old-sso
[profile signed-on]
region = us-east-1
sso_session = known
sso_account_id = 111122223333
sso_role_name = reader
[sso-session known]
sso_region = us-east-1
sso_start_url = https://corp.example.com/start
[profile login]
region = us-east-1
login_session = arn:aws:iam::111122223333:user/jane
[profile on-login]
region = us-east-1
role_arn = arn:aws:iam::111122223333:role/closed
source_profile = login
[profile region-only]
region = us-east-1
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
	home := t.TempDir()
	t.Setenv("HOME", home)
	session := filepath.Join(home, ".aws", "sso", "cache", fmt.Sprintf("%x.json", sha1.Sum([]byte("known"))))
	if err := os.MkdirAll(filepath.Dir(session), 0o700); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{
		session:                      `{"accessToken":"a","expiresAt":"2099-01-01T00:00:00Z"}`,
		filepath.Join(home, "token"): "t",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	stranger := httptest.NewTLSServer(nil) // whose certificate nobody trusts: asked once
	stranger.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(stranger.Close)
	podIdentity := func(file string) map[string]string {
		return map[string]string{"AWS_REGION": "us-east-1", "AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/pod", "AWS_WEB_IDENTITY_TOKEN_FILE": filepath.Join(home, file)}
	}
	t.Setenv("AWS_CONFIG_FILE", file)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_ENDPOINT_URL_STS", sts.URL)
	t.Setenv("AWS_ENDPOINT_URL_SSO", sts.URL)
	const closed = "arn:aws:iam::111122223333:role/closed"
	tests := []struct {
		name       string
		aws        AWS
		want       any // type of the error; nil for none
		text, hint string
		env        map[string]string
	}{
		{"keys", AWS{Profile: "keys"}, nil, "", "", nil},
		{"single sign-on", AWS{Profile: "prod"}, new(*CredentialsError), "SSO session for profile prod expired", "aws sso login --profile prod", nil},
		{"single sign-on, the old way", AWS{Profile: "old-sso"}, new(*CredentialsError), "SSO session for profile old-sso expired", "aws sso login --profile old-sso", nil},
		{"a code is needed", AWS{Profile: "mfa"}, new(*CredentialsError), "MFA code", `eval "$(aws configure export-credentials --profile mfa --format env)"`, nil},
		{"no such profile", AWS{Profile: "nobody"}, new(*CredentialsError), `no profile "nobody"`, "aws configure list-profiles", nil},
		{"none at all", AWS{}, new(*CredentialsError), "no AWS credentials found", "aws sso login", nil},
		{"a helper that fails", AWS{Profile: "process"}, new(*CredentialsError), "for profile process", "aws sts get-caller-identity --profile process", nil},
		{"a profile's role", AWS{Profile: "role"}, new(*AccessError), closed, "allow sts:AssumeRole on " + closed + " for this identity (aws sts get-caller-identity --profile role", nil},
		{"a role", AWS{Profile: "keys", RoleARN: closed}, new(*AccessError), closed, "allow sts:AssumeRole on " + closed, nil},
		{"a role without its external ID", AWS{Profile: "keys", RoleARN: "arn:aws:iam::111122223333:role/open"}, new(*AccessError), "sts:AssumeRole", "", nil},
		{"a role with it", AWS{Profile: "keys", RoleARN: "arn:aws:iam::111122223333:role/open", ExternalID: "xyz"}, nil, "", "", nil},
		{"a role on no credentials", AWS{RoleARN: closed}, new(*CredentialsError), "no AWS credentials found", "aws sso login", nil},
		{"a role on a session of aws login", AWS{Profile: "on-login"}, new(*CredentialsError), `profile "login" has no keys to assume ` + closed, "--profile login --role-arn " + closed, nil},
		{"that role on that session", AWS{Profile: "login", RoleARN: closed}, new(*CredentialsError), "login session for profile login expired", "aws login --profile login", nil},
		{"a profile without any", AWS{Profile: "region-only"}, new(*CredentialsError), "no AWS credentials found for profile region-only", "aws sso login", nil},
		{"a role on single sign-on", AWS{Profile: "on-prod"}, new(*CredentialsError), "SSO session for profile prod expired", "aws sso login --profile prod", nil},
		{"a role on single sign-on, the old way", AWS{Profile: "on-old-sso"}, new(*CredentialsError), "SSO session for profile old-sso expired", "aws sso login --profile old-sso", nil},
		{"single sign-on without that role", AWS{Profile: "signed-on"}, new(*CredentialsError), "single sign-on gives no role reader in account 111122223333", "aws configure sso --profile signed-on", nil},
		{"single sign-on out of reach", AWS{Profile: "signed-on"}, new(*UnreachableError), "AWS SSO: ", "AWS_CA_BUNDLE", map[string]string{"AWS_ENDPOINT_URL_SSO": stranger.URL}},
		{"STS out of reach", AWS{Profile: "role"}, new(*UnreachableError), "AWS STS: ", "AWS_CA_BUNDLE", map[string]string{"AWS_ENDPOINT_URL_STS": stranger.URL}},
		{"a web identity that the role does not trust", AWS{}, new(*CredentialsError), "AWS credentials of role arn:aws:iam::111122223333:role/pod: AccessDenied", "trust policy", podIdentity("token")},
		{"a web identity without a token", AWS{}, new(*CredentialsError), "no such file or directory", "aws sts get-caller-identity", podIdentity("gone")},
		{"a container's that gives none", AWS{}, new(*CredentialsError), "AWS credentials: NoRole: the task has no role", "aws sts get-caller-identity", map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": sts.URL + "/container"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, value := range tt.env {
				t.Setenv(name, value)
			}
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

// TestCredentialsAreFetchedOnce: a request whose credentials cannot be fetched, for which
// STS has been asked as often as is worth while, does not ask for them again.
func TestCredentialsAreFetchedOnce(t *testing.T) {
	broken := &smithyhttp.RequestSendError{Err: io.ErrUnexpectedEOF}
	if !newRetryer().IsErrorRetryable(broken) {
		t.Error("a connection that broke off is not tried again")
	}
	if newRetryer().IsErrorRetryable(fmt.Errorf("get credentials: %w", &CredentialsError{Err: broken})) {
		t.Error("credentials are asked for again")
	}
}
