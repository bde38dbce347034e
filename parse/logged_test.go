package parse

import (
	"strings"
	"testing"
)

// documented is AWS's list of error_reason codes by category and metric.
// Source: AWS, "Error reason codes", read 2026-11; the two forms of one JWT code
// stand on two of its pages.
var documented = []struct {
	category, metric string
	class            Class
	codes            string
}{
	{"authenticate", "ELBAuthFailure", ClassPolicy, "AuthInvalidCookie AuthInvalidGrantError AuthInvalidIdToken AuthInvalidStateParam AuthInvalidTokenResponse AuthInvalidUserinfoResponse AuthMissingCodeParam AuthMissingStateParam"},
	{"authenticate", "ELBAuthError", ClassPolicy, "AuthMissingHostHeader AuthTokenEpRequestFailed AuthTokenEpRequestTimeout AuthUnhandledException AuthUserinfoEpRequestFailed AuthUserinfoEpRequestTimeout"},
	{"authenticate", "ELBAuthUserClaimsSizeExceeded", ClassPolicy, "AuthUserinfoResponseSizeExceeded"},
	{"jwt-validation", "JWTValidationFailureCount", ClassPolicy, "JWTHeaderNotPresent JWTRequestFormatInvalid JWKSRequestTimeout JWKSResponseSizeExceeded JWKSRequestFailed JWKSResponseInvalid JWTSignatureValidationError JWTSignatureValidationFailed JWTClaimNotPresent JWTClaimFormatInvalid JWTClaimValueInvalid JWTValidationInternalError"},
	{"weighted target groups", "", ClassClient, "AWSALBTGCookieInvalid"},
	{"weighted target groups", "", ClassBalancer, "WeightedTargetGroupsUnhandledException"},
	{"Lambda", "LambdaUserError", ClassLambda, "LambdaAccessDenied LambdaBadRequest LambdaEC2AccessDeniedException LambdaEC2ThrottledException LambdaEC2UnexpectedException LambdaENILimitReachedException LambdaInvalidResponse LambdaInvalidRuntimeException LambdaInvalidSecurityGroupIDException LambdaInvalidSubnetIDException LambdaInvalidZipFileException LambdaKMSAccessDeniedException LambdaKMSDisabledException LambdaKMSInvalidStateException LambdaKMSNotFoundException LambdaRequestTooLarge LambdaResourceNotFound LambdaResponseTooLarge LambdaSubnetIPAddressLimitReachedException LambdaThrottling LambdaUnhandled LambdaWebsocketNotSupported"},
	{"Lambda", "LambdaInternalError", ClassLambda, "LambdaConnectionError LambdaConnectionTimeout LambdaServiceException LambdaUnhandledException"},
	{"AWS WAF", "", ClassPolicy, "WAFConnectionError WAFConnectionTimeout WAFResponseReadTimeout WAFServiceError WAFUnhandledException"},
	{"not AWS's", "", ClassTarget, "Target_Connection_Error Target_TLS_Error"},
}

func TestLoggedClass(t *testing.T) {
	for _, d := range documented {
		for _, code := range strings.Fields(d.codes) {
			if got := loggedClass([]byte(code)); got != d.class {
				t.Errorf("%s is of class %s, want %s", code, got, d.class)
			}
		}
	}
	for _, word := range []string{"Something", "target_tls_error", "0", "-1", "JW", "XLambda"} {
		if got := loggedClass([]byte(word)); got != ClassUnknown {
			t.Errorf("%s is of class %s, want unknown", word, got)
		}
	}
}
