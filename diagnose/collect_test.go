package diagnose

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loglens/ingest"
)

// answers are those of AWS: by action, what is within the result of its XML. What it
// has no answer to is denied.
type answers struct {
	by   map[string]string
	code string // in place of AccessDenied

	mu    sync.Mutex
	asked []url.Values
}

func (a *answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return
	}
	a.mu.Lock()
	a.asked = append(a.asked, form)
	a.mu.Unlock()
	action := form.Get("Action")
	if form.Get("Version") == "2012-06-01" {
		action += " classic"
	}
	if mark := form.Get("Marker"); mark != "" {
		action += " " + mark
	}
	for _, more := range []string{form.Get("Filter.1.Value.1"), form.Get("Filter.1.Name")} {
		if _, ok := a.by[action+" "+more]; ok {
			action += " " + more
			break
		}
	}
	if _, ok := a.by[action+" behind"]; ok && form.Get("LoadBalancerArn") != "" {
		action += " behind"
	}
	answer, ok := a.by[action]
	switch ec2 := strings.Contains(r.Header.Get("Authorization"), "/ec2/"); {
	case !ok && ec2:
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>`)
	case !ok:
		w.WriteHeader(http.StatusForbidden)
		code := a.code
		if code == "" {
			code = "AccessDenied"
		}
		fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>no</Message></Error></ErrorResponse>`, code)
	case ec2:
		fmt.Fprintf(w, `<%[1]sResponse>%[2]s</%[1]sResponse>`, form.Get("Action"), answer)
	default:
		name := form.Get("Action")
		fmt.Fprintf(w, `<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>`, name, answer)
	}
}

const balancerXML = `<LoadBalancers><member><LoadBalancerArn>` + balancerARN + `</LoadBalancerArn><LoadBalancerName>shop</LoadBalancerName><DNSName>shop-1.eu-central-1.elb.amazonaws.com</DNSName>
<Type>application</Type><Scheme>internal</Scheme><VpcId>vpc-1</VpcId><State><Code>active</Code></State><SecurityGroups><member>sg-lb</member></SecurityGroups>
<EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic>off</EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic>
<AvailabilityZones><member><ZoneName>eu-central-1b</ZoneName><SubnetId>subnet-2</SubnetId></member><member><ZoneName>eu-central-1a</ZoneName><SubnetId>subnet-1</SubnetId></member></AvailabilityZones></member></LoadBalancers>`

func collected(t *testing.T, a *answers, balancer string) (*Snapshot, error) {
	t.Helper()
	identify(t)
	server := httptest.NewServer(a)
	defer server.Close()
	found, err := Find(t.Context(), ingest.AWS{EndpointURL: server.URL}, balancer)
	if err != nil {
		return nil, err
	}
	return found.Collect(t.Context(), hourToNoon)
}

// identify gives the test credentials of its own.
func identify(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "canary-key", "AWS_SECRET_ACCESS_KEY": "canary-secret", "AWS_REGION": "eu-central-1",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
}

