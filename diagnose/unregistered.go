package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"loglens/internal/amount"
)

// unregistered says that the target asked about is nowhere.
func (f *facts) unregistered() *Finding {
	if f.Target == "" || len(f.endpoints) > 0 || f.Groups == nil || slices.ContainsFunc(f.groups, f.mayHave) {
		return nil
	}
	found := finding("target-not-registered", fmt.Sprintf("%s is registered in no target group of the balancer.", f.Target))
	found.Confidence = High
	for _, g := range f.groups {
		found.because(FromHealth, fmt.Sprintf("%s has %s", g.Name, amount.Of(len(g.Targets), "target", "targets")))
	}
	for i := range f.Idle {
		g := &f.Idle[i]
		for j := range g.Targets {
			if f.place(g, &g.Targets[j]).named(f.Target) {
				found.because(FromConfig, "it is registered in "+g.Name+", to which no balancer forwards")
			}
		}
	}
	if how, ok := ambiguous(f.Target); ok {
		found.because(FromConfig, how)
	} else if same := f.onOtherPorts(); len(same) > 0 {
		found.Do = fmt.Sprintf("ask about %s, which %s registered, or register the other port, if that is meant", few(same), amount.Noun(len(same), "is", "are"))
	} else if len(f.Groups) == 1 {
		target, kind := Target{ID: f.Target}, "ip"
		if at, err := netip.ParseAddrPort(f.Target); err == nil {
			target.ID, target.Port = at.Addr().String(), int(at.Port())
		} else if _, err := netip.ParseAddr(f.Target); err != nil {
			id, port, _ := strings.Cut(f.Target, ":")
			target.ID, kind = id, "instance"
			target.Port, _ = strconv.Atoi(port)
		}
		g := f.groups[0]
		address := f.place(g, &target).address
		if f.foreign(g, address) {
			target.Zone = "all" // without which such an address is not taken
		}
		switch why := f.refuses(g, address); {
		case g.Type != kind:
			found.because(FromConfig, fmt.Sprintf("%s has targets of type %s, and takes no other", g.Name, g.Type))
		case why != "":
			found.because(FromConfig, fmt.Sprintf("%s %s", g.Name, why))
			found.Do = "ask about the address that it is registered by, or register one that the group takes"
		default:
			f.register(found, g, target.word())
		}
	}
	return found
}

// refuses says for what a group takes no target with an address; empty if it may take it.
//
// Source: AWS, "Target type" and "IP address type" of the guide for Application Load Balancers
// (target groups), read 2026-11.
func (f *facts) refuses(g *Group, a netip.Addr) string {
	switch {
	case g.AddressType == "ipv4" && a.Is6(), g.AddressType == "ipv6" && a.Is4():
		return "has the address type " + g.AddressType + ", and takes no address of the other one"
	case a.Is4() && f.public(single(a)):
		return "takes no address of the internet, but for those that its VPC has"
	}
	return ""
}

// onOtherPorts are registered targets at the address, or on the instance, of the one that was asked about.
func (f *facts) onOtherPorts() (list []string) {
	host := f.Target
	if at := strings.LastIndexByte(host, ':'); at > 0 {
		host = strings.Trim(host[:at], "[]")
	}
	for _, g := range f.groups {
		for _, e := range f.whole(g) {
			if e.named(host) {
				list = add(list, e.name())
			}
		}
	}
	return list
}

// mayHave reports whether the target asked about may be one of a group's: its targets
// could not be read, or they are instances whose addresses are not known.
func (f *facts) mayHave(g *Group) bool {
	return g.Targets == nil || !strings.HasPrefix(f.Target, "i-") && slices.ContainsFunc(g.Targets, func(t Target) bool {
		return g.Type == "instance" && !f.place(g, &t).address.IsValid()
	})
}
