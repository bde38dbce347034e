package diagnose

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"loglens/internal/amount"
)

var clientCertificatesCheck = Check{
	Name:  "client-certificates",
	About: "Certificates of clients that a listener refuses (mutual TLS), by the log of connections.",
	Gives: []string{"client-certificate-refused"},
	look:  func(f *facts) []*Finding { return given(f.certificatesRefused()) },
}

// verified makes certificates of clients the first of what handshakes may fail for, where listeners verify
// them, and no log says why they fail.
//
// Source: AWS, "Mutual authentication with TLS" and "Connection logs" of the guide for Application Load
// Balancers, read 2026-11.
func (f *facts) verified(found *Finding) {
	names := f.verifying()
	if len(names) == 0 {
		return
	}
	for _, name := range names {
		found.because(FromConfig, "listener "+name+" verifies certificates of clients: one that is missing, expired, revoked or not in its trust store ends the connection")
	}
	found.Sentence = "TLS handshakes of clients fail, most likely as listener " + strings.Join(names, ", ") + " verifies their certificates (mutual TLS) and does not trust theirs: one is missing, has expired, is revoked, or is not in its trust store. Else the security policy is too strict for them, or they do not trust the listener's certificate."
	found.Do = "see which clients come with which certificates, and let those renew them whose have expired; then compare the listener's policy with what clients speak"
}

// verifying are the listeners that verify certificates of clients.
func (f *facts) verifying() (names []string) {
	for _, l := range f.Listeners {
		if l.verifies() {
			names = append(names, l.label())
		}
	}
	return names
}

// rejection is why a certificate of a client is refused: in AWS's words, as what is said of the certificate, and what
// mends it.
type rejection struct{ words, said, do string }

const renew = "the client has to come with a valid certificate, of an authority of the listener's trust store; nothing is to be changed at the balancer"

// rejections are the codes of the log.
//
// Source: AWS, "Connection logs" (error reason codes) of the guide for Application Load Balancers, read 2026-11.
var rejections = map[string]rejection{
	"ClientCertExpired":               {"Client certificate is expired", "has expired", renew},
	"ClientCertNotYetValid":           {"Client certificate is not yet valid", "is not valid yet", "wait until it is valid, or let the client go on with the one before; nothing is to be changed at the balancer"},
	"ClientCertCrlHit":                {"Client certificate has been revoked by the CA", "is revoked", renew + ", unless the revocation list of its trust store is wrong"},
	"ClientCertCrlProcessingError":    {"CRL processing error", "could not be held against the revocation list", "look at the revocation lists of the listener's trust store: whether they are whole, and not out of date"},
	"ClientCertUntrusted":             {"Client certificate is untrusted", "is not trusted", "see who issued it: where clients are meant to have such ones, add that authority to the listener's trust store; otherwise the client has to come with another one"},
	"ClientCertTypeUnsupported":       {"Client certificate type is unsupported", "is of a kind that is not supported", renew},
	"ClientCertInvalid":               {"Client certificate is invalid", "is not valid", renew},
	"ClientCertPurposeInvalid":        {"Client certificate purpose is invalid", "is not meant for clients", "the client has to come with a certificate whose extended key usage has client authentication; nothing is to be changed at the balancer"},
	"ClientCertRejected":              {"Client certificate is rejected by custom server validation", "is rejected", "see what the listener asks of certificates beside its trust store"},
	"ClientCertIncompatible":          {"Client certificate is incompatible with the chosen listener security policy", "does not fit the security policy", "compare the certificate's key and signature with the listener's security policy: the client has to come with another one, or the listener to have another policy"},
	"ClientCertMaxChainDepthExceeded": {"The maximum client certificate chain depth has been exceeded", "has too long a chain", "the client has to send fewer certificates between its own and the authority's"},
	"ClientCertMaxSizeExceeded":       {"The maximum client certificate size has been exceeded", "is too large", "the client has to come with a smaller certificate, or fewer of its chain"},
}

// inWords is what AWS means by a cause, to stand behind it.
func inWords(cause string) string {
	words := rejections[cause].words
	if cause == "UnmappedConnectionError" {
		words = "Unmapped runtime connection error"
	}
	if words == "" {
		return ""
	}
	return " (" + words + ")"
}

// longExpired is how long before the window a certificate may have ended that is news.
const longExpired = 7 * 24 * time.Hour

