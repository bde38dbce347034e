//go:build moto

package diagnose

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestHundredTargets diagnoses a balancer with a hundred targets, three of which
// are closed, in time and with no more calls than for two.
func TestHundredTargets(t *testing.T) {
	few := buildBase(t, "alb", "two-targets", nil)
	two := newGate(t, few.account)
	few.ask(t, two)

	s, err := readScenario("bases/alb.yaml")
	if err != nil {
		t.Fatal(err)
	}
	register := "elb RegisterTargets TargetGroupArn={group}"
	for i := range 98 {
		at := fmt.Sprintf("1%d.%d", i%2, 20+i)
		s.Steps = append(s.Steps, step{fmt.Sprint("more-", i), fmt.Sprintf("ec2 CreateNetworkInterface SubnetId={app-%c} PrivateIpAddress={net}.%s SecurityGroupId.1={sg-app}", "ab"[i%2], at)})
		register += fmt.Sprintf(" Targets.member.%d.Id={net}.%s", i+1, at)
		s.Servers[at+":8080"] = "http 200"
		if i < 3 {
			s.Servers[at+":8080"] = "closed"
		}
	}
	s.Steps = append(s.Steps, step{"register-more", register})
	s.Traffic = []traffic{{Requests: 1000, Blind: 200}}
	b := s.build(t, "hundred-targets")
	hundred := newGate(t, b.account)
	start := time.Now()
	a, status := b.ask(t, hundred)
	took := time.Since(start)
	t.Logf("100 targets: %v, %d calls, %d at the same time", took.Round(time.Millisecond), a.Calls.Total, hundred.peak)
	if took > 10*time.Second {
		t.Errorf("it took %v, want 10 s at most", took)
	}
	if status != 21 || len(a.Findings) == 0 || a.Findings[0].ID != "target-port-refused" || len(a.Findings[0].Targets) != 3 {
		t.Errorf("exit status %d, findings %+v; want the three closed targets", status, a.Findings)
	}
	for action, n := range hundred.counts() {
		if !strings.HasPrefix(action, "s3:") && a.Calls.ByAction[action] != n {
			t.Errorf("the answer says %d calls of %s, and there were %d", a.Calls.ByAction[action], action, n)
		}
	}
	// Log objects are as many as there are intervals, not targets, and listings as there
	// are days: an hour over midnight has two.
	before, after := two.counts(), hundred.counts()
	if lists := after["s3:ListBucket"]; lists > 30 {
		t.Errorf("%d listings, want 30 at most", lists)
	}
	for _, counts := range []map[string]int{before, after} {
		delete(counts, "s3:GetObject")
		delete(counts, "s3:ListBucket")
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("calls (-2 targets +100 targets):\n%s", diff)
	}
	total := 0
	for _, n := range after {
		total += n
	}
	if total > 20 {
		t.Errorf("%d calls but for listings and log objects, want 20 at most", total)
	}
	if hundred.peak < 2 || hundred.peak > 32 {
		t.Errorf("%d requests at the same time", hundred.peak)
	}
}

// TestManyGroups diagnoses a balancer with thirty groups: what has to be asked for each
// is asked at the same time, and within bounds.
func TestManyGroups(t *testing.T) {
	t.Parallel()
	s, err := readScenario("bases/alb.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const groups = 30
	for i := range groups - 1 {
		s.Steps = append(s.Steps,
			step{fmt.Sprint("group-", i), fmt.Sprintf("elb CreateTargetGroup Name=many-%d VpcId={vpc} TargetType=ip Protocol=HTTP ProtocolVersion=HTTP1 Port=8080 HealthCheckPath=/health HealthCheckTimeoutSeconds=5", i)},
			step{fmt.Sprint("rule-", i), fmt.Sprintf("elb CreateRule ListenerArn={listener} Priority=%d Conditions.member.1.Field=path-pattern Conditions.member.1.Values.member.1=/service-%d/* Actions.member.1.Type=forward Actions.member.1.TargetGroupArn={group-%d}", i+1, i, i)},
			step{fmt.Sprint("register-", i), fmt.Sprintf("elb RegisterTargets TargetGroupArn={group-%d} Targets.member.1.Id={net}.10.11 Targets.member.2.Id={net}.11.12", i)})
	}
	s.NoMetrics = true // a query for each group is work for the emulator
	b := s.build(t, "many-groups")
	g := newGate(t, b.account)
	start := time.Now()
	a, status := b.ask(t, g)
	took := time.Since(start)
	t.Logf("%d groups: %v, %d calls, %d at the same time", groups, took.Round(time.Millisecond), a.Calls.Total, g.peak)
	if status != 0 || len(a.Findings) > 0 {
		t.Errorf("exit status %d, findings %v", status, a.ids())
	}
	if took > 10*time.Second {
		t.Errorf("it took %v, want 10 s at most", took)
	}
	if n := a.Calls.Total; n < 2*groups || n > 3*groups+40 {
		t.Errorf("%d calls", n)
	}
	if g.peak < 4 {
		t.Errorf("%d requests at the same time", g.peak)
	}
}

// TestSaved diagnoses what was saved: the same answer, byte for byte, without AWS.
func TestSaved(t *testing.T) {
	s, err := readScenario("scenarios/two-groups.yaml")
	if err != nil {
		t.Fatal(err)
	}
	b := s.build(t, "saved")
	file := filepath.Join(t.TempDir(), "saved.json")
	for _, form := range []string{"json", "table", "markdown"} {
		first, stderr, status := diagnose(t, newGate(t, b.account), "--lb", b.name, "--since", "1h", "--output", form, "--save", file)
		if status != 21 {
			t.Fatalf("exit status %d, want 21: %s", status, stderr)
		}
		saved, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"loglens-secret", "Credential="} {
			if strings.Contains(string(saved), secret) {
				t.Errorf("what is saved contains %q", secret)
			}
		}
		c := exec.CommandContext(t.Context(), under.Binary, "diagnose", "--from", file, "--output", form)
		c.Env = []string{"AWS_EC2_METADATA_DISABLED=true", "HOME=" + t.TempDir()}
		again, err := c.Output()
		if c.ProcessState.ExitCode() != 21 {
			t.Errorf("%s: exit status %d of what was saved, want 21: %v", form, c.ProcessState.ExitCode(), err)
		}
		if diff := cmp.Diff(first, string(again)); diff != "" {
			t.Errorf("%s (-first +from the file):\n%s", form, diff)
		}
	}
}
