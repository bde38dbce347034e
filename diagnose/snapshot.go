package diagnose

import (
	"time"
)

// SnapshotSchema names the form of a saved Snapshot: within a version fields are
// only ever added.
const SnapshotSchema = "loglens.snapshot/1"

// Snapshot is all that a diagnosis rests on, at one moment. It holds no
// credentials, no user data, no bodies of fixed responses and no values that rules
// compare headers or query strings with, which are often shared secrets. Texts
// come from AWS and from log lines and are hostile.
//
// What could not be asked for is absent, and stands in Missing: nil is not none.
type Snapshot struct {
	Schema string    `json:"schema"`
	Taken  time.Time `json:"taken"` // UTC
	From   time.Time `json:"from"`  // window of metrics and logs, half-open, UTC
	Until  time.Time `json:"until"`
	Target string    `json:"target,omitempty"` // "IP:PORT" that was asked about; "" for all

	// Profile is the profile of AWS's configuration that was named, which the commands have
	// to name as well: without it they would change another account. "" for none.
	Profile string `json:"profile,omitempty"`

	// Role is the ARN of the role that was assumed on top, which no option of AWS's commands
	// does: they have to be given its credentials. "" for none.
	Role string `json:"role,omitempty"`

	// ExternalID is the external ID that the role was assumed with, which commands of loglens
	// have to give again. It is no secret. "" for none.
	//
	// Source: AWS, "Access to AWS accounts owned by third parties" of the IAM guide, read 2026-11.
	ExternalID string `json:"external_id,omitempty"`

	Balancer     Balancer      `json:"balancer"`
	Listeners    []Listener    `json:"listeners"`
	Certificates []Certificate `json:"certificates,omitempty"`
	Groups       []Group       `json:"groups"`               // behind the balancer
	Idle         []Group       `json:"idle,omitempty"`       // in the balancer's VPC and behind no balancer; asked for only where that may explain something
	Network      Network       `json:"network"`              //
	Metrics      []Series      `json:"metrics"`              // nil if they could not be read
	Bucket       *Bucket       `json:"bucket,omitempty"`     // where the access logs go; nil if nowhere, or not known
	Logs         *Logs         `json:"logs,omitempty"`       // nil if there are none to read
	Handshakes   *Handshakes   `json:"handshakes,omitempty"` // nil if no log of connections was read
	Probes       []Probe       `json:"probes,omitempty"`

	Missing []Missing   `json:"missing"`
	Calls   []CallCount `json:"calls"`
}

// Missing is a question that was not answered.
type Missing struct {
	What   string `json:"what"`             // "network ACLs"
	Action string `json:"action,omitempty"` // IAM action of the call; "" if none was made
	Denied bool   `json:"denied,omitempty"` // for want of the permission Action
	Why    string `json:"why"`
}

// CallCount says how often AWS was asked, repeats after throttling not counted.
type CallCount struct {
	Action string `json:"action"`
	Count  int    `json:"count"`
}

// Types of load balancers, as AWS spells them but for classic ones, which have an
// API of their own.
const (
	Application = "application"
	NetworkType = "network"
	Gateway     = "gateway"
	Classic     = "classic"
)

// Balancer is a load balancer. A classic one's settings stand under the names of
// the newer API, see Attributes.
type Balancer struct {
	Name           string            `json:"name"`
	ARN            string            `json:"arn"` // "" for a classic one
	ID             string            `json:"id"`  // as in its log lines: "app/name/id"
	Type           string            `json:"type"`
	DNSName        string            `json:"dns_name"`
	Scheme         string            `json:"scheme"` // internet-facing, internal
	State          string            `json:"state"`
	StateReason    string            `json:"state_reason,omitempty"`
	VPC            string            `json:"vpc"`
	Region         string            `json:"region"`
	Account        string            `json:"account"`
	AddressType    string            `json:"address_type"` // ipv4, dualstack, …
	SecurityGroups []string          `json:"security_groups"`
	Zones          []Zone            `json:"zones"`
	LinkUnfiltered bool              `json:"link_unfiltered,omitempty"` // inbound rules of the groups do not hold for what comes by PrivateLink
	Attributes     map[string]string `json:"attributes"`                // nil if they could not be read
}

