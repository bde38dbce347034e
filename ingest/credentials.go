package ingest

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// AWS says how to reach AWS. The zero value is the SDK's whole chain:
// environment, profiles, SSO, web identity, container and instance roles.
type AWS struct {
	Profile     string // profile of the shared configuration; "" as the environment says
	Region      string // "" as environment and profile say; a bucket's own region is found without it
	RoleARN     string // role to assume on top; "" for none
	ExternalID  string // for RoleARN
	EndpointURL string // all services but STS at another address, S3 in path style; "" for AWS

	// Clock learns the time from every answer. Nil: nobody asks.
	Clock *Clock
	// IdleTimeout is how long a server may send nothing. Zero: 30 s.
	IdleTimeout time.Duration
}

// How often and how patiently a request is repeated.
const (
	requestAttempts = 9
	refusedAttempts = 4 // where nobody listens
	silentAttempts  = 3 // where nothing is heard for the IdleTimeout, each time
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

// Config loads the SDK's configuration. An error is a *CredentialsError, or a *SourceError
// if EndpointURL is none.
func (a AWS) Config(ctx context.Context) (aws.Config, error) {
	if a.EndpointURL != "" { // the SDK would try it for half a minute, as a server that is down
		if u, err := url.Parse(a.EndpointURL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return aws.Config{}, &SourceError{Spec: "--endpoint-url " + a.EndpointURL, Reason: "not an address", Next: "for example --endpoint-url http://localhost:9000"}
		}
	}
	client := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.ResponseHeaderTimeout = a.idle()
		t.MaxIdleConnsPerHost = 64
	})
	load := []func(*config.LoadOptions) error{
		config.WithHTTPClient(client),
		config.WithLogger(logging.Nop{}), // what it has to say comes with its errors
		config.WithRetryer(func() aws.Retryer { return newRetryer() }),
		config.WithAssumeRoleCredentialOptions(func(o *stscreds.AssumeRoleOptions) { o.TokenProvider = noToken }),
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
	chain := a.chain(cfg)
	cfg.Credentials = aws.NewCredentialsCache(chain)
	if a.RoleARN != "" {
		base := cfg.Copy()
		base.Region = cmp.Or(base.Region, defaultRegion)
		role := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(base), a.RoleARN, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = "loglens"
			if a.ExternalID != "" {
				o.ExternalID = &a.ExternalID
			}
		})
		chain.inner, chain.role = role, a.RoleARN
		cfg.Credentials = aws.NewCredentialsCache(chain)
	}
	return cfg, nil
}

// errNoToken says that a role wants an MFA code, which nobody is asked for.
var errNoToken = errors.New("no MFA code")

func noToken() (string, error) { return "", errNoToken }

// newRetryer repeats what may succeed later: throttling, broken connections,
// 5xx, 408, 429 and a wrong clock; no other 4xx. There is no quota on retries,
// because a storm of SlowDown answers is to be waited out. Credentials that cannot be
// had have been asked for with all patience by then.
func newRetryer() *retry.Standard {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = requestAttempts
		o.MaxBackoff = longestDelay
		o.RateLimiter = ratelimit.None
		noIdentity := retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			if errors.As(err, new(*CredentialsError)) {
				return aws.FalseTernary
			}
			return aws.UnknownTernary
		})
		o.Retryables = append([]retry.IsErrorRetryable{noIdentity}, append(o.Retryables, retry.RetryableHTTPStatusCode{
			Codes: map[int]struct{}{http.StatusRequestTimeout: {}, http.StatusTooManyRequests: {}},
		})...)
		o.Backoff = retry.BackoffDelayerFunc(func(attempt int, err error) (time.Duration, error) {
			// Nothing listens there: a few seconds cover a restart, more only waits.
			if attempt > refusedAttempts && errors.Is(err, syscall.ECONNREFUSED) || attempt >= silentAttempts && isTimeout(err) || isCertificate(err) {
				return 0, err
			}
			return delay(attempt - 1), nil
		})
	})
}

// isTimeout reports whether a server was waited for in vain.
func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// isCertificate reports whether a server's certificate is not to be trusted, which it
// will not be the next time either.
func isCertificate(err error) bool {
	return errors.As(err, new(*tls.CertificateVerificationError))
}

// delay is how long to wait after the n-th failure in a row, n from 0: twice as
// long each time, and at random between half of it and all.
func delay(n int) time.Duration {
	d := firstDelay << min(max(n, 0), 10)
	d = min(d, longestDelay)
	return d/2 + rand.N(d/2)
}

