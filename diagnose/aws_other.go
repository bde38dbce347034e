package diagnose

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// certificates asks AWS Certificate Manager for those of the listeners. A
// certificate that was uploaded to IAM is not looked at.
func (c *collector) certificates(ctx context.Context) error {
	var arns []string
	for _, l := range c.snapshot.Listeners {
		arns = append(arns, l.Certificates...)
	}
	var list []Certificate
	var all []func(context.Context) error
	for _, arn := range distinct(arns) {
		if !strings.Contains(arn, ":acm:") {
			c.put(func(s *Snapshot) {
				s.Missing = append(s.Missing, Missing{What: "certificate " + arn, Why: "it is not in AWS Certificate Manager; aws iam list-server-certificates shows when it expires"})
			})
			continue
		}
		all = append(all, func(ctx context.Context) error {
			out, err := c.acm.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: &arn})
			if err != nil || out.Certificate == nil {
				return c.settle(ctx, err, "certificate "+arn, "acm:DescribeCertificate")
			}
			d := out.Certificate
			names := append([]string{aws.ToString(d.DomainName)}, d.SubjectAlternativeNames...)
			cert := Certificate{ARN: arn, Status: string(d.Status), Names: distinct(names), Key: string(d.KeyAlgorithm)}
			if d.NotAfter != nil {
				cert.NotAfter = d.NotAfter.UTC()
			}
			c.put(func(*Snapshot) { list = append(list, cert) })
			return nil
		})
	}
	err := together(ctx, all...)
	slices.SortFunc(list, func(a, b Certificate) int { return cmp.Compare(a.ARN, b.ARN) })
	c.put(func(s *Snapshot) { s.Certificates = list })
	return err
}

// bucket looks whether the access logs can be written where they are to go. The
// policy itself is not kept: it may name other accounts.
func (c *collector) bucket(ctx context.Context) error {
	b := c.snapshot.Balancer
	name := b.Attributes["access_logs.s3.bucket"]
	if name == "" || !b.logsRequests() {
		return nil
	}
	out := &Bucket{Name: name, Exists: true}
	answer, err := c.s3.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &name})
	switch {
	case err == nil:
		if out.Policy = writes(aws.ToString(answer.Policy), b, name); out.Policy == "" {
			c.put(func(s *Snapshot) {
				s.Missing = append(s.Missing, Missing{What: "whether the policy of the bucket " + name + " lets the balancer write", Why: "it rests on variables or exceptions, or cannot be read: look at it by hand"})
			})
		}
	case isCode(err, "NoSuchBucketPolicy"):
		out.Policy = "none"
	case isGone(err, "NoSuchBucket"):
		out.Exists = false
	default:
		return c.settle(ctx, err, "policy of the bucket "+name, "s3:GetBucketPolicy")
	}
	c.put(func(s *Snapshot) { s.Bucket = out })
	return nil
}
