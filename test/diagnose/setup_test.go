//go:build moto

package diagnose

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// setup is what the lab's balancer must know of its configuration, read back
// from the emulator.
type setup struct {
	account, id string // "app/shop/50dc6c495c0c9188"; a classic one's is its name
	classic     bool
	idle        time.Duration
	listeners   []listener
	groups      map[string]*group // by ARN
}

type listener struct {
	ARN      string `xml:"ListenerArn"`
	Protocol string `xml:"Protocol"`
	Port     int    `xml:"Port"`
	rules    []rule // the default rule last
}

type rule struct {
	Priority   string `xml:"Priority"`
	Conditions []struct {
		Field  string   `xml:"Field"`
		Values []string `xml:"Values>member"`
		Hosts  []string `xml:"HostHeaderConfig>Values>member"`
		Paths  []string `xml:"PathPatternConfig>Values>member"`
	} `xml:"Conditions>member"`
	Actions []action `xml:"Actions>member"`
}

type action struct {
	Type   string `xml:"Type"`
	Group  string `xml:"TargetGroupArn"`
	Groups []struct {
		ARN    string `xml:"TargetGroupArn"`
		Weight int    `xml:"Weight"`
	} `xml:"ForwardConfig>TargetGroups>member"`
	Status string `xml:"FixedResponseConfig>StatusCode"`
}

type group struct {
	ARN        string `xml:"TargetGroupArn"`
	Name       string `xml:"TargetGroupName"`
	Type       string `xml:"TargetType"`
	Protocol   string `xml:"Protocol"`
	Version    string `xml:"ProtocolVersion"`
	Interval   int    `xml:"HealthCheckIntervalSeconds"`
	Timeout    int    `xml:"HealthCheckTimeoutSeconds"`
	Path       string `xml:"HealthCheckPath"`
	HealthPort string `xml:"HealthCheckPort"`
	HealthWith string `xml:"HealthCheckProtocol"`
	Codes      string `xml:"Matcher>HttpCode"`
	GRPC       string `xml:"Matcher>GrpcCode"`

	crossZone bool
	targets   []target
}

type target struct {
	ID    string `xml:"Target>Id"`
	Port  int    `xml:"Target>Port"`
	State string `xml:"TargetHealth>State"`

	address string
}

// zone is the zone of an address: the third number of the lab's addresses says it.
func zone(address string) string {
	n, err := strconv.Atoi(strings.Split(address, ".")[2])
	if err != nil {
		return ""
	}
	return region + string(rune('a'+n%10))
}

// query asks for one thing and puts what is found into a structure.
func query(ctx context.Context, account, service, action string, form url.Values, into any) error {
	answer, err := ask(ctx, account, service, action, form)
	if err != nil {
		return err
	}
	if err := xml.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("%s: %w: %s", action, err, answer)
	}
	return nil
}

// readSetup reads an application or network balancer's configuration.
func readSetup(ctx context.Context, account, balancer string) (*setup, error) {
	_, id, _ := strings.Cut(balancer, ":loadbalancer/")
	s := &setup{account: account, id: id, idle: time.Minute, groups: map[string]*group{}}
	var attributes struct {
		All []struct{ Key, Value string } `xml:"DescribeLoadBalancerAttributesResult>Attributes>member"`
	}
	var listeners struct {
		All []listener `xml:"DescribeListenersResult>Listeners>member"`
	}
	var groups struct {
		All []*group `xml:"DescribeTargetGroupsResult>TargetGroups>member"`
	}
	of := func() url.Values { return url.Values{"LoadBalancerArn": {balancer}} }
	if err := query(ctx, account, "elb", "DescribeLoadBalancerAttributes", of(), &attributes); err != nil {
		return nil, err
	}
	for _, a := range attributes.All {
		if a.Key == "idle_timeout.timeout_seconds" {
			n, err := strconv.Atoi(a.Value)
			if err != nil {
				return nil, err
			}
			s.idle = time.Duration(n) * time.Second
		}
	}
	if err := query(ctx, account, "elb", "DescribeListeners", of(), &listeners); err != nil {
		return nil, err
	}
	for _, l := range listeners.All {
		var rules struct {
			All []rule `xml:"DescribeRulesResult>Rules>member"`
		}
		if err := query(ctx, account, "elb", "DescribeRules", url.Values{"ListenerArn": {l.ARN}}, &rules); err != nil {
			return nil, err
		}
		l.rules = rules.All
		slices.SortStableFunc(l.rules, func(a, b rule) int { return a.order() - b.order() })
		s.listeners = append(s.listeners, l)
	}
	if err := query(ctx, account, "elb", "DescribeTargetGroups", url.Values{}, &groups); err != nil {
		return nil, err
	}
	for _, g := range groups.All {
		if err := g.read(ctx, account); err != nil {
			return nil, err
		}
		s.groups[g.ARN] = g
	}
	return s, nil
}