func TestCollect(t *testing.T) {
	target := `<member><HealthCheckPort>8080</HealthCheckPort><Target><Id>10.0.10.%d</Id><Port>8080</Port><AvailabilityZone>eu-central-1a</AvailabilityZone></Target><TargetHealth><State>unhealthy</State><Reason>Target.Timeout</Reason><Description>Request timed out</Description></TargetHealth></member>`
	a := &answers{by: map[string]string{
		"DescribeLoadBalancers": balancerXML,
		"DescribeListeners": `<Listeners><member><ListenerArn>arn:l</ListenerArn><Port>80</Port><Protocol>HTTP</Protocol><MutualAuthentication><Mode>off</Mode></MutualAuthentication>
			<DefaultActions><member><Type>fixed-response</Type><FixedResponseConfig><StatusCode>503</StatusCode><MessageBody>canary-body</MessageBody></FixedResponseConfig></member></DefaultActions></member></Listeners>`,
		"DescribeRules": `<NextMarker>second</NextMarker><Rules><member><RuleArn>arn:r2</RuleArn><Priority>default</Priority><Actions><member><Type>fixed-response</Type><FixedResponseConfig><StatusCode>503</StatusCode></FixedResponseConfig></member></Actions></member></Rules>`,
		"DescribeRules second": `<Rules><member><RuleArn>arn:r1</RuleArn><Priority>7</Priority>
			<Conditions><member><Field>http-header</Field><HttpHeaderConfig><HttpHeaderName>X-Verify</HttpHeaderName><Values><member>canary-header</member></Values></HttpHeaderConfig></member></Conditions>
			<Actions><member><Type>forward</Type><ForwardConfig><TargetGroups><member><TargetGroupArn>` + webARN + `</TargetGroupArn><Weight>1</Weight></member></TargetGroups></ForwardConfig></member></Actions></member></Rules>`,
		"DescribeTargetGroups": `<TargetGroups><member><TargetGroupArn>` + webARN + `</TargetGroupArn><TargetGroupName>web</TargetGroupName><TargetType>ip</TargetType><Protocol>HTTP</Protocol><Port>8080</Port><VpcId>vpc-1</VpcId>
			<HealthCheckProtocol>HTTP</HealthCheckProtocol><HealthCheckPort>traffic-port</HealthCheckPort><HealthCheckPath>/health</HealthCheckPath><Matcher><HttpCode>200-299</HttpCode></Matcher></member></TargetGroups>`,
		"DescribeTargetHealth": `<TargetHealthDescriptions>` + fmt.Sprintf(target, 12) + fmt.Sprintf(target, 11) + `</TargetHealthDescriptions>`,
		"DescribeSecurityGroups": `<securityGroupInfo><item><groupId>sg-lb</groupId><vpcId>vpc-1</vpcId><ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>80</fromPort><toPort>80</toPort>
			<ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item></ipPermissions>
			<ipPermissionsEgress><item><ipProtocol>-1</ipProtocol><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item></ipPermissionsEgress></item></securityGroupInfo>`,
		"GetMetricData": `<MetricDataResults><member><Id>m0</Id><Timestamps><member>2026-11-22T11:01:00Z</member><member>2026-11-22T11:00:00Z</member></Timestamps><Values><member>4</member><member>3</member></Values></member></MetricDataResults>`,
	}}
	s, err := collected(t, a, "shop")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Zone{{"eu-central-1a", "subnet-1"}, {"eu-central-1b", "subnet-2"}}, s.Balancer.Zones); diff != "" {
		t.Errorf("zones (-want +got):\n%s", diff)
	}
	if !s.Balancer.LinkUnfiltered {
		t.Error("rules for PrivateLink are off, and that is not known")
	}
	rules := []Rule{
		{ARN: "arn:r1", Priority: "7", Conditions: []Condition{{Field: "http-header", Name: "X-Verify", Values: []string{"value 1"}}}, Actions: []Action{{Type: "forward", Weights: []Weight{{webARN, 1}}}}},
		{ARN: "arn:r2", Priority: "default", Actions: []Action{{Type: "fixed-response", Status: "503"}}},
	}
	if s.Listeners[0].Mutual != "off" {
		t.Errorf("listener %+v", s.Listeners[0])
	}
	if diff := cmp.Diff(rules, s.Listeners[0].Rules); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	if got := s.Groups[0]; len(got.Targets) != 2 || got.Targets[0].ID != "10.0.10.11" || got.Check.Matcher != "200-299" || !got.Check.Enabled || got.Attributes != nil {
		t.Errorf("group %+v", got)
	}
	points := []Point{{noon.Add(-time.Hour), 3}, {noon.Add(-59 * time.Minute), 4}}
	if i := slices.IndexFunc(s.Metrics, func(m Series) bool { return len(m.Points) > 0 }); i < 0 || s.Metrics[i].Name != "RequestCount" || !cmp.Equal(points, s.Metrics[i].Points) {
		t.Errorf("metrics %+v", s.Metrics)
	}
	if len(s.Network.SecurityGroups) != 1 || s.Network.ACLs != nil {
		t.Errorf("network %+v", s.Network)
	}
	var denied []string
	for _, m := range s.Missing {
		if m.Denied {
			denied = append(denied, m.Action)
		}
	}
	want := []string{
		"ec2:DescribeNetworkAcls", "ec2:DescribeNetworkInterfaces", "ec2:DescribeRouteTables", "ec2:DescribeSubnets", "ec2:DescribeVpcs",
		"elasticloadbalancing:DescribeLoadBalancerAttributes", "elasticloadbalancing:DescribeTargetGroupAttributes",
	}
	if diff := cmp.Diff(want, denied); diff != "" {
		t.Errorf("denied (-want +got):\n%s", diff)
	}
	r := Diagnose(s)
	if r.Findings[0].ID != "target-health-timeout" || len(r.Findings[0].Rivals) < 3 {
		t.Errorf("findings:\n%s", said(r))
	}
	var saved strings.Builder
	if err := s.Write(&saved); err != nil || strings.Contains(saved.String(), "canary") {
		t.Errorf("%v: a secret is saved: %s", err, saved.String())
	}
}

