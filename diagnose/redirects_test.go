package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"
)

// TestRuleLeadsBack: a rule that redirects to where the request came from is named, and leads on by a
// command where all others lead to one place; not one that redirects to HTTPS, or to a host that an
// earlier rule takes.
func TestRuleLeadsBack(t *testing.T) {
	secure := Location{"HTTPS", sameHost, "443", samePath, sameQuery}
	www := Location{"HTTPS", "www.example.com", samePort, samePath, sameQuery}
	hosts := func(hosts ...string) []Condition { return []Condition{{Field: "host-header", Values: hosts}} }
	byRegex := []Condition{{Field: "host-header", Values: []string{`^old-.*\.example\.com$`}, Regex: true}}
	loops := func(to Location, conditions []Condition) Rule {
		return Rule{ARN: "arn:rule-5", Priority: "5", Conditions: conditions, Actions: []Action{{Type: "redirect", Status: "301", To: &to}}}
	}
	forward := func(conditions []Condition) Rule {
		r := forwardTo("1", webARN)
		r.Conditions = conditions
		return r
	}
	login := forwardTo("6", webARN)
	login.Actions = append([]Action{{Type: "authenticate-oidc"}}, login.Actions...)
	loggedIn := loops(secure, nil)
	loggedIn.Actions = append([]Action{{Type: "authenticate-oidc"}}, loggedIn.Actions...)
	for _, tt := range []struct {
		name        string
		http, https []Rule // before the default ones
		says, fix   string
	}{
		{"to HTTPS", nil, nil, "Rules redirect nearly every request", ""},
		{"to itself", nil, []Rule{loops(secure, hosts("shop.example.com"))}, "Rule 5 of listener HTTPS:443 redirects requests to where they came from", "modify-rule"},
		{"to itself, by the same parts", nil, []Rule{loops(Location{sameProtocol, sameHost, samePort, samePath, sameQuery}, nil)}, "Rule 5 of listener HTTPS:443 redirects requests to where they came from", "modify-rule"},
		{"to itself, and others lead to several groups", nil, []Rule{loops(secure, nil), forwardTo("6", newARN)}, "redirects requests to where they came from", ""},
		{"to another path", nil, []Rule{loops(Location{"HTTPS", sameHost, "443", "/new/#{path}", sameQuery}, nil)}, "Rules redirect nearly every request", ""},
		{"with another query", nil, []Rule{loops(Location{"HTTPS", sameHost, "443", samePath, "v=2"}, nil)}, "Rule 5 of listener HTTPS:443 redirects requests to where they came from", "modify-rule"},
		{"with another query, which a rule before it takes", nil, []Rule{forward([]Condition{{Field: "query-string", Values: []string{"v=2"}}}), loops(Location{"HTTPS", sameHost, "443", samePath, "v=2"}, nil)}, "Rules redirect nearly every request", ""},
		{"with a query that it does not take", nil, []Rule{loops(Location{"HTTPS", sameHost, "443", samePath, "v=2"}, []Condition{{Field: "query-string", Values: []string{"v=1"}}})}, "Rules redirect nearly every request", ""},
		{"with a longer query each time", nil, []Rule{loops(Location{"HTTPS", sameHost, "443", samePath, "v=2&" + sameQuery}, nil)}, "Rules redirect nearly every request", ""},
		{"to a page for all, without a query", nil, []Rule{loops(Location{"HTTPS", sameHost, "443", "/closed", ""}, nil)}, "Rule 5 of listener HTTPS:443 redirects requests for /closed to where they are", ""},
		{"of hosts by a regular expression to another one", nil, []Rule{loops(www, byRegex)}, "Rules redirect nearly every request", ""},
		{"of hosts by a regular expression back to HTTP", nil, []Rule{loops(Location{"HTTP", sameHost, "80", samePath, sameQuery}, byRegex)}, "Rules redirect nearly every request", ""},
		{"to another port", nil, []Rule{loops(Location{"HTTPS", sameHost, "8443", samePath, sameQuery}, nil)}, "Rules redirect nearly every request", ""},
		{"to the one host that it takes", nil, []Rule{loops(www, hosts("example.com", "*.example.com"))}, "redirects requests for www.example.com to where they are", ""},
		{"to another host", nil, []Rule{loops(www, hosts("example.com"))}, "Rules redirect nearly every request", ""},
		{"to a host that an earlier rule takes", nil, []Rule{forward(hosts("www.example.com")), loops(www, nil)}, "Rules redirect nearly every request", ""},
		{"to a host made of that asked for, which an earlier rule takes", nil, []Rule{forward(hosts("www.example.com")), loops(Location{"HTTPS", "www." + sameHost, "443", samePath, sameQuery}, nil)}, "Rules redirect nearly every request", ""},
		{"what a header says came in HTTP", nil, []Rule{loops(secure, []Condition{{Field: "http-header", Name: "CloudFront-Forwarded-Proto", Values: []string{"http"}}})}, "Rules redirect nearly every request", ""},
		{"to itself, and others let in who has logged in", nil, []Rule{loops(secure, nil), login}, "redirects requests to where they came from", ""},
		{"to itself, and after a login", nil, []Rule{loggedIn}, "redirects requests to where they came from", ""},
		{"to itself, and others let in some addresses", nil, []Rule{loops(secure, nil), forward([]Condition{{Field: "source-ip", Values: []string{"10.0.0.0/8"}}})}, "redirects requests to where they came from", ""},
		{"from HTTP to itself, beside HTTPS", []Rule{loops(Location{"HTTP", sameHost, "80", samePath, sameQuery}, nil)}, nil, "Rule 5 of listener HTTP:80 redirects requests to where they came from", `"Protocol":"HTTPS","Host":"#{host}","Port":"443"`},
		{"back to HTTP, which redirects to HTTPS", nil, []Rule{loops(Location{"HTTP", sameHost, "80", samePath, sameQuery}, nil)}, "Rule default of listener HTTP:80 and rule 5 of listener HTTPS:443 redirect requests to one another", ""},
		{"back to HTTP, for a host that HTTP forwards", []Rule{forward(hosts("shop.example.com"))}, []Rule{loops(Location{"HTTP", sameHost, "80", samePath, sameQuery}, hosts("shop.example.com"))}, "Rules redirect nearly every request", ""},
		{"back to another port, which redirects to HTTPS in HTTP", nil, []Rule{loops(Location{"HTTP", sameHost, "8080", samePath, sameQuery}, nil)}, "Rules redirect nearly every request", ""},
		{"to the name with www, and from there to the one without", nil, []Rule{loops(Location{"HTTPS", "example.com", "443", samePath, sameQuery}, hosts("www.example.com")), loops(www, hosts("example.com"))}, "Rule 5 of listener HTTPS:443 and rule 5 of listener HTTPS:443 redirect requests to one another", ""},
		{"to one path, its own", nil, []Rule{loops(Location{"HTTPS", sameHost, "443", "/", sameQuery}, nil)}, "Rule 5 of listener HTTPS:443 redirects requests for / to where they are", ""},
		{"to one path, which a rule before it takes", nil, []Rule{forward([]Condition{{Field: "path-pattern", Values: []string{"/"}}}), loops(Location{"HTTPS", sameHost, "443", "/", sameQuery}, nil)}, "Rules redirect nearly every request", ""},
		{"to itself, and never, since a rule before it takes all that it would", nil, []Rule{forward(hosts("*.example.com")), loops(secure, hosts("shop.example.com"))}, "Rules redirect nearly every request", ""},
		{"of another listener", []Rule{loops(www, nil)}, nil, "Rules redirect nearly every request", ""},
	} {
		s := base()
		s.Listeners[0].Rules = slices.Concat(tt.http, []Rule{loops(secure, nil)})
		s.Listeners[0].Rules[len(tt.http)].Priority = "default"
		s.Listeners = append(s.Listeners, Listener{ARN: "arn:listener-443", Port: 443, Protocol: "HTTPS", Rules: append(tt.https, forwardTo("default", webARN))})
		s.Logs.Traffic = []Traffic{{Requests: 6000, Slowest: -1, Last: noon}}
		s.Logs.Redirects = []Redirects{{"", 6000, 5800}}
		f := Diagnose(copied(t, s)).finding("rule-redirect-loop")
		if f == nil {
			t.Fatalf("%s: no circle", tt.name)
		}
		if !strings.Contains(f.Sentence, tt.says) || len(f.Fix) != len(f.Undo) || !strings.Contains(strings.Join(f.Fix, ""), tt.fix) || tt.fix == "" && len(f.Fix) > 0 {
			t.Errorf("%s: want %q and %q:\n%s\n%q", tt.name, tt.says, tt.fix, f.Sentence, f.Fix)
		}
		if !slices.ContainsFunc(f.Evidence, func(e Evidence) bool { return strings.Contains(e.Text, "redirect 301 to https://") }) {
			t.Errorf("%s: it is not told where rules redirect to: %+v", tt.name, f.Evidence)
		}
		if asks := strings.Contains(strings.Join(f.Verify, ""), "curl"); asks != (f.Confidence != High) || asks != strings.Contains(f.Do, "it is not that") {
			t.Errorf("%s: asked by hand, and what the answer means: %q, %q", tt.name, f.Verify, f.Do)
		}
		toOther := slices.Contains([]string{"to another host", "to a host that an earlier rule takes", "of another listener", "of hosts by a regular expression to another one"}, tt.name)
		if meant := strings.Contains(fmt.Sprint(f.Rivals), "on purpose, as to another domain"); meant != toOther {
			t.Errorf("%s: redirects may be meant: %v: %+v", tt.name, meant, f.Rivals)
		}
		if tt.fix != "" && !strings.Contains(f.Undo[0], `"StatusCode":"HTTP_301"`) {
			t.Errorf("%s: back: %q", tt.name, f.Undo)
		}
		if len(f.Fix) == 0 && len(f.Verify) == 0 {
			t.Errorf("%s: neither a command that mends it nor one that shows more", tt.name)
		}
	}
}

