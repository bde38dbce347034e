package diagnose

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// asked is a request of a client for a path, and whether AWS WAF blocked it.
type asked struct {
	at           time.Time
	client, path string
	bytes        int
	blocked      bool
}

func (a asked) line() string {
	line := strings.Replace(accessLine(a.at, first, false), "198.51.100.7:", a.client+":", 1)
	line = strings.Replace(line, ":80/ HTTP", ":80"+a.path+" HTTP", 1)
	line = strings.Replace(line, " 200 200 100 200 ", fmt.Sprintf(" 200 200 %d 200 ", a.bytes), 1)
	if a.blocked {
		line = strings.Replace(line, " "+first+" 0.000 0.001 0.000 200 200 ", " - -1 -1 -1 403 - ", 1)
		line = strings.NewReplacer(webARN, "-", `"forward"`, `"waf"`, fmt.Sprintf("%q %q", first, "200"), `"-" "-"`).Replace(line)
	}
	return line
}

// TestWAFBlocksClients: a path of which AWS WAF blocks what it let through before, of clients that are answered otherwise, is
// told, with how many of how many, and since when; scanners, who guesses passwords from a few addresses, and what was always
// blocked, are not.
func TestWAFBlocksClients(t *testing.T) {
	const hours, path = 4, "/api/listings"
	for _, tt := range []struct {
		name   string
		blocks func(minute int, random *rand.Rand) bool // a request of a client for the path
		attack func(minute int) (client string, n int)  // blocked for the path in a minute
		bytes  int
		level  Level // "" for no finding
		says   []string
	}{
		{"since the second hour", func(m int, r *rand.Rand) bool { return m >= 90 && r.IntN(3) == 0 }, nil, 500, Fail, []string{"They end so since 09:30 UTC: none did before.", " addresses, "}},
		{"large ones, since the second hour", func(m int, r *rand.Rand) bool { return m >= 90 && r.IntN(3) == 0 }, nil, 9000, Fail, []string{"since 09:30 UTC", "larger than 8 KB", "SizeRestrictions_BODY"}},
		{"more than before", func(m int, r *rand.Rand) bool { return r.IntN(map[bool]int{true: 2, false: 40}[m >= 90]) == 0 }, nil, 500, Fail, []string{"Since 09:30 UTC, "}},
		{"always", func(_ int, r *rand.Rand) bool { return r.IntN(3) == 0 }, nil, 500, "", nil},
		{"none", func(int, *rand.Rand) bool { return false }, nil, 500, "", nil},
		{"over", func(m int, r *rand.Rand) bool { return m >= 60 && m < 100 && r.IntN(3) == 0 }, nil, 500, "", nil},
		{"passwords guessed from a few addresses", func(int, *rand.Rand) bool { return false }, func(m int) (string, int) { return fmt.Sprintf("203.0.113.%d", m%5), min(40, max(0, m-120)) }, 500, "", nil},
		{"from addresses that nobody answers", func(int, *rand.Rand) bool { return false }, func(m int) (string, int) { return fmt.Sprintf("203.0.%d.7", m), min(40, max(0, m-120)) }, 500, "", nil},
		{"again and again from addresses of clients", func(int, *rand.Rand) bool { return false }, func(m int) (string, int) { return fmt.Sprintf("192.0.2.%d", m%20), min(40, max(0, m-120)) }, 500, Warn, []string{"of each address, more than people try"}},
	} {
		s := base()
		s.From = s.Until.Add(-hours * time.Hour)
		random := rand.New(rand.NewPCG(5, 8))
		var lines []string
		blocked, addresses, answered := int64(0), map[string]bool{}, map[string]bool{}
		add := func(a asked) {
			lines = append(lines, a.line())
			if a.path == path && a.blocked {
				blocked++
				addresses[a.client] = true
			}
			if !a.blocked {
				answered[a.client] = true
			}
		}
		for m := range 60 * hours {
			at := s.minute(m)
			for range 20 {
				add(asked{at: at, client: fmt.Sprintf("192.0.2.%d", random.IntN(200)), path: fmt.Sprintf("/items/%d", random.IntN(99)), bytes: 300})
			}
			for range 6 {
				add(asked{at: at, client: fmt.Sprintf("192.0.2.%d", random.IntN(200)), path: path, bytes: tt.bytes, blocked: tt.blocks(m, random)})
			}
			for range 3 {
				add(asked{at: at, client: fmt.Sprintf("198.18.0.%d", random.IntN(30)), path: "/wp-login.php", bytes: 200, blocked: true})
			}
			if tt.attack != nil {
				client, n := tt.attack(m)
				for range n {
					add(asked{at: at, client: client, path: path, bytes: 400, blocked: true})
				}
			}
		}
		known := 0
		for a := range addresses {
			if answered[a] {
				known++
			}
		}
		s.Logs = logged(t, s, lines)
		r := Diagnose(copied(t, s))
		f := r.found(t, tt.name, "waf-blocks-clients", tt.level, s.Logs.WAFRoutes)
		if f == nil {
			continue
		}
		text := said(&Report{Findings: []*Finding{f}})
		want := append(slices.Clone(tt.says), fmt.Sprintf("%d requests for %s ended with the action waf", blocked, path), fmt.Sprintf("of %d addresses, %d of which targets answered others", len(addresses), known))
		for _, want := range want {
			if f.Level != tt.level || !strings.Contains(text, want) {
				t.Errorf("%s: want %s, %q:\n%s", tt.name, tt.level, want, text)
			}
		}
	}
}

