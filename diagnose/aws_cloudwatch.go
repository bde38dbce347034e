package diagnose

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// Bounds of GetMetricData. Source: AWS, "GetMetricData" of the CloudWatch API
// reference, read 2026-11.
const (
	mostQueries = 500
	mostPoints  = 100_800
)

// metric is a metric that is asked for, of the balancer or of each of its groups.
type metric struct {
	name    string
	stat    string
	grouped bool // by target group
}

// metrics are what is asked for by type of balancer. A metric exists only with
// certain sets of dimensions: what is counted by the balancer alone has no group.
//
// Source: AWS, "CloudWatch metrics" of the guides for Application, Network and
// Classic Load Balancers, read 2026-11.
var metrics = map[string][]metric{
	Application: {
		{"RequestCount", "Sum", false}, {"RequestCount", "Sum", true},
		{"HTTPCode_ELB_5XX_Count", "Sum", false}, {"HTTPCode_ELB_500_Count", "Sum", false}, {"HTTPCode_ELB_502_Count", "Sum", false},
		{"HTTPCode_ELB_503_Count", "Sum", false}, {"HTTPCode_ELB_504_Count", "Sum", false},
		{"HTTPCode_Target_5XX_Count", "Sum", false}, {"HTTPCode_Target_5XX_Count", "Sum", true},
		{"TargetConnectionErrorCount", "Sum", false}, {"TargetConnectionErrorCount", "Sum", true},
		{"TargetTLSNegotiationErrorCount", "Sum", false}, {"TargetTLSNegotiationErrorCount", "Sum", true},
		{"RejectedConnectionCount", "Sum", false}, {"ClientTLSNegotiationErrorCount", "Sum", false}, {"NewConnectionCount", "Sum", false},
		{"HealthyHostCount", "Minimum", true}, {"UnHealthyHostCount", "Minimum", true}, {"UnhealthyRoutingRequestCount", "Sum", true},
		{"TargetControlRequestRejectCount", "Sum", false}, {"TargetControlActiveChannelCount", "Sum", false},
		{"ELBAuthSuccess", "Sum", false},
	},
	NetworkType: {
		{"NewFlowCount", "Sum", false}, {"PortAllocationErrorCount", "Sum", false},
		{"TCP_ELB_Reset_Count", "Sum", false}, {"TCP_Target_Reset_Count", "Sum", false}, {"UnhealthyRoutingFlowCount", "Sum", false},
		{"SecurityGroupBlockedFlowCount_Inbound_TCP", "Sum", false}, {"SecurityGroupBlockedFlowCount_Outbound_TCP", "Sum", false},
		{"SecurityGroupBlockedFlowCount_Inbound_UDP", "Sum", false}, {"SecurityGroupBlockedFlowCount_Outbound_UDP", "Sum", false},
		{"TargetTLSNegotiationErrorCount", "Sum", false}, {"ClientTLSNegotiationErrorCount", "Sum", false},
		{"HealthyHostCount", "Minimum", true}, {"UnHealthyHostCount", "Minimum", true},
	},
	Classic: {
		{"RequestCount", "Sum", false}, {"HTTPCode_ELB_5XX", "Sum", false}, {"HTTPCode_Backend_5XX", "Sum", false},
		{"BackendConnectionErrors", "Sum", false}, {"SpilloverCount", "Sum", false}, {"SurgeQueueLength", "Maximum", false},
		{"HealthyHostCount", "Minimum", false}, {"UnHealthyHostCount", "Minimum", false},
	},
}

var namespaces = map[string]string{Application: "AWS/ApplicationELB", NetworkType: "AWS/NetworkELB", Classic: "AWS/ELB"}

