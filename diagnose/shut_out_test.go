package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestShutOut: clients whom the balancer's settings keep out, and who came before, are told, with when they came last; not
// those who come, are let in, came now and then as scanners do, or were refused most of what they asked for: no command lets in
// who attacked.
func TestShutOut(t *testing.T) {
	const partner = "203.0.113.7"
	open := []string{"0.0.0.0/0"}
	some := []string{"198.51.100.0/24"}
	deny := func(s *Snapshot, e ACLEntry) {
		for i := range s.Network.ACLs {
			if slices.Contains(s.Network.ACLs[i].Subnets, s.Balancer.Zones[0].Subnet) {
				s.Network.ACLs[i].Entries = append(s.Network.ACLs[i].Entries, e)
			}
		}
	}
	for _, tt := range []struct {
		name    string
		lets    []string // in by the security group
		every   int      // requests of others until one of a partner
		until   int      // the minute from which on none comes
		from    func(i int) string
		change  func(*Snapshot)
		level   Level // "" for no finding
		says    string
		command string
	}{
		{"came until minute 30", some, 5, 30, nil, nil, Fail, "Clients at 203.0.113.7 came until 11:29 UTC, and none since: the balancer's settings do not let them in now.", "CidrIp=203.0.113.7/32"},
		{"a few of many", some, 50, 30, nil, nil, Warn, "Clients at 203.0.113.7 came until 11:28 UTC", "CidrIp=203.0.113.7/32"},
		{"many addresses", some, 5, 30, func(i int) string { return fmt.Sprintf("203.0.%d.%d", i%7, i%90) }, nil, Fail, "Clients at 180 addresses, such as those of 203.0.", ""},
		{"by an ACL", open, 5, 30, nil, func(s *Snapshot) { deny(s, ACLEntry{Number: 7, Protocol: "-1", CIDR: "203.0.113.0/24"}) }, Warn, "nothing, if somebody means to keep these clients out", ""},
		{"by an ACL that is for all", open, 5, 30, nil, func(s *Snapshot) {
			deny(s, ACLEntry{Number: 7, Allow: true, Protocol: "-1", CIDR: "198.51.100.0/24"})
			deny(s, ACLEntry{Number: 8, Protocol: "-1", CIDR: "0.0.0.0/0"})
		}, Fail, "rule 8 denies all traffic from 0.0.0.0/0", ""},
		{"by an ACL, with the rule", open, 5, 30, nil, func(s *Snapshot) { deny(s, ACLEntry{Number: 7, Protocol: "-1", CIDR: "203.0.113.0/24"}) }, Warn, "rule 7 denies all traffic from 203.0.113.0/24", ""},
		{"they come", some, 5, 60, nil, nil, "", "", ""},
		{"until a minute ago", some, 5, 58, nil, nil, "", "", ""},
		{"they may come", open, 5, 30, nil, nil, "", "", ""},
		{"they may come as others", []string{"198.51.100.0/24", "203.0.113.0/28"}, 5, 30, nil, nil, "", "", ""},
		{"of a security group", some, 5, 30, func(int) string { return "10.7.0.3" }, func(s *Snapshot) { s.group("sg-lb").Ingress[0].Groups = []string{"sg-callers"} }, "", "", ""},
		{"of a prefix list that is not known", some, 5, 30, nil, func(s *Snapshot) { s.group("sg-lb").Ingress[0].PrefixLists = []string{"pl-1"} }, "", "", ""},
		{"now and then", some, 300, 30, nil, nil, "", "", ""},
		{"blocked by AWS WAF", some, 5, 30, nil, nil, "", "", ""},
		{"guessed passwords", some, 5, 30, nil, nil, "", "", ""},
		{"mistook a password now and then", some, 5, 30, nil, nil, Fail, "Clients at 203.0.113.7 came until 11:29 UTC", "CidrIp=203.0.113.7/32"},
	} {
		s := base()
		s.group("sg-lb").Ingress = []Permission{{Protocol: "tcp", From: 80, To: 443, CIDRs: tt.lets}}
		if tt.change != nil {
			tt.change(s)
		}
		if tt.from == nil {
			tt.from = func(int) string { return partner }
		}
		var lines []string
		came, addresses := int64(0), map[string]bool{}
		for i := range 1800 {
			at := s.From.Add(time.Duration(i) * 2 * time.Second)
			lines = append(lines, accessLine(at, first, false))
			if i%tt.every == 0 && at.Before(s.minute(tt.until)) {
				line := strings.Replace(accessLine(at, second, false), "198.51.100.7:", tt.from(i/tt.every)+":", 1)
				switch n := i / tt.every; {
				case tt.name == "blocked by AWS WAF":
					line = asked{at: at, client: partner, path: "/login", bytes: 100, blocked: true}.line()
				case tt.name == "guessed passwords" && n%4 != 0, tt.name == "mistook a password now and then" && n%4 == 0:
					line = strings.Replace(line, " 200 200 ", " 401 401 ", 1)
				}
				lines = append(lines, line)
				came++
				addresses[tt.from(i/tt.every)] = true
			}
		}
		s.Logs = logged(t, s, lines)
		r := Diagnose(copied(t, s))
		f := r.finding("clients-shut-out")
		if (f != nil) != (tt.level != "") {
			t.Errorf("%s: found is %t:\n%s", tt.name, f != nil, said(r))
			continue
		}
		if f == nil {
			continue
		}
		if got := s.Logs.ShutOut; len(got) != 1 || got[0].Requests != came || got[0].Addresses != int64(len(addresses)) {
			t.Errorf("%s: %d requests of %d addresses were shut out, counted %+v", tt.name, came, len(addresses), got)
		}
		if text := said(&Report{Findings: []*Finding{f}}); f.Level != tt.level || !strings.Contains(text, tt.says) || !strings.Contains(strings.Join(f.Fix, " "), tt.command) || tt.command == "" && len(f.Fix) > 0 {
			t.Errorf("%s: want %s, %q, %q:\n%s", tt.name, tt.level, tt.says, tt.command, text)
		}
	}
}
