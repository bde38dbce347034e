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
)

// mostValues is how many values EC2 takes for one filter.
const mostValues = 200

// network reads what lies between the balancer and its targets: first where the
// targets stand, then what holds there.
func (c *collector) network(ctx context.Context) error {
	instances, addresses := c.placed()
	err := together(ctx,
		func(ctx context.Context) error { return c.instances(ctx, instances) },
		func(ctx context.Context) error { return c.interfaces(ctx, addresses) },
	)
	if err != nil {
		return err
	}
	vpcs := []string{c.snapshot.Balancer.VPC}
	groups := slices.Clone(c.snapshot.Balancer.SecurityGroups)
	n := &c.snapshot.Network
	for _, i := range n.Instances {
		vpcs, groups = append(vpcs, i.VPC), append(groups, i.SecurityGroups...)
	}
	for _, i := range n.Interfaces {
		vpcs, groups = append(vpcs, i.VPC), append(groups, i.SecurityGroups...)
	}
	vpcs, groups = distinct(vpcs), distinct(groups)
	if len(vpcs) == 0 {
		return nil // EC2-Classic had none
	}
	err = together(ctx,
		func(ctx context.Context) error { return c.vpcs(ctx, vpcs) },
		func(ctx context.Context) error { return c.subnets(ctx, vpcs) },
		func(ctx context.Context) error { return c.acls(ctx, vpcs) },
		func(ctx context.Context) error { return c.routes(ctx, vpcs) },
		func(ctx context.Context) error { return c.securityGroups(ctx, groups) },
	)
	if err != nil {
		return err
	}
	return c.prefixLists(ctx)
}

// distinct is a list in order, each once, without "".
func distinct(list []string) []string {
	return slices.DeleteFunc(slices.Compact(sorted(list)), func(s string) bool { return s == "" })
}

// placed are the instances and addresses that are targets.
func (c *collector) placed() (instances, addresses []string) {
	for _, g := range append(slices.Clone(c.snapshot.Groups), c.snapshot.Idle...) {
		for _, t := range g.Targets {
			if _, err := netip.ParseAddr(t.ID); err == nil {
				addresses = append(addresses, t.ID)
			} else if strings.HasPrefix(t.ID, "i-") {
				instances = append(instances, t.ID)
			}
		}
	}
	return distinct(instances), distinct(addresses)
}

func filter(name string, values ...string) types.Filter {
	return types.Filter{Name: &name, Values: values}
}

func (c *collector) instances(ctx context.Context, ids []string) error {
	list := []Instance{}
	for part := range slices.Chunk(ids, mostValues) {
		// By filter: an id that does not exist would fail all of them.
		in := &ec2.DescribeInstancesInput{Filters: []types.Filter{filter("instance-id", part...)}}
		found, err := pages(ctx, ec2.NewDescribeInstancesPaginator(c.ec2, in), func(out *ec2.DescribeInstancesOutput) ([]types.Reservation, *string) {
			return out.Reservations, out.NextToken
		})
		if err != nil {
			return c.settle(ctx, err, "instances", "ec2:DescribeInstances")
		}
		for _, r := range found {
			for _, i := range r.Instances {
				list = append(list, instanceOf(i))
			}
		}
	}
	slices.SortFunc(list, func(a, b Instance) int { return cmp.Compare(a.ID, b.ID) })
	c.put(func(s *Snapshot) { s.Network.Instances = list })
	return nil
}

func instanceOf(i types.Instance) Instance {
	out := Instance{
		ID: aws.ToString(i.InstanceId), VPC: aws.ToString(i.VpcId), Subnet: aws.ToString(i.SubnetId),
		Address: aws.ToString(i.PrivateIpAddress), IPv6: aws.ToString(i.Ipv6Address), SecurityGroups: groupIDs(i.SecurityGroups),
	}
	if i.State != nil {
		out.State = string(i.State.Name)
	}
	if i.Placement != nil {
		out.Zone = aws.ToString(i.Placement.AvailabilityZone)
	}
	// The balancer speaks to the primary interface only.
	for _, n := range i.NetworkInterfaces {
		if n.Attachment != nil && aws.ToInt32(n.Attachment.DeviceIndex) == 0 && len(n.Groups) > 0 {
			out.SecurityGroups = groupIDs(n.Groups)
		}
	}
	return out
}