// TestLeadsOn: no rule is led on to where others lead only who has a certificate, or a client of before,
// nor where not all of them are known; nor from HTTP to one of several ports.
func TestLeadsOn(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		want   bool
	}{
		{"one group", func(*Snapshot) {}, true},
		{"clients stay in one group", func(s *Snapshot) { s.Listeners[0].Rules[0].Actions[0].Sticky = true }, false},
		{"rules that are not known", func(s *Snapshot) { s.Missing = []Missing{{Action: describeRules}} }, false},
		{"certificates of clients", func(s *Snapshot) { s.Listeners[0].Mutual = "verify" }, false},
		{"certificates of clients, as here", func(s *Snapshot) { s.Listeners[0].Mutual, s.Listeners[0].ARN = "verify", "arn:here" }, true},
	} {
		s := base()
		tt.change(s)
		if action, ok := newFacts(s).leadsOn(Listener{ARN: "arn:here"}); ok != tt.want || ok != strings.Contains(action, webARN) {
			t.Errorf("%s: %v, %q; want %v", tt.name, ok, action, tt.want)
		}
	}
	for n := 1; n <= 2; n++ {
		s := base()
		for port := range n {
			s.Listeners = append(s.Listeners, Listener{Port: 443 + port, Protocol: "HTTPS", Rules: []Rule{forwardTo("default", webARN)}})
		}
		found, loop := finding("rule-redirect-loop", ""), Action{Type: "redirect", Status: "301", To: &Location{"HTTP", sameHost, "80", samePath, sameQuery}}
		newFacts(s).breakCircle(found, placed{Rule{Priority: "default", Actions: []Action{loop}}, s.Listeners[0], 0}, loop)
		if len(found.Fix) != 2-n || !strings.Contains(found.Do, "HTTPS") {
			t.Errorf("%d listeners of HTTPS: %q, %q", n, found.Do, found.Fix)
		}
	}
}

