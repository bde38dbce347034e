package report

import (
	"fmt"
	"slices"
	"strings"

	"loglens/internal/amount"
	"loglens/internal/when"
	"loglens/query"
)

// What stands around the rows is the same in the table and in Markdown: what
// was read, what it adds up to, what was left out, and what to do next.

var toASCII = strings.NewReplacer("·", "|", "→", "->", "–", "-", "…", "..", "─", "-", "×", "x")

// signs returns our own text as it stands, or in ASCII.
func signs(ascii bool) func(string) string {
	if ascii {
		return toASCII.Replace
	}
	return func(s string) string { return s }
}

// warnings returns them as lines: our text with names out of the data in it.
func (w wording) warnings(t *query.Table) (lines []string) {
	for _, s := range t.Warnings {
		lines = append(lines, "warning: "+w.text(w.sign(s)))
	}
	return lines
}

// leftOut says which columns there is no room for, and where; nil if there is for all.
func leftOut(labels []string, where string) []string {
	if len(labels) == 0 {
		return nil
	}
	return []string{"left out at this width" + where + ": " + strings.Join(labels, ", "), "(a wider terminal or --output markdown shows them)"}
}

// balancers returns the names of the first most load balancers (0 = all) and
// how many more there are.
func balancers(t *query.Table, w wording, most int) string {
	if len(t.Balancers) == 0 {
		return ""
	}
	names, left := t.Balancers, 0
	if most > 0 && len(names) > most {
		names, left = names[:most], len(names)-most
	}
	var words []string
	for _, name := range names {
		if most > 0 {
			name = shortName(name, t.Balancers)
		}
		words = append(words, w.name(name))
	}
	list := strings.Join(words, ", ")
	if left > 0 {
		list += " and " + w.count(int64(left)) + " more"
	}
	return list
}

// shortName returns the middle of "app/name/id" where no other has the same.
func shortName(full string, all []string) string {
	short := func(s string) string {
		if parts := strings.Split(s, "/"); len(parts) == 3 && parts[0] == "app" && parts[1] != "" {
			return parts[1]
		}
		return s
	}
	name := short(full)
	for _, other := range all {
		if other != full && short(other) == name {
			return full
		}
	}
	return name
}

// span returns the window, for tools with full times; empty where free SQL has none.
func span(t *query.Table, w wording, full bool) string {
	if t.Report == query.SQL && t.Window == (when.Window{}) {
		return ""
	}
	if !full || t.Window.From.IsZero() || t.Window.Until.IsZero() {
		return w.sign(t.Window.String())
	}
	return fullTime(t.Window.From) + " to " + fullTime(t.Window.Until)
}

// read returns what the answer rests on; nil where free SQL read nothing.
func read(t *query.Table, w wording, bytes func(int64) string) []string {
	a := t.Accounting
	objects := w.count(a.Objects) + amount.Noun(a.Objects, " object", " objects")
	switch {
	case t.Report == query.SQL && a == query.Accounting{}:
		return nil
	case t.Listed && a.BytesCompressed > 0:
		return []string{objects + " of " + bytes(a.BytesCompressed) + " listed, none opened"}
	case t.Listed:
		return []string{objects + " listed, none opened"}
	}
	return []string{
		objects,
		bytes(a.BytesCompressed) + w.sign(" → ") + bytes(a.Bytes) + " of text",
		fmt.Sprintf("%s%s = %s parsed + %s rejected + %s skipped", w.count(a.Lines), amount.Noun(a.Lines, " line", " lines"),
			w.count(a.Parsed), w.count(a.Rejected), w.count(a.Skipped)),
	}
}

// partial says that an answer is not whole; empty if it is.
func partial(t *query.Table, w wording) string {
	if t.Whole() {
		return ""
	}
	var lacks []string
	if a := t.Accounting; a.ObjectsFailed > 0 {
		lacks = append(lacks, fmt.Sprintf("%s of %s%s could not be read", w.count(a.ObjectsFailed), w.count(a.Objects), amount.Noun(a.Objects, " object", " objects")))
	}
	if len(t.Gaps) > 0 {
		lacks = append(lacks, when.FormatDuration(t.Lacking())+" of the window was never ingested")
	}
	said := "PARTIAL: " + strings.Join(lacks, ", and ")
	if a := t.Accounting; a.Objects > 0 && a.ObjectsFailed == a.Objects {
		return said // and there are no numbers
	}
	return said + "; the numbers below are too low"
}

// total says what the rows add up to, even when there is none.
func total(t *query.Table, w wording) string {
	requests := w.count(t.Requests) + amount.Noun(t.Requests, " request", " requests")
	switch {
	case t.Empty != "" && t.Shown() == 0 && t.RowsLeft == 0 && t.Whole():
		if t.Accounting.Parsed == 0 { // that nothing is wrong cannot be told from no lines
			return "no entries" + where(t)
		}
		return t.Empty
	case !t.Failures:
		return rows(t, w)
	case t.Requests == 0 && t.Total == 0:
		return "no requests" + where(t)
	case t.Total == 0:
		return "no failures in " + requests
	case t.Requests == 0:
		return w.count(t.Total) + amount.Noun(t.Total, " failure", " failures")
	}
	return fmt.Sprintf("%s%s of %s (%s)", w.count(t.Total), amount.Noun(t.Total, " failure", " failures"), requests, share(t.Total, t.Requests))
}

