package diagnose

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"loglens/ingest"
)

// command writes an AWS command for the balancer's region and the account that was asked,
// each word quoted where a shell would read something else. One that needs the credentials of
// a role names no profile, which would go before them.
func (f *facts) command(service, operation string, args ...string) string {
	c := f.caller()
	if c.Role != "" {
		c.Profile = ""
	}
	return c.Command(service, operation, args...)
}

// caller is who asked for the snapshot.
func (f *facts) caller() ingest.Caller {
	return ingest.Caller{Profile: f.Profile, Role: f.Role, Region: f.Balancer.Region}
}

// modifyGroup changes a setting of a target group, and changes it back.
func (f *facts) modifyGroup(found *Finding, g *Group, change, back []string) {
	arn := []string{"--target-group-arn", g.ARN}
	found.mend(f.command("elbv2", "modify-target-group", append(arn, change...)...), f.command("elbv2", "modify-target-group", append(arn, back...)...))
}

// groupAttribute changes an attribute of a target group, and changes it back.
func (f *facts) groupAttribute(found *Finding, g *Group, key, value string) {
	f.attribute(found, g.Attributes, key, value, "modify-target-group-attributes", "--target-group-arn", g.ARN)
}

// balancerAttribute changes an attribute of the balancer, and changes it back.
func (f *facts) balancerAttribute(found *Finding, key, value string) {
	f.attribute(found, f.Balancer.Attributes, key, value, "modify-load-balancer-attributes", "--load-balancer-arn", f.Balancer.ARN)
}

// attribute changes one of some attributes, and changes it back where it is known what it was.
func (f *facts) attribute(found *Finding, of map[string]string, key, value, operation, flag, arn string) {
	set := func(value string) string {
		return f.command("elbv2", operation, flag, arn, "--attributes", "Key="+key+",Value="+value)
	}
	found.Fix = append(found.Fix, set(value))
	if before, ok := of[key]; ok {
		found.Undo = append(found.Undo, set(before))
	}
}

// describeRules is the command that shows the rules of a listener.
func (f *facts) describeRules(l Listener) string {
	return f.command("elbv2", "describe-rules", "--listener-arn", l.ARN)
}

// register puts targets into a group, or instances behind a classic balancer, and takes
// them out again, unless a controller does. They are written as Target.word has them.
func (f *facts) register(found *Finding, g *Group, targets ...string) {
	if ofKubernetes(g.Name) {
		f.leaveToKubernetes(found, g)
		return
	}
	if f.Balancer.Type == Classic {
		args := []string{"--load-balancer-name", f.Balancer.Name, "--instances"}
		for _, t := range targets {
			id, _, _ := strings.Cut(strings.TrimPrefix(t, "Id="), ",")
			args = append(args, id)
		}
		found.mend(f.command("elb", "register-instances-with-load-balancer", args...), f.command("elb", "deregister-instances-from-load-balancer", args...))
		return
	}
	args := append([]string{"--target-group-arn", g.ARN, "--targets"}, targets...)
	found.mend(f.command("elbv2", "register-targets", args...), f.command("elbv2", "deregister-targets", args...))
}

// word is how a command names a target.
func (t Target) word() string {
	word := "Id=" + t.ID
	if t.Port > 0 {
		word += ",Port=" + strconv.Itoa(t.Port)
	}
	if t.Zone == "all" {
		word += ",AvailabilityZone=all"
	}
	return word
}

// anyClients stands for clients that only the one knows who set the balancer up.
const anyClients = "CLIENTS-CIDR"

// authorize opens ports in a security group for peers, and closes them again.
func (f *facts) authorize(found *Finding, id string, egress bool, protocol string, from, to int, peers ...string) {
	way := "ingress"
	if egress {
		way = "egress"
	}
	for _, peer := range peers {
		source := "UserIdGroupPairs=[{GroupId=" + peer + "}]"
		switch {
		case strings.HasPrefix(peer, "pl-"):
			source = "PrefixListIds=[{PrefixListId=" + peer + "}]"
		case strings.Contains(peer, ":"), peer == anyClients && f.internet().Addr().Is6():
			source = "Ipv6Ranges=[{CidrIpv6=" + peer + "}]"
		case strings.Contains(peer, "/"), peer == anyClients:
			source = "IpRanges=[{CidrIp=" + peer + "}]"
		}
		permission := fmt.Sprintf("IpProtocol=%s,FromPort=%d,ToPort=%d,%s", protocol, from, to, source)
		found.mend(f.command("ec2", "authorize-security-group-"+way, "--group-id", id, "--ip-permissions", permission),
			f.command("ec2", "revoke-security-group-"+way, "--group-id", id, "--ip-permissions", permission))
	}
}

