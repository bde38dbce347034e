package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"loglens/internal/amount"
)

var lambdaCheck = Check{
	Name:  "lambda",
	About: "What the logs say of functions as targets.",
	Gives: []string{"lambda-access-denied", "lambda-errors"},
	look:  func(f *facts) []*Finding { return f.ofEach(f.invocationDenied, f.functionFails) },
}

const accessDenied = "LambdaAccessDenied"

// ran are the codes of a function that was invoked, and failed by itself.
//
// Source: AWS, "Access logs for your Application Load Balancer" (error reason codes), read 2026-11.
var ran = []string{"LambdaInvalidResponse", "LambdaResponseTooLarge", "LambdaUnhandled"}

// elsewhere is where to look for what Lambda answers in place of a function that it did not
// run: the function's log has nothing of that.
//
// Source: AWS, "Access logs for your Application Load Balancer" (error reason codes), and
// "Invoke" of the Lambda API reference, read 2026-11.
var elsewhere = []struct {
	codes []string // how they begin
	do    string
}{
	{[]string{"LambdaResourceNotFound"}, "see whether the function, version or alias that is registered is there, and register one that is"},
	{[]string{"LambdaEC2", "LambdaENI", "LambdaSubnet", "LambdaKMS", "LambdaInvalidRuntime", "LambdaInvalidS", "LambdaInvalidZip"}, "look at the function's configuration: its state and the reason for it, network, key, runtime and code"},
	{[]string{"LambdaConnection", "LambdaServiceException"}, "look at AWS's health page for Lambda in the region"},
}

// invalidResponse is the code of a function that ended well, and returned what the balancer
// does not take: its log has no error of that.
const invalidResponse = "LambdaInvalidResponse"

// response says what a group's function has to return: with headers in another field by a
// setting of the group.
//
// Source: AWS, "Use Lambda functions as targets of an Application Load Balancer" ("Respond to the
// load balancer", "Multi-value headers"), read 2026-11.
func (f *Finding) response(g *Group) {
	headers := "headers with a text as each value, or, if multi-value headers are on for the target group, multiValueHeaders with a list of texts as each"
	switch value := g.Attributes[attrMultiValue]; value {
	case "true":
		headers = "multiValueHeaders, in place of headers, with a list of texts as each value"
		f.because(FromConfig, attrMultiValue+" of "+g.Name+" is "+value)
	case "false":
		headers = "headers, in place of multiValueHeaders, with a text as each value"
		f.because(FromConfig, attrMultiValue+" of "+g.Name+" is "+value)
	}
	f.Do = "compare what the function returns (" + invalidResponse + ", of which the function's log has no error) with what the balancer takes: a statusCode that is a number, " + headers + ", not null, and a body, if any, that is a text, with isBase64Encoded true where it is encoded so"
}

// lastRun is when the function of a group failed last by itself; zero if it did not.
func (f *facts) lastRun(g *Group) (last time.Time) {
	for _, row := range f.failures() {
		if row.Group == g.ARN && slices.Contains(ran, row.Reason) && row.Last.After(last) {
			last = row.Last
		}
	}
	return last
}

// function is the one that a group has as its target; words in capitals if none is known.
func (g *Group) function() (id, name string) {
	id, name = "FUNCTION", "NAME"
	if len(g.Targets) > 0 {
		id = g.Targets[0].ID
		if part := strings.Split(id, ":"); len(part) > 6 { // an ARN, with an alias or without
			name = part[6]
		}
	}
	return id, name
}

// ofFunction counts a group's failures of the class lambda by their reason.
func (f *facts) ofFunction(g *Group) map[string]int64 {
	return f.sumBy(byReason, those(func(row Failure) bool { return row.Group == g.ARN && row.Class == "lambda" }))
}

