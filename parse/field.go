package parse

// Field is the place of a field in an ALB access-log line, from 0.
type Field int

// The fields of an ALB access-log line, in the order and under the names of
// AWS's "Access log entry syntax".
const (
	FieldType Field = iota
	FieldTime
	FieldELB
	FieldClient
	FieldTarget
	FieldRequestTime
	FieldTargetTime
	FieldResponseTime
	FieldELBStatus
	FieldTargetStatus
	FieldReceivedBytes
	FieldSentBytes
	FieldRequest
	FieldUserAgent
	FieldSSLCipher
	FieldSSLProtocol
	FieldTargetGroup
	FieldTraceID
	FieldDomainName
	FieldChosenCert
	FieldRulePriority
	FieldCreationTime
	FieldActions
	FieldRedirectURL
	FieldErrorReason
	FieldTargetList
	FieldTargetStatusList
	FieldClassification
	FieldClassificationReason
	FieldConnTraceID
	FieldTransformedHost
	FieldTransformedURI
	FieldTransformStatus
	FieldIPAddress
	FieldTargetErrorCode
	FieldELBErrorCode

	// Fields is how many fields are known. A line may have more, which are
	// ignored and counted, or fewer.
	Fields = 36
	// MinFields is the width below which a line is damaged: without the
	// status codes and the byte counts an entry says nothing.
	MinFields = 12
)

var fieldNames = [Fields]string{
	"type", "time", "elb", "client:port", "target:port",
	"request_processing_time", "target_processing_time", "response_processing_time",
	"elb_status_code", "target_status_code", "received_bytes", "sent_bytes",
	"request", "user_agent", "ssl_cipher", "ssl_protocol", "target_group_arn",
	"trace_id", "domain_name", "chosen_cert_arn", "matched_rule_priority",
	"request_creation_time", "actions_executed", "redirect_url", "error_reason",
	"target:port_list", "target_status_code_list", "classification",
	"classification_reason", "conn_trace_id", "transformed_host", "transformed_uri",
	"request_transform_status", "ip_address", "target_error_code", "elb_error_code",
}

// String returns AWS's name of the field.
func (f Field) String() string {
	if f < 0 || f >= Fields {
		return "unknown field"
	}
	return fieldNames[f]
}
