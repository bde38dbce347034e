package diagnose

import (
	"fmt"
	"strconv"
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
			g := append(append([]Group{}, f.Groups...), f.Idle...)[0]
			protocol, port := "HTTP", "80"
			if f.Balancer.Type != Application {
				protocol, port = g.Protocol, strconv.Itoa(g.Port)
			}
			found.Fix = []string{f.command("elbv2", "create-listener", "--load-balancer-arn", f.Balancer.ARN, "--protocol", protocol, "--port", port,
				"--default-actions", "Type=forward,TargetGroupArn="+g.ARN)}
			found.Undo = []string{f.command("elbv2", "delete-listener", "--listener-arn", "LISTENER-ARN")}
		}
		return []*Finding{found}
	},
}

func (l Listener) transports() []string { return transports(l.Protocol) }

// label names a listener.
func (l Listener) label() string { return fmt.Sprintf("%s:%d", l.Protocol, l.Port) }
