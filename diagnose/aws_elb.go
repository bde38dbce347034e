package diagnose

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"loglens/ingest"
)

const describeBalancers = "elasticloadbalancing:DescribeLoadBalancers"

// find looks the balancer up, among the classic ones where the newer API has none.
func (c *collector) find(ctx context.Context, q ingest.BalancerQuery, which string) (isClassic bool, err error) {
	in := &elb.DescribeLoadBalancersInput{}
	switch {
	case q.ARN != "" && strings.Count(q.ARN, "/") > 1:
		in.LoadBalancerArns = []string{q.ARN}
	case q.Name != "":
		in.Names = []string{q.Name}
	}
	found, err := pages(ctx, elb.NewDescribeLoadBalancersPaginator(c.elb, in), func(out *elb.DescribeLoadBalancersOutput) ([]types.LoadBalancer, *string) {
		return out.LoadBalancers, out.NextMarker
	})
	if err != nil && !isCode(err, "LoadBalancerNotFound") {
		return false, ingest.Explain(ctx, err, c.caller, describeBalancers, "Elastic Load Balancing in "+c.caller.Region)
	}
	var near []string
	for _, b := range found {
		if q.Means(aws.ToString(b.LoadBalancerName), aws.ToString(b.LoadBalancerArn), aws.ToString(b.DNSName)) {
			c.snapshot.Balancer = balancerOf(b, c.caller.Region)
			return false, nil
		}
		near = append(near, aws.ToString(b.LoadBalancerName))
	}
	ok, names, err := c.findClassic(ctx, q)
	if ok || err != nil {
		return true, err
	}
	if all, err := c.elb.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{}); err == nil {
		for _, b := range all.LoadBalancers {
			near = append(near, aws.ToString(b.LoadBalancerName))
		}
	}
	return false, q.NotFound(which, c.caller, append(near, names...))
}

func balancerOf(b types.LoadBalancer, region string) Balancer {
	arn := aws.ToString(b.LoadBalancerArn)
	out := Balancer{
		Name: aws.ToString(b.LoadBalancerName), ARN: arn, ID: ingest.BalancerID(arn), Type: string(b.Type),
		DNSName: aws.ToString(b.DNSName), Scheme: string(b.Scheme), VPC: aws.ToString(b.VpcId), AddressType: string(b.IpAddressType),
		Region: region, SecurityGroups: sorted(b.SecurityGroups), Zones: []Zone{},
		LinkUnfiltered: aws.ToString(b.EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic) == "off",
	}
	if part := strings.SplitN(arn, ":", 6); len(part) == 6 {
		out.Region, out.Account = part[3], part[4]
	}
	if b.State != nil {
		out.State, out.StateReason = string(b.State.Code), aws.ToString(b.State.Reason)
	}
	for _, z := range b.AvailabilityZones {
		out.Zones = append(out.Zones, Zone{aws.ToString(z.ZoneName), aws.ToString(z.SubnetId)})
	}
	slices.SortFunc(out.Zones, func(a, b Zone) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Subnet, b.Subnet)) })
	return out
}

// sorted is a copy in order, never nil.
func sorted(list []string) []string {
	list = append([]string{}, list...)
	slices.Sort(list)
	return list
}

func (c *collector) attributes(ctx context.Context) error {
	out, err := c.elb.DescribeLoadBalancerAttributes(ctx, &elb.DescribeLoadBalancerAttributesInput{LoadBalancerArn: &c.snapshot.Balancer.ARN})
	if err != nil {
		return c.settle(ctx, err, "attributes of the load balancer", "elasticloadbalancing:DescribeLoadBalancerAttributes")
	}
	values := map[string]string{}
	for _, a := range out.Attributes {
		values[aws.ToString(a.Key)] = aws.ToString(a.Value)
	}
	c.put(func(s *Snapshot) { s.Balancer.Attributes = values })
	return nil
}

