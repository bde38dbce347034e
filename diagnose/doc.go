// Package diagnose says which setting is wrong when clients reach a load
// balancer and the traffic does not reach its targets.
//
// What comes in is a Snapshot: configuration, metrics and counts of the logs at
// one moment. What goes out is a Report: the path that a request takes, hop by
// hop, and findings, those first that explain most failures. Diagnose, between
// them, is a pure function: it asks nobody and knows no clock, so that a saved
// Snapshot gives the same Report anywhere.
//
// Collect fills a Snapshot through AWS's control planes. It makes no call that
// the list Calls does not have, and none that changes anything. Commands that
// mend are printed and never run.
package diagnose
