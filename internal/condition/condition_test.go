package condition

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

var fields = []Field{{"requests", Count}, {"failures", Count}, {"failure_rate", Ratio}, {"p99", Seconds}}

func known(values map[string]float64) func(string) (float64, bool) {
	return func(name string) (float64, bool) {
		x, ok := values[name]
		return x, ok
	}
}

func TestTrue(t *testing.T) {
	values := map[string]float64{"requests": 1000, "failures": 5, "failure_rate": 0.005}
	tests := []struct {
		text string
		want bool
	}{
		{"failure_rate > 0.4%", true},
		{"failure_rate > 0.5%", false},
		{"failure_rate >= 0.5%", true},
		{"failure_rate == 0.5 %", true},
		{"failure_rate == 0.005", true},
		{"failure_rate != 0.5%", false},
		{"failure_rate >= 100% or failure_rate == 1", false},
		{"failure_rate < 1", true},
		{"requests >= 1k", true},
		{"requests<1.001k", true},
		{"requests >= 1k and failures > 5", false},
		{"requests >= 1k and failures > 5 or failure_rate > 0", true},
		{"failure_rate > 0 or requests >= 1k and failures > 5", true},
		{"failures > 5 or failures < 5 or failures == 5", true},
		{"p99 > 0s", false},
		{"p99 > 0", false},
		{"p99 <= 5ms", false},
		{"p99 != 1s", false},
		{"failures!=4", true},
		{"p99 > 1 s or failures == 5", true},
		{"\tfailures\n==\t5 ", true},
	}
	for _, tt := range tests {
		c, err := Parse(tt.text, fields)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if got := c.True(known(values)); got != tt.want {
			t.Errorf("%s is %v", tt.text, got)
		}
	}
}

func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "a field is wanted",
		"  ":                          "a field is wanted",
		"errors > 5":                  `no field "errors"`,
		"failures":                    "is wanted",
		"failures 5":                  `stands "5" where one of`,
		"failures = 5":                "written ==",
		"failures => 5":               `"=" is written ==`,
		"failures >":                  "compared with a number",
		"failures > five":             `"five" stands where`,
		"failures > -5":               `"-5" stands where`,
		"failures > 5%":               "a rate takes %",
		"failures > 5ms":              "a rate takes %",
		"failure_rate > 5":            "write 5%",
		"failure_rate > 500%":         "at most 1",
		"failure_rate > 1":            "never above 1, which is 100%: write > 1%",
		"failure_rate > 100%":         "or >= 100%",
		"failure_rate > 1k":           "a rate takes %",
		"p99 > 2m":                    `a time ms or s`,
		"p99 > 2or failures > 1":      `"2or" is no number`,
		"failures > 1.5.2":            `no number`,
		"p99 > 200":                   "p99 is a time: write 200ms or 200s",
		"p99 > 5%":                    "a rate takes %",
		"failures > 5 and":            "a field is wanted at the end",
		"failures > 5 requests > 3":   `"requests" stands where`,
		"failures > 5 && p99 > 1":     `"&&" stands where`,
		"failures > 5 and and p99 >1": `no field "and"`,
		"(failures > 5)":              `no field "(failures"`,
		"failures > 5 or":             "a field is wanted at the end",
	} {
		_, err := Parse(text, fields)
		var bad *Error
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
			continue
		}
		if !strings.HasSuffix(bad.Hint(), "requests, failures, failure_rate, p99") {
			t.Errorf("%q: the hint %q does not list the fields", text, bad.Hint())
		}
	}
}

func TestFields(t *testing.T) {
	c, err := Parse("p99 > 1s and failures > 2 or p99 > 3s", fields)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(c.Fields(), c); got != "[p99 failures] p99 > 1s and failures > 2 or p99 > 3s" {
		t.Error(got)
	}
}

// TestAgainstNaive holds conditions made at random to the obvious way: split at
// "or", then at "and", and scan each part.
func TestAgainstNaive(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		check(t, made(rng), uint8(rng.IntN(256)))
	}
}

func FuzzCondition(f *testing.F) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		f.Add(made(rng), uint8(rng.IntN(256)))
	}
	f.Add("failures > 5 and", uint8(3))
	f.Fuzz(func(t *testing.T, text string, seed uint8) { check(t, text, seed) })
}

// made is a condition that can be read.
func made(rng *rand.Rand) string {
	var b strings.Builder
	for i := range 1 + rng.IntN(5) {
		if i > 0 {
			b.WriteString([]string{" and ", " or "}[rng.IntN(2)])
		}
		f := fields[rng.IntN(len(fields))]
		units := map[Unit][]string{Count: {"", "k"}, Ratio: {"%"}, Seconds: {"ms", "s"}}[f.Unit]
		fmt.Fprintf(&b, "%s %s %d%s", f.Name, []string{">", ">=", "<", "<=", "==", "!="}[rng.IntN(6)], rng.IntN(4), units[rng.IntN(len(units))])
	}
	return b.String()
}

// check compares Parse and True with naive, wherever the text can be read. Each
// field has one of few values, or none.
func check(t *testing.T, text string, seed uint8) {
	t.Helper()
	c, err := Parse(text, fields)
	if err != nil {
		return
	}
	values := map[string]float64{}
	for i, f := range fields {
		scale := map[Unit]float64{Count: 1, Ratio: 0.01, Seconds: 1}[f.Unit]
		if n := seed >> (2 * i) & 3; n != 3 {
			values[f.Name] = float64(n) * scale
		}
	}
	if got, want := c.True(known(values)), naive(text, values); got != want {
		t.Fatalf("%q of %v is %v, want %v", text, values, got, want)
	}
}

func naive(text string, values map[string]float64) bool {
	spread := text
	for _, op := range []string{">", "<", "=", "!"} {
		spread = strings.ReplaceAll(spread, op, " "+op+" ")
	}
	for _, split := range []string{">  =", "<  =", "=  =", "!  ="} {
		spread = strings.ReplaceAll(spread, split, strings.ReplaceAll(split, "  ", ""))
	}
	words := strings.Fields(strings.ReplaceAll(spread, "%", " % "))
	var alternatives [][]string
	start := 0
	for i, w := range append(words, "or") {
		if w == "or" {
			alternatives = append(alternatives, words[start:i])
			start = i + 1
		}
	}
	for _, a := range alternatives {
		holds := true
		start := 0
		for i, w := range append(append([]string{}, a...), "and") {
			if w == "and" {
				holds = holds && naiveCompare(a[start:i], values)
				start = i + 1
			}
		}
		if holds {
			return true
		}
	}
	return false
}

func naiveCompare(words []string, values map[string]float64) bool {
	x, ok := values[words[0]]
	var y float64
	var unit string
	if n, _ := fmt.Sscanf(strings.Join(words[2:], ""), "%f%s", &y, &unit); n == 0 {
		panic(fmt.Sprintf("no number in %q", words))
	}
	y *= map[string]float64{"": 1, "s": 1, "k": 1000, "%": 0.01, "ms": 0.001}[unit]
	near := x-y < 1e-12 && y-x < 1e-12
	return ok && map[string]bool{
		">": x > y && !near, ">=": x >= y || near, "<": x < y && !near, "<=": x <= y || near, "==": near, "!=": !near,
	}[words[1]]
}
