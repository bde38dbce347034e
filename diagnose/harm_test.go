package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// harmless is a set-up in which a command would break what works, or which AWS takes for right.
type harmless struct {
	name   string
	change func(*Snapshot)
	want   told
}

// told is what is to be said of it.
type told struct {
	id     string
	absent bool   // in any level above a note
	fix    string // that its commands have; "" for no command at all
	not    string // that no command has
	behind string // which accounts for it
	aside  string // which does not
	says   string // what its sentence has
	denies string // what neither its sentence nor what is to be done has
	mild   bool   // is no failure
	sure   bool   // is one

	groupless bool // names no group, and no target
}

// TestDoesNoHarm: where a command would break what works, there is none of it; and what
// AWS takes for right is not called wrong.
func TestDoesNoHarm(t *testing.T) {
	for _, tt := range slices.Concat(harmOfClients, harmOfListeners, harmOfNetwork, harmOfChecks, harmOfTargets, harmOfLogs) {
		t.Run(tt.name, func(t *testing.T) {
			s := base()
			tt.change(s)
			r := Diagnose(copied(t, s))
			i := slices.IndexFunc(r.Findings, func(f *Finding) bool { return f.ID == tt.want.id && f.Level != Note })
			if tt.want.absent {
				if i >= 0 {
					t.Errorf("%s is said:\n%s", tt.want.id, said(r))
				}
				return
			}
			if i < 0 {
				t.Fatalf("want %s:\n%s", tt.want.id, said(r))
			}
			f := r.Findings[i]
			if told := f.Sentence + " " + f.Do; !strings.Contains(told, tt.want.says) || tt.want.denies != "" && strings.Contains(told, tt.want.denies) {
				t.Errorf("it says %q, want %q and not %q", told, tt.want.says, tt.want.denies)
			}
			if tt.want.groupless && len(f.Groups)+len(f.Targets) > 0 {
				t.Errorf("it is about %v %v", f.Groups, f.Targets)
			}
			if tt.want.mild && f.Level == Fail || tt.want.sure && f.Level != Fail {
				t.Errorf("%s is %s:\n%s", f.ID, f.Level, said(r))
			}
			if tt.want.behind != "" {
				if !slices.Contains(f.BecauseOf, tt.want.behind) || slices.Contains(f.BecauseOf, tt.want.aside) {
					t.Errorf("because of %v, want %s and not %s", f.BecauseOf, tt.want.behind, tt.want.aside)
				}
				return
			}
			commands := strings.Join(append(slices.Clone(f.Fix), f.Undo...), "\n")
			if tt.want.fix == "" && commands != "" || !strings.Contains(commands, tt.want.fix) || tt.want.not != "" && strings.Contains(commands, tt.want.not) {
				t.Errorf("commands, want %q and not %q:\n%s", tt.want.fix, tt.want.not, commands)
			}
		})
	}
}

// TestLogsOfNetworkBalancer: logs that would tell no failure by target are not asked for.
func TestLogsOfNetworkBalancer(t *testing.T) {
	s := base()
	s.network()
	s.Balancer.Attributes["access_logs.s3.enabled"] = "false"
	if r := Diagnose(copied(t, s)); slices.ContainsFunc(r.Findings, func(f *Finding) bool { return f.ID == "logs-off" }) {
		t.Errorf("logs-off is said:\n%s", said(r))
	}
}

// TestClassicLogsOn: what a command that switches logs on does not name would be set anew.
func TestClassicLogsOn(t *testing.T) {
	for _, tt := range []struct{ prefix, interval, want string }{
		{"", "", `{"AccessLog":{"Enabled":true,"S3BucketName":"logs","EmitInterval":5}}`},
		{"prod/web", "60", `{"AccessLog":{"Enabled":true,"S3BucketName":"logs","EmitInterval":60,"S3BucketPrefix":"prod/web"}}`},
	} {
		s := base()
		s.classic()
		a := s.Balancer.Attributes
		a["access_logs.s3.enabled"], a["access_logs.s3.prefix"], a["access_logs.s3.emit_interval"] = "false", tt.prefix, tt.interval
		r := Diagnose(copied(t, s))
		at := slices.IndexFunc(r.Findings, func(f *Finding) bool { return f.ID == "logs-off" })
		if at < 0 {
			t.Fatalf("want logs-off:\n%s", said(r))
		}
		off := strings.Replace(tt.want, "true", "false", 1)
		if f := r.Findings[at]; !strings.Contains(f.Fix[0], tt.want) || !strings.Contains(f.Undo[0], off) {
			t.Errorf("want %s:\n%s\n%s", tt.want, f.Fix[0], f.Undo[0])
		}
	}
}

