package diagnose

import (
	"fmt"

	"loglens/internal/amount"
)

// gaveUp looks for clients that have less patience than the balancer: where targets hang, or
// are slow, their 460s may be all that is seen of it.
//
// Source: AWS, "HTTP 460: The client closed the connection" of the Application Load Balancer
// guide, read 2026-11.
func (f *facts) gaveUp(g *Group) *Finding {
	share := f.ofGroup(g, "Client_Closed")
	names, n := f.hits(g, share)
	all := int64(0) // to any target, or to none: a client may leave before one is chosen
	for _, row := range f.failures() {
		all += share(row)
	}
	rate := float64(all) / float64(max(f.sent(g), 1))
	late, of := f.lastMinutes(g, "Client_Closed")
	hang := f.mostly(g, share)
	which := ""
	switch {
	case n < fewRequests:
		return nil
	case rate >= tooMany:
		which = fmt.Sprintf("%.0f %% of the requests to %s", 100*rate, g.Name)
	case late >= fewRequests && float64(late) >= tooMany*float64(of):
		which = fmt.Sprintf("%.0f %% of the requests to %s in the last minutes that the logs have", 100*float64(late)/float64(of), g.Name)
	case len(hang) > 0:
		names, which = hang, "most requests to "+whom(hang, g)
	default:
		return nil
	}
	found := finding("clients-gave-up", fmt.Sprintf("Clients closed the connection before they had an answer: %s ended with 460.", which))
	found.Targets = names
	found.because(FromLog, amount.Of(n, "request", "requests")+" got 460")
	if slowest := f.slowest(g); slowest > 0 {
		found.because(FromLog, fmt.Sprintf("the slowest answer of the group took %.1f s", slowest))
	}
	if f.limit(found, f.own(g, share), n) {
		found.Do = "see whose time limit this is: the clients', or that of what stands between, such as a proxy or a CDN (CloudFront: 30 s unless changed); look at what keeps the targets from answering"
	} else {
		found.rival("", "clients that close at once whatever they ask for, such as a monitor or a scanner")
	}
	return found
}
