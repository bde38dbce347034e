package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"loglens/internal/amount"
)

// clientTLS looks for TLS handshakes of clients that fail, but for those whose certificate is refused by the log of
// connections, if that was read.
func (f *facts) clientTLS() *Finding {
	n := f.otherHandshakes()
	if n < 1 {
		return nil
	}
	counted := f.byPeriod(f.series(handshakesFailed, ""))
	found := finding("client-tls-negotiation-fails", "Clients and listener do not agree on TLS: the security policy is too strict for them, or they do not trust the certificate.")
	if f.total(handshakesFailed, "") > 0 {
		text := f.tally(handshakesFailed, "")
		if h := f.handshakes(); h != nil && h.refused() > 0 {
			text += ", with those of certificates that are refused"
		}
		found.because(FromMetric, text)
	}
	connections := max(f.total("NewConnectionCount", ""), f.total("NewFlowCount", "")) // of a network balancer, which counts no others
	sudden := f.period() <= recently && f.mostFailNow()
	if h := f.handshakes(); h != nil {
		connections = max(connections, float64(h.Connections))
		if counted = f.failedByPeriod(); h.refused() > 0 {
			sudden = false // which may be those whose certificate is refused
		}
	}
	// Whoever scans the internet fails as well.
	if !sudden && (n < tooMany*connections || n < 10) {
		found.Level = Note
	}
	if f.total("RequestCount", "") > n && found.Level != Note && !sudden { // else these may be most clients there are
		f.likeScanners(found, int64(n))
	}
	for _, l := range f.Listeners {
		if l.Policy != "" && l.speaksTLS() {
			found.because(FromConfig, "listener "+l.label()+" has the policy "+l.Policy)
		}
	}
	if f.handshakes() == nil {
		f.verified(found)
	} else {
		f.tellCauses(found)
	}
	found.tellRise(f, counted)
	f.whyConnectionsFailed(found)
	return found
}

// otherHandshakes are the handshakes that failed, but for those whose certificate is refused by the log. That ends before
// the metric does, which is also there where connections lack in the log.
func (f *facts) otherHandshakes() float64 {
	all, h := f.total(handshakesFailed, ""), f.handshakes()
	if h == nil {
		return all
	}
	end, reached := h.last(), 0.0
	for _, p := range f.series(handshakesFailed, "") {
		if p.Time.Before(end) {
			reached += p.Value
		}
	}
	refused, failed := float64(h.refused()), float64(h.failed())
	n := max(failed, reached-refused)
	if !h.refusedUpTo(end) { // else what came later is most likely more of the same
		n += all - reached
	}
	return n
}

// mostFailNow reports whether most connections of the last minutes fail by the metrics, in place of others.
func (f *facts) mostFailNow() bool {
	late, came := f.lately(handshakesFailed, ""), f.lately("NewConnectionCount", "")+f.lately("NewFlowCount", "")
	before := func(name string) (n float64) { // in the hour before that, for as long as that is
		for _, p := range f.series(name, "") {
			if p.Time.After(f.Taken.Add(-time.Hour)) {
				n += p.Value
			}
		}
		return (n - f.lately(name, "")) * float64(recently) / float64(time.Hour-recently)
	}
	failed := before(handshakesFailed)
	others := before("NewConnectionCount") + before("NewFlowCount") - failed
	return mostInPlace(late, came, failed, others)
}

// handshakes is what was read of connections; nil if there were none in it, which may not have been a log of them.
func (f *facts) handshakes() *Handshakes {
	if h := f.Handshakes; h != nil && h.Connections > 0 {
		return h
	}
	return nil
}

// refusedUpTo reports whether certificates were refused in the last minutes before the log's end.
func (h *Handshakes) refusedUpTo(end time.Time) bool {
	return slices.ContainsFunc(h.Minutes, func(m HandshakeMinute) bool { return m.Refused > 0 && end.Sub(m.Minute) <= recently })
}

// refused are the handshakes that failed for the client's certificate, failed those for other causes.

func (h *Handshakes) refused() (n int64) {
	for _, m := range h.Minutes {
		n += m.Refused
	}
	return n
}

func (h *Handshakes) failed() (n int64) {
	for _, m := range h.Minutes {
		n += m.Failed
	}
	return n
}

// through counts what came through from one time to another.
func (h *Handshakes) through(from, until time.Time) int64 {
	return countIn(h.Minutes, func(m HandshakeMinute) (time.Time, int64) { return m.Minute, m.Passed })(from, until)
}

// last is when the last minute of the log ends.
func (h *Handshakes) last() (end time.Time) {
	if n := len(h.Minutes); n > 0 {
		end = h.Minutes[n-1].Minute.Add(time.Minute)
	}
	return end
}

