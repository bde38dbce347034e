// Package parse cuts ELB log text into entries and says why a request failed.
//
// In comes decompressed log text (an [io.Reader]); out comes one record per
// line, either an entry whose fields are views into the scanner's buffer or a
// [Damage] with its place and cause. The package opens nothing, decompresses
// nothing, stores nothing and allocates nothing per line. It imports the
// standard library only.
//
// Source of the format: AWS, "Access logs for your Application Load Balancer",
// docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html,
// read 2026-11. Fields are only ever added at the end, region by region, so
// lines of every width since 2016 stand side by side in one bucket.
package parse
