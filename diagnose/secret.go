package diagnose

import (
	"regexp"
	"strings"
)

// eachSecret replaces the parts of a path that look like a key.
func eachSecret(path string, with func(string) string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if known.MatchString(p) || long.MatchString(p) && strings.ContainsAny(p, "0123456789") && strings.ContainsAny(p, letters) {
			parts[i] = with(p)
		}
	}
	return strings.Join(parts, "/")
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// leftOut stands in place of what may be a secret.
const leftOut = "{…}"

// A path may carry a token: as the value of a query, or as a part of its own.
var (
	queryValue = regexp.MustCompile(`=[^&]*`)
	known      = regexp.MustCompile(`^(AKIA|ASIA)[A-Z0-9]{12,}|^eyJ[A-Za-z0-9_-]{10,}|@`)
	long       = regexp.MustCompile(`^[A-Za-z0-9_+=-]{20,}$`)
)

// redacted is a path without what may be a secret: query values, and parts that look
// like a key. What is left out has to be filled in by hand where the path is part of
// a command.
func redacted(path string) string {
	path, query, asked := strings.Cut(path, "?")
	path = eachSecret(path, func(string) string { return leftOut })
	if asked {
		path += "?" + queryValue.ReplaceAllString(query, "="+leftOut)
	}
	return path
}
