package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"loglens/internal/amount"
)

var certificatesCheck = Check{
	Name:  "certificates",
	About: "Certificates of the listeners: state, expiry, and whether one covers every host that a rule asks for (SNI).",
	Needs: []string{"acm:DescribeCertificate", "elasticloadbalancing:DescribeListenerCertificates"},
	Gives: []string{"listener-certificate-expired", "listener-certificate-expires-soon", "listener-certificate-not-issued", "listener-certificate-does-not-cover-host"},
	look:  lookAtCertificates,
}

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
			found = finding("listener-certificate-expires-soon", fmt.Sprintf("The certificate for %s of listener %s expires in %s.", name, few(ports), amount.Of(int(left.Hours()/24), "day", "days")))
		default:
			continue
		}
		found.because(FromConfig, c.ARN+" is "+c.Status)
		if !c.NotAfter.IsZero() {
			found.because(FromConfig, "valid until "+c.NotAfter.UTC().Format(time.DateTime)+" UTC")
		}
		f.exchange(found, c.ARN)
		list = append(list, found)
	}
	return append(list, f.uncovered()...)
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
func (f *facts) uncovered() (list []*Finding) {
	for _, l := range f.Listeners {
		var names []string
		known := len(l.Certificates) > 0
		for _, arn := range l.Certificates {
			at := slices.IndexFunc(f.Certificates, func(c Certificate) bool { return c.ARN == arn })
			if known = known && at >= 0; known {
				names = append(names, f.Certificates[at].Names...)
			}
		}
		if !known {
			continue
		}
		var open []string
		for _, r := range l.Rules {
			for _, c := range r.Conditions {
				if c.Field != "host-header" || c.Regex {
					continue
				}
				for _, host := range c.Values {
					if !slices.ContainsFunc(names, func(n string) bool { return covers(n, host) }) {
						open = add(open, host)
					}
				}
			}
		}
		if len(open) == 0 {
			continue
		}
		found := finding("listener-certificate-does-not-cover-host", fmt.Sprintf("No certificate of listener %s is for %s, which its rules ask for: clients that check it hang up.", l.label(), few(open)))
		found.because(FromConfig, "its certificates are for "+few(names))
		found.Fix = []string{f.command("elbv2", "add-listener-certificates", "--listener-arn", l.ARN, "--certificates", "CertificateArn=NEW-CERTIFICATE-ARN")}
		found.Undo = []string{f.command("elbv2", "remove-listener-certificates", "--listener-arn", l.ARN, "--certificates", "CertificateArn=NEW-CERTIFICATE-ARN")}
		list = append(list, found)
	}
	return list
}

// covers reports whether a certificate's name is for some host of a pattern. A
// wildcard stands for one label.
func covers(name, host string) bool {
	name, host = strings.ToLower(name), strings.ToLower(host)
	if name == host || glob(host, name) {
		return true
	}
	rest, ok := strings.CutPrefix(name, "*.")
	_, parent, dotted := strings.Cut(host, ".")
	return ok && dotted && parent == rest
}
