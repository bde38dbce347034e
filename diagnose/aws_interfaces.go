package diagnose

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"loglens/ingest"
)

// interfaces reads those of the balancer's nodes, which AWS describes as its own,
// and those of targets that are registered by address.
func (c *collector) interfaces(ctx context.Context, addresses []string) error {
	list, err := c.findInterfaces(ctx, addresses)
	if err != nil {
		return c.settle(ctx, err, "network interfaces", "ec2:DescribeNetworkInterfaces")
	}
	slices.SortFunc(list, func(a, b Interface) int { return cmp.Compare(a.ID, b.ID) })
	c.put(func(s *Snapshot) { s.Network.Interfaces = list })
	return nil
}

func (c *collector) findInterfaces(ctx context.Context, addresses []string) ([]Interface, error) {
	all := interfaces{list: []Interface{}, known: map[string]int{}}
	nodes, err := c.askInterfaces(ctx, filter("description", "ELB "+c.snapshot.Balancer.ID))
	if err != nil {
		return nil, err
	}
	for _, i := range nodes {
		all.at(i, true)
	}
	for _, arn := range c.behind() {
		nodes, err := c.askInterfaces(ctx, filter("description", "ELB "+ingest.BalancerID(arn)))
		if err != nil {
			return nil, err
		}
		for _, i := range nodes {
			all.at(i, false).Behind = arn
		}
	}
	v6 := slices.DeleteFunc(slices.Clone(addresses), func(a string) bool { return !strings.Contains(a, ":") })
	v4 := slices.DeleteFunc(slices.Clone(addresses), func(a string) bool { return strings.Contains(a, ":") })
	for _, by := range []struct {
		name   string
		values []string
	}{{"addresses.private-ip-address", v4}, {"ipv6-addresses.ipv6-address", v6}} {
		for part := range slices.Chunk(by.values, mostValues) {
			found, err := c.askInterfaces(ctx, filter(by.name, part...))
			if err != nil {
				return nil, err
			}
			for _, i := range found {
				all.at(i, false)
			}
		}
	}
	left, vpcs := c.unseen(all.list)
	if len(left) == 0 {
		return all.list, nil
	}
	others, err := c.askInterfaces(ctx, filter("vpc-id", vpcs...))
	for _, i := range others {
		if held := heldBy(i, left); len(held) > 0 {
			in := all.at(i, false)
			in.Addresses = distinct(append(in.Addresses, held...))
		}
	}
	return all.list, err
}

// interfaces are those that were found, by one filter or several, each once.
type interfaces struct {
	list  []Interface
	known map[string]int // where in the list, by ID
}

// at is the one of the list that AWS describes so, which is added if it is not there.
func (all *interfaces) at(i types.NetworkInterface, node bool) *Interface {
	id := aws.ToString(i.NetworkInterfaceId)
	n, ok := all.known[id]
	if !ok {
		n, all.known[id] = len(all.list), len(all.list)
		all.list = append(all.list, interfaceOf(i, node))
	}
	return &all.list[n]
}

func (c *collector) askInterfaces(ctx context.Context, by types.Filter) ([]types.NetworkInterface, error) {
	in := &ec2.DescribeNetworkInterfacesInput{Filters: []types.Filter{by}, MaxResults: aws.Int32(1000)} // a VPC may have many, and an answer in one part takes long
	return pages(ctx, ec2.NewDescribeNetworkInterfacesPaginator(c.ec2, in), func(out *ec2.DescribeNetworkInterfacesOutput) ([]types.NetworkInterface, *string) {
		return out.NetworkInterfaces, out.NextToken
	})
}

// behind are the balancers that are targets of this one.
func (c *collector) behind() (arns []string) {
	for _, g := range c.snapshot.Groups {
		for _, t := range g.Targets {
			if g.Type == "alb" {
				arns = append(arns, t.ID)
			}
		}
	}
	return distinct(arns)
}

// unseen are the addresses that are targets, stand in the VPC of their group and are none of
// an interface by themselves, and these VPCs: an interface may have whole ranges, of which
// AWS does not list the addresses. Who leaves may be there no more.
func (c *collector) unseen(list []Interface) (addresses, vpcs []string) {
	for _, g := range append(slices.Clone(c.snapshot.Groups), c.snapshot.Idle...) {
		for _, t := range g.Targets {
			a, err := netip.ParseAddr(t.ID)
			if err == nil && t.Zone != "all" && t.State != "draining" && !slices.ContainsFunc(list, func(i Interface) bool { return slices.Contains(i.Addresses, a.String()) }) {
				addresses, vpcs = append(addresses, a.String()), append(vpcs, cmp.Or(g.VPC, c.snapshot.Balancer.VPC))
			}
		}
	}
	return distinct(addresses), distinct(vpcs)
}

// heldBy are those of some addresses that are in the ranges of an interface, as those of pods
// are that the VPC CNI of Kubernetes gives their addresses out of prefixes.
//
// Source: AWS, "Prefix delegation for Amazon EC2 network interfaces" of the EC2 guide, read
// 2026-11.
func heldBy(i types.NetworkInterface, addresses []string) (held []string) {
	var ranges []string
	for _, p := range i.Ipv4Prefixes {
		ranges = append(ranges, aws.ToString(p.Ipv4Prefix))
	}
	for _, p := range i.Ipv6Prefixes {
		ranges = append(ranges, aws.ToString(p.Ipv6Prefix))
	}
	for _, text := range addresses {
		a, err := netip.ParseAddr(text)
		if err == nil && slices.ContainsFunc(prefixes(ranges), func(p netip.Prefix) bool { return p.Contains(a) }) {
			held = append(held, text)
		}
	}
	return held
}

func interfaceOf(i types.NetworkInterface, node bool) Interface {
	out := Interface{
		ID: aws.ToString(i.NetworkInterfaceId), Node: node, VPC: aws.ToString(i.VpcId), Subnet: aws.ToString(i.SubnetId),
		Zone: aws.ToString(i.AvailabilityZone), SecurityGroups: groupIDs(i.Groups),
	}
	private := []string{aws.ToString(i.PrivateIpAddress)}
	var public []string
	if i.Association != nil {
		public = append(public, aws.ToString(i.Association.PublicIp))
	}
	for _, a := range i.PrivateIpAddresses {
		private = append(private, aws.ToString(a.PrivateIpAddress))
		if a.Association != nil {
			public = append(public, aws.ToString(a.Association.PublicIp))
		}
	}
	for _, a := range i.Ipv6Addresses {
		private = append(private, aws.ToString(a.Ipv6Address))
	}
	out.Addresses, out.Public = distinct(private), distinct(public)
	return out
}
