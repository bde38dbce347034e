//go:build moto

package diagnose

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// readClassic reads a classic balancer's configuration: one listener's is its only
// group, and what is in service is healthy.
func readClassic(ctx context.Context, account, name string) (*setup, error) {
	var found struct {
		All []struct {
			Listeners []struct {
				Protocol string `xml:"Listener>Protocol"`
				Port     int    `xml:"Listener>LoadBalancerPort"`
				Speaks   string `xml:"Listener>InstanceProtocol"`
				To       int    `xml:"Listener>InstancePort"`
			} `xml:"ListenerDescriptions>member"`
		} `xml:"DescribeLoadBalancersResult>LoadBalancerDescriptions>member"`
	}
	var states struct {
		All []struct {
			ID    string `xml:"InstanceId"`
			State string `xml:"State"`
		} `xml:"DescribeInstanceHealthResult>InstanceStates>member"`
	}
	var attributes struct {
		Idle int `xml:"DescribeLoadBalancerAttributesResult>LoadBalancerAttributes>ConnectionSettings>IdleTimeout"`
	}
	for action, into := range map[string]any{"DescribeInstanceHealth": &states, "DescribeLoadBalancerAttributes": &attributes} {
		if err := query(ctx, account, "elb1", action, url.Values{"LoadBalancerName": {name}}, into); err != nil {
			return nil, err
		}
	}
	if err := query(ctx, account, "elb1", "DescribeLoadBalancers", url.Values{"LoadBalancerNames.member.1": {name}}, &found); err != nil {
		return nil, err
	}
	if len(found.All) != 1 || len(found.All[0].Listeners) != 1 {
		return nil, fmt.Errorf("%s: want one classic balancer with one listener: %+v", name, found)
	}
	l := found.All[0].Listeners[0]
	g := &group{Name: name, Protocol: strings.ToUpper(l.Speaks), crossZone: true}
	for _, s := range states.All {
		address, err := addressOf(ctx, account, s.ID)
		if err != nil {
			return nil, err
		}
		state := map[string]string{"InService": "healthy", "OutOfService": "unhealthy"}[s.State]
		g.targets = append(g.targets, target{ID: s.ID, Port: l.To, State: state, address: address})
	}
	s := &setup{account: account, id: name, classic: true, idle: time.Duration(cmp.Or(attributes.Idle, 60)) * time.Second, groups: map[string]*group{name: g}}
	forward := rule{Priority: "default"}
	forward.Actions = append(forward.Actions, action{Type: "forward", Group: name})
	s.listeners = []listener{{Protocol: strings.ToUpper(l.Protocol), Port: l.Port, rules: []rule{forward}}}
	return s, nil
}

// classicEntry is the outcome as a line of a classic balancer's access log, whose
// time is when the request came. Who did not answer it is not named.
func (o *outcome) classicEntry(s *setup) string {
	at, target, spent, answered := o.at.Add(-o.took), o.target, "-1 -1 -1", "0"
	if o.answer > 0 {
		spent = fmt.Sprintf("%.6f %.6f %.6f", 0.00004, o.times.target.Seconds(), 0.00003)
		answered = strconv.Itoa(o.answer)
	} else {
		target = ""
	}
	return fmt.Sprintf("%s %s 198.51.100.7:%d %s %s %d %s 0 29 \"GET http://%s:%d%s HTTP/1.1\" \"curl/8.14.1\" - -\n",
		at.UTC().Format("2006-01-02T15:04:05.000000Z"), s.id, 20000+at.UnixNano()/1000%40000, cmp.Or(target, "-"), spent,
		o.status, answered, o.traffic.Host, o.listener.Port, o.traffic.Path)
}

// retry is what a classic balancer does if an instance takes no connection: it
// asks another, and in the end gives up.
func (b *balancer) retry(ctx context.Context, o *outcome) *conn {
	for range len(o.group.targets) {
		if t, ok := b.choose(o); ok {
			o.target = t.address + ":" + strconv.Itoa(t.Port)
			if c := b.connect(ctx, o); c != nil {
				o.status, o.took = 0, 0
				return c
			}
		}
	}
	o.status = http.StatusServiceUnavailable
	return nil
}

// classicMetrics are a classic balancer's data points.
func (b *balancer) classicMetrics(from, to time.Time) []datum {
	lb := []string{"LoadBalancerName=" + b.id}
	var all []datum
	for _, o := range b.done {
		count := func(name string) { all = append(all, datum{name, lb, o.at.UTC().Truncate(time.Minute), 1}) }
		count("RequestCount")
		if o.connect {
			count("BackendConnectionErrors")
		}
		switch {
		case o.answer > 0:
			count(fmt.Sprintf("HTTPCode_Backend_%dXX", o.answer/100))
		case o.status >= 500:
			count("HTTPCode_ELB_5XX")
		}
	}
	healthy, unhealthy := b.groups[b.id].states()
	for at := from.UTC().Truncate(time.Minute); at.Before(to); at = at.Add(5 * time.Minute) {
		all = append(all, datum{"HealthyHostCount", lb, at, float64(healthy)}, datum{"UnHealthyHostCount", lb, at, float64(unhealthy)})
	}
	return all
}
