package diagnose

// openAtSome reports whether, in most of the time in which requests went to unhealthy targets of a group,
// some node of the balancer found none unhealthy: each node counts what it finds, and the least of that
// was 0. Of each such time, the first and the last minute are left out, in which targets may have turned.
//
// Source: AWS, "Target group health" (each node checks the health of each target) and "CloudWatch metrics"
// (statistics of UnHealthyHostCount) of the guide for Application Load Balancers, read 2026-11.
func (f *facts) openAtSome(name string, g *Group) bool {
	if across, _ := f.crossZone(g); !across { // then nodes count other targets each
		return false
	}
	open, unhealthy := f.byPeriod(f.series(name, g.ARN)), f.byPeriod(f.series("UnHealthyHostCount", g.ARN))
	some, all := 0, 0
	for at := range open {
		if open[at] == 0 || open[at.Add(-f.period())] == 0 || open[at.Add(f.period())] == 0 {
			continue
		}
		all++
		if least, known := unhealthy[at]; known && least == 0 {
			some++
		}
	}
	return 2*some > all
}