// TestHealthCheckLogsOn: they go to where the bucket's policy lets access logs go.
func TestHealthCheckLogsOn(t *testing.T) {
	for _, tt := range []struct{ bucket, prefix, want string }{
		{"", "", "Key=health_check_logs.s3.enabled,Value=true Key=health_check_logs.s3.bucket,Value=logs"},
		{"", "prod", "Key=health_check_logs.s3.enabled,Value=true Key=health_check_logs.s3.bucket,Value=logs Key=health_check_logs.s3.prefix,Value=prod"},
		{"others", "prod", "Key=health_check_logs.s3.enabled,Value=true Key=health_check_logs.s3.bucket,Value=others"},
	} {
		s := base()
		s.all("unhealthy", "Target.Timeout", "")
		a := s.Balancer.Attributes
		a["health_check_logs.s3.enabled"], a["health_check_logs.s3.bucket"], a["access_logs.s3.prefix"] = "false", tt.bucket, tt.prefix
		r := Diagnose(copied(t, s))
		at := slices.IndexFunc(r.Findings, func(f *Finding) bool { return f.ID == "logs-health-check-off" })
		if at < 0 || !strings.HasSuffix(r.Findings[at].Fix[0], " --attributes "+tt.want) {
			t.Errorf("want %s:\n%s", tt.want, said(r))
		}
	}
}

// TestPassesWhatIsKnown: a hop whose filters and routes are not all known does not pass.
func TestPassesWhatIsKnown(t *testing.T) {
	for _, tt := range []struct {
		name   string
		hop    Hop
		want   State
		forget func(*Snapshot)
	}{
		{"all", HopNode, Pass, func(*Snapshot) {}},
		{"all", HopNetwork, Pass, func(*Snapshot) {}},
		{"ACLs of the balancer", HopNetwork, Unknown, func(s *Snapshot) { s.Network.ACLs = s.Network.ACLs[:1] }},
		{"routes of the balancer", HopNetwork, Unknown, func(s *Snapshot) { s.Network.RouteTables = nil }},
		{"ACLs of the balancer", HopNode, Unknown, func(s *Snapshot) { s.Network.ACLs = s.Network.ACLs[:1] }},
		{"routes of the balancer", HopNode, Unknown, func(s *Snapshot) { s.Network.RouteTables = nil }},
		{"groups of the balancer", HopNode, Unknown, func(s *Snapshot) { s.Network.SecurityGroups = s.Network.SecurityGroups[:1] }},
		{"listeners", HopNode, Unknown, func(s *Snapshot) { s.Listeners = nil }},
		{"a balancer without groups", HopNode, Pass, func(s *Snapshot) { s.network(); s.Balancer.SecurityGroups = []string{} }},
		{"a function beside", HopNetwork, Pass, func(s *Snapshot) {
			s.second([]Target{{ID: "arn:aws:lambda:eu-central-1:111122223333:function:f", State: "unavailable", Reason: "Target.HealthCheckDisabled"}})
			s.Groups[1].Type = "lambda"
		}},
	} {
		s := base()
		tt.forget(s)
		r := Diagnose(s)
		if at := slices.IndexFunc(r.Path, func(s Station) bool { return s.Hop == tt.hop }); r.Path[at].State != tt.want {
			t.Errorf("%s: %s is %s, want %s: %v", tt.name, tt.hop, r.Path[at].State, tt.want, r.Path[at].Evidence)
		}
	}
}