// forgotten reports whether a certificate had expired long before: who comes with it is not cut off today.
func (f *facts) forgotten(c FailingClient) bool {
	return !c.NotAfter.IsZero() && c.NotAfter.Before(f.From.Add(-longExpired))
}

// certificatesRefused looks for clients whose certificate is refused. Their requests are in no access log: they count
// as damage by their number.
func (f *facts) certificatesRefused() *Finding {
	h := f.handshakes()
	if h == nil || h.refused() == 0 {
		return nil
	}
	n, different := h.refused(), int64(0)
	list := slices.DeleteFunc(slices.Clone(h.Failing), func(c FailingClient) bool { return !ofCertificate(c.Cause) })
	causes := slices.DeleteFunc(slices.Clone(h.Causes), func(c HandshakeCause) bool { return !ofCertificate(c.Cause) })
	ruined, cut, back := n, false, true
	told := int64(0) // of those who may have come back
	for _, c := range causes {
		different += c.Certificates
	}
	for _, c := range list {
		if f.forgotten(c) {
			ruined -= c.Count
			different--
			continue
		}
		told += c.Count
		expired := c.Cause == "ClientCertExpired" && c.Passed == 0 // not long ago
		cut = cut || c.cutOff() || expired && c.Count >= fewRequests
		back = back && c.back() && h.last().Sub(c.Last) >= quiet
	}
	found := finding("client-certificate-refused", "")
	found.ruined, found.Confidence = ruined, High
	since := "" // what says that it is over
	forgotten := slices.ContainsFunc(list, f.forgotten)
	switch {
	case !back || told == 0:
	case forgotten && 10*told >= 9*ruined:
		since = "Those that had not expired long before have come through since."
	case 10*told >= 9*ruined: // of the others nothing is known
		since = "The same names have come through since."
	case h.asManyAgain():
		since = "None was refused since, and as many handshakes come through as before."
	}
	many := manyOf(ruined, h.Connections)
	switch {
	case many && 4*different >= 3*h.Certificates: // as many as come through, or nearly
	case many || cut:
		found.Level = Warn
	default:
		found.Level = Note
	}
	f.tellRefused(found, list, causes, since, forgotten)
	if _, last := h.whenRefused(); since == "" && h.last().Sub(last) > 2*quiet {
		found.because(FromLog, fmt.Sprintf("none was refused after %s UTC, but it is not known that all come through again", f.clock(last)))
	}
	for _, c := range causes[:min(3, len(causes))] {
		found.because(FromLog, fmt.Sprintf("%s %d%s, of %s, %s", c.Cause, c.Count, inWords(c.Cause), amount.Of(c.Clients, "address", "addresses"), f.span(c.First, c.Last)))
	}
	for _, c := range list[:min(3, len(list))] {
		found.because(FromLog, f.certificateOf(c)+": "+f.howOften(c))
	}
	if passed := h.Connections - n - h.failed(); passed > 0 {
		text := fmt.Sprintf("%s came through in the window", amount.Of(passed, "handshake", "handshakes"))
		// Where not all that are refused are listed, those may be among them.
		if h.Certificates > 0 && allListed(list, causes) {
			text += fmt.Sprintf(", of %s beside these", amount.Of(h.Certificates, "certificate", "certificates"))
		}
		found.because(FromLog, text+h.throughSinceRefused())
	}
	if f.Metrics != nil {
		f.againstMetric(found, n)
	}
	for _, name := range f.verifying() {
		found.because(FromConfig, "listener "+name+" verifies certificates of clients")
	}
	f.whyConnectionsFailed(found)
	return found
}

// allListed reports whether all certificates that were refused are among some clients.
func allListed(list []FailingClient, causes []HandshakeCause) bool {
	named, all := int64(0), int64(0)
	for _, c := range list {
		if c.Subject != "" {
			named++
		}
	}
	for _, c := range causes {
		all += c.Certificates
	}
	return named >= all
}

// whenRefused are the first and the last minute in which certificates were refused.
func (h *Handshakes) whenRefused() (first, last time.Time) {
	for _, m := range h.Minutes {
		if m.Refused > 0 {
			if last = m.Minute; first.IsZero() {
				first = m.Minute
			}
		}
	}
	return first, last
}

