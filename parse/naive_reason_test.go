package parse

import (
	"slices"
	"strings"
)

// naiveReason says why a request failed, in the order of the decision table of
// the reasons page and with nothing but the texts of the fields.
func naiveReason(fields []string) string {
	get := func(f Field) string {
		if int(f) >= len(fields) || fields[f] == "" {
			return "-"
		}
		return fields[f]
	}
	elb, target, answer := get(FieldELBStatus), get(FieldTarget), get(FieldTargetStatus)
	if elb != "-" {
		elb = strings.Repeat("0", 3-len(elb)) + elb
	}
	word := get(FieldErrorReason)
	transform := get(FieldTransformStatus)
	broke := func(f Field) bool { return !slices.Contains([]string{"-", "0", "0x0"}, get(f)) }
	broken := transform != "-" && transform != "TransformSuccess"

	if word != "-" {
		return word + " " + naiveClass(word) + " logged"
	}
	switch {
	case broke(FieldTargetErrorCode):
		return "Target_Stream_Reset target derived"
	case broke(FieldELBErrorCode):
		return "ELB_Stream_Reset balancer derived"
	case broken:
		return "Transform_Failed balancer derived"
	case elb != "-" && elb != "000" && elb < "400":
		return ""
	case elb == "000":
		return "HTTP2_Goaway client derived"
	}
	actions := strings.Split(get(FieldActions), ",")
	switch actions[len(actions)-1] {
	case "waf-failed":
		return "WAF_Error policy derived"
	case "waf":
		return "WAF_Block policy derived"
	case "fixed-response":
		return "Fixed_Response policy derived"
	}
	silent := answer == "-"
	if !silent {
		answer = strings.Repeat("0", 3-len(answer)) + answer
	}
	if elb != "-" && elb[0] == '4' && elb != "460" && !silent && (answer[0] == '3' || answer[0] == '4') {
		return ""
	}
	if get(FieldRulePriority) == "-1" && silent && elb != "460" {
		return "Rule_Error balancer derived"
	}
	if elb != "-" && elb >= "500" && answer[0] == '5' {
		return "Target_5XX target derived"
	}
	if silent && (elb == "401" || elb == "561" || elb == "562" || elb == "500" && actions[len(actions)-1] == "authenticate") {
		return "Auth_Failed policy derived"
	}
	if class := get(FieldClassification); elb == "400" && target == "-" && (class == "Severe" || class == "Ambiguous") {
		return "Desync_Block policy derived"
	}
	if simple, ok := naiveStatuses[elb]; ok && (silent || elb < "500") && (silent || elb != "403") {
		return simple + " derived"
	}
	if elb != "-" && elb[0] == '4' {
		return "Client_4XX client derived"
	}
	return naiveTarget(elb, target, silent, get) + " derived"
}

// naiveStatuses: what a status of the balancer says by itself.
var naiveStatuses = map[string]string{
	"400": "Bad_Request client", "403": "ELB_Denied policy", "405": "Method_Not_Allowed client",
	"408": "Client_Timeout client", "413": "Request_Too_Large client", "414": "Header_Too_Large client",
	"431": "Header_Too_Large client", "460": "Client_Closed client", "463": "XFF_Too_Many_IPs client",
	"464": "Protocol_Mismatch client", "501": "Not_Implemented client",
	"505": "HTTP_Version_Not_Supported client", "507": "Redirect_URL_Too_Long client",
}

// naiveTarget decides the failures on the way to the target.
func naiveTarget(elb, target string, silent bool, get func(Field) string) string {
	had := func(f Field) bool { return !absences.MatchString(get(f)) }
	unconnected := !had(FieldRequestTime) && !had(FieldTargetTime) && !had(FieldResponseTime)
	group := get(FieldTargetGroup) != "-"
	switch {
	case target == "-" && group && had(FieldRequestTime) && silent && elb != "-":
		return "Lambda_Error lambda"
	case elb == "503" && target == "-" && group:
		return "No_Usable_Target target"
	case elb == "504" && !silent:
		return "Target_Response_Timeout target"
	case elb == "502" && !silent:
		return "Target_Closed_Connection target"
	case elb == "504" && target != "-" && unconnected:
		return "Target_Connect_Timeout target"
	case elb == "504" && target != "-":
		return "Target_Response_Timeout target"
	case elb == "502" && target != "-" && unconnected:
		return "Target_Connection_Error target"
	case elb == "502" && target != "-":
		return "Target_Closed_Connection target"
	case elb == "500" && silent:
		return "ELB_Internal_Error balancer"
	}
	return "Unknown unknown"
}

func naiveClass(word string) string {
	switch {
	case strings.HasPrefix(word, "Target_"):
		return "target"
	case strings.HasPrefix(word, "Lambda"):
		return "lambda"
	case strings.HasPrefix(word, "AWSALBTGCookieInvalid"):
		return "client"
	case strings.HasPrefix(word, "WeightedTargetGroupsUnhandledException"):
		return "balancer"
	}
	for _, p := range []string{"WAF", "Auth", "JWT", "JWKS"} {
		if strings.HasPrefix(word, p) {
			return "policy"
		}
	}
	return "unknown"
}

// naiveClassicReason is naiveReason for the lines of a Classic Load Balancer, in
// the order of the troubleshooting page and with nothing but the texts of the
// fields. It names its cases by the kind of listener first.
func naiveClassicReason(fields []string) string {
	elb, target, answer := fields[FieldELBStatus], fields[FieldTarget], fields[FieldTargetStatus]
	if elb == "" || elb == "-" { // a TCP or SSL listener
		switch {
		case target == "-":
			return "Unknown unknown derived"
		case absences.MatchString(fields[FieldTargetTime]):
			return "Target_Connection_Error target derived"
		}
		return ""
	}
	elb = strings.Repeat("0", 3-len(elb)) + elb
	class := func(status string) byte {
		if status == "" || status == "-" {
			return '-'
		}
		return (strings.Repeat("0", 3-len(status)) + status)[0]
	}
	silent := class(answer) == '-'
	switch {
	case elb == "000":
		return "Unknown unknown derived"
	case elb < "400":
		return ""
	case elb < "500" && (class(answer) == '3' || class(answer) == '4'):
		return ""
	case elb < "500":
		if reason, ok := map[string]string{"400": "Bad_Request", "405": "Method_Not_Allowed", "408": "Client_Timeout"}[elb]; ok {
			return reason + " client derived"
		}
		return "Client_4XX client derived"
	case class(answer) == '5':
		return "Target_5XX target derived"
	case elb == "504":
		return "Target_Response_Timeout target derived"
	case elb == "502":
		return "Target_Closed_Connection target derived"
	case elb == "503" && target == "-":
		return "No_Usable_Target target derived"
	case elb == "500" && silent:
		return "ELB_Internal_Error balancer derived"
	}
	return "Unknown unknown derived"
}