// curlHTTP2 lets curl begin in HTTP/2, as a balancer does.
const curlHTTP2 = "--http2-prior-knowledge"

// fromTarget adds how the health check can be asked by hand: from here, and on the
// instance itself, where no network is in between.
func (f *facts) fromTarget(found *Finding, e endpoint) {
	if e.group.Type == "alb" {
		found.Verify = append(found.Verify, "loglens diagnose --lb "+ingest.ShellWord(e.target.ID)+f.asCaller())
	}
	if e.group.Type == "lambda" || e.group.Type == "alb" || !e.address.IsValid() {
		return
	}
	ask := func(host string) string {
		c := e.group.Check
		if c.Protocol != "HTTP" && c.Protocol != "HTTPS" {
			return fmt.Sprintf("nc -zv -w 5 %s %d", host, e.checkPort)
		}
		url := fmt.Sprintf("%s://%s:%d%s", strings.ToLower(c.Protocol), bracketed(host), e.checkPort, redacted(c.Path))
		curl := "curl -sko /dev/null -m 5 -w '%{http_code} %{time_total}s\\n' "
		if e.group.http2() {
			curl += curlHTTP2 + " "
		}
		return curl + ingest.ShellWord(url)
	}
	found.Verify = append(found.Verify, ask(e.address.String()))
	if e.instance != nil {
		inside := strings.ReplaceAll(strings.ReplaceAll(ask(e.address.String()), `\`, `\\`), `"`, `\"`)
		found.Verify = append(found.Verify, f.command("ssm", "send-command", "--document-name", "AWS-RunShellScript",
			"--instance-ids", e.instance.ID, "--parameters", `{"commands":["ss -ltnp","`+inside+`"]}`))
	}
}

// ask adds how a target of a group is asked by hand as the balancer asks it: with options of curl,
// and a path.
func (f *facts) ask(found *Finding, g *Group, options, path string) {
	for _, e := range f.of(g) {
		if !e.address.IsValid() {
			continue
		}
		if g.http2() {
			options += " " + curlHTTP2
		}
		url := fmt.Sprintf("%s://%s:%d%s", strings.ToLower(g.Protocol), bracketed(e.address.String()), e.port, path)
		found.Verify = append(found.Verify, "curl -sk "+options+" -m 5 -H 'Host: HOST' -H 'X-Forwarded-Proto: https' "+ingest.ShellWord(url))
		return
	}
}

// asCaller are the options with which a command of loglens asks as this one did.
func (f *facts) asCaller() string {
	options := f.caller().Option()
	if f.Role != "" {
		options += " --role-arn " + ingest.ShellWord(f.Role)
	}
	if f.ExternalID != "" {
		options += " --external-id " + ingest.ShellWord(f.ExternalID)
	}
	return options
}

// lines is the command that shows lines of the window: out of where the balancer's logs go, or, where
// that is not known, out of what has to be filled in.
func (f *facts) lines(filter ...string) string { return f.ofWindow("raw", f.logs(), filter...) }

// logs is how the balancer's access logs are named.
func (f *facts) logs() string { return f.logsFound(f.Bucket != nil) }

// logsFound is how logs are named that are found by the balancer's name, or have to be filled in.
func (f *facts) logsFound(byName bool) string {
	if !byName {
		return "SOURCE"
	}
	return "--lb " + ingest.ShellWord(f.Balancer.Name)
}

// ofWindow is a command of loglens that reads logs of the window, and ofTimes one that reads those of some time.

func (f *facts) ofWindow(command, from string, filter ...string) string {
	return f.ofTimes(command, from, f.From, f.Until, filter...)
}

func (f *facts) ofTimes(command, from string, since, until time.Time, filter ...string) string {
	words := append([]string{"loglens", command, from, "--since", since.UTC().Format(time.RFC3339), "--until", until.UTC().Format(time.RFC3339)}, filter...)
	return strings.Join(words, " ") + f.asCaller()
}

func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}