// TestHostBesideAnother: the rule that forwards a host takes the same with www, too, by a command;
// none is given where another rule, or a person, has to decide.
func TestHostBesideAnother(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Rule)
		want   bool
	}{
		{"a rule for the host without www", func(*Rule) {}, true},
		{"for another host", func(r *Rule) { r.Conditions[0].Values = []string{"api.example.com"} }, false},
		{"for its paths, too", func(r *Rule) {
			r.Conditions = append(r.Conditions, Condition{Field: "path-pattern", Values: []string{"/a"}})
		}, false},
		{"that redirects", func(r *Rule) { r.Actions = []Action{{Type: "redirect", Status: "301"}} }, false},
		{"that answers by itself", func(r *Rule) { r.Actions = []Action{{Type: "fixed-response", Status: "410"}} }, false},
		{"with as many hosts as it may have", func(r *Rule) { r.Conditions[0].Values = []string{"example.com", "b.com", "c.com", "d.com", "e.com"} }, false},
	} {
		s := base()
		r := forwardTo("1", webARN)
		r.Conditions = []Condition{{Field: "host-header", Values: []string{"example.com"}}}
		tt.change(&r)
		s.Listeners[0].Protocol, s.Listeners[0].Rules = "HTTPS", []Rule{r, {ARN: "arn:rule-default", Priority: "default", Actions: []Action{{Type: "fixed-response", Status: "404"}}}}
		s.Logs.StrayHosts = []StrayHost{{"www.example.com", 404, 900}}
		f := Diagnose(copied(t, s)).finding("host-without-rule")
		if f == nil {
			t.Fatalf("%s: it is not told", tt.name)
		}
		fix, undo := strings.Join(f.Fix, "\n"), strings.Join(f.Undo, "\n")
		if strings.Contains(fix, `{"Values":["example.com","www.example.com"]}`) != tt.want || strings.Contains(undo, `{"Values":["example.com"]}`) != tt.want || (fix == "") == tt.want || len(f.Verify) == 0 {
			t.Errorf("%s: want commands: %v: %q, and back %q, and %q", tt.name, tt.want, f.Fix, f.Undo, f.Verify)
		}
	}
}