// TestAddressesOfPrefixes: a pod whose address is one of a range that its node's interface has
// is filtered by the groups of that interface. AWS lists such ranges and none of their
// addresses. Who is none of theirs, leaves, or stands elsewhere, is not looked for.
func TestAddressesOfPrefixes(t *testing.T) {
	target := func(id, zone, state string) string {
		return `<member><HealthCheckPort>8080</HealthCheckPort><Target><Id>` + id + `</Id><Port>8080</Port><AvailabilityZone>` + zone + `</AvailabilityZone></Target><TargetHealth><State>` + state + `</State></TargetHealth></member>`
	}
	item := func(id, address, group, more string) string {
		return `<item><networkInterfaceId>` + id + `</networkInterfaceId><vpcId>vpc-1</vpcId><subnetId>subnet-1</subnetId><privateIpAddress>` + address + `</privateIpAddress><groupSet><item><groupId>` + group + `</groupId></item></groupSet>` + more + `</item>`
	}
	const ranges = `<ipv4PrefixSet><item><ipv4Prefix>10.0.10.16/28</ipv4Prefix></item></ipv4PrefixSet><ipv6PrefixSet><item><ipv6Prefix>2001:db8:1::/80</ipv6Prefix></item></ipv6PrefixSet>`
	for _, tt := range []struct {
		name    string
		targets []string // ID, zone, state
		asked   int      // calls
		want    map[string]string
	}{
		{"listed", []string{"10.0.10.12 eu-central-1a healthy"}, 2, map[string]string{"10.0.10.12": "sg-node"}},
		{"of a range", []string{"10.0.10.12 eu-central-1a healthy", "10.0.10.17 eu-central-1a unhealthy", "10.0.10.33 eu-central-1a unhealthy"}, 3,
			map[string]string{"10.0.10.12": "sg-node", "10.0.10.17": "sg-node", "10.0.10.33": ""}},
		{"of a range that no address brings up", []string{"10.0.10.17 eu-central-1a healthy"}, 3, map[string]string{"10.0.10.17": "sg-node"}},
		{"of IPv6", []string{"2001:db8:1:0:0::a eu-central-1a healthy"}, 3, map[string]string{"2001:db8:1::a": "sg-node"}},
		{"leaving, and elsewhere", []string{"10.0.10.17 eu-central-1a draining", "192.168.0.1 all healthy"}, 2, map[string]string{"10.0.10.17": "", "192.168.0.1": ""}},
	} {
		a := &answers{by: map[string]string{
			"DescribeLoadBalancers":                                  balancerXML,
			"DescribeTargetGroups":                                   `<TargetGroups><member><TargetGroupArn>` + webARN + `</TargetGroupArn><TargetGroupName>web</TargetGroupName><TargetType>ip</TargetType><Protocol>HTTP</Protocol><Port>8080</Port><VpcId>vpc-1</VpcId></member></TargetGroups>`,
			"DescribeNetworkInterfaces description":                  `<networkInterfaceSet/>`,
			"DescribeNetworkInterfaces ipv6-addresses.ipv6-address":  `<networkInterfaceSet/>`,
			"DescribeNetworkInterfaces addresses.private-ip-address": `<networkInterfaceSet/>`,
			"DescribeNetworkInterfaces vpc-id":                       `<networkInterfaceSet>` + item("eni-1", "10.0.10.12", "sg-node", ranges) + item("eni-2", "10.0.10.13", "sg-other", "") + `</networkInterfaceSet>`,
		}}
		var list string
		for _, one := range tt.targets {
			f := strings.Fields(one)
			list += target(f[0], f[1], f[2])
			if f[0] == "10.0.10.12" {
				a.by["DescribeNetworkInterfaces addresses.private-ip-address"] = `<networkInterfaceSet>` + item("eni-1", "10.0.10.12", "sg-node", ranges) + `</networkInterfaceSet>`
			}
		}
		a.by["DescribeTargetHealth"] = `<TargetHealthDescriptions>` + list + `</TargetHealthDescriptions>`
		s, err := collected(t, a, "shop")
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, e := range newFacts(s).endpoints {
			got[e.address.String()] = strings.Join(e.filters, " ")
		}
		asked := 0
		for _, form := range a.asked {
			if form.Get("Action") == "DescribeNetworkInterfaces" {
				asked++
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" || asked != tt.asked {
			t.Errorf("%s: asked %d times, want %d; security groups (-want +got):\n%s", tt.name, asked, tt.asked, diff)
		}
	}
}

// TestBalancerBehind: of a balancer that is another one's target, the security groups are those
// of its nodes, which AWS describes as its own.
func TestBalancerBehind(t *testing.T) {
	const inner = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/inner/60dc6c495c0c9188"
	item := func(id, group string) string {
		return `<networkInterfaceSet><item><networkInterfaceId>` + id + `</networkInterfaceId><vpcId>vpc-1</vpcId><subnetId>subnet-1</subnetId><privateIpAddress>10.0.0.9</privateIpAddress><groupSet><item><groupId>` + group + `</groupId></item></groupSet></item></networkInterfaceSet>`
	}
	a := &answers{by: map[string]string{
		"DescribeLoadBalancers": strings.Replace(balancerXML, "<Type>application", "<Type>network", 1),
		"DescribeTargetGroups":  `<TargetGroups><member><TargetGroupArn>` + webARN + `</TargetGroupArn><TargetGroupName>web</TargetGroupName><TargetType>alb</TargetType><Protocol>TCP</Protocol><Port>80</Port><VpcId>vpc-1</VpcId></member></TargetGroups>`,
		"DescribeTargetHealth":  `<TargetHealthDescriptions><member><HealthCheckPort>80</HealthCheckPort><Target><Id>` + inner + `</Id><Port>80</Port></Target><TargetHealth><State>unhealthy</State></TargetHealth></member></TargetHealthDescriptions>`,
		"DescribeNetworkInterfaces ELB app/inner/60dc6c495c0c9188": item("eni-inner", "sg-inner"),
		"DescribeNetworkInterfaces description":                    item("eni-node", "sg-lb"),
	}}
	s, err := collected(t, a, "shop")
	if err != nil {
		t.Fatal(err)
	}
	e := newFacts(s).endpoints[0]
	if !slices.Equal(e.filters, []string{"sg-inner"}) || e.vpc != "vpc-1" || e.address.IsValid() {
		t.Errorf("security groups %v, VPC %q, address %v", e.filters, e.vpc, e.address)
	}
}

// TestCollectListsOfRoutes: the prefix lists that routes name are read where a target is outside of its
// group's VPC, and not asked for where all are in it.
func TestCollectListsOfRoutes(t *testing.T) {
	for address, want := range map[string]int{"192.168.5.7": 1, "10.0.10.11": 0} {
		s, err := collected(t, &answers{by: map[string]string{
			"DescribeLoadBalancers":       balancerXML,
			"DescribeTargetGroups":        `<TargetGroups><member><TargetGroupArn>` + webARN + `</TargetGroupArn><TargetGroupName>web</TargetGroupName><TargetType>ip</TargetType><Protocol>HTTP</Protocol><Port>80</Port><VpcId>vpc-1</VpcId></member></TargetGroups>`,
			"DescribeTargetHealth":        `<TargetHealthDescriptions><member><Target><Id>` + address + `</Id><Port>80</Port></Target><TargetHealth><State>unhealthy</State></TargetHealth></member></TargetHealthDescriptions>`,
			"DescribeVpcs":                `<vpcSet><item><vpcId>vpc-1</vpcId><cidrBlock>10.0.0.0/16</cidrBlock></item></vpcSet>`,
			"DescribeRouteTables":         `<routeTableSet><item><routeTableId>rtb-1</routeTableId><vpcId>vpc-1</vpcId><routeSet><item><destinationPrefixListId>pl-1</destinationPrefixListId><gatewayId>vpce-1</gatewayId><state>active</state></item></routeSet></item></routeTableSet>`,
			"GetManagedPrefixListEntries": `<entrySet><item><cidr>52.219.170.0/23</cidr></item></entrySet>`,
		}}, "shop")
		if err != nil || len(s.Network.PrefixLists) != want {
			t.Errorf("%s: %v, want %d lists: %+v", address, err, want, s.Network.PrefixLists)
		}
	}
}

// TestCollectShared: a subnet of another account is known to be shared by it.
func TestCollectShared(t *testing.T) {
	for owner, want := range map[string]bool{`<ownerId>111122223333</ownerId>`: false, `<ownerId>999988887777</ownerId>`: true, "": false} {
		s, err := collected(t, &answers{by: map[string]string{
			"DescribeLoadBalancers": balancerXML,
			"DescribeSubnets":       `<subnetSet><item><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId>` + owner + `</item></subnetSet>`,
		}}, "shop")
		if err != nil || len(s.Network.Subnets) != 1 || s.Network.Subnets[0].Shared != want {
			t.Errorf("%s: got %+v, %v, want shared %v", owner, s.Network.Subnets, err, want)
		}
	}
}

// TestRangesOfOld: ranges that a VPC or a subnet had, and that AWS still lists, are none of it.
func TestRangesOfOld(t *testing.T) {
	const six = `<item><ipv6CidrBlock>2001:db8:%d::/64</ipv6CidrBlock><ipv6CidrBlockState><state>%s</state></ipv6CidrBlockState></item>`
	both := `<ipv6CidrBlockAssociationSet>` + fmt.Sprintf(six, 1, "disassociated") + fmt.Sprintf(six, 2, "associated") + `</ipv6CidrBlockAssociationSet>`
	s, err := collected(t, &answers{by: map[string]string{
		"DescribeLoadBalancers": balancerXML,
		"DescribeSubnets":       `<subnetSet><item><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><cidrBlock>10.0.0.0/24</cidrBlock>` + both + `</item></subnetSet>`,
		"DescribeVpcs": `<vpcSet><item><vpcId>vpc-1</vpcId><cidrBlock>10.0.0.0/16</cidrBlock>` + both +
			`<cidrBlockAssociationSet><item><cidrBlock>100.64.0.0/16</cidrBlock><cidrBlockState><state>failed</state></cidrBlockState></item></cidrBlockAssociationSet></item></vpcSet>`,
	}}, "shop")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"10.0.0.0/24", "2001:db8:2::/64"}, s.Network.Subnets[0].CIDRs); diff != "" {
		t.Errorf("subnet (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"10.0.0.0/16", "2001:db8:2::/64"}, s.Network.VPCs[0].CIDRs); diff != "" {
		t.Errorf("VPC (-want +got):\n%s", diff)
	}
}

