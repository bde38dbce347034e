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

var accessFormat = format{kind: KindAccess, least: MinFields, time: int(FieldTime), widths: []int{18, 20, 25, 27, 29, 30, 33, 34}, fields: []fieldFormat{
	FieldType:                 {name: "type"},
	FieldTime:                 {name: "time", form: aTime, needed: true},
	FieldELB:                  {name: "elb", told: wholePart},
	FieldClient:               {name: "client:port", form: anAddress, told: ipPart},
	FieldTarget:               {name: "target:port", form: anAddress, told: addressPart},
	FieldRequestTime:          {name: "request_processing_time", form: aDecimal},
	FieldTargetTime:           {name: "target_processing_time", form: aDecimal},
	FieldResponseTime:         {name: "response_processing_time", form: aDecimal},
	FieldELBStatus:            {name: "elb_status_code", form: aStatus, needed: true},
	FieldTargetStatus:         {name: "target_status_code", form: aStatus},
	FieldReceivedBytes:        {name: "received_bytes", form: anInteger},
	FieldSentBytes:            {name: "sent_bytes", form: anInteger},
	FieldRequest:              {name: "request", quoted: true, told: wholePart},
	FieldUserAgent:            {name: "user_agent", quoted: true},
	FieldSSLCipher:            {name: "ssl_cipher"},
	FieldSSLProtocol:          {name: "ssl_protocol"},
	FieldTargetGroup:          {name: "target_group_arn", tell: maybeARN},
	FieldTraceID:              {name: "trace_id", quoted: true},
	FieldDomainName:           {name: "domain_name", quoted: true},
	FieldChosenCert:           {name: "chosen_cert_arn", quoted: true},
	FieldRulePriority:         {name: "matched_rule_priority"},
	FieldCreationTime:         {name: "request_creation_time", tell: maybeTime, told: wholePart},
	FieldActions:              {name: "actions_executed", quoted: true},
	FieldRedirectURL:          {name: "redirect_url", quoted: true},
	FieldErrorReason:          {name: "error_reason", quoted: true},
	FieldTargetList:           {name: "target:port_list", quoted: true},
	FieldTargetStatusList:     {name: "target_status_code_list", quoted: true},
	FieldClassification:       {name: "classification", quoted: true},
	FieldClassificationReason: {name: "classification_reason", quoted: true, told: wholePart},
	FieldConnTraceID:          {name: "conn_trace_id"},
	FieldTransformedHost:      {name: "transformed_host", quoted: true},
	FieldTransformedURI:       {name: "transformed_uri", quoted: true},
	FieldTransformStatus:      {name: "request_transform_status", quoted: true},
	FieldIPAddress:            {name: "ip_address", told: wholePart},
	FieldTargetErrorCode:      {name: "target_error_code", quoted: true},
	FieldELBErrorCode:         {name: "elb_error_code", quoted: true},
}}

// String returns AWS's name of the field.
func (f Field) String() string { return accessFormat.name(int(f)) }
