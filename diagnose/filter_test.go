package diagnose

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestACL holds what an ACL refuses against the rule as AWS states it, address by
// address and port by port.
func TestACL(t *testing.T) {
	cidrs := []string{"0.0.0.0/0", "10.0.0.0/28", "10.0.0.0/30", "10.0.0.8/29", "10.0.0.3/32", "10.1.0.0/16"}
	rapid.Check(t, func(t *rapid.T) {
		a := &ACL{}
		for n := range rapid.IntRange(0, 6).Draw(t, "entries") {
			from := rapid.IntRange(1020, 1040).Draw(t, "from")
			a.Entries = append(a.Entries, ACLEntry{
				Number: 10 * (n + 1), Allow: rapid.Bool().Draw(t, "allow"), Protocol: rapid.SampledFrom([]string{"6", "17", "-1"}).Draw(t, "protocol"),
				CIDR: rapid.SampledFrom(cidrs).Draw(t, "cidr"), From: from, To: from + rapid.IntRange(0, 10).Draw(t, "ports"),
			})
		}
		first, last := 1024, 1045
		var want []int
		network := netip.MustParsePrefix("10.0.0.0/28")
		for port := first; port <= last; port++ {
			for addr := network.Addr(); network.Contains(addr); addr = addr.Next() {
				if !passes1(a, port, addr) {
					want = append(want, port)
					break
				}
			}
		}
		var got []int
		slices.Reverse(a.Entries) // their numbers order them
		for _, r := range a.in("tcp").refuses(first, last, network) {
			for port := r.from; port <= r.to; port++ {
				got = append(got, port)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("refused ports (-want +got):\n%s\n%+v", diff, a.Entries)
		}
		shut, by := []int{}, map[int]int{} // and the last entry that it takes for that
		for port := first; port <= last; port++ {
			some, number := false, 0
			for addr := network.Addr(); network.Contains(addr); addr = addr.Next() {
				e := decides(a, port, addr)
				some, number = some || e.Allow, max(number, e.Number)
			}
			if !some {
				shut, by[port] = append(shut, port), number
			}
		}
		got = []int{}
		for _, r := range a.in("tcp").shuts(first, last, network) {
			for port := r.from; port <= r.to; port++ {
				if got = append(got, port); r.entry.Number != by[port] {
					t.Fatalf("port %d is shut by %d, want %d\n%+v", port, r.entry.Number, by[port], a.Entries)
				}
			}
		}
		if diff := cmp.Diff(shut, got); diff != "" {
			t.Fatalf("ports that are shut (-want +got):\n%s\n%+v", diff, a.Entries)
		}
	})
}

func passes1(a *ACL, port int, addr netip.Addr) bool { return decides(a, port, addr).Allow }

// decides is the first entry that matches.
func decides(a *ACL, port int, addr netip.Addr) ACLEntry {
	found := ACLEntry{Number: 32767}
	for _, e := range a.Entries {
		all := e.Protocol == "-1"
		if (all || e.Protocol == "6") && netip.MustParsePrefix(e.CIDR).Contains(addr) && (all || e.From <= port && port <= e.To) && e.Number < found.Number {
			found = e
		}
	}
	return found
}

func TestAnybody(t *testing.T) {
	anywhere := netip.MustParsePrefix("0.0.0.0/0")
	tests := []struct {
		name    string
		entries []ACLEntry
		want    bool
	}{
		{"nothing", nil, false},
		{"all", []ACLEntry{{Number: 1, Allow: true, Protocol: "-1", CIDR: "0.0.0.0/0"}}, true},
		{"denied before", []ACLEntry{{Number: 1, Protocol: "-1", CIDR: "0.0.0.0/0"}, {Number: 2, Allow: true, Protocol: "-1", CIDR: "0.0.0.0/0"}}, false},
		{"some denied", []ACLEntry{{Number: 1, Protocol: "-1", CIDR: "10.0.0.0/8"}, {Number: 2, Allow: true, Protocol: "-1", CIDR: "0.0.0.0/0"}}, true},
		{"another port", []ACLEntry{{Number: 1, Allow: true, Protocol: "6", CIDR: "0.0.0.0/0", From: 443, To: 443}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := (&ACL{Entries: tt.entries}).in("tcp").anybody(80, anywhere); got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

func TestPermits(t *testing.T) {
	subnet := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}
	rule := func(p Permission) []SecurityGroup { return []SecurityGroup{{ID: "sg-1", Ingress: []Permission{p}}} }
	tests := []struct {
		name   string
		groups []SecurityGroup
		ids    []string
		want   verdict
	}{
		{"group", rule(Permission{Protocol: "tcp", From: 80, To: 80, Groups: []string{"sg-lb"}}), []string{"sg-1"}, allowed},
		{"another group", rule(Permission{Protocol: "tcp", From: 80, To: 80, Groups: []string{"sg-2"}}), []string{"sg-1"}, refused},
		{"subnet", rule(Permission{Protocol: "tcp", From: 80, To: 80, CIDRs: []string{"10.0.0.0/16"}}), []string{"sg-1"}, allowed},
		{"two halves", rule(Permission{Protocol: "tcp", From: 80, To: 80, CIDRs: []string{"10.0.0.0/25", "10.0.0.128/25"}}), []string{"sg-1"}, allowed},
		{"one half", rule(Permission{Protocol: "tcp", From: 80, To: 80, CIDRs: []string{"10.0.0.0/25"}}), []string{"sg-1"}, refused},
		{"another protocol", rule(Permission{Protocol: "udp", From: 80, To: 80, CIDRs: []string{"0.0.0.0/0"}}), []string{"sg-1"}, refused},
		{"all protocols", rule(Permission{Protocol: "-1", CIDRs: []string{"0.0.0.0/0"}}), []string{"sg-1"}, allowed},
		{"prefix list not known", rule(Permission{Protocol: "tcp", From: 80, To: 80, PrefixLists: []string{"pl-1"}}), []string{"sg-1"}, unclear},
		{"one of two not known", rule(Permission{Protocol: "udp", From: 80, To: 80}), []string{"sg-1", "sg-9"}, unclear},
		{"one of two allows, the other not known", rule(Permission{Protocol: "-1", CIDRs: []string{"0.0.0.0/0"}}), []string{"sg-1", "sg-9"}, allowed},
		{"none known", nil, []string{"sg-1"}, unclear},
		{"in no group", []SecurityGroup{}, nil, refused},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFacts(&Snapshot{Network: Network{SecurityGroups: tt.groups}})
			if got := f.permits(tt.ids, false, "tcp", 80, peer{addresses: subnet, groups: []string{"sg-lb"}}); got != tt.want {
				t.Errorf("%d, want %d", got, tt.want)
			}
		})
	}
}

func TestGlob(t *testing.T) {
	tests := []struct {
		pattern, s    string
		match, covers bool
	}{
		{"/api/*", "/api/v1", true, true},
		{"/api/*", "/api", false, false},
		{"*", "", true, true},
		{"/v?/x", "/v1/x", true, true},
		{"/v?/x", "/v*/x", true, false}, // ? takes one character, and * more
		{"/v*/x", "/v?/x", true, true},
		{"/a*c*e", "/abcde", true, true},
		{"/a*c*e", "/abcd", false, false},
		{"*.example.com", "a.b.example.com", true, true},
	}
	for _, tt := range tests {
		if got := glob(tt.pattern, tt.s); got != tt.match {
			t.Errorf("glob(%q, %q) is %v", tt.pattern, tt.s, got)
		}
		if got := globCovers(tt.pattern, tt.s); got != tt.covers {
			t.Errorf("globCovers(%q, %q) is %v", tt.pattern, tt.s, got)
		}
	}
}

func TestCovers(t *testing.T) {
	for _, tt := range []struct {
		name, host string
		want       bool
	}{
		{"shop.example.com", "SHOP.example.com", true},
		{"*.example.com", "shop.example.com", true},
		{"*.example.com", "a.b.example.com", false},
		{"*.example.com", "example.com", false},
		{"shop.example.com", "*.example.com", true}, // at least one of the hosts
		{"*.example.com", "*.example.com", true},
		{"shop.example.com", "*.example.org", false},
		{"*.eu.example.com", "api.*.example.com", true},
		{"*.eu.example.com", "api?.*.example.com", true},
		{"*.eu.example.com", "*.example.com", true},
		{"*.example.com", "*.shop.example.com", false},
		{"*.example.com", "api.*.example.com", false}, // two labels
	} {
		if got := covers(tt.name, tt.host); got != tt.want {
			t.Errorf("covers(%q, %q) is %v", tt.name, tt.host, got)
		}
	}
}

func TestRouteFor(t *testing.T) {
	s := base()
	f := newFacts(s)
	s.Network.RouteTables[1].Routes = append(s.Network.RouteTables[1].Routes, Route{"10.0.10.0/24", "eni-1", "active"})
	for _, tt := range []struct{ to, via string }{{"10.0.10.11", "eni-1"}, {"10.0.11.12", "local"}, {"192.0.2.1", "igw-1"}} {
		w, known := f.routeFor("subnet-edge-a", netip.MustParseAddr(tt.to))
		if w.Via != tt.via || w.table != "rtb-edge" || !w.found || !known {
			t.Errorf("to %s via %s of %s, want %s", tt.to, w.Via, w.table, tt.via)
		}
	}
	if w, _ := f.routeFor("subnet-app-a", netip.MustParseAddr("10.0.0.5")); w.table != "rtb-app" {
		t.Errorf("the main table is %s", w.table)
	}
}

// TestKeepsClients holds the protocols against AWS's table of default settings.
func TestKeepsClients(t *testing.T) {
	read := map[string]string{}
	for _, tt := range []struct {
		kind, protocol string
		attributes     map[string]string
		keeps, known   bool
	}{
		{"instance", "TCP", read, true, true}, {"instance", "TCP", nil, true, false}, {"ip", "TCP", read, false, true}, {"ip", "TLS", read, false, true},
		{"ip", "TLS", nil, false, false}, {"ip", "TCP", map[string]string{attrClientIP: "true"}, true, true}, {"instance", "TCP", map[string]string{attrClientIP: "false"}, false, true},
		{"ip", "UDP", nil, true, true}, {"ip", "TCP_UDP", nil, true, true}, {"ip", "QUIC", nil, true, true}, {"ip", "TCP_QUIC", nil, true, true}, {"alb", "TCP", read, false, true},
	} {
		f := newFacts(&Snapshot{Balancer: Balancer{Type: NetworkType}})
		if keeps, known := f.keepsClients(&Group{Type: tt.kind, Protocol: tt.protocol, Attributes: tt.attributes}); keeps != tt.keeps || known != tt.known {
			t.Errorf("%s %s %v: %v %v, want %v %v", tt.kind, tt.protocol, tt.attributes, keeps, known, tt.keeps, tt.known)
		}
	}
}

// TestRouteBefore: where a new route goes in place of one into a black hole, it is told what undoes that, since
// AWS takes no route to what is gone.
func TestRouteBefore(t *testing.T) {
	for via, want := range map[string]string{
		"pcx-gone": "no route can be made to pcx-gone again: what undoes the command takes the route for 10.0.0.0/23 away",
		"eni-fw":   "the command can be undone only if eni-fw is still there, as where its instance was stopped and not terminated",
	} {
		s := base()
		s.Network.RouteTables[0].Routes = append(s.Network.RouteTables[0].Routes, Route{"10.0.0.0/23", via, "blackhole"})
		s.unreachable()
		if f := Diagnose(copied(t, s)).finding("route-target-to-balancer"); f == nil || !slices.Contains(f.Evidence, Evidence{FromConfig, want}) {
			t.Errorf("%s: want %q: %+v", via, want, f)
		}
	}
}

// TestRouteOfOthers: of the routes that other tables have, the one for the fewest addresses is taken.
func TestRouteOfOthers(t *testing.T) {
	to := netip.MustParsePrefix("192.168.5.0/24")
	for _, others := range [][]string{{"192.168.0.0/16", "192.168.4.0/22", "192.168.5.0/24"}, {"192.168.5.0/24", "192.168.0.0/16", "192.168.4.0/22"}} {
		s := base()
		for _, cidr := range others {
			s.Network.RouteTables = append(s.Network.RouteTables, RouteTable{ID: "rtb-" + cidr, VPC: "vpc-1", Routes: []Route{{cidr, "pcx-" + cidr, "active"}}})
		}
		if w := newFacts(s).routeOfOthers("rtb-app", to); w.Destination != to.String() || w.table != "rtb-"+to.String() {
			t.Errorf("of %v: %s of %s", others, w.Destination, w.table)
		}
	}
}