// failedByPeriod counts handshakes that failed for other causes than the client's certificate, by the metrics' periods. Where
// the log begins later than the window, as one that was switched on in an incident, the metric tells what came before.
func (f *facts) failedByPeriod() map[time.Time]float64 {
	h, counted := f.Handshakes, map[time.Time]float64{}
	for at, n := range f.byPeriod(f.series(handshakesFailed, "")) {
		if at.Before(h.Minutes[0].Minute.UTC().Truncate(f.period())) {
			counted[at] = n
		}
	}
	for _, m := range h.Minutes {
		counted[m.Minute.UTC().Truncate(f.period())] += float64(m.Failed)
	}
	return counted
}

// tellCauses says what the log has for handshakes that failed, but for certificates that are refused, and that it is no
// more than that: AWS has one word for all that goes wrong before a certificate of the client is looked at. A client that
// came through before, and fails now, is no scanner.
//
// Source: AWS, "Connection logs" of the guide for Application Load Balancers, "Access logs" of that for Network Load
// Balancers; RFC 8446, 6 (alerts), read 2026-11.
func (f *facts) tellCauses(found *Finding) {
	h := f.Handshakes
	var causes []string
	byAlert := int64(0)
	for _, c := range h.Causes {
		if ofCertificate(c.Cause) {
			continue
		}
		causes = append(causes, c.Cause)
		if alertsOnCertificate[c.Cause] {
			byAlert += c.Count
		}
		if len(causes) <= 3 {
			found.because(FromLog, fmt.Sprintf("%s %d%s, of %s, %s", c.Cause, c.Count, inWords(c.Cause), amount.Of(c.Clients, "address", "addresses"), f.span(c.First, c.Last)))
		}
	}
	switch {
	case len(causes) == 0: // of what the metric counts
		found.because(FromLog, fmt.Sprintf("of %s, none failed up to %s UTC for anything but a certificate that is refused", amount.Of(h.Connections, "connection", "connections"), f.clock(h.last())))
	case 2*byAlert > h.failed():
		found.Sentence = "TLS handshakes fail, most since clients do not take the listener's certificate: it has expired for them, is for another name, or of an authority that they do not know."
		found.Do = "see whether the listener's certificate was changed, has the names that clients ask for, and comes with its whole chain; a client that does not know its authority has to be given that"
	default:
		found.Sentence = fmt.Sprintf("TLS handshakes fail, and the log says no more than %s: client and security policy have no version or cipher in common, the client does not take the listener's certificate, gives none where one is asked for, or speaks no TLS.", few(causes))
		found.Do = "ask one of the clients that fail most what it sees; compare the listener's policy with what it speaks"
	}
	if begin := h.Minutes[0].Minute; begin.Sub(f.From) >= quiet && max(f.before("NewConnectionCount", "", begin), f.before("NewFlowCount", "", begin)) >= fewRequests {
		found.because(FromLog, fmt.Sprintf("the log of connections begins at %s UTC: who came through before is not known", f.clock(begin)))
	}
	often := 0
	for _, c := range h.Failing {
		if ofCertificate(c.Cause) || c.Count < fewRequests {
			continue
		}
		if c.cutOff() {
			found.Level, found.ruined = Warn, found.ruined+c.Count
		}
		if often++; often <= 3 {
			found.because(FromLog, strings.Join(c.Addresses, ", ")+": "+f.howOften(c))
		}
	}
	switch first, last, ok := h.cameBack(); {
	case ok:
		f.tellCameBack(found, causes, 2*byAlert > h.failed(), first, last)
	case 2*byAlert <= h.failed(): // else it is the certificate, whichever version they speak
		f.protocolGone(found)
	}
	if f.Balancer.Type == NetworkType && slices.ContainsFunc(h.Failing, FailingClient.cutOff) {
		found.because(FromLog, "of connections that are still open there is no line yet: clients may have come through with these")
	}
	if len(causes) > 0 && often == 0 {
		found.because(FromLog, fmt.Sprintf("no address has %d of them, as where the internet is scanned", fewRequests))
		if found.Level == Note {
			found.Do = "nothing, unless a client is known that does not get through"
		}
	}
}

// protocolGone says that clients fail since a version of TLS is taken no more, where those who came through before spoke that
// one, and nobody has come through with it since.
func (f *facts) protocolGone(found *Finding) {
	h := f.Handshakes
	for _, p := range h.Protocols {
		if !slices.ContainsFunc(h.Protocols, func(other ProtocolUse) bool { return other.Last.After(p.Last) }) || !(Traffic{Requests: p.Count, First: p.First, Last: p.Last}).seldomRests(p.Last, h.last(), h.through) {
			continue
		}
		same, others := int64(0), int64(0) // clients that are cut off, by what they spoke
		for _, c := range h.Failing {
			switch {
			case ofCertificate(c.Cause) || !c.cutOff():
			case c.Protocol == p.Protocol:
				same++
			default:
				others++
			}
		}
		if same == 0 || same < 4*others {
			continue
		}
		taken, known := f.takenBy(p.Protocol)
		if known && taken {
			found.because(FromConfig, fmt.Sprintf("%s, which clients spoke that fail now, is taken by the listener's policy: they may have no cipher of it, or not take the certificate", p.Protocol))
			return
		}
		found.Level, found.Confidence = Fail, Medium
		why := "the listener's security policy was most likely changed"
		if known {
			found.Confidence, why = High, "the listener's security policy does not take that version"
		}
		found.Sentence = fmt.Sprintf("Clients that speak %s fail: none has come through since %s UTC, and %s.", p.Protocol, f.clock(p.Last), why)
		found.Do = fmt.Sprintf("see whether the listener's security policy has %s; these clients need one that does until they speak another version", p.Protocol)
		found.because(FromLog, fmt.Sprintf("%s came through with %s, the last at %s UTC, and none since; with others they do", amount.Of(p.Count, "handshake", "handshakes"), p.Protocol, f.clock(p.Last)))
		for _, l := range f.Listeners {
			if l.Policy != "" && l.speaksTLS() {
				found.Verify = append(found.Verify, f.command("elbv2", "describe-ssl-policies", "--names", l.Policy, "--query", "SslPolicies[].SslProtocols", "--output", "text"))
			}
		}
		return
	}
}

