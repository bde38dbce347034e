package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"loglens/internal/amount"
)

var certificatesCheck = Check{
	Name:  "certificates",
	About: "Certificates of the listeners: state, expiry, and whether one covers every host that a rule asks for (SNI).",
	Needs: []string{"acm:DescribeCertificate", describeCertificates, describeRules},
	Gives: []string{"listener-certificate-expired", "listener-certificate-expires-soon", "listener-certificate-not-issued", "listener-certificate-does-not-cover-host"},
	look:  lookAtCertificates,
}

// describeCertificates is the action that reads those beside a listener's default one.
const describeCertificates = "elasticloadbalancing:DescribeListenerCertificates"

// soon is how long before its expiry a certificate is worth a word. AWS renews its
// own 60 days before, unless it cannot.
const soon = 14 * 24 * time.Hour

func lookAtCertificates(f *facts) []*Finding {
	var list []*Finding
	for _, c := range f.Certificates {
		list = append(list, given(f.invalid(c))...)
	}
	return append(list, f.uncovered()...)
}

// invalid is about a certificate that is not valid, or not for long.
func (f *facts) invalid(c Certificate) *Finding {
	var ports []string
	for _, l := range f.Listeners {
		if slices.Contains(l.Certificates, c.ARN) {
			ports = append(ports, l.label())
		}
	}
	about := fmt.Sprintf("The certificate for %s of listener %s", few(c.Names), few(ports))
	var found *Finding
	switch left := c.NotAfter.Sub(f.Taken); {
	case c.Status == "EXPIRED" || !c.NotAfter.IsZero() && left <= 0:
		found = finding("listener-certificate-expired", about+" has expired.")
		found.Confidence = High
	case c.Status != "ISSUED" && c.Status != "":
		found = finding("listener-certificate-not-issued", fmt.Sprintf("%s is %s.", about, c.Status))
		found.Confidence = High
	case !c.NotAfter.IsZero() && left < soon:
		found = finding("listener-certificate-expires-soon", fmt.Sprintf("%s expires in %s.", about, inDays(left)))
	default:
		return nil
	}
	found.because(FromConfig, c.ARN+" is "+c.Status)
	if !c.NotAfter.IsZero() {
		found.because(FromConfig, "valid until "+c.NotAfter.UTC().Format(time.DateTime)+" UTC")
	}
	switch {
	case found.Level == Fail && !f.needed(c):
		f.unneeded(found, c)
	case found.Level == Warn && !f.isDefault(c) && f.replacedAll(c, f.Taken.Add(soon)):
		found.Level = Note
		found.Do = "take it out of the listener's list, or put another one in its place, before it expires"
		found.because(FromConfig, "a certificate of the same listener that is valid for longer is for all of its names")
	default:
		f.exchange(found, c)
	}
	if found.Level == Fail && f.mayBeReplaced(c) {
		found.Confidence = Low
		found.rival("", "a certificate beside it that could not be read may be a valid one for the same names, which clients then get (SNI)")
	}
	return found
}

// unneeded makes a finding about a certificate a warning, and says who gets it for all that no client needs it.
func (f *facts) unneeded(found *Finding, c Certificate) {
	found.Level = Warn
	switch found.Sentence = strings.TrimSuffix(found.Sentence, "."); {
	case f.replacedAll(c, f.Taken) && f.isDefault(c):
		found.Sentence += ", and only clients that name no host (SNI) get it."
		found.Do = "make a valid one the listener's default certificate in its place"
		found.because(FromConfig, "it is a default certificate, and a valid one of the same listener is for all of its names")
	case f.replacedAll(c, f.Taken):
		found.Sentence += ", and no client needs it."
		found.Do = "take it out of the listener's list, or put a valid one in its place"
		found.because(FromConfig, "a valid certificate of the same listener is for all of its names")
	default:
		found.Sentence += ": clients that ask for its names get it (SNI), and no rule says that there are any."
		found.Do = "put a valid one in its place, or take it out of the listener's list if nobody asks for its names any more"
		found.because(FromConfig, "it is not the listener's default certificate, and no rule that was read asks for a host of it")
	}
}

// inDays writes how long something is off: by the day, or of less than one by the hour.
func inDays(left time.Duration) string {
	switch hours := int(left.Hours()); {
	case hours >= 24:
		return amount.Of(hours/24, "day", "days")
	case hours > 0:
		return amount.Of(hours, "hour", "hours")
	}
	return "less than an hour"
}

