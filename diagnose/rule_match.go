package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// placed is a rule, and where it stands.
type placed struct {
	Rule
	on Listener
	at int // its place among the listener's rules
}

// rules are those of all listeners.
func (f *facts) rules() (list []placed) {
	for _, l := range f.Listeners {
		for i, r := range l.Rules {
			list = append(list, placed{r, l, i})
		}
	}
	return list
}

// name names a rule, and the listener that it is of.
func (r placed) name() string { return fmt.Sprintf("rule %s of listener %s", r.Priority, r.on.label()) }

// isLike reports whether logs do not tell a rule from one of another listener.
func (r placed) isLike(other placed) bool {
	return other.on.ARN != r.on.ARN && other.on.Protocol == r.on.Protocol && other.Priority == r.Priority
}

// shadow is the place of the first rule that takes every request that the i-th one
// would; -1 if there is none.
func (l Listener) shadow(i int) int {
	return slices.IndexFunc(l.Rules[:i], func(earlier Rule) bool { return takesAll(earlier, l.Rules[i]) })
}

// takesAll reports whether every request that matches a later rule matches the
// earlier one: each of its conditions is one that the later rule has, or a wider one, or
// one that every request has.
func takesAll(earlier, later Rule) bool {
	return len(earlier.Conditions) > 0 && len(later.Conditions) > 0 && !slices.ContainsFunc(earlier.Conditions, func(wide Condition) bool {
		return !wide.takesAny() && !slices.ContainsFunc(later.Conditions, func(narrow Condition) bool { return wider(wide, narrow) })
	})
}

// takesAny reports whether every request has what a condition asks for.
func (c Condition) takesAny() bool {
	return c.Field == "path-pattern" && !c.Regex && (slices.Contains(c.Values, "*") || slices.Contains(c.Values, "/*"))
}

// closes reports whether a rule answers every request with 5xx by itself, as that of a
// maintenance page does, which stands before all others for as long as it is needed.
func (r Rule) closes() bool {
	return !slices.ContainsFunc(r.Conditions, func(c Condition) bool { return !c.takesAny() }) &&
		slices.ContainsFunc(r.Actions, Action.failsOnPurpose)
}

// closed reports whether a listener leads no request to a target group, as behind such a page.
func (l Listener) closed() bool {
	for _, r := range l.Rules {
		switch {
		case r.closes():
			return true
		case r.forwards():
			return false
		}
	}
	return len(l.Rules) > 0
}

// guards reports whether a rule keeps from targets whom a later one, put before it, would let through to
// them: it turns them away, leads them from HTTP to HTTPS, or asks for a login.
func (l Listener) guards(earlier, later Rule) bool {
	away := slices.ContainsFunc(earlier.Actions, func(a Action) bool {
		return a.Type == "fixed-response" && strings.HasPrefix(a.Status, "4") || l.Protocol == "HTTP" && a.To != nil && a.To.Protocol == "HTTPS"
	})
	return (away || earlier.login() != "" && later.login() == "") && later.forwards()
}

// wider reports whether all that one condition takes the other takes as well.
func wider(wide, narrow Condition) bool {
	if wide.Field != narrow.Field || !strings.EqualFold(wide.Name, narrow.Name) || wide.Regex != narrow.Regex {
		return false
	}
	for _, n := range narrow.Values {
		if !slices.ContainsFunc(wide.Values, func(w string) bool { return widerValue(wide, w, n) }) {
			return false
		}
	}
	return true
}

func widerValue(c Condition, wide, narrow string) bool {
	switch {
	case wide == narrow:
		return true
	case c.Regex:
		return false
	case c.Field == "host-header":
		return globCovers(strings.ToLower(wide), strings.ToLower(narrow))
	case c.Field == "path-pattern":
		return globCovers(wide, narrow)
	case c.Field == "source-ip":
		w, _ := netip.ParsePrefix(wide)
		n, _ := netip.ParsePrefix(narrow)
		return within(n, w)
	}
	return false
}

// glob reports whether a text matches a pattern, in which * stands for any text and
// ? for one character.
func glob(pattern, s string) bool { return matches(pattern, s, false) }

// globCovers reports whether all that a pattern takes another one takes as well. It
// may miss some that do.
func globCovers(wide, narrow string) bool { return matches(wide, narrow, true) }

// matches is the usual greedy match with one place to go back to. If s is itself a
// pattern, a ? does not match its *.
func matches(pattern, s string, isPattern bool) bool {
	p, i, star, from := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, i
			p++
		case p < len(pattern) && (pattern[p] == s[i] || pattern[p] == '?' && (!isPattern || s[i] != '*')):
			p++
			i++
		case star >= 0:
			from++
			p, i = star+1, from
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// asks reports whether a rule has a condition on one of some fields.
func (r Rule) asks(fields ...string) bool {
	return slices.ContainsFunc(r.Conditions, func(c Condition) bool { return slices.Contains(fields, c.Field) })
}

// asksByRegex reports whether a rule has a regular expression for a field: what of it the rule takes is not known.
func (r Rule) asksByRegex(field string) bool {
	return slices.ContainsFunc(r.Conditions, func(c Condition) bool { return c.Field == field && c.Regex })
}

// mayTake reports whether a rule may take requests for a host, as far as it asks for hosts.
func (r Rule) mayTake(host string) bool {
	return !slices.ContainsFunc(r.Conditions, func(c Condition) bool {
		return c.Field == "host-header" && !c.Regex && !slices.ContainsFunc(c.Values, func(v string) bool { return glob(strings.ToLower(v), strings.ToLower(host)) })
	})
}

// onlyHosts reports whether a rule asks for nothing but hosts.
func (r Rule) onlyHosts() bool {
	return !slices.ContainsFunc(r.Conditions, func(c Condition) bool { return c.Field != "host-header" && !c.takesAny() })
}

// mayTakePath reports whether a rule may take requests for a path, as far as it asks for paths.
func (r Rule) mayTakePath(path string) bool {
	return !slices.ContainsFunc(r.Conditions, func(c Condition) bool {
		return c.Field == "path-pattern" && !c.Regex && !slices.ContainsFunc(c.Values, func(v string) bool { return glob(v, path) })
	})
}