// Zone is a zone that a balancer is enabled in. The zone's name is not known for a
// classic balancer.
type Zone struct {
	Name   string `json:"name"`
	Subnet string `json:"subnet"`
}

// Listener is a listener with its rules; those of a classic or network balancer
// have the default rule only.
type Listener struct {
	ARN          string   `json:"arn"`
	Port         int      `json:"port"`
	Protocol     string   `json:"protocol"`
	Policy       string   `json:"policy,omitempty"`       // TLS security policy
	Certificates []string `json:"certificates,omitempty"` // ARNs, the default first, and once more if it is in the list for SNI, too
	Idle         int      `json:"idle,omitempty"`         // seconds until a TCP listener forgets a connection on which nothing comes; 0 if not known
	Mutual       string   `json:"mutual,omitempty"`       // whether clients need a certificate, too: off, passthrough, verify; "" if not known
	Rules        []Rule   `json:"rules"`                  // by priority, the default last
}

// Rule is a listener's rule.
type Rule struct {
	ARN        string      `json:"arn"`
	Priority   string      `json:"priority"` // "1" to "50000", or "default"
	Conditions []Condition `json:"conditions,omitempty"`
	Actions    []Action    `json:"actions"`
	Rewrites   bool        `json:"rewrites,omitempty"` // the URL that targets are asked for is another one
}

// Condition is what a request must have. All of a rule's conditions must hold, and
// one value of each.
type Condition struct {
	Field  string   `json:"field"`          // host-header, path-pattern, …
	Name   string   `json:"name,omitempty"` // of the header
	Values []string `json:"values"`         // of headers and query strings: a mark in place of each, the same for the same value
	Regex  bool     `json:"regex,omitempty"`
}

// Action is what a rule does.
type Action struct {
	Type    string    `json:"type"`             // forward, fixed-response, redirect, authenticate-oidc, …
	Status  string    `json:"status,omitempty"` // of a fixed response or redirect
	To      *Location `json:"to,omitempty"`     // of a redirect; nil if not known
	Weights []Weight  `json:"weights,omitempty"`
	Sticky  bool      `json:"sticky,omitempty"`     // requests of a client stay in one group
	Stays   int       `json:"sticky_for,omitempty"` // for so many seconds; 0 if not known
}

// Location is where a redirect leads. A part such as #{host} stays as it was. What may be a
// secret of the path, and values of the query, are left out.
type Location struct {
	Protocol string `json:"protocol"`
	Host     string `json:"host"`
	Port     string `json:"port"`
	Path     string `json:"path"`
	Query    string `json:"query"`
}

// actions are those of all rules of all listeners.
func (s *Snapshot) actions() (list []Action) {
	for _, l := range s.Listeners {
		for _, r := range l.Rules {
			list = append(list, r.Actions...)
		}
	}
	return list
}

// Weight is the part that a group has of a forward action.
type Weight struct {
	Group  string `json:"group"` // ARN
	Weight int    `json:"weight"`
}

// Certificate is a certificate of a listener, as AWS Certificate Manager knows it.
type Certificate struct {
	ARN      string    `json:"arn"`
	Status   string    `json:"status"`
	NotAfter time.Time `json:"not_after"` // zero if not known
	Names    []string  `json:"names"`
	Key      string    `json:"key,omitempty"` // algorithm of its key, such as RSA_2048 and EC_prime256v1; "" if not known
}

