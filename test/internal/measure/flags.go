package measure

import "flag"

// Flags defines what every benchmark can be told. large says which lines are counted.
func Flags(large string) (bin, cache *string, lines, rounds *int) {
	bin = flag.String("bin", "bin/loglens", "the command to measure")
	cache = flag.String("cache", ".cache/bench", "where the log objects are written, and kept")
	lines = flag.Int("lines", 6_000_000, large)
	rounds = flag.Int("rounds", 10, "how often everything runs; 0 only writes the log objects")
	return bin, cache, lines, rounds
}