// TestAnomalies: of targets that speak HTTP, AWS is asked whether they fail more often than others.
func TestAnomalies(t *testing.T) {
	for protocol, want := range map[string]string{"HTTP": "AnomalyDetection", "HTTPS": "AnomalyDetection", "TCP": ""} {
		a := &answers{by: map[string]string{
			"DescribeLoadBalancers": balancerXML,
			"DescribeTargetGroups":  `<TargetGroups><member><TargetGroupArn>` + webARN + `</TargetGroupArn><TargetType>ip</TargetType><Protocol>` + protocol + `</Protocol><Port>8080</Port></member></TargetGroups>`,
			"DescribeTargetHealth": `<TargetHealthDescriptions><member><Target><Id>10.0.10.11</Id></Target><TargetHealth><State>healthy</State></TargetHealth><AnomalyDetection><Result>anomalous</Result><MitigationInEffect>no</MitigationInEffect></AnomalyDetection></member>
				<member><Target><Id>10.0.10.12</Id></Target><TargetHealth><State>healthy</State></TargetHealth><AnomalyDetection><Result>normal</Result><MitigationInEffect>yes</MitigationInEffect></AnomalyDetection></member></TargetHealthDescriptions>`,
		}}
		s, err := collected(t, a, "shop")
		if err != nil {
			t.Fatal(err)
		}
		if one, two := s.Groups[0].Targets[0], s.Groups[0].Targets[1]; !one.Anomalous || one.Mitigated || two.Anomalous || !two.Mitigated {
			t.Errorf("%s: got %+v, %+v", protocol, one, two)
		}
		for _, form := range a.asked {
			if got := form.Get("Include.member.1"); form.Get("Action") == "DescribeTargetHealth" && got != want {
				t.Errorf("%s: included %q, want %q", protocol, got, want)
			}
		}
	}
}

