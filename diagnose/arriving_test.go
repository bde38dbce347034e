package diagnose

import (
	"slices"
	"testing"
	"time"
)

// TestClientsArrive: a balancer whose security groups let nobody in, and to which clients
// connect nevertheless, is not sure to be closed. Those of an hour ago, and those of
// another listener, say nothing of it.
func TestClientsArrive(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*Snapshot)
		want   Level
	}{
		{"nobody comes", func(*Snapshot) {}, Fail},
		{"clients come", func(s *Snapshot) { s.metric("NewConnectionCount", "", "Sum", 600) }, Warn},
		{"connections, and no requests", func(s *Snapshot) {
			s.metric("NewConnectionCount", "", "Sum", 600)
			s.Metrics = slices.DeleteFunc(s.Metrics, func(m Series) bool { return m.Name == "RequestCount" })
		}, Fail},
		{"flows come", func(s *Snapshot) { s.network(); s.metric("NewFlowCount", "", "Sum", 600) }, Warn},
		{"clients came before", func(s *Snapshot) {
			s.metric("NewConnectionCount", "", "Sum", 600)
			s.Taken = s.Taken.Add(time.Hour)
		}, Fail},
		{"clients come, by metrics of five minutes", func(s *Snapshot) {
			s.metric("NewConnectionCount", "", "Sum", 600)
			s.widen(5 * time.Minute)
		}, Warn},
		{"clients came within the hour", func(s *Snapshot) {
			s.metric("NewConnectionCount", "", "Sum", 600)
			s.widen(time.Hour)
		}, Fail},
		{"clients come to another listener", func(s *Snapshot) {
			s.https(Certificate{certARN, "ISSUED", noon.AddDate(1, 0, 0), []string{"shop.example.com"}, ""})
			s.group("sg-lb").Ingress = append(s.group("sg-lb").Ingress, Permission{Protocol: "tcp", From: 443, To: 443, CIDRs: []string{"0.0.0.0/0"}})
			s.metric("NewConnectionCount", "", "Sum", 600)
		}, Fail},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := base()
			s.group("sg-lb").Ingress = []Permission{{Protocol: "tcp", From: 0, To: 442, Groups: []string{"sg-lb"}}}
			tt.change(s)
			r := Diagnose(copied(t, s))
			if f := r.finding("balancer-sg-blocks-listener"); f == nil || f.Level != tt.want {
				t.Errorf("want %s:\n%s", tt.want, said(r))
			}
		})
	}
}

// widen sums metrics up by longer periods, as those of a long window are read.
func (s *Snapshot) widen(period time.Duration) {
	for i := range s.Metrics {
		m := &s.Metrics[i]
		points := m.Points
		m.Period, m.Points = int(period/time.Second), nil
		for _, p := range points {
			if at := p.Time.Truncate(period); len(m.Points) == 0 || m.Points[len(m.Points)-1].Time.Before(at) {
				m.Points = append(m.Points, Point{Time: at})
			}
			m.Points[len(m.Points)-1].Value += p.Value
		}
	}
}
