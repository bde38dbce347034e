package diagnose

// Call is something that is asked of AWS.
type Call struct {
	Action string // IAM action
	For    string // what the answer is for
	On     string // what a policy must allow it on: "*", or for S3 "bucket" or "objects"

	service    string   // as the SDK names it
	operations []string // of the service that need the action
}

// The services as the SDK names them.
const (
	serviceELB        = "Elastic Load Balancing v2"
	serviceClassic    = "Elastic Load Balancing"
	serviceEC2        = "EC2"
	serviceCloudWatch = "CloudWatch"
	serviceACM        = "ACM"
	serviceS3         = "S3"
)

// Calls are all that a diagnosis may ask. Collect refuses to make another one, and
// "loglens iam" prints its policy from this list.
var Calls = []Call{
	{Action: "elasticloadbalancing:DescribeLoadBalancers", For: "the load balancer", On: "*", service: serviceELB, operations: []string{"DescribeLoadBalancers"}},
	{Action: "elasticloadbalancing:DescribeLoadBalancers", For: "a Classic Load Balancer", On: "*", service: serviceClassic, operations: []string{"DescribeLoadBalancers"}},
	{Action: "elasticloadbalancing:DescribeLoadBalancerAttributes", For: "timeouts, and where the logs go", On: "*", service: serviceELB, operations: []string{"DescribeLoadBalancerAttributes"}},
	{Action: "elasticloadbalancing:DescribeLoadBalancerAttributes", For: "a Classic Load Balancer's timeouts, and where its logs go", On: "*", service: serviceClassic, operations: []string{"DescribeLoadBalancerAttributes"}},
	{Action: "elasticloadbalancing:DescribeInstanceHealth", For: "the instances of a Classic Load Balancer", On: "*", service: serviceClassic, operations: []string{"DescribeInstanceHealth"}},
	{Action: "elasticloadbalancing:DescribeListeners", For: "listeners", On: "*", service: serviceELB, operations: []string{"DescribeListeners"}},
	{Action: describeListenerAttributes, For: "idle timeouts of TCP listeners of a Network Load Balancer", On: "*", service: serviceELB, operations: []string{"DescribeListenerAttributes"}},
	{Action: "elasticloadbalancing:DescribeListenerCertificates", For: "certificates of listeners", On: "*", service: serviceELB, operations: []string{"DescribeListenerCertificates"}},
	{Action: "elasticloadbalancing:DescribeRules", For: "rules of listeners", On: "*", service: serviceELB, operations: []string{"DescribeRules"}},
	{Action: "elasticloadbalancing:DescribeTargetGroups", For: "target groups and their health checks", On: "*", service: serviceELB, operations: []string{"DescribeTargetGroups"}},
	{Action: "elasticloadbalancing:DescribeTargetGroupAttributes", For: "cross-zone, deregistration delay, client addresses", On: "*", service: serviceELB, operations: []string{"DescribeTargetGroupAttributes"}},
	{Action: "elasticloadbalancing:DescribeTargetHealth", For: "targets and their health", On: "*", service: serviceELB, operations: []string{"DescribeTargetHealth"}},
	{Action: "ec2:DescribeVpcs", For: "address ranges of VPCs", On: "*", service: serviceEC2, operations: []string{"DescribeVpcs"}},
	{Action: "ec2:DescribeSubnets", For: "subnets and zones", On: "*", service: serviceEC2, operations: []string{"DescribeSubnets"}},
	{Action: "ec2:DescribeSecurityGroups", For: "security groups", On: "*", service: serviceEC2, operations: []string{"DescribeSecurityGroups"}},
	{Action: "ec2:DescribeNetworkAcls", For: "network ACLs", On: "*", service: serviceEC2, operations: []string{"DescribeNetworkAcls"}},
	{Action: "ec2:DescribeRouteTables", For: "routes", On: "*", service: serviceEC2, operations: []string{"DescribeRouteTables"}},
	{Action: "ec2:DescribeNetworkInterfaces", For: "addresses of the balancer's nodes, and the security groups of targets by address", On: "*", service: serviceEC2, operations: []string{"DescribeNetworkInterfaces"}},
	{Action: "ec2:DescribeInstances", For: "the security groups and subnets of instances", On: "*", service: serviceEC2, operations: []string{"DescribeInstances"}},
	{Action: "ec2:GetManagedPrefixListEntries", For: "prefix lists in security groups, and in routes to targets outside of the VPC", On: "*", service: serviceEC2, operations: []string{"GetManagedPrefixListEntries"}},
	{Action: "cloudwatch:GetMetricData", For: "metrics of the load balancer", On: "*", service: serviceCloudWatch, operations: []string{"GetMetricData"}},
	{Action: "acm:DescribeCertificate", For: "expiry and names of certificates", On: "*", service: serviceACM, operations: []string{"DescribeCertificate"}},
	{Action: "s3:GetBucketPolicy", For: "whether the balancer may write its logs", On: "bucket", service: serviceS3, operations: []string{"GetBucketPolicy"}},
	{Action: "s3:ListBucket", For: "finding the logs", On: "bucket", service: serviceS3, operations: []string{"HeadBucket", "ListObjectsV2"}},
	{Action: "s3:GetObject", For: "reading the logs", On: "objects", service: serviceS3, operations: []string{"GetObject"}},
}

// actionOf is the IAM action of an operation; ok is false if it is not to be called.
func actionOf(service, operation string) (action string, ok bool) {
	for _, c := range Calls {
		for _, o := range c.operations {
			if c.service == service && o == operation {
				return c.Action, true
			}
		}
	}
	return "", false
}
