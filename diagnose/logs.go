package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"loglens/internal/amount"
)

var logsCheck = Check{
	Name:  "logs",
	About: "Whether logs are written, can be written, are recent and whole.",
	Needs: []string{"elasticloadbalancing:DescribeLoadBalancerAttributes", "s3:GetBucketPolicy", "s3:ListBucket", "s3:GetObject"},
	Gives: []string{"logs-off", "logs-health-check-off", "logs-bucket-missing", "logs-bucket-policy", "logs-stale", "logs-incomplete", "no-usable-target", "unexplained-failures"},
	look:  lookAtLogs,
}

// logsRequests reports whether access logs are known to be switched on.
func (b Balancer) logsRequests() bool { return b.Attributes["access_logs.s3.enabled"] == "true" }

func lookAtLogs(f *facts) (list []*Finding) {
	attributes := f.Balancer.Attributes
	switch {
	case f.Balancer.Type == Gateway:
		return nil
	case attributes == nil: // where logs are to go is not known, but what they have is
		return given(f.incomplete())
	}
	if !f.Balancer.logsRequests() {
		if f.Balancer.Type == NetworkType {
			return nil // whose logs have TLS connections only, and name no target
		}
		list = append(list, f.off("logs-off", "access_logs.s3.", "Access logs are switched off, so that failures cannot be told by target."))
	} else if attributes["health_check_logs.s3.enabled"] == "false" && slices.ContainsFunc(f.endpoints, endpoint.failing) {
		list = append(list, f.off("logs-health-check-off", "health_check_logs.s3.", "Targets are unhealthy, and health check logs, which say why, are switched off."))
	}
	if b := f.Bucket; b != nil {
		switch {
		case !b.Exists:
			found := finding("logs-bucket-missing", fmt.Sprintf("The bucket %s, to which access logs are to go, does not exist.", b.Name))
			found.Confidence = High
			found.because(FromConfig, "access_logs.s3.bucket is "+b.Name)
			list = append(list, found)
		case b.Policy == "none" || b.Policy == "denies":
			found := finding("logs-bucket-policy", fmt.Sprintf("The policy of the bucket %s does not let the balancer write its logs.", b.Name))
			found.because(FromConfig, map[string]string{"none": "no statement allows s3:PutObject to log delivery", "denies": "a statement denies s3:PutObject"}[b.Policy])
			if f.Logs != nil && f.Taken.Sub(f.Logs.Newest) <= lateLogs {
				found.Confidence = Low
				found.because(FromLog, fmt.Sprintf("the newest object ends at %s UTC: logs were written until then, and the policy may just have changed", f.clock(f.Logs.Newest)))
			}
			found.Verify = []string{f.command("s3api", "get-bucket-policy", "--bucket", b.Name)}
			list = append(list, found)
		}
	}
	return append(list, given(f.stale(), f.incomplete())...)
}

// off prints what switches a log on.
func (f *facts) off(id, prefix, sentence string) *Finding {
	found := finding(id, sentence)
	found.Confidence = High
	found.because(FromConfig, prefix+"enabled is "+cmp.Or(f.Balancer.Attributes[prefix+"enabled"], "false"))
	found.because(FromConfig, "logs that go through CloudWatch Logs instead are not looked for; name where they are as SOURCE")
	bucket := cmp.Or(f.Balancer.Attributes[prefix+"bucket"], f.Balancer.Attributes["access_logs.s3.bucket"], "BUCKET")
	if f.Balancer.Type == Classic {
		// What such a command does not name is set anew: the prefix to none.
		interval, below := cmp.Or(f.Balancer.Attributes[prefix+"emit_interval"], "5"), ""
		if p := f.Balancer.Attributes[prefix+"prefix"]; p != "" {
			below = `,"S3BucketPrefix":` + strconv.Quote(p)
		}
		set := func(on string) string {
			return f.command("elb", "modify-load-balancer-attributes", "--load-balancer-name", f.Balancer.Name, "--load-balancer-attributes", `{"AccessLog":{"Enabled":`+on+`,"S3BucketName":"`+bucket+`","EmitInterval":`+interval+below+`}}`)
		}
		found.mend(set("true"), set("false"))
		return found
	}
	set := func(on string) string {
		args := []string{"--load-balancer-arn", f.Balancer.ARN, "--attributes", "Key=" + prefix + "enabled,Value=" + on}
		if on == "true" {
			args = append(args, "Key="+prefix+"bucket,Value="+bucket)
			// The bucket's policy may allow no more than what is below that of the access logs.
			if p := f.Balancer.Attributes["access_logs.s3.prefix"]; p != "" && f.Balancer.Attributes[prefix+"bucket"] == "" {
				args = append(args, "Key="+prefix+"prefix,Value="+p)
			}
		}
		return f.command("elbv2", "modify-load-balancer-attributes", args...)
	}
	found.mend(set("true"), set("false"))
	return found
}

