package diagnose

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestLambdaReasons: each reason for which a function's requests failed is told with its
// number, the most frequent first, however many there are.
func TestLambdaReasons(t *testing.T) {
	s := base()
	s.web().Type = "lambda"
	want := []string{"LambdaThrottling: 300", "LambdaInvalidResponse: 240", "LambdaUnhandled: 180", "LambdaRequestTooLarge: 120", "LambdaResponseTooLarge: 60"}
	for n, reason := range map[int64]string{60: "LambdaResponseTooLarge", 120: "LambdaRequestTooLarge", 180: "LambdaUnhandled", 240: "LambdaInvalidResponse", 300: "LambdaThrottling"} {
		s.failing(reason, "", 502, n, func(f *Failure) { f.Class, f.Source = "lambda", "logged" })
	}
	r := Diagnose(copied(t, s))
	found := r.Findings[0]
	if found.ID != "lambda-errors" || found.Explains != 900 {
		t.Fatal(said(r))
	}
	for _, text := range want {
		if !slices.Contains(found.Evidence, Evidence{FromLog, text}) {
			t.Errorf("%q is not told: %+v", text, found.Evidence)
		}
	}
	if s := "The function of web fails: LambdaThrottling, LambdaInvalidResponse, LambdaUnhandled and 2 more."; found.Sentence != s {
		t.Errorf("got %q, want %q", found.Sentence, s)
	}
}

// TestFunctionDidNotRun: what Lambda answers in place of a function, such as one whose alias was
// deleted, is not looked for in the function's log.
func TestFunctionDidNotRun(t *testing.T) {
	const alias = "arn:aws:lambda:eu-central-1:111122223333:function:shop:live"
	for reason, tt := range map[string]struct {
		do  string
		log bool
	}{
		"LambdaResourceNotFound":         {"version or alias", false},
		"LambdaENILimitReachedException": {"network", false},
		"LambdaConnectionTimeout":        {"health page", false},
		"LambdaThrottling":               {"concurrency", true},
		"LambdaInvalidResponse":          {"log", true},
	} {
		for _, also := range []bool{false, true} {
			s := base()
			s.function()
			s.web().Targets[0].ID = alias
			s.failing(reason, "", 502, 600, func(f *Failure) { f.Class = "lambda" })
			if also {
				s.failing("LambdaUnhandled", "", 502, 60, func(f *Failure) { f.Class = "lambda" })
			}
			r := Diagnose(copied(t, s))
			f := r.Findings[0]
			verify := strings.Join(f.Verify, "\n")
			if f.ID != "lambda-errors" || !strings.Contains(f.Do, tt.do) || strings.Contains(f.Do, "function's log") != (tt.log || also) ||
				strings.Contains(verify, "logs tail --region eu-central-1 /aws/lambda/shop ") != (tt.log || also) || strings.Contains(verify, "--function-name "+alias) == tt.log {
				t.Errorf("%s, with one of the function's own: %v:\n%s", reason, also, said(r))
			}
		}
	}
}

// TestInvalidResponse: a function that returns what is no response has no error in its log. What
// it has to return is said, with the field for headers that its group asks for.
func TestInvalidResponse(t *testing.T) {
	for value, want := range map[string]string{"true": "multiValueHeaders, in place of headers,", "false": "headers, in place of multiValueHeaders,", "": "or, if multi-value headers are on for the target group, multiValueHeaders"} {
		for _, also := range []bool{false, true} {
			s := base()
			s.function()
			s.web().Attributes = map[string]string{}
			if value != "" {
				s.web().Attributes["lambda.multi_value_headers.enabled"] = value
			}
			s.failing("LambdaInvalidResponse", "", 502, 600, func(f *Failure) { f.Class = "lambda" })
			if also {
				s.failing("LambdaThrottling", "", 502, 60, func(f *Failure) { f.Class = "lambda" })
			}
			r := Diagnose(copied(t, s))
			f := r.Findings[0]
			told := slices.Contains(f.Evidence, Evidence{FromConfig, "lambda.multi_value_headers.enabled of web is " + value})
			if f.ID != "lambda-errors" || !strings.Contains(f.Do, want) || !strings.Contains(f.Do, "statusCode that is a number") || told != (value != "") || strings.Contains(f.Do, "concurrency") != also {
				t.Errorf("%q, with others: %v:\n%s", value, also, said(r))
			}
		}
	}
}

