// Package ingest brings log objects in.
//
// What comes in: places named on the command line (a file, a folder, a glob,
// "-" for standard input, s3://bucket/prefix, or a load balancer) and a Plan
// that says which time, logs and balancer are wanted. What goes out: a Feed of
// Objects, in a fixed order, each of which gives its log text decompressed.
//
// It knows the names that Elastic Load Balancing gives its log objects, finds
// a window in S3 with few requests, reads ahead of the workers, carries on
// after a broken read, tells every kind of failure apart, and keeps what a
// command reads twice. It does not look at a single log line.
//
// Source of names and folders: AWS, "Access log files" in the guides of
// Application, Network and Classic Load Balancers, and "Health check log files",
// read 2026-11.
package ingest
