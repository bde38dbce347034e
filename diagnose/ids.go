package diagnose

// Kind is what a finding can be. IDs are stable: scripts and runbooks branch on
// them, so that one is never renamed, nor given another meaning.
type Kind struct {
	ID    string
	Hop   Hop
	Level Level  // as bad as it gets; a finding may be milder
	Role  Role   // what it is in a chain of causes
	Given string // when it is given, one sentence
	Do    string // what mends it, in words; a finding may have commands beside
}

// Level says how bad a finding is.
type Level string

// A failing setting keeps traffic or health checks from arriving; a warning does so
// under circumstances that are not seen now; a note is worth knowing and is nothing wrong.
const (
	Fail Level = "fail"
	Warn Level = "warn"
	Note Level = "note"
)

// Role says whether a finding is the end of the question or only the way there.
type Role int

// A cause is a setting, or what a target does, that can be changed. A symptom is
// what AWS says of a target or a metric: where causes account for it, it comes
// after them.
const (
	Cause Role = iota
	Symptom
)

// Hop is a station on the way of a request.
type Hop string

// The hops, see Hops for their order.
const (
	HopDNS         Hop = "dns"
	HopNode        Hop = "node"
	HopListener    Hop = "listener"
	HopRule        Hop = "rule"
	HopTargetGroup Hop = "target-group"
	HopTarget      Hop = "target"
	HopNetwork     Hop = "network"
	HopTargetTLS   Hop = "target-tls"
	HopTimeouts    Hop = "timeouts"
	HopMetrics     Hop = "metrics"
	HopLogs        Hop = "logs"
)

// Hops are all hops in the order of the way.
var Hops = []Hop{HopDNS, HopNode, HopListener, HopRule, HopTargetGroup, HopTarget, HopNetwork, HopTargetTLS, HopTimeouts, HopMetrics, HopLogs}

