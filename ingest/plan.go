package ingest

import (
	"strings"
	"time"

	"loglens/internal/when"
)

// interval is how much time one object of an Application Load Balancer covers.
const interval = 5 * time.Minute

// Plan says which objects a command wants. The zero value wants every access log.
type Plan struct {
	Window       when.Window // rows wanted; zero bounds are open
	Now          time.Time   // no folder of a later day is looked for; zero: not known
	LoadBalancer string      // "" for all; a name, "app/name/id", or an ARN
}

// wants reports whether an object of this name is to be opened. A name that
// says nothing is wanted: only its lines can tell.
func (p Plan) wants(n Name) bool {
	switch n.Kind {
	case Unknown:
		return true
	case Access:
		return p.WantsBalancer(n.LoadBalancer) && !n.End.Before(p.firstEnd()) && !p.beyond(n.End)
	}
	return false
}

// firstEnd is the earliest interval end that can hold a wanted row, to the
// minute, because names carry minutes; zero if the window is open.
func (p Plan) firstEnd() time.Time {
	return p.Window.From.UTC().Truncate(time.Minute)
}

// beyond reports whether an object whose interval ends at end lies wholly
// behind the window.
func (p Plan) beyond(end time.Time) bool {
	return !p.Window.Until.IsZero() && end.After(p.Window.Until.Add(interval))
}

// WantsBalancer reports whether the plan's filter takes the balancer
// "app/name/id" (or a Classic Load Balancer's bare name).
func (p Plan) WantsBalancer(id string) bool {
	want := p.LoadBalancer
	if want == "" {
		return true
	}
	if _, resource, isARN := strings.Cut(want, ":loadbalancer/"); isARN && strings.HasPrefix(want, "arn:") {
		want = resource
	}
	if want == id {
		return true
	}
	part := strings.Split(id, "/")
	return len(part) == 3 && part[1] == want
}
