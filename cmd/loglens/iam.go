package main

import (
	"strings"

	"github.com/spf13/cobra"

	"loglens/diagnose"
)

func (a *app) iamCommand() *cobra.Command {
	bucket, prefix := "", ""
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
			return diagnose.WritePolicy(a.out, bucket, strings.Trim(prefix, "/"))
		},
	}
	c.Flags().StringVar(&bucket, "bucket", "my-logs", "bucket that the logs are in")
	c.Flags().StringVar(&prefix, "prefix", "", "prefix that the logs are below")
	return c
}

// prefixed is the flag for a prefix, empty for none.
func prefixed(prefix string) string {
	if prefix = strings.Trim(prefix, "/"); prefix == "" {
		return ""
	}
	return "--prefix " + prefix
}