// TestHostsOfOneRule: a command sets all hosts of a rule, and a second one would take out what the first
// one has added. Where several rules are for a host, none is chosen.
func TestHostsOfOneRule(t *testing.T) {
	s := base()
	r := forwardTo("1", webARN)
	r.Conditions = []Condition{{Field: "host-header", Values: []string{"example.com", "www.example.org"}}}
	s.Listeners[0].Protocol, s.Listeners[0].Rules = "HTTPS", []Rule{r, {ARN: "arn:rule-default", Priority: "default", Actions: []Action{{Type: "fixed-response", Status: "404"}}}}
	s.Listeners = append(s.Listeners, Listener{ARN: "arn:listener-80", Port: 80, Protocol: "HTTP", Rules: []Rule{r}}) // which has no certificates
	s.Logs.StrayHosts = []StrayHost{{"www.example.com", 404, 900}, {"example.org", 404, 800}}
	for _, want := range []string{"www.example.com", ""} {
		var fix []string
		hosts := 0
		for _, f := range Diagnose(copied(t, s)).Findings {
			if f.ID == "host-without-rule" {
				hosts++
				fix = append(fix, f.Fix...)
			}
		}
		if hosts != 2 || (len(fix) == 1) != (want != "") || !strings.Contains(strings.Join(fix, ""), want) {
			t.Errorf("%d hosts, want 2, and a command for %q alone: %q", hosts, want, fix)
		}
		again := r
		again.ARN, again.Priority = "arn:rule-2", "2"
		s.Listeners[0].Rules = append([]Rule{again}, s.Listeners[0].Rules...)
	}
}

// TestMoreIsShown: where a person has to decide, a command shows what on.
func TestMoreIsShown(t *testing.T) {
	unknown := base()
	unknown.Bucket = nil
	if got := newFacts(unknown).lines("--reason", "X"); got != "loglens raw SOURCE --since 2026-11-22T11:00:00Z --until 2026-11-22T12:00:00Z --reason X" {
		t.Errorf("where the logs are is not known: %s", got)
	}
	for id, want := range map[string]string{
		"requests-refused":         "loglens raw --lb shop --since 2026-11-22T11:00:00Z --until 2026-11-22T12:00:00Z --class all --reason Header_Too_Large",
		"waf-blocks-large-bodies":  "aws wafv2 get-web-acl-for-resource --region eu-central-1 --resource-arn " + balancerARN,
		"target-answers-not-found": "curl -sk -i -m 5 -H 'Host: HOST' -H 'X-Forwarded-Proto: https' http://10.0.10.11:8080/PATH",
		"target-redirect-loop":     "curl -sk -I -m 5 -H 'Host: HOST' -H 'X-Forwarded-Proto: https' http://10.0.10.11:8080/",
	} {
		s := base()
		faults[slices.IndexFunc(faults, func(f fault) bool { return f.want == id })].change(s)
		if f := Diagnose(copied(t, s)).finding(id); f == nil || !slices.Contains(f.Verify, want) {
			t.Errorf("%s: want %q: %+v", id, want, f)
		}
	}
}

// TestLocationIsRead: of where a rule redirects to, what may be a secret is left out, and what AWS does
// not tell is as it was.
func TestLocationIsRead(t *testing.T) {
	for _, tt := range []struct {
		to   types.RedirectActionConfig
		want Location
	}{
		{types.RedirectActionConfig{Protocol: aws.String("HTTPS"), Port: aws.String("443"), Host: aws.String("#{host}"), Path: aws.String("/#{path}"), Query: aws.String("#{query}")}, Location{"HTTPS", sameHost, "443", samePath, sameQuery}},
		{types.RedirectActionConfig{Port: aws.String("8443")}, Location{sameProtocol, sameHost, "8443", samePath, sameQuery}},
		{types.RedirectActionConfig{Path: aws.String("/in/AKIA0123456789ABCDEF"), Query: aws.String("token=canary&#{query}")}, Location{sameProtocol, sameHost, samePort, "/in/" + leftOut, "token=" + leftOut + "&" + sameQuery}},
	} {
		tt.to.StatusCode = types.RedirectActionStatusCodeEnumHttp301
		got := actionsOf([]types.Action{{Type: types.ActionTypeEnumRedirect, RedirectConfig: &tt.to}})
		if diff := cmp.Diff([]Action{{Type: "redirect", Status: "301", To: &tt.want}}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}
