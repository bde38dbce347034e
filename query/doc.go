// Package query turns entries into tables. It reads log objects through
// ingest and parse, keeps every failure whole, counts every request, and
// answers reports, which are SQL files, with a [Table].
//
// It is the only package that knows DuckDB. It opens no object itself, formats
// nothing, and writes nothing but its answer.
package query
