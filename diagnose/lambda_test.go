package diagnose

import (
	"slices"
	"testing"
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