func (c *collector) listeners(ctx context.Context) error {
	found, err := pages(ctx, elb.NewDescribeListenersPaginator(c.elb, &elb.DescribeListenersInput{LoadBalancerArn: &c.snapshot.Balancer.ARN}), func(out *elb.DescribeListenersOutput) ([]types.Listener, *string) {
		return out.Listeners, out.NextMarker
	})
	if err != nil {
		c.put(func(s *Snapshot) { s.Listeners = nil })
		return c.settle(ctx, err, "listeners", "elasticloadbalancing:DescribeListeners")
	}
	list := make([]Listener, len(found))
	var all []func(context.Context) error
	for i, l := range found {
		list[i] = Listener{
			ARN: aws.ToString(l.ListenerArn), Port: int(aws.ToInt32(l.Port)), Protocol: string(l.Protocol), Policy: aws.ToString(l.SslPolicy),
			Rules: []Rule{{Priority: "default", Actions: actionsOf(l.DefaultActions)}},
		}
		if m := l.MutualAuthentication; m != nil {
			list[i].Mutual = aws.ToString(m.Mode)
		}
		for _, cert := range l.Certificates {
			list[i].Certificates = append(list[i].Certificates, aws.ToString(cert.CertificateArn))
		}
		if c.snapshot.Balancer.Type == Application {
			all = append(all, func(ctx context.Context) error { return c.rules(ctx, &list[i]) })
		}
		if c.snapshot.Balancer.Type == NetworkType && l.Protocol == types.ProtocolEnumTcp {
			all = append(all, func(ctx context.Context) error { return c.listenerIdle(ctx, &list[i]) })
		}
		if l.Protocol == types.ProtocolEnumHttps || l.Protocol == types.ProtocolEnumTls {
			all = append(all, func(ctx context.Context) error { return c.listenerCertificates(ctx, &list[i]) })
		}
	}
	if err := together(ctx, all...); err != nil {
		return err
	}
	slices.SortFunc(list, func(a, b Listener) int { return cmp.Or(cmp.Compare(a.Port, b.Port), cmp.Compare(a.ARN, b.ARN)) })
	c.put(func(s *Snapshot) { s.Listeners = list })
	return nil
}

// listenerIdle reads a listener's idle timeout.
func (c *collector) listenerIdle(ctx context.Context, l *Listener) error {
	out, err := c.elb.DescribeListenerAttributes(ctx, &elb.DescribeListenerAttributesInput{ListenerArn: &l.ARN})
	if err != nil {
		return c.settle(ctx, err, "idle timeouts of TCP listeners", describeListenerAttributes)
	}
	for _, a := range out.Attributes {
		if aws.ToString(a.Key) == attrTCPIdle {
			l.Idle, _ = strconv.Atoi(aws.ToString(a.Value)) // or it is not known
		}
	}
	return nil
}

// rules reads a listener's rules. What they compare headers and query strings with
// is often a secret that a CDN sends along, so that marks take its place.
func (c *collector) rules(ctx context.Context, l *Listener) error {
	arn := l.ARN
	found, err := pages(ctx, elb.NewDescribeRulesPaginator(c.elb, &elb.DescribeRulesInput{ListenerArn: &arn}), func(out *elb.DescribeRulesOutput) ([]types.Rule, *string) {
		return out.Rules, out.NextMarker
	})
	if err != nil || len(found) == 0 {
		return c.settle(ctx, err, fmt.Sprintf("rules of the listener on port %d", l.Port), describeRules)
	}
	marks := marker{}
	rules := make([]Rule, 0, len(found))
	slices.SortStableFunc(found, func(a, b types.Rule) int { return cmp.Compare(priority(a), priority(b)) })
	for _, r := range found {
		rule := Rule{ARN: aws.ToString(r.RuleArn), Priority: aws.ToString(r.Priority), Actions: actionsOf(r.Actions)}
		for _, cond := range r.Conditions {
			rule.Conditions = append(rule.Conditions, conditionsOf(cond, marks)...)
		}
		rule.Rewrites = slices.ContainsFunc(r.Transforms, func(t types.RuleTransform) bool { return t.Type == types.TransformTypeEnumUrlRewrite })
		rules = append(rules, rule)
	}
	l.Rules = rules
	return nil
}

// priority orders rules as they are tried.
func priority(r types.Rule) int {
	if n, err := strconv.Atoi(aws.ToString(r.Priority)); err == nil {
		return n
	}
	return 1 << 20 // "default"
}

// marker gives every text a mark, the same for the same text.
type marker map[string]string

func (m marker) of(s string) string {
	if m[s] == "" {
		m[s] = fmt.Sprintf("value %d", len(m)+1)
	}
	return m[s]
}

