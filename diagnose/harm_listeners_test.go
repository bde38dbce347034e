package diagnose

import (
	"fmt"
	"time"
)

// Listeners, their certificates and rules.
var harmOfListeners = []harmless{
	{"authentication goes with the weights", func(s *Snapshot) {
		s.second(nil)
		r := forwardTo("5", webARN, newARN)
		r.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/admin/*"}}}
		r.Actions = append([]Action{{Type: "authenticate-oidc"}}, r.Actions...)
		s.Listeners[0].Rules = append([]Rule{r}, s.Listeners[0].Rules...)
	}, told{id: "rule-weight-to-broken-group"}},
	{"stickiness goes with the weights", func(s *Snapshot) {
		s.second(nil)
		r := forwardTo("default", webARN, newARN)
		r.Actions[0].Sticky = true
		s.Listeners[0].Rules = []Rule{r}
	}, told{id: "rule-weight-to-broken-group"}},
	{"weight for an empty group", func(s *Snapshot) {
		s.second(nil)
		r := forwardTo("default", newARN, webARN)
		r.Actions[0].Weights[0].Weight, r.Actions[0].Weights[1].Weight = 0, 0
		s.Listeners[0].Rules = []Rule{r}
	}, told{id: "rule-weights-all-zero", fix: `new/0d18ee8d310e74a1","Weight":0},{"TargetGroupArn":"` + webARN + `","Weight":1}`}},
	{"a balancer that only redirects, to HTTPS whose listener is gone", func(s *Snapshot) {
		s.Idle, s.Groups, s.Logs = s.Groups, []Group{}, nil
		s.Listeners[0].Rules = []Rule{{Priority: "default", Actions: []Action{{Type: "redirect", Status: "301", To: &Location{"HTTPS", sameHost, "443", samePath, sameQuery}}}}}
	}, told{id: "redirect-without-listener", mild: true, says: "Rule default of listener HTTP:80 redirects clients to port 443 of the same host"}},
	{"a redirect of a CDN's requests that came in HTTP, which itself speaks HTTPS", func(s *Snapshot) {
		r := Rule{Priority: "1", Conditions: []Condition{{Field: "http-header", Values: []string{"http"}}}, Actions: []Action{{Type: "redirect", Status: "301", To: &Location{"HTTPS", sameHost, "443", samePath, sameQuery}}}}
		s.Listeners[0].Rules = append([]Rule{r}, s.Listeners[0].Rules...)
	}, told{id: "redirect-without-listener", absent: true}},
	{"a redirect to the port of HTTPS, in HTTP", func(s *Snapshot) {
		s.https(Certificate{certARN, "ISSUED", noon.AddDate(1, 0, 0), []string{"shop.example.com"}, ""})
		s.Listeners[0].Rules = []Rule{{Priority: "default", Actions: []Action{{Type: "redirect", Status: "301", To: &Location{sameProtocol, sameHost, "443", samePath, sameQuery}}}}}
	}, told{id: "redirect-without-listener", mild: true, says: "redirects clients to HTTP on port 443 of the same host, and the balancer's listener is HTTPS:443"}},
	{"a redirect to HTTPS on the port of HTTP", func(s *Snapshot) {
		s.https(Certificate{certARN, "ISSUED", noon.AddDate(1, 0, 0), []string{"shop.example.com"}, ""})
		s.Listeners[0].Rules = []Rule{{Priority: "default", Actions: []Action{{Type: "redirect", Status: "301", To: &Location{"HTTPS", sameHost, samePort, samePath, sameQuery}}}}}
	}, told{id: "redirect-without-listener", mild: true, says: "redirects clients to HTTPS on port 80 of the same host, and the balancer's listener is HTTP:80"}},
	{"a redirect to another port, which a rule before it keeps all requests from", func(s *Snapshot) {
		s.https(Certificate{certARN, "ISSUED", noon.AddDate(1, 0, 0), []string{"shop.example.com"}, ""})
		s.Listeners[0].Rules = nil
		for i, port := range []string{"443", "8443"} {
			r := Rule{Priority: fmt.Sprint(i + 1), Conditions: []Condition{{Field: "host-header", Values: []string{"shop.example.com"}}}, Actions: []Action{{Type: "redirect", Status: "301", To: &Location{"HTTPS", sameHost, port, samePath, sameQuery}}}}
			s.Listeners[0].Rules = append(s.Listeners[0].Rules, r)
		}
		s.Listeners[0].Rules = append(s.Listeners[0].Rules, forwardTo("default", webARN))
	}, told{id: "redirect-without-listener", absent: true}},
	{"a redirect to HTTPS, and its listener", func(s *Snapshot) {
		s.https(Certificate{certARN, "ISSUED", noon.AddDate(1, 0, 0), []string{"shop.example.com"}, ""})
		s.Listeners[0].Rules = []Rule{{Priority: "default", Actions: []Action{{Type: "redirect", Status: "301", To: &Location{"HTTPS", sameHost, "443", samePath, sameQuery}}}}}
	}, told{id: "redirect-without-listener", absent: true}},
	{"a rule between two", func(s *Snapshot) {
		wide, between, narrow := forwardTo("10", webARN), Rule{ARN: "arn:rule-20", Priority: "20", Actions: []Action{{Type: "fixed-response", Status: "403"}}}, forwardTo("30", webARN)
		wide.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/api/*"}}}
		between.Conditions = []Condition{{Field: "source-ip", Values: []string{"0.0.0.0/0"}}}
		narrow.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/api/v2/*"}}}
		s.Listeners[0].Rules = append([]Rule{wide, between, narrow}, s.Listeners[0].Rules...)
	}, told{id: "rule-never-matches", fix: "RuleArn=arn:rule-30,Priority=9", not: "Priority=10"}},
	{"a rule behind one that turns its requests away", func(s *Snapshot) {
		wide, narrow := Rule{ARN: "arn:rule-10", Priority: "10", Actions: []Action{{Type: "fixed-response", Status: "403"}}}, forwardTo("20", webARN)
		wide.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/internal/*"}}}
		narrow.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/internal/users"}}}
		s.Listeners[0].Rules = append([]Rule{wide, narrow}, s.Listeners[0].Rules...)
	}, told{id: "rule-never-matches", says: "remove rule 20"}},
	{"a rule behind one that asks for a login", func(s *Snapshot) {
		wide, narrow := forwardTo("10", webARN), forwardTo("20", webARN)
		wide.Actions = append([]Action{{Type: "authenticate-oidc"}}, wide.Actions...)
		wide.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/admin/*"}}}
		narrow.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/admin/reports"}}}
		s.Listeners[0].Rules = append([]Rule{wide, narrow}, s.Listeners[0].Rules...)
	}, told{id: "rule-never-matches", says: "remove rule 20"}},
	{"a rule behind one that leads to HTTPS", func(s *Snapshot) {
		wide, narrow := Rule{ARN: "arn:rule-10", Priority: "10", Actions: []Action{{Type: "redirect", Status: "301", To: &Location{"HTTPS", sameHost, "443", samePath, sameQuery}}}}, forwardTo("20", webARN)
		wide.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/*"}}}
		narrow.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/shop/*"}}}
		s.Listeners[0].Rules = append([]Rule{wide, narrow}, s.Listeners[0].Rules...)
	}, told{id: "rule-never-matches", says: "remove rule 20"}},
	{"a rule with a login behind another one", func(s *Snapshot) {
		wide, narrow := forwardTo("10", webARN), forwardTo("20", webARN)
		wide.Actions = append([]Action{{Type: "authenticate-oidc"}}, wide.Actions...)
		narrow.Actions = append([]Action{{Type: "authenticate-cognito"}}, narrow.Actions...)
		wide.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/admin/*"}}}
		narrow.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/admin/reports"}}}
		s.Listeners[0].Rules = append([]Rule{wide, narrow}, s.Listeners[0].Rules...)
	}, told{id: "rule-never-matches", fix: "RuleArn=arn:rule-20,Priority=10"}},
	{"a maintenance page before all rules", func(s *Snapshot) {
		page := Rule{ARN: "arn:rule-1", Priority: "1", Actions: []Action{{Type: "fixed-response", Status: "503"}}}
		page.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/*"}}}
		api := forwardTo("2", webARN)
		api.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/api/*"}}}
		s.Listeners[0].Rules = append([]Rule{page, api}, s.Listeners[0].Rules...)
	}, told{id: "rule-never-matches", absent: true}},
	{"503 while new targets have their first checks", func(s *Snapshot) {
		s.web().Targets[0].State, s.web().Targets[0].Reason = "draining", "Target.DeregistrationInProgress"
		s.web().Targets[1].State, s.web().Targets[1].Reason = "initial", "Elb.InitialHealthChecking"
		s.failing("No_Usable_Target", "", 503, 600)
	}, told{id: "no-usable-target", says: "none is healthy now: web has 1 draining, 1 initial", denies: "there is one now"}},
	{"503 of a group that is gone", func(s *Snapshot) {
		s.failing("No_Usable_Target", "", 503, 600, func(f *Failure) { f.Group = newARN })
	}, told{id: "no-usable-target", says: "is known whether", denies: "and there is one now"}},
	{"an old certificate beside the new one", func(s *Snapshot) {
		s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"*.example.com"}, ""})
		s.alsoHas(Certificate{"arn:old", "EXPIRED", noon.Add(-time.Hour), []string{"shop.example.com"}, ""})
		s.Listeners[1].Certificates = append(s.Listeners[1].Certificates, certARN)
		r := forwardTo("1", webARN)
		r.Conditions = []Condition{{Field: "host-header", Values: []string{"shop.example.com"}}}
		s.Listeners[1].Rules = append([]Rule{r}, s.Listeners[1].Rules...)
	}, told{id: "listener-certificate-expired", mild: true}},
	{"an old certificate as the default", func(s *Snapshot) {
		s.https(Certificate{certARN, "ISSUED", noon.Add(-time.Hour), []string{"shop.example.com"}, ""})
		s.alsoHas(Certificate{"arn:new", "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
	}, told{id: "listener-certificate-expired", mild: true, says: "only clients that name no host (SNI) get it", denies: "out of the listener's list"}},
	{"an old certificate in a list that has a new one", func(s *Snapshot) {
		s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
		s.alsoHas(Certificate{"arn:old", "ISSUED", noon.Add(-time.Hour), []string{"shop.example.com"}, ""})
		s.Listeners[1].Certificates = append(s.Listeners[1].Certificates, certARN)
	}, told{id: "listener-certificate-expired", mild: true, says: "no client needs it"}},
	{"an old certificate in the list of a listener that has a new one as the default", func(s *Snapshot) {
		s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
		s.alsoHas(Certificate{"arn:old", "ISSUED", noon.Add(-time.Hour), []string{"shop.example.com"}, ""})
	}, told{id: "listener-certificate-expired", sure: true, says: "take it out of the listener's list", fix: "remove-listener-certificates --region eu-central-1 --listener-arn arn:listener-443 --certificates CertificateArn=arn:old", not: "NEW-"}},
	{"a certificate that expires soon, beside one that does not", func(s *Snapshot) {
		s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
		s.alsoHas(Certificate{"arn:old", "ISSUED", noon.Add(100 * time.Hour), []string{"shop.example.com"}, ""})
		s.Listeners[1].Certificates = append(s.Listeners[1].Certificates, certARN)
	}, told{id: "listener-certificate-expires-soon", absent: true}},
	{"a certificate that expires soon, before a default one that does not", func(s *Snapshot) {
		s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
		s.alsoHas(Certificate{"arn:old", "ISSUED", noon.Add(100 * time.Hour), []string{"shop.example.com"}, ""})
	}, told{id: "listener-certificate-expires-soon", fix: "CertificateArn=arn:old", not: "NEW-"}},
	{"a default certificate that expires soon, which clients get that name no host", func(s *Snapshot) {
		s.https(Certificate{certARN, "ISSUED", noon.Add(100 * time.Hour), []string{"shop.example.com"}, ""})
		s.alsoHas(Certificate{"arn:new", "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
	}, told{id: "listener-certificate-expires-soon", fix: "CertificateArn=NEW-CERTIFICATE-ARN"}},
	{"two certificates that expire soon", func(s *Snapshot) {
		s.https(Certificate{certARN, "ISSUED", noon.Add(100 * time.Hour), []string{"shop.example.com"}, ""})
		s.alsoHas(Certificate{"arn:new", "ISSUED", noon.Add(200 * time.Hour), []string{"shop.example.com"}, ""})
	}, told{id: "listener-certificate-expires-soon", fix: "CertificateArn=NEW-CERTIFICATE-ARN"}},
	{"an old certificate of RSA beside a new one of ECDSA", func(s *Snapshot) {
		s.https(Certificate{certARN, "ISSUED", noon.Add(-time.Hour), []string{"shop.example.com"}, "RSA_2048"})
		s.alsoHas(Certificate{"arn:new", "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, "EC_prime256v1"})
	}, told{id: "listener-certificate-expired", mild: true}},
	{"two certificates of ECDSA", func(s *Snapshot) {
		s.https(Certificate{certARN, "ISSUED", noon.Add(-time.Hour), []string{"shop.example.com"}, "EC_prime256v1"})
		s.alsoHas(Certificate{"arn:new", "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, "EC_secp384r1"})
	}, told{id: "listener-certificate-expired", mild: true}},
	{"an old certificate for a name that nobody asks for", func(s *Snapshot) {
		s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
		s.alsoHas(Certificate{"arn:old", "VALIDATION_TIMED_OUT", time.Time{}, []string{"old.example.com"}, ""})
	}, told{id: "listener-certificate-not-issued", mild: true, says: "clients that ask for its names get it", denies: "no client needs it"}},
	{"a default rule that answers 503 to scanners", func(s *Snapshot) { s.turnsAway("default", 20) }, told{id: "rule-fixed-response-error", absent: true}},
	{"a default rule that answers 503 to many", func(s *Snapshot) { s.turnsAway("default", 600) }, told{id: "rule-fixed-response-error", denies: "remove the rule"}},
	{"weight for one of two groups, of which a release knows which", func(s *Snapshot) {
		s.second([]Target{{ID: "10.0.10.50", Port: 8080, Zone: "eu-central-1a", State: "healthy", CheckPort: "8080"}})
		r := forwardTo("default", newARN, webARN)
		r.Actions[0].Weights[0].Weight, r.Actions[0].Weights[1].Weight = 0, 0
		s.Listeners[0].Rules = []Rule{r}
	}, told{id: "rule-weights-all-zero", sure: true}},
	{"a default rule that answers 503 to all of few clients", func(s *Snapshot) {
		s.turnsAway("default", 40)
		s.Logs.Traffic = []Traffic{{Requests: 40, Slowest: -1, Last: noon}}
	}, told{id: "rule-fixed-response-error", mild: true}},
	{"a page for maintenance before all rules, and no logs that say who gets it", func(s *Snapshot) {
		s.turnsAway("1", 6000)
		s.Logs = nil
		s.metric("HTTPCode_ELB_5XX_Count", "", "Sum", 6000)
		s.metric("HTTPCode_ELB_503_Count", "", "Sum", 6000)
	}, told{id: "rule-fixed-response-error", mild: true, says: "answers 503 by itself"}},
	{"a listener that answers 503 to all who come, who are few", func(s *Snapshot) {
		s.turnsAway("default", 20)
		s.Listeners[0].Rules = s.Listeners[0].Rules[1:]
	}, told{id: "rule-fixed-response-error", mild: true}},
	{"a default rule that answers 503 to many since a few minutes of a day", func(s *Snapshot) {
		s.turnsAway("default", 1000)
		s.From, s.Logs.Traffic[0].Requests = noon.Add(-24*time.Hour), 144000
		for i := range s.Logs.Minutes[45:] {
			m := &s.Logs.Minutes[45+i]
			m.Reasons, m.Statuses = map[string]int64{"Fixed_Response": 100}, map[string]int64{"503": 100}
		}
	}, told{id: "rule-fixed-response-error", mild: true, denies: "remove the rule"}},
}
