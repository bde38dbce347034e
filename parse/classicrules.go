package parse

// ClassicRules is Rules for a Classic Load Balancer, whose lines have neither
// target group nor actions nor an error_reason. Its reasons are a part of those
// of Rules. Unlike an ALB it does not fail open: without a healthy instance it
// answers 503.
// Source: AWS, "Troubleshoot a Classic Load Balancer: HTTP errors" and "Access
// logs for your Classic Load Balancer", and published log lines, read 2026-11.
var ClassicRules = named([]Rule{
	{
		Reason: Delivered,
		When:   Condition{StatusFrom: 1, StatusUntil: 400},
	},
	{
		Reason: Delivered, // a TCP or SSL connection; target_processing_time is how long connecting took
		When:   Condition{All: hasTarget | hasTargetTime, None: hasELBStatus},
	},
	{
		Reason: "Target_Connection_Error", Class: ClassTarget,
		When:    Condition{All: hasTarget, None: hasELBStatus},
		Meaning: "A TCP or SSL connection of a client was given an instance, and no connection to it came about.",
		Check:   "Whether the process listens on the instance's port, and the security groups between; CloudWatch BackendConnectionErrors of the same minute. If there are none, it may be a client that connected and sent nothing.",
	},
	{
		Reason: "Unknown", Class: ClassUnknown,
		When:    Condition{None: hasELBStatus},
		Meaning: "A TCP or SSL connection of a client ended without an instance: none was healthy, the instance closed it, or the client sent nothing. The line does not tell which.",
		Check:   "CloudWatch HealthyHostCount, BackendConnectionErrors and SpilloverCount of the same minute; if all are sound, it was the client.",
	},
	{
		Reason: Delivered,
		When:   Condition{StatusFrom: 400, StatusUntil: 500, TargetStatus: [2]int{300, 500}},
	},
	{
		Reason: "Bad_Request", Class: ClassClient,
		When:    Condition{Status: []int{400}},
		Meaning: "The request was malformed, its headers exceeded the limits, or it used CONNECT; desync mitigation answers 400, too.",
		Check:   "Client and request of the lines; the attribute elb.http.desyncmitigationmode, if the client is one of yours.",
	},
	{
		Reason: "Method_Not_Allowed", Class: ClassClient,
		When:    Condition{Status: []int{405}},
		Meaning: "The balancer refuses the method: its name is too long, or it is not valid.",
		Check:   "The client.",
	},
	{
		Reason: "Client_Timeout", Class: ClassClient,
		When:    Condition{Status: []int{408}},
		Meaning: "The client cancelled the request, or did not send the whole of it before the idle timeout.",
		Check:   "Clients and networks that are slow to send.",
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
		Meaning: "The instance itself answered 5xx: the application failed, not the way to it.",
		Check:   "The application's log on the instances named.",
	},
	{
		Reason: "Target_Response_Timeout", Class: ClassTarget,
		When:    Condition{Status: []int{504}},
		Meaning: "The instance did not answer before the idle timeout (60 s unless changed), or closed the connection before it answered. Mostly the line names no instance then.",
		Check:   "What the instances were busy with; their keep-alive timeout, which must exceed the balancer's idle timeout; CloudWatch Latency.",
	},
	{
		Reason: "Target_Closed_Connection", Class: ClassTarget,
		When:    Condition{Status: []int{502}},
		Meaning: "The balancer could not use the instance's answer: malformed, cut off, or none before the connection was closed.",
		Check:   "The application's log on the instances; their answers, asked directly.",
	},
	{
		Reason: "No_Usable_Target", Class: ClassTarget,
		When:    Condition{Status: []int{503}, None: hasTarget},
		Meaning: "No instance to take the request: none registered or none healthy in the zone (a Classic Load Balancer does not fail open), all of them busy and the surge queue of 1,024 full, or the balancer itself short of capacity.",
		Check:   "`aws elb describe-instance-health`; cross-zone load balancing; CloudWatch SurgeQueueLength and SpilloverCount.",
	},
	{
		Reason: "ELB_Internal_Error", Class: ClassBalancer,
		When:    Condition{Status: []int{500}, None: hasTargetStatus},
		Meaning: "The balancer answered 500 itself, for a cause that it does not log.",
		Check:   "CloudWatch HTTPCode_ELB_5XX; AWS's health page for the region.",
	},
	{
		Reason: "Unknown", Class: ClassUnknown,
		Meaning: "A failure that no rule explains.",
		Check:   "The whole line; CloudWatch HTTPCode_ELB_5XX and HTTPCode_Backend_5XX of the same minute tell whose answer it was.",
	},
})
