//go:build moto

package diagnose

import (
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// lists are the answers that AWS gives in parts, and what the list in them is called.
var lists = map[string]string{
	"elasticloadbalancing:DescribeLoadBalancers": "LoadBalancers",
	"elasticloadbalancing:DescribeListeners":     "Listeners",
	"elasticloadbalancing:DescribeRules":         "Rules",
	"elasticloadbalancing:DescribeTargetGroups":  "TargetGroups",
	"cloudwatch:GetMetricData":                   "MetricDataResults",
	"ec2:DescribeInstances":                      "reservationSet",
	"ec2:DescribeNetworkInterfaces":              "networkInterfaceSet",
	"ec2:DescribeVpcs":                           "vpcSet",
	"ec2:DescribeSubnets":                        "subnetSet",
	"ec2:DescribeNetworkAcls":                    "networkAclSet",
	"ec2:DescribeRouteTables":                    "routeTableSet",
	"ec2:DescribeSecurityGroups":                 "securityGroupInfo",
	"ec2:GetManagedPrefixListEntries":            "entrySet",
}

// inParts answers with one member of a list at a time, and the mark of the next, as
// AWS does with more of them. It returns false if the answer is no such list.
func inParts(t *testing.T, w http.ResponseWriter, account, action string, form url.Values) bool {
	list, ok := lists[action]
	if !ok || form == nil {
		return false
	}
	service, name, _ := strings.Cut(action, ":")
	part, mark, next := "member", "Marker", "NextMarker"
	api := map[string]string{"elasticloadbalancing": "elb", "ec2": "ec2", "cloudwatch": "cw"}[service]
	if api == "elb" && form.Get("Version") == services["elb1"].version {
		return false
	}
	switch api {
	case "ec2":
		part, mark, next = "item", "NextToken", "nextToken"
	case "cw":
		mark, next = "NextToken", "NextToken"
	}
	asked := maps.Clone(form)
	at, _ := strconv.Atoi(strings.TrimPrefix(asked.Get(mark), "part-"))
	asked.Del(mark)
	answer, err := ask(t.Context(), account, api, name, asked)
	if err != nil {
		return false // the emulator's own answer says what is wrong
	}
	before, rest, ok1 := strings.Cut(string(answer), "<"+list+">")
	end := strings.LastIndex(rest, "</"+list+">")
	if !ok1 || end < 0 {
		return false
	}
	members, after := split(rest[:end], part), rest[end:]
	if len(members) < 2 {
		return false
	}
	if at+1 < len(members) {
		closing := len("</" + list + ">")
		after = after[:closing] + "<" + next + ">part-" + strconv.Itoa(at+1) + "</" + next + ">" + after[closing:]
	}
	w.Header().Set("Content-Type", "text/xml")
	_, _ = w.Write([]byte(before + "<" + list + ">" + members[at] + after))
	return true
}

// split cuts a list into its members, which may have lists of their own.
func split(list, part string) []string {
	var members []string
	depth, from := 0, 0
	for i := 0; i < len(list); i++ {
		switch {
		case strings.HasPrefix(list[i:], "<"+part+">"):
			if depth == 0 {
				from = i
			}
			depth++
		case strings.HasPrefix(list[i:], "</"+part+">"):
			if depth--; depth == 0 {
				members = append(members, list[from:i+len("</"+part+">")])
			}
		}
	}
	return members
}

// told is what of an answer must not depend on how AWS gave it.
func told(a answer) answer {
	a.Calls.Total, a.Calls.ByAction = 0, nil
	return a
}

// TestParts asks an AWS that gives its lists in parts of one.
func TestParts(t *testing.T) {
	for _, e := range everything[:3] {
		t.Run(e.base, func(t *testing.T) {
			t.Parallel()
			b := buildBase(t, e.base, "parts-"+e.base, e.steps)
			at := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
			until := time.Now().UTC().Format(time.RFC3339)
			once := newGate(t, b.account)
			whole, _ := b.ask(t, once, "--since", at, "--until", until)
			parts := newGate(t, b.account)
			parts.answer = func(w http.ResponseWriter, action string, form url.Values) bool {
				return inParts(t, w, b.account, action, form)
			}
			got, _ := b.ask(t, parts, "--since", at, "--until", until)
			if diff := cmp.Diff(told(whole), told(got)); diff != "" {
				t.Errorf("the answer in parts differs (-whole +parts):\n%s", diff)
			}
			before, after := once.counts(), parts.counts()
			more := 0
			for action := range lists {
				if after[action] > before[action] {
					more++
				}
			}
			if more < 4 {
				t.Errorf("only %d lists came in parts: %v", more, after)
			}
		})
	}
}

// throttling are the errors of the services that say: slower.
var throttling = map[string]struct {
	status int
	code   string
}{
	"ec2": {503, "RequestLimitExceeded"}, "s3": {503, "SlowDown"}, "acm": {400, "ThrottlingException"},
	"elasticloadbalancing": {400, "Throttling"}, "cloudwatch": {400, "Throttling"},
}

func slower(w http.ResponseWriter, action string) bool {
	service, _, _ := strings.Cut(action, ":")
	refuse(w, action, throttling[service].status, throttling[service].code, "Rate exceeded")
	return true
}

// TestThrottled asks an AWS that answers each question only when it is asked again.
func TestThrottled(t *testing.T) {
	t.Parallel()
	b := buildBase(t, "alb-https", "throttled", nil)
	g := newGate(t, b.account)
	var mu sync.Mutex
	refused := map[string]int{}
	g.answer = func(w http.ResponseWriter, action string, _ url.Values) bool {
		mu.Lock()
		refused[action]++
		first := refused[action] <= 2
		mu.Unlock()
		return first && slower(w, action)
	}
	a, status := b.ask(t, g)
	if status != 0 || len(a.NotChecked) > 0 {
		t.Errorf("exit status %d, want 0; not checked: %+v", status, a.NotChecked)
	}
	if len(refused) < 15 {
		t.Errorf("only %d actions were asked for", len(refused))
	}
	for action, n := range refused {
		if n < 3 {
			t.Errorf("%s was asked for %d times, though it was refused twice", action, n)
		}
	}
}

// TestThrottledForGood asks an AWS that never answers one question. It is asked
// again a few times, each time later, and then left open.
func TestThrottledForGood(t *testing.T) {
	t.Parallel()
	const action = "elasticloadbalancing:DescribeRules"
	b := buildBase(t, "alb", "throttled-for-good", nil)
	g := newGate(t, b.account)
	var mu sync.Mutex
	var at []time.Time
	g.answer = func(w http.ResponseWriter, asked string, _ url.Values) bool {
		if asked != action {
			return false
		}
		mu.Lock()
		at = append(at, time.Now())
		mu.Unlock()
		return slower(w, asked)
	}
	start := time.Now()
	a, status := b.ask(t, g)
	if took := time.Since(start); took > time.Minute {
		t.Errorf("it took %v", took)
	}
	if status == 1 || len(a.NotChecked) != 1 || !strings.Contains(a.NotChecked[0].Why, "throttles") {
		t.Errorf("exit status %d; not checked: %+v", status, a.NotChecked)
	}
	if len(at) < 3 || len(at) > 12 {
		t.Errorf("%d requests of the throttled question", len(at))
	}
	if len(at) > 2 && at[len(at)-1].Sub(at[0]) < 200*time.Millisecond {
		t.Errorf("%d requests within %v: no pause between them", len(at), at[len(at)-1].Sub(at[0]))
	}
}

// TestThrottledWholly asks an AWS that answers nothing at all. It is given up soon, as
// what is out of reach.
func TestThrottledWholly(t *testing.T) {
	t.Parallel()
	g := newGate(t, "")
	g.answer = func(w http.ResponseWriter, asked string, _ url.Values) bool { return slower(w, asked) }
	start := time.Now()
	_, stderr, status := diagnose(t, g, "--lb", "shop")
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	if status != 13 || !strings.Contains(stderr, "throttles") {
		t.Errorf("exit status %d, want 13; stderr: %s", status, stderr)
	}
}
