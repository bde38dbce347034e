package diagnose

import (
	"slices"
	"strings"
)

// letIn adds the commands that let the balancer in to a target from some of its subnets, which
// need not be those from which other targets are spoken to.
func (f *facts) letIn(found *Finding, e endpoint, protocol string, port int, from []Subnet) {
	if own := f.Balancer.SecurityGroups; len(own) > 0 {
		found.because(FromConfig, "the balancer is in "+few(own)+", and speaks from "+subnetRanges(from))
	} else {
		found.because(FromConfig, "the balancer has no security group, and speaks from "+subnetRanges(from))
	}
	peers := f.Balancer.SecurityGroups
	if len(peers) == 0 || !f.byGroup(e) {
		found.Do = "let the ranges of the balancer's subnets in on the port"
		switch keeps, known := f.keepsClients(e.group); {
		case !strings.HasSuffix(found.ID, "-traffic-port"):
		case !known:
			found.Do += ", and those of the clients, if targets see their own addresses: " + attrClientIP + " could not be read"
		case keeps:
			found.Do += ", and those of the clients, whose own addresses targets see"
		}
		peers = nil
		for _, s := range from {
			for _, p := range family(prefixes(s.CIDRs), e.address.Is6()) {
				peers = append(peers, p.String())
			}
		}
	} else {
		peers = []string{f.ownFor(e)}
	}
	first, last := e.opening(port)
	for _, peer := range peers {
		if !slices.Contains(found.admitted, peer) {
			found.admitted = append(found.admitted, peer)
			f.authorize(found, f.lacking(e, protocol, port), false, protocol, first, last, peer)
		}
	}
}

// oneOf is the first of some security groups that is so, or for want of one so, or the first of
// all: a rule goes to one that has such rules, since others may be shared with what has
// nothing to do with it.
func oneOf(ids []string, are ...func(id string) bool) string {
	for _, is := range are {
		if i := slices.IndexFunc(ids, is); i >= 0 {
			return ids[i]
		}
	}
	return ids[0]
}

// lacking is the one of a target's security groups that a rule is missing in.
func (f *facts) lacking(e endpoint, protocol string, port int) string {
	return oneOf(e.filters, f.admitsBalancer, f.openOn(protocol, port))
}

// openOn reports of a group whether it lets anybody in on a port.
func (f *facts) openOn(protocol string, port int) func(id string) bool {
	return func(id string) bool { return f.opens([]string{id}, protocol, port) }
}

// admitsBalancer reports whether a group lets in one of the balancer's on some port.
func (f *facts) admitsBalancer(id string) bool {
	return slices.ContainsFunc(f.admits([]string{id}), func(peer string) bool { return slices.Contains(f.Balancer.SecurityGroups, peer) })
}

// letsOut reports whether groups let out to one of some others on some port.
func (f *facts) letsOut(ids, to []string) bool {
	groups, _ := f.securityGroups(ids)
	return slices.ContainsFunc(groups, func(g SecurityGroup) bool {
		return slices.ContainsFunc(g.Egress, func(p Permission) bool {
			return slices.ContainsFunc(p.Groups, func(id string) bool { return slices.Contains(to, id) })
		})
	})
}

// ownFor is the one of the balancer's groups that a target's are to let in.
func (f *facts) ownFor(e endpoint) string {
	admitted := f.admits(e.filters)
	return oneOf(f.Balancer.SecurityGroups, func(id string) bool { return slices.Contains(admitted, id) })
}
