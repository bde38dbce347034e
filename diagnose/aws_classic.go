package diagnose

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	classic "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
	"github.com/aws/smithy-go"

	"loglens/ingest"
)

// findClassic looks a Classic Load Balancer up, and reads it whole. It is written
// down in the terms of the newer API, so that the same checks apply. near are names
// that there are.
func (c *collector) findClassic(ctx context.Context, q ingest.BalancerQuery) (ok bool, near []string, err error) {
	in := &classic.DescribeLoadBalancersInput{}
	arn := func(name string) string { return "" }
	switch {
	case q.ID != "" || strings.Count(q.ARN, "/") > 1:
		return false, nil, nil // no classic one has such a name
	case q.ARN != "":
		_, name, _ := strings.Cut(q.ARN, "/")
		in.LoadBalancerNames = []string{name}
		arn = func(string) string { return q.ARN }
	case q.Name != "":
		in.LoadBalancerNames = []string{q.Name}
	}
	found, err := pages(ctx, classic.NewDescribeLoadBalancersPaginator(c.classic, in), func(out *classic.DescribeLoadBalancersOutput) ([]types.LoadBalancerDescription, *string) {
		return out.LoadBalancerDescriptions, out.NextMarker
	})
	var api smithy.APIError
	if errors.As(err, &api) && strings.Contains(api.ErrorCode(), "NotFound") {
		return false, nil, nil
	}
	if err != nil {
		return false, nil, ingest.Explain(ctx, err, c.caller, describeBalancers, "Classic Load Balancers in "+c.caller.Region)
	}
	for _, b := range found {
		name := aws.ToString(b.LoadBalancerName)
		if q.Means(name, arn(name), aws.ToString(b.DNSName)) {
			return true, nil, c.takeClassic(ctx, b, q)
		}
		near = append(near, name)
	}
	return false, near, nil
}

// takeClassic reads attributes and instances of a balancer that was found.
func (c *collector) takeClassic(ctx context.Context, b types.LoadBalancerDescription, q ingest.BalancerQuery) error {
	name := aws.ToString(b.LoadBalancerName)
	out := Balancer{
		Name: name, ID: name, Type: Classic, DNSName: aws.ToString(b.DNSName), Scheme: aws.ToString(b.Scheme), State: "active",
		VPC: aws.ToString(b.VPCId), Region: c.caller.Region, AddressType: "ipv4", SecurityGroups: sorted(b.SecurityGroups), Zones: []Zone{},
	}
	if part := strings.SplitN(q.ARN, ":", 6); len(part) == 6 {
		out.Account = part[4]
	} else if b.SourceSecurityGroup != nil {
		out.Account = aws.ToString(b.SourceSecurityGroup.OwnerAlias)
	}
	for _, subnet := range sorted(b.Subnets) {
		out.Zones = append(out.Zones, Zone{Subnet: subnet})
	}
	c.snapshot.Balancer = out
	c.snapshot.Listeners, c.snapshot.Groups = classicListeners(b)
	return together(ctx, c.classicAttributes, c.instanceHealth)
}

// classicListeners makes a group of every instance port. All share the balancer's
// only health check.
func classicListeners(b types.LoadBalancerDescription) (listeners []Listener, groups []Group) {
	listeners, groups = []Listener{}, []Group{}
	name := aws.ToString(b.LoadBalancerName)
	for _, d := range b.ListenerDescriptions {
		if d.Listener == nil {
			continue
		}
		port := int(aws.ToInt32(d.Listener.InstancePort))
		id := fmt.Sprintf("%s:%d", name, port)
		l := Listener{
			Port: int(d.Listener.LoadBalancerPort), Protocol: strings.ToUpper(aws.ToString(d.Listener.Protocol)),
			Rules: []Rule{{Priority: "default", Actions: []Action{{Type: "forward", Weights: []Weight{{id, 1}}}}}},
		}
		if cert := aws.ToString(d.Listener.SSLCertificateId); cert != "" {
			l.Certificates = []string{cert}
		}
		listeners = append(listeners, l)
		if slices.ContainsFunc(groups, func(g Group) bool { return g.ARN == id }) {
			continue
		}
		g := Group{
			ARN: id, Name: id, Type: "instance", Port: port, VPC: aws.ToString(b.VPCId), AddressType: "ipv4",
			Protocol: strings.ToUpper(cmp.Or(aws.ToString(d.Listener.InstanceProtocol), aws.ToString(d.Listener.Protocol))),
			Check:    classicCheck(b.HealthCheck), Attributes: map[string]string{},
		}
		for _, s := range b.BackendServerDescriptions {
			if int(aws.ToInt32(s.InstancePort)) == port {
				g.Policies = sorted(s.PolicyNames)
			}
		}
		groups = append(groups, g)
	}
	slices.SortFunc(listeners, func(a, b Listener) int { return cmp.Compare(a.Port, b.Port) })
	slices.SortFunc(groups, func(a, b Group) int { return cmp.Compare(a.ARN, b.ARN) })
	return listeners, groups
}

