package diagnose

import (
	"cmp"
	"fmt"

	"loglens/internal/amount"
)

// A balancer has a zonal shift for one zone at most.
//
// Sources: AWS, "Zonal shift" of the guides for Application and for Network Load Balancers, and
// "GetManagedResource" and "ListZonalShifts" of the ARC zonal shift API reference, read 2026-11.
var zonalShiftCheck = Check{
	Name:  "zonal-shift",
	About: "Targets that a zonal shift or an autoshift takes new traffic from, however healthy they are.",
	Needs: []string{"elasticloadbalancing:DescribeTargetHealth"},
	Gives: []string{"zonal-shift-active"},
	look:  lookAtZonalShift,
}

// shifted is the administrative override of a target that gets no new traffic.
const shifted = "zonal_shift_active"

func lookAtZonalShift(f *facts) []*Finding {
	b := gather{}
	for _, e := range f.endpoints {
		if e.target.Override == shifted {
			b.at(e.group.ARN, func() *Finding { return f.shiftedAway(e) }).on(e)
		}
	}
	return b.list
}

// shiftedAway is about the zone of a target.
func (f *facts) shiftedAway(e endpoint) *Finding {
	g, n, healthy := e.group, 0, 0
	var others []Target // that may get requests
	for _, t := range g.Targets {
		switch {
		case t.Override == shifted:
			n++
		case t.healthy():
			healthy++
		case t.usable():
			others = append(others, t)
		}
	}
	found := finding("zonal-shift-active", fmt.Sprintf("A zonal shift takes zone %s out: %s of %s there %s no new traffic.", cmp.Or(e.zone, "of unknown name"), amount.Of(n, "target", "targets"), g.Name, amount.Noun(n, "gets", "get")))
	found.Confidence = High
	found.because(FromHealth, e.label()+": administrative override "+shifted)
	switch {
	case healthy > 0:
		found.because(FromHealth, amount.Of(healthy, "target in other zones is", "targets in other zones are")+" healthy")
	case len(others) > 0:
		found.because(FromHealth, "no target in another zone is healthy: "+f.states(&Group{Targets: others}))
	default:
		// AWS says that a zonal shift does not work for a group in one zone only, and not how.
		found.because(FromHealth, "no target in another zone can be used")
		found.Confidence, found.share = Medium, f.reasons(found, "No_Usable_Target")
	}
	// A list of zonal shifts has no autoshifts.
	found.Verify = []string{f.command("arc-zonal-shift", "get-managed-resource", "--resource-identifier", f.Balancer.ARN)}
	return found
}
