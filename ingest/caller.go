package ingest

import "strings"

// Caller is who asks AWS and where. Commands that are printed name both, so that they
// act on the account and the region that were asked, wherever they are pasted.
type Caller struct {
	Profile string // that was named; "" for none
	Role    string // that was named and is assumed on top; "" for none
	Region  string // "" where a command needs none
}

// Caller is who asks a region with this configuration.
func (a AWS) Caller(region string) Caller { return Caller{a.Profile, a.RoleARN, region} }

// Command writes an AWS command, each word quoted where a shell would read something else.
func (c Caller) Command(service, operation string, args ...string) string {
	words := []string{"aws", service, operation}
	if c.Region != "" {
		args = append([]string{"--region", c.Region}, args...)
	}
	for _, a := range args {
		words = append(words, ShellWord(a))
	}
	return strings.Join(words, " ") + c.Option()
}

// anywhere is the caller of a command that is the same in all regions.
func (c Caller) anywhere() Caller {
	c.Region = ""
	return c
}

// Option names the profile to a command; "" if none was named.
func (c Caller) Option() string {
	if c.Profile == "" {
		return ""
	}
	return " --profile " + ShellWord(c.Profile)
}

// partition is what ARNs of the region begin with.
//
// Source: AWS, "Amazon Resource Names" of the IAM guide, read 2026-11.
func (c Caller) partition() string {
	for prefix, partition := range map[string]string{"cn-": "aws-cn", "us-gov-": "aws-us-gov", "eusc-": "aws-eusc"} {
		if strings.HasPrefix(c.Region, prefix) {
			return partition
		}
	}
	return "aws"
}