// cameBack reports whether all clients that failed often, but not for their certificate, have come through since, and how
// long none of them has failed is no chance; and from when to when they failed. Where a scanner comes, some always fail.
func (h *Handshakes) cameBack() (first, last time.Time, ok bool) {
	all := countIn(h.Minutes, func(m HandshakeMinute) (time.Time, int64) { return m.Minute, m.Passed + m.Failed })
	for _, c := range h.Failing {
		if ofCertificate(c.Cause) || c.Count < fewRequests {
			continue
		}
		if !c.back() || !(Traffic{Requests: c.Count, First: c.First, Last: c.Last}).seldomRests(c.Last, h.last(), all) {
			return first, last, false
		}
		if first.IsZero() || c.First.Before(first) {
			first = c.First
		}
		if c.Last.After(last) {
			last = c.Last
		}
	}
	if first.IsZero() {
		return first, last, false
	}
	during, since := int64(0), int64(0)
	for _, m := range h.Minutes {
		switch {
		case m.Minute.After(last):
			since += m.Failed
		case !m.Minute.Before(first.Truncate(time.Minute)):
			during += m.Failed
		}
	}
	return first, last, steep*float64(since)/h.last().Sub(last).Minutes() <= float64(during)/max(1, last.Sub(first).Minutes())
}

// tellCameBack tells in the past of clients that failed, and come through since.
func (f *facts) tellCameBack(found *Finding, causes []string, ofAlerts bool, first, last time.Time) {
	why := "and the log says no more than " + few(causes)
	if ofAlerts {
		why = "most since clients did not take the listener's certificate"
	}
	found.Sentence = fmt.Sprintf("TLS handshakes failed %s, %s: those who failed most have come through since.", f.span(first, last), why)
	found.Do = "see what happened at that time: whether the listener's certificate or its security policy was changed, and changed back"
	if found.Level != Note {
		found.tellAsOver()
	}
}

// alertsOnCertificate are the alerts that clients send which do not take the listener's certificate.
var alertsOnCertificate = map[string]bool{"TLS_Alert_42": true, "TLS_Alert_43": true, "TLS_Alert_44": true, "TLS_Alert_45": true, "TLS_Alert_46": true, "TLS_Alert_48": true}

// cutOff reports whether a client came through before it failed, and never since.
func (c FailingClient) cutOff() bool {
	return c.Count >= fewRequests && c.Passed > 0 && !c.LastPassed.After(c.First)
}

// back reports whether it has come through since it failed last.
func (c FailingClient) back() bool { return c.LastPassed.After(c.Last) }

// howOften says how often and when a client failed, and when it came through.
func (f *facts) howOften(c FailingClient) string {
	text := fmt.Sprintf("%s failed, %s", amount.Of(c.Count, "handshake", "handshakes"), f.span(c.First, c.Last))
	switch {
	case c.Passed == 0:
		return text + ", and none came through"
	case c.cutOff():
		return fmt.Sprintf("%s; %d came through before, the last at %s UTC, and none since", text, c.Passed, f.clock(c.LastPassed))
	}
	return fmt.Sprintf("%s; %d came through, the last at %s UTC", text, c.Passed, f.clock(c.LastPassed))
}

// whyConnectionsFailed shows how to read why TLS handshakes failed, where the balancer logs that.
func (f *facts) whyConnectionsFailed(found *Finding) {
	attribute := "connection_logs.s3.enabled"
	if f.Balancer.Type == NetworkType { // whose access logs are of TLS connections
		attribute = "access_logs.s3.enabled"
	}
	switch logs := f.Balancer.Attributes[attribute]; {
	case f.handshakes() != nil:
		found.Verify = append(found.Verify, f.ofWindow("tls", f.logsFound(logs == "true"), "--by", "log,cause,client"))
	case logs == "true":
		found.because(FromConfig, "the balancer logs connections: why each failed, and whose it was, is there, and was not read here")
		found.Verify = append(found.Verify, f.ofWindow("tls", f.logsFound(true)))
	case logs == "false":
		found.because(FromConfig, attribute+" is false: no log says why a connection failed, or whose it was")
	}
}
