package query

import "flag"

var soak = flag.Bool("soak", false, `try what is random as often as "make soak" does`)

// Often is how often a test tries what is random: whenever all tests run, and in the
// night ("make soak").
func Often(run, night int) int {
	if *soak {
		return night
	}
	return run
}
