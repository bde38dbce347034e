package diagnose

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// request is what rules look at.
type request struct{ host, path, method, source, header string }

// requests are all of some parts, of which the values of drawn conditions tell most apart.
func requests() (list []request) {
	for _, host := range []string{"shop.example.com", "api.example.com", "example.com", "shop.example.org", "xi.example.com", "w.example.net", "org.shop.eu"} {
		for _, p := range []string{"/", "/api", "/api/", "/api/v1/x", "/api/v1/xy", "/img/a.png", "/API/v1/x", "/abi/b", "/index.png"} {
			for _, method := range []string{"GET", "POST", "PUT", "HEAD"} {
				for _, source := range []string{"10.0.0.7", "10.0.1.7", "198.51.100.7", "2001:db8::7"} {
					for _, header := range []string{"", "beta", "x", "y"} {
						list = append(list, request{host, p, method, source, header})
					}
				}
			}
		}
	}
	return list
}

// meets reports whether a request is what a condition asks for.
//
// Source: AWS, "Condition types for listener rules" of the Application Load Balancer guide, read
// 2026-11.
func (q request) meets(c Condition) bool {
	return slices.ContainsFunc(c.Values, func(v string) bool {
		switch c.Field {
		case "host-header":
			return like(strings.ToLower(v), strings.ToLower(q.host))
		case "path-pattern":
			return like(v, q.path)
		case "http-request-method":
			return v == q.method
		case "source-ip":
			return netip.MustParsePrefix(v).Contains(netip.MustParseAddr(q.source))
		case "http-header":
			return strings.EqualFold(c.Name, "X-Stage") && v == q.header
		}
		panic(c.Field)
	})
}

// like reports whether a text is like a pattern with * and ?.
func like(pattern, text string) bool {
	if patterns[pattern] == nil {
		quoted := regexp.QuoteMeta(pattern)
		patterns[pattern] = regexp.MustCompile("^" + strings.ReplaceAll(strings.ReplaceAll(quoted, `\*`, ".*"), `\?`, ".") + "$")
	}
	return patterns[pattern].MatchString(text)
}

var patterns = map[string]*regexp.Regexp{}

func (q request) matches(r Rule) bool {
	return !slices.ContainsFunc(r.Conditions, func(c Condition) bool { return !q.meets(c) })
}

// goes is the place of the rule that each request is taken by.
func goes(rules []Rule, all []request) []int {
	var list []int
	for _, q := range all {
		list = append(list, slices.IndexFunc(rules, q.matches))
	}
	return list
}

// TestRules draws listener rules by lot and lets all requests go through them one by one: a rule that is said
// never to match takes none; with the command run it takes some, and no other request goes another way.
func TestRules(t *testing.T) {
	all := requests()
	for seed := range uint64(800) {
		r := rand.New(rand.NewPCG(seed, 2))
		s := base()
		s.Logs, s.Metrics = nil, nil
		s.Listeners[0].Rules = drawRules(r)
		rules := s.Listeners[0].Rules
		if fault := compareRules(t, s, all); fault != "" {
			b, err := json.Marshal(rules)
			t.Fatalf("seed %d: %s\n%s (%v)", seed, fault, b, err)
		}
	}
}

