package diagnose

import (
	"crypto/tls"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// TestClientsOfPolicies lets clients of several kinds connect to a listener of a policy that is drawn by lot, which may
// verify their certificates: where one in twenty or more get no connection, that is told, with the policy, and that the
// listener may not trust them where only that is why; nothing where all get one.
func TestClientsOfPolicies(t *testing.T) {
	a, foreign := newAuthority(t), newAuthority(t)
	server := a.issue(t, keys().rsa, noon.AddDate(1, 0, 0), "shop.example.com")
	certificates := map[string][]tls.Certificate{
		"none": nil, "ours": {a.issue(t, keys().ecdsa, noon.AddDate(1, 0, 0))},
		"expired": {a.issue(t, keys().ecdsa, noon.AddDate(0, -1, 0))}, "foreign": {foreign.issue(t, keys().rsa, noon.AddDate(1, 0, 0))},
	}
	policies := []struct {
		name     string
		min, max uint16
	}{{"ELBSecurityPolicy-2016-08", tls.VersionTLS10, tls.VersionTLS12}, {"ELBSecurityPolicy-TLS-1-2-2017-01", tls.VersionTLS12, tls.VersionTLS12}, {"ELBSecurityPolicy-TLS13-1-3-2021-06", tls.VersionTLS13, tls.VersionTLS13}}
	modes := map[string]tls.ClientAuthType{"off": tls.NoClientCert, "passthrough": tls.RequestClientCert, "verify": tls.RequireAndVerifyClientCert}
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 11))
		pick := func(list ...string) string { return list[r.IntN(len(list))] }
		policy, mode := policies[r.IntN(len(policies))], pick("off", "passthrough", "verify")
		clock := func() time.Time { return noon }
		address := served(t, greet(&tls.Config{Certificates: []tls.Certificate{server}, MinVersion: policy.min, MaxVersion: policy.max, ClientAuth: modes[mode], ClientCAs: a.trust(), Time: clock}))
		s := base()
		s.https(Certificate{certARN, "ISSUED", server.Leaf.NotAfter, server.Leaf.DNSNames, ""})
		s.Listeners[1].Policy, s.Listeners[1].Mutual = policy.name, mode
		var kinds []string
		failed, versions := 0, 0
		for range 1 + r.IntN(3) {
			newest, has := []uint16{tls.VersionTLS10, tls.VersionTLS12, tls.VersionTLS13}[r.IntN(3)], pick("none", "ours", "ours", "expired", "foreign")
			client := &tls.Config{ServerName: "shop.example.com", RootCAs: a.trust(), Time: clock, MinVersion: tls.VersionTLS10, MaxVersion: newest, Certificates: certificates[has]}
			if has == "foreign" || has == "expired" { // it shows this one to whoever asks
				client.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificates[has][0], nil }
			}
			if hello(t, address, client) != nil {
				failed++
				if newest < policy.min {
					versions++
				}
			}
			kinds = append(kinds, tls.VersionName(newest)+", "+has)
		}
		s.metric("NewConnectionCount", "", "Sum", float64(600*len(kinds)))
		if failed > 0 {
			s.metric("ClientTLSNegotiationErrorCount", "", "Sum", float64(600*failed))
		}
		rep := Diagnose(copied(t, s))
		f := rep.finding("client-tls-negotiation-fails")
		trust := f != nil && strings.Contains(f.Sentence, "does not trust theirs")
		if (f != nil) != (failed > 0) || rep.Wrong() != (failed > 0) || f != nil && (f.Level != Warn || !strings.Contains(said(rep), policy.name)) || trust != (failed > 0 && mode == "verify") || failed > versions && !trust {
			t.Errorf("seed %d: %s, certificates %s, clients %q, %d failed, %d of these for the version:\n%s", seed, policy.name, mode, kinds, failed, versions, said(rep))
		}
	}
}
