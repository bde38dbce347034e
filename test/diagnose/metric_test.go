//go:build moto

package diagnose

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// datum is one value of one metric.
type datum struct {
	name       string
	dimensions []string // "LoadBalancer=app/shop/…"
	at         time.Time
	value      float64
}

// metrics are the data points that CloudWatch has of the requests and of the
// targets' health.
func (b *balancer) metrics(from, to time.Time) []datum {
	sums := map[string]*datum{}
	add := func(name string, at time.Time, value float64, dimensions ...string) {
		at = at.UTC().Truncate(time.Minute)
		key := fmt.Sprint(name, at, dimensions)
		if sums[key] == nil {
			sums[key] = &datum{name, slices.Clone(dimensions), at, 0}
		}
		sums[key].value += value
	}
	lb := "LoadBalancer=" + b.id
	for _, o := range b.done {
		az := "AvailabilityZone=" + zone(o.node)
		whole := func(name string) {
			add(name, o.at, 1, lb)
			add(name, o.at, 1, az, lb)
		}
		perGroup := func(name string) {
			whole(name)
			tg := "TargetGroup=" + short(o.group.ARN)
			add(name, o.at, 1, lb, tg)
			add(name, o.at, 1, az, lb, tg)
		}
		if o.target != "" || o.group != nil && o.group.Type == "lambda" {
			perGroup("RequestCount")
		}
		if o.reason != "" {
			perGroup("LambdaUserError")
		}
		if o.connect {
			perGroup("TargetConnectionErrorCount")
		}
		if o.tls {
			perGroup("TargetTLSNegotiationErrorCount")
		}
		switch class := o.status / 100; {
		case o.answer > 0:
			perGroup(fmt.Sprintf("HTTPCode_Target_%dXX_Count", o.answer/100))
		case o.action == "fixed-response":
			whole("HTTP_Fixed_Response_Count")
		case class == 5:
			whole("HTTPCode_ELB_5XX_Count")
			whole(fmt.Sprintf("HTTPCode_ELB_%d_Count", o.status))
		case class == 4:
			whole("HTTPCode_ELB_4XX_Count")
		}
		if o.target != "" && !slices.ContainsFunc(o.group.targets, func(t target) bool { return t.State == "healthy" }) {
			add("UnhealthyRoutingRequestCount", o.at, 1, lb, "TargetGroup="+short(o.group.ARN))
		}
	}
	var all []datum
	for _, d := range sums {
		all = append(all, *d)
	}
	for _, g := range b.groups {
		healthy, unhealthy := g.states()
		for at := from.UTC().Truncate(time.Minute); at.Before(to); at = at.Add(5 * time.Minute) {
			of := []string{lb, "TargetGroup=" + short(g.ARN)}
			all = append(all, datum{"HealthyHostCount", of, at, float64(healthy)}, datum{"UnHealthyHostCount", of, at, float64(unhealthy)})
		}
	}
	return all
}

// short is a group's name in CloudWatch.
func short(arn string) string { return arn[strings.LastIndex(arn, ":")+1:] }

// put puts data points of a namespace into the emulator, as JSON: of a form, it looks
// through all parameters for each of them.
func put(ctx context.Context, account, namespace string, data []datum) error {
	type pair struct{ Name, Value string }
	type point struct {
		MetricName string
		Dimensions []pair
		Timestamp  int64
		Value      float64
		Unit       string
	}
	header := http.Header{"Content-Type": {"application/x-amz-json-1.0"}, "X-Amz-Target": {"GraniteServiceVersion20100801.PutMetricData"}}
	for batch := range slices.Chunk(data, 1000) { // AWS takes no more at once
		var points []point
		for _, d := range batch {
			p := point{MetricName: d.name, Timestamp: d.at.Unix(), Value: d.value, Unit: "Count"}
			for _, dimension := range d.dimensions {
				key, value, _ := strings.Cut(dimension, "=")
				p.Dimensions = append(p.Dimensions, pair{key, value})
			}
			points = append(points, p)
		}
		body, err := json.Marshal(map[string]any{"Namespace": namespace, "MetricData": points})
		if err != nil {
			return err
		}
		if _, err := send(ctx, account, services["cw"].sign, http.MethodPost, "/", header, body); err != nil {
			return fmt.Errorf("PutMetricData: %w", err)
		}
	}
	return nil
}
