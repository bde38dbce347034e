package main

import (
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"loglens/query"
	"loglens/report"
)

// outputOptions says how the answer is to look.
type outputOptions struct {
	output string
	color  string
	ascii  bool
	rawCSV bool
}

// flags are those of a command whose answer is a table.
func (o *outputOptions) flags(c *cobra.Command) {
	o.formFlags(c, report.Encoders.Names())
	c.Flags().BoolVar(&o.rawCSV, "csv-raw", false, "csv: leave as they are the cells that a spreadsheet would run as formulas")
}

// formFlags are those of every command that prints in one of several forms.
func (o *outputOptions) formFlags(c *cobra.Command, forms []string) {
	f := c.Flags()
	f.StringVarP(&o.output, "output", "o", "table", strings.Join(forms, ", "))
	f.StringVar(&o.color, "color", "auto", "auto, always or never")
	f.BoolVar(&o.ascii, "ascii", false, "draw with ASCII only")
	complete(c, "output", forms)
}

// check refuses a form that is none of these, and an unknown word for --color.
func (o outputOptions) check(forms []string) error {
	if !slices.Contains(forms, o.output) {
		return usage("--output takes "+strings.Join(forms, ", "), "--output: unknown form %q", o.output)
	}
	if !slices.Contains([]string{"auto", "always", "never"}, o.color) {
		return usage("--color takes auto, always, never", "--color: unknown word %q", o.color)
	}
	return nil
}

// form is an encoder; headed if it prints window and warnings itself.
type form struct {
	report.Form[*query.Table]
	headed bool
}

func (o outputOptions) form() (form, error) {
	if err := o.check(report.Encoders.Names()); err != nil {
		return form{}, err
	}
	e, _ := report.Encoders.Find(o.output)
	return form{e, e.Name == "table" || e.Name == "markdown"}, nil
}

// minded remembers the first error of a writer: cobra writes help, and what shells ask
// for, without looking whether it can.
type minded struct {
	io.Writer
	err error
}

func (m *minded) Write(b []byte) (int, error) {
	n, err := m.Writer.Write(b)
	if m.err == nil {
		m.err = err
	}
	return n, err
}

// style looks at the terminal, if there is one, and at the environment.
func (a *app) style(o outputOptions) report.Style {
	s := report.Style{ASCII: o.ascii || !a.utf8(), RawCSV: o.rawCSV}
	width, ok := terminalWidth(a.out)
	s.Terminal, s.Width = ok, width
	if n, err := strconv.Atoi(a.getenv("COLUMNS")); err == nil && n > 0 && s.Width == 0 {
		s.Width = n
	}
	s.Color = a.color(o.color, s.Terminal)
	return s
}

// terminalWidth returns the width of the terminal behind a stream; ok is false
// if there is none.
func terminalWidth(stream any) (width int, ok bool) {
	f, isFile := stream.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		width = 0
	}
	return width, true
}

func (a *app) color(choice string, terminal bool) bool {
	switch {
	case choice != "auto":
		return choice == "always"
	case a.getenv("NO_COLOR") != "":
		return false
	case a.getenv("CLICOLOR_FORCE") != "" && a.getenv("CLICOLOR_FORCE") != "0":
		return true
	}
	return terminal && a.getenv("TERM") != "dumb" && a.getenv("CLICOLOR") != "0"
}

// utf8 reports whether the locale can show more than ASCII. Without any locale,
// as in a container, it can: what reads our output there is not a terminal of 1990.
func (a *app) utf8() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(a.getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return true
}
