package main

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"loglens/ingest"
	"loglens/parse"
)

// possible refuses the value of a filter that no line can have. An answer without lines
// would look like good news.
func possible(name, value string) error {
	flag := "--" + flagName(name)
	switch name {
	case "target":
		if value != "-" && !hasPort(value) {
			return usage("for example "+flag+" 10.0.1.17:8080; loglens targets lists those there are",
				"%s %s: logs name targets by address and port", flag, value)
		}
	case "client":
		if plain := strings.Trim(value, "[] "); plain != value && addressForm.MatchString(plain) {
			return usage(flag+" "+plain, "%s %s: logs write addresses without brackets", flag, value)
		}
		if _, err := netip.ParsePrefix(value); err == nil {
			return usage("--network takes one, /24 of IPv4 or /48 of IPv6", "%s %s: this is a network", flag, value)
		}
		if at, err := netip.ParseAddrPort(value); err == nil {
			return usage(flag+" "+at.Addr().String(), "%s %s: clients are found by address, without the port", flag, value)
		}
		if strings.Trim(strings.ToLower(value), "0123456789abcdef.:[]") != "" && value != "-" {
			return usage("for example "+flag+" 198.51.100.7; loglens clients lists those there are", "%s %s: this is no address", flag, value)
		}
	case "target_group_arn":
		if value != "-" && !strings.HasPrefix(value, "arn:") {
			return usage("--target-group takes a name", "%s %s: this is no ARN", flag, value)
		}
	case "network":
		if value != "-" && !isNetwork(value) {
			return usage("for example "+flag+" 198.51.100.0/24", "%s %s: networks are the /24 of IPv4 and the /48 of IPv6, by their first address", flag, value)
		}
	}
	return nil
}

// addressForm is that of an IPv6 address, with a port or without.
var addressForm = regexp.MustCompile(`^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$`)

// hasPort reports whether a target can be one that a log names: ADDRESS:PORT, without
// brackets for IPv6. What is no address at all may be one of a log to come.
func hasPort(target string) bool {
	if strings.HasPrefix(target, "i-") || strings.HasPrefix(target, "[") {
		return false
	}
	if _, err := netip.ParseAddr(target); err != nil {
		return true
	}
	// An IPv6 address and a port may read as an address as well.
	_, err := netip.ParseAddr(target[:max(0, strings.LastIndexByte(target, ':'))])
	return err == nil
}

func isNetwork(s string) bool {
	p, err := netip.ParsePrefix(s)
	bits := 48
	if err == nil && p.Addr().Is4() {
		bits = 24
	}
	return err == nil && p.Bits() == bits && p.Masked().String() == s
}

// withReason are some classes, or those that a reason can have if none of them is.
func withReason(classes []string, reason string) []string {
	var others []string
	_, of := parse.FindReason(reason)
	for _, c := range of {
		if slices.Contains(classes, c.String()) {
			return classes
		}
		others = append(others, c.String())
	}
	return others
}

// possibleReason refuses a reason of failing requests that can have no line among those
// classes.
func possibleReason(reason string, classes []string) error {
	named, of := parse.FindReason(reason)
	if named != reason {
		return usage("--reason "+named, "--reason %s: upper and lower case tell reasons apart", reason)
	}
	for _, c := range of {
		if slices.Contains(classes, c.String()) {
			return nil
		}
	}
	return usage("add --class "+of[0].String(), "--reason %s is of class %s, and --class %s leaves it out", reason, of[0], strings.Join(classes, ","))
}

// otherBalancers warns that no request is of the load balancer that a filter names, but all
// are of others; nil if it is not so.
func otherBalancers(named string, read []string) (warnings []string) {
	if named == "" || named == "-" || len(read) == 0 || slices.Contains(read, named) {
		return nil
	}
	return []string{"no request is of a load balancer that the log calls " + named + ": it names " + few(mostNames, read) + "; --lb takes any name"}
}

// misspelt is the derived reason that a word is nearly called; "" for none, and for a name
// that is right. It may be a code that AWS has begun to log, so it is not refused.
func misspelt(reason string) (near string) {
	for _, r := range slices.Concat(parse.Rules, parse.ClassicRules) {
		switch far := ingest.Distance(r.Reason, reason); {
		case far == 0:
			return ""
		case far <= 2 && near == "" && r.Reason != parse.Delivered:
			near = r.Reason
		}
	}
	return near
}