func drawRules(r *rand.Rand) (rules []Rule) {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	priority := 0
	for range 1 + r.IntN(5) {
		priority += 1 + r.IntN(3)
		rule := forwardTo(strconv.Itoa(priority), webARN)
		switch r.IntN(8) {
		case 0:
			rule.Actions = []Action{{Type: "fixed-response", Status: pick("404", "503", "200")}}
		case 1:
			rule.Actions = []Action{{Type: "redirect", Status: "301", To: &Location{pick("HTTPS", sameProtocol), sameHost, pick("443", samePort), samePath, sameQuery}}}
		case 2:
			rule.Actions = append([]Action{{Type: "authenticate-oidc"}}, rule.Actions...)
		}
		for _, field := range []string{"host-header", "path-pattern", "http-request-method", "source-ip", "http-header"} {
			if r.IntN(3) > 0 {
				continue
			}
			c := Condition{Field: field}
			for range 1 + r.IntN(2) {
				switch field {
				case "host-header":
					c.Values = append(c.Values, pick("shop.example.com", "*.example.com", "*.*", "?i.example.com", "*.EXAMPLE.com", "shop.*", "api.example.com", "*.example.*"))
				case "path-pattern":
					c.Values = append(c.Values, pick("/*", "*", "/api/*", "/api*", "/a?i/*", "*.png", "/api/v1/?", "/img/*.png", "/api", "/api/v1/x", "/*.png", "/api/*/x"))
				case "http-request-method":
					c.Values = append(c.Values, pick("GET", "POST", "PUT"))
				case "source-ip":
					c.Values = append(c.Values, pick("10.0.0.0/24", "10.0.0.0/16", "198.51.100.0/24", "10.0.1.0/25"))
				default:
					c.Name = pick("X-Stage", "x-stage")
					c.Values = append(c.Values, pick("beta", "x"))
				}
			}
			rule.Conditions = append(rule.Conditions, c)
		}
		if len(rule.Conditions) > 0 { // of which each has one
			rules = append(rules, rule)
		}
	}
	return append(rules, forwardTo("default", webARN))
}

// compareRules says where a report and the requests do not agree; "" if they do.
func compareRules(t *testing.T, s *Snapshot, all []request) string {
	t.Helper()
	rules := s.Listeners[0].Rules
	takes := goes(rules, all)
	for _, f := range Diagnose(copied(t, s)).Findings {
		if f.ID != "rule-never-matches" {
			continue
		}
		i := slices.IndexFunc(rules, func(r Rule) bool { return strings.HasPrefix(f.Sentence, "Rule "+r.Priority+" ") })
		if slices.Contains(takes, i) {
			return f.Sentence + " It takes some."
		}
		if len(f.Fix) == 0 {
			continue
		}
		moved := renumbered(rules, f.Fix)
		now, some := goes(moved, all), false
		for k, q := range all {
			before, then := rules[takes[k]].ARN, moved[now[k]].ARN
			if some = some || then == rules[i].ARN; before != then && then != rules[i].ARN {
				return fmt.Sprintf("%s After %v, %v goes from %s to %s.", f.Sentence, f.Fix, q, before, then)
			}
		}
		// Others before it may take all together, which nobody says.
		left := slices.ContainsFunc(all, func(q request) bool {
			return q.matches(rules[i]) && !slices.ContainsFunc(rules[:i], func(other Rule) bool {
				return q.matches(other) && !strings.Contains(f.Sentence, "rule "+other.Priority+" takes")
			})
		})
		if left && !some {
			return fmt.Sprintf("%s After %v it takes none.", f.Sentence, f.Fix)
		}
	}
	return ""
}

var priorities = regexp.MustCompile(`RuleArn=(arn:rule-\w+),Priority=(\d+)`)

// renumbered are rules in the order that commands give them.
func renumbered(rules []Rule, commands []string) []Rule {
	rules = slices.Clone(rules)
	for _, m := range priorities.FindAllStringSubmatch(strings.Join(commands, " "), -1) {
		rules[slices.IndexFunc(rules, func(r Rule) bool { return r.ARN == m[1] })].Priority = m[2]
	}
	slices.SortStableFunc(rules, func(a, b Rule) int {
		x, errX := strconv.Atoi(a.Priority)
		y, errY := strconv.Atoi(b.Priority)
		if errX != nil || errY != nil { // the default one
			return cmp.Compare(len(a.Priority), len(b.Priority))
		}
		return x - y
	})
	for i, r := range rules[1:] {
		if rules[i].Priority == r.Priority {
			panic("two rules with priority " + r.Priority)
		}
	}
	return rules
}
