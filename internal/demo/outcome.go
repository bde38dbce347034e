package demo

// outcome is the fate of a request and how AWS writes it down. The zero value
// of a field is the ordinary case: a target of the group was chosen, the
// balancer's status is the target's, the group's own actions ran.
type outcome struct {
	name string

	// The truth. reason "" with logged false is no failure. Where logged is
	// set the reason is the code that was written.
	reason, class string
	logged        bool

	// The line.
	width        int      // the fewest fields that show this outcome
	elb          []string // balancer status, one of
	fromBalancer bool     // the target sent no status: target_status_code is "-"
	noTarget     bool     // target:port is "-"
	noGroup      bool     // target_group_arn is "-"
	malformed    bool     // the request could not be read: nothing is known of it
	times        times
	wait         wait
	actions      []string // actions_executed, one of; nil = the group's own
	codes        []string // error_reason, one of
	desync       string   // classification
	rule         string   // matched_rule_priority
	redirect     bool     // redirect_url is set
	transform    []string // request_transform_status, one of
	targetReset  []string // target_error_code, one of
	elbReset     []string // elb_error_code, one of
	kind         string   // type of the connection

	// Where and how often it happens besides the incidents: rate is its share
	// of the balancer's requests.
	balancer string // "" = every one
	group    string // "" = any
	rate     float64
	odd      bool // with Options.Oddities only
}

// times is the pattern of the three processing times.
type times int

const (
	measured   times = iota // all three known
	unsent                  // -1 -1 -1
	unanswered              // request sent, no answer: r -1 -1
	cutOff                  // answer begun and broken off at once: 0.00x 0.00x -1
	zeros                   // 0.000 0.000 0.000, as of a Lambda invocation that failed
)

// wait is how long the request took where the three times do not say it.
type wait int

const (
	atOnce    wait = iota // some milliseconds
	connectUp             // the fixed connect timeout of 10 s
	idleUp                // the idle timeout, 60 s by default
	patience              // until the client lost patience: 0.5 to 9.5 s
	wsSession             // a WebSocket session: seconds to minutes
)

// The outcomes that incidents bring about.
var (
	refused = &outcome{name: "refused", reason: "Target_Connection_Error", class: ClassTarget,
		elb: []string{"502"}, fromBalancer: true, times: unsent, rate: 0.0001}
	connectTimeout = &outcome{name: "connect timeout", reason: "Target_Connect_Timeout", class: ClassTarget,
		elb: []string{"504"}, fromBalancer: true, times: unsent, wait: connectUp, rate: 0.0001}
	noAnswer = &outcome{name: "no answer", reason: "Target_Response_Timeout", class: ClassTarget,
		elb: []string{"504"}, fromBalancer: true, times: unanswered, wait: idleUp, rate: 0.0001}
	closedEarly = &outcome{name: "closed early", reason: "Target_Closed_Connection", class: ClassTarget,
		elb: []string{"502"}, fromBalancer: true, times: cutOff, rate: 0.0002}
	emptyGroup = &outcome{name: "empty group", reason: "No_Usable_Target", class: ClassTarget, width: 25,
		elb: []string{"503"}, fromBalancer: true, noTarget: true, times: unsent, rate: 0.00005}
	maintenance = &outcome{name: "maintenance page", reason: "Fixed_Response", class: ClassPolicy, width: 25,
		elb: []string{"503"}, fromBalancer: true, noTarget: true, noGroup: true, times: unsent,
		actions: []string{"fixed-response"}, rate: 0.0001}
	gaveUp = &outcome{name: "client gave up waiting", reason: "Client_Closed", class: ClassClient,
		elb: []string{"460"}, fromBalancer: true, times: unanswered, wait: patience, rate: 0.0005}
	gaveUpConnecting = &outcome{name: "client gave up while connecting", reason: "Client_Closed", class: ClassClient,
		elb: []string{"460"}, fromBalancer: true, times: unsent, wait: patience, rate: 0.0001}
)

// delivered is the ordinary fate.
var delivered = &outcome{name: "delivered", elb: deliveredStatus()}

// deliveredStatus is what targets answer when all is well, in a hundred
// answers; a 4xx of the application was delivered, too.
func deliveredStatus() []string {
	var s []string
	for _, a := range []struct {
		status string
		n      int
	}{{"200", 84}, {"304", 5}, {"204", 3}, {"201", 2}, {"206", 1}, {"302", 1}, {"404", 2}, {"403", 1}, {"400", 1}} {
		for range a.n {
			s = append(s, a.status)
		}
	}
	return s
}

