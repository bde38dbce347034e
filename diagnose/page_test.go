package diagnose

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

//go:generate go test -run ^TestPage$ . -update

var update = flag.Bool("update", false, "rewrite docs/diagnose.md and golden files")

// TestPage compares the lists of docs/diagnose.md with Checks, Kinds and Calls.
func TestPage(t *testing.T) {
	const path = "../docs/diagnose.md"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const mark = "<!-- What follows is generated from the package diagnose by \"go generate ./diagnose\". Do not edit. -->\n"
	head, _, ok := strings.Cut(string(page), mark)
	if !ok {
		t.Fatalf("%s has no line %q", path, mark)
	}
	want := head + mark + lists()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(page)); diff != "" {
		t.Errorf("%s is not what the package says; run go generate ./diagnose (-want +got):\n%s", path, diff)
	}
}

func lists() string {
	var b strings.Builder
	b.WriteString("\n## Findings\n")
	for _, c := range Checks {
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n| id | level | hop | given when | what to do |\n|---|---|---|---|---|\n", c.Name, c.About)
		for _, id := range c.Gives {
			k := KindOf(id)
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", id, k.Level, k.Hop, k.Given, k.Do)
		}
	}
	b.WriteString("\n## Calls\n\nAll that is asked of AWS, and what for.\n\n| action | for |\n|---|---|\n")
	for _, c := range Calls {
		fmt.Fprintf(&b, "| `%s` | %s |\n", c.Action, c.For)
	}
	return b.String()
}
