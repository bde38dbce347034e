package ingest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"

	"loglens/parse"
)

// Balancer is a load balancer and where its logs go.
type Balancer struct {
	Name    string // "shop-prod"
	ARN     string
	DNSName string
	ID      string // "app/shop-prod/50dc6c495c0c9188", as in its log lines
	Type    string // "application", "network", "gateway"
	Account string // 12 digits
	Region  string
	Created time.Time

	Logs []BalancerLog // those that were asked for and that its type has, at least one
}

// BalancerLog is one of a balancer's logs, and where it goes.
type BalancerLog struct {
	Kind    parse.Kind
	Enabled bool   // it is written to S3
	Bucket  string // where to; may be set though Enabled is not
	Prefix  string // "" if none
}

// Sources are the places in S3 that hold the balancer's logs, each once, as
// NewSources takes them. Others may log to the same place: Plan.LoadBalancer
// tells them apart.
func (b Balancer) Sources() []string {
	var places []string
	for _, l := range b.Logs {
		place := "s3://" + l.Bucket + "/" + folder(strings.Trim(l.Prefix, "/")) + "AWSLogs/" + b.Account + "/elasticloadbalancing/" + b.Region
		if l.Enabled && l.Bucket != "" && !slices.Contains(places, place) {
			places = append(places, place)
		}
	}
	return places
}

// balancerLogs are the logs that balancers of a type write to S3, and the
// beginning of the attributes that say where to.
//
// Source: AWS, "LoadBalancerAttribute" of the Elastic Load Balancing API, and
// "Enable health check logs", read 2026-11.
var balancerLogs = []struct {
	kind      parse.Kind
	balancer  types.LoadBalancerTypeEnum
	attribute string
	name      string
}{
	{parse.KindAccess, types.LoadBalancerTypeEnumApplication, "access_logs.s3.", "access logs"},
	{parse.KindConnection, types.LoadBalancerTypeEnumApplication, "connection_logs.s3.", "connection logs"},
	{parse.KindHealthCheck, types.LoadBalancerTypeEnumApplication, "health_check_logs.s3.", "health check logs"},
	{parse.KindNLB, types.LoadBalancerTypeEnumNetwork, "access_logs.s3.", "access logs"},
}

// LogsOffError says: the balancer writes none of the logs asked for to S3.
type LogsOffError struct {
	Balancer Balancer
	Caller   Caller // who asked, in its region
}

func (e *LogsOffError) Error() string {
	var off []string
	for _, l := range balancerLogs {
		if e.Balancer.log(l.kind) != nil {
			off = append(off, l.name)
		}
	}
	return "load balancer " + e.Balancer.Name + ": " + strings.Join(off, " and ") + " are off"
}

// Hint is the command that turns the logs on.
func (e *LogsOffError) Hint() string {
	b := e.Balancer
	args := []string{"--load-balancer-arn", b.ARN, "--attributes"}
	for _, l := range balancerLogs {
		if off := b.log(l.kind); off != nil {
			args = append(args, "Key="+l.attribute+"enabled,Value=true", "Key="+l.attribute+"bucket,Value="+cmp.Or(off.Bucket, "BUCKET"))
		}
	}
	return e.Caller.Command("elbv2", "modify-load-balancer-attributes", args...)
}

// log is one of the balancer's logs; nil if it was not asked for.
func (b Balancer) log(k parse.Kind) *BalancerLog {
	for i := range b.Logs {
		if b.Logs[i].Kind == k {
			return &b.Logs[i]
		}
	}
	return nil
}

// BalancerTypeError says: a balancer of this type has none of the logs asked for.
type BalancerTypeError struct {
	Balancer Balancer
	Kinds    KindSet // asked for
}

func (e *BalancerTypeError) Error() string {
	b, why := e.Balancer, "writes no log of the kind that this question needs"
	switch {
	case b.Type == string(types.LoadBalancerTypeEnumNetwork) && e.Kinds.Has(parse.KindAccess):
		return "load balancer " + b.Name + ": a network load balancer's logs name no target, so they cannot tell which one fails"
	case b.Type == string(types.LoadBalancerTypeEnumGateway):
		why = "writes no log"
	}
	return "load balancer " + b.Name + ": it is of type " + b.Type + ", which " + why
}

// Hint says what to ask instead.
func (e *BalancerTypeError) Hint() string {
	if e.Balancer.Type == string(types.LoadBalancerTypeEnumApplication) {
		return "name a network load balancer"
	}
	return "name the application load balancer behind it, or look at its CloudWatch metrics and the VPC flow logs"
}

