package diagnose

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// What AWS does with one packet, said as plainly as can be: an oracle for what the checks
// of the network say of all of them.

// host is one end of a connection.
type host struct {
	address netip.Addr // that others see, which may be a client's behind a node
	own     netip.Addr // that answers are routed to
	subnet  string
	groups  []string
	zone    string
}

// stops are where a connection is held back, in the order of its way and back: all of
// them, and not only the first.
//
// Source: AWS, "Security group rules", "Network ACL rules" and "Route priority" of the VPC
// guide, read 2026-11.
func (n *Network) stops(node, target host, port, ephemeral int) (at []string) {
	hold := func(where string, passes bool) {
		if !passes {
			at = append(at, where)
		}
	}
	hold("balancer-sg", len(node.groups) == 0 || n.groupsPass(node.groups, true, port, target))
	hold("target-sg", n.groupsPass(target.groups, false, port, node))
	if node.subnet == target.subnet {
		return at // neither ACLs nor routes stand in between
	}
	hold("acl-balancer-outbound", n.aclPasses(node.subnet, true, port, target))
	hold("acl-target-inbound", n.aclPasses(target.subnet, false, port, node))
	hold("acl-target-outbound", n.aclPasses(target.subnet, true, ephemeral, node))
	hold("acl-balancer-inbound", n.aclPasses(node.subnet, false, ephemeral, target))
	hold("route-balancer-to-target", n.routed(node.subnet, target))
	hold("route-target-to-balancer", n.routed(target.subnet, node))
	return at
}

// comesIn reports whether a node is to be open to a client: its groups say so, or ACLs where it has none.
func (n *Network) comesIn(node, client host) bool {
	if len(node.groups) > 0 {
		return n.groupsPass(node.groups, false, 80, client)
	}
	return n.aclPasses(node.subnet, false, 80, client)
}

func (n *Network) groupsPass(ids []string, egress bool, port int, other host) bool {
	for _, g := range n.SecurityGroups {
		if !slices.Contains(ids, g.ID) {
			continue
		}
		list := g.Ingress
		if egress {
			list = g.Egress
		}
		for _, p := range list {
			if p.Protocol != "-1" && (p.Protocol != "tcp" && p.Protocol != "6" || port < p.From || port > p.To) {
				continue
			}
			ranges := slices.Clone(p.CIDRs)
			for _, l := range n.PrefixLists {
				if slices.Contains(p.PrefixLists, l.ID) {
					ranges = append(ranges, l.CIDRs...)
				}
			}
			for _, c := range ranges {
				if netip.MustParsePrefix(c).Contains(other.address) {
					return true
				}
			}
			for _, id := range p.Groups {
				if slices.Contains(other.groups, id) {
					return true
				}
			}
		}
	}
	return false
}

func (n *Network) aclPasses(subnet string, egress bool, port int, other host) bool {
	for _, a := range n.ACLs {
		if !slices.Contains(a.Subnets, subnet) {
			continue
		}
		first, allows := 1<<20, false
		for _, e := range a.Entries {
			fits := e.Egress == egress && (e.Protocol == "-1" || e.Protocol == "6" && e.From <= port && port <= e.To) && netip.MustParsePrefix(e.CIDR).Contains(other.address)
			if fits && e.Number < first {
				first, allows = e.Number, e.Allow
			}
		}
		return allows
	}
	panic("no ACL of " + subnet)
}

func (n *Network) routed(subnet string, to host) bool {
	var own, main *RouteTable
	vpc := n.Subnets[slices.IndexFunc(n.Subnets, func(s Subnet) bool { return s.ID == subnet })].VPC
	for i := range n.RouteTables {
		switch t := &n.RouteTables[i]; {
		case slices.Contains(t.Subnets, subnet):
			own = t
		case t.Main && t.VPC == vpc:
			main = t
		}
	}
	if own == nil {
		own = main
	}
	longest, ok := -1, false
	for _, r := range own.Routes {
		if p := netip.MustParsePrefix(r.Destination); p.Contains(to.own) && p.Bits() > longest {
			longest, ok = p.Bits(), r.State == "active" && (r.Via == "local" || strings.HasPrefix(r.Via, "pcx-"))
		}
	}
	return ok
}

// filled puts in what words in capitals stand for.
var filled = strings.NewReplacer("VPC-PEERING-CONNECTION", "pcx-1", "INTERNET-GATEWAY", "igw-1")

var word = regexp.MustCompile(`'[^']*'|\S+`)

