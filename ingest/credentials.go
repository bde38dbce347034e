package ingest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
)

// AWS says how to reach AWS. The zero value is the SDK's whole chain:
// environment, profiles, SSO, web identity, container and instance roles.
type AWS struct {
	Profile     string // profile of the shared configuration; "" as the environment says
	Region      string // "" as environment and profile say; a bucket's own region is found without it
	RoleARN     string // role to assume on top; "" for none
	ExternalID  string // for RoleARN
	EndpointURL string // all services at another address, S3 in path style; "" for AWS

	// MFAToken asks for the code that a profile's role wants. Nil: nobody can be asked.
	MFAToken func() (string, error)
	// Clock learns the time from every answer. Nil: nobody asks.
	Clock *Clock
	// IdleTimeout is how long a server may send nothing. Zero: 30 s.
	IdleTimeout time.Duration
}

// How often and how patiently a request is repeated.
const (
	requestAttempts = 9
	refusedAttempts = 4 // where nobody listens
	firstDelay      = 200 * time.Millisecond
	longestDelay    = 20 * time.Second
	defaultIdle     = 30 * time.Second
)

func (a AWS) idle() time.Duration {
	if a.IdleTimeout > 0 {
		return a.IdleTimeout
	}
	return defaultIdle
}

// Config loads the SDK's configuration. An error is a *CredentialsError.
func (a AWS) Config(ctx context.Context) (aws.Config, error) {
	client := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.ResponseHeaderTimeout = a.idle()
		t.MaxIdleConnsPerHost = 64
	})
	load := []func(*config.LoadOptions) error{
		config.WithHTTPClient(client),
		config.WithLogger(logging.Nop{}), // what it has to say comes with its errors
		config.WithRetryer(func() aws.Retryer { return newRetryer() }),
		config.WithAssumeRoleCredentialOptions(func(o *stscreds.AssumeRoleOptions) { o.TokenProvider = a.token }),
	}
	if a.Profile != "" {
		load = append(load, config.WithSharedConfigProfile(a.Profile))
	}
	if a.Region != "" {
		load = append(load, config.WithRegion(a.Region))
	}
	if a.Clock != nil {
		load = append(load, config.WithAPIOptions([]func(*middleware.Stack) error{a.Clock.listen}))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return aws.Config{}, a.loadError(err)
	}
	shared := sharedConfig(cfg)
	cfg.Credentials = aws.NewCredentialsCache(explained{cfg.Credentials, a, shared})
	if a.RoleARN != "" {
		base := cfg.Copy()
		if base.Region == "" {
			base.Region = defaultRegion
		}
		role := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(base), a.RoleARN, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = "loglens"
			if a.ExternalID != "" {
				o.ExternalID = &a.ExternalID
			}
		})
		cfg.Credentials = aws.NewCredentialsCache(explained{role, a, shared})
	}
	return cfg, nil
}

// errNoToken says that a role wants an MFA code and nobody can be asked.
var errNoToken = errors.New("no MFA code")

func (a AWS) token() (string, error) {
	if a.MFAToken == nil {
		return "", errNoToken
	}
	return a.MFAToken()
}

// newRetryer repeats what may succeed later: throttling, broken connections,
// 5xx, 408, 429 and a wrong clock; no other 4xx. There is no quota on retries,
// because a storm of SlowDown answers is to be waited out.
func newRetryer() *retry.Standard {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = requestAttempts
		o.MaxBackoff = longestDelay
		o.RateLimiter = ratelimit.None
		o.Retryables = append(o.Retryables, retry.RetryableHTTPStatusCode{
			Codes: map[int]struct{}{http.StatusRequestTimeout: {}, http.StatusTooManyRequests: {}},
		})
		o.Backoff = retry.BackoffDelayerFunc(func(attempt int, err error) (time.Duration, error) {
			// Nothing listens there: a few seconds cover a restart, more only waits.
			if attempt > refusedAttempts && errors.Is(err, syscall.ECONNREFUSED) || isCertificate(err) {
				return 0, err
			}
			return delay(attempt - 1), nil
		})
	})
}