// throughSinceRefused says how many came through since certificates were refused, if none or few did.
func (h *Handshakes) throughSinceRefused() string {
	first, _ := h.whenRefused()
	switch n := h.through(first.Add(time.Minute), h.last()); {
	case h.last().Sub(first) < quiet || manyOf(n, h.refused()):
		return ""
	case n == 0:
		return ", and none since these are refused"
	default:
		return fmt.Sprintf(", %d of them since these are refused", n)
	}
}

// asManyAgain reports whether no certificate is refused any more, and those that were come through again: while they were
// refused fewer handshakes came through than before, and now it is as many.
func (h *Handshakes) asManyAgain() bool {
	first, last := h.whenRefused()
	last = last.Add(time.Minute) // its end
	begin, end := h.Minutes[0].Minute, h.last()
	if first.Sub(begin) < quiet || end.Sub(last) < max(quiet, last.Sub(first)/2) {
		return false
	}
	rate := func(from, until time.Time) float64 {
		return float64(h.through(from, until.Add(-time.Minute))) / until.Sub(from).Minutes()
	}
	before := rate(begin, first)
	lack := before - rate(first, last)
	usual := before * last.Sub(first).Minutes()
	return lack*last.Sub(first).Minutes() >= fewRequests+4*math.Sqrt(usual) && rate(last, end) >= before-lack/4
}

// againstMetric holds what the log has against what the metric counts.
func (f *facts) againstMetric(found *Finding, n int64) {
	counted := f.total(handshakesFailed, "")
	if counted == 0 {
		found.Confidence = Medium
		found.because(FromMetric, handshakesFailed+": 0")
		return
	}
	found.because(FromMetric, f.tally(handshakesFailed, ""))
	if 2*counted < float64(n) {
		found.Confidence = Medium
	}
}

// tellRefused says whose certificates are refused, why, and what is to be done; since is what says that it is over, "" if it
// is not; forgotten, that others expired long before, and are refused still.
func (f *facts) tellRefused(found *Finding, list []FailingClient, causes []HandshakeCause, since string, forgotten bool) {
	over := since != ""
	if why, ok := rejections[causes[0].Cause]; ok {
		found.Do = why.do
	}
	sum, first, last := int64(0), causes[0].First, causes[0].Last
	var counts []string
	for _, c := range causes {
		sum += c.Count
		counts = append(counts, fmt.Sprintf("%s %d", c.Cause, c.Count))
		if c.First.Before(first) {
			first = c.First
		}
		if c.Last.After(last) {
			last = c.Last
		}
	}
	is := map[bool][2]string{false: {"is", "are"}, true: {"was", "were"}}[over && !forgotten]
	found.Sentence = fmt.Sprintf("Certificates of clients %s refused: %s. So %s failed %s.", is[1], few(counts), amount.Of(sum, "TLS handshake", "TLS handshakes"), f.span(first, last))
	if len(list) > 0 && list[0].Subject != "" && 10*list[0].Count >= 9*sum {
		c := list[0]
		why := "is refused as " + c.Cause
		if known, ok := rejections[c.Cause]; ok {
			why = known.said
		}
		if c.Cause == "ClientCertExpired" && !c.NotAfter.IsZero() {
			why = "expired at " + c.NotAfter.Format("2006-01-02 15:04") + " UTC"
		}
		found.Sentence = fmt.Sprintf("A client's certificate %s refused: %s %s. %s from %s failed %s.", is[0], f.certificateOf(c), why, amount.Of(c.Count, "TLS handshake", "TLS handshakes"), f.whence(c), f.span(c.First, c.Last))
		if c.cutOff() && !over {
			found.Sentence += fmt.Sprintf(" Up to %s UTC, it came through.", f.clock(c.LastPassed))
		}
	}
	if over {
		if found.Level != Note {
			found.tellAsOver()
		}
		found.Sentence += " " + since
	}
	if over && !forgotten {
		found.Do = "nothing, if the certificate was renewed, or the trust store mended"
	}
}

// certificateOf names a certificate, or whoever came with one that could not be read.
func (f *facts) certificateOf(c FailingClient) string {
	if c.Subject == "" {
		return f.whence(c)
	}
	text := c.Subject
	if r := []rune(text); len(r) > 100 {
		text = string(r[:100]) + "…"
	}
	if c.Serial != "" {
		text += " (serial " + c.Serial + ")"
	}
	return text
}

// whence names the addresses that a client came from.
func (f *facts) whence(c FailingClient) string {
	text := strings.Join(c.Addresses, ", ")
	if more := c.Clients - int64(len(c.Addresses)); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
