package diagnose

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var forwarded = regexp.MustCompile(`{"TargetGroupArn":"([^"]+)","Weight":(\d+)}`)

// run does what a command of AWS does to zones, groups and rules, and refuses what AWS refuses.
func (s *region) run(command string) error {
	words := word.FindAllString(command, -1)
	after := func(option string) []string {
		from := slices.Index(words, option) + 1
		to := from
		for to < len(words) && !strings.HasPrefix(words[to], "--") {
			to++
		}
		return words[from:to]
	}
	switch words[2] {
	case "set-subnets":
		var zones []Zone
		for _, id := range after("--subnets") {
			i := slices.IndexFunc(s.Network.Subnets, func(x Subnet) bool { return x.ID == id })
			if i < 0 || slices.ContainsFunc(zones, func(z Zone) bool { return z.Name == s.Network.Subnets[i].Zone }) {
				return fmt.Errorf("subnet %s", id)
			}
			zones = append(zones, Zone{s.Network.Subnets[i].Zone, id})
		}
		s.Balancer.Zones = zones
	case "modify-target-group-attributes":
		key, value, _ := strings.Cut(strings.TrimPrefix(after("--attributes")[0], "Key="), ",Value=")
		g := newFacts(s.Snapshot).group(after("--target-group-arn")[0])
		if value == "false" && s.Balancer.Type == Application && slices.ContainsFunc(g.Targets, func(t Target) bool { return t.Zone == "all" }) {
			return errors.New("targets of all zones")
		}
		g.Attributes[key] = value
	case "modify-listener", "modify-rule":
		var weights []Weight
		for _, m := range forwarded.FindAllStringSubmatch(command, -1) {
			n, err := strconv.Atoi(m[2])
			if err != nil || n > 999 {
				return fmt.Errorf("weight %s", m[2])
			}
			weights = append(weights, Weight{m[1], n})
		}
		for i := range s.Listeners {
			for j := range s.Listeners[i].Rules {
				if l, r := &s.Listeners[i], &s.Listeners[i].Rules[j]; slices.Contains(words, r.ARN) || r.Priority == "default" && slices.Contains(words, l.ARN) {
					r.Actions[0].Weights = weights
				}
			}
		}
	case "start-instances", "stop-instances":
		for i := range s.Network.Instances {
			if x := &s.Network.Instances[i]; slices.Contains(after("--instance-ids"), x.ID) {
				x.State = map[bool]string{true: "running", false: "stopped"}[words[2] == "start-instances"]
			}
		}
	case "register-targets":
		for _, text := range after("--targets") {
			g := newFacts(s.Snapshot).group(after("--target-group-arn")[0])
			i := slices.IndexFunc(g.Targets, func(t Target) bool { return t.word() == text })
			if i < 0 || g.Targets[i].State != "draining" {
				return fmt.Errorf("target %s", text)
			}
			g.Targets[i].State = "healthy"
		}
	case "deregister-targets":
		for _, text := range after("--targets") {
			g := newFacts(s.Snapshot).group(after("--target-group-arn")[0])
			i := slices.IndexFunc(g.Targets, func(t Target) bool { return t.word() == text })
			g.Targets[i].State, g.Targets[i].Reason, g.Targets[i].Description = "draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"
		}
	default:
		return errors.New("what is that?")
	}
	s.settle()
	return nil
}

// settings are what commands change, for comparison.
func (s *region) settings() string {
	b, err := json.Marshal([]any{s.Balancer, s.Listeners, s.Groups, s.Network.Instances})
	if err != nil {
		panic(err)
	}
	return string(b)
}
