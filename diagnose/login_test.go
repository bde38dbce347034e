package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestLogin: where authenticate actions or AWS WAF fail, clients get errors that are no
// failures of targets. That is told, with the codes and the rule, and what AWS says that
// they mean.
func TestLogin(t *testing.T) {
	const provider, refused, waf = "login-provider-fails", "login-refused", "waf-errors"
	row := func(reason string, status, n int64) Failure { return Failure{Reason: reason, Status: status, Count: n} }
	for _, tt := range []struct {
		name  string
		rows  []Failure
		want  string // "" for nothing wrong
		level Level
		says  []string
	}{
		{"token end point not reached", []Failure{row("AuthTokenEpRequestTimeout", 500, 600)}, provider, Fail,
			[]string{"600 requests, 10.0 % of all", "did not answer within 5 s", "AuthTokenEpRequestTimeout 600, between 11:00 and 12:00 UTC", "NAT gateway", "outbound rules of sg-lb: all traffic to 0.0.0.0/0", "rule default of listener HTTPS:443: authenticate-oidc"}},
		{"token end point answers with an error", []Failure{row("AuthTokenEpRequestFailed", 561, 60), row("AuthUnhandledException", 500, 20)}, provider, Fail, []string{"mostly since the identity provider's token end point answered with an error", "issuer, end points, client ID and secret"}},
		{"561", []Failure{row("Auth_Failed", 561, 60)}, provider, Fail, []string{"561 without a code 60", "client ID and secret"}},
		{"500 of an authenticate action", []Failure{row("Auth_Failed", 500, 60)}, provider, Fail, []string{"500 without a code 60"}},
		{"few in much", []Failure{row("AuthTokenEpRequestFailed", 500, 12)}, provider, Warn, []string{"0.2 % of all"}},
		{"one or two", []Failure{row("AuthTokenEpRequestFailed", 500, 2)}, "", "", nil},
		{"claims that are too long", []Failure{row("AuthUserinfoResponseSizeExceeded", 500, 60), row("AuthInvalidStateParam", 401, 2)}, provider, Fail, []string{"exceed 11 KB", "fewer scopes"}},
		{"keys of tokens", []Failure{row("JWKSRequestFailed", 562, 60)}, provider, Fail, []string{"JWKSRequestFailed 60"}},
		{"cookies and states", []Failure{row("AuthInvalidCookie", 401, 200), row("AuthInvalidStateParam", 401, 100)}, refused, Warn, []string{"300 requests, 5.0 % of all", "AuthInvalidCookie 200, AuthInvalidStateParam 100"}},
		{"a session that is not there", []Failure{row("Auth_Failed", 401, 600)}, refused, Warn, []string{"401 without a code 600", "401 is meant"}},
		{"tokens", []Failure{row("JWTSignatureValidationFailed", 401, 600)}, refused, Warn, []string{"JWTSignatureValidationFailed 600"}},
		{"some that every service has", []Failure{row("AuthInvalidStateParam", 401, 299)}, "", "", nil},
		{"sent to log in again", []Failure{row("AuthInvalidCookie", 302, 3000)}, "", "", nil},
		{"no verdict", []Failure{row("WAF_Error", 500, 60), row("WAFServiceError", 500, 30)}, waf, Fail, []string{"90 requests, 1.5 % of all", "500 without a code 60, WAFServiceError 30", "waf.fail_open.enabled is false"}},
		{"rejected, as is meant", []Failure{row("WAF_Block", 403, 3000)}, "", "", nil},
	} {
		s := base()
		s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
		s.Balancer.Attributes["waf.fail_open.enabled"] = "false"
		login := &s.Listeners[1].Rules[0]
		login.Actions = append([]Action{{Type: "authenticate-oidc"}}, login.Actions...)
		other := forwardTo("7", webARN)
		other.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/cognito/*"}}}
		other.Actions = append([]Action{{Type: "authenticate-cognito"}}, other.Actions...)
		s.Listeners[1].Rules = append([]Rule{other}, s.Listeners[1].Rules...)
		for _, r := range tt.rows {
			s.login(r.Reason, r.Status, "0", "HTTPS", r.Count)
		}
		r := Diagnose(copied(t, s))
		if tt.want == "" {
			if r.Wrong() {
				t.Errorf("%s: want nothing wrong:\n%s", tt.name, said(r))
			}
			continue
		}
		f := r.Findings[0]
		if f.ID != tt.want || f.Level != tt.level || f.Explains != 0 || len(f.Fix) > 0 || !r.Wrong() {
			t.Errorf("%s: want %s, %s:\n%s", tt.name, tt.want, tt.level, said(r))
		}
		text := said(&Report{Findings: []*Finding{f}})
		for _, want := range tt.says {
			if !strings.Contains(text, want) {
				t.Errorf("%s: want %q:\n%s", tt.name, want, text)
			}
		}
		if strings.Contains(text, "cognito") {
			t.Errorf("%s: another rule is named:\n%s", tt.name, text)
		}
	}
}

// TestNoLoginSince: that no login has gone well since some time is said where the metric had some before, and these
// failures, which are no failures of the logs, come before fewer that are, and account for what metrics count after the logs.
func TestNoLoginSince(t *testing.T) {
	for _, tt := range []struct {
		name    string
		well    []int // minutes in which logins went well
		refused int64 // requests that a target refused
		since   bool
		first   string
		change  func(*Snapshot)
		secret  bool // it is laid to the client secret
	}{
		{"none since minute 9", []int{1, 5, 9}, 300, true, "login-provider-fails", nil, true},
		{"some go well", []int{1, 5, 9, 30, 54}, 300, false, "login-provider-fails", nil, false},
		{"none is known to have gone well", nil, 300, false, "login-provider-fails", nil, false},
		{"a target fails more", []int{1, 5, 9}, 900, true, "target-port-refused", nil, true},
		{"clients log in at another provider, too", []int{1, 5, 9}, 300, true, "login-provider-fails", func(s *Snapshot) {
			rule := forwardTo("7", webARN)
			rule.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/open/*"}}}
			rule.Actions = append([]Action{{Type: "authenticate-oidc"}}, rule.Actions...)
			s.Listeners[1].Rules = append([]Rule{rule}, s.Listeners[1].Rules...)
		}, false},
		{"metrics by the hour, in which some have gone well", []int{0}, 300, false, "login-provider-fails", func(s *Snapshot) {
			for i := range s.Metrics {
				s.Metrics[i].Period = 3600
			}
		}, false},
	} {
		s := base()
		s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
		login := &s.Listeners[1].Rules[0]
		login.Actions = append([]Action{{Type: "authenticate-oidc"}}, login.Actions...)
		s.login("AuthTokenEpRequestFailed", 561, "0", "HTTPS", 500)
		s.Logs.Failures[0].First, s.Logs.Failures[0].Last = s.minute(10), s.minute(54)
		s.Logs.Traffic[1].Last = s.minute(54)
		s.web().Targets[1].State, s.web().Targets[1].Reason = "unhealthy", "Target.FailedHealthChecks"
		s.failing("Target_Connection_Error", second, 502, tt.refused, func(f *Failure) { f.Last = s.minute(54) })
		s.metric("TargetConnectionErrorCount", webARN, "Sum", float64(tt.refused))
		for i := range s.Logs.Minutes {
			if m := &s.Logs.Minutes[i]; i >= 10 && i < 55 {
				m.Reasons["AuthTokenEpRequestFailed"], m.Statuses["561"] = 10, 10
			}
		}
		s.late("HTTPCode_ELB_5XX_Count", "", 55, 10)
		m := Series{Name: "ELBAuthSuccess", Stat: "Sum", Period: 60}
		for _, i := range tt.well {
			m.Points = append(m.Points, Point{s.minute(i), 3})
		}
		s.Metrics = append(s.Metrics, m)
		if tt.change != nil {
			tt.change(s)
		}
		r := Diagnose(copied(t, s))
		f, after := r.finding("login-provider-fails"), r.finding("balancer-5xx-after-logs")
		if f == nil || r.Findings[0].ID != tt.first || strings.HasSuffix(f.Sentence, ", and no login has gone well since 11:10 UTC.") != tt.since || strings.Contains(f.Sentence, "gone well") != tt.since {
			t.Errorf("%s: want it told: %t:\n%s", tt.name, tt.since, said(r))
		}
		if told := f != nil && strings.Contains(f.Do, "until 11:") && strings.Contains(f.Do, "client secret has expired"); told != tt.secret {
			t.Errorf("%s: want it to be laid to the secret: %t:\n%s", tt.name, tt.secret, said(r))
		}
		if byTheMinute := s.Metrics[0].Period == 60; byTheMinute && (after == nil || after.Sentence != "50 × other 5xx after 11:55 UTC, where the logs end: most likely more of login-provider-fails.") {
			t.Errorf("%s: want what comes after the logs to be more of it:\n%s", tt.name, said(r))
		}
	}
}

// TestSomeLoginsFail: where more logins go well than fail, in the same time, it is some that do, and no setting of the rule is
// wrong; not where they may be of another rule, or of another time of the same hour.
func TestSomeLoginsFail(t *testing.T) {
	for _, tt := range []struct {
		name   string
		well   float64 // in each minute
		change func(*Snapshot)
		want   string
	}{
		{"most go well", 30, nil, "The balancer cannot log some clients in: 300 requests, 5.0 % of all, failed, mostly since the identity provider's token end point answered with an error, while 1440 logins went well."},
		{"few go well", 3, nil, "The balancer cannot log clients in: 300 requests"},
		{"in the same hour", 30, func(s *Snapshot) {
			for i := range s.Metrics {
				s.Metrics[i].Period = 3600
			}
		}, "The balancer cannot log clients in: 300 requests"},
		{"at another rule", 30, func(s *Snapshot) {
			rule := forwardTo("7", webARN)
			rule.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/open/*"}}}
			rule.Actions = append([]Action{{Type: "authenticate-oidc"}}, rule.Actions...)
			s.Listeners[1].Rules = append([]Rule{rule}, s.Listeners[1].Rules...)
		}, "The balancer cannot log clients in: 300 requests"},
	} {
		s := base()
		s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
		login := &s.Listeners[1].Rules[0]
		login.Actions = append([]Action{{Type: "authenticate-oidc"}}, login.Actions...)
		s.login("AuthTokenEpRequestFailed", 561, "0", "HTTPS", 300)
		s.Logs.Failures[0].First, s.Logs.Failures[0].Last = s.minute(10).Add(9*time.Second), s.minute(59)
		m := Series{Name: "ELBAuthSuccess", Stat: "Sum", Period: 60}
		for i := range 60 {
			m.Points = append(m.Points, Point{s.minute(i), tt.well})
		}
		s.Metrics = append(s.Metrics, m)
		if tt.change != nil {
			tt.change(s)
		}
		r := Diagnose(copied(t, s))
		f := r.finding("login-provider-fails")
		if some := strings.Contains(tt.want, "some clients"); f == nil || !strings.HasPrefix(f.Sentence, tt.want) || strings.Contains(f.Do, "client secret are right") != some {
			t.Errorf("%s: want %q:\n%s", tt.name, tt.want, said(r))
		}
	}
}

// TestLoginOfRule: logins at a rule that takes few of all requests are compared with what that
// rule let through, which is at most what the groups behind it got.
func TestLoginOfRule(t *testing.T) {
	const provider, refused = "AuthTokenEpRequestTimeout", "JWTSignatureValidationFailed"
	for _, tt := range []struct {
		name    string
		reason  string
		n       int64 // that ended so, at the rule
		passed  int64 // requests to its group
		change  func(*Snapshot)
		level   Level // "" for nothing wrong
		says    string
		without string
	}{
		{"most are refused", refused, 60, 40, nil, Warn, "60 requests, 1.0 % of all, and at least 60.0 % of those that rule 7 of listener HTTPS:443 turned away or let through,", ""},
		{"few are refused", refused, 60, 2000, nil, "", "", ""},
		{"nobody is let in for the provider", provider, 20, 0, nil, Fail, "20 requests, 0.3 % of all, and at least 100.0 % of those that rule 7", ""},
		{"some are not, for the provider", provider, 20, 5000, nil, Warn, "20 requests, 0.2 % of all, and at least 0.4 % of", ""},
		{"the same group behind a rule without login", refused, 60, 40, func(s *Snapshot) {
			s.Listeners[1].Rules[0].Actions[1].Weights[0].Group = webARN
		}, "", "", ""},
		{"as many for another reason", refused, 60, 0, func(s *Snapshot) { s.login(provider, 500, "7", "HTTPS", 60) }, Warn, "1.0 % of all, and at least 50.0 % of those that rule 7", ""},
		{"at the same rule of a listener in HTTP", refused, 60, 40, func(s *Snapshot) { s.Logs.Failures[0].Listener = "HTTP" }, "", "", ""},
		{"at one of two listeners", refused, 60, 40, func(s *Snapshot) {
			l := s.Listeners[1]
			l.ARN, l.Port = "arn:listener-8443", 8443
			s.Listeners = append(s.Listeners, l)
		}, "", "", ""},
		{"at a rule that is not known", refused, 600, 40, func(s *Snapshot) { s.Logs.Failures[0].Rule = "" }, Warn, "600 requests, 9.0 % of all,", "turned away"},
	} {
		s := base()
		s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
		s.second(s.web().Targets)
		guarded := forwardTo("7", newARN)
		guarded.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/staff/*"}}}
		guarded.Actions = append([]Action{{Type: "jwt-validation"}}, guarded.Actions...)
		s.Listeners[1].Rules = append([]Rule{guarded}, s.Listeners[1].Rules...)
		s.login(tt.reason, 401, "7", "HTTPS", tt.n)
		s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: newARN, Target: first, Requests: tt.passed, Slowest: 0.1, Last: noon}, Traffic{Requests: tt.n, Slowest: -1, Last: noon})
		if tt.change != nil {
			tt.change(s)
		}
		r := Diagnose(copied(t, s))
		f := r.finding("login-refused")
		if tt.reason == provider {
			f = r.finding("login-provider-fails")
		}
		switch {
		case tt.level == "" && f != nil:
			t.Errorf("%s: want none of it:\n%s", tt.name, said(r))
		case tt.level == "":
		case f == nil || f.Level != tt.level || !strings.Contains(f.Sentence, tt.says) || tt.without != "" && strings.Contains(f.Sentence, tt.without):
			t.Errorf("%s: want %s, %q:\n%s", tt.name, tt.level, tt.says, said(r))
		}
	}
}

// login adds requests that ended in an authenticate or JWT action of a rule.
func (s *Snapshot) login(reason string, status int64, rule, listener string, n int64) {
	s.failing(reason, "", status, n, func(f *Failure) { f.Group, f.Class, f.Rule, f.Listener = "", "policy", rule, listener })
}

// TestLoginOfLines: the same out of lines of a log.
func TestLoginOfLines(t *testing.T) {
	s := base()
	s.https(Certificate{certARN, "ISSUED", noon.Add(5000 * time.Hour), []string{"shop.example.com"}, ""})
	s.Listeners[1].Rules[0].Actions = append([]Action{{Type: "authenticate-oidc"}}, s.Listeners[1].Rules[0].Actions...)
	var lines []string
	for i := range 60 {
		line := strings.Replace(fixedLine(s.minute(i), "https", "0"), "503 -", "500 -", 1)
		lines = append(lines, accessLine(s.minute(i), first, false), strings.Replace(line, `"fixed-response" "-" "-"`, `"authenticate" "-" "AuthTokenEpRequestTimeout"`, 1))
	}
	s.Logs = logged(t, s, lines)
	s.Metrics = nil
	r := Diagnose(copied(t, s))
	f := r.Findings[0]
	if f.ID != "login-provider-fails" || !strings.Contains(f.Sentence, "60 requests, 50.0 % of all") ||
		!slices.Contains(f.Evidence, Evidence{FromConfig, "rule default of listener HTTPS:443: authenticate-oidc"}) {
		t.Error(said(r))
	}
}

// TestLoginOver: what logins, or AWS WAF, failed with for two minutes is told in the past where
// it is known that others have gone well since.
func TestLoginOver(t *testing.T) {
	const provider, refused, waf = "login-provider-fails", "login-refused", "waf-errors"
	goesWell := func(from, until int) func(*Snapshot) {
		return func(s *Snapshot) {
			m := Series{Name: "ELBAuthSuccess", Stat: "Sum", Period: 60}
			for i := from; i <= until; i++ {
				m.Points = append(m.Points, Point{s.minute(i), 7})
			}
			s.Metrics = append(s.Metrics, m)
		}
	}
	tokens := func(s *Snapshot) { s.Listeners[0].Rules[0].Actions[0].Type = "jwt-validation" }
	again := func(s *Snapshot) {
		s.Logs.Failures[0].Last = s.minute(35)
		s.Logs.Minutes = append(s.Logs.Minutes, Minute{Minute: s.minute(35), Reasons: map[string]int64{s.Logs.Failures[0].Reason: 3}})
	}
	// beside lets others end with another status all the time, for what has the same name.
	beside := func(status string) func(*Snapshot) {
		return func(s *Snapshot) {
			own, reason := fmt.Sprint(s.Logs.Failures[0].Status), s.Logs.Failures[0].Reason
			for i := range s.Logs.Minutes {
				s.Logs.Minutes[i].Statuses = map[string]int64{own: 3}
			}
			for i := range 55 {
				s.Logs.Minutes = append(s.Logs.Minutes, Minute{Minute: s.minute(i), Reasons: map[string]int64{reason: 2}, Statuses: map[string]int64{status: 2}})
			}
			slices.SortStableFunc(s.Logs.Minutes, func(a, b Minute) int { return a.Minute.Compare(b.Minute) })
		}
	}
	another := func(login string) func(*Snapshot) {
		return func(s *Snapshot) {
			rule := forwardTo("7", webARN)
			rule.Conditions = []Condition{{Field: "path-pattern", Values: []string{"/open/*"}}}
			if login != "" {
				rule.Actions = append([]Action{{Type: login}}, rule.Actions...)
			}
			s.Listeners[0].Rules = append([]Rule{rule}, s.Listeners[0].Rules...)
		}
	}
	failOpen := func(value string) func(*Snapshot) {
		return func(s *Snapshot) { s.Balancer.Attributes["waf.fail_open.enabled"] = value }
	}
	late := func(s *Snapshot) { s.late("HTTPCode_ELB_5XX_Count", "", 57, 40) }
	late502 := func(s *Snapshot) { s.late("HTTPCode_ELB_502_Count", "", 57, 40) }
	quiet := func(s *Snapshot) {
		s.Logs.Last, s.Logs.Traffic[0].Last, s.Logs.Traffic[1].Last = s.minute(8), s.minute(8), s.minute(8)
	}
	for _, tt := range []struct {
		name, id, reason string
		status           int64
		change           []func(*Snapshot)
		over             bool
	}{
		{"provider", provider, "AuthTokenEpRequestFailed", 500, []func(*Snapshot){goesWell(0, 54)}, true},
		{"provider, and the logs end then", provider, "AuthTokenEpRequestFailed", 500, []func(*Snapshot){goesWell(0, 54), quiet}, true},
		{"provider is silent", provider, "AuthTokenEpRequestTimeout", 500, []func(*Snapshot){goesWell(20, 54)}, true},
		{"nobody is known to have logged in", provider, "AuthTokenEpRequestFailed", 500, nil, false},
		{"nobody has logged in since", provider, "AuthTokenEpRequestFailed", 500, []func(*Snapshot){goesWell(0, 8)}, false},
		{"provider comes and goes", provider, "AuthTokenEpRequestFailed", 500, []func(*Snapshot){goesWell(0, 54), again}, false},
		{"provider comes and goes, and some are refused all the time", provider, "Auth_Failed", 561, []func(*Snapshot){goesWell(0, 54), again, beside("401")}, false},
		{"provider, and some are refused all the time", provider, "Auth_Failed", 561, []func(*Snapshot){goesWell(0, 54), beside("401")}, true},
		{"provider fails after the logs", provider, "AuthTokenEpRequestFailed", 500, []func(*Snapshot){goesWell(0, 54), late}, false},
		{"another status comes after the logs", provider, "AuthTokenEpRequestFailed", 500, []func(*Snapshot){goesWell(0, 54), late, late502}, true},
		{"no verdict, and another status comes after the logs", waf, "WAF_Error", 500, []func(*Snapshot){late, late502}, true},
		{"others may have logged in elsewhere", provider, "AuthTokenEpRequestFailed", 500, []func(*Snapshot){goesWell(0, 54), another("authenticate-oidc")}, false},
		{"beside a rule without login", provider, "AuthTokenEpRequestFailed", 500, []func(*Snapshot){goesWell(0, 54), another("")}, true},
		{"rules not known", provider, "AuthTokenEpRequestFailed", 500, []func(*Snapshot){goesWell(0, 54), func(s *Snapshot) {
			s.Missing = append(s.Missing, Missing{What: "rules", Action: describeRules, Denied: true, Why: "access denied"})
		}}, false},
		{"claims of a few", provider, "AuthUserinfoResponseSizeExceeded", 500, []func(*Snapshot){goesWell(0, 54)}, false},
		{"keys of tokens", provider, "JWKSRequestFailed", 562, []func(*Snapshot){tokens}, true},
		{"keys of tokens, and nobody has come since", provider, "JWKSRequestFailed", 562, []func(*Snapshot){tokens, quiet}, false},
		{"keys of tokens, and others need none", provider, "JWKSRequestFailed", 562, []func(*Snapshot){tokens, another("")}, false},
		{"refused", refused, "AuthInvalidCookie", 401, []func(*Snapshot){goesWell(0, 54)}, true},
		{"refused, and the logs end then", refused, "AuthInvalidCookie", 401, []func(*Snapshot){goesWell(0, 54), quiet}, false},
		{"tokens refused", refused, "JWTSignatureValidationFailed", 401, []func(*Snapshot){tokens}, true},
		{"tokens refused again, and their keys fail all the time", refused, "Auth_Failed", 401, []func(*Snapshot){tokens, again, beside("562")}, false},
		{"tokens refused again", refused, "JWTSignatureValidationFailed", 401, []func(*Snapshot){tokens, again}, false},
		{"no verdict", waf, "WAFConnectionTimeout", 500, nil, true},
		{"no verdict, and fail-open off", waf, "WAFConnectionTimeout", 500, []func(*Snapshot){failOpen("false")}, true},
		{"no verdict, and let through unchecked now", waf, "WAFConnectionTimeout", 500, []func(*Snapshot){failOpen("true")}, false},
		{"no verdict after the logs", waf, "WAFConnectionTimeout", 500, []func(*Snapshot){late}, false},
		{"no verdict, now and then", waf, "WAFConnectionTimeout", 500, []func(*Snapshot){again}, false},
		{"no verdict, and no request since", waf, "WAFConnectionTimeout", 500, []func(*Snapshot){quiet}, false},
	} {
		s := base()
		login := &s.Listeners[0].Rules[0]
		login.Actions = append([]Action{{Type: "authenticate-oidc"}}, login.Actions...)
		s.login(tt.reason, tt.status, "0", "HTTP", 600)
		s.Logs.Failures[0].First, s.Logs.Failures[0].Last = s.minute(5), s.minute(6)
		s.Logs.Minutes = []Minute{{Minute: s.minute(5), Reasons: map[string]int64{tt.reason: 300}}, {Minute: s.minute(6), Reasons: map[string]int64{tt.reason: 300}}}
		for _, change := range tt.change {
			change(s)
		}
		r := Diagnose(copied(t, s))
		f := r.finding(tt.id)
		if f == nil || strings.Contains(f.Sentence, " between 11:05 and 11:06 UTC: 600 requests,") != tt.over || strings.Contains(f.Sentence, " since.") != tt.over || (f.Level == Fail) != (tt.id != refused && !tt.over) {
			t.Errorf("%s: want it over: %v:\n%s", tt.name, tt.over, said(r))
		}
	}
}
