package diagnose

import (
	"cmp"
	"context"
	"encoding/json"
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
			cert := Certificate{ARN: arn, Status: string(d.Status), Names: distinct(names)}
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
	if name == "" || b.Attributes["access_logs.s3.enabled"] != "true" {
		return nil
	}
	out := &Bucket{Name: name, Exists: true}
	answer, err := c.s3.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &name})
	switch {
	case err == nil:
		out.Policy = writes(aws.ToString(answer.Policy), b, name)
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

// policy is what of a bucket policy says who may write.
type policy struct {
	Statement oneOrMore[statement]
}

type statement struct {
	Effect    string
	Principal any
	Action    oneOrMore[string]
	Resource  oneOrMore[string]
	Condition map[string]any
}

// oneOrMore is a value that JSON may give bare or in a list.
type oneOrMore[T any] []T

func (l *oneOrMore[T]) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]T)(l))
	}
	var one T
	err := json.Unmarshal(b, &one)
	*l = oneOrMore[T]{one}
	return err
}

// writes says what a bucket policy means for log delivery: "allows", "denies",
// "none" (nothing allows it), or "" where it cannot be read. What is denied under a
// condition, such as without TLS, is not denied to log delivery.
//
// Source: AWS, "Enable access logs for your Application Load Balancer": the service
// principal logdelivery.elasticloadbalancing.amazonaws.com, or the region's account
// of Elastic Load Balancing, puts objects; network balancers use
// delivery.logs.amazonaws.com. Read 2026-11.
func writes(text string, b Balancer, bucket string) string {
	var p policy
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return ""
	}
	key := strings.Trim(b.Attributes["access_logs.s3.prefix"], "/")
	if key != "" {
		key += "/"
	}
	key = "arn:aws:s3:::" + bucket + "/" + key + "AWSLogs/" + b.Account + "/elasticloadbalancing/x"
	verdict := "none"
	for _, s := range p.Statement {
		named, _ := json.Marshal(s.Principal)
		theirs := string(named) == `"*"` || strings.Contains(string(named), `:"*"`) || strings.Contains(string(named), `["*"]`) ||
			strings.Contains(string(named), "logdelivery.elasticloadbalancing.amazonaws.com") ||
			strings.Contains(string(named), "delivery.logs.amazonaws.com") || strings.Contains(string(named), ":root")
		acts := slices.ContainsFunc(s.Action, func(a string) bool { return glob(strings.ToLower(a), "s3:putobject") })
		here := slices.ContainsFunc(s.Resource, func(r string) bool {
			_, path, ok := strings.Cut(r, ":::")
			return r == "*" || ok && glob("arn:aws:s3:::"+path, key)
		})
		if !theirs || !acts || !here {
			continue
		}
		switch {
		case s.Effect == "Allow":
			verdict = "allows"
		case len(s.Condition) == 0:
			return "denies"
		}
	}
	return verdict
}