// asksFor puts a rule for a host before those of a listener whose certificate is for others.
func (s *Snapshot) asksFor(host, action, status string) {
	s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
	r := Rule{ARN: "arn:rule-1", Priority: "1", Conditions: []Condition{{Field: "host-header", Values: []string{host}}}, Actions: []Action{{Type: action, Status: status}}}
	s.Listeners[1].Rules = append([]Rule{r}, s.Listeners[1].Rules...)
}

// turnsAway lets a rule answer 503 by itself to so many requests, but for a last part of the window
// that logs do not reach; the default one to what no other rule asks for.
func (s *Snapshot) turnsAway(priority string, n int64) {
	r, of := forwardTo("2", webARN), "0"
	r.Conditions = []Condition{{Field: "host-header", Values: []string{"shop.example.com"}}}
	page := Rule{ARN: "arn:rule-page", Priority: priority, Actions: []Action{{Type: "fixed-response", Status: "503"}}}
	s.Logs.Minutes = s.Logs.Minutes[:55]
	if s.Listeners[0].Rules = []Rule{r, page}; priority != "default" {
		of, page.Conditions = priority, []Condition{{Field: "path-pattern", Values: []string{"/*"}}}
		s.Listeners[0].Rules = []Rule{page, r, forwardTo("default", webARN)}
	}
	s.failing("Fixed_Response", "", 503, n, ofPolicy, func(f *Failure) { f.Group, f.Rule, f.Listener = "", of, "HTTP" })
}

// probed is how the targets answered a probe of their health check, and of their traffic port.
func (s *Snapshot) probed(check, traffic string) {
	for _, t := range s.web().Targets {
		name := fmt.Sprint(t.ID, ":", s.web().Port)
		s.Probes = append(s.Probes, Probe{Group: webARN, Target: name, Check: true, Address: fmt.Sprint(t.ID, ":", t.CheckPort), Outcome: check, Code: 200}, Probe{Group: webARN, Target: name, Address: name, Outcome: traffic})
	}
}

// without leaves another group, whose target fails its health checks, no weight beside one.
func (s *Snapshot) without(group string) {
	s.second([]Target{{ID: "10.0.10.50", Port: 8080, Zone: "eu-central-1a", State: "unhealthy", Reason: "Target.ResponseCodeMismatch", Description: "Health checks failed with these codes: [404]", CheckPort: "8080"}})
	r := forwardTo("default", group, newARN)
	r.Actions[0].Weights[1].Weight = 0
	s.Listeners[0].Rules = []Rule{r}
}

// unhealthyFor is a target that metrics have as unhealthy from one minute to another.
func (s *Snapshot) unhealthyFor(from, to int) {
	m := Series{Name: "UnHealthyHostCount", Group: webARN, Stat: "Minimum", Period: 60}
	for i := range 60 {
		m.Points = append(m.Points, Point{Time: s.minute(i)})
		if from <= i && i <= to {
			m.Points[i].Value = 1
		}
	}
	s.Metrics = append(s.Metrics, m)
}

// healthyOnly are so many healthy targets from one minute to another.
func (s *Snapshot) healthyOnly(n float64, from, to int) {
	for i, m := range s.Metrics {
		if m.Name == "HealthyHostCount" {
			for at := from; at <= to; at++ {
				s.Metrics[i].Points[at].Value = n
			}
		}
	}
}

// gateway is a gateway balancer before appliances that are checked on port 80.
func (s *Snapshot) gateway() {
	s.network()
	s.Balancer.Type, s.Balancer.Scheme, s.Balancer.SecurityGroups = Gateway, "", []string{}
	s.Listeners[0].Protocol, s.Listeners[0].Port, s.web().Protocol, s.web().Port = "GENEVE", 6081, "GENEVE", 6081
	for i := range s.web().Targets {
		s.web().Targets[i].Port, s.web().Targets[i].CheckPort = 6081, "80"
	}
	s.web().Check.Port = "80"
	subnets := []string{"10.0.0.0/16"}
	s.group("sg-app").Ingress = []Permission{{Protocol: "udp", From: 6081, To: 6081, CIDRs: subnets}, {Protocol: "tcp", From: 80, To: 80, CIDRs: subnets}}
	s.Metrics = nil
}

