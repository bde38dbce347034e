//go:build unix

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"loglens/query"
	"loglens/report"
)

// TestSecretsOfURLs: what lets somebody in, or names somebody, and stood in a URL is in
// no report and no summary. Only raw and rejects show lines as they are, and SQL what it
// is asked for.
func TestSecretsOfURLs(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 5))
	word := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[rng.IntN(62)]
		}
		return string(b)
	}
	var secrets []string
	secret := func(form string) string {
		s := "Canary" + word(10) + "7"
		secrets = append(secrets, s)
		return fmt.Sprintf(form, s)
	}
	urls := []func() string{
		func() string { return "https://shop.example.com:443/cart?token=" + secret("%s") },
		func() string { return "https://shop.example.com:443/cart?a=1&password=" + secret("%s") + "&x" },
		func() string {
			return "https://shop.example.com:443/o?X-Amz-Signature=" + secret("%s") + "#" + secret("%s")
		},
		func() string { return "https://jane:" + secret("%s") + "@shop.example.com:443/cart" },
		func() string { return "https://" + secret("%s") + "@shop.example.com:443" },
		func() string { return "https://shop.example.com:443/reset/" + secret("%sabc") },
		func() string {
			return "https://shop.example.com:443/s/eyJhbGciOiJIUzI1NiJ9." + secret("%s") + "." + secret("%s")
		},
		func() string { return "https://shop.example.com:443/u/" + secret("%s") + "@mail.example/orders" },
		func() string { return "https://shop.example.com:443/u/" + secret("%s") + "%40mail.example" },
	}
	var text strings.Builder
	for i := range 600 {
		fmt.Fprintf(&text, `https 2026-10-07T07:%02d:01.101682Z app/shop/50dc6c495c0c9188 198.51.100.7:65530 10.0.32.18:80 -1 -1 -1 502 - 1458 277 "GET %s HTTP/1.1" "%s" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 `+
			`arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/checkout/cd18ee8d310e74a0 "Root=1-6703a1b5-2f1c7a9d4b6e8f0a1c2d3e4f" "shop.example.com" "session-reused" 10 2026-10-07T07:15:00.941000Z "forward" "%s" "-" "10.0.32.18:80" "-" "-" "-"`+"\n",
			i%60, urls[i%len(urls)](), secret("agent %s"), urls[i%2]())
	}
	log := filepath.Join(t.TempDir(), "shop.log")
	if err := os.WriteFile(log, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	var commands [][]string
	for _, r := range query.Reports() {
		if r.Name == "raw" || r.Name == "rejects" || r.Name == "health" || r.Name == "tls" {
			continue
		}
		for _, e := range report.Encoders {
			commands = append(commands, []string{r.Name, "--output", e.Name})
			if r.Name == "routes" {
				commands = append(commands, []string{r.Name, "--output", e.Name, "--limit", "0"})
			}
		}
	}
	for _, form := range report.SummaryEncoders.Names() {
		commands = append(commands, []string{"summary", "--output", form})
	}
	for _, command := range commands {
		stdout, stderr, status := newProcess(t, append(slices.Clone(command), log)...).output(t)
		if status != 0 {
			t.Errorf("%q: exit status %d: %s", command, status, stderr)
		}
		found := 0
		for _, s := range secrets {
			if strings.Contains(stdout+stderr, s) {
				if found++; found == 1 {
					t.Errorf("%q shows %s", command, s)
				}
			}
		}
	}
	stdout, _, _ := newProcess(t, "raw", "--limit", "0", log).output(t)
	for _, s := range secrets {
		if !strings.Contains(stdout, s) {
			t.Fatalf("raw does not show %s, so that the test looks for nothing", s)
		}
	}
}
