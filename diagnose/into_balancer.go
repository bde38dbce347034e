package diagnose

import (
	"fmt"
	"slices"
)

// selfOnly reports whether a port is open to the groups' own members only.
func (f *facts) selfOnly(ids []string, protocol string, port int) bool {
	openings, _ := f.openings(ids, false, protocol, port)
	return f.opens(ids, protocol, port) && !slices.ContainsFunc(openings, func(p Permission) bool {
		return len(p.CIDRs)+len(p.PrefixLists) > 0 || slices.ContainsFunc(p.Groups, func(id string) bool { return !slices.Contains(ids, id) })
	})
}

// onlyPrivate reports whether a port is open, and to addresses only that nobody has in the
// internet, or to members of groups, who are known by their private addresses.
//
// Source: AWS, "Security group referencing" of the guide for VPC, read 2026-11.
func (f *facts) onlyPrivate(ids []string, protocol string, port int) bool {
	openings, _ := f.openings(ids, false, protocol, port)
	some := false
	for _, p := range openings {
		list, ok := f.ranges(p)
		if !ok || slices.ContainsFunc(list, f.reachesInternet) {
			return false
		}
		some = some || len(list)+len(p.Groups) > 0
	}
	return some
}

// redirectsAside reports whether a listener only redirects, to HTTPS, and clients come: they do so by another
// one, where a site has closed HTTP. Those of a balancer that does nothing else have come by this one.
func (f *facts) redirectsAside(l Listener) bool {
	return l.Protocol == "HTTP" && f.rulesKnown() && l.redirectsOnly() && !f.redirectsOnly() && f.clientsCome()
}

// onlyRedirects says so where nobody is let in to it.
const onlyRedirects = "the listener only redirects, and clients are seen to come"

// intoBalancer looks whether anybody is let in to the listeners.
func (f *facts) intoBalancer() (list []*Finding) {
	ids := f.Balancer.SecurityGroups
	if _, ok := f.securityGroups(ids); !ok || len(ids) == 0 {
		return nil
	}
	open := false // to somebody
	for _, l := range f.Listeners {
		for _, protocol := range l.transports() {
			if found := f.intoListener(l, protocol); found != nil {
				list = append(list, found)
			} else {
				open = true
			}
		}
	}
	if !open {
		f.comeInAllTheSame(list)
	}
	return list
}

// intoListener looks whether anybody is let in to a listener. Who comes from the internet is no member of a group, as
// in a VPC's default one.
func (f *facts) intoListener(l Listener, protocol string) *Finding {
	ids := f.Balancer.SecurityGroups
	own := f.Balancer.Scheme == "internet-facing" && f.selfOnly(ids, protocol, l.Port)
	private := f.Balancer.Scheme == "internet-facing" && !own && f.onlyPrivate(ids, protocol, l.Port)
	if f.opens(ids, protocol, l.Port) && !own && (!private || f.clientsCome()) {
		return nil
	}
	who, peers := "nobody", f.clients(ids)
	switch {
	case own:
		who = "nobody from the internet, only members of the same group,"
	case private:
		only := "private addresses"
		if openings, _ := f.openings(ids, false, protocol, l.Port); slices.ContainsFunc(openings, func(p Permission) bool { return len(p.Groups) > 0 }) {
			only = "private addresses and members of groups"
		}
		who, peers = "nobody from the internet, only "+only+",", []string{anyClients}
	}
	found := finding("balancer-sg-blocks-listener", fmt.Sprintf("The balancer's %s %s in on the listener's port %s %d.", groupsThat(ids, "lets", "let"), who, protocol, l.Port))
	found.because(FromConfig, f.rulesFor(ids, false, protocol, l.Port))
	if found.Confidence = High; private {
		found.Level, found.Confidence = Warn, Medium
	}
	if f.redirectsAside(l) {
		found.Level, found.Confidence = Warn, Medium
		found.because(FromConfig, onlyRedirects)
	}
	f.byPrivateLink(found, "the inbound rules do not hold for clients that come by PrivateLink")
	if !f.Balancer.LinkUnfiltered {
		to := oneOf(ids, func(id string) bool { return len(f.admits([]string{id})) > 0 })
		f.authorize(found, to, false, protocol, l.Port, l.Port, peers...)
	}
	return found
}

// comeInAllTheSame makes findings about all listeners milder where clients are seen to arrive: they have come by another rule.
func (f *facts) comeInAllTheSame(list []*Finding) {
	name, n := f.arriving()
	if n == 0 {
		return
	}
	shutOut, _ := f.flowsBlocked("Inbound")
	for _, found := range list {
		found.Level, found.Confidence = Warn, Low
		text := fmt.Sprintf("%s of the last minutes: %s, so that clients do get in", name, number(n))
		if f.Balancer.LinkUnfiltered && shutOut == 0 { // as they do who come by PrivateLink
			found.Level = Note
		} else {
			text += ": the rule may just have changed"
		}
		found.because(FromMetric, text)
	}
}
