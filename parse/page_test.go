package parse

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite docs/reasons.md")

const pageIntro = `# Why a request failed: the reasons

<!-- Generated from parse/rules.go and parse/classicrules.go by "go generate ./parse". Do not edit. -->

Every failed request gets exactly one reason, and the reason says where it comes from:

* **logged**: AWS wrote a code into the line's ` + "`error_reason`" + `. loglens passes it through, whatever it is.
* **derived**: AWS wrote ` + "`-`" + `. loglens concludes the reason from the status codes, the three processing times and the other fields of the line. A derived reason is never AWS's word.

AWS logs a code for authentication, JWT, Lambda, AWS WAF and weighted target groups only. **For failures on the network between balancer and target it writes ` + "`-`" + `**: a refused connection, a timeout and a failed TLS handshake all come as a bare 502 or 504. What tells them apart are the times: ` + "`-1`" + ` is not a duration, it says that this part of the exchange never happened.

**` + "`Target_TLS_Error`" + ` is never derived from the line alone.** A failed TLS handshake with the target leaves the same line as a refused connection (502) or a dropped one (504). So such a line is named after its usual cause, ` + "`Target_Connection_Error` or `Target_Connect_Timeout`" + `. If the target group speaks HTTPS, compare the CloudWatch metrics ` + "`TargetTLSNegotiationErrorCount` and `TargetConnectionErrorCount`" + ` of the same minute. Should a line have ` + "`Target_TLS_Error`" + ` as its ` + "`error_reason`" + `, it is passed through as logged.

A 3xx or 4xx that the *target* answered was delivered, and is no failure. Neither is a redirect, a fixed response or an AWS WAF answer below 400.

All this is about an Application Load Balancer. A [Classic Load Balancer](#classic-load-balancer) has rules of its own, with some of the same reasons.

## Classes

| class | whose failure | counted by top-errors |
|---|---|---|
`

// classPages says what each class is about, in the order of the page.
var classPages = []struct {
	class   Class
	whose   string
	counted string
}{
	{ClassTarget, "the target, or the network on the way to it", "yes"},
	{ClassBalancer, "the load balancer or its rules", "yes"},
	{ClassLambda, "a Lambda function as target", "yes"},
	{ClassUnknown, "nobody knows yet", "yes"},
	{ClassClient, "the client: it gave up, or asked for something that cannot be", "no, listed under \"not counted\""},
	{ClassPolicy, "nobody: the balancer answered as it was told to, or what it asked did not answer: an identity provider, AWS WAF", "no, listed under \"not counted\""},
}

// TestReasonsPage compares docs/reasons.md with Rules and ClassicRules.
func TestReasonsPage(t *testing.T) {
	const path = "../docs/reasons.md"
	want := reasonsPage(t)
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/reasons.md is not what the rules say; run go generate ./parse (-want +got):\n%s", diff)
	}
}

func reasonsPage(t *testing.T) string {
	var b strings.Builder
	b.WriteString(pageIntro)
	for _, p := range classPages {
		fmt.Fprintf(&b, "| [%s](#%[1]s) | %s | %s |\n", p.class, p.whose, p.counted)
	}
	examples := examplesOf(t, Rules, "reasons.log")
	b.WriteString("\nExamples show the fields of the log line that decide: `target:port`, the three processing times, `elb_status_code` and `target_status_code` as they stand there, then others by name.\n")
	for _, p := range classPages {
		writeClass(&b, p.class, examples)
	}
	writeLogged(&b)
	writeOrder(&b)
	writeClassic(&b, examplesOf(t, ClassicRules, "classic_reasons.log"))
	b.WriteString("\n## Sources\n\nAWS: \"Access logs for your Application Load Balancer\", \"Troubleshoot your Application Load Balancers\", \"CloudWatch metrics for your Application Load Balancer\"; \"Access logs for your Classic Load Balancer\", \"Troubleshoot a Classic Load Balancer: HTTP errors\"; AWS re:Post on 502 and 504 errors; published log lines. Read 2026-11.\n")
	return b.String()
}

// examplesOf returns, by the place of a rule, the first line that it decides.
func examplesOf(t *testing.T, rules []Rule, file string) map[int]string {
	examples := map[int]string{}
	reasonLines(t, file, func(_ int64, _ string, e *Access) {
		if i := firstRule(rules, e); examples[i] == "" {
			examples[i] = telling(e, &rules[max(i, 0)].When)
		}
	})
	return examples
}