// alsoHas adds a certificate to the listener that s.https made.
func (s *Snapshot) alsoHas(c Certificate) {
	s.Certificates = append(s.Certificates, c)
	l := &s.Listeners[1]
	l.Certificates = append(l.Certificates, c.ARN)
}

// peered puts the first target's address into another VPC, with a security group that
// lets nobody in, and a route of the balancer's subnets that leads its range somewhere.
func (s *Snapshot) peered(via string) {
	s.web().Targets[0].ID, s.web().Targets[0].Zone = "10.9.0.7", "all"
	n := &s.Network
	n.RouteTables[1].Routes = append(n.RouteTables[1].Routes, Route{"10.9.0.0/16", via, "active"})
	n.VPCs = append(n.VPCs, VPC{"vpc-9", []string{"10.9.0.0/16"}})
	n.Subnets = append(n.Subnets, Subnet{"subnet-peer", "vpc-9", "eu-central-1a", []string{"10.9.0.0/24"}, 200, "", false})
	n.SecurityGroups = append(n.SecurityGroups, SecurityGroup{ID: "sg-peer", VPC: "vpc-9", Ingress: []Permission{}})
	n.Interfaces = append(n.Interfaces, Interface{ID: "eni-p", VPC: "vpc-9", Subnet: "subnet-peer", Zone: "eu-central-1a", Addresses: []string{"10.9.0.7"}, SecurityGroups: []string{"sg-peer"}})
}

// onPremises puts the first target outside of AWS, behind an internal balancer whose subnets lead all to
// a NAT gateway but for a network behind a transit gateway.
func (s *Snapshot) onPremises(address, network string) {
	s.Balancer.Scheme = "internal"
	s.web().Targets[0].ID, s.web().Targets[0].Zone = address, "all"
	edge := &s.Network.RouteTables[1]
	edge.Routes = append(edge.Routes[:1:1], Route{"0.0.0.0/0", "nat-1", "active"}, Route{network, "tgw-1", "active"})
}

// closedHTTP lets network ACLs keep clients from HTTP, which the balancer redirects to HTTPS.
func (s *Snapshot) closedHTTP() {
	s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
	s.Listeners[0].Rules = []Rule{{ARN: "arn:rule-default", Priority: "default", Actions: []Action{{Type: "redirect", Status: "301", To: &Location{"HTTPS", sameHost, "443", samePath, sameQuery}}}}}
	everybody, edge := "0.0.0.0/0", &s.Network.ACLs[1]
	edge.Entries = append([]ACLEntry{{Number: 100, Allow: true, Protocol: "6", CIDR: everybody, From: 443, To: 443}, {Number: 110, Allow: true, Protocol: "6", CIDR: everybody, From: 1024, To: 65535}}, edge.Entries[1:]...)
}

// withEndpoint leads a list of ranges to an endpoint, which is not known if there are none.
func (s *Snapshot) withEndpoint(table string, ranges ...string) {
	if len(ranges) > 0 {
		s.Network.PrefixLists = append(s.Network.PrefixLists, PrefixList{"pl-1", ranges})
	}
	for i := range s.Network.RouteTables {
		if t := &s.Network.RouteTables[i]; t.ID == table {
			t.Routes = append(t.Routes, Route{"pl-1", "vpce-1", "active"})
		}
	}
}

// classicTwice is a classic balancer with a listener for HTTPS beside that for HTTP, whose
// port is checked, and with instances that are down.
func (s *Snapshot) classicTwice() {
	s.classic()
	s.Logs = nil
	s.all("OutOfService", "Instance", "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.")
	s.checkPort("8080")
	s.second(s.web().Targets)
	g := &s.Groups[1]
	g.Protocol, g.Port = "HTTPS", 8443
	for i := range g.Targets {
		g.Targets[i].Port = 8443
	}
}

func (s *Snapshot) fail(reason string) {
	s.web().Targets[0].State, s.web().Targets[0].Reason = "unhealthy", reason
}