// FindBalancer looks a load balancer up by name, "app/name/id", ARN or DNS name,
// and where it writes the wanted logs. The region is that of the ARN or the DNS
// name if they tell one, else the configuration's. Classic Load Balancers are
// not found: they have an API of their own.
//
// It is no error if only some of the wanted logs are off: Balancer.Logs tells.
//
// Errors: *NotFoundError, *BalancerTypeError (none of these logs exists for such
// a balancer), *LogsOffError (all of them are off; these two come with the
// Balancer), *AccessError, *CredentialsError, *UnreachableError, *SourceError.
func FindBalancer(ctx context.Context, a AWS, which string, kinds KindSet) (Balancer, error) {
	q, cfg, err := a.BalancerConfig(ctx, which)
	if err != nil {
		return Balancer{}, err
	}
	f := balancerFinder{which: which, caller: a.Caller(cfg.Region), client: elb.NewFromConfig(cfg, func(o *elb.Options) {
		if a.EndpointURL != "" {
			o.BaseEndpoint = &a.EndpointURL
		}
	})}
	found, err := f.find(ctx, q)
	if err != nil {
		return Balancer{}, err
	}
	b := describe(found)
	for _, l := range balancerLogs {
		if string(l.balancer) == b.Type && kinds.Has(l.kind) {
			b.Logs = append(b.Logs, BalancerLog{Kind: l.kind})
		}
	}
	if len(b.Logs) == 0 {
		return b, &BalancerTypeError{b, kinds}
	}
	if err := f.logs(ctx, b); err != nil {
		return b, err
	}
	if len(b.Sources()) == 0 {
		return b, &LogsOffError{b, f.caller}
	}
	return b, nil
}

// BalancerConfig is Config for the region of a balancer, and what its name says. Errors
// are those of ReadBalancer and Config, and a *SourceError if nothing tells the region.
func (a AWS) BalancerConfig(ctx context.Context, which string) (q BalancerQuery, cfg aws.Config, err error) {
	if q, err = ReadBalancer(which); err != nil {
		return q, cfg, err
	}
	if cfg, err = a.Config(ctx); err != nil {
		return q, cfg, err
	}
	if q.Region != "" {
		cfg.Region = q.Region
	}
	if cfg.Region == "" {
		err = &SourceError{Spec: which, Reason: "in which region is this load balancer?", Next: "name it with --region, or give the ARN"}
	}
	return q, cfg, err
}

// BalancerQuery is what a user's word for a balancer says.
type BalancerQuery struct {
	Name, ARN, DNS string // one of them is set
	ID             string // "app/name/id", beside Name
	Region         string // if the word tells it
}

// ReadBalancer understands a name, "app/name/id", an ARN or a DNS name. The error
// is a *SourceError.
func ReadBalancer(which string) (BalancerQuery, error) {
	switch part := strings.Split(which, ":"); {
	case which == "":
		return BalancerQuery{}, &SourceError{Spec: `""`, Reason: "names no load balancer", Next: "--lb NAME, ARN or DNS name"}
	case strings.HasPrefix(which, "arn:"):
		if len(part) != 6 || part[2] != "elasticloadbalancing" || !strings.HasPrefix(part[5], "loadbalancer/") || !isWord(part[3]) {
			return BalancerQuery{}, &SourceError{Spec: which, Reason: "not the ARN of a load balancer", Next: "arn:aws:elasticloadbalancing:REGION:ACCOUNT:loadbalancer/app/NAME/ID"}
		}
		return BalancerQuery{ARN: which, Region: part[3]}, nil
	case strings.Contains(which, "/"):
		part := strings.Split(which, "/")
		if len(part) != 3 || !isWord(part[1]) || !isWord(part[2]) {
			return BalancerQuery{}, &SourceError{Spec: which, Reason: "not the name of a load balancer", Next: "--lb NAME, app/NAME/ID, ARN or DNS name"}
		}
		return BalancerQuery{Name: part[1], ID: which}, nil
	case strings.Contains(which, "."):
		dns := plainDNS(which)
		return BalancerQuery{DNS: dns, Region: regionOfDNS(dns)}, nil
	case !isWord(which):
		return BalancerQuery{}, &SourceError{Spec: which, Reason: "not the name of a load balancer", Next: "--lb NAME, ARN or DNS name"}
	}
	return BalancerQuery{Name: which}, nil
}

// Means reports whether it is the balancer with this name, ARN and DNS name.
func (q BalancerQuery) Means(name, arn, dns string) bool {
	switch {
	case q.ARN != "":
		return arn == q.ARN
	case q.DNS != "":
		return plainDNS(dns) == q.DNS
	}
	return name == q.Name && (q.ID == "" || BalancerID(arn) == q.ID)
}

// plainDNS is a DNS name as Elastic Load Balancing gives it.
func plainDNS(s string) string {
	return strings.TrimPrefix(strings.TrimSuffix(strings.ToLower(s), "."), "dualstack.")
}

// regionOfDNS is the region in "name-1.eu-west-1.elb.amazonaws.com" or
// "name-1.elb.eu-west-1.amazonaws.com"; "" in any other name.
func regionOfDNS(dns string) string {
	part := strings.Split(dns, ".")
	at := slices.Index(part, "elb")
	if at < 1 || at+1 == len(part) || !slices.Contains(part, "amazonaws") {
		return ""
	}
	if part[at+1] == "amazonaws" {
		return part[at-1]
	}
	return part[at+1]
}