// Group is a target group. A classic balancer has one for each instance port, with
// the balancer's only health check.
type Group struct {
	ARN         string            `json:"arn"`
	Name        string            `json:"name"`
	Type        string            `json:"type"` // instance, ip, lambda, alb
	Protocol    string            `json:"protocol"`
	Version     string            `json:"version,omitempty"` // HTTP1, HTTP2, GRPC
	Port        int               `json:"port"`
	ControlPort int               `json:"control_port,omitempty"` // of the agents of target optimizer; 0 without it
	VPC         string            `json:"vpc"`
	AddressType string            `json:"address_type,omitempty"` // ipv4, ipv6
	Check       HealthCheck       `json:"check"`
	Policies    []string          `json:"policies,omitempty"` // of a classic balancer on its port: back-end authentication, proxy protocol
	Attributes  map[string]string `json:"attributes"`         // nil if they could not be read
	Targets     []Target          `json:"targets"`            // nil if they could not be read
}

// HealthCheck is how a group's targets are checked. Times are in seconds.
type HealthCheck struct {
	Enabled   bool   `json:"enabled"`
	Protocol  string `json:"protocol"`
	Port      string `json:"port"` // "traffic-port" or a number
	Path      string `json:"path,omitempty"`
	Matcher   string `json:"matcher,omitempty"` // "200", "200-399", "200,301"; gRPC: "12", "0-99"
	Interval  int    `json:"interval"`
	Timeout   int    `json:"timeout"`
	Healthy   int    `json:"healthy"`
	Unhealthy int    `json:"unhealthy"`
}

// Target is a registered target and what the balancer thinks of it.
type Target struct {
	ID          string `json:"id"` // instance ID, address or ARN
	Port        int    `json:"port,omitempty"`
	Zone        string `json:"zone,omitempty"` // "all" for an address outside of the VPC
	State       string `json:"state"`
	Reason      string `json:"reason,omitempty"`
	Description string `json:"description,omitempty"`
	Override    string `json:"override,omitempty"` // administrative: "zonal_shift_active"; empty for none
	CheckPort   string `json:"check_port,omitempty"`
	Anomalous   bool   `json:"anomalous,omitempty"` // it fails requests more often than others of the group do
	Mitigated   bool   `json:"mitigated,omitempty"` // it gets less traffic for that
}

// Network is what lies between balancer and targets. A nil list could not be read.
type Network struct {
	VPCs           []VPC           `json:"vpcs"`
	Subnets        []Subnet        `json:"subnets"`
	SecurityGroups []SecurityGroup `json:"security_groups"`
	ACLs           []ACL           `json:"acls"`
	RouteTables    []RouteTable    `json:"route_tables"`
	Interfaces     []Interface     `json:"interfaces"`
	Instances      []Instance      `json:"instances"`
	PrefixLists    []PrefixList    `json:"prefix_lists"`
}

// VPC is a network, with all its address ranges.
type VPC struct {
	ID    string   `json:"id"`
	CIDRs []string `json:"cidrs"`
}

// Subnet is a part of a VPC in one zone.
type Subnet struct {
	ID    string   `json:"id"`
	VPC   string   `json:"vpc"`
	Zone  string   `json:"zone"`
	CIDRs []string `json:"cidrs"` // IPv4, then IPv6
	Free  int      `json:"free"`  // IPv4 addresses

	PublicAccess string `json:"public_access,omitempty"` // block-bidirectional or block-ingress; empty if it is not blocked
	Shared       bool   `json:"shared,omitempty"`        // by another account, whose interfaces and those of others are not seen
}

// SecurityGroup is a list of permissions; what none permits is refused.
type SecurityGroup struct {
	ID      string       `json:"id"`
	Name    string       `json:"name"`
	VPC     string       `json:"vpc"`
	Ingress []Permission `json:"ingress"`
	Egress  []Permission `json:"egress"`
}

// Permission lets some ports be reached from, or to, some peers.
type Permission struct {
	Protocol    string   `json:"protocol"` // tcp, udp, icmp, "-1" for all, or a number
	From        int      `json:"from"`     // ports, both included; no meaning for protocol -1
	To          int      `json:"to"`
	CIDRs       []string `json:"cidrs,omitempty"` // of both families
	Groups      []string `json:"groups,omitempty"`
	PrefixLists []string `json:"prefix_lists,omitempty"`
}

