package main

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"loglens/ingest"
	"loglens/report"
)

// variablePrefix is what the names of all variables of ours begin with.
const variablePrefix = "LOGLENS_"

// The variables that no flag is set by. Whoever adds one adds it to ownVariables.
const (
	sourceVariable  = variablePrefix + "SOURCE"
	inflateVariable = variablePrefix + "INFLATE"
)

var ownVariables = []string{sourceVariable, inflateVariable}

// flagVariable is the variable that sets a flag.
func flagVariable(flag string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// environment gives every flag that was not typed the value of LOGLENS_<FLAG>. A flag
// that was typed and is empty is an error: most likely a variable of the shell is not
// set, and to go on without the flag would answer another question, such as one about
// all load balancers.
func (a *app) environment(c *cobra.Command) (err error) {
	a.command = c.CommandPath()
	if c.Name() != cobra.ShellCompRequestCmd {
		a.strangeVariables(c.Root())
	}
	a.typed = map[string]bool{}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		a.typed[f.Name] = f.Changed
		if f.Changed && err == nil && empty(f.Value) {
			err = usage("give it a value, or leave it out; is a variable empty?", "--%s is empty", f.Name)
		}
		name := flagVariable(f.Name)
		if v := a.getenv(name); v != "" && !f.Changed && err == nil {
			if serr := c.Flags().Set(f.Name, v); serr != nil {
				err = usage(a.command+" --help lists the flags", "%s: %w", name, badFlag(serr))
			}
		}
	})
	for _, i := range idle {
		if !a.typed[i.flag] || err != nil {
			continue
		}
		if v := c.Flag(i.without).Value.String(); v == "" || i.without == "output" && v != i.value {
			err = usage("add --"+i.without+" "+i.value+", or leave it out", "--%s does nothing without --%s %s", i.flag, i.without, i.value)
		}
	}
	return err
}

var flagNamed = regexp.MustCompile(`--[a-z-]+`)

// notTyped says of each flag that an error names where its value is from, if nobody typed it.
func (a *app) notTyped(said string) (lines []string) {
	named := flagNamed.FindAllString(said, -1)
	slices.Sort(named)
	for _, f := range slices.Compact(named) {
		flag := strings.TrimPrefix(f, "--")
		name := flagVariable(flag)
		if typed, is := a.typed[flag]; is && !typed && a.getenv(name) != "" && !strings.Contains(said, name) {
			lines = append(lines, f+" is not on the line: "+name+" says it")
		}
	}
	return lines
}

// idle are flags that do nothing without another, or without a value of it. One that was
// typed was meant to have an effect; a variable stands there for other commands as well.
var idle = []struct{ flag, without, value string }{
	{"external-id", "role-arn", "ARN"}, {"lock-timeout", "store", "PATH"}, {"post-format", "post", "URL"}, {"csv-raw", "output", "csv"},
	{"lag", "window", "hour"},
}

// idleFor refuses those of the flags that were typed, where they do nothing.
func (a *app) idleFor(why, hint string, flags ...string) error {
	for _, f := range flags {
		if a.typed[f] {
			return usage(hint, "--%s does nothing: %s", f, why)
		}
	}
	return nil
}

// empty reports whether a flag has been given a text, or a list, with nothing in it.
func empty(v pflag.Value) bool {
	if list, ok := v.(pflag.SliceValue); ok {
		return len(list.GetSlice()) == 0
	}
	return v.Type() == "string" && strings.TrimSpace(v.String()) == ""
}

// strangeVariables warns of variables that look like ours and that no command reads:
// what they were to say is not said. Their values may be secrets.
func (a *app) strangeVariables(root *cobra.Command) {
	variables := sync.OnceValue(func() []string { return knownVariables(root) }) // most often there is none to look up
	for _, set := range a.environ {
		name, value, _ := strings.Cut(set, "=")
		word, ours := strings.CutPrefix(name, variablePrefix)
		if !ours || value == "" || slices.Contains(variables(), name) {
			continue
		}
		var words []string // what all names begin with makes none more alike
		for _, k := range variables() {
			words = append(words, strings.TrimPrefix(k, variablePrefix))
		}
		meant := ""
		if near := ingest.Nearest(word, words); len(near) > 0 {
			meant = "; is it " + variablePrefix + near[0] + "?"
		}
		a.say("warning: %s is set, and nothing reads it%s", report.Plain(name), meant)
	}
}

// knownVariables are those of all flags of a command and of the ones below it, and those
// that no flag is set by.
func knownVariables(c *cobra.Command) []string {
	names := slices.Clone(ownVariables)
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, flagVariable(f.Name)) })
	for _, below := range c.Commands() {
		names = append(names, knownVariables(below)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