// isCertificate reports whether a server's certificate is not to be trusted, which it
// will not be the next time either.
func isCertificate(err error) bool {
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &certificate)
}

// delay is how long to wait after the n-th failure in a row, n from 0: twice as
// long each time, and at random between half of it and all.
func delay(n int) time.Duration {
	d := firstDelay << min(max(n, 0), 10)
	d = min(d, longestDelay)
	return d/2 + rand.N(d/2)
}

// sharedConfig is the profile that a configuration was loaded from.
func sharedConfig(cfg aws.Config) config.SharedConfig {
	for _, s := range cfg.ConfigSources {
		if c, ok := s.(config.SharedConfig); ok {
			return c
		}
	}
	return config.SharedConfig{}
}

// loadError explains a configuration that cannot be loaded.
func (a AWS) loadError(err error) error {
	var missing config.SharedConfigProfileNotExistError
	if errors.As(err, &missing) {
		return &CredentialsError{
			Reason: fmt.Sprintf("no profile %q in the AWS configuration", missing.Profile),
			Next:   "aws configure list-profiles",
			Err:    err,
		}
	}
	return &CredentialsError{Reason: "AWS configuration: " + innermost(err), Next: "aws configure list", Err: err}
}

// explained gives credentials, and the reason in plain words where it cannot.
type explained struct {
	inner  aws.CredentialsProvider
	aws    AWS
	shared config.SharedConfig
}

func (e explained) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := e.inner.Retrieve(ctx)
	if err == nil || ctx.Err() != nil {
		return c, err
	}
	return c, e.explain(err)
}

// explain turns the error of a credentials provider into a *CredentialsError,
// or an *AccessError where a role may not be assumed.
func (e explained) explain(err error) error {
	var known *CredentialsError
	var denied *AccessError
	if errors.As(err, &known) || errors.As(err, &denied) {
		return err // the credentials beneath the role's
	}
	profile, option := "", ""
	if name := e.profile(); name != "" {
		profile, option = " for profile "+name, " --profile "+ShellWord(name)
	}
	var sso *ssocreds.InvalidTokenError
	var api smithy.APIError
	out := &CredentialsError{Err: err}
	switch {
	case errors.Is(err, errNoToken):
		serial := e.shared.MFASerial
		if serial == "" {
			serial = "MFA-DEVICE-ARN"
		}
		out.Reason = "an MFA code is needed" + profile
		out.Next = "aws sts get-session-token --serial-number " + ShellWord(serial) + " --token-code CODE, then export the keys it prints"
	case errors.As(err, &sso), e.usesSSO():
		out.Reason = "SSO session" + profile + " expired"
		out.Next = "aws sso login" + option
	case e.shared.LoginSession != "":
		out.Reason = "login session" + profile + " expired"
		out.Next = "aws login" + option
	case errors.As(err, &api) && api.ErrorCode() == "AccessDenied":
		role := e.aws.RoleARN
		if role == "" {
			role = e.shared.RoleARN
		}
		return &AccessError{Action: "sts:AssumeRole", Resource: role, Err: apiWords{api}}
	case errors.As(err, &api):
		out.Reason = "AWS credentials" + profile + ": " + apiWords{api}.Error()
		out.Next = "aws sts get-caller-identity" + option
	case e.profile() == "":
		out.Reason = "no AWS credentials found"
		out.Next = "aws configure, or aws sso login --profile NAME and then --profile NAME"
	default:
		out.Reason = "AWS credentials" + profile + ": " + innermost(err)
		out.Next = "aws sts get-caller-identity" + option
	}
	return out
}

// profile is the name of the profile in use; "" if none was chosen or found.
func (e explained) profile() string {
	if e.aws.Profile != "" {
		return e.aws.Profile
	}
	if e.shared.Profile == config.DefaultSharedConfigProfile && e.shared.RoleARN == "" && !e.usesSSO() {
		return ""
	}
	return e.shared.Profile
}

func (e explained) usesSSO() bool {
	return e.shared.SSOSessionName != "" || e.shared.SSOAccountID != "" || e.shared.SSOStartURL != ""
}
