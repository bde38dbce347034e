package diagnose

import (
	"cmp"
	"fmt"
	"slices"
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

func lookAtCertificates(f *facts) (list []*Finding) {
	for _, c := range f.Certificates {
		var ports []string
		for _, l := range f.Listeners {
			if slices.Contains(l.Certificates, c.ARN) {
				ports = append(ports, l.label())
			}
		}
		name := few(c.Names)
		var found *Finding
		switch left := c.NotAfter.Sub(f.Taken); {
		case c.Status == "EXPIRED" || !c.NotAfter.IsZero() && left <= 0:
			found = finding("listener-certificate-expired", fmt.Sprintf("The certificate for %s of listener %s has expired.", name, few(ports)))
			found.Confidence = High
		case c.Status != "ISSUED" && c.Status != "":
			found = finding("listener-certificate-not-issued", fmt.Sprintf("The certificate for %s of listener %s is %s.", name, few(ports), c.Status))
			found.Confidence = High
		case !c.NotAfter.IsZero() && left < soon:
			found = finding("listener-certificate-expires-soon", fmt.Sprintf("The certificate for %s of listener %s expires in %s.", name, few(ports), inDays(left)))
		default:
			continue
		}
		found.because(FromConfig, c.ARN+" is "+c.Status)
		if !c.NotAfter.IsZero() {
			found.because(FromConfig, "valid until "+c.NotAfter.UTC().Format(time.DateTime)+" UTC")
		}
		switch {
		case found.Level == Fail && !f.needed(c):
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
		case found.Level == Warn && !f.isDefault(c) && f.replacedAll(c, f.Taken.Add(soon)):
			found.Level = Note
			found.Do = "take it out of the listener's list, or put another one in its place, before it expires"
			found.because(FromConfig, "a certificate of the same listener that is valid for longer is for all of its names")
		default:
			f.exchange(found, c.ARN)
			if c.elliptic() {
				found.because(FromConfig, "its key is "+c.Key+": clients get it before a valid one of RSA, until it is out of the listener's list")
			}
		}
		if found.Level == Fail && f.mayBeReplaced(c) {
			found.Confidence = Low
			found.rival("", "a certificate beside it that could not be read may be a valid one for the same names, which clients then get (SNI)")
		}
		list = append(list, found)
	}
	return append(list, f.uncovered()...)
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
// host of it, and no valid one of that listener is for the same names.
//
// Source: AWS, "SSL certificates for your Application Load Balancer", read 2026-11.
func (f *facts) needed(c Certificate) bool {
	for _, l := range f.Listeners {
		at := slices.Index(l.Certificates, c.ARN)
		if at >= 0 && !f.replaced(l, c, f.Taken) && (at == 0 || slices.ContainsFunc(l.hosts(), func(host string) bool {
			return slices.ContainsFunc(c.Names, func(n string) bool { return covers(n, host) })
		})) {
			return true
		}
	}
	return false
}

// replaced reports whether for each name of a certificate a listener has one, too, that is valid until
// after some time, and that clients get in its place. Of several for a name they get one with an ECDSA key
// before one with an RSA key, whichever has expired.
func (f *facts) replaced(l Listener, c Certificate, until time.Time) bool {
	var valid []string
	for _, other := range f.Certificates {
		if other.ARN != c.ARN && slices.Contains(l.Certificates, other.ARN) && other.Status == "ISSUED" && other.NotAfter.After(until) && (other.elliptic() || !c.elliptic()) {
			valid = append(valid, other.Names...)
		}
	}
	return len(c.Names) > 0 && !slices.ContainsFunc(c.Names, func(name string) bool {
		return !slices.ContainsFunc(valid, func(v string) bool { return v == name || !strings.Contains(name, "*") && covers(v, name) })
	})
}

// replacedAll reports whether that is so of every listener that has the certificate.
func (f *facts) replacedAll(c Certificate, until time.Time) bool {
	return !slices.ContainsFunc(f.Listeners, func(l Listener) bool { return slices.Contains(l.Certificates, c.ARN) && !f.replaced(l, c, until) })
}

// isDefault reports whether a certificate is the one of some listener that clients get who name no host.
func (f *facts) isDefault(c Certificate) bool {
	return slices.ContainsFunc(f.Listeners, func(l Listener) bool { return slices.Index(l.Certificates, c.ARN) == 0 })
}

// elliptic reports whether a certificate is known to have an ECDSA key.
func (c Certificate) elliptic() bool { return strings.HasPrefix(c.Key, "EC") }

// mayBeReplaced reports whether it is not known of some listener with a certificate what
// others it has, or what these are for.
func (f *facts) mayBeReplaced(c Certificate) bool {
	return slices.ContainsFunc(f.Listeners, func(l Listener) bool {
		return slices.Contains(l.Certificates, c.ARN) &&
			(!f.knows(describeCertificates) || slices.ContainsFunc(l.Certificates, func(arn string) bool { return f.certificate(arn) == nil }))
	})
}

// hosts are those that a listener's rules ask for.
func (l Listener) hosts() (list []string) {
	for _, r := range l.Rules {
		for _, c := range r.Conditions {
			if c.Field == "host-header" && !c.Regex {
				list = append(list, c.Values...)
			}
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

// exchange prints the command that gives the listeners another certificate.
func (f *facts) exchange(found *Finding, arn string) {
	for _, l := range f.Listeners {
		at := slices.Index(l.Certificates, arn)
		if at < 0 || l.ARN == "" {
			continue
		}
		if at == 0 {
			set := func(arn string) string {
				return f.command("elbv2", "modify-listener", "--listener-arn", l.ARN, "--certificates", "CertificateArn="+arn)
			}
			found.Fix = append(found.Fix, set("NEW-CERTIFICATE-ARN"))
			found.Undo = append(found.Undo, set(arn))
			continue
		}
		found.Fix = append(found.Fix, f.command("elbv2", "add-listener-certificates", "--listener-arn", l.ARN, "--certificates", "CertificateArn=NEW-CERTIFICATE-ARN"))
		found.Undo = append(found.Undo, f.command("elbv2", "remove-listener-certificates", "--listener-arn", l.ARN, "--certificates", "CertificateArn=NEW-CERTIFICATE-ARN"))
	}
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
				names = append(names, c.Names...)
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
		found.Fix = []string{f.command("elbv2", "add-listener-certificates", "--listener-arn", l.ARN, "--certificates", "CertificateArn=NEW-CERTIFICATE-ARN")}
		found.Undo = []string{f.command("elbv2", "remove-listener-certificates", "--listener-arn", l.ARN, "--certificates", "CertificateArn=NEW-CERTIFICATE-ARN")}
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
