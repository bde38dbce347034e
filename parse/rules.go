package parse

//go:generate go test -run ^TestReasonsPage$ . -update

// Rule derives one reason where AWS logs none.
type Rule struct {
	Reason  string
	Class   Class
	When    Condition
	Meaning string // what happened
	Check   string // what to look at next, or what would settle it where the line alone cannot

	name []byte // Reason, for Verdict
}

// Delivered is the reason of no failure: the rule that has it ends the search.
const Delivered = ""

// Rules is the closed list of derived reasons, evaluated top down; the first
// match wins. A line comes here only if Suspect, and without an error_reason.
// Source: AWS, "Troubleshoot your Application Load Balancers" and "Access log
// entries", and published log lines, read 2026-11.
var Rules = named([]Rule{
	{
		Reason: "Target_Stream_Reset", Class: ClassTarget,
		When:    Condition{All: targetReset},
		Meaning: "The target reset the HTTP/2 stream; target_error_code holds its RST_STREAM code. The status may well be 200.",
		Check:   "The code: 0x7 refused, 0x8 cancelled, 0xb enhance your calm, 0x2 internal error; then the target's log at that time.",
	},
	{
		Reason: "ELB_Stream_Reset", Class: ClassBalancer,
		When:    Condition{All: elbReset},
		Meaning: "The balancer reset the HTTP/2 stream; elb_error_code holds the code.",
		Check:   "Client and target of the stream; limits of HTTP/2 on either side.",
	},
	{
		Reason: "Transform_Failed", Class: ClassBalancer,
		When:    Condition{All: transformFailed},
		Meaning: "A host or URL rewrite of a listener rule failed; request_transform_status names the cause.",
		Check:   "The transform of the rule in matched_rule_priority: its regular expression and the length of the result.",
	},
	{
		Reason: Delivered,
		When:   Condition{StatusFrom: 1, StatusUntil: 400},
	},
	{
		Reason: "HTTP2_Goaway", Class: ClassClient,
		When:    Condition{Status: []int{0}},
		Meaning: "The HTTP/2 connection had carried 10,000 requests; the balancer sent GOAWAY and closed it.",
		Check:   "That the client retries on a new connection.",
	},
	{
		Reason: "WAF_Error", Class: ClassPolicy,
		When:    Condition{LastAction: "waf-failed"},
		Meaning: "The balancer could not get AWS WAF's verdict and does not fail open.",
		Check:   "The attribute waf.fail_open.enabled; AWS WAF's health in the region.",
	},
	{
		Reason: "WAF_Block", Class: ClassPolicy,
		When:    Condition{LastAction: "waf"},
		Meaning: "AWS WAF rejected the request: 403, or the web ACL's own status.",
		Check:   "The web ACL's sampled requests and logs, if the request was a good one.",
	},
	{
		Reason: "Fixed_Response", Class: ClassPolicy,
		When:    Condition{LastAction: "fixed-response"},
		Meaning: "A listener rule gave its configured answer, such as a maintenance page. No target was asked.",
		Check:   "The rule in matched_rule_priority, if the answer was not meant.",
	},
	{
		Reason: "Client_Closed", Class: ClassClient,
		When:    Condition{Status: []int{460}},
		Meaning: "The client closed the connection before the balancer could answer.",
		Check:   "The client's timeout against the target's response time. Where all three times are -1 and the target is set, the balancer was still connecting to it: compare with Target_Connect_Timeout on the same target.",
	},
	{
		Reason: Delivered,
		When:   Condition{StatusFrom: 400, StatusUntil: 500, TargetStatus: [2]int{300, 500}},
	},
	{
		Reason: "Rule_Error", Class: ClassBalancer,
		When:    Condition{Rule: "-1", None: hasTargetStatus},
		Meaning: "The balancer could not evaluate the listener's rules.",
		Check:   "The rules of the listener, the newest first.",
	},
	{
		Reason: "Auth_Failed", Class: ClassPolicy,
		When:    Condition{Status: []int{401, 561, 562}, None: hasTargetStatus},
		Meaning: "The authenticate or JWT action refused the request (401), or the identity provider (561) or its key set (562) failed.",
		Check:   "CloudWatch ELBAuthError, ELBAuthFailure and JWTValidationFailureCount; the provider's end points.",
	},
	{
		Reason: "Auth_Failed", Class: ClassPolicy,
		When:    Condition{Status: []int{500}, LastAction: "authenticate", None: hasTargetStatus},
		Meaning: "The authenticate action broke: the identity provider was not reached, or the claims exceed 11 KB.",
		Check:   "CloudWatch ELBAuthError and ELBAuthUserClaimsSizeExceeded.",
	},
	{
		Reason: "Desync_Block", Class: ClassPolicy,
		When:    Condition{Status: []int{400}, Classification: []string{"Severe", "Ambiguous"}, None: hasTarget},
		Meaning: "Desync mitigation blocked a request that targets could read in different ways; classification_reason says why.",
		Check:   "The attribute routing.http.desync_mitigation_mode, if the client is one of yours.",
	},
	{
		Reason: "Bad_Request", Class: ClassClient,
		When:    Condition{Status: []int{400}},
		Meaning: "The request was malformed, its headers exceeded the limits (16 KiB a line, 64 KiB in all), or the client closed while it sent the body.",
		Check:   "Client and classification of the lines.",
	},
	{
		Reason: "Client_Timeout", Class: ClassClient,
		When:    Condition{Status: []int{408}},
		Meaning: "The client did not send the whole request before the idle timeout.",
		Check:   "Clients and networks that are slow to send.",
	},
	{
		Reason: "Request_Too_Large", Class: ClassClient,
		When:    Condition{Status: []int{413}},
		Meaning: "The body exceeds what the balancer passes to a Lambda function (1 MB).",
		Check:   "The size of the request.",
	},
	{
		Reason: "Header_Too_Large", Class: ClassClient,
		When:    Condition{Status: []int{414, 431}},
		Meaning: "The request line or its headers exceed the balancer's limits.",
		Check:   "Cookies and query strings of the client.",
	},
	{
		Reason: "XFF_Too_Many_IPs", Class: ClassClient,
		When:    Condition{Status: []int{463}},
		Meaning: "X-Forwarded-For holds more than 30 addresses.",
		Check:   "Proxies in front of the balancer; a loop between them.",
	},
	{
		Reason: "Protocol_Mismatch", Class: ClassClient,
		When:    Condition{Status: []int{464}},
		Meaning: "The request's protocol does not fit the target group's protocol version.",
		Check:   "ProtocolVersion of the target group (HTTP1, HTTP2, GRPC) against the clients.",
	},
	{
		Reason: "Method_Not_Allowed", Class: ClassClient,
		When:    Condition{Status: []int{405}},
		Meaning: "The balancer refuses the method, TRACE for one.",
		Check:   "The client.",
	},
	{
		Reason: "Not_Implemented", Class: ClassClient,
		When:    Condition{Status: []int{501}, None: hasTargetStatus},
		Meaning: "The balancer does not know the Transfer-Encoding; or a WebSocket was asked for, and the target group has target optimizer, which takes none.",
		Check:   "The client; the target group's target control port.",
	},
	{
		Reason: "HTTP_Version_Not_Supported", Class: ClassClient,
		When:    Condition{Status: []int{505}, None: hasTargetStatus},
		Meaning: "The balancer does not speak the request's HTTP version.",
		Check:   "The client.",
	},
	{
		Reason: "Redirect_URL_Too_Long", Class: ClassClient,
		When:    Condition{Status: []int{507}, None: hasTargetStatus},
		Meaning: "The redirect's URL exceeds 8 K.",
		Check:   "The redirect rule, and the query strings it passes on.",
	},
	{
		Reason: "ELB_Denied", Class: ClassPolicy,
		When:    Condition{Status: []int{403}, None: hasTargetStatus},
		Meaning: "The balancer refused the request without a rule or WAF action: its protection against denial of service.",
		Check:   "CloudWatch LowReputationRequestsDenied.",
	},
	{
		Reason: "Client_4XX", Class: ClassClient,
		When:    Condition{StatusFrom: 400, StatusUntil: 500},
		Meaning: "The balancer answered 4xx itself, for a cause that it does not log.",
		Check:   "The status, the client, the request.",
	},
	{
		Reason: "Target_5XX", Class: ClassTarget,
		When:    Condition{StatusFrom: 500, TargetStatus: [2]int{500, 600}},
		Meaning: "The target itself answered 5xx: the application failed, not the way to it.",
		Check:   "The application's log on the targets named; of 502 and 504, the error log of a proxy on them (nginx, Envoy).",
	},
	{
		Reason: "Target_Response_Timeout", Class: ClassTarget,
		When:    Condition{Status: []int{504}, All: hasTargetStatus},
		Meaning: "The target began to answer, and did not finish in time.",
		Check:   "Content-Length against the body that was sent; the idle timeout.",
	},
	{
		Reason: "Target_Closed_Connection", Class: ClassTarget,
		When:    Condition{Status: []int{502}, All: hasTargetStatus},
		Meaning: "The target answered, and the balancer could not use the answer: malformed, cut off, or headers above 32 K.",
		Check:   "The application's log and headers on the targets named.",
	},
	{
		Reason: "Lambda_Error", Class: ClassLambda,
		When:    Condition{StatusFrom: 500, All: hasGroup | hasRequestTime, None: hasTarget | hasTargetStatus},
		Meaning: "A Lambda function as target failed, and AWS logged no code.",
		Check:   "The function's log; CloudWatch LambdaUserError and LambdaInternalError.",
	},
	{
		Reason: "No_Usable_Target", Class: ClassTarget,
		When:    Condition{Status: []int{503}, All: hasGroup, None: hasTarget},
		Meaning: "The target group had no target to choose: empty, all unused, or none in the zone of this node while cross-zone is off; or, with target optimizer, no target was ready for one more request. It is not \"all unhealthy\": then the balancer fails open and sends traffic.",
		Check:   "`aws elbv2 describe-target-health`; targets per zone; load_balancing.cross_zone.enabled; CloudWatch TargetControlRequestRejectCount.",
	},
	{
		Reason: "Target_Connect_Timeout", Class: ClassTarget,
		When:    Condition{Status: []int{504}, All: hasTarget, None: hasTargetStatus | hasRequestTime | hasTargetTime | hasResponseTime},
		Meaning: "No TCP connection to the target within 10 seconds: packets are dropped, or the host is gone. With a target group that speaks HTTPS it can be the TLS handshake, too.",
		Check:   "Security groups and network ACLs on the target's port, in both directions; whether the host still exists. CloudWatch TargetConnectionErrorCount against TargetTLSNegotiationErrorCount.",
	},
	{
		Reason: "Target_Response_Timeout", Class: ClassTarget,
		When:    Condition{Status: []int{504}, All: hasTarget},
		Meaning: "The target took the request and did not answer before the idle timeout (60 s unless changed).",
		Check:   "What the target was busy with; idle_timeout.timeout_seconds.",
	},
	{
		Reason: "Target_Connection_Error", Class: ClassTarget,
		When:    Condition{Status: []int{502}, All: hasTarget, None: hasTargetStatus | hasRequestTime | hasTargetTime | hasResponseTime},
		Meaning: "The connection to the target failed at once: nothing listens on the port, or it was reset. A failed TLS handshake with the target (Target_TLS_Error) and a keep-alive connection that the target had just closed look the same in the log.",
		Check:   "Whether the process listens on that port. For an HTTPS target group, CloudWatch TargetTLSNegotiationErrorCount of the same minute says whether it is TLS; with both counts at 0 it is keep-alive.",
	},
	{
		Reason: "Target_Closed_Connection", Class: ClassTarget,
		When:    Condition{Status: []int{502}, All: hasTarget},
		Meaning: "The target took the request and closed the connection without a usable answer.",
		Check:   "Crashes and restarts on the target; its keep-alive timeout, which must exceed the balancer's idle timeout; response headers above 32 K.",
	},
	{
		Reason: "ELB_Internal_Error", Class: ClassBalancer,
		When:    Condition{Status: []int{500}, None: hasTargetStatus},
		Meaning: "The balancer answered 500 itself, for a cause that it does not log; with target optimizer, an error of the agent on the target.",
		Check:   "CloudWatch HTTPCode_ELB_500_Count; the agents' logs where target optimizer is on; AWS's health page for the region.",
	},
	{
		Reason: "Unknown", Class: ClassUnknown,
		Meaning: "A failure that no rule explains.",
		Check:   "The whole line; CloudWatch HTTPCode_ELB_5XX_Count and HTTPCode_Target_5XX_Count of the same minute tell whose answer it was.",
	},
})

// named fills in what is derived from the rest.
func named(rules []Rule) []Rule {
	for i := range rules {
		rules[i].name = []byte(rules[i].Reason)
	}
	return rules
}