func TestCollectClassic(t *testing.T) {
	a := &answers{by: map[string]string{
		"DescribeLoadBalancers": `<LoadBalancers/>`,
		"DescribeLoadBalancers classic": `<LoadBalancerDescriptions><member><LoadBalancerName>old</LoadBalancerName><DNSName>old-1.eu-central-1.elb.amazonaws.com</DNSName><VPCId>vpc-1</VPCId>
			<HealthCheck><Target>HTTP:8081/up</Target><Interval>30</Interval><Timeout>5</Timeout></HealthCheck><Subnets><member>subnet-1</member></Subnets>
			<SourceSecurityGroup><OwnerAlias>111122223333</OwnerAlias><GroupName>x</GroupName></SourceSecurityGroup>
			<ListenerDescriptions><member><Listener><Protocol>HTTP</Protocol><LoadBalancerPort>80</LoadBalancerPort><InstancePort>8080</InstancePort></Listener></member></ListenerDescriptions></member></LoadBalancerDescriptions>`,
		"DescribeLoadBalancerAttributes classic": `<LoadBalancerAttributes><ConnectionSettings><IdleTimeout>75</IdleTimeout></ConnectionSettings><CrossZoneLoadBalancing><Enabled>true</Enabled></CrossZoneLoadBalancing></LoadBalancerAttributes>`,
		"DescribeInstanceHealth classic":         `<InstanceStates><member><InstanceId>i-1</InstanceId><State>OutOfService</State><ReasonCode>Instance</ReasonCode></member></InstanceStates>`,
		"GetMetricData":                          `<MetricDataResults/>`,
	}}
	s, err := collected(t, a, "old")
	if err != nil {
		t.Fatal(err)
	}
	want := Balancer{
		Name: "old", ID: "old", Type: Classic, DNSName: "old-1.eu-central-1.elb.amazonaws.com", State: "active", VPC: "vpc-1", Region: "eu-central-1", Account: "111122223333",
		AddressType: "ipv4", SecurityGroups: []string{}, Zones: []Zone{{Subnet: "subnet-1"}}, Attributes: map[string]string{attrIdle: "75", attrCrossZone: "true"},
	}
	if diff := cmp.Diff(want, s.Balancer); diff != "" {
		t.Errorf("balancer (-want +got):\n%s", diff)
	}
	check := HealthCheck{Enabled: true, Protocol: "HTTP", Port: "8081", Path: "/up", Matcher: "200", Interval: 30, Timeout: 5}
	if g := s.Groups[0]; g.Port != 8080 || !cmp.Equal(check, g.Check) || len(g.Targets) != 1 {
		t.Errorf("group %+v", g)
	}
}

