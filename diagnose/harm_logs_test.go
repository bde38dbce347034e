package diagnose

import "time"

// What is said of logs that are not there, and of 5xx that they do not have.
var harmOfLogs = []harmless{
	{"a store that was not filled is no log that is late", func(s *Snapshot) {
		s.Logs.Newest, s.Logs.NotIngested = noon.Add(-50*time.Minute), 3000
	}, told{id: "logs-stale", absent: true}},
	{"a store that was not filled is no log that lacks", func(s *Snapshot) {
		for i := range s.Logs.Minutes {
			s.Logs.Minutes[i].Requests = 50
		}
		s.Logs.NotIngested = 3000
	}, told{id: "logs-incomplete", absent: true}},
	{"a quarter of an hour, whose last objects are there of one node, and not yet of the other", func(s *Snapshot) {
		s.From = noon.Add(-15 * time.Minute)
		s.Logs.Minutes = s.Logs.Minutes[45:55]
		for i := range 5 {
			s.Logs.Minutes[5+i].Requests = 50
		}
		for i := range s.Metrics {
			s.Metrics[i].Points = s.Metrics[i].Points[45:]
		}
	}, told{id: "logs-incomplete", absent: true}},
	{"objects that could not be read, which is not for want of delivery", func(s *Snapshot) {
		for i := range s.Logs.Minutes {
			s.Logs.Minutes[i].Requests = 50
		}
		s.Logs.ObjectsFailed = 12
	}, told{id: "logs-incomplete", denies: "delivery"}},
	{"503 of a default rule after the logs' end, of scanners", func(s *Snapshot) {
		s.turnsAway("default", 20)
		s.late("HTTPCode_ELB_5XX_Count", "", 56, 1)
		s.late("HTTPCode_ELB_503_Count", "", 56, 1)
	}, told{id: "balancer-5xx-after-logs", absent: true}},
	{"a page for maintenance after the logs' end", func(s *Snapshot) {
		s.turnsAway("1", 6000)
		s.late("HTTPCode_ELB_5XX_Count", "", 56, 110)
		s.late("HTTPCode_ELB_503_Count", "", 56, 110)
	}, told{id: "balancer-5xx-after-logs", absent: true}},
	{"503 after the logs' end, of more than scanners", func(s *Snapshot) {
		s.turnsAway("default", 20)
		s.late("HTTPCode_ELB_5XX_Count", "", 56, 100)
		s.late("HTTPCode_ELB_503_Count", "", 56, 100)
	}, told{id: "balancer-5xx-after-logs", sure: true}},
	{"502 after the logs' end, beside a page for maintenance", func(s *Snapshot) {
		s.turnsAway("1", 6000)
		s.late("HTTPCode_ELB_5XX_Count", "", 56, 110)
		s.late("HTTPCode_ELB_502_Count", "", 56, 110)
	}, told{id: "balancer-5xx-after-logs", sure: true}},
	{"503 after the logs' end, and others before that are no rule's", func(s *Snapshot) {
		s.turnsAway("1", 6000)
		s.failing("No_Usable_Target", "", 503, 60)
		s.late("HTTPCode_ELB_5XX_Count", "", 56, 110)
		s.late("HTTPCode_ELB_503_Count", "", 56, 110)
	}, told{id: "balancer-5xx-after-logs", sure: true}},
	{"few requests that a queue had no room for", func(s *Snapshot) {
		s.classic()
		s.Metrics = append(s.Metrics, Series{Name: "SpilloverCount", Stat: "Sum", Period: 60, Points: []Point{{s.minute(5), 3}}})
	}, told{id: "surge-queue-spillover", mild: true}},
	{"a page for maintenance before all rules, and no logs", func(s *Snapshot) {
		s.turnsAway("1", 6000)
		s.Logs = nil
		s.metric("HTTPCode_ELB_5XX_Count", "", "Sum", 6000)
		s.metric("HTTPCode_ELB_503_Count", "", "Sum", 6000)
	}, told{id: "balancer-5xx-not-in-logs", absent: true}},
	{"502 beside such a page, and no logs", func(s *Snapshot) {
		s.turnsAway("1", 6000)
		s.Logs = nil
		s.metric("HTTPCode_ELB_5XX_Count", "", "Sum", 6000)
		s.metric("HTTPCode_ELB_502_Count", "", "Sum", 6000)
	}, told{id: "balancer-5xx-not-in-logs", sure: true}},
	{"503 where a default rule answers so, others lead to targets, and there are no logs", func(s *Snapshot) {
		s.turnsAway("default", 6000)
		s.Logs = nil
		s.metric("HTTPCode_ELB_5XX_Count", "", "Sum", 6000)
		s.metric("HTTPCode_ELB_503_Count", "", "Sum", 6000)
	}, told{id: "balancer-5xx-not-in-logs", sure: true}},
	{"503 of targets lost after the logs' end, beside a default rule that few get", func(s *Snapshot) {
		s.turnsAway("default", 1)
		s.Metrics = s.Metrics[2:]
		s.metric("RequestCount", "", "Sum", 60)
		s.late("HTTPCode_ELB_5XX_Count", "", 56, 2)
		s.late("HTTPCode_ELB_503_Count", "", 56, 2)
	}, told{id: "balancer-5xx-after-logs", sure: true}},
	{"503 in place of requests, after the logs' end, beside a page for one path", func(s *Snapshot) {
		s.turnsAway("1", 600)
		s.Listeners[0].Rules[0].Conditions[0].Values = []string{"/old"}
		s.Metrics = s.Metrics[2:]
		s.metric("RequestCount", "", "Sum", 600)
		s.Metrics[len(s.Metrics)-1].Points = s.Metrics[len(s.Metrics)-1].Points[:56]
		s.late("HTTPCode_ELB_5XX_Count", "", 56, 20)
		s.late("HTTPCode_ELB_503_Count", "", 56, 20)
	}, told{id: "balancer-5xx-after-logs", sure: true}},
}