func groupIDs(list []types.GroupIdentifier) []string {
	ids := []string{}
	for _, g := range list {
		ids = append(ids, aws.ToString(g.GroupId))
	}
	return distinct(ids)
}

func (c *collector) vpcs(ctx context.Context, ids []string) error {
	in := &ec2.DescribeVpcsInput{Filters: []types.Filter{filter("vpc-id", ids...)}}
	found, err := pages(ctx, ec2.NewDescribeVpcsPaginator(c.ec2, in), func(out *ec2.DescribeVpcsOutput) ([]types.Vpc, *string) {
		return out.Vpcs, out.NextToken
	})
	if err != nil {
		return c.settle(ctx, err, "VPCs", "ec2:DescribeVpcs")
	}
	list := []VPC{}
	for _, v := range found {
		cidrs := []string{aws.ToString(v.CidrBlock)}
		for _, a := range v.CidrBlockAssociationSet {
			if a.CidrBlockState == nil || holds(a.CidrBlockState.State) {
				cidrs = append(cidrs, aws.ToString(a.CidrBlock))
			}
		}
		for _, a := range v.Ipv6CidrBlockAssociationSet {
			if a.Ipv6CidrBlockState == nil || holds(a.Ipv6CidrBlockState.State) {
				cidrs = append(cidrs, aws.ToString(a.Ipv6CidrBlock))
			}
		}
		list = append(list, VPC{aws.ToString(v.VpcId), distinct(cidrs)})
	}
	slices.SortFunc(list, func(a, b VPC) int { return cmp.Compare(a.ID, b.ID) })
	c.put(func(s *Snapshot) { s.Network.VPCs = list })
	return nil
}

// holds reports whether a VPC or a subnet has a range of addresses: AWS goes on listing for a while what
// it has no more.
func holds[T ~string](state T) bool { return state != "disassociated" && state != "failed" }

func (c *collector) subnets(ctx context.Context, vpcs []string) error {
	in := &ec2.DescribeSubnetsInput{Filters: []types.Filter{filter("vpc-id", vpcs...)}}
	found, err := pages(ctx, ec2.NewDescribeSubnetsPaginator(c.ec2, in), func(out *ec2.DescribeSubnetsOutput) ([]types.Subnet, *string) {
		return out.Subnets, out.NextToken
	})
	if err != nil {
		return c.settle(ctx, err, "subnets", "ec2:DescribeSubnets")
	}
	list := []Subnet{}
	for _, n := range found {
		cidrs := []string{}
		if v4 := aws.ToString(n.CidrBlock); v4 != "" {
			cidrs = append(cidrs, v4)
		}
		for _, a := range n.Ipv6CidrBlockAssociationSet {
			if a.Ipv6CidrBlockState == nil || holds(a.Ipv6CidrBlockState.State) {
				cidrs = append(cidrs, aws.ToString(a.Ipv6CidrBlock))
			}
		}
		s := Subnet{
			ID: aws.ToString(n.SubnetId), VPC: aws.ToString(n.VpcId), Zone: aws.ToString(n.AvailabilityZone),
			CIDRs: cidrs, Free: int(aws.ToInt32(n.AvailableIpAddressCount)),
			Shared: n.OwnerId != nil && *n.OwnerId != c.snapshot.Balancer.Account,
		}
		if b := n.BlockPublicAccessStates; b != nil && b.InternetGatewayBlockMode != types.BlockPublicAccessModeOff {
			s.PublicAccess = string(b.InternetGatewayBlockMode)
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Subnet) int { return cmp.Compare(a.ID, b.ID) })
	c.put(func(s *Snapshot) { s.Network.Subnets = list })
	return nil
}