func TestCollectFails(t *testing.T) {
	var denied *ingest.AccessError
	if _, err := collected(t, &answers{}, "shop"); !errors.As(err, &denied) || denied.Action != "elasticloadbalancing:DescribeLoadBalancers" {
		t.Errorf("denied: %v", err)
	}
	if _, err := collected(t, &answers{by: map[string]string{"DescribeLoadBalancers": `<LoadBalancers/>`}}, "shop"); !errors.As(err, &denied) {
		t.Errorf("denied for classic ones: %v", err)
	}
	var expired *ingest.CredentialsError
	if _, err := collected(t, &answers{by: map[string]string{"DescribeLoadBalancers": balancerXML}, code: "ExpiredToken"}, "shop"); !errors.As(err, &expired) {
		t.Errorf("expired on the way: %v", err)
	}
	var unknown *ingest.NotFoundError
	none := &answers{by: map[string]string{"DescribeLoadBalancers": balancerXML, "DescribeLoadBalancers classic": `<LoadBalancerDescriptions/>`}}
	if _, err := collected(t, none, "shopp"); !errors.As(err, &unknown) || !slices.Contains(unknown.Near, "shop") {
		t.Errorf("unknown: %v", err)
	}
	var wrong *ingest.SourceError
	if _, err := collected(t, none, "a b"); !errors.As(err, &wrong) {
		t.Errorf("no name: %v", err)
	}
}

