package diagnose

import (
	"fmt"
	"slices"
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
		found := finding("listener-none", "The balancer has no listener, and takes no connection.")
		found.Confidence = High
		found.because(FromConfig, "DescribeListeners has none")
		// Where there is one group that it could be for, and no certificate is needed.
		groups := slices.DeleteFunc(append(slices.Clone(f.Groups), f.Idle...), func(g Group) bool { return !f.fits(&g) })
		all := !slices.ContainsFunc(f.Missing, func(m Missing) bool { return m.What == idleGroups })
		if all && len(groups) == 1 && groups[0].Protocol != "TLS" && !groups[0].http2() {
			g := groups[0]
			words := []string{"--load-balancer-arn", f.Balancer.ARN}
			switch f.Balancer.Type {
			case Application:
				words = append(words, "--protocol", "HTTP", "--port", "80")
			case NetworkType:
				words = append(words, "--protocol", g.Protocol, "--port", strconv.Itoa(g.Port))
			} // that of a gateway balancer is always the same, and may not be named
			found.mend(f.command("elbv2", "create-listener", append(words, "--default-actions", "Type=forward,TargetGroupArn="+g.ARN)...),
				f.command("elbv2", "delete-listener", "--listener-arn", "LISTENER-ARN"))
		}
		return []*Finding{found}
	},
}

func (l Listener) transports() []string { return transports(l.Protocol) }

// speaksTLS reports whether clients speak TLS to a listener: only then does a policy that it is said to have mean anything.
func (l Listener) speaksTLS() bool { return overTLS(l.Protocol) }

// verifies reports whether the balancer verifies certificates of clients at a listener (mutual TLS).
func (l Listener) verifies() bool { return l.Mutual == "verify" }

// overTLS reports whether a protocol of listeners and groups is one over TLS.
func overTLS(protocol string) bool {
	return protocol == "HTTPS" || protocol == "TLS" || protocol == "SSL"
}

// label names a listener.
func (l Listener) label() string { return fmt.Sprintf("%s:%d", l.Protocol, l.Port) }
