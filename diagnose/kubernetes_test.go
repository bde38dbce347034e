package diagnose

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestKeptByKubernetes: what a controller of Kubernetes has made, it sets back to what the
// Ingress or Service asks for, so that a command alone does not last. That is said where a
// command changes such a thing, and nowhere else.
func TestKeptByKubernetes(t *testing.T) {
	const group, balancer, filter = "k8s-shop-web-0123456789", "k8s-shop-public-0123456789", "k8s-traffic-shop-0123456789"
	for _, tt := range []struct {
		name, id string
		change   func(*Snapshot)
		kept     string // what is named as made by a controller; "" for nothing
	}{
		{"health check", "health-check-path-not-found", func(s *Snapshot) {
			s.web().Name = group
			s.codes(404)
		}, group},
		{"health check of somebody's own group", "health-check-path-not-found", func(s *Snapshot) { s.codes(404) }, ""},
		{"health check of a group that somebody named so", "health-check-path-not-found", func(s *Snapshot) {
			s.web().Name = "k8s-api-6443"
			s.codes(404)
		}, ""},
		{"security group of a Classic Load Balancer", "balancer-sg-blocks-listener", func(s *Snapshot) {
			s.group("sg-lb").Name, s.group("sg-lb").Ingress = "k8s-elb-a0123456789abcdef0123456789abcde", []Permission{}
		}, "k8s-elb-a0123456789abcdef0123456789abcde"},
		{"idle timeout", "idle-timeout-reached", func(s *Snapshot) {
			s.Balancer.Name = balancer
			for _, target := range []string{first, second} {
				s.failing("Target_Response_Timeout", target, 504, 600, func(f *Failure) { f.Idle = 600 })
			}
		}, balancer},
		{"security group of the balancer", "balancer-sg-blocks-listener", func(s *Snapshot) {
			s.group("sg-lb").Name, s.group("sg-lb").Ingress = filter, []Permission{}
		}, filter},
		{"a certificate beside others", "listener-certificate-does-not-cover-host", func(s *Snapshot) {
			s.Balancer.Name = balancer
			s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"www.example.com"}, ""})
			r := forwardTo("10", webARN)
			r.Conditions = []Condition{{Field: "host-header", Values: []string{"shop.example.com"}}}
			s.Listeners[1].Rules = append([]Rule{r}, s.Listeners[1].Rules...)
		}, balancer},
		{"security group of nodes", "target-sg-blocks-traffic-port", func(s *Snapshot) {
			s.Balancer.Name, s.web().Name, s.group("sg-app").Name = balancer, group, "eks-cluster-sg-shop"
			s.group("sg-app").Ingress = []Permission{}
			s.unreachable()
		}, ""},
		{"no command", "target-answers-5xx", func(s *Snapshot) {
			s.Balancer.Name, s.web().Name = balancer, group
			s.failing("Target_5XX", first, 500, 600, func(f *Failure) { f.TargetStatus = 500 })
		}, ""},
	} {
		s := base()
		tt.change(s)
		r := Diagnose(copied(t, s))
		f := r.Findings[0]
		kept := ""
		for _, e := range f.Evidence {
			if name, rest, ok := strings.Cut(e.Text, ": made by a controller of Kubernetes"); ok && strings.Contains(rest, "annotations") {
				kept = name
			}
		}
		if f.ID != tt.id || kept != tt.kept {
			t.Errorf("%s: %q is named as made by a controller, want %s and %q:\n%s", tt.name, kept, tt.id, tt.kept, said(r))
		}
	}
}

// TestRegisteredByKubernetes: targets that somebody registers in a group of Kubernetes are
// taken out again, so that there is no command for that.
func TestRegisteredByKubernetes(t *testing.T) {
	for name, change := range map[string]func(*Snapshot){
		"empty":    func(s *Snapshot) { s.web().Targets = []Target{} },
		"draining": func(s *Snapshot) { s.instances(); s.all("draining", "Target.DeregistrationInProgress", "") },
		"asked":    func(s *Snapshot) { s.Target = "10.0.10.77:8080" },
	} {
		s := base()
		s.web().Name = "k8s-shop-web-0123456789"
		change(s)
		r := Diagnose(copied(t, s))
		f := r.Findings[0]
		if slices.Sort(f.Verify); len(slices.Compact(slices.Clone(f.Verify))) != len(f.Verify) {
			t.Errorf("%s: a command is there twice: %q", name, f.Verify)
		}
		if len(f.Fix) > 0 || len(f.Undo) > 0 || !strings.Contains(f.Do, "Kubernetes") || !strings.Contains(strings.Join(f.Verify, "\n"), "kubectl get targetgroupbindings") {
			t.Errorf("%s: want no command that registers, and where to look:\n%s", name, said(r))
		}
	}
}

// TestReadinessGate: a rollout in Kubernetes ends old pods before the balancer finds new ones
// healthy, unless these have a readiness gate. It is named where a group had no usable target,
// or has none.
func TestReadinessGate(t *testing.T) {
	for _, tt := range []struct {
		name, id, group string
		change          func(*Snapshot)
		want            bool
	}{
		{"had none", "no-usable-target", "k8s-shop-web-0123456789", func(s *Snapshot) { s.failing("No_Usable_Target", "", 503, 60) }, true},
		{"all leave", "target-group-all-draining", "k8s-shop-web-0123456789", func(s *Snapshot) { s.all("draining", "Target.DeregistrationInProgress", "") }, true},
		{"nodes leave", "target-group-all-draining", "k8s-shop-web-0123456789", func(s *Snapshot) { s.instances(); s.all("draining", "Target.DeregistrationInProgress", "") }, false},
		{"not of Kubernetes", "no-usable-target", "web", func(s *Snapshot) { s.failing("No_Usable_Target", "", 503, 60) }, false},
		{"refuses", "target-port-refused", "k8s-shop-web-0123456789", func(s *Snapshot) {
			s.failing("Target_Connection_Error", first, 502, 600)
			s.metric("TargetConnectionErrorCount", webARN, "Sum", 600)
		}, false},
	} {
		s := base()
		s.web().Name = tt.group
		tt.change(s)
		r := Diagnose(copied(t, s))
		f := r.finding(tt.id)
		if got := f != nil && slices.ContainsFunc(f.Rivals, func(rival Rival) bool { return strings.Contains(rival.Why, "readiness gate") }); f == nil || got != tt.want {
			t.Errorf("%s: the readiness gate is named %v, want %v:\n%s", tt.name, got, tt.want, said(r))
		}
	}
}
