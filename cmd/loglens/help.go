package main

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// leastAbout is how much room what is said of a flag or a command has to have for it to
// be folded.
const leastAbout = 20

// foldHelp makes help fit a terminal: what is said of commands and flags goes on below
// where it begins. Through a pipe every one keeps its line, for grep.
func (a *app) foldHelp(root *cobra.Command) {
	show := root.HelpFunc()
	root.SetHelpFunc(func(c *cobra.Command, args []string) {
		width, ok := terminalWidth(a.out)
		if !ok {
			show(c, args)
			return
		}
		var text bytes.Buffer
		c.SetOut(&text)
		show(c, args)
		c.SetOut(nil)
		_, _ = io.WriteString(root.OutOrStdout(), folded(text.String(), width)) // the root's writer minds its errors
	})
}

// said is a line about a command or a flag: a name, two blanks or more, and words.
var said = regexp.MustCompile(`^ +\S+(?: \S+)*  +`)

// folded breaks the lines of help that are longer than width.
func folded(help string, width int) string {
	var out strings.Builder
	for line := range strings.Lines(help) {
		line = strings.TrimSuffix(line, "\n")
		name := said.FindString(line)
		indent := utf8.RuneCountInString(name)
		// A command that is shown is one to copy, and is never folded.
		prose := name != "" || !strings.HasPrefix(line, " ")
		if prose && utf8.RuneCountInString(line) > width && width-indent >= leastAbout {
			line = name + strings.Join(words(line[len(name):], width-indent), "\n"+strings.Repeat(" ", indent))
		}
		out.WriteString(line + "\n")
	}
	return out.String()
}

// words breaks text into lines of width at most, but for a word that is longer.
func words(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	return append(lines, line)
}
