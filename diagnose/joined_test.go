package diagnose

import (
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
