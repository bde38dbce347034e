// Package parse cuts ELB log text into entries and says why a request failed.
//
// In comes decompressed log text (an [io.Reader]); out comes one record per
// line: an [Access] or an [Entry], whose fields are views into the scanner's
// buffer, or a [Damage] with its place and cause. All logs of Elastic Load
// Balancing are read, each line as what it is: plain, as JSON, and under the
// columns of a W3C file. The package opens nothing, decompresses nothing, stores
// nothing and allocates nothing per line. It imports the standard library, and
// golang.org/x/sys/cpu to find out whether the processor has the vectors that
// fields are cut with.
//
// Source of the formats: AWS's pages on the logs of Application, Network and
// Classic Load Balancers, docs.aws.amazon.com/elasticloadbalancing, read 2026-11;
// each format names its own. Fields are only ever added at the end, region by
// region, so lines of every width since 2016 stand side by side in one bucket.
package parse
