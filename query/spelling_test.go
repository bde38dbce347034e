package query

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A spelling is one if it reads as the same address, and only then.
func TestSpellings(t *testing.T) {
	// Few digits, so that two addresses often are the same.
	digits := rapid.SampledFrom([]string{"0", "0", "0", "00", "0000", "1", "01", "0001", "10", "a", "A", "0A", "ffff", "102", "0102"})
	text := rapid.Custom(func(t *rapid.T) string {
		if rapid.IntRange(0, 9).Draw(t, "four") == 0 {
			return rapid.SampledFrom([]string{"0.0.0.0", "1.2.1.2", "1.2.0.0"}).Draw(t, "ipv4")
		}
		groups := rapid.SliceOfN(digits, 8, 8).Draw(t, "groups")
		if rapid.Bool().Draw(t, "dotted") {
			groups = append(groups[:6], rapid.SampledFrom([]string{"0.0.0.0", "0.1.0.1", "1.2.1.2", "1.2.0.0"}).Draw(t, "tail"))
		}
		from := rapid.IntRange(0, len(groups)).Draw(t, "from")
		until := rapid.IntRange(from, len(groups)).Draw(t, "until")
		if from == until {
			return strings.Join(groups, ":")
		}
		return strings.Join(groups[:from], ":") + "::" + strings.Join(groups[until:], ":")
	})
	rapid.Check(t, func(t *rapid.T) {
		asked, logged := text.Draw(t, "asked"), text.Draw(t, "logged")
		a, err := netip.ParseAddr(asked)
		if err != nil {
			t.Fatal(err)
		}
		for _, logged := range []string{logged, asked, a.String(), a.StringExpanded(), strings.ToUpper(a.StringExpanded()), logged + "1", logged[1:]} {
			b, err := netip.ParseAddr(logged)
			same := err == nil && a.Unmap() == b.Unmap()
			if got := spelled(spellings(asked, false), logged); got != same {
				t.Errorf("%s for %s: %v", logged, asked, got)
			}
			if got := spelled(spellings(asked+":80", true), logged+":80"); got != same {
				t.Errorf("%s for %s, with a port: %v", logged, asked, got)
			}
			if spelled(spellings(asked+":80", true), logged+":81") {
				t.Errorf("%s for %s, with another port", logged, asked)
			}
		}
	})
	for _, none := range []string{"", "-", "10.0.0", "fe80::1%eth0", "shop", "2001:db8::1::2", "010.0.0.1"} {
		if got := spellings(none, false) + spellings(none+":80", true) + spellings(none, true); got != "" {
			t.Errorf("%q may be spelled %s", none, got)
		}
	}
}

func spelled(pattern, text string) bool {
	return regexp.MustCompile(fmt.Sprintf("^(?:%s)$", pattern)).MatchString(text)
}