// writeClass writes a section per reason, and a paragraph per rule of it.
func writeClass(b *strings.Builder, class Class, examples map[int]string) {
	fmt.Fprintf(b, "\n## %s\n", class)
	written := map[string]bool{}
	for _, r := range Rules {
		if r.Class != class || r.Reason == Delivered || written[r.Reason] {
			continue
		}
		written[r.Reason] = true
		fmt.Fprintf(b, "\n### %s\n", r.Reason)
		for i, same := range Rules {
			if same.Reason != r.Reason {
				continue
			}
			fmt.Fprintf(b, "\n%s\n\n* When (rule %d): %s\n* Check: %s\n", same.Meaning, i+1, same.When.String(), same.Check)
			if examples[i] != "" {
				fmt.Fprintf(b, "* Example: `%s`\n", examples[i])
			}
		}
	}
}

// telling shows the fields that a condition asks for.
func telling(e *Access, c *Condition) string {
	var w []string
	for f := FieldTarget; f <= FieldTargetStatus; f++ {
		w = append(w, string(e.Field(f)))
	}
	for f := FieldTargetStatus + 1; f < Fields; f++ {
		if c.columns()&columnOf(int(f), wholePart) == 0 {
			continue
		}
		value := string(e.Field(f))
		if arn, name, ok := strings.Cut(value, ":targetgroup/"); ok {
			value = arn[:len("arn:")] + "…:targetgroup/" + name
		}
		w = append(w, f.String()+"="+value)
	}
	return strings.Join(w, " ")
}

func writeLogged(b *strings.Builder) {
	b.WriteString("\n## Logged codes\n\nCodes that AWS documents for `error_reason`, with the CloudWatch metric that counts them. A code that nobody knows yet is passed through, with the class of those whose names begin alike (`Lambda…`, `WAF…`, `Auth…`, `JWT…`, `JWKS…`, `Target_…`), or else unknown.\n\n| from | class | metric | codes |\n|---|---|---|---|\n")
	for _, d := range documented {
		metric := "–"
		if d.metric != "" {
			metric = "`" + d.metric + "`"
		}
		fmt.Fprintf(b, "| %s | %s | %s | `%s` |\n", d.category, d.class, metric, strings.Join(strings.Fields(d.codes), "` `"))
	}
}

func writeOrder(b *strings.Builder) {
	b.WriteString("\n## Order\n\nThe rules are tried from the top; the first match wins. A line with an `error_reason` does not come here.\n\n| # | when | reason |\n|---|---|---|\n")
	for i, r := range Rules {
		fmt.Fprintf(b, "| %d | %s | %s |\n", i+1, r.When.String(), linked(r.Reason))
	}
	b.WriteString("\n## In SQL\n\nThe same rules for Athena, Trino or DuckDB. Columns have AWS's names, with `target_ip` out of `target:port`. Status codes are integers and times doubles, and **what AWS writes as `-` or `-1` must be NULL**: wrap the columns of a raw table as in `nullif(error_reason, '-')` and `nullif(request_processing_time, -1)`. Only `matched_rule_priority`, a text, keeps its `-1`: the rules could not be evaluated. AWS's own DDL calls `error_reason` `lambda_error_reason` and may lack the last columns: select `CAST(NULL AS varchar)` for those.\n\n```sql\n")
	b.WriteString(ReasonSQL())
	b.WriteString("\n```\n")
}

// linked is a reason as a link to its section.
func linked(reason string) string {
	if reason == Delivered {
		return "no failure"
	}
	return fmt.Sprintf("[%s](#%s)", reason, strings.ToLower(reason))
}

const classicIntro = `
## Classic Load Balancer

Its log has neither target group nor actions, and no ` + "`error_reason`: every reason is derived. `target` here is what that log calls `backend`: an instance. A backend status of `0`" + `, which it writes where no instance has answered, is taken as absent.

What differs from an Application Load Balancer: it does not fail open, so 503 also means that no instance is healthy; a 504 mostly names no instance, and does not tell a timeout from a closed connection; and a TCP or SSL listener logs connections, with ` + "`-` for both status codes and the time that connecting took as `target_processing_time`" + `.

The rules are tried from the top; the first match wins.
`

func writeClassic(b *strings.Builder, examples map[int]string) {
	b.WriteString(classicIntro)
	for i, r := range ClassicRules {
		fmt.Fprintf(b, "\n%d. %s: %s", i+1, r.When.String(), linked(r.Reason))
		if r.Reason != Delivered {
			fmt.Fprintf(b, "\n    * %s\n    * Check: %s", r.Meaning, r.Check)
		}
		if examples[i] != "" {
			fmt.Fprintf(b, "\n    * Example: `%s`", examples[i])
		}
	}
	b.WriteString("\n\nIn SQL, with the columns named as above and a backend status of 0 as NULL:\n\n```sql\n")
	b.WriteString(ClassicReasonSQL())
	b.WriteString("\n```\n")
}
