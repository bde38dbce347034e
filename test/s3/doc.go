// Package s3 tests package ingest against a real S3 server, with a proxy that
// counts and breaks requests and another that breaks connections in between.
// It holds tests only.
package s3
