//go:build moto

package diagnose

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// everything are bases, and what to change, that make a diagnosis use all its calls.
var everything = []struct {
	base  string
	steps steps
}{
	{"alb-https", steps{
		{"list", "ec2 CreateManagedPrefixList PrefixListName=balancers AddressFamily=IPv4 MaxEntries=4 Entry.1.Cidr={net}.0.0/23"},
		{"in-list", "ec2 AuthorizeSecurityGroupIngress GroupId={sg-app} IpPermissions.1.IpProtocol=tcp IpPermissions.1.FromPort=9090 IpPermissions.1.ToPort=9090 IpPermissions.1.PrefixListIds.1.PrefixListId={list}"},
	}},
	{"alb-instances", nil},
	{"nlb", nil},
	{"classic", nil},
}

// buildBase builds a base, with further steps.
func buildBase(t *testing.T, base, name string, more steps) *built {
	t.Helper()
	s, err := readScenario("bases/" + base + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	s.Steps = append(s.Steps, more...)
	return s.build(t, name)
}

// needed are the permissions without which there is no diagnosis.
var needed = []string{"elasticloadbalancing:DescribeLoadBalancers"}

// TestDenied takes one permission away at a time. The diagnosis goes on without
// what it allows, and names it.
func TestDenied(t *testing.T) {
	for _, e := range everything {
		t.Run(e.base, func(t *testing.T) {
			t.Parallel()
			b := buildBase(t, e.base, "denied-"+e.base, e.steps)
			all := newGate(t, b.account)
			if _, status := b.ask(t, all); status != 0 {
				t.Fatalf("exit status %d with all permissions, want 0", status)
			}
			actions := slices.Sorted(maps.Keys(all.counts()))
			if len(actions) < 8 {
				t.Fatalf("only %v are called", actions)
			}
			for _, action := range actions {
				t.Run(strings.ReplaceAll(action, ":", " "), func(t *testing.T) {
					g := newGate(t, b.account)
					g.answer = func(w http.ResponseWriter, asked string, _ url.Values) bool {
						return asked == action && denied(w, asked)
					}
					if slices.Contains(needed, action) {
						stdout, stderr, status := diagnose(t, g, "--lb", b.name, "--since", "1h")
						if status != 4 || stdout != "" || !strings.Contains(stderr, action) {
							t.Errorf("exit status %d, want 4; stdout %q; stderr does not name %s: %s", status, stdout, action, stderr)
						}
						return
					}
					a, status := b.ask(t, g)
					if g.counts()[action] == 0 {
						t.Fatalf("%s was not called: nothing was denied", action)
					}
					if status != 0 && status != 3 {
						t.Errorf("exit status %d, want 0 or 3", status)
					}
					named := false
					for _, n := range a.NotChecked {
						named = named || n.Permission == action
					}
					if !named {
						t.Errorf("%s is not named: %+v", action, a.NotChecked)
					}
					for _, f := range a.Findings {
						if f.Level == "fail" {
							t.Errorf("what could not be read is taken for a fault: %s: %s", f.ID, f.Sentence)
						}
					}
				})
			}
		})
	}
}

// TestExpired asks with credentials that are no longer valid.
func TestExpired(t *testing.T) {
	g := newGate(t, "111122223333")
	g.answer = func(w http.ResponseWriter, action string, _ url.Values) bool {
		refuse(w, action, http.StatusForbidden, "ExpiredToken", "The security token included in the request is expired")
		return true
	}
	stdout, stderr, status := diagnose(t, g, "--lb", "shop", "--since", "1h")
	if status != 4 || stdout != "" || !strings.Contains(stderr, "expired") {
		t.Errorf("exit status %d, want 4; stdout %q; stderr: %s", status, stdout, stderr)
	}
}

// TestPolicy compares the policy that "loglens iam" prints with the calls that were made.
func TestPolicy(t *testing.T) {
	called := map[string]bool{}
	for _, e := range everything {
		b := buildBase(t, e.base, "policy-"+e.base, e.steps)
		g := newGate(t, b.account)
		b.ask(t, g)
		for action := range g.counts() {
			called[action] = true
		}
	}
	out, err := exec.CommandContext(t.Context(), under.Binary, "iam").Output()
	if err != nil {
		t.Fatal(err)
	}
	var policy struct {
		Statement []struct {
			Effect string
			Action []string
		}
	}
	if err := json.Unmarshal(out, &policy); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	allowed := map[string]bool{}
	for _, s := range policy.Statement {
		if s.Effect != "Allow" {
			t.Errorf("a statement has the effect %q", s.Effect)
		}
		for _, action := range s.Action {
			allowed[action] = true
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(called)), slices.Sorted(maps.Keys(allowed))); diff != "" {
		t.Errorf("actions (-called +allowed):\n%s", diff)
	}
}
