package diagnose

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"loglens/report"
)

// Widths of the table.
const (
	usualWidth = 80
	leastWidth = 40
)

// encodeTable writes a report for people: on a terminal in lines that fit it, for a
// pipe with every sentence on one line. A command is never broken, so that it can be
// copied.
func encodeTable(w io.Writer, r *Report, s report.Style) error {
	p := printer{style: s}
	if s.Terminal {
		p.width = s.Width
		if p.width == 0 {
			p.width = usualWidth
		}
		p.width = max(p.width, leastWidth)
	}
	p.say("", r.headline())
	p.say("", r.verdict())
	if answer := r.answer(); answer != "" {
		p.say("   ", answer)
	}
	for _, text := range r.remarks() {
		p.say("", text)
	}
	p.out.WriteByte('\n')
	for _, hop := range r.Path {
		p.out.WriteString("  " + p.state(hop.State) + strings.Repeat(" ", 9-len(hop.State)))
		p.sayAfter(25, fmt.Sprintf("%-14s", hop.Hop), strings.Join(hop.shown(), "; "))
	}
	for i, f := range r.Findings {
		p.out.WriteByte('\n')
		p.out.WriteString(fmt.Sprintf("%d. ", i+1) + p.state(levelState(f.Level)) + " " + f.ID + "\n")
		p.finding(f, r.Observed)
	}
	if len(r.Missing) > 0 {
		p.out.WriteString("\nnot checked:\n")
		for _, m := range r.Missing {
			p.say("    ", "  - "+m.words())
		}
	}
	_, err := w.Write(p.out.Bytes())
	return err
}

// shown is the evidence of a hop without what the findings say themselves.
func (s Station) shown() (list []string) {
	for _, e := range s.Evidence {
		if id, _, ok := strings.Cut(e, ": "); ok && isKind(id) {
			list = append(list, id)
			continue
		}
		list = append(list, e)
	}
	return list
}

func isKind(id string) bool {
	return slices.ContainsFunc(Kinds, func(k Kind) bool { return k.ID == id })
}

func levelState(l Level) State {
	return map[Level]State{Fail: Failed, Warn: Warned, Note: "note"}[l]
}

// printer draws text.
type printer struct {
	out   bytes.Buffer
	style report.Style
	width int // 0 for no bound
}

// say writes a paragraph. The text of the data is in there and made harmless.
func (p *printer) say(indent, text string) {
	text = report.Text(text, p.style.ASCII)
	lead := text[:len(text)-len(strings.TrimLeft(text, " "))]
	if p.width > 0 {
		text = lead + report.Fold(text, p.width-len(lead), strings.Repeat(" ", max(0, len(indent))))
	}
	p.out.WriteString(text + "\n")
}

// sayAfter writes a label and a paragraph that stays to the right of it.
func (p *printer) sayAfter(at int, label, text string) {
	text = report.Text(text, p.style.ASCII)
	if p.width > 0 {
		text = strings.ReplaceAll(report.Fold(text, max(20, p.width-at), ""), "\n", "\n"+strings.Repeat(" ", at))
	}
	p.out.WriteString(strings.TrimRight(label+text, " ") + "\n")
}

func (p *printer) state(s State) string {
	word := strings.ToUpper(string(s))
	code := map[State]string{Failed: "31", Warned: "33", Pass: "32"}[s]
	if !p.style.Color || code == "" {
		return word
	}
	return "\x1b[" + code + "m" + word + "\x1b[0m"
}

// indent is that of a finding.
const indent = "   "

func (p *printer) evidence(list []Evidence) {
	for _, e := range list {
		p.say(indent+"  ", indent+"- "+string(e.Source)+": "+e.Text)
	}
}

func (p *printer) finding(f *Finding, o Observed) {
	p.say(indent, indent+f.Sentence)
	if len(f.BecauseOf) > 0 {
		p.say(indent, indent+f.weight(o))
		p.evidence(f.ownFact())
		return // all else is said there
	}
	p.say(indent+"  ", indent+"> "+f.Do)
	p.say(indent, indent+f.weight(o))
	if who := f.about(); who != "" {
		p.say(indent+"  ", indent+"about "+who)
	}
	p.evidence(f.Evidence)
	for _, r := range f.Rivals {
		p.say(indent+"  ", indent+"? not excluded: "+r.words())
	}
	for _, part := range f.commands() {
		p.out.WriteString(indent + part.label + ":\n")
		for _, c := range part.commands {
			p.out.WriteString(indent + "  " + report.Text(c, false) + "\n")
		}
	}
}

// encodeMarkdown writes a report for a ticket or a chat.
func encodeMarkdown(w io.Writer, r *Report, _ report.Style) error {
	var out bytes.Buffer
	line := func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }
	line("%s\n", report.Markdown(r.headline()))
	line("**%s**\n", report.Markdown(r.verdict()))
	if answer := r.answer(); answer != "" {
		line("%s\n", report.Markdown(answer))
	}
	for _, text := range r.remarks() {
		line("%s\n", report.Markdown(text))
	}
	line("| hop | state | evidence |\n| :--- | :--- | :--- |")
	for _, hop := range r.Path {
		line("| %s | %s | %s |", hop.Hop, strings.ToUpper(string(hop.State)), report.Markdown(strings.Join(hop.shown(), "; ")))
	}
	for i, f := range r.Findings {
		line("\n### %d. %s `%s`\n", i+1, strings.ToUpper(string(f.Level)), f.ID)
		f.markdown(line, r.Observed)
	}
	if len(r.Missing) > 0 {
		line("\n### Not checked\n")
		for _, m := range r.Missing {
			line("* %s", report.Markdown(m.words()))
		}
	}
	_, err := w.Write(out.Bytes())
	return err
}

func markdownEvidence(line func(format string, args ...any), list []Evidence) {
	for _, e := range list {
		line("* %s: %s", e.Source, report.Markdown(e.Text))
	}
}

func (f *Finding) markdown(line func(format string, args ...any), o Observed) {
	line("%s\n", report.Markdown(f.Sentence))
	if len(f.BecauseOf) > 0 {
		line("* %s", f.weight(o))
		markdownEvidence(line, f.ownFact())
		return // all else is said there
	}
	line("* to do: %s", report.Markdown(f.Do))
	line("* %s", f.weight(o))
	if who := f.about(); who != "" {
		line("* about %s", report.Markdown(who))
	}
	markdownEvidence(line, f.Evidence)
	for _, rival := range f.Rivals {
		line("* not excluded: %s", report.Markdown(rival.words()))
	}
	for _, part := range f.commands() {
		line("\n%s:\n\n```sh", upper(part.label))
		for _, c := range part.commands {
			line("%s", report.CodeBlock(c))
		}
		line("```")
	}
}