// TestFunctionAnswers: what a function answers with 5xx, and what clients did not wait for, are parts
// of what its group was sent, since logs name no target of it.
func TestFunctionAnswers(t *testing.T) {
	for id, tt := range map[string]struct {
		change func(*Snapshot)
		want   string
	}{
		"target-answers-5xx": {func(s *Snapshot) {
			s.failing("Target_5XX", "", 500, 5900, func(f *Failure) { f.TargetStatus = 500 })
		}, "5900 requests were answered with 5xx by the target (500: 5900), 98.3 % of the group's"},
		"clients-gave-up": {func(s *Snapshot) {
			s.failing("Client_Closed", "", 460, 3000, func(f *Failure) { f.Class = "client" })
		}, "50 % of the requests to web ended with 460"},
	} {
		s := base()
		s.function()
		tt.change(s)
		r := Diagnose(copied(t, s))
		if f := r.finding(id); f == nil || f.Level != Warn || !strings.Contains(said(r), tt.want) {
			t.Errorf("want a warning, %q:\n%s", tt.want, said(r))
		}
	}
}

// TestPermissionOfGroupMadeAnew: a target group that is made anew has another ARN, for which the function's
// permission is none, and whose statement Lambda keeps: its ID cannot be used again.
//
// Source: AWS, "AddPermission" of the Lambda API reference, read 2026-11.
func TestPermissionOfGroupMadeAnew(t *testing.T) {
	id := regexp.MustCompile(`--statement-id (\S+)`)
	seen := map[string]bool{}
	for _, arn := range []string{webARN, webARN[:len(webARN)-1] + "1"} {
		s := base()
		s.function()
		s.web().ARN, s.Listeners[0].Rules = arn, []Rule{forwardTo("default", arn)}
		s.failing("LambdaAccessDenied", "", 502, 60, func(f *Failure) { f.Class, f.Group = "lambda", arn })
		f := Diagnose(copied(t, s)).finding("lambda-access-denied")
		if f == nil || len(f.Fix) != 1 || len(f.Undo) != 1 || id.FindString(f.Fix[0]) == "" || id.FindString(f.Fix[0]) != id.FindString(f.Undo[0]) {
			t.Fatalf("want a command, and one that takes it back: %+v", f)
		}
		seen[id.FindString(f.Fix[0])] = true
	}
	if len(seen) != 2 {
		t.Errorf("two groups have the same statement: %v", seen)
	}
}

// TestFunctionFailsRarely: a function that fails for few of many requests is a warning, but not where it fails
// now, by the last minutes of the logs or by metrics after them.
func TestFunctionFailsRarely(t *testing.T) {
	for _, tt := range []struct {
		name   string
		n      int64
		change func(*Snapshot)
		want   Level
	}{
		{"few", 12, func(*Snapshot) {}, Warn},
		{"many", 120, func(*Snapshot) {}, Fail},
		{"few, all of them just now", 12, func(s *Snapshot) { s.Logs.Minutes[53].Reasons = map[string]int64{"LambdaUnhandled": 12} }, Fail},
		{"few, and more after the logs", 12, func(s *Snapshot) { s.late("HTTPCode_ELB_5XX_Count", "", 56, 40) }, Fail},
		{"few, and the newest", 12, func(s *Snapshot) { s.Logs.Failures[0].Last = s.Logs.Last }, Fail},
		{"few, as after the logs", 12, func(s *Snapshot) {
			s.Logs.Minutes = s.Logs.Minutes[:55]
			s.late("HTTPCode_ELB_5XX_Count", "", 58, 1)
		}, Warn},
		{"few, and after the logs all, few as they are among those of all groups", 12, func(s *Snapshot) {
			for i := range s.Metrics[0].Points { // of the balancer
				s.Metrics[0].Points[i].Value = 100_000
			}
			s.late("HTTPCode_ELB_5XX_Count", "", 56, 100)
		}, Fail},
	} {
		s := base()
		s.function()
		s.failing("LambdaUnhandled", "", 502, tt.n, func(f *Failure) { f.Class, f.Last = "lambda", s.Logs.Last.Add(-time.Minute) })
		tt.change(s)
		r := Diagnose(copied(t, s))
		if f := r.finding("lambda-errors"); f == nil || f.Level != tt.want || strings.Contains(f.Sentence, "now and then") != (tt.want == Warn) || f.Explains != tt.n {
			t.Errorf("%s: want a %s:\n%s", tt.name, tt.want, said(r))
		}
	}
}
