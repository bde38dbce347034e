package s3

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
)

// What the gateway is asked with.
const (
	accessKey = "loglens"
	secretKey = "loglens-secret"
	region    = "us-east-1"
)

// gateway is the S3 server of this test process: address and root folder, in
// which a folder is a bucket and a file an object.
var gateway struct{ addr, root string }

func TestMain(m *testing.M) {
	for name, value := range map[string]string{
		"AWS_EC2_METADATA_DISABLED":   "true",
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_ACCESS_KEY_ID":           accessKey,
		"AWS_SECRET_ACCESS_KEY":       secretKey,
		"AWS_REGION":                  region,
	} {
		if err := os.Setenv(name, value); err != nil {
			log.Fatal(err)
		}
	}
	stop, err := startGateway()
	if err != nil {
		log.Fatal(err)
	}
	code := m.Run()
	stop()
	if left := leaked(); code == 0 && left != "" {
		log.Printf("goroutines of package ingest are left:\n%s", left)
		code = 1
	}
	os.Exit(code)
}

// leaked returns the stacks of the goroutines that package ingest has left
// behind; those of the proxies do not count.
func leaked() string {
	var left []string
	for range 20 {
		left = nil
		stacks := make([]byte, 4<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		for _, s := range strings.Split(string(stacks), "\n\n") {
			if strings.Contains(s, "loglens/ingest.") {
				left = append(left, s)
			}
		}
		if len(left) == 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return strings.Join(left, "\n\n")
}

// startGateway builds versitygw, once per version, and runs it on loopback.
func startGateway() (stop func(), err error) {
	binary, err := buildGateway()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "loglens-s3-")
	if err != nil {
		return nil, err
	}
	gateway.root = filepath.Join(dir, "data")
	meta, iam := filepath.Join(dir, "meta"), filepath.Join(dir, "iam")
	for _, d := range []string{gateway.root, meta, iam} {
		if err := os.Mkdir(d, 0o700); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	gateway.addr = l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	cmd := exec.Command(binary, "--access", accessKey, "--secret", secretKey, "--region", region,
		"--port", gateway.addr, "--keep-alive", "--quiet", "--iam-dir", iam, "posix", "--sidecar", meta, gateway.root)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = os.RemoveAll(dir)
	}
	for range 200 {
		c, err := net.Dial("tcp", gateway.addr)
		if err == nil {
			return stop, c.Close()
		}
		time.Sleep(50 * time.Millisecond)
	}
	stop()
	return nil, fmt.Errorf("versitygw does not listen on %s:\n%s", gateway.addr, said.String())
}

// buildGateway returns the path of the binary, which is kept for the next run.
func buildGateway() (string, error) {
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

// client speaks to the gateway itself, past all proxies.
func client() *awss3.Client {
	return awss3.New(awss3.Options{
		Region:       region,
		BaseEndpoint: aws.String("http://" + gateway.addr),
		UsePathStyle: true,
		Credentials:  credentials.NewStaticCredentialsProvider(accessKey, secretKey, ""),
	})
}

// newBucket makes a bucket of that name.
func newBucket(t *testing.T, name string) string {
	t.Helper()
	if _, err := client().CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatalf("create bucket %s: %v", name, err)
	}
	return name
}

// put stores objects, many at a time.
func put(t *testing.T, bucket string, objects map[string][]byte) {
	t.Helper()
	c := client()
	var wg sync.WaitGroup
	slots := make(chan struct{}, 16)
	for key, body := range objects {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if err := putOne(t.Context(), c, bucket, key, body); err != nil {
				t.Errorf("put %s: %v", key, err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

func putOne(ctx context.Context, c *awss3.Client, bucket, key string, body []byte) error {
	_, err := c.PutObject(ctx, &awss3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)})
	return err
}
