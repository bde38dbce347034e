package main

import (
	"strings"
	"testing"
)

func TestFoldedHelp(t *testing.T) {
	const help = `A sentence that is much longer than the forty columns that there are.

Examples:
  loglens top-errors --since 1h s3://my-logs/prod | less

Flags:
      --lb string      load balancer: name, ARN or DNS name
  -h, --help           help for it
`
	const want = `A sentence that is much longer than the
forty columns that there are.

Examples:
  loglens top-errors --since 1h s3://my-logs/prod | less

Flags:
      --lb string      load balancer: name,
                       ARN or DNS name
  -h, --help           help for it
`
	if got := folded(help, 44); got != want {
		t.Errorf("folded at 44 columns:\n%s", got)
	}
	if got := folded(help, 42); !strings.Contains(got, "load balancer: name, ARN or DNS name\n") {
		t.Errorf("folded where there is no room for it:\n%s", got)
	}
	if got := folded(help, 200); got != help {
		t.Errorf("changed where all of it fits:\n%s", got)
	}
}
