package parse

import (
	"math/rand/v2"
	"testing"

	"loglens/internal/guard"
)

// TestMarksBetweenGuardPages: nothing outside of the text is read, or the test would die.
func TestMarksBetweenGuardPages(t *testing.T) {
	rnd := rand.New(rand.NewPCG(4, 4))
	for size := range 5 * markBlock {
		for _, atEnd := range []bool{false, true} {
			text := guard.Bytes(t, max(size, 1), atEnd)[:size:size]
			copy(text, inventedText(rnd, 2))
			sameMarks(t, text)
			sameFields(t, text)
		}
	}
}
