package diagnose

import (
	"fmt"
	"regexp"
	"slices"
)

// byKubernetes are the names that the AWS Load Balancer Controller makes up, which end in ten
// digits of a hash, and the cloud provider's for Services. What others call k8s-api is none.
var byKubernetes = regexp.MustCompile(`^k8s-(?:.*-[0-9a-f]{10}|elb-a[0-9a-f]{31})$`)

// ofKubernetes reports whether a controller of Kubernetes has made something, by its name.
func ofKubernetes(name string) bool { return byKubernetes.MatchString(name) }

// inCommand finds what commands change: security groups by id, and settings of Elastic Load Balancing.
var inCommand = regexp.MustCompile(`--group-id (sg-[0-9A-Za-z-]+)|^aws elbv2 (?:modify|set|create|delete|add)-`)

// keptByKubernetes says where the commands of a finding change what a controller has made: it
// sets things back to what the Ingress or Service asks for.
//
// Source: AWS Load Balancer Controller, "How AWS Load Balancer controller works"; AWS Knowledge
// Center, "Why does Amazon EKS automatically revert the changes I make to my load balancer?",
// read 2026-11.
func (f *facts) keptByKubernetes(found *Finding) {
	var kept []string
	for _, c := range found.Fix {
		m := inCommand.FindStringSubmatch(c)
		switch {
		case m == nil:
		case m[1] == "":
			if ofKubernetes(f.Balancer.Name) {
				kept = add(kept, f.Balancer.Name)
			}
			for _, g := range found.Groups {
				if ofKubernetes(g) {
					kept = add(kept, g)
				}
			}
		default:
			if i := slices.IndexFunc(f.Network.SecurityGroups, func(g SecurityGroup) bool { return g.ID == m[1] && ofKubernetes(g.Name) }); i >= 0 {
				kept = add(kept, f.Network.SecurityGroups[i].Name)
			}
		}
	}
	if len(kept) > 0 {
		found.because(FromConfig, fmt.Sprintf("%s: made by a controller of Kubernetes, by the name, which takes such a change back sooner or later: make it in the annotations of the Ingress or Service as well", few(kept)))
	}
}

// leaveToKubernetes says who registers the pods in a group of Kubernetes: what others register there,
// the controller takes out again.
func (f *facts) leaveToKubernetes(found *Finding, g *Group) {
	found.Do = "see why Kubernetes registers no pod: whether the Service has endpoints that are ready, and what the TargetGroupBinding and the AWS Load Balancer Controller say"
	found.because(FromConfig, g.Name+": made by a controller of Kubernetes, by the name, which takes out what others register")
	for _, look := range []string{"kubectl get targetgroupbindings --all-namespaces -o wide", "kubectl logs -n kube-system -l app.kubernetes.io/name=aws-load-balancer-controller --tail 100"} {
		found.Verify = add(found.Verify, look)
	}
}

// readinessGate adds to what is seen of a group of Kubernetes without a usable target that a
// rollout may have ended old pods before the balancer found new ones healthy.
//
// Source: AWS Load Balancer Controller, "Pod readiness gate", read 2026-11.
func (f *facts) readinessGate(found *Finding) {
	pods := func(g *Group) bool { // of groups by instance, the targets are nodes
		return g.Type == "ip" && ofKubernetes(g.Name) && slices.Contains(found.Groups, g.Name)
	}
	if (found.ID == "no-usable-target" || found.ID == "target-group-all-draining") && slices.ContainsFunc(f.groups, pods) {
		found.rival("", "a rollout that ends old pods before the balancer finds the new ones healthy: a readiness gate keeps them (label elbv2.k8s.aws/pod-readiness-gate-inject=enabled of the namespace)")
	}
}