func conditionsOf(r types.RuleCondition, marks marker) (list []Condition) {
	field := aws.ToString(r.Field)
	add := func(name string, values, regexes []string, secret bool) {
		for i, part := range [][]string{values, regexes} {
			if len(part) == 0 {
				continue
			}
			c := Condition{Field: field, Name: name, Regex: i == 1}
			for _, v := range part {
				if secret {
					v = marks.of(v)
				}
				c.Values = append(c.Values, v)
			}
			list = append(list, c)
		}
	}
	switch {
	case r.HttpHeaderConfig != nil:
		add(aws.ToString(r.HttpHeaderConfig.HttpHeaderName), r.HttpHeaderConfig.Values, r.HttpHeaderConfig.RegexValues, true)
	case r.QueryStringConfig != nil:
		var pairs []string
		for _, p := range r.QueryStringConfig.Values {
			pairs = append(pairs, aws.ToString(p.Key)+"="+aws.ToString(p.Value))
		}
		add("", pairs, nil, true)
	case r.HostHeaderConfig != nil:
		add("", r.HostHeaderConfig.Values, append(r.HostHeaderConfig.RegexValues, r.RegexValues...), false)
	case r.PathPatternConfig != nil:
		var paths []string
		for _, p := range r.PathPatternConfig.Values {
			paths = append(paths, eachSecret(p, func(s string) string { return "{" + marks.of(s) + "}" }))
		}
		add("", paths, append(r.PathPatternConfig.RegexValues, r.RegexValues...), false)
	case r.HttpRequestMethodConfig != nil:
		add("", r.HttpRequestMethodConfig.Values, nil, false)
	case r.SourceIpConfig != nil:
		add("", r.SourceIpConfig.Values, nil, false)
	default:
		add("", r.Values, r.RegexValues, false)
	}
	return list
}

func actionsOf(actions []types.Action) []Action {
	list := []Action{}
	for _, a := range actions {
		out := Action{Type: string(a.Type)}
		switch {
		case a.FixedResponseConfig != nil:
			out.Status = aws.ToString(a.FixedResponseConfig.StatusCode)
		case a.RedirectConfig != nil:
			out.Status = strings.TrimPrefix(string(a.RedirectConfig.StatusCode), "HTTP_")
			out.To = locationOf(a.RedirectConfig)
		case a.ForwardConfig != nil && len(a.ForwardConfig.TargetGroups) > 0:
			groups := a.ForwardConfig.TargetGroups
			if s := a.ForwardConfig.TargetGroupStickinessConfig; s != nil {
				out.Sticky, out.Stays = aws.ToBool(s.Enabled), int(aws.ToInt32(s.DurationSeconds))
			}
			for _, g := range groups {
				weight := 1 // where there is one group, none is given
				if g.Weight != nil && (len(groups) > 1 || *g.Weight == 0 && a.TargetGroupArn == nil) {
					weight = int(*g.Weight)
				}
				out.Weights = append(out.Weights, Weight{aws.ToString(g.TargetGroupArn), weight})
			}
		case a.TargetGroupArn != nil:
			out.Weights = []Weight{{*a.TargetGroupArn, 1}}
		}
		list = append(list, out)
	}
	return list
}

func locationOf(r *types.RedirectActionConfig) *Location {
	path, query, _ := strings.Cut(redacted(cmp.Or(aws.ToString(r.Path), samePath)+"?"+cmp.Or(aws.ToString(r.Query), sameQuery)), "?")
	return &Location{cmp.Or(aws.ToString(r.Protocol), sameProtocol), cmp.Or(aws.ToString(r.Host), sameHost), cmp.Or(aws.ToString(r.Port), samePort), path, query}
}

// listenerCertificates adds those of the list, for SNI, which the default one may be in, too.
//
// Source: AWS, "DescribeListenerCertificates" of the Elastic Load Balancing API reference, read 2026-11.
func (c *collector) listenerCertificates(ctx context.Context, l *Listener) error {
	arn := l.ARN
	found, err := pages(ctx, elb.NewDescribeListenerCertificatesPaginator(c.elb, &elb.DescribeListenerCertificatesInput{ListenerArn: &arn}), func(out *elb.DescribeListenerCertificatesOutput) ([]types.Certificate, *string) {
		return out.Certificates, out.NextMarker
	})
	if err != nil {
		return c.settle(ctx, err, fmt.Sprintf("certificates of the listener on port %d", l.Port), describeCertificates)
	}
	for _, cert := range found {
		if !aws.ToBool(cert.IsDefault) {
			l.Certificates = append(l.Certificates, aws.ToString(cert.CertificateArn))
		}
	}
	return nil
}

const describeGroups = "elasticloadbalancing:DescribeTargetGroups"

