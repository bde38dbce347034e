package query

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
)

// spellings is a regular expression for all ways to write an address, or an address and a
// port, "2001:db8::1:443", since DuckDB knows addresses as texts only. IPv4 may be written
// as IPv6. "" for what is no address, or has a zone, which no log has.
func spellings(value string, withPort bool) string {
	port := ""
	if at := strings.LastIndexByte(value, ':'); withPort {
		if at < 0 || !wholeNumber.MatchString(value[at+1:]) {
			return ""
		}
		value, port = value[:at], value[at:]
	}
	addr, err := netip.ParseAddr(value)
	if err != nil || addr.Zone() != "" {
		return ""
	}
	addr = addr.Unmap()
	sixteen := addr.As16()
	var groups []string
	for i := 0; i < len(sixteen); i += 2 {
		digits := strings.TrimLeft(fmt.Sprintf("%02x%02x", sixteen[i], sixteen[i+1]), "0")
		groups = append(groups, fmt.Sprintf("0{0,%d}%s", 4-len(digits), digits))
		if digits == "" {
			groups[i/2] = zeros
		}
	}
	four := netip.AddrFrom4([4]byte(sixteen[12:]))
	dotted := regexp.QuoteMeta(four.String())
	ways := append(joins(groups), joins(append(groups[:6:6], dotted))...)
	if addr.Is4() {
		ways = append(ways, dotted)
	}
	return "(?i)(?:" + strings.Join(ways, "|") + ")" + port
}

var wholeNumber = regexp.MustCompile(`^[0-9]+$`)

// zeros is a group of an IPv6 address that is 0.
const zeros = "0{1,4}"

// joins are the ways to write groups: all of them, or with "::" for some that are 0.
func joins(groups []string) []string {
	ways := []string{strings.Join(groups, ":")}
	for from := range groups {
		for until := from; until < len(groups) && groups[until] == zeros; until++ {
			ways = append(ways, strings.Join(groups[:from], ":")+"::"+strings.Join(groups[until+1:], ":"))
		}
	}
	return ways
}
