package demo

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// vend lets some objects be delivered by CloudWatch.
func (p *planner) vend() {
	names := map[Kind]string{KindAccess: "ALB_ACCESS_LOGS", KindConnection: "ALB_CONNECTION_LOGS", KindHealthCheck: "ALB_HEALTH_CHECK_LOGS", KindNLB: "NLB_ACCESS_LOGS"}
	node := p.balancers[1].nodes[2]
	var tls bool
	for _, j := range p.jobs {
		switch j.Kind {
		case KindAccess:
			if j.Node != node {
				continue
			}
		case KindConnection, KindHealthCheck:
			if j.Node != node || !j.End.Equal(p.o.End) {
				continue
			}
		case KindNLB:
			if tls || !j.End.Equal(p.o.End) {
				continue
			}
			tls = true
		default:
			continue
		}
		j.Format, j.Columns = p.o.Vended, layouts[j.Kind].vended
		j.mixed, j.Width, j.TrailingDash = false, 0, false
		for at, cause := range j.damages {
			if cause == CauseQuote { // no format of these leaves one open
				j.damages[at] = CauseCut
			}
		}
		j.Header = strings.Count(j.header(), "\n")
		j.Key = p.key(j, fmt.Sprintf("%s_%s_%s_%s_%s_%s.gz", j.Account, names[j.Kind], j.Region, j.b.name, j.End.Format("20060102T1504Z"), p.random()))
	}
}

// header is what stands above the first entry.
func (o *Object) header() string {
	if o.Format != FormatW3C {
		return ""
	}
	return "#Version: 1.0\n#Fields: " + strings.Join(o.Columns, " ") + "\n"
}

// appendW3C writes some columns.
func appendW3C(b []byte, r record, kind Kind, columns []string) []byte {
	for i, c := range columns {
		if i > 0 {
			b = append(b, '\t')
		}
		b = r.field(b, slices.Index(layouts[kind].fields, c)+1)
	}
	return b
}

// appendJSON writes some columns. What looks like a number is one.
func appendJSON(b []byte, r record, kind Kind, columns []string) []byte {
	b = append(b, '{')
	for i, c := range columns {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), c...), `":`...)
		text := r.field(nil, slices.Index(layouts[kind].fields, c)+1)
		if isNumber(text) {
			b = append(b, text...)
			continue
		}
		if len(text) > 1 && text[0] == '"' && text[len(text)-1] == '"' {
			text = text[1 : len(text)-1]
		}
		b = append(b, '"')
		for _, x := range text {
			switch {
			case x == '"' || x == '\\':
				b = append(b, '\\', x)
			case x < ' ':
				b = fmt.Appendf(b, `\u%04x`, x)
			default:
				b = append(b, x)
			}
		}
		b = append(b, '"')
	}
	return append(b, '}')
}

// isNumber reports whether JSON knows the text as a number: none with a
// leading zero, such as the status 000.
func isNumber(text []byte) bool {
	text = bytes.TrimPrefix(text, []byte("-"))
	whole, decimals, broken := bytes.Cut(text, []byte("."))
	digits := func(b []byte) bool { return len(b) > 0 && len(bytes.Trim(b, "0123456789")) == 0 }
	return digits(whole) && (len(whole) == 1 || whole[0] != '0') && (!broken || digits(decimals))
}