// ACL is a network ACL: rules for what crosses the border of its subnets, in
// either direction, where the first that matches decides.
type ACL struct {
	ID      string     `json:"id"`
	VPC     string     `json:"vpc"`
	Default bool       `json:"default"`
	Subnets []string   `json:"subnets"`
	Entries []ACLEntry `json:"entries"`
}

// ACLEntry is a rule of a network ACL.
type ACLEntry struct {
	Number   int    `json:"number"` // 32767 is the last of IPv4, and 32768 of IPv6: they cannot be changed
	Egress   bool   `json:"egress"`
	Allow    bool   `json:"allow"`
	Protocol string `json:"protocol"` // number, "-1" for all
	CIDR     string `json:"cidr"`
	From     int    `json:"from"` // ports, both included; no meaning for protocols without
	To       int    `json:"to"`
}

// RouteTable says where subnets send what is not for themselves.
type RouteTable struct {
	ID      string   `json:"id"`
	VPC     string   `json:"vpc"`
	Main    bool     `json:"main"` // for subnets that no table names
	Subnets []string `json:"subnets"`
	Routes  []Route  `json:"routes"`
}

// Route is a line of a route table.
type Route struct {
	Destination string `json:"destination"` // CIDR or prefix list
	Via         string `json:"via"`         // local, igw-…, nat-…, pcx-…, …
	State       string `json:"state"`       // active, blackhole
}

// Interface is a network interface: of a target, or of a node of the balancer.
type Interface struct {
	ID             string   `json:"id"`
	Node           bool     `json:"node"`             // of the balancer
	Behind         string   `json:"behind,omitempty"` // ARN of the balancer that it is a node of, which is a target of this one; "" for none
	VPC            string   `json:"vpc"`
	Subnet         string   `json:"subnet"`
	Zone           string   `json:"zone"`
	Addresses      []string `json:"addresses"` // private
	Public         []string `json:"public,omitempty"`
	SecurityGroups []string `json:"security_groups"`
}

// Instance is a target's instance with its primary interface.
type Instance struct {
	ID             string   `json:"id"`
	State          string   `json:"state"`
	VPC            string   `json:"vpc"`
	Subnet         string   `json:"subnet"`
	Zone           string   `json:"zone"`
	Address        string   `json:"address"` // private
	IPv6           string   `json:"ipv6,omitempty"`
	SecurityGroups []string `json:"security_groups"`
}

// PrefixList is a named list of address ranges.
type PrefixList struct {
	ID    string   `json:"id"`
	CIDRs []string `json:"cidrs"`
}

// Series is one metric with exactly these dimensions. A minute without a point
// had nothing to count, or nothing was published: it is not zero.
type Series struct {
	Name   string  `json:"name"`
	Group  string  `json:"group,omitempty"` // ARN of the target group; "" for all of the balancer
	Stat   string  `json:"stat"`            // Sum, Minimum, Maximum, Average
	Period int     `json:"period"`          // seconds
	Points []Point `json:"points"`          // by time
}

// Point is a value of a metric in the period that begins at Time.
type Point struct {
	Time  time.Time `json:"time"`
	Value float64   `json:"value"`
}

// Bucket is where a balancer's access logs go.
type Bucket struct {
	Name   string `json:"name"`
	Exists bool   `json:"exists"`
	Policy string `json:"policy"` // allows, denies, none, "" if not known
}