// read reads a group's targets and attributes.
func (g *group) read(ctx context.Context, account string) error {
	of := func() url.Values { return url.Values{"TargetGroupArn": {g.ARN}} }
	var healths struct {
		All []target `xml:"DescribeTargetHealthResult>TargetHealthDescriptions>member"`
	}
	if err := query(ctx, account, "elb", "DescribeTargetHealth", of(), &healths); err != nil {
		return err
	}
	g.targets = healths.All
	for i := range g.targets {
		t := &g.targets[i]
		t.address = t.ID
		if strings.HasPrefix(t.ID, "i-") {
			address, err := addressOf(ctx, account, t.ID)
			if err != nil {
				return err
			}
			t.address = address
		}
	}
	var attributes struct {
		All []struct{ Key, Value string } `xml:"DescribeTargetGroupAttributesResult>Attributes>member"`
	}
	if err := query(ctx, account, "elb", "DescribeTargetGroupAttributes", of(), &attributes); err != nil {
		return err
	}
	g.crossZone = true
	for _, a := range attributes.All {
		if a.Key == "load_balancing.cross_zone.enabled" && a.Value == "false" {
			g.crossZone = false
		}
	}
	return nil
}

// addressOf is an instance's address.
func addressOf(ctx context.Context, account, instance string) (string, error) {
	answer, err := ask(ctx, account, "ec2", "DescribeInstances", url.Values{"InstanceId.1": {instance}})
	if err != nil {
		return "", err
	}
	found := regexp.MustCompile(`<privateIpAddress>([^<]+)<`).FindSubmatch(answer)
	if found == nil {
		return "", fmt.Errorf("%s has no address: %s", instance, answer)
	}
	return string(found[1]), nil
}

// states counts a group's targets by their health.
func (g *group) states() (healthy, unhealthy int) {
	for _, t := range g.targets {
		switch t.State {
		case "healthy":
			healthy++
		case "unhealthy":
			unhealthy++
		}
	}
	return healthy, unhealthy
}

// order is the place of a rule; the default rule is the last one.
func (r rule) order() int {
	n, err := strconv.Atoi(r.Priority)
	if err != nil {
		return 1 << 20
	}
	return n
}

// matches says whether a rule takes a request.
func (r rule) matches(host, path string) bool {
	for _, c := range r.Conditions {
		patterns, against := append(slices.Clone(c.Values), c.Paths...), path
		if c.Field == "host-header" {
			patterns, against = append(slices.Clone(c.Values), c.Hosts...), host
		}
		if !slices.ContainsFunc(patterns, func(p string) bool { return glob(p, against) }) {
			return false
		}
	}
	return true
}

// glob matches as a rule does: * is anything, slashes too, and ? is one character.
func glob(pattern, text string) bool {
	quoted := regexp.QuoteMeta(pattern)
	quoted = strings.ReplaceAll(strings.ReplaceAll(quoted, `\*`, `.*`), `\?`, `.`)
	return regexp.MustCompile(`^(?s:` + quoted + `)$`).MatchString(text)
}
