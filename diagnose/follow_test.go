package diagnose

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// address is what a client asks for.
type address struct{ protocol, host, port, path string }

// away is how a client of an address that has followed all redirects ends, and the rules that redirected it.
type away struct {
	ends  string
	rules []string // "rule 1 of listener HTTP:80"
	named bool     // the last of these named a host

	circle []string // those of them that lead to one another
}

// How following redirects ends.
const (
	followedTo   = "answered" // by targets, or by a rule
	followedOut  = "elsewhere"
	followedNone = "no listener"
	followedGap  = "another protocol" // than the listener speaks
	followedLoop = "loop"
	followedOn   = "another path each time"
)

// follow lets a client follow the redirects of rules. Hosts of other names than ours lead elsewhere.
func follow(listeners []Listener, at address) (end away) {
	var been []address
	for !slices.Contains(been, at) && len(been) < 20 {
		been = append(been, at)
		if at.host != "example.com" && !strings.HasSuffix(at.host, ".example.com") {
			end.ends = followedOut
			return end
		}
		i := slices.IndexFunc(listeners, func(l Listener) bool { return strconv.Itoa(l.Port) == at.port })
		switch {
		case i < 0:
			end.ends = followedNone
			return end
		case listeners[i].Protocol != at.protocol:
			end.ends = followedGap
			return end
		}
		l := listeners[i]
		r := l.Rules[slices.IndexFunc(l.Rules, request{host: at.host, path: at.path}.matches)]
		if r.Actions[0].Type != "redirect" {
			end.ends = followedTo
			return end
		}
		end.rules = append(end.rules, fmt.Sprintf("rule %s of listener %s:%d", r.Priority, l.Protocol, l.Port))
		to := r.Actions[0].To
		at, end.named = to.of(at), to.Host != sameHost
	}
	if i := slices.Index(been, at); i >= 0 {
		end.ends, end.circle = followedLoop, end.rules[i:]
		return end
	}
	end.ends = followedOn
	return end
}

// of is where a redirect leads who asks for an address.
//
// Source: AWS, "Redirect actions" of the Application Load Balancer guide, read 2026-11.
func (l Location) of(at address) address {
	same := strings.NewReplacer(sameProtocol, at.protocol, sameHost, at.host, samePort, at.port, "#{path}", strings.TrimPrefix(at.path, "/"))
	return address{same.Replace(l.Protocol), same.Replace(l.Host), same.Replace(l.Port), same.Replace(l.Path)}
}

// TestFollow draws rules that redirect by lot, and lets clients follow these: where they end at no listener, or are led
// in a circle, the rule is named, and the command ends it; nothing is said of rules that lead on.
func TestFollow(t *testing.T) {
	for seed := range uint64(100) {
		s := drawRedirects(rand.New(rand.NewPCG(seed, 9)))
		if fault := compareFollowed(t, s); fault != "" {
			b, err := json.Marshal(s.Listeners)
			t.Errorf("seed %d: %s\n%s (%v)", seed, fault, b, err)
		}
	}
}

func drawRedirects(r *rand.Rand) *Snapshot {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	s := base()
	s.Logs.Traffic, s.Metrics = nil, nil
	s.https(Certificate{certARN, "ISSUED", noon.AddDate(1, 0, 0), []string{"example.com", "*.example.com"}, ""})
	if r.IntN(4) == 0 { // where HTTPS is usual
		s.Listeners[1].Protocol, s.Listeners[1].Certificates, s.Listeners[1].Policy = "HTTP", nil, ""
	}
	if r.IntN(6) == 0 {
		s.Listeners = s.Listeners[:1]
	}
	for i := range s.Listeners {
		l := &s.Listeners[i]
		var rules []Rule
		for k := range r.IntN(3) {
			rule := forwardTo(strconv.Itoa(k+1), webARN)
			rule.ARN = fmt.Sprintf("arn:rule-%d-%d", l.Port, k+1)
			rule.Conditions = []Condition{{Field: "host-header", Values: []string{pick("example.com", "www.example.com", "*.example.com", "shop.example.com")}}}
			if r.IntN(4) == 0 {
				rule.Conditions = []Condition{{Field: "path-pattern", Values: []string{pick("/api/*", "/old/*")}}}
			}
			rules = append(rules, rule)
		}
		l.Rules = slices.Concat(rules, l.Rules[len(l.Rules)-1:])
		for k := range l.Rules {
			if r.IntN(2) == 0 {
				continue
			}
			to := Location{pick("HTTPS", "HTTPS", "HTTP", sameProtocol), pick(sameHost, sameHost, sameHost, "www.example.com", "example.com", "example.net"), pick("443", "443", "80", samePort, "8443"), samePath, sameQuery}
			if r.IntN(6) == 0 {
				to.Path = pick("/", "/api/#{path}")
			}
			l.Rules[k].Actions = []Action{{Type: "redirect", Status: "301", To: &to}}
		}
	}
	return s
}