// Logs is what the logs of the window come to.
type Logs struct {
	Access        bool      `json:"access"`  // access logs were read
	Checks        bool      `json:"checks"`  // health check logs were read
	Objects       int64     `json:"objects"` //
	ObjectsFailed int64     `json:"objects_failed"`
	ChecksFailed  int64     `json:"checks_failed,omitempty"`        // those among them that have health checks
	NotIngested   int64     `json:"not_ingested_seconds,omitempty"` // of the window, for which a store was never filled
	Lines         int64     `json:"lines"`                          // = Parsed + Rejected + Skipped
	Parsed        int64     `json:"parsed"`
	Rejected      int64     `json:"rejected"`
	Skipped       int64     `json:"skipped"`
	Newest        time.Time `json:"newest"` // end of the newest object's interval; zero if no name says so
	Last          time.Time `json:"last"`   // the last request; zero if none
	Warnings      []string  `json:"warnings,omitempty"`

	Traffic  []Traffic  `json:"traffic"`
	Failures []Failure  `json:"failures"`
	Minutes  []Minute   `json:"minutes"`
	Health   []LogCheck `json:"health"`

	StrayHosts []StrayHost     `json:"stray_hosts,omitempty"`  // the most frequent ones
	Redirects  []Redirects     `json:"redirects,omitempty"`    // looked for only where nearly all requests, of a target or of all, are redirected
	Sockets    []Sockets       `json:"sockets,omitempty"`      // looked for only where WebSockets are no small part of the requests
	WAFRoutes  []WAFRoute      `json:"waf_routes,omitempty"`   // looked for only where AWS WAF blocked many requests of one
	ShutOut    []ShutOut       `json:"shut_out,omitempty"`     // looked for only where the balancer's settings do not let in everybody
	IPv6       *IPv6Clients    `json:"ipv6_clients,omitempty"` // looked for only where the balancer's settings keep such clients out
	Alike      []Alike         `json:"alike,omitempty"`        // looked for only where nearly all failures of a group for a reason have something in common
	Surges     []Surge         `json:"surges,omitempty"`       // the largest first
	Slower     []Slower        `json:"slower,omitempty"`       // one of a group, at most
	Young      []YoungFailures `json:"young,omitempty"`        // looked for only where targets came while others were there
	Late       []Late          `json:"late,omitempty"`         // of groups nearly all of whose requests were redirected, or answered with 4xx, up to the end, in place of others
}

// Traffic counts all requests of a target; group and target may be absent.
type Traffic struct {
	Group    string    `json:"group"` // ARN
	Target   string    `json:"target"`
	Requests int64     `json:"requests"`
	Slowest  float64   `json:"slowest"` // seconds until the target began to answer; -1 if it never did
	First    time.Time `json:"first"`   // zero if not known
	Last     time.Time `json:"last"`

	BadRequests int64 `json:"bad_requests,omitempty"` // that the target answered with 400; looked for only where nearly all ended with 4xx
	NotFound    int64 `json:"not_found,omitempty"`    // with 404; alike

	Median float64 `json:"median,omitempty"` // seconds until the target began to answer, of half of its answers; 0 if not known
	Low    float64 `json:"low,omitempty"`    // of two fifths of them
}

// Redirects counts requests that were redirected: by a group's targets, or by a rule, or by the
// targets of a Classic Load Balancer.
type Redirects struct {
	Group    string `json:"group"` // ARN; "" if none
	Requests int64  `json:"requests"`
	Repeated int64  `json:"repeated"` // those among them that came five times or more within four seconds, from the same network and for the same URL
}

// Alike counts requests to a group that failed for a reason and have something in common, and all to it that have.
type Alike struct {
	Group    string `json:"group"` // ARN; "" behind a Classic Load Balancer
	Reason   string `json:"reason"`
	Trait    string `json:"trait"` // route: the path without what names single things, as relation request has it; program: the user agent; client: the address
	Value    string `json:"value"` // without what may be a secret
	Failures int64  `json:"failures"`
	Requests int64  `json:"requests"`
}

// Late counts requests since some time up to the last one: to a group, or of all logs, of which these are redirected
// by rules.
type Late struct {
	Group      string    `json:"group"` // ARN; "" for all, and behind a Classic Load Balancer
	Since      time.Time `json:"since"`
	Requests   int64     `json:"requests"`
	Redirected int64     `json:"redirected"`
	Repeated   int64     `json:"repeated"`  // as in Redirects
	NotFound   int64     `json:"not_found"` // that the target answered with 404
}

