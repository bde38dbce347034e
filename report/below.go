package report

import (
	"strings"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/text"
)

// A line of a log is several times as wide as a terminal, and what people look for in it
// stands in its middle: a column would show none of that.

// mostBelow is how many lines of the terminal a line of a log takes below its row. At 80
// columns the first two repeat much of the row; the third has the request.
const mostBelow = 3

const (
	belowIndent = "  "
	cutLegend   = "… entry cut off: --output jsonl has it whole, and so has a pipe, as in | less"
)

// below breaks a line of a log into what stands below its row; cut says that not all
// of it does.
func below(line string, most int, ascii bool) (lines string, cut bool) {
	most -= len(belowIndent)
	for n := 1; line != "" && !cut; n++ {
		piece := text.Trim(line, most)
		rest := strings.TrimLeftFunc(line[len(piece):], combines)
		piece = line[:len(line)-len(rest)]
		if n == mostBelow && rest != "" {
			piece = text.Trim(line, most-width(gap(ascii))) + gap(ascii)
			cut = true
		}
		lines += strings.TrimRight(belowIndent+piece, " ") + "\n"
		line = rest
	}
	return lines, cut
}

// combines reports whether r belongs to the letter before it.
func combines(r rune) bool { return unicode.Is(unicode.M, r) }
