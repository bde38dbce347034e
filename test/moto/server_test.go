//go:build moto

package moto

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// The demo's balancer shop-prod, whose account and region the emulator gets. It
// makes up the id of a balancer by itself.
const (
	account = "111122223333"
	region  = "eu-central-1"
	demoID  = "50dc6c495c0c9188"
)

// server is the emulator's address, and binary the loglens under test.
var server, binary string

func TestMain(m *testing.M) {
	for name, value := range map[string]string{
		"AWS_EC2_METADATA_DISABLED":   "true",
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_ACCESS_KEY_ID":           "loglens",
		"AWS_SECRET_ACCESS_KEY":       "loglens-secret",
		"AWS_REGION":                  region,
		"MOTO_ACCOUNT_ID":             account,
	} {
		if err := os.Setenv(name, value); err != nil {
			log.Fatal(err)
		}
	}
	dir, err := os.MkdirTemp("", "loglens-moto-")
	if err != nil {
		log.Fatal(err)
	}
	code := 1
	if stop, err := start(dir); err != nil {
		log.Print(err)
	} else {
		code = m.Run()
		stop()
	}
	if err := os.RemoveAll(dir); err != nil {
		log.Print(err)
	}
	os.Exit(code)
}

// start builds the command and runs the emulator on loopback.
func start(dir string) (stop func(), err error) {
	binary = filepath.Join(dir, "loglens")
	build := exec.Command("go", "build", "-o", binary, "./cmd/loglens")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build loglens: %w\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server = l.Addr().String()
	_, port, _ := net.SplitHostPort(server)
	if err := l.Close(); err != nil {
		return nil, err
	}
	var said bytes.Buffer
	moto := exec.Command("../../.cache/venv-moto/bin/moto_server", "-H", "127.0.0.1", "-p", port)
	moto.Stdout, moto.Stderr = &said, &said
	if err := moto.Start(); err != nil {
		return nil, fmt.Errorf("%w: make test-all sets it up", err)
	}
	stop = func() {
		_ = moto.Process.Kill()
		_ = moto.Wait()
	}
	for range 600 {
		c, err := net.Dial("tcp", server)
		if err == nil {
			return stop, c.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	stop()
	return nil, fmt.Errorf("the emulator does not listen on %s:\n%s", server, said.String())
}

func config() aws.Config {
	return aws.Config{
		Region:       region,
		BaseEndpoint: aws.String("http://" + server),
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
	ask, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+server+"/", strings.NewReader(with.Encode()))
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