// StrayHost counts requests that a default rule turned away by itself with 4xx, for a host that a
// certificate of the listener is for.
type StrayHost struct {
	Name     string `json:"name"`
	Status   int64  `json:"status"`
	Requests int64  `json:"requests"`
}

// Sockets counts WebSockets that have ended.
type Sockets struct {
	Group  string `json:"group"` // ARN
	Count  int64  `json:"count"`
	Lasted int64  `json:"lasted"` // for the balancer's idle timeout, or longer
	Idle   int64  `json:"idle"`   // those among them that ended then, or within three seconds
}

// Failure counts failing requests that have all in common that is not counted.
type Failure struct {
	Group        string    `json:"group"` // ARN; "" if none
	Target       string    `json:"target"`
	Node         string    `json:"node"`
	Status       int64     `json:"status"`        // of the balancer; -1 if none
	TargetStatus int64     `json:"target_status"` // -1 if none
	Reason       string    `json:"reason"`
	Class        string    `json:"class"`
	Source       string    `json:"source"` // logged, derived
	Count        int64     `json:"count"`
	Quick        int64     `json:"quick"`   // ended within 0.1 s
	Connect      int64     `json:"connect"` // ended at 10 s, the balancer's connect timeout
	Idle         int64     `json:"idle"`    // ended at the balancer's idle timeout
	First        time.Time `json:"first"`
	Last         time.Time `json:"last"`

	// Of those that the target itself ended, or the client: how many took a second or longer,
	// and from when to when the middle half of these ended, in seconds.
	Slow int64   `json:"slow,omitempty"`
	Low  float64 `json:"low,omitempty"`
	High float64 `json:"high,omitempty"`

	// Of those of the class policy.
	Rule     string `json:"rule,omitempty"`     // priority of the rule that matched, "0" for the default one; "" if not known
	Listener string `json:"listener,omitempty"` // its listener's protocol, HTTP or HTTPS; "" if not known
	Large    int64  `json:"large,omitempty"`    // how many of those that AWS WAF blocked were larger than the 8 KB of a body that it looks at

	Apart apartness `json:"-"` // see setApart
}

// Minute counts a group's requests, and failures by status, within a minute.
type Minute struct {
	Minute   time.Time        `json:"minute"`
	Group    string           `json:"group"`
	Requests int64            `json:"requests"`
	Reasons  map[string]int64 `json:"reasons,omitempty"`  // failing requests by reason
	Statuses map[string]int64 `json:"statuses,omitempty"` // failing requests that the balancer answered, by its status

	Unconnected map[string]int64 `json:"unconnected,omitempty"` // those for Target_Connection_Error, by target
	Later       int64            `json:"later,omitempty"`       // those for Target_Closed_Connection that did not end within 0.1 s; looked for only where others did

	Redirected int64 `json:"redirected,omitempty"` // answered with 3xx
	Refused    int64 `json:"refused,omitempty"`    // answered with 4xx by the target

	Idle int64 `json:"-"` // those for Target_Connection_Error that were idle connections which targets closed, see setApart
}

// LogCheck counts health checks of a target by how they ended.
type LogCheck struct {
	Group   string  `json:"group"` // name
	Target  string  `json:"target"`
	Pass    bool    `json:"pass"`
	Reason  string  `json:"reason,omitempty"`
	Code    int64   `json:"code"` // that the target answered; -1 if none
	Checks  int64   `json:"checks"`
	Slowest float64 `json:"slowest"` // seconds
	Flaps   int64   `json:"flaps"`   // changes between pass and fail of this target, at the node that saw most

	LastFlap time.Time `json:"last_flap"` // the last of these; zero if none, or not known
	Last     time.Time `json:"last"`      // the newest check; zero if not known
}

