package diagnose

import (
	"net/netip"
	"slices"

	"go4.org/netipx"
)

// prefixes reads address ranges, and leaves out what is none.
func prefixes(list []string) (out []netip.Prefix) {
	for _, s := range list {
		if p, err := netip.ParsePrefix(s); err == nil {
			out = append(out, p.Masked())
		}
	}
	return out
}

// setOf is what a builder has, which is given nothing but ranges, or what none can be read from.
func setOf(b *netipx.IPSetBuilder) *netipx.IPSet {
	set, _ := b.IPSet() // whose error is about the latter
	return set
}

// within reports whether all of a range is in another one.
func within(p, wide netip.Prefix) bool { return wide.Bits() <= p.Bits() && wide.Contains(p.Addr()) }

// family leaves the ranges of one address family.
func family(list []netip.Prefix, six bool) []netip.Prefix {
	return slices.DeleteFunc(slices.Clone(list), func(p netip.Prefix) bool { return p.Addr().Is6() != six })
}

// single is the range of one address.
func single(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }
