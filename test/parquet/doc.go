// Package parquet tests that other engines read what export writes, and read in
// it what the demo's truth says: Arrow and Spark, which need Python and Java, and
// Trino, which Athena is made of. "make test-parquet" and "make test-trino" set
// them up and give the build tags parquet and trino. It holds tests only.
package parquet