// lateLogs is how old the newest object may be while there is traffic: one is written
// every five minutes, and some come late. A classic balancer may write once an hour.
const lateLogs = 30 * time.Minute

// stale looks for traffic after the newest object. It may be of requests that have not ended.
//
// Source: AWS, "Access log entries" (WebSocket) of the Application Load Balancer guide, read 2026-11.
func (f *facts) stale() *Finding {
	if f.Logs == nil || f.Logs.NotIngested > 0 || f.Taken.Sub(f.Until) > lateLogs || f.Logs.Newest.IsZero() && f.Logs.Objects > 0 {
		return nil // names may not say when
	}
	late := lateLogs
	if each := f.interval(); each == time.Hour {
		late += each
	}
	after := 0.0
	for _, p := range f.series("RequestCount", "") {
		if p.Time.After(f.Logs.Newest) && f.Taken.Sub(p.Time) > late {
			after += p.Value
		}
	}
	if f.Taken.Sub(f.Logs.Newest) <= late || after == 0 {
		return nil
	}
	off := !f.Balancer.logsRequests() // then that is why
	open := func(found *Finding) {
		if !off && f.Balancer.Type == Application {
			found.rival("", "requests that are still open, such as WebSockets: their lines come when they end")
		}
	}
	if f.Logs.Objects == 0 {
		if off {
			return nil
		}
		found := finding("logs-stale", "Access logs are switched on, and there are none of the window, although there was traffic.")
		found.because(FromMetric, "RequestCount: "+number(after))
		open(found)
		return found
	}
	found := finding("logs-stale", fmt.Sprintf("The newest log object ends at %s UTC, and there was traffic since.", f.clock(f.Logs.Newest)))
	found.because(FromLog, "newest object: "+f.Logs.Newest.UTC().Format(time.DateTime)+" UTC")
	found.because(FromMetric, "RequestCount since: "+number(after))
	open(found)
	if off {
		found.Do = "switch access logs on again; where they go through CloudWatch Logs, look at what delivers them"
	}
	return found
}

// interval is what an object of logs is written for, by each node.
func (f *facts) interval() time.Duration {
	if f.Balancer.Type == Classic && f.Balancer.Attributes["access_logs.s3.emit_interval"] != "5" {
		return time.Hour
	}
	return 5 * time.Minute
}

func (f *facts) incomplete() *Finding {
	if f.Logs == nil || f.Logs.NotIngested > 0 {
		return nil // that is why
	}
	r := f.reconcile()
	if r.counted < 100 || r.logged >= 0.9*r.counted {
		return nil
	}
	if found := f.beginLate(r); found != nil {
		return found
	}
	found := finding("logs-incomplete", fmt.Sprintf("The logs hold %.0f %% of the requests that CloudWatch counts: the numbers above are too low.", 100*r.logged/r.counted))
	found.because(FromMetric, "RequestCount: "+number(r.counted))
	found.because(FromLog, fmt.Sprintf("%s requests in the same minutes", number(r.logged)))
	if n := f.Logs.ObjectsFailed - f.Logs.ChecksFailed; n > 0 {
		found.because(FromLog, amount.Of(n, "object", "objects")+" could not be read")
		found.Do = "see why these objects could not be read, which may hold what lacks"
	}
	return found
}

// period is how wide the points of the metrics are.
func (f *facts) period() time.Duration {
	for _, s := range f.Metrics {
		return time.Duration(s.Period) * time.Second
	}
	return time.Minute
}
