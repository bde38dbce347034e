package report

import (
	"strings"
	"testing"
)

// TestBelow: an entry that has room in the lines below its row is whole, and one that is a
// character longer is cut.
func TestBelow(t *testing.T) {
	const most = 12 // of which the indent takes two
	for n, want := range map[int]string{
		0:  "",
		10: "  xxxxxxxxxx\n",
		30: "  xxxxxxxxxx\n  xxxxxxxxxx\n  xxxxxxxxxx\n",
		31: "  xxxxxxxxxx\n  xxxxxxxxxx\n  xxxxxxxxx…\n",
	} {
		lines, cut := below(strings.Repeat("x", n), most, false)
		if lines != want || cut != (n > 30) {
			t.Errorf("%d characters: cut %t, %q", n, cut, lines)
		}
	}
}
