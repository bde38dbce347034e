// Package report turns a query.Table into bytes: for people (table, markdown)
// and for programs (json, jsonl, csv). One file per form.
//
// It computes no number and asks no question; what it prints stands in the
// Table. Everything in a Table that came out of a log line is hostile: each
// form passes all text through one function in clean.go that makes it harmless
// for whoever reads that form.
package report