// TestWAFBlocksAttack: what AWS WAF blocks of who guesses passwords, a few from each of many addresses that load the form
// first, is at most a warning that says to look first, and hides no route of which it blocks clients as well.
func TestWAFBlocksAttack(t *testing.T) {
	const hours = 4
	for _, tt := range []struct {
		name    string
		upload  int // one of so many large uploads is blocked since 09:30, and always if that is all; 0 for none
		guesses int // from each of three new addresses of a minute
		again   int // times that a client tries in a minute
		level   Level
		says    []string
		not     string
		beside  string // another finding
	}{
		{"guesses from new addresses", 0, 4, 0, Warn, []string{"for /login, of clients", "they come on top", "look first", "leave it as it is"}, "leave the path out", ""},
		{"and large uploads that were always blocked", 1, 3, 0, Warn, []string{"for /login, of clients"}, "/upload", "waf-blocks-large-bodies"},
		{"and large uploads of clients", 3, 4, 0, Fail, []string{"for /upload, of clients", "SizeRestrictions_BODY"}, "/login", ""},
		{"from addresses of clients, and uploads of others", 3, 0, 1, Fail, []string{"for /upload, of clients", "SizeRestrictions_BODY"}, "/login", ""},
		{"only from addresses of clients", 0, 0, 1, Warn, []string{"more than people try", "look first"}, "leave the path out", ""},
	} {
		s := base()
		s.From = s.Until.Add(-hours * time.Hour)
		random := rand.New(rand.NewPCG(5, 8))
		client := func() string { return fmt.Sprintf("192.0.2.%d", random.IntN(200)) }
		var lines []string
		add := func(a asked) { lines = append(lines, a.line()) }
		for m := range 60 * hours {
			at := s.minute(m)
			for range 20 {
				add(asked{at: at, client: client(), path: fmt.Sprintf("/items/%d", random.IntN(99)), bytes: 300})
			}
			for range 6 {
				add(asked{at: at, client: client(), path: "/login", bytes: 400})
				add(asked{at: at, client: client(), path: "/upload", bytes: 9000, blocked: tt.upload > 0 && (m >= 90 || tt.upload == 1) && random.IntN(max(tt.upload, 1)) == 0})
			}
			if m < 90 {
				continue
			}
			for i := range 3 * min(tt.guesses, 1) {
				from := fmt.Sprintf("10.%d.%d.7", m, i)
				add(asked{at: at, client: from, path: "/login", bytes: 300})
				for range tt.guesses {
					add(asked{at: at, client: from, path: "/login", bytes: 400, blocked: true})
				}
			}
			for i := range 30 * tt.again {
				add(asked{at: at, client: fmt.Sprintf("192.0.2.%d", i), path: "/login", bytes: 400, blocked: true})
			}
		}
		s.Logs = logged(t, s, lines)
		r := Diagnose(copied(t, s))
		f := r.finding("waf-blocks-clients")
		if f == nil {
			t.Errorf("%s: nothing found:\n%s", tt.name, said(r))
			continue
		}
		text := said(&Report{Findings: []*Finding{f}})
		if f.Level != tt.level || strings.Contains(text, tt.not) {
			t.Errorf("%s: want %s, without %q:\n%s", tt.name, tt.level, tt.not, text)
		}
		if tt.beside != "" && r.finding(tt.beside) == nil {
			t.Errorf("%s: %s is not found:\n%s", tt.name, tt.beside, said(r))
		}
		for _, want := range tt.says {
			if !strings.Contains(text, want) {
				t.Errorf("%s: want %q:\n%s", tt.name, want, text)
			}
		}
	}
}

// TestWAFBlocksOfAllRoutes: where AWS WAF begins to block a part of all that clients ask for, no other route tells how many would
// be answered.
func TestWAFBlocksOfAllRoutes(t *testing.T) {
	for since, level := range map[int]Level{90: Fail, 240: ""} {
		s := base()
		s.From = s.Until.Add(-4 * time.Hour)
		random := rand.New(rand.NewPCG(5, 8))
		var lines []string
		for m := range 240 {
			for i := range 30 {
				a := asked{at: s.minute(m), client: fmt.Sprintf("192.0.2.%d", random.IntN(200)), path: []string{"/", "/login", "/cart"}[i%3], bytes: 300}
				a.blocked = m >= since && random.IntN(3) == 0
				lines = append(lines, a.line())
			}
		}
		s.Logs = logged(t, s, lines)
		r := Diagnose(copied(t, s))
		f := r.finding("waf-blocks-clients")
		if f == nil && level != "" || f != nil && f.Level != level {
			t.Errorf("since minute %d: want %q:\n%s", since, level, said(r))
		}
	}
}