// TestCollectMetricsInPart: metrics that CloudWatch has not given wholly are none, and
// not few; a part is followed by the rest.
func TestCollectMetricsInPart(t *testing.T) {
	result := func(status, value string) string {
		return `<member><Id>m0</Id><StatusCode>` + status + `</StatusCode><Timestamps><member>2026-11-22T11:0` + value + `:00Z</member></Timestamps><Values><member>` + value + `</member></Values></member>`
	}
	for name, tt := range map[string]struct {
		results string
		whole   bool
	}{
		"whole":     {result("Complete", "1"), true},
		"in parts":  {result("PartialData", "1") + result("Complete", "2"), true},
		"in part":   {result("PartialData", "1"), false},
		"forbidden": {result("Forbidden", "1"), false},
		"at fault":  {result("InternalError", "1"), false},
	} {
		s, err := collected(t, &answers{by: map[string]string{"DescribeLoadBalancers": balancerXML, "GetMetricData": `<MetricDataResults>` + tt.results + `</MetricDataResults>`}}, "shop")
		if err != nil {
			t.Fatal(err)
		}
		missing := slices.ContainsFunc(s.Missing, func(m Missing) bool { return m.Action == getMetrics })
		if missing == tt.whole || (s.Metrics != nil) != tt.whole {
			t.Errorf("%s: metrics missing %v: %v", name, missing, s.Metrics)
		}
	}
}

// TestCollectWithoutEnd: rules whose list has no end are not known, and that is said.
func TestCollectWithoutEnd(t *testing.T) {
	part := `<NextMarker>again</NextMarker><Rules><member><RuleArn>arn:r1</RuleArn><Priority>7</Priority><Actions><member><Type>fixed-response</Type><FixedResponseConfig><StatusCode>503</StatusCode></FixedResponseConfig></member></Actions></member></Rules>`
	s, err := collected(t, &answers{by: map[string]string{
		"DescribeLoadBalancers": balancerXML,
		"DescribeListeners":     `<Listeners><member><ListenerArn>arn:l</ListenerArn><Port>80</Port><Protocol>HTTP</Protocol></member></Listeners>`,
		"DescribeRules":         part, "DescribeRules again": part,
	}}, "shop")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(s.Missing, func(m Missing) bool {
		return m.Action == describeRules && !m.Denied && strings.Contains(m.Why, "not known to be whole")
	}) {
		t.Errorf("not missing: %+v", s.Missing)
	}
}

// TestCollectPolicyNotRead: a policy that says neither yes nor no is not checked, and that
// is said.
func TestCollectPolicyNotRead(t *testing.T) {
	attribute := `<member><Key>access_logs.s3.%s</Key><Value>%s</Value></member>`
	s, err := collected(t, &answers{by: map[string]string{
		"DescribeLoadBalancers":          balancerXML,
		"DescribeLoadBalancerAttributes": `<Attributes>` + fmt.Sprintf(attribute, "enabled", "true") + fmt.Sprintf(attribute, "bucket", "logs") + `</Attributes>`,
		"":                               `no JSON`, // what S3 is asked for
	}}, "shop")
	if err != nil {
		t.Fatal(err)
	}
	if s.Bucket == nil || s.Bucket.Policy != "" || !slices.ContainsFunc(s.Missing, func(m Missing) bool { return strings.Contains(m.What, "policy of the bucket logs") && !m.Denied }) {
		t.Errorf("bucket %v, missing %+v", s.Bucket, s.Missing)
	}
}

