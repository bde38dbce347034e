package diagnose

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"loglens/ingest"
	"loglens/report"
)

// TestCommandsNameTheProfile: a command that is copied acts on the account that was asked,
// and on no other, whatever the fault.
func TestCommandsNameTheProfile(t *testing.T) {
	seen := 0
	for _, tt := range faults {
		s := base()
		tt.change(s)
		without := Diagnose(copied(t, s))
		s.Profile = "prod eu"
		for i, f := range Diagnose(copied(t, s)).Findings {
			bare := without.Findings[i]
			commands := slices.Concat(f.Fix, f.Undo, f.Verify)
			for n, of := range slices.Concat(bare.Fix, bare.Undo, bare.Verify) {
				ours := strings.HasPrefix(of, "aws ") || strings.HasPrefix(of, "loglens ")
				if want := of + " --profile 'prod eu'"; ours && commands[n] != want || !ours && commands[n] != of {
					t.Errorf("%s, %s: %s", tt, f.ID, commands[n])
				}
				if ours {
					seen++
				}
			}
		}
	}
	if seen < 200 {
		t.Errorf("%d commands", seen)
	}
}

// TestCommandsOfARole: no option of AWS's commands assumes a role, so wherever there is one
// of them, the answer says whose credentials it needs, and no profile is in their place; and
// those of loglens have options.
func TestCommandsOfARole(t *testing.T) {
	const role = "arn:aws:iam::111122223333:role/on-call"
	said, silent := 0, 0
	for _, tt := range faults {
		s := base()
		tt.change(s)
		s.Role, s.Profile = role, "prod"
		r := Diagnose(copied(t, s))
		aws := false
		for _, f := range r.Findings {
			for _, c := range slices.Concat(f.Fix, f.Undo, f.Verify) {
				aws = aws || strings.HasPrefix(c, "aws ")
				// boto/botocore#486: --profile goes before credentials of the environment.
				if strings.HasPrefix(c, "aws ") && strings.Contains(c, "--profile") || strings.HasPrefix(c, "loglens ") && !strings.HasSuffix(c, " --profile prod --role-arn "+role) {
					t.Errorf("%s, %s: %s", tt, f.ID, c)
				}
			}
		}
		for name, want := range map[string]string{"table": "credentials of " + role, "markdown": "credentials of ", "json": `"role": "` + role + `"`} {
			e, _ := Encoders.Find(name)
			var out strings.Builder
			if err := e.Encode(&out, r, report.Style{}); err != nil {
				t.Fatal(err)
			}
			if says := strings.Contains(out.String(), want); says != (aws || name == "json") {
				t.Errorf("%s: %s says %v, and there are commands of AWS's: %v", tt, name, says, aws)
			}
		}
		if aws {
			said++
		} else {
			silent++
		}
	}
	if said < 50 || silent == 0 {
		t.Errorf("commands in %d, none in %d", said, silent)
	}
}

// TestExternalID: a role that is assumed with an external ID is assumed by no command without it.
func TestExternalID(t *testing.T) {
	const role, external = "arn:aws:iam::111122223333:role/on-call", "customer:7"
	identify(t)
	a := &answers{by: map[string]string{
		"AssumeRole":            `<Credentials><AccessKeyId>canary-key</AccessKeyId><SecretAccessKey>canary-secret</SecretAccessKey><SessionToken>canary-token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>`,
		"DescribeLoadBalancers": strings.Replace(balancerXML, "<Type>application</Type>", "<Type>network</Type>", 1),
		"DescribeTargetGroups":  `<TargetGroups><member><TargetGroupArn>` + webARN + `</TargetGroupArn><TargetGroupName>web</TargetGroupName><TargetType>alb</TargetType><Protocol>TCP</Protocol><Port>80</Port><HealthCheckProtocol>HTTP</HealthCheckProtocol></member></TargetGroups>`,
		"DescribeTargetHealth":  `<TargetHealthDescriptions><member><HealthCheckPort>80</HealthCheckPort><Target><Id>` + balancerARN + `</Id><Port>80</Port></Target><TargetHealth><State>unhealthy</State><Reason>Target.FailedHealthChecks</Reason></TargetHealth></member></TargetHealthDescriptions>`,
	}}
	server := httptest.NewServer(a)
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL_STS", server.URL)
	for _, id := range []string{external, ""} {
		found, err := Find(t.Context(), ingest.AWS{EndpointURL: server.URL, RoleARN: role, ExternalID: id}, "shop")
		if err != nil {
			t.Fatal(err)
		}
		s, err := found.Collect(t.Context(), hourToNoon)
		if err != nil {
			t.Fatal(err)
		}
		want := "loglens diagnose --lb " + balancerARN + " --role-arn " + role
		if id != "" {
			want += " --external-id " + id
		}
		r := Diagnose(copied(t, s))
		if f := r.finding("target-health-failed-checks"); f == nil || !slices.Contains(f.Verify, want) {
			t.Errorf("want %s:\n%+v", want, f)
		}
		want = "aws sts assume-role gives them"
		if id != "" {
			want = "aws sts assume-role --external-id " + id + " gives them"
		}
		r.Findings[0].Verify = append(r.Findings[0].Verify, "aws elbv2 describe-load-balancers")
		var out strings.Builder
		if err := encodeTable(&out, r, report.Style{}); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("want %s (%v):\n%s", want, err, &out)
		}
	}
}

