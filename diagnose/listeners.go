package diagnose

import (
	"fmt"
)

var listenersCheck = Check{
	Name:  "listeners",
	About: "Whether there is a listener at all.",
	Needs: []string{"elasticloadbalancing:DescribeListeners"},
	Gives: []string{"listener-none"},
	look: func(f *facts) []*Finding {
		if f.Listeners == nil || len(f.Listeners) > 0 {
			return nil
		}
		found := finding("listener-none", "The balancer has no listener: every connection is refused.")
		found.Confidence = High
		found.because(FromConfig, "DescribeListeners has none")
		if len(f.Groups) == 1 || len(f.Idle) == 1 {
			arn := append(append([]Group{}, f.Groups...), f.Idle...)[0].ARN
			found.Fix = []string{f.command("elbv2", "create-listener", "--load-balancer-arn", f.Balancer.ARN, "--protocol", "HTTP", "--port", "80",
				"--default-actions", "Type=forward,TargetGroupArn="+arn)}
			found.Undo = []string{f.command("elbv2", "delete-listener", "--listener-arn", "LISTENER-ARN")}
		}
		return []*Finding{found}
	},
}

// label names a listener.
func (l Listener) label() string { return fmt.Sprintf("%s:%d", l.Protocol, l.Port) }
