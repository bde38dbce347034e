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
			return diagnose.WritePolicy(a.out, bucket, strings.Trim(prefix, "/"))
		},
	}
	c.Flags().StringVar(&bucket, "bucket", "my-logs", "bucket that the logs are in")
	c.Flags().StringVar(&prefix, "prefix", "", "prefix that the logs are below")
	return c
}
