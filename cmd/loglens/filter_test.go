package main

import "testing"

// TestOtherBalancers: that a log names other load balancers is said where it names some, and
// not the one that was asked for.
func TestOtherBalancers(t *testing.T) {
	for _, tt := range []struct {
		named string
		read  []string
		said  int
	}{
		{"shop", []string{"app/shop/a1"}, 1},
		{"app/shop/a1", []string{"app/api/b2", "app/shop/a1"}, 0},
		{"", []string{"app/shop/a1"}, 0},
		{"-", []string{"app/shop/a1"}, 0},
		{"shop", nil, 0},
	} {
		if got := otherBalancers(tt.named, tt.read); len(got) != tt.said {
			t.Errorf("%q, of %q: %q", tt.named, tt.read, got)
		}
	}
}
