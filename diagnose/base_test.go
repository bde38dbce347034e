package diagnose

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

// The set-up that the tests change: an application balancer in two zones before
// two targets on port 8080, all of it healthy, with an hour of logs and metrics.
const (
	balancerARN = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/shop/50dc6c495c0c9188"
	webARN      = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/web/cd18ee8d310e74a0"
	newARN      = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/new/0d18ee8d310e74a1"
	certARN     = "arn:aws:acm:eu-central-1:111122223333:certificate/1"
	first       = "10.0.10.11:8080"
	second      = "10.0.11.12:8080"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

var hourToNoon = Asked{From: noon.Add(-time.Hour), Until: noon, Now: noon}

func base() *Snapshot {
	anywhere := []string{"0.0.0.0/0"}
	open := []ACLEntry{
		{Number: 100, Allow: true, Protocol: "-1", CIDR: "0.0.0.0/0"}, {Number: 32767, Protocol: "-1", CIDR: "0.0.0.0/0"},
		{Number: 100, Egress: true, Allow: true, Protocol: "-1", CIDR: "0.0.0.0/0"}, {Number: 32767, Egress: true, Protocol: "-1", CIDR: "0.0.0.0/0"},
	}
	local := Route{"10.0.0.0/16", "local", "active"}
	s := &Snapshot{
		Schema: SnapshotSchema, Taken: noon, From: noon.Add(-time.Hour), Until: noon,
		Balancer: Balancer{
			Name: "shop", ARN: balancerARN, ID: "app/shop/50dc6c495c0c9188", Type: Application, DNSName: "shop-1.eu-central-1.elb.amazonaws.com",
			Scheme: "internet-facing", State: "active", VPC: "vpc-1", Region: "eu-central-1", Account: "111122223333", AddressType: "ipv4",
			SecurityGroups: []string{"sg-lb"}, Zones: []Zone{{"eu-central-1a", "subnet-edge-a"}, {"eu-central-1b", "subnet-edge-b"}},
			Attributes: map[string]string{attrIdle: "60", "access_logs.s3.enabled": "true", "access_logs.s3.bucket": "logs", "health_check_logs.s3.enabled": "true", "health_check_logs.s3.bucket": "logs"},
		},
		Listeners: []Listener{{ARN: "arn:listener-80", Port: 80, Protocol: "HTTP", Rules: []Rule{forwardTo("default", webARN)}}},
		Groups: []Group{{
			ARN: webARN, Name: "web", Type: "ip", Protocol: "HTTP", Version: "HTTP1", Port: 8080, VPC: "vpc-1", AddressType: "ipv4",
			Check:      HealthCheck{Enabled: true, Protocol: "HTTP", Port: "traffic-port", Path: "/health", Matcher: "200", Interval: 30, Timeout: 5, Healthy: 5, Unhealthy: 2},
			Attributes: map[string]string{attrDelay: "300", attrCrossZone: "use_load_balancer_configuration"},
			Targets: []Target{
				{ID: "10.0.10.11", Port: 8080, Zone: "eu-central-1a", State: "healthy", CheckPort: "8080"},
				{ID: "10.0.11.12", Port: 8080, Zone: "eu-central-1b", State: "healthy", CheckPort: "8080"},
			},
		}},
		Network: Network{
			VPCs: []VPC{{"vpc-1", []string{"10.0.0.0/16"}}},
			Subnets: []Subnet{
				{"subnet-app-a", "vpc-1", "eu-central-1a", []string{"10.0.10.0/24"}, 200, "", false}, {"subnet-app-b", "vpc-1", "eu-central-1b", []string{"10.0.11.0/24"}, 200, "", false},
				{"subnet-edge-a", "vpc-1", "eu-central-1a", []string{"10.0.0.0/24"}, 200, "", false}, {"subnet-edge-b", "vpc-1", "eu-central-1b", []string{"10.0.1.0/24"}, 200, "", false},
			},
			SecurityGroups: []SecurityGroup{
				{ID: "sg-app", VPC: "vpc-1", Ingress: []Permission{{Protocol: "tcp", From: 8080, To: 8080, Groups: []string{"sg-lb"}}}, Egress: []Permission{{Protocol: "-1", CIDRs: anywhere}}},
				{ID: "sg-lb", VPC: "vpc-1", Ingress: []Permission{{Protocol: "tcp", From: 80, To: 80, CIDRs: anywhere}, {Protocol: "tcp", From: 443, To: 443, CIDRs: anywhere}}, Egress: []Permission{{Protocol: "-1", CIDRs: anywhere}}},
			},
			ACLs: []ACL{
				{ID: "acl-app", VPC: "vpc-1", Subnets: []string{"subnet-app-a", "subnet-app-b"}, Entries: slices.Clone(open)},
				{ID: "acl-edge", VPC: "vpc-1", Subnets: []string{"subnet-edge-a", "subnet-edge-b"}, Entries: slices.Clone(open)},
			},
			RouteTables: []RouteTable{
				{ID: "rtb-app", VPC: "vpc-1", Main: true, Routes: []Route{local, {"0.0.0.0/0", "nat-1", "active"}}},
				{ID: "rtb-edge", VPC: "vpc-1", Subnets: []string{"subnet-edge-a", "subnet-edge-b"}, Routes: []Route{local, {"0.0.0.0/0", "igw-1", "active"}}},
			},
			Interfaces: []Interface{
				{ID: "eni-1", VPC: "vpc-1", Subnet: "subnet-app-a", Zone: "eu-central-1a", Addresses: []string{"10.0.10.11"}, SecurityGroups: []string{"sg-app"}},
				{ID: "eni-2", VPC: "vpc-1", Subnet: "subnet-app-b", Zone: "eu-central-1b", Addresses: []string{"10.0.11.12"}, SecurityGroups: []string{"sg-app"}},
			},
			Instances: []Instance{}, PrefixLists: []PrefixList{},
		},
		Bucket: &Bucket{Name: "logs", Exists: true, Policy: "allows"},
		Logs: &Logs{
			Access: true, Checks: true, Objects: 24, Lines: 6000, Parsed: 6000, Newest: noon.Add(-5 * time.Minute), Last: noon.Add(-5 * time.Minute),
			Traffic: []Traffic{{Group: webARN, Target: first, Requests: 3000, Slowest: 0.4, Last: noon}, {Group: webARN, Target: second, Requests: 3000, Slowest: 0.5, Last: noon}},
		},
		Missing: []Missing{}, Calls: []CallCount{{"ec2:DescribeSubnets", 1}},
	}
	s.metric("RequestCount", "", "Sum", 6000)
	s.metric("RequestCount", webARN, "Sum", 6000)
	s.metric("HealthyHostCount", webARN, "Minimum", 120)
	for i := range 60 {
		s.Logs.Minutes = append(s.Logs.Minutes, Minute{Minute: s.minute(i), Group: webARN, Requests: 100})
	}
	return s
}

func forwardTo(priority string, groups ...string) Rule {
	a := Action{Type: "forward"}
	for _, g := range groups {
		a.Weights = append(a.Weights, Weight{g, 1})
	}
	return Rule{ARN: "arn:rule-" + priority, Priority: priority, Actions: []Action{a}}
}

func (s *Snapshot) minute(i int) time.Time { return s.From.Add(time.Duration(i) * time.Minute) }

// metric spreads a sum over the window.
func (s *Snapshot) metric(name, group, stat string, sum float64) {
	m := Series{Name: name, Group: group, Stat: stat, Period: 60}
	for i := range 60 {
		m.Points = append(m.Points, Point{s.minute(i), sum / 60})
	}
	s.Metrics = append(s.Metrics, m)
}

// late is a metric with the same value in every minute from one on.
func (s *Snapshot) late(name, group string, from int, each float64) {
	m := Series{Name: name, Group: group, Stat: "Sum", Period: 60}
	for i := from; i < 60; i++ {
		m.Points = append(m.Points, Point{s.minute(i), each})
	}
	s.Metrics = append(s.Metrics, m)
}

func (s *Snapshot) web() *Group { return &s.Groups[0] }

// all changes every target of the group.
func (s *Snapshot) all(state, reason, description string) {
	for i := range s.web().Targets {
		t := &s.web().Targets[i]
		t.State, t.Reason, t.Description = state, reason, description
	}
}

func (s *Snapshot) group(id string) *SecurityGroup {
	for i := range s.Network.SecurityGroups {
		if s.Network.SecurityGroups[i].ID == id {
			return &s.Network.SecurityGroups[i]
		}
	}
	return nil
}

// deny puts an entry before all others of an ACL.
func (s *Snapshot) deny(acl string, e ACLEntry) {
	for i := range s.Network.ACLs {
		if a := &s.Network.ACLs[i]; a.ID == acl {
			e.Number = 90
			a.Entries = append([]ACLEntry{e}, a.Entries...)
		}
	}
}

// failing adds failures to the logs, spread over the window, and to the metrics of
// the balancer's answers.
func (s *Snapshot) failing(reason, target string, status, n int64, change ...func(*Failure)) {
	f := Failure{Group: webARN, Target: target, Node: "10.0.0.5", Status: status, TargetStatus: -1, Reason: reason, Class: "target", Source: "derived", Count: n, First: s.From, Last: s.Until}
	for _, c := range change {
		c(&f)
	}
	s.Logs.Failures = append(s.Logs.Failures, f)
	for i := range s.Logs.Minutes {
		m := &s.Logs.Minutes[i]
		if m.Reasons == nil {
			m.Reasons, m.Statuses = map[string]int64{}, map[string]int64{}
		}
		m.Reasons[reason] += n / 60
	}
}

// copied is a snapshot after a way through a file.
func copied(t *testing.T, s *Snapshot) *Snapshot {
	t.Helper()
	var b strings.Builder
	if err := s.Write(&b); err != nil {
		t.Fatal(err)
	}
	out, err := Read(strings.NewReader(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// found is a finding that a report is to have; nil if it has none. It is an error if it has one for no level, or none for one;
// read is what the logs have for it.
func (r *Report) found(t *testing.T, name, id string, level Level, read any) *Finding {
	t.Helper()
	f := r.finding(id)
	if (f != nil) != (level != "") {
		t.Errorf("%s: found is %t:\n%s\n%+v", name, f != nil, said(r), read)
		return nil
	}
	return f
}

// said is what a report says, for the message of a test that fails.
func said(r *Report) string {
	var lines []string
	for _, f := range r.Findings {
		b, err := json.Marshal(f)
		if err != nil {
			return err.Error()
		}
		lines = append(lines, string(b))
	}
	return strings.Join(lines, "\n")
}
