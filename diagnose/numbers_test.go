package diagnose

import (
	"slices"
	"strings"
	"testing"
	"time"

	"loglens/report"
)

// TestNumbersOfOne: where one target is asked about, numbers that stand in one line are of the same
// requests, though others of its group fail alike.
func TestNumbersOfOne(t *testing.T) {
	for _, tt := range []struct {
		reason string
		status int64
		change func(*Failure)
		want   string
	}{
		{"Target_Response_Timeout", 504, func(f *Failure) { f.Idle = 600 }, "600 requests got 504 after they were sent, 600 of them at 60 s"},
		{"Target_Connect_Timeout", 504, func(f *Failure) { f.Connect = 600 }, "600 requests got 504 before anything was sent, 600 of them at the wall of 10 s"},
		{"Target_5XX", 500, func(f *Failure) { f.TargetStatus = 500 }, "600 requests were answered with 5xx by the target (500: 600), 10.0 % of the group's"},
		{"Target_Closed_Connection", 502, func(f *Failure) { f.Quick = 600 }, "1200 requests got 502 at once, spread over 2 of 2 targets, 20.00 % of requests"},
	} {
		s := base()
		s.Target = first
		for _, target := range []string{first, second} {
			s.failing(tt.reason, target, tt.status, 600, tt.change)
		}
		r := Diagnose(copied(t, s))
		if !strings.Contains(said(r), tt.want) {
			t.Errorf("%s: want %q:\n%s", tt.reason, tt.want, said(r))
		}
		if o := r.Observed; r.Findings[0].Explains != 600 || o.Failures != 600 || o.Explained != 600 || o.Requests != 3000 {
			t.Errorf("%s: want 600 of 3000 requests, all of them explained: %d, %+v", tt.reason, r.Findings[0].Explains, o)
		}
		for _, e := range Encoders {
			var b strings.Builder
			if err := e.Encode(&b, r, report.Style{}); err != nil {
				t.Fatal(err)
			}
			if out := b.String(); !strings.Contains(out, "600 of 3000 requests to "+first+" or to no target in the logs failed") && !strings.Contains(out, `"target": "`+first+`",`) {
				t.Errorf("%s, %s: whose requests these are is not told:\n%s", tt.reason, e.Name, out)
			}
		}
	}
}

// TestConnectionErrorsOfOthers: where one target is asked about, connections that failed to others are not
// said to be of targets that logs do not name; those are that metrics count beside them.
func TestConnectionErrorsOfOthers(t *testing.T) {
	for errors, want := range map[float64]bool{600: false, 660: true} {
		s := base()
		s.Target = first
		s.failing("Target_Connect_Timeout", second, 504, 600, func(f *Failure) { f.Connect = 600 })
		s.metric("TargetConnectionErrorCount", webARN, "Sum", errors)
		if r := Diagnose(copied(t, s)); (r.finding("target-connection-errors") != nil) != want {
			t.Errorf("%v errors, want it told: %v:\n%s", errors, want, said(r))
		}
	}
}

// TestNumbersOfOneByIPv6: a target that is registered no more may be asked about by its address, or with
// its port, and logs write it without brackets.
func TestNumbersOfOneByIPv6(t *testing.T) {
	for _, asked := range []string{"2001:db8::9", "[2001:db8::9]:8080", "[2001:DB8:0::9]:8080"} {
		s := base()
		s.Target = asked
		s.Logs.Traffic = append(s.Logs.Traffic, Traffic{Group: webARN, Target: "2001:db8::9:8080", Requests: 700, Last: noon})
		s.failing("Target_Connect_Timeout", "2001:db8::9:8080", 504, 600)
		if o := Diagnose(copied(t, s)).Observed; o.Requests != 700 || o.Failures != 600 {
			t.Errorf("%s: want 600 of 700 requests: %+v", asked, o)
		}
	}
}

// TestPercent: a part that there is is not told as none.
func TestPercent(t *testing.T) {
	for part, want := range map[float64]string{0: "0.0 %", 0.00049: "less than 0.1 %", 0.001: "0.1 %", 0.126: "12.6 %"} {
		if got := percent(part, 1); got != want {
			t.Errorf("%v is written %q, want %q", part, got, want)
		}
	}
}

// TestExpiresToday: a certificate that expires within the day is not said to do so in 0 days.
func TestExpiresToday(t *testing.T) {
	for left, want := range map[time.Duration]string{30 * time.Minute: "less than an hour", time.Hour: "1 hour", 5 * time.Hour: "5 hours", 24 * time.Hour: "1 day", 60 * time.Hour: "2 days"} {
		s := base()
		s.https(Certificate{certARN, "ISSUED", noon.Add(left), []string{"shop.example.com"}, ""})
		r := Diagnose(copied(t, s))
		if f := r.finding("listener-certificate-expires-soon"); f == nil || !strings.HasSuffix(f.Sentence, " expires in "+want+".") {
			t.Errorf("%s left: want %q:\n%s", left, want, said(r))
		}
	}
}

// TestClientTLSWhen: when clients and listener did not agree on TLS is told.
func TestClientTLSWhen(t *testing.T) {
	s := base()
	s.Metrics = append(s.Metrics, Series{Name: "ClientTLSNegotiationErrorCount", Stat: "Sum", Period: 60, Points: []Point{{s.minute(5), 300}, {s.minute(6), 0}, {s.minute(9), 300}}})
	s.Listeners[0].Policy = "ELBSecurityPolicy-2016-08" // of HTTP, as some tools that stand for AWS have it
	s.https(Certificate{certARN, "ISSUED", noon.AddDate(0, 3, 0), []string{"shop.example.com"}, ""})
	s.Listeners[len(s.Listeners)-1].Policy = "ELBSecurityPolicy-TLS13-1-2-2021-06"
	want := Evidence{FromMetric, "ClientTLSNegotiationErrorCount: 600, between 11:05 and 11:09 UTC"}
	r := Diagnose(copied(t, s))
	if f := r.finding("client-tls-negotiation-fails"); f == nil || !slices.Contains(f.Evidence, want) {
		t.Errorf("want %q:\n%s", want.Text, said(r))
	}
	if text := said(r); strings.Contains(text, "2016-08") || !strings.Contains(text, "listener HTTPS:443 has the policy ELBSecurityPolicy-TLS13-1-2-2021-06") {
		t.Errorf("want the policy of the listener that speaks TLS alone:\n%s", text)
	}
}