// clientsOfRules are those that come to the listeners, in a protocol that these speak.
func clientsOfRules(s *Snapshot) (list []address) {
	for _, l := range s.Listeners {
		for _, host := range []string{"example.com", "www.example.com", "shop.example.com"} {
			for _, p := range []string{"/", "/api/v1", "/old/a"} {
				list = append(list, address{l.Protocol, host, strconv.Itoa(l.Port), p})
			}
		}
	}
	return list
}

var ruleOf = regexp.MustCompile(`rule \w+ of listener \w+:\d+`)

// compareFollowed says where a report and the clients do not agree; "" if they do.
func compareFollowed(t *testing.T, s *Snapshot) string {
	t.Helper()
	var nowhere, takes, told []string
	for _, client := range clientsOfRules(s) {
		end := follow(s.Listeners, client)
		for i, rule := range end.rules {
			takes = add(takes, rule)
			if lost := end.ends == followedNone || end.ends == followedGap; lost && i == len(end.rules)-1 && !end.named {
				nowhere = add(nowhere, rule)
			}
		}
	}
	for _, f := range Diagnose(copied(t, s)).Findings {
		if f.ID == "redirect-without-listener" {
			for _, e := range f.Evidence {
				told = add(told, ruleOf.FindString(e.Text))
			}
		}
	}
	for _, rule := range takes {
		if led, said := slices.Contains(nowhere, rule), slices.Contains(told, rule); led != said {
			return fmt.Sprintf("%s leads clients to no listener: %v, and said: %v", rule, led, said)
		}
	}
	return ""
}

// TestFollowInCircle: where clients of an address are led in a circle, and no others come, the rules of it are named,
// or those of another one that leads in a circle as well.
func TestFollowInCircle(t *testing.T) {
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(seed, 10))
		s := drawRedirects(r)
		clients := clientsOfRules(s)
		client := clients[r.IntN(len(clients))]
		end := follow(s.Listeners, client)
		paths := slices.ContainsFunc(s.Listeners, func(l Listener) bool {
			return slices.ContainsFunc(l.Rules, func(r Rule) bool {
				return r.asks("path-pattern") || r.Actions[0].To != nil && r.Actions[0].To.Path != samePath
			})
		})
		if len(end.circle) > 1 && paths { // of these, it is said that there is a circle
			continue
		}
		if end.ends != followedLoop || !slices.ContainsFunc(s.actions(), func(a Action) bool { return a.Type == "forward" }) {
			continue
		}
		if fault := compareCircle(t, s); fault != "" {
			b, err := json.Marshal(s.Listeners)
			t.Errorf("seed %d: %s, client %v, circle %v\n%s (%v)", seed, fault, client, end.circle, b, err)
		}
	}
}

func compareCircle(t *testing.T, s *Snapshot) string {
	t.Helper()
	s.Logs.Traffic, s.Logs.Redirects = []Traffic{{Requests: 6000, Slowest: -1, Last: noon}}, []Redirects{{"", 6000, 5800}}
	f := Diagnose(copied(t, s)).finding("rule-redirect-loop")
	if f == nil {
		return "no circle is said"
	}
	if strings.Contains(f.Sentence, "example.net") { // which may be a name of the balancer, too
		return ""
	}
	named := ruleOf.FindAllString(strings.ToLower(f.Sentence[:1])+f.Sentence[1:], -1)
	for _, client := range clientsOfRules(s) {
		end := follow(s.Listeners, client)
		if end.ends == followedLoop && len(named) == len(end.circle) && !slices.ContainsFunc(named, func(rule string) bool { return !slices.Contains(end.circle, rule) }) {
			return ""
		}
	}
	return fmt.Sprintf("%v is no circle: %s", named, f.Sentence)
}
