package diagnose

import (
	"fmt"
	"strings"

	"loglens/internal/amount"
)

var lambdaCheck = Check{
	Name:  "lambda",
	About: "What the logs say of functions as targets.",
	Gives: []string{"lambda-access-denied", "lambda-errors"},
	look:  lookAtLambda,
}

func lookAtLambda(f *facts) (list []*Finding) {
	for i := range f.Groups {
		g := &f.Groups[i]
		sums := map[string]int64{}
		var denied, others int64
		for _, row := range f.failures() {
			if row.Group != g.ARN || row.Class != "lambda" {
				continue
			}
			if row.Reason == "LambdaAccessDenied" {
				denied += row.Count
				continue
			}
			sums[row.Reason] += row.Count
			others += row.Count
		}
		function, name := "FUNCTION", "NAME"
		if len(g.Targets) > 0 {
			function = g.Targets[0].ID
			if part := strings.Split(function, ":"); len(part) > 6 { // an ARN, with an alias or without
				name = part[6]
			}
		}
		if denied > 0 {
			found := finding("lambda-access-denied", fmt.Sprintf("The balancer may not invoke the function of %s.", g.Name))
			found.onGroup(g)
			found.Confidence = High
			found.because(FromLog, amount.Of(denied, "request", "requests")+" ended with LambdaAccessDenied")
			found.share = f.reasons(found, "LambdaAccessDenied")
			statement := "loadbalancer-" + g.Name // of its own: several groups may have the function
			found.Fix = []string{f.command("lambda", "add-permission", "--function-name", function, "--statement-id", statement,
				"--principal", "elasticloadbalancing.amazonaws.com", "--action", "lambda:InvokeFunction", "--source-arn", g.ARN)}
			found.Undo = []string{f.command("lambda", "remove-permission", "--function-name", function, "--statement-id", statement)}
			list = append(list, found)
		}
		if others > 0 {
			codes := mostFirst(sums)
			found := finding("lambda-errors", fmt.Sprintf("The function of %s fails: %s.", g.Name, few(codes)))
			found.onGroup(g)
			found.Confidence = High
			for _, code := range codes {
				found.because(FromLog, fmt.Sprintf("%s: %d", code, sums[code]))
			}
			found.share = f.reasons(found, codes...)
			found.Verify = []string{f.command("logs", "tail", "/aws/lambda/"+name, "--since", "1h")}
			list = append(list, found)
		}
	}
	return list
}
