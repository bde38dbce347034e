package query

import (
	"bytes"
	"net/netip"

	"loglens/parse"
)

// route returns the path of the request with everything that names a single
// thing replaced by what sort of thing it is, so that requests of one handler
// share a route: /v2/orders/4711/items becomes /v2/orders/{id}/items. It is nil
// if the request could not be read, and valid until the next chunk.
func (a *arena) route(e *parse.Access) []byte {
	verb, url, _ := e.RequestLine()
	if len(verb) == 0 || verb[0] == '-' || url == nil {
		return nil
	}
	a.scratch = appendRoute(a.scratch[:0], pathOf(url))
	return a.scratch
}

// pathOf cuts scheme, host and query off a URL that need not be one.
func pathOf(url []byte) []byte {
	if _, rest, ok := bytes.Cut(url, []byte("://")); ok {
		at := bytes.IndexByte(rest, '/')
		if at < 0 {
			return []byte("/")
		}
		url = rest[at:]
	}
	if at := bytes.IndexAny(url, "?#"); at >= 0 {
		url = url[:at]
	}
	return url
}

// routeLength is how much of a path tells routes apart; what is longer was
// written to attack.
const routeLength = 200

func appendRoute(dst, path []byte) []byte {
	cut := len(path) > routeLength
	if cut {
		path = path[:routeLength]
	}
	for i := 0; i < len(path); {
		if path[i] == '/' {
			dst = append(dst, '/')
			i++
			continue
		}
		to := i
		for to < len(path) && path[to] != '/' {
			to++
		}
		dst = appendSegment(dst, path[i:to])
		i = to
	}
	if cut {
		dst = append(dst, "..."...)
	}
	return dst
}

// appendSegment writes one part of a path.
func appendSegment(dst, s []byte) []byte {
	switch {
	case isUUID(s):
		return append(dst, "{uuid}"...)
	case isDate(s):
		return append(dst, "{date}"...)
	case isEmail(s):
		return append(dst, "{email}"...)
	case isSecret(s):
		return append(dst, "{token}"...)
	}
	for i := 0; i < len(s); {
		if isSeparator(s[i]) {
			dst = append(dst, s[i])
			i++
			continue
		}
		to := i
		for to < len(s) && !isSeparator(s[to]) {
			to++
		}
		if w := placeholder(s[i:to]); w != "" {
			dst = append(dst, w...)
		} else {
			dst = append(dst, s[i:to]...)
		}
		i = to
	}
	return dst
}

func isSeparator(c byte) bool {
	switch c {
	case '.', '-', '_', ',', ';', '=', ':', '~', '+', '@', '!', '(', ')':
		return true
	}
	return false
}

// Words from these lengths on are taken for the name of one thing.
const (
	leastHex   = 8
	leastToken = 20
)

// placeholder says what sort of single thing a word names, "" if it is a word.
func placeholder(w []byte) string {
	var digits, hex, letters int
	for _, c := range w {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			hex++
		case c|0x20 >= 'g' && c|0x20 <= 'z':
			letters++
		default:
			return ""
		}
	}
	switch {
	case digits == len(w):
		return "{id}"
	case letters == 0 && digits > 0 && len(w) >= leastHex:
		return "{hex}"
	case digits > 0 && len(w) >= leastToken:
		return "{token}"
	}
	return ""
}

// isUUID reports whether s has the form of a UUID, RFC 9562.
func isUUID(s []byte) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range s {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') || !dash && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}

// isEmail reports whether s is somebody's address, plain or as URLs write it, and no
// version of something, as in vue@3.2.1.js.
func isEmail(s []byte) bool {
	name, host, ok := bytes.Cut(s, []byte("@"))
	if !ok {
		name, host, ok = bytes.Cut(s, []byte("%40"))
	}
	dot := bytes.IndexByte(host, '.')
	return ok && len(name) > 0 && dot > 0 && dot+1 < len(host) && (host[dot+1] < '0' || host[dot+1] > '9')
}

// isSecret reports whether s lets somebody in: a JWT, RFC 7519, or AWS's key ID. Its
// words need not look like tokens, each by itself.
func isSecret(s []byte) bool {
	if bytes.HasPrefix(s, []byte("eyJ")) && bytes.Count(s, []byte(".")) >= 2 {
		return true
	}
	if len(s) != 20 || !bytes.HasPrefix(s, []byte("AKIA")) && !bytes.HasPrefix(s, []byte("ASIA")) {
		return false
	}
	for _, c := range s {
		if (c < 'A' || c > 'Z') && (c < '2' || c > '7') {
			return false
		}
	}
	return true
}

// isDate reports whether s has the form 2026-11-22.
func isDate(s []byte) bool {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return false
	}
	for i, c := range s {
		if i != 4 && i != 7 && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// network returns the network that an address belongs to, /24 of IPv4 and /48
// of IPv6, which is what one customer usually has; nil for what is no address.
// It is valid until the next chunk.
func (a *arena) network(ip []byte) []byte {
	addr, err := netip.ParseAddr(string(ip)) // does not allocate for what has no zone
	if err != nil {
		return nil
	}
	addr = addr.Unmap()
	bits := 48
	if addr.Is4() {
		bits = 24
	}
	net, err := addr.Prefix(bits)
	if err != nil {
		return nil
	}
	a.scratch = net.AppendTo(a.scratch[:0])
	return a.scratch
}
