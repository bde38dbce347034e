package diagnose

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestDecide gives minutes their failures and metrics, -1 for a metric without a
// data point.
func TestDecide(t *testing.T) {
	type minute struct {
		failed, late               int64
		requests, connections, tls float64
	}
	tests := []struct {
		name    string
		minutes []minute
		want    decided
	}{
		{"refused", []minute{{10, 0, 100, 10, -1}}, decided{causes: causes{refused: 10}}},
		{"TLS", []minute{{10, 0, 100, -1, 10}}, decided{causes: causes{tls: 10}}},
		{"idle connections closed", []minute{{10, 0, 100, -1, -1}}, decided{causes: causes{idle: 10}}},
		{"zero is none as well", []minute{{10, 0, 100, 0, 0}}, decided{causes: causes{idle: 10}}},
		{"nothing published", []minute{{10, 0, -1, -1, -1}}, decided{causes: causes{open: 10}}},
		{"both, and more", []minute{{10, 0, 100, 6, 3}}, decided{causes: causes{refused: 6, tls: 3, open: 1}}},
		{"timeouts are connection errors, too", []minute{{10, 5, 100, 5, -1}}, decided{causes: causes{idle: 10}, walls: 5}},
		{"timeouts and refusals", []minute{{10, 5, 100, 15, -1}}, decided{causes: causes{refused: 10}, walls: 5}},
		{"handshakes that hang", []minute{{0, 5, 100, -1, 5}}, decided{wall: 5, walls: 5}},
		{"each minute by itself", []minute{{10, 0, 100, 10, -1}, {4, 0, 100, -1, 4}, {2, 0, 100, -1, -1}}, decided{causes: causes{refused: 10, tls: 4, idle: 2}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := base()
			s.Logs.Minutes, s.Metrics = nil, nil
			series := map[string][]Point{}
			for i, m := range tt.minutes {
				s.Logs.Minutes = append(s.Logs.Minutes, Minute{Minute: s.minute(i), Group: webARN, Reasons: map[string]int64{
					"Target_Connection_Error": m.failed, "Target_Connect_Timeout": m.late,
				}})
				for name, value := range map[string]float64{"RequestCount": m.requests, "TargetConnectionErrorCount": m.connections, "TargetTLSNegotiationErrorCount": m.tls} {
					if value >= 0 {
						series[name] = append(series[name], Point{s.minute(i), value})
					}
				}
			}
			for name, points := range series {
				s.Metrics = append(s.Metrics, Series{Name: name, Group: webARN, Stat: "Sum", Period: 60, Points: points})
			}
			f := newFacts(s)
			if diff := cmp.Diff(tt.want, f.decide(s.web()), cmp.AllowUnexported(decided{}, causes{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestRefusedBesideTLS: where one target refuses and TLS of another one fails or hangs in the same minutes, each is named
// for what it does as far as the numbers tell, and else it is said that they do not.
func TestRefusedBesideTLS(t *testing.T) {
	for _, tt := range []struct {
		name         string
		refuses, tls int64 // requests of a minute: to the first target, and to the second
		hangs, clear bool
		both         int64 // connections that fail at both, counted for both
		unhealthy    string
	}{
		{"more refused", 12, 6, false, true, 0, ""},
		{"more without TLS", 6, 12, false, true, 0, ""},
		{"as many", 10, 10, false, false, 0, ""},
		{"more refused, and TLS hangs", 12, 6, true, true, 0, ""},
		{"fewer refused, and TLS hangs", 6, 12, true, true, 0, ""},
		{"as many, and TLS hangs", 10, 10, true, false, 0, ""},
		{"both at both", 10, 12, false, false, 3, ""},
		{"more without TLS, which fails checks, too", 6, 12, false, false, 0, second},
		{"more without TLS, and what refuses fails checks, too", 6, 12, false, true, 0, first},
	} {
		s := base()
		s.web().Protocol = "HTTPS"
		s.Logs.Last, s.Logs.Newest = s.minute(59), s.minute(60)
		for i := 40; i < 60; i++ {
			m := &s.Logs.Minutes[i]
			m.Reasons, m.Unconnected = map[string]int64{"Target_Connection_Error": tt.refuses}, map[string]int64{first: tt.refuses}
			if tt.hangs {
				m.Reasons["Target_Connect_Timeout"] = tt.tls
			} else {
				m.Reasons["Target_Connection_Error"] += tt.tls
				m.Unconnected[second] = tt.tls
			}
		}
		for i := range s.web().Targets {
			if t := &s.web().Targets[i]; strings.HasPrefix(tt.unhealthy, t.ID) && tt.unhealthy != "" {
				t.State, t.Reason = "unhealthy", "Target.FailedHealthChecks"
			}
		}
		refused := Failure{Group: webARN, Target: first, Status: 502, TargetStatus: -1, Reason: "Target_Connection_Error", Class: "target", Count: 20 * tt.refuses, First: s.minute(40), Last: s.Logs.Last}
		other := refused
		other.Target, other.Count = second, 20*tt.tls
		if tt.hangs {
			other.Reason, other.Status, other.Connect = "Target_Connect_Timeout", 504, 20*tt.tls
		}
		s.Logs.Failures = []Failure{refused, other}
		s.late("TargetConnectionErrorCount", webARN, 40, float64(tt.refuses-tt.both))
		s.late("TargetTLSNegotiationErrorCount", webARN, 40, float64(tt.tls+tt.both))
		r := Diagnose(copied(t, s))
		f, tls := r.finding("target-port-refused"), r.finding("target-tls-negotiation-fails")
		if tls == nil {
			t.Fatalf("%s: TLS fails, and it is not told:\n%s", tt.name, said(r))
		}
		rival := slices.ContainsFunc(tls.Rivals, func(r Rival) bool { return r.ID == "target-port-refused" })
		if rival == tt.clear || (tls.Confidence == High) != tt.clear || tt.clear && tls.Explains != other.Count {
			t.Errorf("%s: what of it is clear: %v:\n%s", tt.name, tt.clear, said(r))
		}
		switch {
		case f == nil:
			if tt.clear || !tt.hangs {
				t.Errorf("%s: nothing is refused:\n%s", tt.name, said(r))
			}
		case tt.clear != (f.Confidence == High) || tt.clear && (f.Explains != refused.Count || !slices.Equal(f.Targets, []string{first})):
			t.Errorf("%s: who refuses is clear: %v:\n%s", tt.name, tt.clear, said(r))
		}
	}
}

// TestReconcile sums logs up by the period of the metrics, and leaves out what the logs do not reach, and
// the newest interval of theirs, unless its objects have had time to arrive.
func TestReconcile(t *testing.T) {
	s := base()
	f := newFacts(s)
	if got, want := f.reconcile(), (reconciled{periods: 50, same: 50, counted: 5000, logged: 5000}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	for i := range 60 { // requests that were redirected to HTTPS reach no target
		s.Logs.Minutes = append(s.Logs.Minutes, Minute{Minute: s.minute(i), Requests: 100})
	}
	if got, want := f.reconcile(), (reconciled{periods: 50, same: 50, counted: 5000, logged: 5000, apart: 5000}); got != want {
		t.Errorf("with redirects %+v, want %+v", got, want)
	}
	s.Metrics = []Series{{Name: "RequestCount", Stat: "Sum", Period: 300}}
	for i := range 12 {
		s.Metrics[0].Points = append(s.Metrics[0].Points, Point{s.From.Add(time.Duration(i) * 5 * time.Minute), 500})
	}
	if got, want := f.reconcile(), (reconciled{periods: 10, same: 10, counted: 5000, logged: 5000, apart: 5000}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	s.Taken = noon.Add(time.Hour)
	if got, want := f.reconcile(), (reconciled{periods: 11, same: 11, counted: 5500, logged: 5500, apart: 5500}); got != want {
		t.Errorf("an hour later %+v, want %+v", got, want)
	}
	s.Logs.Minutes[58].Statuses = map[string]int64{"502": 20}
	s.late("HTTPCode_ELB_5XX_Count", "", 58, 20)
	if got := f.reconcile(); got.failed != 0 || got.answered != 0 {
		t.Errorf("%g of %g answers with 5xx before the logs end, want none", got.answered, got.failed)
	}
}

// TestLogsAgainstMetrics: beside the sums of the window, it is said what is compared with what, and up to when.
func TestLogsAgainstMetrics(t *testing.T) {
	const same = "up to 11:50 UTC, the logs hold 5000 of RequestCount's 5000 (100.0 %; 50 of 50 periods alike)"
	apart := func(reason string, status int64) func(*Snapshot) {
		return func(s *Snapshot) {
			s.Logs.Failures = append(s.Logs.Failures, Failure{Status: status, TargetStatus: -1, Reason: reason, Class: "policy", Count: 120, First: s.From, Last: s.Until})
			for i := range 60 {
				s.Logs.Minutes = append(s.Logs.Minutes, Minute{Minute: s.minute(i), Requests: 2, Reasons: map[string]int64{reason: 2}, Statuses: map[string]int64{strconv.FormatInt(status, 10): 2}})
			}
		}
	}
	for want, change := range map[string]func(*Snapshot){
		same: func(*Snapshot) {},
		same + ", beside 100 that it does not count, since no target was chosen":                                                                                                apart("WAF_Block", 403),
		same + ", beside 100 that it does not count, since no target was chosen, and 100 5xx of the balancer, those of rules among them, where HTTPCode_ELB_5XX_Count counts 0": apart("Fixed_Response", 503),
		same + ", and 100 of 100 5xx of the balancer": func(s *Snapshot) {
			s.failing("Target_Closed_Connection", first, 502, 120)
			for i := range s.Logs.Minutes {
				s.Logs.Minutes[i].Statuses["502"] = 2
			}
			s.metric("HTTPCode_ELB_5XX_Count", "", "Sum", 120)
		},
	} {
		s := base()
		change(s)
		if evidence, _ := metricsPass(newFacts(s)); !slices.Contains(evidence, want) {
			t.Errorf("want %q:\n%s", want, strings.Join(evidence, "\n"))
		}
	}
}