// TestCollectIdle: where more groups are behind no balancer than are looked at, that is
// said, and none of them is taken for the only one.
func TestCollectIdle(t *testing.T) {
	for _, tt := range []struct{ groups, read int }{{mostIdle, mostIdle}, {mostIdle + 1, mostIdle}} {
		var groups strings.Builder
		for i := range tt.groups {
			protocol := "TCP" // which an application balancer does not speak
			if i == 0 {
				protocol = "HTTP"
			}
			fmt.Fprintf(&groups, `<member><TargetGroupArn>%s%02d</TargetGroupArn><TargetGroupName>g%d</TargetGroupName><Protocol>%s</Protocol><Port>80</Port><VpcId>vpc-1</VpcId></member>`, webARN, i, i, protocol)
		}
		s, err := collected(t, &answers{by: map[string]string{
			"DescribeLoadBalancers": balancerXML, "DescribeListeners": `<Listeners/>`,
			"DescribeTargetGroups behind": `<TargetGroups/>`, "DescribeTargetGroups": `<TargetGroups>` + groups.String() + `</TargetGroups>`,
		}}, "shop")
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Idle) != tt.read {
			t.Errorf("%d of %d groups are read", len(s.Idle), tt.groups)
		}
		whole := tt.groups == tt.read
		if said := slices.ContainsFunc(s.Missing, func(m Missing) bool { return m.What == idleGroups }); said == whole {
			t.Errorf("%d of %d groups are read: %+v", tt.read, tt.groups, s.Missing)
		}
		if f := Diagnose(s).Findings[0]; f.ID != "listener-none" || (len(f.Fix) > 0) != whole {
			t.Errorf("%d of %d groups are read: %s %v", tt.read, tt.groups, f.ID, f.Fix)
		}
	}
}

// TestCollectListenerIdle: idle timeouts are read of TCP listeners of network balancers; where
// they may not be, that is said, and nothing else is lost.
func TestCollectListenerIdle(t *testing.T) {
	listeners := `<Listeners><member><ListenerArn>arn:tcp</ListenerArn><Port>80</Port><Protocol>TCP</Protocol></member>
		<member><ListenerArn>arn:udp</ListenerArn><Port>53</Port><Protocol>UDP</Protocol></member></Listeners>`
	attributes := `<Attributes><member><Key>tcp.idle_timeout.seconds</Key><Value>900</Value></member></Attributes>`
	for _, tt := range []struct {
		name, kind string
		denied     bool
		idle       int
	}{
		{"network", "network", false, 900}, {"denied", "network", true, 0}, {"application", "application", true, 0},
	} {
		a := &answers{by: map[string]string{"DescribeLoadBalancers": strings.Replace(balancerXML, "<Type>application</Type>", "<Type>"+tt.kind+"</Type>", 1), "DescribeListeners": listeners}}
		if !tt.denied {
			a.by["DescribeListenerAttributes"] = attributes
		}
		s, err := collected(t, a, "shop")
		if err != nil {
			t.Fatal(err)
		}
		var asked []string
		for _, form := range a.asked {
			if form.Get("Action") == "DescribeListenerAttributes" {
				asked = append(asked, form.Get("ListenerArn"))
			}
		}
		want := []string{"arn:tcp"}
		if tt.kind != "network" {
			want = nil
		}
		if !slices.Equal(asked, want) {
			t.Errorf("%s: asked of %v", tt.name, asked)
		}
		if len(s.Listeners) != 2 || s.Listeners[0].Idle != 0 || s.Listeners[1].Idle != tt.idle {
			t.Errorf("%s: %+v", tt.name, s.Listeners)
		}
		if missing := slices.ContainsFunc(s.Missing, func(m Missing) bool { return m.Action == describeListenerAttributes && m.Denied }); missing != (tt.denied && want != nil) {
			t.Errorf("%s: missing %+v", tt.name, s.Missing)
		}
	}
}
