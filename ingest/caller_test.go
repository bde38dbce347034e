package ingest

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/smithy-go"

	"loglens/parse"
)

// What a hint says to paste asks and changes the account and region that were asked.
func TestHintsNameTheCaller(t *testing.T) {
	explained := func(code, action string, caller Caller) error {
		return Explain(context.Background(), &smithy.GenericAPIError{Code: code}, caller, action, "s3://logs/prod/a b.log.gz")
	}
	refused := func(why string) error {
		message := `User: arn:aws:iam::111122223333:user/me is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::logs/prod/a b.log.gz" ` + why
		return Explain(context.Background(), &smithy.GenericAPIError{Code: "AccessDenied", Message: message}, Caller{}, "s3:GetObject", "s3://logs/prod/a b.log.gz")
	}
	prod := AWS{Profile: "prod eu"}.Caller("eu-west-1")
	balancer := Balancer{ARN: "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/shop/1", Logs: []BalancerLog{{Kind: parse.KindAccess}}}
	_, named := newS3Source("", "arn:aws:s3:eu-west-1:111122223333:accesspoint/logs/prod", newDialer(AWS{Profile: "prod eu"}))
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"access denied", explained("AccessDenied", "s3:GetObject", prod), "allow s3:GetObject on arn:aws:s3:::logs/* for this identity (aws sts get-caller-identity --profile 'prod eu' shows which), or choose another with --profile or --role-arn"},
		{"to a role", explained("AccessDenied", "s3:ListBucket", AWS{RoleARN: "arn:aws:iam::111122223333:role/logs"}.Caller("eu-west-1")), "allow s3:ListBucket on arn:aws:s3:::logs for arn:aws:iam::111122223333:role/logs, or choose another with --profile or --role-arn"},
		{"in China", explained("AccessDenied", "s3:GetObject", Caller{Region: "cn-north-1"}), "allow s3:GetObject on arn:aws-cn:s3:::logs/* for this identity (aws sts get-caller-identity shows which), or choose another with --profile or --role-arn"},
		{"in GovCloud", explained("AccessDenied", "s3:ListBucket", Caller{Region: "us-gov-west-1"}), "allow s3:ListBucket on arn:aws-us-gov:s3:::logs for this identity (aws sts get-caller-identity shows which), or choose another with --profile or --role-arn"},
		{"denied", refused(`with an explicit deny in a service control policy`), "a service control policy denies s3:GetObject on arn:aws:s3:::logs/*, whatever else allows it: an exception has to be made there"},
		{"denied by a policy that is named", refused(`with an explicit deny in an identity-based policy: arn:aws:iam::111122223333:policy/no-logs`), "an identity-based policy: arn:aws:iam::111122223333:policy/no-logs denies s3:GetObject on arn:aws:s3:::logs/*, whatever else allows it: an exception has to be made there"},
		{"not through this endpoint", refused(`because no VPC endpoint policy allows the s3:GetObject action`), "allow s3:GetObject on arn:aws:s3:::logs/* in the VPC endpoint policy"},
		{"not by this identity", refused(`because no identity-based policy allows the s3:GetObject action`), "allow s3:GetObject on arn:aws:s3:::logs/* for this identity (aws sts get-caller-identity shows which), or choose another with --profile or --role-arn"},
		{"expired", explained("ExpiredToken", "s3:GetObject", prod), "aws sso login --profile 'prod eu', or fetch new session keys"},
		{"unknown", explained("InvalidAccessKeyId", "s3:GetObject", prod), "aws sts get-caller-identity --profile 'prod eu'"},
		{"wrong secret", explained("SignatureDoesNotMatch", "s3:GetObject", prod), "aws configure --profile 'prod eu'"},
		{"no such bucket", explained("NoSuchBucket", "s3:ListBucket", prod), "aws s3 ls --profile 'prod eu'"},
		{"a key that is off", explained("KMS.DisabledException", "s3:GetObject", prod), "aws kms describe-key --region eu-west-1 --key-id KEY --profile 'prod eu' tells the key's state"},
		{"archived", explained("InvalidObjectState", "s3:GetObject", prod), "aws s3api restore-object --bucket logs --key 'prod/a b.log.gz' --restore-request Days=3 --profile 'prod eu'"},
		{"logs are off", &LogsOffError{balancer, prod}, "aws elbv2 modify-load-balancer-attributes --region eu-west-1 --load-balancer-arn " + balancer.ARN + " --attributes Key=access_logs.s3.enabled,Value=true Key=access_logs.s3.bucket,Value=BUCKET --profile 'prod eu'"},
		{"no such balancer", BalancerQuery{Name: "shop"}.NotFound("shop", prod, nil), "aws elbv2 describe-load-balancers --region eu-west-1 --query 'LoadBalancers[].LoadBalancerName' --profile 'prod eu'; another region with --region"},
		{"an access point", named, "s3://ALIAS/prod, with what this says: aws s3control get-access-point --region eu-west-1 --account-id 111122223333 --name logs --query Alias --profile 'prod eu'"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var h Hinter
			if !errors.As(tt.err, &h) || h.Hint() != tt.want {
				t.Errorf("%v has the hint\n%s, want\n%s", tt.err, h.Hint(), tt.want)
			}
		})
	}
}
