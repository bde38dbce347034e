package diagnose

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"loglens/ingest"
)

// throttling is an AWS that is asked without a network, so that its time is made up. It
// refuses a question as long as slower says so.
type throttling struct {
	answers http.Handler
	slower  func(action string, times int) bool

	mu    sync.Mutex
	times map[string]int // that a very question was asked
}

func (a *throttling) Do(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	form, _ := url.ParseQuery(string(body))
	a.mu.Lock()
	a.times[string(body)]++
	times := a.times[string(body)]
	a.mu.Unlock()
	w := httptest.NewRecorder()
	switch {
	case !a.slower(form.Get("Action"), times):
		a.answers.ServeHTTP(w, r)
	case strings.Contains(r.Header.Get("Authorization"), "/ec2/"):
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, `<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>slower</Message></Error></Errors></Response>`)
	default:
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>slower</Message></Error></ErrorResponse>`)
	}
	res := w.Result()
	res.Request = r
	return res, nil
}

// TestThrottled measures how long a diagnosis waits for an AWS that throttles, and
// wants what is open in the end to be no more than what AWS never answered.
func TestThrottled(t *testing.T) {
	identify(t)
	var members strings.Builder
	for i := range 100 {
		fmt.Fprintf(&members, `<member><TargetGroupArn>%s%d</TargetGroupArn><TargetGroupName>web-%d</TargetGroupName><TargetType>ip</TargetType><Protocol>HTTP</Protocol><Port>8080</Port></member>`, webARN, i, i)
	}
	all := &answers{by: map[string]string{
		"DescribeLoadBalancers":          balancerXML,
		"DescribeLoadBalancerAttributes": `<Attributes/>`,
		"DescribeListeners":              `<Listeners><member><ListenerArn>arn:l</ListenerArn><Port>80</Port><Protocol>HTTP</Protocol></member></Listeners>`,
		"DescribeRules":                  `<Rules/>`,
		"DescribeTargetGroups":           `<TargetGroups>` + members.String() + `</TargetGroups>`,
		"DescribeTargetGroupAttributes":  `<Attributes/>`,
		"DescribeTargetHealth":           `<TargetHealthDescriptions/>`,
		"DescribeNetworkInterfaces":      `<networkInterfaceSet/>`,
		"DescribeVpcs":                   `<vpcSet/>`,
		"DescribeSubnets":                `<subnetSet/>`,
		"DescribeNetworkAcls":            `<networkAclSet/>`,
		"DescribeRouteTables":            `<routeTableSet/>`,
		"DescribeSecurityGroups":         `<securityGroupInfo/>`,
		"GetMetricData":                  `<MetricDataResults/>`,
	}}
	tests := []struct {
		name        string
		slower      func(action string, times int, since time.Duration) bool
		least, most time.Duration
		open        []string // operations
	}{
		{"everything but the balancer", func(action string, _ int, _ time.Duration) bool { return action != "DescribeLoadBalancers" }, 6 * time.Second, 20 * time.Second, []string{
			"DescribeListeners", "DescribeLoadBalancerAttributes", "DescribeNetworkAcls", "DescribeNetworkInterfaces", "DescribeRouteTables", "DescribeSecurityGroups", "DescribeSubnets",
			"DescribeTargetGroups", "DescribeVpcs", "GetMetricData",
		}},
		{"one question of many groups", func(action string, _ int, _ time.Duration) bool { return action == "DescribeTargetHealth" }, 6 * time.Second, 30 * time.Second, []string{"DescribeTargetHealth"}},
		{"for five seconds", func(_ string, _ int, since time.Duration) bool { return since < 5*time.Second }, 5 * time.Second, 20 * time.Second, nil},
		{"each question twice", func(_ string, times int, _ time.Duration) bool { return times <= 2 }, time.Second, 30 * time.Second, nil},
		{"each question twice, and one for good", func(action string, times int, _ time.Duration) bool { return times <= 2 || action == "DescribeRules" }, 6 * time.Second, 30 * time.Second, []string{"DescribeRules"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				s, err := slowly(t, all, func(action string, times int) bool { return tt.slower(action, times, time.Since(begin)) })
				if err != nil {
					t.Fatal(err)
				}
				took := time.Since(begin)
				if took < tt.least || took > tt.most {
					t.Errorf("it took %v, want %v to %v", took, tt.least, tt.most)
				}
				var open []string
				for _, m := range s.Missing {
					if !strings.HasPrefix(m.Why, "AWS throttles") { // and not again what is missing
						t.Errorf("missing: %+v", m)
					}
					_, operation, _ := strings.Cut(m.Action, ":")
					open = add(open, operation)
				}
				slices.Sort(open)
				if !slices.Equal(open, tt.open) {
					t.Errorf("open: %v\nwant: %v", open, tt.open)
				}
			})
		})
	}
	t.Run("everything", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			_, err := slowly(t, all, func(string, int) bool { return true })
			if took := time.Since(begin); took < 6*time.Second || took > 15*time.Second {
				t.Errorf("it took %v", took)
			}
			if !errors.As(err, new(*ingest.UnreachableError)) || !strings.Contains(err.Error(), "throttles") {
				t.Errorf("error %v", err)
			}
		})
	})
}

// slowly collects from an AWS that throttles.
func slowly(t *testing.T, a http.Handler, slower func(action string, times int) bool) (*Snapshot, error) {
	t.Helper()
	q, err := ingest.ReadBalancer("shop")
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := ingest.AWS{}.Config(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cfg.HTTPClient = &throttling{answers: a, slower: slower, times: map[string]int{}}
	found, err := newCollector(cfg, "http://aws.test").found(t.Context(), q, "shop")
	if err != nil {
		return nil, err
	}
	return found.Collect(t.Context(), hourToNoon)
}