// chain is the credentials of a configuration, with what it was loaded from.
func (a AWS) chain(cfg aws.Config) explained {
	e := explained{inner: cfg.Credentials, profile: a.Profile}
	var token config.EnvConfig
	for _, s := range cfg.ConfigSources {
		switch s := s.(type) {
		case config.SharedConfig:
			e.shared = s
		case config.EnvConfig:
			token = s
		}
	}
	e.role = cmp.Or(e.shared.RoleARN, token.RoleARN)
	if e.profile == "" && (e.shared.Profile != config.DefaultSharedConfigProfile || e.shared.RoleARN != "" || usesSSO(e.shared)) {
		e.profile = e.shared.Profile
	}
	return e
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
	var bare config.SharedConfigAssumeRoleError
	if errors.As(err, &bare) && bare.Err == nil { // the SDK takes a role from no session of aws login
		return &CredentialsError{
			Reason: fmt.Sprintf("profile %q has no keys to assume %s with", bare.Profile, bare.RoleARN),
			Next:   "if aws login is what it has: --profile " + ShellWord(bare.Profile) + " --role-arn " + ShellWord(bare.RoleARN),
			Err:    err,
		}
	}
	return &CredentialsError{Reason: "AWS configuration: " + innermost(err), Next: "aws configure list", Err: err}
}

// explained gives credentials, and the reason in plain words where it cannot.
type explained struct {
	inner   aws.CredentialsProvider
	profile string // in use; "" if none was chosen or found
	role    string // that is assumed; "" for none
	shared  config.SharedConfig
}

func (e explained) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := e.inner.Retrieve(ctx)
	if err == nil || ctx.Err() != nil {
		return c, err
	}
	return c, e.explain(err)
}

// The services that the SDK asks for credentials, as it calls them.
const (
	fromInstance = "ec2imds" // asked last, where nothing else is configured
	fromSTS      = "STS"
	fromSSO      = "SSO"
)

// explain turns the error of a credentials provider into a *CredentialsError, which wraps
// an *AccessError where a role may not be assumed.
func (e explained) explain(err error) error {
	var beneath *CredentialsError
	if errors.As(err, &beneath) {
		return beneath // the role is assumed with these
	}
	service, operation := asked(err)
	var api smithy.APIError
	refused := errors.As(err, &api)
	if refused && operation == "AssumeRole" && api.ErrorCode() == "AccessDenied" {
		denied := &AccessError{Action: "sts:AssumeRole", Resource: e.role, Caller: Caller{Profile: e.profile}, Err: apiWords{api}}
		return &CredentialsError{Reason: denied.Error(), Next: denied.Hint(), Err: denied}
	}
	out := &CredentialsError{Err: err}
	profile, option := "", ""
	if e.profile != "" {
		profile, option = " for profile "+e.profile, " --profile "+ShellWord(e.profile)
	}
	first := e.first()
	switch {
	case errors.Is(err, errNoToken):
		out.Reason = "an MFA code is needed" + profile
		out.Next = `eval "$(aws configure export-credentials` + option + ` --format env)", which asks for it, and then without --profile`
	case service == fromInstance:
		out.Reason = "no AWS credentials found" + profile
		out.Next = "aws configure" + option + ", or aws sso login --profile NAME and then the same command with --profile NAME"
	case service != "" && isSilence(err):
		silent := unreachable("AWS "+service, err)
		out.Reason, out.Next, out.Err = silent.Error(), silent.Next, silent
	case service == fromSSO && refused && api.ErrorCode() == "ForbiddenException":
		out.Reason = fmt.Sprintf("single sign-on gives no role %s in account %s for profile %s", first.SSORoleName, first.SSOAccountID, first.Profile)
		out.Next = "aws configure sso --profile " + ShellWord(first.Profile) + " shows the roles that there are"
	case usesSSO(first) && (service != fromSTS || !refused):
		out.Reason = "SSO session for profile " + first.Profile + " expired"
		out.Next = "aws sso login --profile " + ShellWord(first.Profile)
	case e.shared.LoginSession != "":
		out.Reason = "login session" + profile + " expired"
		out.Next = "aws login" + option
	case operation == "AssumeRoleWithWebIdentity":
		out.Reason = "AWS credentials of role " + e.role + ": " + inPlainWords(err)
		out.Next = "does the role's trust policy let in who the token is for? aws iam get-role --role-name NAME shows it"
	default:
		out.Reason = "AWS credentials" + profile + ": " + inPlainWords(err)
		out.Next = "aws sts get-caller-identity" + option
	}
	return out
}

// asked is the service that was asked last for credentials; "" for none.
func asked(err error) (service, operation string) {
	var call *smithy.OperationError
	for errors.As(err, &call) {
		service, operation, err = call.Service(), call.Operation(), call.Err
	}
	return service, operation
}

// isSilence reports whether a service has given no answer, or none that means anything.
func isSilence(err error) bool {
	var unsent *smithyhttp.RequestSendError
	return errors.As(err, &unsent) || statusOf(err) >= http.StatusInternalServerError
}

// first is the profile whose credentials come first: the one in use, or that from which
// its role is assumed.
func (e explained) first() config.SharedConfig {
	s := e.shared
	for s.Source != nil {
		s = *s.Source
	}
	return s
}

func usesSSO(s config.SharedConfig) bool {
	return s.SSOSessionName != "" || s.SSOAccountID != "" || s.SSOStartURL != ""
}
