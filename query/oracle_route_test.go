package query_test

import (
	"regexp"
	"strings"
)

// routeOf is the route of a request line, written a second time from what
// query/route.go says of it, with regular expressions: no host, no query, and
// for what names a single thing what sort of thing it is. It is "" for a request
// that could not be read.
func routeOf(requestLine string) string {
	words := strings.Split(strings.TrimRight(requestLine, " "), " ")
	if len(words) < 2 || strings.HasPrefix(words[0], "-") || words[0] == "" {
		return ""
	}
	url := words[1]
	if len(words) > 2 {
		url = strings.Join(words[1:len(words)-1], " ") // spaces stay as the client sent them
	}
	path := url
	if m := withHost.FindStringSubmatch(url); m != nil {
		if path = m[1]; path == "" {
			return "/"
		}
	}
	path = strings.FieldsFunc("x"+path, func(r rune) bool { return r == '?' || r == '#' })[0][1:]
	tail := ""
	if len(path) > 200 {
		path, tail = path[:200], "..."
	}
	parts := strings.Split(path, "/")
	for i, p := range parts {
		switch {
		case uuid.MatchString(p):
			parts[i] = "{uuid}"
		case date.MatchString(p):
			parts[i] = "{date}"
		default:
			parts[i] = single.ReplaceAllStringFunc(p, sort)
		}
	}
	return strings.Join(parts, "/") + tail
}

var (
	withHost  = regexp.MustCompile(`(?s)^[^/]*://[^/]*(.*)$`)
	uuid      = regexp.MustCompile(`^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$`)
	date      = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	single    = regexp.MustCompile(`[^.\-_,;=:~+@!()]+`)
	digits    = regexp.MustCompile(`^[0-9]+$`)
	hex       = regexp.MustCompile(`^[0-9A-Fa-f]{8,}$`)
	token     = regexp.MustCompile(`^[0-9A-Za-z]{20,}$`)
	someDigit = regexp.MustCompile(`[0-9]`)
)

// sort says what sort of single thing a word names, or leaves it.
func sort(word string) string {
	switch {
	case digits.MatchString(word):
		return "{id}"
	case hex.MatchString(word) && someDigit.MatchString(word):
		return "{hex}"
	case token.MatchString(word) && someDigit.MatchString(word):
		return "{token}"
	}
	return word
}

// networkOf is the /24 of an IPv4 address or the /48 of an IPv6 one without
// zeros in its first three groups.
func networkOf(ip string) string {
	if g := strings.Split(ip, "."); len(g) == 4 {
		return strings.Join(g[:3], ".") + ".0/24"
	}
	return strings.Join(strings.Split(ip, ":")[:3], ":") + "::/48"
}