// needed reports whether there are clients that get a certificate for want of another
// one: some listener gives it to all that it knows no better for, or a rule asks for a
// host of it, or the default certificate is for one, and no valid one of that listener's list is for the
// same names.
//
// Source: AWS, "SSL certificates for your Application Load Balancer", read 2026-11.
func (f *facts) needed(c Certificate) bool {
	for _, l := range f.Listeners {
		at, valid := slices.Index(l.Certificates, c.ARN), f.inPlaceOf(c, l, f.Taken)
		if at < 0 || c.within(valid) {
			continue
		}
		if at == 0 || slices.ContainsFunc(l.hosts(), func(host string) bool {
			return slices.ContainsFunc(c.Names, func(n string) bool { return covers(n, host) }) && !named(valid, host)
		}) {
			return true
		}
		if first := f.certificate(l.Certificates[0]); first != nil && slices.ContainsFunc(first.Names, func(name string) bool { return named(c.Names, name) && !named(valid, name) }) {
			return true
		}
	}
	return false
}

// list are the certificates of a listener that clients get who ask for a host that one of them is for (SNI):
// the default one is among them only if it was added to these, too, and is for all others.
func (l Listener) list() []string { return l.Certificates[min(1, len(l.Certificates)):] }

// inPlaceOf are the names of those in a listener's list that are valid until after some time, and that clients
// get in place of a certificate. Of several for a name in the list they get one with an ECDSA key before one with
// an RSA key, whichever has expired; of a network balancer the one with the longer key as well.
//
// Source: AWS, "Server certificates for your Network Load Balancer", read 2026-11.
func (f *facts) inPlaceOf(c Certificate, l Listener, until time.Time) (names []string) {
	for _, other := range f.Certificates {
		longer := other.elliptic() == c.elliptic() && f.Balancer.Type == NetworkType && c.bits() > other.bits()
		if other.ARN != c.ARN && slices.Contains(l.list(), other.ARN) && other.validAfter(until) && ((other.elliptic() || !c.elliptic()) && !longer || !slices.Contains(l.list(), c.ARN)) {
			names = append(names, other.Names...)
		}
	}
	return names
}

func (c Certificate) validAfter(t time.Time) bool { return c.Status == "ISSUED" && c.NotAfter.After(t) }

// within reports whether each name of a certificate is one that some names are for.
func (c Certificate) within(names []string) bool {
	return len(c.Names) > 0 && !slices.ContainsFunc(c.Names, func(name string) bool { return !named(names, name) })
}

// named reports whether one of some names of certificates is for all that a name is for.
func named(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return n == name || !strings.Contains(name, "*") && covers(n, name) })
}

// shadows reports whether a certificate in a listener's list keeps its clients from the default one, which is
// for the same names and valid until after some time.
func (f *facts) shadows(l Listener, c Certificate, until time.Time) bool {
	if slices.Index(l.Certificates, c.ARN) <= 0 {
		return false
	}
	first := f.certificate(l.Certificates[0])
	return first != nil && first.validAfter(until) && c.within(first.Names)
}

// replacedAll reports whether that is so of every listener that has the certificate.
func (f *facts) replacedAll(c Certificate, until time.Time) bool {
	return !slices.ContainsFunc(f.Listeners, func(l Listener) bool {
		return slices.Contains(l.Certificates, c.ARN) && !c.within(f.inPlaceOf(c, l, until))
	})
}

// isDefault reports whether a certificate is the one of some listener that clients get who name no host.
func (f *facts) isDefault(c Certificate) bool {
	return slices.ContainsFunc(f.Listeners, func(l Listener) bool { return slices.Index(l.Certificates, c.ARN) == 0 })
}

// elliptic reports whether a certificate is known to have an ECDSA key.
func (c Certificate) elliptic() bool { return strings.HasPrefix(c.Key, "EC") }

// bits is how long the key of a certificate is; 0 if that is not known.
func (c Certificate) bits() int {
	digits := strings.FieldsFunc(c.Key, func(r rune) bool { return r < '0' || r > '9' })
	n, _ := strconv.Atoi(strings.Join(digits[:min(1, len(digits))], ""))
	return n
}

// mayBeReplaced reports whether it is not known of some listener with a certificate what
// others it has, or what these are for.
func (f *facts) mayBeReplaced(c Certificate) bool {
	return slices.ContainsFunc(f.Listeners, func(l Listener) bool {
		return slices.Contains(l.Certificates, c.ARN) &&
			(!f.knows(describeCertificates) || slices.ContainsFunc(l.list(), func(arn string) bool { return f.certificate(arn) == nil }))
	})
}

// hosts are those that a listener's rules ask for.
func (l Listener) hosts() (list []string) {
	for _, r := range l.Rules {
		list = append(list, r.hosts()...)
	}
	return list
}

