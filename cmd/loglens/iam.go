package main

import (
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"loglens/diagnose"
)

func (a *app) iamCommand() *cobra.Command {
	partition, bucket, prefix := "", "", ""
	c := &cobra.Command{
		Use:   "iam",
		Short: "The least-privilege IAM policy that diagnose needs",
		Long: `iam prints the IAM policy that diagnose needs, made from the list of calls that
it can make: all of them read. What is left out of it is not checked, and
diagnose says so. Every other command needs the S3 actions, and with --lb alone
elasticloadbalancing:DescribeLoadBalancers and DescribeLoadBalancerAttributes.`,
		Example: `  loglens iam
  loglens iam --bucket my-logs --prefix prod`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if name, below, is := strings.Cut(strings.TrimPrefix(bucket, "s3://"), "/"); is || name != bucket {
				return usage(strings.TrimSpace("loglens iam --bucket "+name+" "+prefixed(below)), "--bucket %s: a bucket is named without s3:// and prefix", bucket)
			}
			if !partitionForm.MatchString(partition) {
				return usage("loglens iam --partition aws-cn", "--partition %s: a partition is aws, aws-cn, aws-us-gov or the like", partition)
			}
			return diagnose.WritePolicy(a.out, partition, bucket, strings.Trim(prefix, "/"))
		},
	}
	c.Flags().StringVar(&bucket, "bucket", "my-logs", "bucket that the logs are in")
	c.Flags().StringVar(&prefix, "prefix", "", "prefix that the logs are below")
	c.Flags().StringVar(&partition, "partition", "aws", "part of AWS: aws-cn for China, aws-us-gov for GovCloud")
	return c
}

var partitionForm = regexp.MustCompile(`^aws(-[a-z]+)*$`)

// prefixed is the flag for a prefix, empty for none.
func prefixed(prefix string) string {
	if prefix = strings.Trim(prefix, "/"); prefix == "" {
		return ""
	}
	return "--prefix " + prefix
}
