//go:build moto

package moto

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"loglens/test/internal/emulator"
)

// The demo's balancer shop-prod, whose account and region the emulator gets. It
// makes up the id of a balancer by itself.
const (
	account = "111122223333"
	region  = "eu-central-1"
	demoID  = "50dc6c495c0c9188"
)

var under emulator.Server

func TestMain(m *testing.M) {
	emulator.Main(m, &under, map[string]string{"AWS_REGION": region, "MOTO_ACCOUNT_ID": account}, "../../.cache/venv-moto/bin/moto_server")
}

func config() aws.Config {
	return aws.Config{
		Region:       region,
		BaseEndpoint: aws.String("http://" + under.Address),
		Credentials:  credentials.NewStaticCredentialsProvider("loglens", "loglens-secret", ""),
	}
}

func balancers() *elb.Client { return elb.NewFromConfig(config()) }

func buckets() *s3.Client {
	return s3.NewFromConfig(config(), func(o *s3.Options) { o.UsePathStyle = true })
}

// ec2 asks EC2's query API for one thing, and returns its id. The emulator looks
// only at the service that a request is signed for.
func ec2(t *testing.T, what string, with url.Values) string {
	t.Helper()
	with.Set("Action", "Create"+what)
	with.Set("Version", "2016-11-15")
	ask, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+under.Address+"/", strings.NewReader(with.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	ask.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	ask.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=loglens/20261122/"+region+"/ec2/aws4_request, SignedHeaders=host, Signature=0")
	res, err := http.DefaultClient.Do(ask)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		VPC    string `xml:"vpc>vpcId"`
		Subnet string `xml:"subnet>subnetId"`
	}
	if err := xml.Unmarshal(body, &answer); err != nil || answer.VPC+answer.Subnet == "" {
		t.Fatalf("create %s: %v: %s", what, err, body)
	}
	return answer.VPC + answer.Subnet
}

// upload stores all files below dir in a bucket under a prefix, with one word
// in names and text replaced by another.
func upload(ctx context.Context, c *s3.Client, bucket, prefix, dir, from, to string) error {
	return filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		key, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		key = prefix + "/" + strings.ReplaceAll(filepath.ToSlash(key), from, to)
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if bytes.HasPrefix(body, []byte("\x1f\x8b")) {
			if body, err = repack(body, from, to); err != nil {
				return fmt.Errorf("repack %s: %w", path, err)
			}
		}
		_, err = c.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)})
		return err
	})
}

// repack replaces a word in compressed text.
func repack(stored []byte, from, to string) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(stored))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(bytes.ReplaceAll(text, []byte(from), []byte(to))); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
