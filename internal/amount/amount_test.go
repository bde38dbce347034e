package amount

import "testing"

func TestOf(t *testing.T) {
	for n, want := range map[int64]string{0: "0 entries", 1: "1 entry", 2: "2 entries", 1234567: "1234567 entries", -1: "-1 entries"} {
		if got := Of(n, "entry", "entries"); got != want {
			t.Errorf("Of(%d) = %q, want %q", n, got, want)
		}
	}
}
