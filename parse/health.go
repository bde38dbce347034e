package parse

// The fields of a health check log of an Application Load Balancer, for Entry.
// One line per check and node; the first lines of 2025 end with the reason code.
// Source: AWS, "Health check log entry syntax", read 2026-11.
const (
	HealthType        = iota // http, https, h2, grpc or lambda
	HealthTime               // when the check began
	HealthLatency            // seconds
	HealthTarget             // IP:port, or the ARN of a Lambda function
	HealthTargetGroup        // the target group's name
	HealthStatus             // PASS or FAIL
	HealthStatusCode         // HTTP or gRPC
	HealthReasonCode         // such as TimedOut, which older lines call RequestTimedOut or ConnectionTimedOut
	HealthELB
	HealthIPAddress // the balancer's node
)

var healthFormat = format{kind: KindHealthCheck, least: HealthReasonCode + 1, time: HealthTime, widths: []int{8}, fields: []fieldFormat{
	HealthType:        {name: "type"},
	HealthTime:        {name: "time", form: aTime, needed: true},
	HealthLatency:     {name: "latency", form: aDecimal, told: wholePart},
	HealthTarget:      {name: "target_addr", form: aTarget, told: wholePart},
	HealthTargetGroup: {name: "target_group_id", told: wholePart},
	HealthStatus:      {name: "status", form: passOrFail, needed: true},
	HealthStatusCode:  {name: "status_code", form: aStatus, told: wholePart},
	HealthReasonCode:  {name: "reason_code", told: wholePart},
	HealthELB:         {name: "elb", told: wholePart},
	HealthIPAddress:   {name: "ip_address", told: wholePart},
}}