// Handshakes is what a log of connections of the window comes to: how many TLS handshakes of clients came through, and
// why others did not.
type Handshakes struct {
	Objects       int64    `json:"objects"`
	ObjectsFailed int64    `json:"objects_failed"`
	NotIngested   int64    `json:"not_ingested_seconds,omitempty"` // as in Logs
	Lines         int64    `json:"lines"`                          // = Parsed + Rejected + Skipped
	Parsed        int64    `json:"parsed"`
	Rejected      int64    `json:"rejected"`
	Skipped       int64    `json:"skipped"`
	Warnings      []string `json:"warnings,omitempty"`

	Connections  int64 `json:"connections"`            // over TLS, those that failed included
	Certificates int64 `json:"certificates,omitempty"` // how many names of certificates came through that none of Failing has; looked for only where some failed often

	Protocols []ProtocolUse `json:"protocols,omitempty"` // in which handshakes came through; looked for only where some failed often

	Causes  []HandshakeCause  `json:"causes"`  // the most frequent first
	Failing []FailingClient   `json:"failing"` // those that failed most: ten with a certificate, ten without
	Minutes []HandshakeMinute `json:"minutes"` // by time
}

// HandshakeCause counts handshakes that failed for a cause.
type HandshakeCause struct {
	Cause        string    `json:"cause"` // as in the report tls
	Count        int64     `json:"count"`
	Clients      int64     `json:"clients"`      // addresses
	Certificates int64     `json:"certificates"` // different ones of clients
	First        time.Time `json:"first"`
	Last         time.Time `json:"last"`
}

// FailingClient counts handshakes that failed for a cause, of a certificate, or without one of an address.
type FailingClient struct {
	Cause     string    `json:"cause"`
	Subject   string    `json:"subject,omitempty"` // "" without a certificate
	Serial    string    `json:"serial,omitempty"`
	NotBefore time.Time `json:"not_before"` // zero if not told
	NotAfter  time.Time `json:"not_after"`
	Addresses []string  `json:"addresses"` // those from which most came, three at most
	Clients   int64     `json:"clients"`   // addresses
	Count     int64     `json:"count"`
	First     time.Time `json:"first"`
	Last      time.Time `json:"last"`

	Passed     int64     `json:"passed"`             // handshakes with the same subject that came through, or, without one, of the same address, with or without a certificate
	LastPassed time.Time `json:"last_passed"`        // the last of these; zero if none
	Protocol   string    `json:"protocol,omitempty"` // of this one: TLSv1.2
}

// ProtocolUse counts handshakes that came through in a version of TLS.
type ProtocolUse struct {
	Protocol string    `json:"protocol"`
	Count    int64     `json:"count"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
}

// HandshakeMinute counts handshakes within a minute.
type HandshakeMinute struct {
	Minute  time.Time `json:"minute"`
	Passed  int64     `json:"passed"`
	Refused int64     `json:"refused,omitempty"` // for the client's certificate
	Failed  int64     `json:"failed,omitempty"`  // for other causes
}

// Probe is how a target answered loglens itself.
type Probe struct {
	Group   string `json:"group"` // ARN
	Target  string `json:"target"`
	Check   bool   `json:"check"` // the health check's port and path; else the traffic port
	Address string `json:"address"`
	Outcome string `json:"outcome"` // see the Probe constants
	Code    int    `json:"code,omitempty"`
	Millis  int64  `json:"millis"`
}

// How a probe can end.
const (
	ProbeAnswered  = "answered"  // HTTP, with Code
	ProbeConnected = "connected" // TCP or TLS, nothing asked
	ProbeRefused   = "refused"
	ProbeTimeout   = "timeout"
	ProbeClosed    = "closed"     // without an answer
	ProbePlain     = "plain-http" // where TLS was spoken
	ProbeTLS       = "tls"        // where plain HTTP was spoken
	ProbeHTTP1     = "http1-only" // where HTTP/2 was spoken
	ProbeTLSFailed = "tls-failed" // no version or cipher in common
	ProbeNoTLS     = "no-tls"     // nor HTTP, where TLS was spoken
	ProbeFailed    = "failed"

	ProbeNoCertificate = "no-certificate" // of ours, which it asks for
)