// run does what a command of AWS does to security groups, network ACLs and routes, and
// refuses what AWS refuses: what is there already, and what is not.
func (n *Network) run(command string) error {
	words := word.FindAllString(command, -1)
	args := map[string]string{}
	for i, w := range words {
		if strings.HasPrefix(w, "--") {
			args[w] = "true"
			if i+1 < len(words) && !strings.HasPrefix(words[i+1], "--") {
				args[w] = strings.Trim(words[i+1], "'")
			}
		}
	}
	egress := args["--egress"] != "" || strings.HasSuffix(words[2], "-egress")
	switch words[2] {
	case "authorize-security-group-ingress", "authorize-security-group-egress", "revoke-security-group-ingress", "revoke-security-group-egress":
		g := &n.SecurityGroups[slices.IndexFunc(n.SecurityGroups, func(g SecurityGroup) bool { return g.ID == args["--group-id"] })]
		list := &g.Ingress
		if egress {
			list = &g.Egress
		}
		p, err := permission(strings.Replace(args["--ip-permissions"], "CLIENTS-CIDR", map[bool]string{true: "::/0", false: "0.0.0.0/0"}[strings.Contains(args["--ip-permissions"], "Ipv6")], 1))
		if err != nil {
			return err
		}
		return changed(list, p, strings.HasPrefix(words[2], "authorize"))
	case "create-network-acl-entry", "delete-network-acl-entry":
		a := &n.ACLs[slices.IndexFunc(n.ACLs, func(a ACL) bool { return a.ID == args["--network-acl-id"] })]
		number, err := strconv.Atoi(args["--rule-number"])
		if err != nil || number < 1 || number > 32766 {
			return fmt.Errorf("rule number %q", args["--rule-number"])
		}
		at := slices.IndexFunc(a.Entries, func(e ACLEntry) bool { return e.Egress == egress && e.Number == number })
		if create := words[2] == "create-network-acl-entry"; create != (at < 0) {
			return fmt.Errorf("rule %d: at %d", number, at)
		} else if !create {
			a.Entries = slices.Delete(a.Entries, at, at+1)
			return nil
		}
		e := ACLEntry{Number: number, Egress: egress, Allow: args["--rule-action"] == "allow", Protocol: map[string]string{"tcp": "6"}[args["--protocol"]], CIDR: args["--cidr-block"] + args["--ipv6-cidr-block"]}
		if _, err := fmt.Sscanf(args["--port-range"], "From=%d,To=%d", &e.From, &e.To); err != nil {
			return err
		}
		a.Entries = append(a.Entries, e)
	case "create-route", "delete-route", "replace-route":
		table := &n.RouteTables[slices.IndexFunc(n.RouteTables, func(r RouteTable) bool { return r.ID == args["--route-table-id"] })]
		way := args["--vpc-peering-connection-id"] + args["--transit-gateway-id"] + args["--gateway-id"] + args["--nat-gateway-id"]
		r := Route{args["--destination-cidr-block"] + args["--destination-ipv6-cidr-block"], filled.Replace(way), "active"}
		at := slices.IndexFunc(table.Routes, func(old Route) bool { return old.Destination == r.Destination })
		if (words[2] == "create-route") != (at < 0) {
			return fmt.Errorf("route at %d", at)
		}
		switch words[2] {
		case "create-route":
			table.Routes = append(table.Routes, r)
		case "delete-route":
			table.Routes = slices.Delete(table.Routes, at, at+1)
		default:
			table.Routes[at] = r
		}
	default:
		return errors.New("what is that?")
	}
	return nil
}

// changed adds a permission to a list, or takes it away.
func changed(list *[]Permission, p Permission, add bool) error {
	same := func(q Permission) bool { return fmt.Sprint(p) == fmt.Sprint(q) }
	if slices.ContainsFunc(*list, same) == add {
		return fmt.Errorf("of %v", *list)
	}
	if add {
		*list = append(*list, p)
	} else {
		*list = slices.DeleteFunc(*list, same)
	}
	return nil
}

var permitted = regexp.MustCompile(`^IpProtocol=(\w+),FromPort=(\d+),ToPort=(\d+),(?:IpRanges=\[{CidrIp=([\d./]+)}]|Ipv6Ranges=\[{CidrIpv6=([\da-f:/]+)}]|UserIdGroupPairs=\[{GroupId=([\w-]+)}])$`)

// permission reads what is given to authorize.
func permission(text string) (p Permission, err error) {
	m := permitted.FindStringSubmatch(text)
	if m == nil {
		return p, fmt.Errorf("permission %q", text)
	}
	p.Protocol = m[1]
	if p.From, err = strconv.Atoi(m[2]); err != nil {
		return p, err
	}
	if p.To, err = strconv.Atoi(m[3]); err != nil {
		return p, err
	}
	if cidr := m[4] + m[5]; cidr != "" {
		p.CIDRs = []string{cidr}
	} else {
		p.Groups = []string{m[6]}
	}
	return p, nil
}