// measure reads the metrics of the window, in as few calls as can be.
func (c *collector) measure(ctx context.Context) error {
	s := &c.snapshot
	from := s.From.Truncate(time.Minute)
	period := periodOf(s.Until.Sub(from), s.Taken.Sub(from))
	from = from.Truncate(period)
	var queries []types.MetricDataQuery
	var series []Series
	add := func(m metric, g *Group) {
		out := Series{Name: m.name, Stat: m.stat, Period: int(period / time.Second), Points: []Point{}}
		if g != nil {
			out.Group = g.ARN
		}
		queries = append(queries, types.MetricDataQuery{
			Id: aws.String(fmt.Sprintf("m%d", len(series))),
			MetricStat: &types.MetricStat{
				Metric: &types.Metric{Namespace: aws.String(namespaces[s.Balancer.Type]), MetricName: &m.name, Dimensions: dimensions(s.Balancer, g)},
				Period: aws.Int32(int32(period / time.Second)), Stat: &m.stat,
			},
		})
		series = append(series, out)
	}
	for _, m := range metrics[s.Balancer.Type] {
		if !m.grouped {
			add(m, nil)
			continue
		}
		for i := range s.Groups {
			add(m, &s.Groups[i])
		}
	}
	each := max(1, min(mostQueries, mostPoints/max(1, int(s.Until.Sub(from)/period)+1)))
	var all []func(context.Context) error
	for at := 0; at < len(queries); at += each {
		part := queries[at:min(at+each, len(queries))]
		all = append(all, func(ctx context.Context) error { return c.readMetrics(ctx, part, from, series) })
	}
	if err := together(ctx, all...); err != nil {
		return err
	}
	for i := range series {
		slices.SortFunc(series[i].Points, func(a, b Point) int { return a.Time.Compare(b.Time) })
	}
	slices.SortStableFunc(series, func(a, b Series) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Group, b.Group)) })
	c.put(func(s *Snapshot) {
		if !slices.ContainsFunc(s.Missing, func(m Missing) bool { return m.Action == getMetrics }) {
			s.Metrics = series
		}
	})
	return nil
}

const getMetrics = "cloudwatch:GetMetricData"

// periodOf is how fine metrics of a window are read. Values by the minute are kept
// for 15 days, by five minutes for 63.
func periodOf(window, age time.Duration) time.Duration {
	const day = 24 * time.Hour
	switch {
	case window <= day && age < 15*day:
		return time.Minute
	case window <= 10*day && age < 63*day:
		return 5 * time.Minute
	}
	return time.Hour
}

// dimensions are the exact set that names a metric of the balancer, or of a group
// behind it.
func dimensions(b Balancer, g *Group) []types.Dimension {
	if b.Type == Classic {
		return []types.Dimension{{Name: aws.String("LoadBalancerName"), Value: &b.Name}}
	}
	list := []types.Dimension{{Name: aws.String("LoadBalancer"), Value: &b.ID}}
	if g != nil {
		_, id, _ := strings.Cut(g.ARN, ":targetgroup/")
		list = append(list, types.Dimension{Name: aws.String("TargetGroup"), Value: aws.String("targetgroup/" + id)})
	}
	return list
}

func (c *collector) readMetrics(ctx context.Context, queries []types.MetricDataQuery, from time.Time, series []Series) error {
	in := &cloudwatch.GetMetricDataInput{
		MetricDataQueries: queries, StartTime: &from, EndTime: &c.snapshot.Until, ScanBy: types.ScanByTimestampAscending,
	}
	found, err := pages(ctx, cloudwatch.NewGetMetricDataPaginator(c.metrics, in), func(out *cloudwatch.GetMetricDataOutput) ([]types.MetricDataResult, *string) {
		return out.MetricDataResults, out.NextToken
	})
	if err != nil {
		return c.settle(ctx, err, "metrics", getMetrics)
	}
	// A result may come in parts, and only the last one says that it is whole. Without some
	// points a metric would be taken for one with nothing to count.
	last := map[string]types.StatusCode{}
	for _, r := range found {
		last[aws.ToString(r.Id)] = r.StatusCode
	}
	for _, q := range queries {
		if status := last[aws.ToString(q.Id)]; status != "" && status != types.StatusCodeComplete {
			err := fmt.Errorf("CloudWatch has not given all of %s: %s", aws.ToString(q.MetricStat.Metric.MetricName), status)
			return c.settle(ctx, err, "metrics", getMetrics)
		}
	}
	for _, r := range found {
		var at int
		if _, err := fmt.Sscanf(aws.ToString(r.Id), "m%d", &at); err != nil || at < 0 || at >= len(series) {
			continue
		}
		for i, t := range r.Timestamps[:min(len(r.Timestamps), len(r.Values))] {
			series[at].Points = append(series[at].Points, Point{t.UTC(), r.Values[i]})
		}
	}
	return nil
}
