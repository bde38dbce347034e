// Package gateway runs versitygw, an S3 server of which a folder is a bucket
// and a file an object, on loopback.
package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"loglens/test/internal/server"
)

// What the gateway is asked with.
const (
	AccessKey = "loglens"
	SecretKey = "loglens-secret"
	region    = "us-east-1"
)

// Gateway is a running server.
type Gateway struct {
	*server.Server
	Root string // the folder of its buckets

	dir string
}

// Setenv names the gateway's credentials to this process and to those that it
// starts, and keeps the machine's own out.
func Setenv() error {
	for name, value := range map[string]string{
		"AWS_EC2_METADATA_DISABLED":   "true",
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_ACCESS_KEY_ID":           AccessKey,
		"AWS_SECRET_ACCESS_KEY":       SecretKey,
		"AWS_REGION":                  region,
	} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
}

// Start builds versitygw, once per version, and runs it on an empty folder
// below parent, which is os.MkdirTemp's.
func Start(parent string) (*Gateway, error) {
	binary, err := build()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(parent, "loglens-s3-")
	if err != nil {
		return nil, err
	}
	// versitygw changes its working folder.
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	g := &Gateway{Root: filepath.Join(dir, "data"), dir: dir}
	meta, iam := filepath.Join(dir, "meta"), filepath.Join(dir, "iam")
	for _, d := range []string{g.Root, meta, iam} {
		if err := os.Mkdir(d, 0o700); err != nil {
			return nil, err
		}
	}
	g.Server, err = server.Start(10*time.Second, func(addr string) *exec.Cmd {
		return exec.Command(binary, "--access", AccessKey, "--secret", SecretKey, "--region", region,
			"--port", addr, "--keep-alive", "--quiet", "--iam-dir", iam, "posix", "--sidecar", meta, g.Root)
	})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return g, nil
}

// Stop ends the server and removes what it held.
func (g *Gateway) Stop() {
	g.Server.Stop()
	_ = os.RemoveAll(g.dir)
}

// URL is where it is asked.
func (g *Gateway) URL() string { return "http://" + g.Addr }

// Client speaks to the gateway, or to a proxy before it.
func Client(url string) *s3.Client {
	return s3.New(s3.Options{
		Region:       region,
		BaseEndpoint: &url,
		UsePathStyle: true,
		Credentials:  credentials.NewStaticCredentialsProvider(AccessKey, SecretKey, ""),
		// As loglens asks: parts of objects have no checksum, and gzip has its own.
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	})
}

// Put stores one object.
func Put(ctx context.Context, c *s3.Client, bucket, key string, body []byte) error {
	_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)})
	return err
}

// build returns the path of the binary, which is kept for the next run.
func build() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.GoVersion
	}
	dir = filepath.Join(dir, "loglens", "versitygw-v1.8.0-"+version)
	binary := filepath.Join(dir, "versitygw")
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	// Another process may build at the same time: the last rename wins.
	fresh := fmt.Sprintf("%s.%d", binary, os.Getpid())
	out, err := exec.Command("go", "build", "-o", fresh, "github.com/versity/versitygw/cmd/versitygw").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build versitygw: %w\n%s", err, out)
	}
	return binary, os.Rename(fresh, binary)
}
