package diagnose

import "fmt"

// Source: AWS, "Block public access to VPCs and subnets" of the guide for VPCs, read 2026-11.
var publicAccessCheck = Check{
	Name:  "public-access",
	About: "Whether VPC Block Public Access keeps the internet from an internet-facing balancer.",
	Needs: []string{"ec2:DescribeSubnets"},
	Gives: []string{"vpc-blocks-public-access"},
	look:  lookAtPublicAccess,
}

// lookAtPublicAccess believes in clients that arrive: AWS does not say whether the mode of
// a subnet is told without the exclusions that there may be.
func lookAtPublicAccess(f *facts) []*Finding {
	if f.Balancer.Scheme != "internet-facing" || f.clientsCome() {
		return nil
	}
	var subnets []string
	mode := ""
	for _, s := range f.subnets() {
		if s.PublicAccess != "" {
			subnets, mode = append(subnets, s.ID), s.PublicAccess
		}
	}
	if len(subnets) == 0 {
		return nil
	}
	found := finding("vpc-blocks-public-access", fmt.Sprintf("VPC Block Public Access is on for %s of the balancer: nobody reaches it there from the internet, unless there is an exclusion.", few(subnets)))
	found.because(FromConfig, "mode "+mode)
	if f.Metrics != nil {
		found.because(FromMetric, "no client is seen to arrive")
	}
	found.Verify = []string{
		f.command("ec2", "describe-vpc-block-public-access-options"),
		f.command("ec2", "describe-vpc-block-public-access-exclusions"),
	}
	return []*Finding{found}
}
