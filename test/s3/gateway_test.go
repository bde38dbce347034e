package s3

import (
	"log"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"loglens/test/internal/gateway"
)

// server is the S3 server of this test process.
var server *gateway.Gateway

func TestMain(m *testing.M) {
	if err := gateway.Setenv(); err != nil {
		log.Fatal(err)
	}
	var err error
	if server, err = gateway.Start(""); err != nil {
		log.Fatal(err)
	}
	code := m.Run()
	server.Stop()
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

// client speaks to the gateway itself, past all proxies.
func client() *awss3.Client { return gateway.Client(server.URL()) }

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
			if err := gateway.Put(t.Context(), c, bucket, key, body); err != nil {
				t.Errorf("put %s: %v", key, err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
}