// Kinds are all findings that there are. Which check gives which, Checks says.
var Kinds = []Kind{
	// The balancer itself.
	{"balancer-not-active", HopNode, Fail, Cause, "The balancer is in state provisioning, active_impaired or failed; a warning where it is active_impaired, with which it cannot grow, and clients come.", "wait if it is being made; otherwise look at its subnets' free addresses, and ask AWS Support"},
	{"balancer-subnet-not-public", HopNode, Fail, Cause, "The balancer is internet-facing, and a subnet of it has no route to an internet gateway; a warning where none has, and clients are seen to come, as by AWS Global Accelerator.", "give the subnet a route to the internet gateway, or use a public subnet of the zone"},
	{"balancer-no-way-back", HopNode, Fail, Cause, "The balancer is internal, and a subnet of it has no route to the networks of all clients whom its security groups name; a warning where clients come all the same, where they may come by PrivateLink or are in the internet, and where that is so of some networks, to which another subnet has a route, or the route leads into a black hole; otherwise a note.", "lead a route of the subnet to where these clients are"},
	{"vpc-blocks-public-access", HopNode, Warn, Cause, "VPC Block Public Access is on in a subnet of an internet-facing balancer, and no client arrives.", "exclude the balancer's subnets from it if the balancer is meant to be public, or make the balancer internal"},
	{"balancer-subnet-short-of-addresses", HopNode, Warn, Cause, "A subnet of the balancer has fewer than 8 free addresses, so that it cannot grow there.", "free addresses in the subnet, or use a larger one"},
	{"balancer-sg-blocks-listener", HopNode, Fail, Cause, "No inbound rule of the balancer's security groups lets anybody reach a listener's port; of a balancer in the internet, none but those for members of these very groups, or, a warning where no client is seen to come, for private addresses and members of others. A warning where an HTTP listener only redirects, beside another one that does more, and clients come.", "let clients in on the port"},
	{"acl-balancer-inbound-blocks-listener", HopNode, Fail, Cause, "The network ACL of a balancer's subnet refuses clients on a listener's port, or all of them whom the balancer's security groups let in; a warning where it lets in others of these, where a balancer in the internet is open to its own VPC and private addresses only, or where an HTTP listener only redirects, beside another one that does more, no subnet lets anybody in to it, and clients come.", "let clients in on the port, in a rule before the one that refuses"},
	{"acl-balancer-outbound-blocks-clients", HopNode, Fail, Cause, "The network ACL of a balancer's subnet refuses the answers to clients (ephemeral ports, outbound), or to all of them who are let in; a warning where it lets out to others of these, or some of these ports, or those of a balancer in the internet to its own VPC and private addresses only.", "let answers out on ports 1024-65535"},
	{"ipv6-clients-blocked", HopNode, Fail, Cause, "A security group, a network ACL or a route of a dualstack balancer lets everybody in by IPv4 and nobody by IPv6; a warning where its name has addresses of IPv4, too, unless the logs have clients that came by IPv6 and do not any more.", "let clients in by IPv6, or set the balancer's address type to ipv4"},

	// Listeners, certificates and rules.
	{"listener-none", HopListener, Fail, Cause, "The balancer has no listener.", "make a listener"},
	{"listener-certificate-expired", HopListener, Fail, Cause, "A certificate of a listener has expired; a warning where no client is seen to need it.", "give the listener a valid certificate"},
	{"listener-certificate-expires-soon", HopListener, Warn, Cause, "A certificate of a listener expires within 14 days; a note where it is not the default one of a listener, whose list has one for all of its names that does not.", "renew it; AWS renews its own only while the validation record is there"},
	{"listener-certificate-not-issued", HopListener, Fail, Cause, "A certificate of a listener is not in state ISSUED: revoked, failed, or still to be validated.", "validate it, or give the listener another one"},
	{"client-certificate-refused", HopListener, Fail, Cause, "The log of connections has TLS handshakes that failed since the balancer refused the client's certificate (mutual TLS: ClientCertExpired, ClientCertUntrusted and the like), at least 5 % of all, with about as many different certificates as came through; a warning where others come through, or these have since, and where a client is cut off, however few its connections are; a note where these are few, and of certificates that expired long before the window.", "see whose certificates these are, and who issued them"},
	{"listener-certificate-does-not-cover-host", HopListener, Warn, Cause, "A rule asks for a host name that no certificate of its listener covers (SNI).", "add a certificate for the host to the listener"},
	{"requests-refused", HopListener, Warn, Symptom, "The balancer answers at least 5 % of all requests with 4xx by itself, for what clients send (headers or addresses that are too many, bodies that are too large or too slow, methods, desync mitigation), or most of those since some time in place of others, or AWS WAF blocks at least 90 % of them, or of those since some time in place of others; a note where a balancer in the internet had fewer of these than one a minute.", "see in the lines which clients these are, and what they send"},
	{"grpc-needs-https-listener", HopListener, Fail, Cause, "A target group of protocol version GRPC is behind a listener that is not HTTPS.", "lead to the group from an HTTPS listener"},
	{"protocol-version-mismatch", HopListener, Fail, Cause, "Requests end with 464: their protocol is not the protocol version of the target group; a warning where most requests to the group do not, or a note where these are few, but for those since some time in place of others.", "make a target group with the protocol version that clients speak, and lead to that"},
	{"rule-never-matches", HopRule, Warn, Cause, "A rule can never match, since one before it takes every request that it would.", "put the narrower rule first, or remove it"},
	{"rule-weights-all-zero", HopRule, Fail, Cause, "A forward action gives weight 0 to all of its target groups.", "give a group weight"},
	{"rule-weight-to-broken-group", HopRule, Fail, Cause, "A forward action gives weight to a target group without a usable target beside one that has some.", "give the group no weight until it has targets"},
	{"rule-fixed-response-error", HopRule, Warn, Cause, "A rule answers with a fixed 5xx, which looks like a failure and is none; or the default one with a fixed 4xx, and no request went to a target group, or none since some time; a note where a balancer in the internet had fewer of these than one a minute, and of 5xx, in the last minutes, too, fewer than 5 % of the requests, as of scanners.", "remove the rule if it is not meant"},
	{"rule-redirect-loop", HopRule, Fail, Cause, "Nearly all requests are redirected by a rule, or nearly all since some time in place of others, and most of these come again at once, from the same network and for the same URL.", "let what stands before the balancer speak HTTPS to it, as clients do to that: SSL mode Full in place of Flexible of Cloudflare, HTTPS in the origin protocol policy of CloudFront"},
	{"login-provider-fails", HopRule, Fail, Cause, "Requests end in an authenticate or JWT action since the identity provider was not reached, answered with an error, or with claims above 11 KB (500, 561, 562, and codes such as AuthTokenEpRequestTimeout); a warning where these are few, and not most since some time in place of others, or where logins have gone well since.", "compare issuer, end points, client ID and secret of the rule's action with those of the provider, and look at the provider's log"},
	{"login-refused", HopRule, Warn, Cause, "At least 5 % of all requests, or of those that a rule turned away or let through, or most of those since some time in place of others, of all or of such a rule, are refused by an authenticate or JWT action for what the client sent: no session, a cookie, state or token that is not valid (401, and codes such as AuthInvalidStateParam).", "see which clients these are, and whether they send the cookies of the login back to the same domain; whether the provider returns code and state, and whether token and rule name the same issuer"},
	{"redirect-without-listener", HopRule, Warn, Cause, "A rule redirects clients to a port of the same host, on which the balancer has no listener, or one that speaks another protocol.", "make a listener on that port that leads to a target group, or let the rule do so"},
	{"host-without-rule", HopRule, Warn, Cause, "At least 5 % of all requests are for a host that a certificate of the balancer is for and no rule asks for, so that the default rule turns them away with a fixed 4xx; a note where a balancer in the internet had fewer of these than one a minute.", "add the host to the rule that is to take it, such as the name with www beside the one without, or redirect it; take it out of DNS if nobody is to use it"},
	{"waf-blocks-large-bodies", HopRule, Warn, Cause, "Most requests that AWS WAF blocks are larger than the 8 KB of a body that it looks at, such as uploads.", "look in the web ACL's log or sampled requests for the rule that blocked these: where it is SizeRestrictions_BODY of the core rule set, or one with oversize handling MATCH, let it count, or leave out the paths that take large bodies, if these are safe there"},
	{"waf-errors", HopRule, Fail, Symptom, "Requests end with 5xx since the balancer got no verdict of AWS WAF (codes such as WAFConnectionTimeout, and the action waf-failed); a warning where these are few, and not most since some time in place of others, or where none has come since.", "look at AWS's health page for AWS WAF in the region, and ask AWS Support if it lasts; to let requests through unchecked meanwhile is for whoever answers for their safety"},

	// Target groups and their targets.
	{"target-group-none", HopTargetGroup, Fail, Cause, "No listener forwards to any target group, and none answers by itself.", "lead to a target group"},
	{"target-group-empty", HopTargetGroup, Fail, Cause, "A target group that a rule forwards to has no registered target. Where it is not seen to have had any, and a later rule leads the same requests to healthy targets, the commands put its rule behind that one.", "register targets, or lead to the group that has some; where Auto Scaling or ECS is to register them, see whether it names this group"},
	{"target-group-not-in-use", HopTargetGroup, Fail, Cause, "Targets are unused (Target.NotInUse), since no rule forwards to their group.", "lead to the group from a rule"},
	{"target-group-all-unused", HopTargetGroup, Fail, Symptom, "All targets of a group are in state unused.", "see why each target is unused"},
	{"target-group-all-draining", HopTargetGroup, Fail, Cause, "All targets of a group are deregistering, and no other one is usable.", "register targets; a deployment may have stopped half way"},
	{"target-group-fail-open", HopTargetGroup, Fail, Symptom, "All targets of a group that are in use are unhealthy, so that the balancer sends requests to all of these.", "mend the health checks, or the targets"},
	{"cross-zone-off-empty-zone", HopTargetGroup, Fail, Cause, "Cross-zone load balancing is off, and a zone of the balancer has no usable target; a note behind a Network Load Balancer while its name leads to other zones.", "register targets in the zone, or send across zones"},
	{"zonal-shift-active", HopTarget, Warn, Cause, "A zonal shift, or an autoshift of AWS, takes new traffic from the targets of a zone.", "register targets in other zones; end the shift when the zone is well"},
	{"target-zone-not-enabled", HopTarget, Fail, Cause, "A target stands in a zone that is not enabled for the balancer.", "enable the zone for the balancer, or register targets in others"},
	{"target-other-vpc", HopTarget, Fail, Cause, "An instance, or an address that its group's VPC does not have and no route leads to, is registered as a target.", "register targets of the group's VPC; of a peered one, by address"},
	{"target-address-gone", HopTarget, Fail, Cause, "Health checks of a target are not answered, and no network interface of the VPC has its address: what had it is gone, and was not deregistered.", "deregister it, and see why whoever registered it did not: ECS, or the AWS Load Balancer Controller of Kubernetes and its TargetGroupBinding"},
	{"target-not-registered", HopTarget, Fail, Cause, "The target asked for with --target is in none of the balancer's groups (Target.NotRegistered).", "register it"},
	{"target-invalid-state", HopTarget, Fail, Cause, "A target's instance is stopped or terminated (Target.InvalidState).", "start the instance, or register another one"},
	{"target-ip-unusable", HopTarget, Fail, Cause, "A target's address belongs to a load balancer (Target.IpUnusable).", "register another address"},
	{"target-draining", HopTarget, Note, Cause, "A target is deregistering (Target.DeregistrationInProgress).", "wait for the deregistration delay"},
	{"target-initial", HopTarget, Note, Cause, "A target is being registered, or has its first health checks (Elb.RegistrationInProgress, Elb.InitialHealthChecking).", "wait; if it lasts, look at the health check's port and path"},
	{"target-health-checks-disabled", HopTarget, Note, Cause, "Health checks of a target that is no function are disabled (Target.HealthCheckDisabled).", "enable them"},
	{"target-health-internal-error", HopTarget, Fail, Cause, "The balancer cannot check a target for a reason of its own (Elb.InternalError).", "wait; if it lasts, ask AWS Support"},
	{"target-health-timeout", HopTarget, Fail, Symptom, "Health checks of a target are not answered in time (Target.Timeout).", "look at the way to the health check port, then at how long the answer takes"},
	{"target-health-failed-checks", HopTarget, Fail, Symptom, "Connections of health checks are refused or broken off (Target.FailedHealthChecks); behind a Network Load Balancer, or not answered, or answered with a code that the matcher does not take; there, a note at nodes of Kubernetes that may have no pod of the service.", "see whether the process listens on the health check port, and speaks its protocol"},
	{"target-health-code-mismatch", HopTarget, Fail, Symptom, "A health check is answered with a code that does not count as success (Target.ResponseCodeMismatch), and no more is known of it.", "ask the path by hand, and mend path, application or matcher"},
	{"target-health-flapping", HopTarget, Fail, Cause, "Health checks of a target pass and fail in turn (health check logs); a warning where it is healthy now, and these logs have it pass for half of the window since.", "look at the target's load, and at how the check's answer comes about"},
	{"target-was-unhealthy", HopTarget, Warn, Symptom, "UnHealthyHostCount was above 0 on all nodes within the window, and all targets are healthy now; a note where no fewer were healthy then than right before, as while new ones start, or, while new ones take the place of others and no request fails, than at most times and now.", "look at what happened to the targets at that time"},
	{"health-check-port-hides-refusal", HopTarget, Fail, Cause, "The health check has a port of its own, which passes while the traffic port refuses.", "start what serves the traffic port; then check that port, if it answers the check"},
	{"target-port-refused", HopTarget, Fail, Cause, "The traffic port refuses connections: nothing listens there, or on another address only; a warning where its targets have answered since, or where these are one or two, or less than 0.5 % of the requests, in the last five minutes, too, and few of each target's.", "start the process, and let it listen on the port and on all addresses"},
	{"target-closes-connection", HopTarget, Fail, Cause, "Targets close the connection while a request is outstanding, or send a malformed answer (502), and no keep-alive race explains it; a warning where they have answered since, or where these are one or two, or less than 0.5 % of the requests, in the last five minutes, too, and few of each target's.", "look at the application's log for crashes and restarts at these times"},
	{"target-speaks-http1", HopTarget, Fail, Cause, "The protocol version of a target group is HTTP2 or GRPC, and a target seems to speak HTTP/1.1 only: it broke off all requests and health checks (502, Target.FailedHealthChecks), or was seen by --probe.", "make a target group of protocol version HTTP1 with the same targets and lead to that, or let the targets speak HTTP/2"},
	{"target-answers-5xx", HopTarget, Warn, Cause, "Targets themselves answer with 5xx: the application fails; with 502, 503 and 504, mostly what is behind a proxy on the target; a note where these are less than 1 % of the requests, in the last five minutes, too, and not most of those to a target, or of a minute, or of the newest ones, nor one in twenty of these where ten came within half an hour.", "look at the application's log"},
	{"target-redirect-loop", HopTarget, Fail, Cause, "Nearly all requests to a target group are redirected by its targets, or nearly all since some time in place of others, and most of these come again at once, from the same network and for the same URL.", "where the application, or a proxy on the target, redirects to HTTPS: let it trust the balancer's X-Forwarded-Proto (ingress-nginx: use-forwarded-headers; Django: SECURE_PROXY_SSL_HEADER; Rails, Laravel, Express: trusted proxies)"},
	{"target-far-slower", HopTarget, Warn, Symptom, "Half of a target's answers take a second or longer, and three of five take five times as long as half of the answers of half of its group or more, with a hundred requests or more to each.", "look at what is different at this target: load, memory, disk, CPU credits, version, what it waits for; replace it if nothing is found" + sendsLess},
	{"target-answers-not-found", HopTarget, Warn, Cause, "Targets of a group answer nearly all requests with 404, or nearly all since some time in place of others; a note where, of the whole window, a balancer in the internet had fewer of these than one a minute, as of scanners, or where only the default rule leads to the group, and other rules elsewhere.", "ask a target for the same host and path by hand: a path that a rule asks for arrives whole, so that the application has to serve it there (a base path), or the rule to rewrite it; a proxy on the target may choose by the host"},
	{"lambda-access-denied", HopTarget, Fail, Cause, "The balancer may not invoke the function of a target group (LambdaAccessDenied); a warning where the function has answered, or at least run, since.", "let the balancer invoke the function"},
	{"lambda-errors", HopTarget, Fail, Cause, "The function of a target group fails, is throttled, or returns no valid response; a warning where it has answered since, or where these are few.", "look at the function's log; of calls that were throttled, and of requests above 1 MB (LambdaRequestTooLarge), it has nothing: look at the function's concurrency, and at what is sent"},
	{"classic-instance-out-of-service", HopTarget, Fail, Symptom, "An instance of a Classic Load Balancer is OutOfService; a note at nodes of Kubernetes that may have no pod of the service.", "ask the health check by hand on the instance"},

	// The health check's settings.
	{"health-check-port-refused", HopTarget, Fail, Cause, "The health check has a port of its own, which refuses while the traffic port answers.", "check the traffic port, or let something listen on the health check port"},
	{"health-check-port-differs", HopTarget, Fail, Cause, "The health check has a port of its own, and its checks fail or time out.", "check the traffic port, or let something listen on the health check port"},
	{"health-check-protocol-mismatch", HopTarget, Fail, Cause, "The health check speaks another protocol than the traffic (HTTP against HTTPS), and fails.", "let the health check speak what the target speaks"},
	{"health-check-path-not-found", HopTarget, Fail, Cause, "The health check's path is answered with 404 or 410.", "ask for a path that is there"},
	{"health-check-redirect", HopTarget, Fail, Cause, "The health check's path is answered with a redirect (3xx), which the matcher does not take.", "ask for the path that it leads to, or let the matcher take the redirect"},
	{"health-check-unauthorized", HopTarget, Fail, Cause, "The health check's path is answered with 401, 403 or 407.", "ask for a path that needs no credentials"},
	{"health-check-server-error", HopTarget, Fail, Cause, "The health check's path is answered with 5xx; a note at nodes of Kubernetes that may have no pod of the service (503).", "look at the application's log: what the path tests fails"},
	{"health-check-matcher", HopTarget, Fail, Cause, "The health check is answered with another code that the matcher does not take.", "let the matcher take the code, if it means that all is well"},
	{"health-check-grpc-matcher", HopTarget, Fail, Cause, "A gRPC health check is answered with a status that the matcher does not take, or without one.", "let the matcher take the status, if it means that all is well"},
	{"health-check-timeout-not-below-interval", HopTarget, Warn, Cause, "The health check's timeout is not below its interval.", "make the timeout shorter than the interval"},
	{"health-check-timeout-too-short", HopTarget, Fail, Cause, "Health checks that pass take nearly as long as the timeout, and others time out.", "make the path answer faster, or the timeout longer, if requests are answered in time"},

	// The network between balancer and targets.
	{"balancer-sg-blocks-traffic-port", HopNetwork, Fail, Cause, "The balancer's security groups have no outbound rule to a target's traffic port.", "let the balancer out on the port"},
	{"balancer-sg-blocks-health-check-port", HopNetwork, Fail, Cause, "The balancer's security groups have no outbound rule to a target's health check port, where traffic goes to another one or in UDP.", "let the balancer out on the health check port"},
	{"balancer-sg-blocks-control-port", HopNetwork, Fail, Cause, "The balancer's security groups have no outbound rule to the target control port of a group with target optimizer.", "let the balancer out on the target control port"},
	{"target-sg-blocks-traffic-port", HopNetwork, Fail, Cause, "A target's security groups have no inbound rule for the balancer on the traffic port.", "let the balancer's security group in on the port"},
	{"target-sg-blocks-health-check-port", HopNetwork, Fail, Cause, "A target's security groups have no inbound rule for the balancer on the health check port, where traffic goes to another one, in UDP, or under the clients' addresses, or the target is another balancer.", "let the balancer's security group in on the health check port"},
	{"target-sg-blocks-control-port", HopNetwork, Fail, Cause, "A target's security groups have no inbound rule for the balancer on the target control port, and its group has target optimizer.", "let the balancer's security group in on the target control port"},
	{"target-sg-public-source", HopNetwork, Fail, Cause, "A target's security groups let in the balancer's public addresses, from which it never speaks to targets.", "let the balancer's security group in, in place of addresses"},
	{"nlb-client-addresses-blocked", HopNetwork, Fail, Cause, "The network load balancer keeps the clients' addresses, and the targets' security groups do not let clients in; a warning where they let in some, or a note if the balancer has no security group, and clients come.", "let clients in on the port, or do not preserve their addresses"},
	{"nlb-client-addresses-lost", HopNetwork, Fail, Cause, "The network load balancer keeps the clients' addresses, and reaches a target over a transit gateway, a VPN or an appliance, by which that does not work.", "do not preserve the clients' addresses (proxy protocol tells them, too), or register targets of the balancer's VPC or of a peered one"},
	{"acl-balancer-outbound-blocks-target-port", HopNetwork, Fail, Cause, "The network ACL of a balancer's subnet refuses what goes out to a target's traffic or health check port.", "let the balancer out to the port, in a rule before the one that refuses"},
	{"acl-balancer-outbound-blocks-control-port", HopNetwork, Fail, Cause, "The network ACL of a balancer's subnet refuses it to reach the target control port of target optimizer.", "let the balancer's subnets out on the target control port"},
	{"acl-balancer-inbound-blocks-ephemeral", HopNetwork, Fail, Cause, "The network ACL of a balancer's subnet refuses the targets' answers (ephemeral ports 1024-65535, inbound).", "let answers in on ports 1024-65535"},
	{"acl-target-inbound-blocks-traffic-port", HopNetwork, Fail, Cause, "The network ACL of a target's subnet refuses the balancer on the traffic port.", "let the balancer's subnets in on the port, in a rule before the one that refuses"},
	{"acl-target-inbound-blocks-health-check-port", HopNetwork, Fail, Cause, "The network ACL of a target's subnet refuses the balancer on the health check port, where traffic goes to another one, in UDP, or under the clients' addresses.", "let the balancer's subnets in on the health check port"},
	{"acl-target-inbound-blocks-control-port", HopNetwork, Fail, Cause, "The network ACL of a target's subnet refuses the balancer on the target control port of target optimizer.", "let the balancer's subnets in on the target control port"},
	{"acl-target-outbound-blocks-ephemeral", HopNetwork, Fail, Cause, "The network ACL of a target's subnet refuses answers to the balancer (ephemeral ports 1024-65535, outbound), or to clients whose addresses it sees; a warning where it lets out to these on some of the ports.", "let answers out on ports 1024-65535"},
	{"route-balancer-to-target", HopNetwork, Fail, Cause, "A balancer's subnet has no route to a target, or one into a black hole; or only one to a NAT gateway, behind which no target is healthy, and health checks are not answered.", "lead the route to where the targets are"},
	{"route-target-to-balancer", HopNetwork, Fail, Cause, "A target's subnet has no route back to a balancer's subnet, or one into a black hole, or only one to a NAT gateway.", "lead the route to where the balancer is"},
	{"target-connect-timeout", HopNetwork, Fail, Symptom, "Connections to targets are not established within 10 s (504 at the wall), and no setting that was looked at explains it; a warning where these targets have answered since, or where these are one or two, or less than 0.5 % of the requests, in the last five minutes, too, and few of each target's.", "look at the target's own firewall, its load, and whether the host is there"},
	{"nlb-sg-blocks-flows", HopNetwork, Fail, Symptom, "The network load balancer's security groups blocked flows to its targets (SecurityGroupBlockedFlowCount); a warning where these are less than 0.5 % of the new flows, in the last five minutes, too; inbound ones, which port scans are as well, are a note, or a warning where as many are blocked as come in.", "look at the rules of the balancer's security groups"},
	{"nlb-resets-connections", HopNetwork, Warn, Symptom, "The network load balancer reset TCP connections (TCP_ELB_Reset_Count) while metrics had no unhealthy target, at least one for twenty new flows: as it does where something comes on a connection that was idle for longer than the listener's idle timeout. A note where these are less than half as many as new flows.", "let clients or targets send TCP keep-alives more often than the idle timeout, or raise it (tcp.idle_timeout.seconds of a TCP listener, up to 6000); VPC flow logs tell which clients these are"},
	{"nlb-targets-reset-connections", HopNetwork, Note, Symptom, "Targets of a network load balancer reset TCP connections (TCP_Target_Reset_Count), at least one for two new flows.", "compare with days on which all was well: some applications end connections so; if it is new, see whether the port refuses connections, or the application breaks them off"},
	{"nlb-target-calls-itself", HopNetwork, Note, Cause, "An internal network load balancer keeps the clients' addresses: a target that is its client, or a pod on one, and is sent to itself, gets no connection.", "if targets, or pods on them, call this balancer and time out now and then: do not preserve the clients' addresses (proxy protocol tells them, too), once the targets' security groups let the balancer in; or call by another way"},
	{"nlb-port-allocation-errors", HopNetwork, Fail, Cause, "The network load balancer ran out of source ports to a target (PortAllocationErrorCount); a warning where that is less than 0.5 % of the new flows, in the last five minutes, too.", "add targets: each takes 55,000 connections from a node"},

	// TLS to the targets.
	{"target-tls-negotiation-fails", HopTargetTLS, Fail, Cause, "TLS between balancer and targets fails: they share no version or cipher, or the target speaks no TLS, or asks for a certificate of the balancer, which has none. Its certificate is not looked at. A warning where it mostly does not, in the last five minutes, too, or the targets have answered since.", "let the target speak TLS 1.2 with a usual cipher, or the group HTTP"},
	{"target-speaks-plain-http", HopTargetTLS, Fail, Cause, "The target group speaks HTTPS, and a target answers in plain HTTP (seen by --probe).", "let the target speak TLS, or make a group that speaks HTTP"},
	{"target-expects-tls", HopTargetTLS, Fail, Cause, "The target group speaks HTTP, and its targets expect TLS: a TLS port, with answers that are none or 400, health checks that pass in HTTPS on the traffic port, or seen by --probe; a warning where requests are answered, or all with 400 on a port where TLS is not usual.", "make a group that speaks HTTPS, or let the target speak HTTP"},

	// Timeouts.
	{"keep-alive-race", HopTimeouts, Fail, Cause, "502s at about 0 s are spread over all targets, and come as long as there is traffic: they close idle connections before the balancer's idle timeout. Of low confidence where they came a few times only, which restarts of targets, as in a deployment, look like, too. A warning where these are one or two, or less than 0.5 % of the requests, in the last five minutes, too.", "make the targets' keep-alive longer than the balancer's idle timeout: keepalive_timeout of nginx, server.keepAliveTimeout of Node.js, --keep-alive of gunicorn, --timeout-keep-alive of uvicorn, KeepAliveTimeout of Apache"},
	{"idle-timeout-reached", HopTimeouts, Fail, Cause, "504s end at the balancer's idle timeout: targets take longer to answer. Of a Classic Load Balancer, whose logs do not say when a request ended, every 504; a keep-alive race ends so, too. A warning where the targets have answered since, or where these are one or two, or less than 0.5 % of the requests, in the last five minutes, too, and few of each target's.", "make the application answer sooner; a longer timeout only if it is meant to take so long"},
	{"websocket-idle-timeout", HopTimeouts, Warn, Cause, "Most WebSockets that last for the balancer's idle timeout end just then: nothing came on them for so long.", "let the application, or the client, send a ping on each WebSocket more often than that; or raise the idle timeout (up to 4000 s), once the targets' keep-alive is longer"},
	{"deregistration-delay-too-short", HopTimeouts, Fail, Cause, "502s of targets that were deregistering, while requests take longer than the deregistration delay; a warning where they do not, and the targets stop before it has passed, or where it could not be read.", "make the delay longer than the longest request, and stop the process after it"},
	{"clients-gave-up", HopTimeouts, Warn, Symptom, "At least 5 % of the requests to a target group, or 0.5 % where a time limit ended most of these, in all or in the last five minutes, or 5 % since ten did within half an hour, or nine in ten of few, as at night, or most of those to a target, or of a minute, ended with 460: clients closed the connection before the answer.", "compare how long the targets take with the timeouts of the clients and of what stands between, such as a proxy or a CDN; look at what keeps the targets from answering"},

	// Metrics.
	{"target-connection-errors", HopMetrics, Fail, Symptom, "TargetConnectionErrorCount, or BackendConnectionErrors, is above 0, and the logs do not say of which target; a warning where these have ended, or are less than 0.5 % of the requests, in the last five minutes, too.", "switch access logs on, which name the target"},
	{"rejected-connections", HopMetrics, Fail, Cause, "RejectedConnectionCount is above 0: the balancer reached its number of connections; a warning where these have ended, or are less than 0.5 % of the requests, in the last five minutes, too.", "ask AWS Support for capacity, and look at what opens so many connections"},
	{"surge-queue-spillover", HopMetrics, Fail, Cause, "SpilloverCount is above 0: the Classic Load Balancer's queue overflowed, since its instances are too slow; a warning where these have ended, or are less than 0.5 % of the requests, in the last five minutes, too.", "add instances, or make them faster"},
	{"target-optimizer-rejects", HopMetrics, Fail, Cause, "TargetControlRequestRejectCount is above 0: of a group with target optimizer, no target was ready for one more request; a warning where these are less than 0.5 % of the requests, in the last five minutes, too.", "register more targets, or let the agents take more at a time (TARGET_CONTROL_MAX_CONCURRENCY) if the targets can"},
	{"target-control-channel-missing", HopMetrics, Fail, Symptom, "TargetControlActiveChannelCount is below the number of targets with target optimizer, or has no points while there are requests; a warning where there are some channels.", "see whether the agent runs on each target, and listens on the target control port (TARGET_CONTROL_CONTROL_ADDRESS)"},
	{"fail-open-routing", HopMetrics, Fail, Symptom, "UnhealthyRoutingRequestCount, or UnhealthyRoutingFlowCount of a Network Load Balancer, is above 0: requests or connections went to unhealthy targets; a warning where none is unhealthy now, or none of what came in the last five minutes did. What some nodes alone did is told as such, where others found no target unhealthy meanwhile.", "mend the health checks, or the targets"},
	{"balancer-5xx-not-in-logs", HopMetrics, Fail, Symptom, "CloudWatch counts 5xx of the balancer, and there are no logs that say why; a warning where these have ended, or are less than 0.5 % of the requests, in the last five minutes, too; a note where rules answer all requests with these statuses.", "switch access logs on, which say why"},
	{"balancer-5xx-after-logs", HopMetrics, Fail, Symptom, "CloudWatch counts 5xx of the balancer after the end of the newest log: logs come minutes later than metrics. A warning where these have ended, or are less than 0.5 % of the requests since, in the last five minutes, too; a note where rules answer with these statuses, as the logs have it of all before, and not many more since, nor some in place of requests, or where other findings explain most of each such status up to the logs' end, and not many more came since.", "ask again in a few minutes, when the logs of that time are there"},
	{"client-tls-negotiation-fails", HopMetrics, Warn, Cause, "ClientTLSNegotiationErrorCount is above 0, or the log of connections has TLS handshakes that failed, beside those of client-certificate-refused: clients do not agree with the listener's security policy or certificate, or it with theirs, where it verifies them; since when it is many times as much as before is told; a note where these are less than 5 % of the connections, or where a balancer in the internet had fewer of these than one a minute, and than requests, unless they are most of those of the last minutes, in place of others, or of a client that came through before and does no more.", "compare the listener's policy with what clients speak"},

	// Logs.
	{"no-usable-target", HopLogs, Fail, Symptom, "503s without a target are logged, and nothing that was looked at explains them now; a warning where targets have answered since.", "look at when targets were registered, and in which zones"},
	{"unexplained-failures", HopLogs, Fail, Symptom, "Failures are logged whose reason no other finding explains; a warning where no rule leads to their group any more, as after blue and green, or a note where these are 5xx of targets that target-answers-5xx would have as one.", "look at the lines: loglens raw"},
	{"logs-off", HopLogs, Note, Cause, "Access logs are switched off, so that a failure cannot be told by target.", "switch them on"},
	{"logs-health-check-off", HopLogs, Note, Cause, "Targets are unhealthy, and health check logs are switched off, which would say why.", "switch them on"},
	{"logs-bucket-missing", HopLogs, Warn, Cause, "The bucket that the access logs are to go to does not exist.", "make the bucket in the balancer's region, or name another"},
	{"logs-bucket-policy", HopLogs, Warn, Cause, "The policy of the access logs' bucket does not let the balancer write.", "let log delivery put objects below the prefix"},
	{"logs-stale", HopLogs, Warn, Cause, "There is traffic, and the newest log object is older than 30 minutes.", "look at the bucket's policy and encryption: only SSE-S3 is taken"},
	{"logs-incomplete", HopLogs, Warn, Cause, "The logs hold less than 90 % of the requests that CloudWatch counts, but for those of the last interval, whose objects may be on their way.", "log delivery is best effort; look at the bucket's policy if it lasts"},
}
