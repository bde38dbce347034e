package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"loglens/test/internal/gateway"
	"loglens/test/internal/measure"
)

// download fetches every object of a bucket, so many at a time, and looks at
// nothing: what the network takes.
func download(ctx context.Context, url, bucket string, connections int) {
	c := gateway.Client(url)
	keys := make(chan string)
	var group sync.WaitGroup
	for range connections {
		group.Go(func() {
			buf := make([]byte, 128<<10)
			for key := range keys {
				out, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
				measure.Check(err)
				for err == nil {
					_, err = out.Body.Read(buf)
				}
				if !errors.Is(err, io.EOF) {
					measure.Check(err)
				}
				measure.Check(out.Body.Close())
			}
		})
	}
	pages := s3.NewListObjectsV2Paginator(c, &s3.ListObjectsV2Input{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		measure.Check(err)
		for _, o := range page.Contents {
			keys <- aws.ToString(o.Key)
		}
	}
	close(keys)
	group.Wait()
}

// upload makes a bucket of a tree, and returns how many objects and bytes it
// holds. It goes past the network.
func upload(ctx context.Context, url, bucket, dir string) (objects int, bytes int64, err error) {
	c := gateway.Client(url)
	if _, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
		return 0, 0, err
	}
	paths, err := measure.Objects(dir)
	if err != nil {
		return 0, 0, err
	}
	for _, path := range paths {
		key, err := filepath.Rel(dir, path)
		if err != nil {
			return 0, 0, err
		}
		n, err := put(ctx, c, bucket, filepath.ToSlash(key), path)
		if err != nil {
			return 0, 0, err
		}
		bytes += n
	}
	return len(paths), bytes, nil
}

// put stores a file, which is not held in memory: what this process takes
// counts for those that it starts.
func put(ctx context.Context, c *s3.Client, bucket, key, path string) (size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	_, err = c.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: f})
	return info.Size(), err
}
