// Package parquet tests that other engines read what export writes, and read in
// it what the demo's truth says: Arrow and Spark, which need Python and Java.
// "make test-parquet" sets them up and gives the build tag parquet. It holds
// tests only.
package parquet