// TestRuleOfTheRightGroup: of several security groups, a rule goes to the one that has such
// rules already, and names the one that these name: others, such as one for all instances, or
// one that balancers share, would let in, or out, what has nothing to do with it.
func TestRuleOfTheRightGroup(t *testing.T) {
	shared := func(s *Snapshot) {
		everywhere := []Permission{{Protocol: "-1", CIDRs: []string{"0.0.0.0/0"}}}
		s.Network.SecurityGroups = append(s.Network.SecurityGroups,
			SecurityGroup{ID: "sg-all", VPC: "vpc-1", Ingress: []Permission{{Protocol: "tcp", From: 22, To: 22, CIDRs: []string{"10.9.0.0/24"}}}},
			SecurityGroup{ID: "sg-edge", VPC: "vpc-1", Egress: everywhere})
		for i := range s.Network.Interfaces {
			s.Network.Interfaces[i].SecurityGroups = []string{"sg-all", "sg-app"}
		}
		s.Balancer.SecurityGroups = []string{"sg-edge", "sg-lb"}
	}
	moved := func(s *Snapshot) { s.group("sg-app").Ingress[0].From, s.group("sg-app").Ingress[0].To = 80, 80 }
	for _, tt := range []struct {
		name, id string
		change   func(*Snapshot)
		want     []string // in the command
	}{
		{"to another port", "target-sg-blocks-traffic-port", moved, []string{"--group-id sg-app ", "GroupId=sg-lb}"}},
		{"to another balancer", "target-sg-blocks-traffic-port", func(s *Snapshot) { s.group("sg-app").Ingress[0].Groups = []string{"sg-old"} }, []string{"--group-id sg-app ", "GroupId=sg-edge}"}},
		{"out to another port", "balancer-sg-blocks-traffic-port", func(s *Snapshot) {
			s.group("sg-edge").Egress = []Permission{}
			s.group("sg-lb").Egress = []Permission{{Protocol: "tcp", From: 80, To: 80, Groups: []string{"sg-app"}}}
		}, []string{"--group-id sg-lb ", "GroupId=sg-app}"}},
		{"no listener", "balancer-sg-blocks-listener", func(s *Snapshot) { s.Listeners[0].Port = 8443 }, []string{"--group-id sg-lb ", "CidrIp=0.0.0.0/0"}},
		{"clients of a network balancer", "nlb-client-addresses-blocked", func(s *Snapshot) {
			s.network()
			s.instances()
			s.Balancer.SecurityGroups = []string{"sg-edge", "sg-lb"}
			for i := range s.Network.Instances {
				s.Network.Instances[i].State, s.Network.Instances[i].SecurityGroups = "running", []string{"sg-all", "sg-app"}
			}
			s.group("sg-app").Ingress = []Permission{{Protocol: "tcp", From: 8080, To: 8080, CIDRs: []string{"10.0.0.0/16"}}, {Protocol: "tcp", From: 80, To: 80, Groups: []string{"sg-lb"}}}
		}, []string{"--group-id sg-app ", "GroupId=sg-lb}"}},
		{"by IPv6", "ipv6-clients-blocked", func(s *Snapshot) { s.Balancer.AddressType = "dualstack" }, []string{"--group-id sg-lb ", "CidrIpv6=::/0"}},
	} {
		s := base()
		shared(s)
		tt.change(s)
		r := Diagnose(copied(t, s))
		if !slices.ContainsFunc(r.Findings, func(f *Finding) bool {
			return f.ID == tt.id && len(f.Fix) > 0 && !slices.ContainsFunc(tt.want, func(part string) bool { return !strings.Contains(f.Fix[0], part) || !strings.Contains(f.Undo[0], part) })
		}) {
			t.Errorf("%s: want %v:\n%s", tt.name, tt.want, said(r))
		}
	}
}