func (c *collector) acls(ctx context.Context, vpcs []string) error {
	in := &ec2.DescribeNetworkAclsInput{Filters: []types.Filter{filter("vpc-id", vpcs...)}}
	found, err := pages(ctx, ec2.NewDescribeNetworkAclsPaginator(c.ec2, in), func(out *ec2.DescribeNetworkAclsOutput) ([]types.NetworkAcl, *string) {
		return out.NetworkAcls, out.NextToken
	})
	if err != nil {
		return c.settle(ctx, err, "network ACLs", "ec2:DescribeNetworkAcls")
	}
	list := []ACL{}
	for _, a := range found {
		acl := ACL{ID: aws.ToString(a.NetworkAclId), VPC: aws.ToString(a.VpcId), Default: aws.ToBool(a.IsDefault), Entries: []ACLEntry{}}
		for _, s := range a.Associations {
			acl.Subnets = append(acl.Subnets, aws.ToString(s.SubnetId))
		}
		acl.Subnets = distinct(acl.Subnets)
		for _, e := range a.Entries {
			entry := ACLEntry{
				Number: int(aws.ToInt32(e.RuleNumber)), Egress: aws.ToBool(e.Egress), Allow: e.RuleAction == types.RuleActionAllow,
				Protocol: aws.ToString(e.Protocol), CIDR: cmp.Or(aws.ToString(e.CidrBlock), aws.ToString(e.Ipv6CidrBlock)),
			}
			if p := e.PortRange; p != nil {
				entry.From, entry.To = int(aws.ToInt32(p.From)), int(aws.ToInt32(p.To))
			}
			acl.Entries = append(acl.Entries, entry)
		}
		slices.SortFunc(acl.Entries, func(a, b ACLEntry) int {
			return cmp.Or(order(a.Egress, b.Egress), cmp.Compare(a.Number, b.Number), cmp.Compare(a.CIDR, b.CIDR))
		})
		list = append(list, acl)
	}
	slices.SortFunc(list, func(a, b ACL) int { return cmp.Compare(a.ID, b.ID) })
	c.put(func(s *Snapshot) { s.Network.ACLs = list })
	return nil
}

// order puts false before true.
func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func (c *collector) routes(ctx context.Context, vpcs []string) error {
	in := &ec2.DescribeRouteTablesInput{Filters: []types.Filter{filter("vpc-id", vpcs...)}}
	found, err := pages(ctx, ec2.NewDescribeRouteTablesPaginator(c.ec2, in), func(out *ec2.DescribeRouteTablesOutput) ([]types.RouteTable, *string) {
		return out.RouteTables, out.NextToken
	})
	if err != nil {
		return c.settle(ctx, err, "route tables", "ec2:DescribeRouteTables")
	}
	list := []RouteTable{}
	for _, t := range found {
		table := RouteTable{ID: aws.ToString(t.RouteTableId), VPC: aws.ToString(t.VpcId), Routes: []Route{}}
		for _, a := range t.Associations {
			table.Main = table.Main || aws.ToBool(a.Main)
			table.Subnets = append(table.Subnets, aws.ToString(a.SubnetId))
		}
		table.Subnets = distinct(table.Subnets)
		for _, r := range t.Routes {
			table.Routes = append(table.Routes, Route{
				Destination: cmp.Or(aws.ToString(r.DestinationCidrBlock), aws.ToString(r.DestinationIpv6CidrBlock), aws.ToString(r.DestinationPrefixListId)),
				Via: cmp.Or(aws.ToString(r.GatewayId), aws.ToString(r.NatGatewayId), aws.ToString(r.VpcPeeringConnectionId),
					aws.ToString(r.TransitGatewayId), aws.ToString(r.NetworkInterfaceId), aws.ToString(r.InstanceId),
					aws.ToString(r.EgressOnlyInternetGatewayId), aws.ToString(r.LocalGatewayId), aws.ToString(r.CarrierGatewayId), aws.ToString(r.CoreNetworkArn)),
				State: string(r.State),
			})
		}
		slices.SortStableFunc(table.Routes, func(a, b Route) int { return cmp.Compare(a.Destination, b.Destination) })
		list = append(list, table)
	}
	slices.SortFunc(list, func(a, b RouteTable) int { return cmp.Compare(a.ID, b.ID) })
	c.put(func(s *Snapshot) { s.Network.RouteTables = list })
	return nil
}