// groups reads the target groups behind the balancer.
func (c *collector) groups(ctx context.Context) error {
	found, err := c.describeGroups(ctx, &elb.DescribeTargetGroupsInput{LoadBalancerArn: &c.snapshot.Balancer.ARN})
	if err != nil {
		c.put(func(s *Snapshot) { s.Groups = nil })
		return c.settle(ctx, err, "target groups", describeGroups)
	}
	list, err := c.withTargets(ctx, found)
	if err != nil {
		return err
	}
	c.put(func(s *Snapshot) { s.Groups = list })
	return nil
}

// named adds groups that a rule forwards to and that are not listed as behind the
// balancer.
func (c *collector) named(ctx context.Context) error {
	s := &c.snapshot
	if s.Groups == nil {
		return nil
	}
	var arns []string
	for _, a := range s.actions() {
		for _, w := range a.Weights {
			if !slices.ContainsFunc(s.Groups, func(g Group) bool { return g.ARN == w.Group }) {
				arns = append(arns, w.Group)
			}
		}
	}
	for part := range slices.Chunk(distinct(arns), mostNamed) {
		found, err := c.describeGroups(ctx, &elb.DescribeTargetGroupsInput{TargetGroupArns: part})
		if err != nil {
			return c.settle(ctx, err, "target groups that rules forward to", describeGroups)
		}
		list, err := c.withTargets(ctx, found)
		if err != nil {
			return err
		}
		s.Groups = append(s.Groups, list...)
	}
	slices.SortFunc(s.Groups, func(a, b Group) int { return cmp.Compare(a.ARN, b.ARN) })
	return nil
}

// mostNamed is how many groups can be asked for by name at once.
const mostNamed = 20

func (c *collector) describeGroups(ctx context.Context, in *elb.DescribeTargetGroupsInput) ([]types.TargetGroup, error) {
	return pages(ctx, elb.NewDescribeTargetGroupsPaginator(c.elb, in), func(out *elb.DescribeTargetGroupsOutput) ([]types.TargetGroup, *string) {
		return out.TargetGroups, out.NextMarker
	})
}

// withTargets asks for the attributes and targets of groups.
func (c *collector) withTargets(ctx context.Context, found []types.TargetGroup) ([]Group, error) {
	list := make([]Group, len(found))
	var all []func(context.Context) error
	for i, g := range found {
		list[i] = groupOf(g)
		all = append(all,
			func(ctx context.Context) error { return c.groupAttributes(ctx, &list[i]) },
			func(ctx context.Context) error { return c.targets(ctx, &list[i]) })
	}
	err := together(ctx, all...)
	slices.SortFunc(list, func(a, b Group) int { return cmp.Compare(a.ARN, b.ARN) })
	return list, err
}

func groupOf(g types.TargetGroup) Group {
	out := Group{
		ARN: aws.ToString(g.TargetGroupArn), Name: aws.ToString(g.TargetGroupName), Type: string(g.TargetType),
		Protocol: string(g.Protocol), Version: aws.ToString(g.ProtocolVersion), Port: int(aws.ToInt32(g.Port)), VPC: aws.ToString(g.VpcId),
		AddressType: string(g.IpAddressType), ControlPort: int(aws.ToInt32(g.TargetControlPort)),
		Check: HealthCheck{
			Enabled: g.HealthCheckEnabled == nil || *g.HealthCheckEnabled, Protocol: string(g.HealthCheckProtocol),
			Port: aws.ToString(g.HealthCheckPort), Path: aws.ToString(g.HealthCheckPath),
			Interval: int(aws.ToInt32(g.HealthCheckIntervalSeconds)), Timeout: int(aws.ToInt32(g.HealthCheckTimeoutSeconds)),
			Healthy: int(aws.ToInt32(g.HealthyThresholdCount)), Unhealthy: int(aws.ToInt32(g.UnhealthyThresholdCount)),
		},
	}
	if g.Matcher != nil {
		out.Check.Matcher = aws.ToString(g.Matcher.HttpCode) + aws.ToString(g.Matcher.GrpcCode)
	}
	return out
}

func (c *collector) groupAttributes(ctx context.Context, g *Group) error {
	out, err := c.elb.DescribeTargetGroupAttributes(ctx, &elb.DescribeTargetGroupAttributesInput{TargetGroupArn: &g.ARN})
	if err != nil {
		return c.settle(ctx, err, "attributes of target groups", "elasticloadbalancing:DescribeTargetGroupAttributes")
	}
	g.Attributes = map[string]string{}
	for _, a := range out.Attributes {
		g.Attributes[aws.ToString(a.Key)] = aws.ToString(a.Value)
	}
	return nil
}

