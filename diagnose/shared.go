package diagnose

import (
	"fmt"
	"regexp"
	"slices"
)

// ofTheOwner finds what commands change that is the owner's of a subnet that is shared.
var ofTheOwner = regexp.MustCompile(`^aws ec2 \S+ .*--(?:network-acl-id|route-table-id) (\S+)`)

// keptByOwner says where the commands of a finding change network ACLs or routes of subnets that another
// account shares: it alone may.
//
// Source: AWS, "Share your VPC subnets with other accounts" of the VPC guide (responsibilities and
// permissions for owners and participants), read 2026-11.
func (f *facts) keptByOwner(found *Finding) {
	var kept []string
	for _, c := range found.Fix {
		m := ofTheOwner.FindStringSubmatch(c)
		if m == nil {
			continue
		}
		if slices.ContainsFunc(f.Network.Subnets, func(s Subnet) bool {
			a, t := f.aclOf(s.ID), f.tableOf(s.ID)
			return s.Shared && (a != nil && a.ID == m[1] || t != nil && t.ID == m[1])
		}) {
			kept = add(kept, m[1])
		}
	}
	if len(kept) > 0 {
		found.because(FromConfig, fmt.Sprintf("%s: of another account, which shares its subnets with this one: AWS takes such commands only there", few(kept)))
	}
}
