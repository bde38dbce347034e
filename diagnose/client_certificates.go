package diagnose

import (
	"strings"

	"loglens/ingest"
)

// verified makes certificates of clients the first of what handshakes may fail for, where listeners verify
// them.
//
// Source: AWS, "Mutual authentication with TLS" and "Connection logs" of the guide for Application Load
// Balancers, read 2026-11.
func (f *facts) verified(found *Finding) {
	var names []string
	for _, l := range f.Listeners {
		if l.Mutual == "verify" {
			names = append(names, l.label())
			found.because(FromConfig, "listener "+l.label()+" verifies certificates of clients: one that is missing, expired, revoked or not in its trust store ends the connection")
		}
	}
	if len(names) == 0 {
		return
	}
	found.Sentence = "TLS handshakes of clients fail, most likely as listener " + strings.Join(names, ", ") + " verifies their certificates (mutual TLS) and does not trust theirs: one is missing, has expired, is revoked, or is not in its trust store. Else the security policy is too strict for them, or they do not trust the listener's certificate."
	found.Do = "see which clients come with which certificates, and let those renew them whose have expired; then compare the listener's policy with what clients speak"
}

// whyConnectionsFailed shows how to read why TLS handshakes failed, where the balancer logs that.
func (f *facts) whyConnectionsFailed(found *Finding) {
	attribute := "connection_logs.s3.enabled"
	if f.Balancer.Type == NetworkType { // whose access logs are of TLS connections
		attribute = "access_logs.s3.enabled"
	}
	switch f.Balancer.Attributes[attribute] {
	case "true":
		found.because(FromConfig, "the balancer logs connections: why each failed, and whose it was, is there, and was not read here")
		found.Verify = append(found.Verify, f.ofWindow("tls", "--lb "+ingest.ShellWord(f.Balancer.Name)))
	case "false":
		found.because(FromConfig, attribute+" is false: no log says why a connection failed, or whose it was")
	}
}