// classicCheck reads a target such as "HTTP:8080/health" or "TCP:80".
func classicCheck(h *types.HealthCheck) HealthCheck {
	if h == nil {
		return HealthCheck{}
	}
	protocol, rest, _ := strings.Cut(aws.ToString(h.Target), ":")
	port, path, _ := strings.Cut(rest, "/")
	out := HealthCheck{
		Enabled: true, Protocol: strings.ToUpper(protocol), Port: port,
		Interval: int(aws.ToInt32(h.Interval)), Timeout: int(aws.ToInt32(h.Timeout)),
		Healthy: int(aws.ToInt32(h.HealthyThreshold)), Unhealthy: int(aws.ToInt32(h.UnhealthyThreshold)),
	}
	if strings.HasPrefix(out.Protocol, "HTTP") {
		out.Path, out.Matcher = "/"+path, "200"
	}
	return out
}

func (c *collector) classicAttributes(ctx context.Context) error {
	out, err := c.classic.DescribeLoadBalancerAttributes(ctx, &classic.DescribeLoadBalancerAttributesInput{LoadBalancerName: &c.snapshot.Balancer.Name})
	if err != nil {
		return c.settle(ctx, err, "attributes of the load balancer", "elasticloadbalancing:DescribeLoadBalancerAttributes")
	}
	values := map[string]string{}
	draining := ""
	if a := out.LoadBalancerAttributes; a != nil {
		if l := a.AccessLog; l != nil {
			values["access_logs.s3.enabled"] = strconv.FormatBool(l.Enabled)
			values["access_logs.s3.bucket"], values["access_logs.s3.prefix"] = aws.ToString(l.S3BucketName), aws.ToString(l.S3BucketPrefix)
			if l.EmitInterval != nil {
				values["access_logs.s3.emit_interval"] = strconv.Itoa(int(*l.EmitInterval))
			}
		}
		if s := a.ConnectionSettings; s != nil && s.IdleTimeout != nil {
			values[attrIdle] = strconv.Itoa(int(*s.IdleTimeout))
		}
		if z := a.CrossZoneLoadBalancing; z != nil {
			values[attrCrossZone] = strconv.FormatBool(z.Enabled)
		}
		if d := a.ConnectionDraining; d != nil {
			if draining = "0"; d.Enabled && d.Timeout != nil {
				draining = strconv.Itoa(int(*d.Timeout))
			}
		}
	}
	c.put(func(s *Snapshot) {
		s.Balancer.Attributes = values
		for i := range s.Groups {
			if draining != "" {
				s.Groups[i].Attributes[attrDelay] = draining
			}
		}
	})
	return nil
}

func (c *collector) instanceHealth(ctx context.Context) error {
	out, err := c.classic.DescribeInstanceHealth(ctx, &classic.DescribeInstanceHealthInput{LoadBalancerName: &c.snapshot.Balancer.Name})
	if err != nil {
		return c.settle(ctx, err, "health of targets", "elasticloadbalancing:DescribeInstanceHealth")
	}
	c.put(func(s *Snapshot) {
		for i := range s.Groups {
			g := &s.Groups[i]
			g.Targets = []Target{}
			for _, st := range out.InstanceStates {
				g.Targets = append(g.Targets, Target{
					ID: aws.ToString(st.InstanceId), Port: g.Port, State: aws.ToString(st.State),
					Reason: aws.ToString(st.ReasonCode), Description: aws.ToString(st.Description), CheckPort: g.Check.Port,
				})
			}
			slices.SortFunc(g.Targets, func(a, b Target) int { return cmp.Compare(a.ID, b.ID) })
		}
	})
	return nil
}
