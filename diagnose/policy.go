package diagnose

import (
	"io"
	"slices"
)

// WritePolicy writes the IAM policy that a diagnosis needs, and no more: one
// statement for each kind of resource, with the actions of Calls. bucket and prefix
// say where the logs are, partition in which part of AWS: "aws", "aws-cn".
func WritePolicy(w io.Writer, partition, bucket, prefix string) error {
	type statement struct {
		Effect   string   `json:"Effect"`
		Action   []string `json:"Action"`
		Resource string   `json:"Resource"`
	}
	logs := "arn:" + partition + ":s3:::" + bucket
	objects := logs + "/*"
	if prefix != "" {
		objects = logs + "/" + prefix + "/*"
	}
	var statements []statement
	for _, on := range []struct{ kind, resource string }{{"*", "*"}, {"bucket", logs}, {"objects", objects}} {
		s := statement{Effect: "Allow", Resource: on.resource}
		for _, c := range Calls {
			if c.On == on.kind {
				s.Action = append(s.Action, c.Action)
			}
		}
		slices.Sort(s.Action)
		s.Action = slices.Compact(s.Action)
		statements = append(statements, s)
	}
	return writeJSON(w, struct {
		Version   string      `json:"Version"`
		Statement []statement `json:"Statement"`
	}{"2012-10-17", statements})
}
