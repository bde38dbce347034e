//go:build moto

package diagnose

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// steps are named API calls in their order. In YAML they are a mapping:
//
//	vpc: ec2 CreateVpc CidrBlock=10.1.0.0/16
//
// What a call made can be named in a later one: {vpc} is its id or ARN. A value
// with spaces stands in single quotes.
type steps []step

type step struct{ name, call string }

func (s *steps) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: steps are a mapping", node.Line)
	}
	for i := 0; i < len(node.Content); i += 2 {
		*s = append(*s, step{node.Content[i].Value, node.Content[i+1].Value})
	}
	return nil
}

// words cuts a call at its spaces.
func words(call string) []string {
	quoted := false
	list := strings.FieldsFunc(call, func(r rune) bool {
		if r == '\'' {
			quoted = !quoted
		}
		return !quoted && (r == ' ' || r == '\n')
	})
	for i, w := range list {
		list[i] = strings.ReplaceAll(w, "'", "")
	}
	return list
}

// change returns the steps with other parameters for some: given ones are set,
// "Key=" takes one away, and a call of "-" takes the step away.
func (s steps) change(with steps) (steps, error) {
	out := append(steps(nil), s...)
	for _, w := range with {
		at := -1
		for i := range out {
			if out[i].name == w.name {
				at = i
			}
		}
		if at < 0 {
			return nil, fmt.Errorf("change of %q, which is no step", w.name)
		}
		if w.call == "-" {
			out = append(out[:at:at], out[at+1:]...)
			continue
		}
		call := words(out[at].call)
		for _, parameter := range words(w.call) {
			key, _, _ := strings.Cut(parameter, "=")
			kept := call[:0:0]
			for _, c := range call {
				if !strings.HasPrefix(c, key+"=") {
					kept = append(kept, c)
				}
			}
			if !strings.HasSuffix(parameter, "=") {
				kept = append(kept, parameter)
			}
			call = kept
		}
		for i, c := range call {
			if strings.Contains(c, " ") {
				call[i] = "'" + c + "'"
			}
		}
		out[at].call = strings.Join(call, " ")
	}
	return out, nil
}

var named = regexp.MustCompile(`\{([a-z0-9-]+)\}`)

// fill puts values in the place of their names.
func fill(text string, values map[string]string) (string, error) {
	var missing error
	text = named.ReplaceAllStringFunc(text, func(name string) string {
		value, ok := values[strings.Trim(name, "{}")]
		if !ok {
			missing = fmt.Errorf("%s is not known", name)
		}
		return value
	})
	return text, missing
}

// made is the element of an answer that names what a call made.
var made = map[string]string{
	"CreateVpc": "vpcId", "CreateSubnet": "subnetId", "CreateSecurityGroup": "groupId",
	"CreateInternetGateway": "internetGatewayId", "CreateRouteTable": "routeTableId",
	"CreateNetworkAcl": "networkAclId", "CreateNetworkInterface": "networkInterfaceId",
	"CreateManagedPrefixList": "prefixListId", "RunInstances": "instanceId",
	"CreateVpcPeeringConnection": "vpcPeeringConnectionId", "CreateNatGateway": "natGatewayId",
	"CreateLoadBalancer": "LoadBalancerArn", "CreateTargetGroup": "TargetGroupArn",
	"CreateListener": "ListenerArn", "CreateRule": "RuleArn", "ImportCertificate": "CertificateArn",
	"AssociateRouteTable": "associationId",
}

