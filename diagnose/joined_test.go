package diagnose

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// TestKeptShut: a port that an ACL keeps shut by an entry of its own stays shut with all commands run, wherever there is room
// for new entries; the ports around it are opened, by one command if there is room behind that entry.
func TestKeptShut(t *testing.T) {
	const rdp = 3389
	for _, tt := range []struct {
		shut, refuses int // numbers of entries
		commands      int
	}{
		{100, 200, 2}, // for two subnets
		{100, 103, 2},
		{100, 102, 3}, // there is room for one
		{100, 101, 4},
	} {
		s := base()
		acl := &s.Network.ACLs[slices.IndexFunc(s.Network.ACLs, func(a ACL) bool { return a.ID == "acl-app" })]
		acl.Entries = []ACLEntry{
			{Number: 50, Allow: true, Protocol: "-1", CIDR: "0.0.0.0/0"},
			{Number: tt.shut, Egress: true, Protocol: "6", From: rdp, To: rdp, CIDR: "0.0.0.0/0"},
			{Number: tt.refuses, Egress: true, Protocol: "6", From: 1024, To: 65535, CIDR: "0.0.0.0/0"},
		}
		f := Diagnose(copied(t, s)).finding("acl-target-outbound-blocks-ephemeral")
		if f == nil {
			t.Errorf("%v: it is not told", tt)
			continue
		}
		for _, c := range f.Fix {
			if err := s.Network.run(c); err != nil {
				t.Errorf("%s: %v", c, err)
			}
		}
		for port, want := range map[int]bool{1024: true, rdp - 1: true, rdp: false, rdp + 1: true, 65535: true} {
			for _, node := range []string{"10.0.0.5", "10.0.1.5"} {
				if got := s.Network.aclPasses("subnet-app-a", true, port, host{address: netip.MustParseAddr(node)}); got != want {
					t.Errorf("%v: answers to %s on port %d get through: %t; commands:\n%s", tt, node, port, got, strings.Join(f.Fix, "\n"))
				}
			}
		}
		if len(f.Fix) != tt.commands {
			t.Errorf("%v: want %d commands:\n%s", tt, tt.commands, strings.Join(f.Fix, "\n"))
		}
	}
}

// TestKeptShutByChance: whatever entries an ACL has, by whatever numbers, commands open no port to a node that an entry for
// few ports keeps shut to it, unless it is allowed before that; and all other ports.
func TestKeptShutByChance(t *testing.T) {
	const rdp = 3389
	opened := 0
	for seed := range uint64(1500) {
		random := rand.New(rand.NewPCG(seed, 7))
		one := func(of ...string) string { return of[random.IntN(len(of))] }
		s := base()
		acl := &s.Network.ACLs[slices.IndexFunc(s.Network.ACLs, func(a ACL) bool { return a.ID == "acl-app" })]
		acl.Entries = []ACLEntry{{Number: 50, Allow: true, Protocol: "-1", CIDR: "0.0.0.0/0"}}
		for range 1 + random.IntN(5) {
			e := ACLEntry{Number: 90 + random.IntN(12), Egress: true, Allow: random.IntN(3) == 0, Protocol: "6", From: 1024, To: 65535, CIDR: one("0.0.0.0/0", "10.0.0.0/24", "10.0.1.0/24", "10.0.0.5/32", "10.0.1.5/32", "10.0.0.0/16")}
			switch random.IntN(4) {
			case 0:
				e.From, e.To = rdp, rdp
			case 1:
				e.From = 2000 + 1000*random.IntN(40)
			}
			if !slices.ContainsFunc(acl.Entries, func(other ACLEntry) bool { return other.Number == e.Number }) {
				acl.Entries = append(acl.Entries, e)
			}
		}
		list := slices.Clone(acl.Entries)
		// meant is whether an entry for few ports shuts one to a node, before any that allows it.
		meant := func(port int, node netip.Addr) bool {
			slices.SortFunc(list, func(a, b ACLEntry) int { return a.Number - b.Number })
			for _, e := range list {
				if few := e.From == e.To; e.Egress && e.From <= port && port <= e.To && netip.MustParsePrefix(e.CIDR).Contains(node) && (e.Allow || few) {
					return !e.Allow
				}
			}
			return false
		}
		before := copied(t, s)
		var fix []string
		complete := true
		for _, f := range Diagnose(copied(t, s)).Findings {
			if f.ID == "acl-target-outbound-blocks-ephemeral" { // one of each subnet of nodes
				fix = append(fix, f.Fix...)
				complete = complete && len(f.Fix) > 0 && !slices.ContainsFunc(f.Evidence, func(e Evidence) bool { return strings.Contains(e.Text, "no free number") })
			}
		}
		for _, c := range fix {
			if err := s.Network.run(c); err != nil {
				t.Errorf("%s: %v", c, err)
			}
		}
		for _, port := range []int{1024, 1999, 2000, rdp - 1, rdp, rdp + 1, 20000, 65535} {
			for _, node := range []string{"10.0.0.5", "10.0.1.5"} {
				address := netip.MustParseAddr(node)
				was := before.Network.aclPasses("subnet-app-a", true, port, host{address: address})
				got := s.Network.aclPasses("subnet-app-a", true, port, host{address: address})
				if shut := meant(port, address); shut && got || port != rdp && complete && !got || was && !got {
					t.Errorf("seed %d: answers to %s on port %d get through: %t, before: %t; kept shut: %t\nentries %+v\n%s", seed, node, port, got, was, shut, list, strings.Join(fix, "\n"))
				} else if got && !was {
					opened++
				}
			}
		}
	}
	if opened < 1000 {
		t.Errorf("%d ports were opened: too few to tell anything", opened)
	}
}