func (f *facts) invocationDenied(g *Group) *Finding {
	denied := f.ofFunction(g)[accessDenied]
	if denied == 0 {
		return nil
	}
	found := finding("lambda-access-denied", fmt.Sprintf("The balancer may not invoke the function of %s.", g.Name))
	found.onGroup(g)
	found.Confidence = High
	found.because(FromLog, amount.Of(denied, "request", "requests")+" ended with "+accessDenied)
	found.share = f.reasons(found, accessDenied)
	span, over := f.isOver(g, nil, found.share, f.lateOf(found.share))
	since := "has answered requests since"
	if first, last := f.firstAndLast(found.share); !over && f.isRest(f.lastRun(g).Sub(last), among(found.share)) {
		span, over, since = f.span(first, last), true, "has run since, and failed"
	}
	if over {
		found.tellAsOver()
		found.Sentence = fmt.Sprintf("The balancer was not allowed to invoke the function of %s %s, and the function %s.", g.Name, span, since)
		found.Do = "see what took the permission away at that time: whether the function, its alias or the target group was made anew"
		return found
	}
	function, _ := g.function()
	f.letInvoke(found, g, function)
	return found
}

// letInvoke lets the balancer invoke a function for a group, and takes that back.
func (f *facts) letInvoke(found *Finding, g *Group, function string) {
	// Of its own: several groups may have the function, and one of the same name that was deleted may have left its own.
	statement := "loadbalancer-" + g.Name + "-" + g.ARN[strings.LastIndexByte(g.ARN, '/')+1:]
	permission := func(operation string, more ...string) string {
		return f.command("lambda", operation, append([]string{"--function-name", function, "--statement-id", statement}, more...)...)
	}
	found.mend(permission("add-permission", "--principal", "elasticloadbalancing.amazonaws.com", "--action", "lambda:InvokeFunction", "--source-arn", g.ARN), permission("remove-permission"))
}

func (f *facts) functionFails(g *Group) *Finding {
	sums := f.ofFunction(g)
	codes := slices.DeleteFunc(mostFirst(sums), func(code string) bool { return code == accessDenied })
	if len(codes) == 0 {
		return nil
	}
	found := finding("lambda-errors", fmt.Sprintf("The function of %s fails: %s.", g.Name, few(codes)))
	found.onGroup(g)
	found.Confidence = High
	for _, code := range codes {
		found.because(FromLog, fmt.Sprintf("%s: %d", code, sums[code]))
	}
	found.share = f.reasons(found, codes...)
	if f.answeredFor(among(found.share)) > 0 && f.areRare(g, found.share, f.lateOf(found.share), codes...) { // which may all be of this group
		found.Level = Warn
		found.Sentence = fmt.Sprintf("The function of %s fails now and then: %s.", g.Name, few(codes))
	}
	if span, ok := f.isOver(g, nil, found.share, f.lateOf(found.share)); ok {
		found.tellAsOver()
		found.Sentence = fmt.Sprintf("The function of %s failed %s, and has answered requests since: %s.", g.Name, span, few(codes))
	}
	if slices.Contains(codes, invalidResponse) {
		general := found.Do
		found.response(g)
		if len(codes) > 1 {
			found.Do += "; " + general
		}
	}
	id, name := g.function()
	var do []string
	rest := codes
	for _, where := range elsewhere {
		is := func(code string) bool {
			return slices.ContainsFunc(where.codes, func(start string) bool { return strings.HasPrefix(code, start) })
		}
		if slices.ContainsFunc(codes, is) {
			do, rest = append(do, where.do), slices.DeleteFunc(slices.Clone(rest), is)
		}
	}
	if len(do) > 0 {
		found.Verify = append(found.Verify, f.command("lambda", "get-function-configuration", "--function-name", id))
		if len(rest) > 0 {
			do = append(do, found.Do)
		}
		found.Do = strings.Join(do, "; ")
	}
	if len(rest) == 0 {
		return found
	}
	first, _ := f.firstAndLast(found.share)
	if first.IsZero() {
		first = f.From
	}
	found.Verify = append(found.Verify, f.command("logs", "tail", "/aws/lambda/"+name, "--since", first.Truncate(time.Minute).Format(time.RFC3339)))
	return found
}
