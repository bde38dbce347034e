package diagnose

import "slices"

// A 502 with all three times absent has one of three causes: the connection was
// refused, TLS failed, or the target closed an idle connection just as a request came.
// The log cannot tell; two metrics of the same minute and group can.

// causes are failures whose connection failed, by what they have for a cause.
type causes struct {
	refused, tls, idle int64
	open               int64 // the metrics count fewer, or neither is there
}

func (c causes) plus(d causes) causes {
	return causes{c.refused + d.refused, c.tls + d.tls, c.idle + d.idle, c.open + d.open}
}

// sure is how many failures have a cause.
func (c causes) sure() int64 { return c.refused + c.tls + c.idle }

// of is one of the causes' part of so many failures.
func (c causes) of(n, part int64) int64 {
	if sum := c.sure() + c.open; sum > 0 {
		return (n*part + sum/2) / sum
	}
	return 0
}

// decided divides the failures of a group whose connection failed, by what the
// metrics of their minutes say.
type decided struct {
	causes
	wall    int64 // 504s at the connect timeout in minutes with TLS errors and no connection errors
	walls   int64 // all 504s at the connect timeout
	unclear bool  // both metrics count in the same minutes, and nothing tells which targets for which

	targets map[string]causes // the same by target; nil where minutes do not name them
}

// at is what was decided of a target; of all of them where these are not told apart.
func (d decided) at(target string) causes {
	if one, ok := d.targets[target]; ok {
		return one
	}
	return d.causes
}

// ofRow is what was decided of a row's target, at the times of the row, if it is told apart.
func (d decided) ofRow(row Failure) causes {
	one := d.at(row.Target)
	switch {
	case one.idle == 0: // it was seen to fail in TLS
	case row.Apart == idleApart:
		return causes{idle: one.idle}
	case row.Apart == othersApart:
		one.idle = 0
	}
	return one
}

// refusals, tlsFailures and idleEnds are the parts of a row of failures that have one cause.

func (d decided) refusals(row Failure) int64 {
	one := d.ofRow(row)
	return one.of(row.Count, one.refused)
}

func (d decided) tlsFailures(row Failure) int64 {
	one := d.ofRow(row)
	return one.of(row.Count, one.tls)
}

func (d decided) idleEnds(row Failure) int64 {
	one := d.ofRow(row)
	return one.of(row.Count, one.idle)
}

// apart are the findings among which connections that failed or were broken off are divided:
// none explains what another does.
var apart = []string{"target-port-refused", "target-tls-negotiation-fails", "keep-alive-race", "target-closes-connection", "target-speaks-http1"}

// decide is what the failures of a group are divided into. Each is looked at once.
func (f *facts) decide(g *Group) decided {
	d, ok := f.divided[g.ARN]
	if !ok {
		d = f.divide(g)
		f.divided[g.ARN] = d
	}
	return d
}

// spread says over how many of the group's targets with requests, but for some, failures are
// spread, and what part of the requests to them failed so.
func (f *facts) spread(g *Group, share func(Failure) int64, but ...string) (hit, targets int, rate float64) {
	failed := map[string]int64{}
	var sum, requests int64
	for _, row := range f.failures() {
		if n := share(row); n > 0 && row.Group == g.logARN(f) {
			failed[row.Target] += n
			sum += n
		}
	}
	// Logs of a Classic Load Balancer do not name an instance that did not answer, and none name a function.
	unnamed := f.Balancer.Type == Classic || g.Type == "lambda"
	seen := map[string]bool{}
	for _, t := range f.traffic() {
		if t.Group != g.logARN(f) || t.Target == "" && !unnamed || slices.Contains(but, t.Target) {
			continue
		}
		if requests += t.Requests; t.Target != "" {
			seen[t.Target] = true
		}
	}
	if requests > 0 {
		rate = float64(sum) / float64(requests)
	}
	return len(failed), len(seen), rate
}

// logARN is what logs write for a group: nothing, behind a Classic Load Balancer.
func (g *Group) logARN(f *facts) string {
	if f.Balancer.Type == Classic {
		return ""
	}
	return g.ARN
}
