package diagnose

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const apiARN = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/api/ad18ee8d310e74a0"

// toAPI gives the group web, its targets and their network other names and addresses.
var toAPI = strings.NewReplacer(
	webARN, apiARN, `"name": "web"`, `"name": "api"`, `"group": "web"`, `"group": "api"`,
	"10.0.10.11", "10.0.20.31", "10.0.11.12", "10.0.21.32", "10.0.10.99", "10.0.20.99", "10.9.0.7", "10.9.0.8",
	"10.0.10.0/", "10.0.20.0/", "10.0.11.0/", "10.0.21.0/",
	"cd18ee8d310e74a0", "ad18ee8d310e74a0", "eni-1", "eni-3", "eni-2", "eni-4", "i-1", "i-3", "i-2", "i-4",
	"sg-app", "sg-api", "acl-app", "acl-api", "rtb-app", "rtb-api", "subnet-app-", "subnet-api-")

// ofAPI is a snapshot in which the group is called api.
func (s *Snapshot) ofAPI(t *testing.T) *Snapshot {
	t.Helper()
	var b strings.Builder
	if err := s.Write(&b); err != nil {
		t.Fatal(err)
	}
	out, err := Read(strings.NewReader(toAPI.Replace(b.String())))
	if err != nil {
		t.Fatal(err)
	}
	for i := range out.Network.RouteTables {
		if table := &out.Network.RouteTables[i]; table.ID == "rtb-api" && table.Main { // of a VPC one table is
			table.Main, table.Subnets = false, []string{"subnet-api-a", "subnet-api-b"}
		}
	}
	return out
}