func (c *collector) securityGroups(ctx context.Context, ids []string) error {
	list := []SecurityGroup{}
	for part := range slices.Chunk(ids, mostValues) {
		in := &ec2.DescribeSecurityGroupsInput{Filters: []types.Filter{filter("group-id", part...)}}
		found, err := pages(ctx, ec2.NewDescribeSecurityGroupsPaginator(c.ec2, in), func(out *ec2.DescribeSecurityGroupsOutput) ([]types.SecurityGroup, *string) {
			return out.SecurityGroups, out.NextToken
		})
		if err != nil {
			return c.settle(ctx, err, "security groups", "ec2:DescribeSecurityGroups")
		}
		for _, g := range found {
			list = append(list, SecurityGroup{
				ID: aws.ToString(g.GroupId), Name: aws.ToString(g.GroupName), VPC: aws.ToString(g.VpcId),
				Ingress: permissionsOf(g.IpPermissions), Egress: permissionsOf(g.IpPermissionsEgress),
			})
		}
	}
	slices.SortFunc(list, func(a, b SecurityGroup) int { return cmp.Compare(a.ID, b.ID) })
	c.put(func(s *Snapshot) { s.Network.SecurityGroups = list })
	return nil
}

func permissionsOf(list []types.IpPermission) []Permission {
	out := []Permission{}
	for _, p := range list {
		q := Permission{Protocol: aws.ToString(p.IpProtocol), From: int(aws.ToInt32(p.FromPort)), To: int(aws.ToInt32(p.ToPort))}
		for _, r := range p.IpRanges {
			q.CIDRs = append(q.CIDRs, aws.ToString(r.CidrIp))
		}
		for _, r := range p.Ipv6Ranges {
			q.CIDRs = append(q.CIDRs, aws.ToString(r.CidrIpv6))
		}
		for _, r := range p.UserIdGroupPairs {
			q.Groups = append(q.Groups, aws.ToString(r.GroupId))
		}
		for _, r := range p.PrefixListIds {
			q.PrefixLists = append(q.PrefixLists, aws.ToString(r.PrefixListId))
		}
		q.CIDRs, q.Groups, q.PrefixLists = distinct(q.CIDRs), distinct(q.Groups), distinct(q.PrefixLists)
		out = append(out, q)
	}
	slices.SortStableFunc(out, func(a, b Permission) int {
		return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return out
}

// prefixLists reads the lists that security groups name, and, where a target is outside of its group's VPC, those
// that routes do, such as to endpoints of S3: else they may be what leads there.
func (c *collector) prefixLists(ctx context.Context) error {
	var ids []string
	f := newFacts(&c.snapshot)
	if slices.ContainsFunc(f.endpoints, func(e endpoint) bool { return f.foreign(e.group, e.address) }) {
		for _, t := range c.snapshot.Network.RouteTables {
			for _, r := range t.Routes {
				if strings.HasPrefix(r.Destination, "pl-") {
					ids = append(ids, r.Destination)
				}
			}
		}
	}
	for _, g := range c.snapshot.Network.SecurityGroups {
		for _, p := range append(slices.Clone(g.Ingress), g.Egress...) {
			ids = append(ids, p.PrefixLists...)
		}
	}
	var all []func(context.Context) error
	c.snapshot.Network.PrefixLists = []PrefixList{}
	for _, id := range distinct(ids) {
		all = append(all, func(ctx context.Context) error {
			found, err := pages(ctx, ec2.NewGetManagedPrefixListEntriesPaginator(c.ec2, &ec2.GetManagedPrefixListEntriesInput{PrefixListId: &id}), func(out *ec2.GetManagedPrefixListEntriesOutput) ([]types.PrefixListEntry, *string) {
				return out.Entries, out.NextToken
			})
			if err != nil {
				return c.settle(ctx, err, "prefix list "+id, "ec2:GetManagedPrefixListEntries")
			}
			list := PrefixList{ID: id, CIDRs: []string{}}
			for _, e := range found {
				list.CIDRs = append(list.CIDRs, aws.ToString(e.Cidr))
			}
			list.CIDRs = distinct(list.CIDRs)
			c.put(func(s *Snapshot) { s.Network.PrefixLists = append(s.Network.PrefixLists, list) })
			return nil
		})
	}
	err := together(ctx, all...)
	slices.SortFunc(c.snapshot.Network.PrefixLists, func(a, b PrefixList) int { return cmp.Compare(a.ID, b.ID) })
	return err
}
