package diagnose

import (
	"fmt"
	"slices"
	"strings"
)

// Parts of a redirect's location that are those of the request.
const (
	sameProtocol = "#{protocol}"
	sameHost     = "#{host}"
	samePort     = "#{port}"
	samePath     = "/#{path}"
	sameQuery    = "#{query}"
)

// words are a location as a rule has it, its query only where that is another one.
func (l Location) words() string {
	to := strings.ToLower(l.Protocol) + "://" + l.Host + ":" + l.Port + l.Path
	if l.Query != sameQuery {
		to += "?" + l.Query
	}
	return to
}

// redirectsNowhere looks for rules that send clients to a port of their host on which the balancer does not
// listen, such as to HTTPS whose listener is gone, or where it speaks another protocol. One that asks for a header may
// be for what came by a CDN, which listens there.
func (f *facts) redirectsNowhere() []*Finding {
	b := gather{}
	for _, r := range f.rules() {
		l := r.on
		for _, a := range r.Actions {
			if a.To == nil || a.To.Host != sameHost || r.asks("http-header") || l.shadow(r.at) >= 0 {
				continue
			}
			protocol, port := a.To.from(l)
			i := slices.IndexFunc(f.Listeners, func(other Listener) bool { return fmt.Sprint(other.Port) == port })
			if i >= 0 && f.Listeners[i].Protocol == protocol {
				continue
			}
			key := port
			if i >= 0 {
				key = f.Listeners[i].label()
			}
			found := b.at(key, func() *Finding {
				found := finding("redirect-without-listener", fmt.Sprintf("%s redirects clients to port %s of the same host, on which the balancer has no listener.", upper(r.name()), port))
				found.Do = fmt.Sprintf("make a listener on port %s that leads to a target group, or let the rule do so", port)
				if i >= 0 {
					found.Sentence = fmt.Sprintf("%s redirects clients to %s on port %s of the same host, and the balancer's listener is %s: they get no connection, or 400.", upper(r.name()), protocol, port, key)
					found.Do = "let the rule redirect to the protocol and port of a listener"
					found.Verify = append(found.Verify, f.describeRules(l))
				}
				found.rival("", "what stands before the balancer, such as a CDN, another balancer or AWS Global Accelerator, may take that port to elsewhere")
				return found
			})
			found.because(FromConfig, r.name()+": "+r.words())
		}
	}
	return b.list
}

// from are the protocol and port that a redirect of a listener leads to.
func (l Location) from(at Listener) (protocol, port string) {
	return strings.ReplaceAll(l.Protocol, sameProtocol, at.Protocol), strings.ReplaceAll(l.Port, samePort, fmt.Sprint(at.Port))
}

// redirecting is how a command has a redirect.
func (l Location) redirecting(status string) string {
	return fmt.Sprintf(`{"Type":"redirect","RedirectConfig":{"Protocol":%q,"Host":%q,"Port":%q,"Path":%q,"Query":%q,"StatusCode":%q}}`, l.Protocol, l.Host, l.Port, l.Path, l.Query, "HTTP_"+status)
}