// withoutGroup is what a snapshot has of the balancer itself, as text.
func (s *Snapshot) withoutGroup(t *testing.T) string {
	t.Helper()
	other := func(id string) bool { return !strings.HasSuffix(id, "-lb") && !strings.Contains(id, "-edge") }
	n := s.Network
	rest := []any{
		slices.DeleteFunc(slices.Clone(n.SecurityGroups), func(g SecurityGroup) bool { return other(g.ID) }),
		slices.DeleteFunc(slices.Clone(n.ACLs), func(a ACL) bool { return other(a.ID) }),
		slices.DeleteFunc(slices.Clone(n.RouteTables), func(t RouteTable) bool { return other(t.ID) }),
		slices.DeleteFunc(slices.Clone(n.Subnets), func(s Subnet) bool { return other(s.ID) }),
	}
	if s.Logs != nil {
		rest = append(rest, s.Logs.Newest, s.Logs.WAFRoutes, s.Logs.ShutOut)
	}
	b, err := json.Marshal([]any{
		rest, n.VPCs, n.PrefixLists, s.Balancer, s.Listeners, s.Certificates, s.From, s.Until, s.Target, s.Idle, s.Bucket,
		s.Missing, s.Logs == nil, s.Metrics == nil, len(s.Groups),
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// beside is one balancer with the groups of two snapshots, web and api.
func (s *Snapshot) beside(t *testing.T, api *Snapshot) *Snapshot {
	t.Helper()
	s = copied(t, s)
	s.Groups = append(s.Groups, api.Groups...)
	r := forwardTo("900", apiARN)
	r.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/api/*"}}}
	s.Listeners[0].Rules = append([]Rule{r}, s.Listeners[0].Rules...)
	n, m := &s.Network, api.Network
	n.Subnets, n.SecurityGroups, n.ACLs = union(n.Subnets, m.Subnets), union(n.SecurityGroups, m.SecurityGroups), union(n.ACLs, m.ACLs)
	n.RouteTables, n.Interfaces, n.Instances = union(n.RouteTables, m.RouteTables), union(n.Interfaces, m.Interfaces), union(n.Instances, m.Instances)
	for _, x := range api.Metrics {
		at := slices.IndexFunc(s.Metrics, func(y Series) bool {
			return x.Group == "" && y.Group == "" && x.Name == y.Name && x.Stat == y.Stat
		})
		if at < 0 {
			s.Metrics = append(s.Metrics, x)
			continue
		}
		for i := range x.Points { // both are of the same minutes, or one has none
			if strings.Contains(x.Stat, "Sum") && i < len(s.Metrics[at].Points) {
				s.Metrics[at].Points[i].Value += x.Points[i].Value
			}
		}
	}
	s.Probes = append(s.Probes, api.Probes...)
	if s.Logs != nil {
		l, k := s.Logs, api.Logs
		l.Traffic, l.Failures, l.Health = append(l.Traffic, k.Traffic...), append(l.Failures, k.Failures...), append(l.Health, k.Health...)
		l.Sockets, l.Redirects = append(l.Sockets, k.Sockets...), append(l.Redirects, k.Redirects...)
		l.Surges, l.Slower = append(l.Surges, k.Surges...), append(l.Slower, k.Slower...)
		for _, x := range k.Minutes {
			if x.Group != "" {
				l.Minutes = append(l.Minutes, x)
			}
		}
		slices.SortStableFunc(l.Minutes, func(a, b Minute) int { return a.Minute.Compare(b.Minute) })
	}
	return s
}

// union is a list with what another one has beside it.
func union[T any](list, more []T) []T {
	for _, x := range more {
		if !slices.ContainsFunc(list, func(y T) bool { return reflect.DeepEqual(x, y) }) {
			list = append(list, x)
		}
	}
	return list
}

// TestBesideAnother: what is wrong with a group is found alike beside another one that
// works, whichever of them it is, and nothing is found of the other.
func TestBesideAnother(t *testing.T) {
	healthy, n := base().withoutGroup(t), 0
	for _, tt := range faults {
		s := base()
		tt.change(s)
		s = copied(t, s)
		if s.withoutGroup(t) != healthy {
			continue // it is not of the group, or not of it alone
		}
		n++
		want := inShort(Diagnose(s))
		if got := inShort(Diagnose(s.beside(t, base().ofAPI(t)))); got != want && tt.want != "target-answers-not-found" {
			// The group of the default rule may be one for what nobody else offers.
			t.Errorf("%s: beside api:\n%s\nalone:\n%s", tt, got, want)
		}
		if got := inShort(Diagnose(base().beside(t, s.ofAPI(t)))); got != itsName.ReplaceAllString(toAPI.Replace(want), "api") {
			t.Errorf("%s, of api: beside web:\n%s\nalone, called web:\n%s", tt, got, want)
		}
		both := summed(Diagnose(s.beside(t, s.ofAPI(t))))
		for id, alone := range summed(Diagnose(s)) {
			if got := both[id]; len(alone.groups) > 0 && (got.explains != 2*alone.explains || got.targets != 2*alone.targets || got.level != alone.level || len(got.groups) != 2) {
				t.Errorf("%s, of both: %s is %+v, of one alone %+v", tt, id, got, alone)
			}
		}
	}
	if n < 80 {
		t.Errorf("only %d faults are of a group alone", n)
	}
}

var (
	itsName = regexp.MustCompile(`\bweb\b`)
	shares  = regexp.MustCompile(`[\d.]+ %`) // of all requests, which are more beside another group
	itsRule = regexp.MustCompile(`rule \w+ of listener [\w:]+( \(path [^)]*\))? sends`)
)

// inShort is what a report says that does not change with what else there is.
func inShort(r *Report) string {
	var lines []string
	for _, f := range r.Findings {
		lines = append(lines, fmt.Sprintln(f.ID, f.Level, f.Confidence, f.Explains, f.BecauseOf, f.Groups, f.Targets, f.Sentence, f.Fix, f.Undo))
	}
	return itsRule.ReplaceAllString(shares.ReplaceAllString(strings.Join(lines, ""), "N %"), "a rule sends")
}

type sums struct {
	explains int64
	targets  int
	level    Level
	groups   []string
}

// summed is what all findings of an id say together.
func summed(r *Report) map[string]sums {
	all := map[string]sums{}
	for _, f := range r.Findings {
		s := all[f.ID]
		s.explains, s.targets = s.explains+f.Explains, s.targets+len(f.Targets)
		if s.level == "" || f.Level == Fail {
			s.level = f.Level
		}
		for _, g := range f.Groups {
			s.groups = add(s.groups, g)
		}
		all[f.ID] = s
	}
	return all
}