func (c *collector) targets(ctx context.Context, g *Group) error {
	in := &elb.DescribeTargetHealthInput{TargetGroupArn: &g.ARN}
	if g.plain() || g.Protocol == "HTTPS" { // no others have anomaly detection
		in.Include = []types.DescribeTargetHealthInputIncludeEnum{types.DescribeTargetHealthInputIncludeEnumAnomaly}
	}
	out, err := c.elb.DescribeTargetHealth(ctx, in)
	if err != nil {
		return c.settle(ctx, err, "health of targets", "elasticloadbalancing:DescribeTargetHealth")
	}
	g.Targets = []Target{}
	for _, d := range out.TargetHealthDescriptions {
		t := Target{CheckPort: aws.ToString(d.HealthCheckPort)}
		if d.Target != nil {
			t.ID, t.Port, t.Zone = aws.ToString(d.Target.Id), int(aws.ToInt32(d.Target.Port)), aws.ToString(d.Target.AvailabilityZone)
		}
		if h := d.TargetHealth; h != nil {
			t.State, t.Reason, t.Description = string(h.State), string(h.Reason), aws.ToString(h.Description)
		}
		if o := d.AdministrativeOverride; o != nil && o.State != types.TargetAdministrativeOverrideStateEnumNoOverride {
			t.Override = string(o.State)
		}
		if a := d.AnomalyDetection; a != nil {
			t.Anomalous, t.Mitigated = a.Result == types.AnomalyResultEnumAnomalous, a.MitigationInEffect == types.MitigationInEffectEnumYes
		}
		g.Targets = append(g.Targets, t)
	}
	slices.SortFunc(g.Targets, func(a, b Target) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Port, b.Port)) })
	return nil
}

// more asks for groups of the VPC that are behind no balancer, where a group behind
// this one has no targets, or not the one that was asked about: a deployment may
// have filled one that no rule leads to.
func (c *collector) more(ctx context.Context, target string) error {
	s := &c.snapshot
	wanted := len(s.Groups) == 0
	seen := target == ""
	for _, g := range s.Groups {
		wanted = wanted || g.Targets != nil && len(g.Targets) == 0
		for _, t := range g.Targets {
			seen = seen || t.named(target)
		}
	}
	if s.Groups == nil || !wanted && seen {
		return nil
	}
	found, err := c.describeGroups(ctx, &elb.DescribeTargetGroupsInput{})
	if err != nil {
		return c.settle(ctx, err, idleGroups, describeGroups)
	}
	found = slices.DeleteFunc(found, func(g types.TargetGroup) bool {
		return len(g.LoadBalancerArns) > 0 || aws.ToString(g.VpcId) != s.Balancer.VPC ||
			slices.ContainsFunc(s.Groups, func(known Group) bool { return known.ARN == aws.ToString(g.TargetGroupArn) })
	})
	// An account may have hundreds that nobody cleared away.
	slices.SortFunc(found, func(a, b types.TargetGroup) int {
		return cmp.Compare(aws.ToString(a.TargetGroupArn), aws.ToString(b.TargetGroupArn))
	})
	if n := len(found); n > mostIdle {
		found = found[:mostIdle]
		s.Missing = append(s.Missing, Missing{What: idleGroups, Why: fmt.Sprintf("of %d in the VPC only the first %d by ARN were looked at", n, mostIdle)})
	}
	list, err := c.withTargets(ctx, found)
	s.Idle = list
	return err
}

// idleGroups names the groups that s.Idle has, where not all of them were read.
const idleGroups = "target groups behind no load balancer"

// mostIdle is how many groups behind no balancer are looked at.
const mostIdle = 20

// statusOf is the HTTP status of an error's response, 0 if there was none.
func statusOf(err error) int {
	var r *smithyhttp.ResponseError
	if errors.As(err, &r) && r.Response != nil && r.Response.Response != nil {
		return r.HTTPStatusCode()
	}
	return 0
}

// isGone reports whether an error says that something does not exist.
func isGone(err error, codes ...string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && slices.Contains(codes, api.ErrorCode()) || statusOf(err) == http.StatusNotFound
}

func isCode(err error, code string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == code
}