func (r Rule) hosts() (list []string) {
	for _, c := range r.Conditions {
		if c.Field == "host-header" && !c.Regex {
			list = append(list, c.Values...)
		}
	}
	return list
}

// welcome are those hosts whose clients a rule does not just turn away.
func (l Listener) welcome() []string {
	l.Rules = slices.DeleteFunc(slices.Clone(l.Rules), func(r Rule) bool {
		return slices.ContainsFunc(r.Actions, func(a Action) bool { return a.Type == "fixed-response" && strings.HasPrefix(a.Status, "4") })
	})
	return l.hosts()
}

// exchange prints the command that gives the listeners another certificate, or, where the default one does, takes
// this one out of their lists.
func (f *facts) exchange(found *Finding, c Certificate) {
	before := false // others of the list
	for _, l := range f.Listeners {
		at := slices.Index(l.Certificates, c.ARN)
		before = before || slices.Contains(l.list(), c.ARN)
		if at < 0 || l.ARN == "" {
			continue
		}
		set := func(operation, arn string) string { return f.setCertificate(operation, l, arn) }
		const other = "NEW-CERTIFICATE-ARN"
		switch {
		case at == 0:
			found.mend(set("modify-listener", other), set("modify-listener", c.ARN))
			if slices.Contains(l.list(), c.ARN) {
				found.mend(set(takeFromList, c.ARN), set(addToList, c.ARN))
			}
		case f.shadows(l, c, f.Taken.Add(soon)):
			found.Do = "take it out of the listener's list, and clients get the default certificate"
			found.because(FromConfig, "clients that ask for its names (SNI) get it from the list of listener "+l.label()+" before the default certificate, which is for the same names and valid for longer")
			found.mend(set(takeFromList, c.ARN), set(addToList, c.ARN))
		default:
			found.mend(set(addToList, other), set(takeFromList, other))
		}
	}
	if before && !c.elliptic() && f.Balancer.Type == NetworkType {
		found.because(FromConfig, "a Network Load Balancer prefers the longer key to what has not expired: clients may get it until it is out of the listener's list")
	}
	if before && c.elliptic() {
		found.because(FromConfig, "its key is "+c.Key+": clients get it before a valid one of RSA, until it is out of the listener's list")
	}
}

// Operations on the list of a listener's certificates.
const (
	addToList    = "add-listener-certificates"
	takeFromList = "remove-listener-certificates"
)

// setCertificate is a command about a certificate of a listener.
func (f *facts) setCertificate(operation string, l Listener, arn string) string {
	return f.command("elbv2", operation, "--listener-arn", l.ARN, "--certificates", "CertificateArn="+arn)
}

// uncovered looks for host names in rules that no certificate is for.
//
// Source: AWS, "HTTP 502 status code (Bad Gateway)" of the CloudFront guide (certificates of custom
// origins), read 2026-11.
func (f *facts) uncovered() (list []*Finding) {
	if !f.knows(describeCertificates) {
		return nil // one of those beside the default may be
	}
	for _, l := range f.Listeners {
		var names []string
		known := len(l.Certificates) > 0
		for _, arn := range l.Certificates {
			c := f.certificate(arn)
			if known = known && c != nil; known {
				for _, name := range c.Names {
					names = add(names, name)
				}
			}
		}
		if !known {
			continue
		}
		var open []string
		for _, host := range l.welcome() {
			if !slices.ContainsFunc(names, func(n string) bool { return covers(n, host) }) && !glob(strings.ToLower(host), strings.ToLower(f.Balancer.DNSName)) { // for which nobody gets one
				open = add(open, host)
			}
		}
		if len(open) == 0 {
			continue
		}
		found := finding("listener-certificate-does-not-cover-host", fmt.Sprintf("No certificate of listener %s is for %s, which its rules ask for: clients that check it hang up.", l.label(), few(open)))
		found.because(FromConfig, "its certificates are for "+few(names))
		found.rival("", "clients that take another name as well, such as CloudFront, which forwards the host that it was asked for and may check the name of its origin")
		found.mend(f.setCertificate(addToList, l, "NEW-CERTIFICATE-ARN"), f.setCertificate(takeFromList, l, "NEW-CERTIFICATE-ARN"))
		list = append(list, found)
	}
	return list
}

// covers reports whether a certificate's name is for some host of a pattern. A
// wildcard of a name stands for one label, those of a pattern for any text.
func covers(name, host string) bool {
	name, host = strings.ToLower(name), strings.ToLower(host)
	if rest, ok := strings.CutPrefix(name, "*."); ok {
		label, _, _ := strings.Cut(host, ".")
		name = cmp.Or(strings.NewReplacer("*", "", "?", "x").Replace(label), "x") + "." + rest
	}
	return glob(host, name)
}