// rows says how many rows the answer has, with those that the limit cut off.
func rows(t *query.Table, w wording) string {
	one, many := nouns(t)
	n := t.Shown() + t.RowsLeft
	said := "no " + many
	if n > 0 {
		said = w.count(n) + " " + amount.Noun(n, one, many)
	}
	of := func(c query.Column) bool { return c.Name == "requests" || c.Type == query.Line } // health checks are none
	switch {
	case t.Requests > 0 && slices.ContainsFunc(t.Columns, of):
		said += " in " + w.count(t.Requests) + amount.Noun(t.Requests, " request", " requests")
	case n == 0:
		said += where(t)
	}
	return said
}

// where says in what there is nothing.
func where(t *query.Table) string {
	switch {
	case t.Accounting.ObjectsFailed > 0:
		return " in what could be read"
	case len(t.Gaps) > 0:
		return " in what was ingested"
	case t.Report == query.SQL:
		return ""
	}
	return " in the window"
}

// nouns returns what a row is called.
func nouns(t *query.Table) (one, many string) {
	if t.Noun == [2]string{} {
		return "row", "rows"
	}
	return t.Noun[0], t.Noun[1]
}

// rowsLeft says that the limit cut rows off; empty if it did not.
func rowsLeft(t *query.Table, w wording) string {
	if t.RowsLeft == 0 {
		return ""
	}
	one, many := nouns(t)
	return w.count(t.RowsLeft) + " more " + amount.Noun(t.RowsLeft, one, many) + " not shown; --limit 0 shows all"
}

// notCounted returns the reasons that are left out, the largest most of them
// by name (0 = all), and why; nil if there is none.
func notCounted(t *query.Table, w wording, most int) (reasons []string, why string) {
	var classes []string
	var others, rest int64
	ours := false
	for _, n := range t.NotCounted {
		// One other reason would take the room of its name.
		if most == 0 || len(reasons) < most || len(t.NotCounted) == most+1 {
			reasons = append(reasons, w.name(n.Reason)+" "+w.count(n.Requests))
		} else {
			others++
			rest += n.Requests
		}
		class := n.Class
		if class == "" {
			class = "unknown"
		}
		if class = w.name(class); !slices.Contains(classes, class) {
			classes = append(classes, class)
		}
		ours = ours || n.Class != "client" && n.Class != "policy"
	}
	if others > 0 {
		reasons = append(reasons, "and "+w.count(others)+" other reasons "+w.count(rest))
	}
	slices.Sort(classes)
	why = strings.Join(classes, ", ")
	if last := len(classes) - 1; last > 0 {
		why = strings.Join(classes[:last], ", ") + " and " + classes[last]
	}
	if !ours {
		why += ": not the targets' failures"
	}
	return reasons, why + "; --class all shows them"
}

// said returns the chunks that say something.
func said(chunks ...string) []string {
	return slices.DeleteFunc(chunks, func(s string) bool { return s == "" })
}

// further returns the commands that go on from the answer. One that cannot be printed as
// it is would ask for something else, so it is left out.
func further(t *query.Table, w wording) (lines []string) {
	for _, c := range [][2]string{{"next: ", t.Next}, {"lines: ", t.Lines}} {
		if text := w.text(c[1]); c[1] != "" && strings.Contains(text, c[1]) {
			lines = append(lines, c[0]+text)
		}
	}
	return lines
}

// joined returns chunks with a sign after each but the last, for fold.
func joined(sign string, chunks ...string) []string {
	for i := range chunks[:max(0, len(chunks)-1)] {
		chunks[i] += sign
	}
	return chunks
}

// fold joins chunks by blanks into lines of at most most columns, and breaks
// between chunks where it can and between words where it must. A longer word stays
// whole, and so does a command of ours that ends a chunk, so that a path or a command can
// be copied. A line that continues another begins with indent; the sign that joins chunks
// ends none. Blanks that a chunk begins with stay where it begins a line.
func fold(chunks []string, most int, indent, sign string) []string {
	var lines []string
	line := ""
	add := func(word string) {
		taken := width(strings.TrimSuffix(word, sign))
		switch {
		case line == "":
			line = word
		case width(line)+1+taken <= most || width(indent)+taken > most:
			line += " " + word
		default:
			lines = append(lines, strings.TrimSuffix(line, sign))
			line = indent + word
		}
	}
	for _, chunk := range chunks {
		if width(indent)+width(strings.TrimSuffix(chunk, sign)) <= most {
			add(chunk)
			continue
		}
		bare, signed := strings.CutSuffix(chunk, sign)
		words := fields(bare)
		if line == "" && len(words) > 0 {
			words[0] = bare[:len(bare)-len(strings.TrimLeft(bare, " "))] + words[0]
		}
		for i, word := range words {
			if signed && i == len(words)-1 {
				word += sign
			}
			add(word)
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// fields are the words of a chunk; a command of ours behind a colon is one, to the end.
func fields(chunk string) []string {
	before, command, is := strings.Cut(chunk, ": loglens ")
	if !is {
		return strings.Fields(chunk)
	}
	return append(strings.Fields(before+":"), "loglens "+command)
}