// labelOfDNS cuts the first label of a balancer's DNS name, "name-1234567890" or
// "internal-name-1234567890", and of a network balancer "name-id", with the id of its
// ARN. dns is as plainDNS gives it, so the name is in lower case, whatever it was.
func labelOfDNS(dns string) (name, last string, network bool) {
	label, rest, _ := strings.Cut(dns, ".")
	name = strings.TrimPrefix(label, "internal-")
	if i := strings.LastIndexByte(name, '-'); i > 0 {
		name, last = name[:i], name[i+1:]
	}
	return name, last, strings.HasPrefix(rest, "elb.") && len(last) == 16
}

// NotFound is the error of a balancer that is not there: which is what the user
// typed, and names are those that there are.
func (q BalancerQuery) NotFound(which string, caller Caller, names []string) *NotFoundError {
	word := q.Name
	switch {
	case q.ARN != "":
		part := strings.Split(q.ARN, "/")
		word = part[len(part)/2]
	case q.DNS != "":
		word, _, _ = strings.Cut(q.DNS, ".")
	}
	return &NotFoundError{
		What: "no such load balancer in " + caller.Region,
		Name: which,
		Near: Nearest(word, names),
		Next: caller.Command("elbv2", "describe-load-balancers", "--query", "LoadBalancers[].LoadBalancerName") + "; another region with --region",
	}
}

// balancerFinder asks Elastic Load Balancing.
type balancerFinder struct {
	which  string
	caller Caller // in the region that is asked
	client *elb.Client
}

func (f balancerFinder) find(ctx context.Context, q BalancerQuery) (types.LoadBalancer, error) {
	in := &elb.DescribeLoadBalancersInput{}
	switch {
	case q.ARN != "":
		in.LoadBalancerArns = []string{q.ARN}
	case q.Name != "":
		in.Names = []string{q.Name}
	}
	tokens := make(map[string]bool)
	var near []string
	for {
		out, err := f.client.DescribeLoadBalancers(ctx, in)
		var api smithy.APIError
		if errors.As(err, &api) && api.ErrorCode() == "LoadBalancerNotFound" {
			return types.LoadBalancer{}, f.notFound(q, f.names(ctx))
		}
		if err != nil {
			return types.LoadBalancer{}, f.explain(ctx, err, "elasticloadbalancing:DescribeLoadBalancers")
		}
		for _, b := range out.LoadBalancers {
			if q.Means(aws.ToString(b.LoadBalancerName), aws.ToString(b.LoadBalancerArn), aws.ToString(b.DNSName)) {
				return b, nil
			}
			near = append(near, aws.ToString(b.LoadBalancerName))
		}
		marker := aws.ToString(out.NextMarker)
		if marker == "" || tokens[marker] {
			return types.LoadBalancer{}, f.notFound(q, near)
		}
		tokens[marker] = true
		in.Marker = &marker
	}
}

// notFound does not say that there is none: it may be a classic balancer.
func (f balancerFinder) notFound(q BalancerQuery, names []string) error {
	err := q.NotFound(f.which, f.caller, names)
	err.What = "no such application or network load balancer in " + f.caller.Region + "; of a Classic one, name the bucket beside --lb"
	return err
}

// logs reads the attributes that say where the logs go.
func (f balancerFinder) logs(ctx context.Context, b Balancer) error {
	out, err := f.client.DescribeLoadBalancerAttributes(ctx, &elb.DescribeLoadBalancerAttributesInput{LoadBalancerArn: &b.ARN})
	if err != nil {
		return f.explain(ctx, err, "elasticloadbalancing:DescribeLoadBalancerAttributes")
	}
	value := make(map[string]string)
	for _, a := range out.Attributes {
		value[aws.ToString(a.Key)] = aws.ToString(a.Value)
	}
	for _, l := range balancerLogs {
		if log := b.log(l.kind); log != nil {
			log.Enabled = value[l.attribute+"enabled"] == "true"
			log.Bucket, log.Prefix = value[l.attribute+"bucket"], value[l.attribute+"prefix"]
		}
	}
	return nil
}

func (f balancerFinder) explain(ctx context.Context, err error, action string) error {
	return Explain(ctx, err, f.caller, action, "Elastic Load Balancing in "+f.caller.Region)
}

// names is one page of balancers' names, for a hint; nil if they may not be listed.
func (f balancerFinder) names(ctx context.Context) []string {
	out, err := f.client.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{})
	if err != nil {
		return nil
	}
	var names []string
	for _, b := range out.LoadBalancers {
		names = append(names, aws.ToString(b.LoadBalancerName))
	}
	return names
}

// describe takes over what DescribeLoadBalancers says.
func describe(b types.LoadBalancer) Balancer {
	arn := aws.ToString(b.LoadBalancerArn)
	out := Balancer{
		Name: aws.ToString(b.LoadBalancerName), ARN: arn, DNSName: aws.ToString(b.DNSName),
		ID: BalancerID(arn), Type: string(b.Type), Created: aws.ToTime(b.CreatedTime),
	}
	if part := strings.SplitN(arn, ":", 6); len(part) == 6 {
		out.Region, out.Account = part[3], part[4]
	}
	return out
}

// BalancerID is the "app/name/id" of an ARN, or a classic balancer's bare name.
func BalancerID(arn string) string {
	_, id, _ := strings.Cut(arn, ":loadbalancer/")
	return id
}