// run makes the calls one after the other, and adds what they made to the values.
func (s steps) run(ctx context.Context, account string, values map[string]string) error {
	for _, st := range s {
		call, err := fill(st.call, values)
		if err != nil {
			return fmt.Errorf("%s: %w", st.name, err)
		}
		list := words(call)
		if len(list) < 2 {
			return fmt.Errorf("%s: %q is no call", st.name, call)
		}
		form := url.Values{}
		for _, parameter := range list[2:] {
			key, value, ok := strings.Cut(parameter, "=")
			if !ok {
				return fmt.Errorf("%s: %q has no value", st.name, parameter)
			}
			form.Set(key, value)
		}
		answer, err := ask(ctx, account, list[0], list[1], form)
		if err != nil {
			return fmt.Errorf("%s: %w", st.name, err)
		}
		element := made[list[1]]
		if element == "" {
			continue
		}
		found := regexp.MustCompile(`<` + element + `>([^<]+)<|"` + element + `": ?"([^"]+)"`).FindSubmatch(answer)
		if found == nil {
			if list[0] == "elb1" {
				continue
			}
			return fmt.Errorf("%s: no %s in %s", st.name, element, answer)
		}
		id := string(found[1]) + string(found[2])
		values[st.name] = id
		if _, short, ok := strings.Cut(id, ":loadbalancer/"); ok {
			values[st.name+"-id"] = short
		}
	}
	return nil
}

// services are those that calls name: what they sign for and their API's version.
// JSON stands for the service that takes its parameters so.
var services = map[string]struct{ sign, version string }{
	"ec2":  {"ec2", "2016-11-15"},
	"elb":  {"elasticloadbalancing", "2015-12-01"},
	"elb1": {"elasticloadbalancing", "2012-06-01"},
	"cw":   {"monitoring", "2010-08-01"},
	"acm":  {"acm", "CertificateManager"},
}

var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}

// ask asks the emulator for one thing, and returns its answer.
func ask(ctx context.Context, account, service, action string, form url.Values) ([]byte, error) {
	s, ok := services[service]
	if !ok {
		return nil, fmt.Errorf("%q is no service", service)
	}
	if subnet := form.Get("SubnetId"); action == "ReplaceNetworkAclAssociation" && subnet != "" {
		id, err := aclAssociation(ctx, account, subnet)
		if err != nil {
			return nil, err
		}
		form.Del("SubnetId")
		form.Set("AssociationId", id)
	}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	var body []byte
	if service == "acm" {
		parameters := map[string]string{}
		for key := range form {
			parameters[key] = form.Get(key)
		}
		var err error
		if body, err = json.Marshal(parameters); err != nil {
			return nil, err
		}
		header = http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {s.version + "." + action}}
	} else {
		form.Set("Action", action)
		form.Set("Version", s.version)
		body = []byte(form.Encode())
	}
	answer, err := send(ctx, account, s.sign, http.MethodPost, "/", header, body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", action, err)
	}
	return answer, nil
}

// send sends one request to the emulator, which looks only at the service that
// it is signed for.
func send(ctx context.Context, account, service, method, path string, header http.Header, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+under.Address+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for key, values := range header {
		r.Header[key] = values
	}
	r.Header.Set("X-Moto-Account-Id", account)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=loglens/20261122/"+region+"/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
	res, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return nil, err
	}
	if res.StatusCode >= 300 {
		return nil, fmt.Errorf("%s: %s", res.Status, answer)
	}
	return answer, nil
}

var association = regexp.MustCompile(`(?s)<networkAclAssociationId>([^<]+)</networkAclAssociationId>\s*<networkAclId>[^<]+</networkAclId>\s*<subnetId>([^<]+)<`)

// aclAssociation is the association of a subnet with its network ACL.
func aclAssociation(ctx context.Context, account, subnet string) (string, error) {
	answer, err := ask(ctx, account, "ec2", "DescribeNetworkAcls", url.Values{"Filter.1.Name": {"association.subnet-id"}, "Filter.1.Value.1": {subnet}})
	if err != nil {
		return "", err
	}
	for _, found := range association.FindAllStringSubmatch(string(answer), -1) {
		if found[2] == subnet {
			return found[1], nil
		}
	}
	return "", fmt.Errorf("no network ACL of %s in %s", subnet, answer)
}