// outcomes are all fates of a request: the ordinary one first, then what
// happens in the background. Rates are high enough for each to occur now and
// then; a plan puts each in once in any case.
var outcomes = []*outcome{
	delivered,

	// No failure.
	{name: "redirect", width: 18, elb: []string{"301", "302"}, fromBalancer: true, noTarget: true, noGroup: true,
		times: unsent, actions: []string{"redirect"}, redirect: true, rate: 0.02},
	{name: "fixed 200", elb: []string{"200"}, fromBalancer: true, noTarget: true, noGroup: true,
		times: unsent, actions: []string{"fixed-response"}, rate: 0.002},
	{name: "WAF answer below 400", elb: []string{"302"}, fromBalancer: true, noTarget: true, noGroup: true,
		times: unsent, actions: []string{"waf"}, balancer: "partner-gw", rate: 0.0004},
	{name: "login", elb: []string{"302"}, fromBalancer: true, noTarget: true, noGroup: true,
		times: unsent, actions: []string{"authenticate"}, balancer: "internal-admin", rate: 0.01},
	{name: "WAF fails open", actions: []string{"waf-failed,forward"}, elb: []string{"200"}, balancer: "partner-gw", group: "partner-api", rate: 0.0005},
	{name: "ambiguous but allowed", desync: "Ambiguous", elb: []string{"200"}, balancer: "partner-gw", group: "partner-api", rate: 0.001},
	{name: "acceptable", desync: "Acceptable", elb: []string{"200", "404"}, group: "shop-web", balancer: "shop-prod", rate: 0.002},
	{name: "transformed", transform: []string{"TransformSuccess"}, elb: []string{"200"}, actions: []string{"rewrite,forward"},
		balancer: "api-prod", group: "api-v2", rate: 0.01},
	{name: "stream closed without error", width: 36, elb: []string{"200"}, targetReset: []string{"0x0"},
		balancer: "api-prod", group: "api-grpc", rate: 0.001},
	{name: "stream closed by balancer without error", width: 36, elb: []string{"200"}, elbReset: []string{"0x0"},
		balancer: "api-prod", group: "api-grpc", rate: 0.0005},
	{name: "WebSocket", kind: "wss", elb: []string{"101"}, wait: wsSession, balancer: "shop-prod", group: "shop-web", rate: 0.004},

	// target
	refused, connectTimeout, noAnswer, closedEarly, emptyGroup,
	{name: "target 5xx", reason: "Target_5XX", class: ClassTarget, elb: []string{"500", "500", "500", "503", "502", "504"}, rate: 0.002},
	{name: "answer cut off late", reason: "Target_Closed_Connection", class: ClassTarget, elb: []string{"502"}, fromBalancer: true,
		times: unanswered, wait: patience, rate: 0.0001},
	{name: "target reset the stream", width: 36, reason: "Target_Stream_Reset", class: ClassTarget, elb: []string{"200"},
		targetReset: []string{"0x7", "0x8", "0xb", "0x2"}, balancer: "api-prod", group: "api-grpc", rate: 0.002},

	// balancer
	{name: "rule error", width: 25, reason: "Rule_Error", class: ClassBalancer, elb: []string{"500"}, fromBalancer: true,
		noTarget: true, noGroup: true, times: unsent, actions: []string{"-"}, rule: "-1", rate: 0.0001},
	{name: "transform failed", width: 33, reason: "Transform_Failed", class: ClassBalancer, elb: []string{"500"}, fromBalancer: true,
		noTarget: true, times: unsent, actions: []string{"rewrite"}, transform: transformErrors, balancer: "api-prod", group: "api-v2", rate: 0.0003},
	{name: "transform failed, sent as it was", width: 33, reason: "Transform_Failed", class: ClassBalancer, elb: []string{"200"},
		transform: transformErrors, balancer: "api-prod", group: "api-v2", rate: 0.0003},
	{name: "balancer reset the stream", width: 36, reason: "ELB_Stream_Reset", class: ClassBalancer, elb: []string{"200"},
		elbReset: []string{"0x2", "0x8", "0x3"}, balancer: "api-prod", group: "api-grpc", rate: 0.001},
	{name: "balancer 500", width: 25, reason: "ELB_Internal_Error", class: ClassBalancer, elb: []string{"500"}, fromBalancer: true,
		noTarget: true, times: unsent, actions: []string{"forward"}, rate: 0.0001},
	{name: "weighted groups", width: 25, logged: true, class: ClassBalancer, elb: []string{"500"}, fromBalancer: true,
		noTarget: true, times: unsent, codes: []string{"WeightedTargetGroupsUnhandledException"}, rate: 0.00005},

	// lambda
	{name: "Lambda error, logged", width: 25, logged: true, class: ClassLambda, elb: []string{"502"}, fromBalancer: true, noTarget: true,
		times: zeros, balancer: "shop-prod", group: "shop-thumbs", rate: 0.0015,
		codes: []string{"LambdaUnhandled", "LambdaInvalidResponse", "LambdaThrottling", "LambdaConnectionTimeout",
			"LambdaResourceNotFound", "LambdaAccessDenied", "LambdaServiceException", "LambdaResponseTooLarge"}},
	{name: "Lambda error, not logged", width: 25, reason: "Lambda_Error", class: ClassLambda, elb: []string{"502"}, fromBalancer: true,
		noTarget: true, times: zeros, actions: []string{"forward", "waf,forward"}, balancer: "shop-prod", group: "shop-thumbs", rate: 0.0005},

	// client
	gaveUp, gaveUpConnecting,
	{name: "client gone, no target", reason: "Client_Closed", class: ClassClient, elb: []string{"460"}, fromBalancer: true, noTarget: true,
		times: unsent, rate: 0.0001},
	{name: "client gone, nothing known", reason: "Client_Closed", class: ClassClient, elb: []string{"460"}, fromBalancer: true, noTarget: true, noGroup: true,
		times: unsent, actions: []string{"-"}, rule: "-", rate: 0.0001},
	{name: "client idle", reason: "Client_Timeout", class: ClassClient, elb: []string{"408"}, fromBalancer: true, noTarget: true, noGroup: true,
		times: unsent, wait: idleUp, actions: []string{"-"}, rule: "-", rate: 0.0002},
	{name: "malformed", reason: "Bad_Request", class: ClassClient, elb: []string{"400"}, fromBalancer: true, noTarget: true, noGroup: true,
		malformed: true, times: unsent, actions: []string{"-"}, rule: "-", rate: 0.001},
	{name: "body too large", reason: "Request_Too_Large", class: ClassClient, elb: []string{"413"}, fromBalancer: true, noTarget: true,
		times: unsent, balancer: "shop-prod", group: "shop-thumbs", rate: 0.0001},
	{name: "header too large", reason: "Header_Too_Large", class: ClassClient, elb: []string{"414", "431"}, fromBalancer: true, noTarget: true, noGroup: true,
		times: unsent, actions: []string{"-"}, rule: "-", rate: 0.0001},
	{name: "too many addresses", reason: "XFF_Too_Many_IPs", class: ClassClient, elb: []string{"463"}, fromBalancer: true, noTarget: true, noGroup: true,
		times: unsent, actions: []string{"-"}, rule: "-", rate: 0.0001},
	{name: "wrong protocol", reason: "Protocol_Mismatch", class: ClassClient, elb: []string{"464"}, fromBalancer: true, noTarget: true,
		times: unsent, rate: 0.0001},
	{name: "GOAWAY", reason: "HTTP2_Goaway", class: ClassClient, elb: []string{"000"}, fromBalancer: true, noTarget: true, noGroup: true,
		times: unsent, actions: []string{"-"}, rule: "-", kind: "h2", rate: 0.0001},
	{name: "TRACE", reason: "Method_Not_Allowed", class: ClassClient, elb: []string{"405"}, fromBalancer: true, noTarget: true, noGroup: true,
		times: unsent, actions: []string{"-"}, rule: "-", rate: 0.0001},
	{name: "transfer encoding", reason: "Not_Implemented", class: ClassClient, elb: []string{"501"}, fromBalancer: true, noTarget: true, noGroup: true,
		times: unsent, actions: []string{"-"}, rule: "-", rate: 0.0001},
	{name: "HTTP version", reason: "HTTP_Version_Not_Supported", class: ClassClient, elb: []string{"505"}, fromBalancer: true, noTarget: true, noGroup: true,
		times: unsent, actions: []string{"-"}, rule: "-", rate: 0.0001},
	{name: "redirect too long", reason: "Redirect_URL_Too_Long", class: ClassClient, elb: []string{"507"}, fromBalancer: true, noTarget: true, noGroup: true,
		times: unsent, actions: []string{"-"}, rate: 0.0001},
	{name: "other 4xx", width: 25, reason: "Client_4XX", class: ClassClient, elb: []string{"421", "417"}, fromBalancer: true, noTarget: true, noGroup: true,
		times: unsent, actions: []string{"-"}, rule: "-", rate: 0.0001},
	{name: "cookie", width: 25, logged: true, class: ClassClient, elb: []string{"400"}, fromBalancer: true, noTarget: true,
		times: unsent, codes: []string{"AWSALBTGCookieInvalid"}, rate: 0.00005},

	// policy
	maintenance,
	{name: "fixed 404 behind WAF", width: 25, reason: "Fixed_Response", class: ClassPolicy, elb: []string{"404"}, fromBalancer: true,
		noTarget: true, noGroup: true, times: unsent, actions: []string{"waf,fixed-response", "fixed-response"}, balancer: "partner-gw", rate: 0.002},
	{name: "WAF block", width: 25, reason: "WAF_Block", class: ClassPolicy, elb: []string{"403", "403", "403", "429"}, fromBalancer: true,
		noTarget: true, noGroup: true, times: unsent, actions: []string{"waf"}, balancer: "partner-gw", rate: 0.01},
	{name: "WAF error", width: 25, reason: "WAF_Error", class: ClassPolicy, elb: []string{"500"}, fromBalancer: true,
		noTarget: true, noGroup: true, times: unsent, actions: []string{"waf-failed"}, balancer: "partner-gw", rate: 0.0003},
	{name: "WAF error, logged", width: 25, logged: true, class: ClassPolicy, elb: []string{"500"}, fromBalancer: true,
		noTarget: true, noGroup: true, times: unsent, actions: []string{"waf-failed"}, balancer: "partner-gw", rate: 0.0003,
		codes: []string{"WAFConnectionTimeout", "WAFServiceError"}},
	{name: "login failed", width: 25, reason: "Auth_Failed", class: ClassPolicy, elb: []string{"401", "401", "561", "562"}, fromBalancer: true,
		noTarget: true, noGroup: true, times: unsent, actions: []string{"authenticate"}, balancer: "internal-admin", rate: 0.001},
	{name: "login failed, logged", width: 25, logged: true, class: ClassPolicy, elb: []string{"401", "561"}, fromBalancer: true,
		noTarget: true, noGroup: true, times: unsent, actions: []string{"authenticate"}, balancer: "internal-admin", rate: 0.002,
		codes: []string{"AuthInvalidStateParam", "AuthMissingCodeParam", "AuthTokenEpRequestTimeout", "AuthInvalidGrantError"}},
	{name: "token refused", width: 25, logged: true, class: ClassPolicy, elb: []string{"401"}, fromBalancer: true,
		noTarget: true, noGroup: true, times: unsent, actions: []string{"authenticate"}, balancer: "api-prod", rate: 0.001,
		codes: []string{"JWTHeaderNotPresent", "JWTSignatureValidationError", "JWTClaimValueInvalid", "JWKSRequestTimeout"}},
	{name: "desync", width: 29, reason: "Desync_Block", class: ClassPolicy, elb: []string{"400"}, fromBalancer: true,
		noTarget: true, noGroup: true, times: unsent, actions: []string{"-"}, rule: "-", desync: "Severe", rate: 0.0002},
	{name: "desync, strictest mode", width: 29, reason: "Desync_Block", class: ClassPolicy, elb: []string{"400"}, fromBalancer: true,
		noTarget: true, noGroup: true, times: unsent, actions: []string{"-"}, rule: "-", desync: "Ambiguous", rate: 0.0001},
	{name: "denied", width: 25, reason: "ELB_Denied", class: ClassPolicy, elb: []string{"403"}, fromBalancer: true,
		noTarget: true, noGroup: true, times: unsent, actions: []string{"-"}, rule: "-", rate: 0.0001},

	// unknown
	{name: "no status", reason: "Unknown", class: ClassUnknown, elb: []string{"-"}, fromBalancer: true, noTarget: true, noGroup: true,
		times: unsent, actions: []string{"-"}, rule: "-", rate: 0.00005},

	// What AWS has not been seen to log, and what a reader passes through all
	// the same.
	{name: "connection error, logged", width: 25, logged: true, class: ClassTarget, elb: []string{"502"}, fromBalancer: true,
		times: unsent, codes: []string{"Target_Connection_Error", "Target_TLS_Error"}, rate: 0.0001, odd: true},
	{name: "unheard-of code", width: 25, logged: true, class: ClassUnknown, elb: []string{"503"}, fromBalancer: true,
		noTarget: true, times: unsent, codes: []string{"BrandNewReason", "TargetNotResponding", "=1+1"}, rate: 0.0001, odd: true},
	{name: "code on an answer that was delivered", width: 25, logged: true, class: ClassPolicy, elb: []string{"302"}, fromBalancer: true,
		noTarget: true, noGroup: true, times: unsent, actions: []string{"authenticate"}, codes: []string{"AuthInvalidCookie"},
		balancer: "internal-admin", rate: 0.0002, odd: true},
}

// transformErrors are the codes of request_transform_status that say that a
// transform failed.
var transformErrors = []string{"TransformBufferTooSmall", "TransformCompileError", "TransformInvalidHost", "TransformRegexSyntaxError", "TransformReplaceError"}

// failed reports whether the outcome is a failure.
func (o *outcome) failed() bool { return o.logged || o.reason != "" }

// fits reports whether a line of width fields shows the outcome.
func (o *outcome) fits(width int) bool { return width >= o.width }
