package parse

import (
	"slices"
	"strings"
)

// Deliveries have the columns that somebody chose. What an answer rests on and no
// column gives is named, or the answer would be wrong and nobody would know.

// columnSet is a set of what columns give, a bit each: the fields, and behind them
// the IP addresses of those that are an address, which may come without their port.
type columnSet uint64

// columnOf is part p of field i.
func columnOf(i int, p part) columnSet {
	whole, ip := columnSet(1)<<i, columnSet(1)<<(maxFields+i)
	switch p {
	case noPart:
		return 0
	case ipPart:
		return ip
	case addressPart:
		return whole | ip
	}
	return whole
}

// evidence is what the reasons of Rules rest on.
var evidence = func() columnSet {
	all := columnOf(int(FieldErrorReason), wholePart)
	for i := range Rules {
		all |= Rules[i].When.columns()
	}
	return all
}()

// told is by kind what reports tell or count by, reasons left aside. A test of
// package query holds it against the reports.
var told = func() (sets [KindNLB + 1]columnSet) {
	for k := KindAccess; k <= KindNLB; k++ {
		for i, d := range formats[k].fields {
			sets[k] |= columnOf(i, d.told)
		}
	}
	sets[KindAccess] &^= evidence
	return sets
}()

// leftOut is what the lines of a delivery of one log have not given.
type leftOut struct {
	bare, w3c columnSet // ports without their address; and what some line of W3C had no column for
	inJSON    columnSet // what some line of JSON has given
	anyJSON   bool      // there has been such a line
}

// of returns what is missing of a set.
func (l *leftOut) of(set columnSet) columnSet {
	left := l.bare | l.w3c
	if l.anyJSON {
		left |= ^l.inJSON
	}
	return left & set
}

// warning says what is noteworthy of the lines since reset.
func (r *reader) warning() string {
	var parts []string
	say := func(k Kind, set columnSet, consequence string) {
		if names := set.names(formats[k]); names != nil {
			parts = append(parts, strings.Join(names, ", ")+": "+consequence)
		}
	}
	for k := KindAccess; k <= KindNLB; k++ {
		if k == KindAccess {
			say(k, r.left[k].of(evidence), "reasons may be wrong")
		}
		say(k, r.left[k].of(told[k]), "reports may be wrong")
	}
	if parts == nil {
		return ""
	}
	return "the delivery leaves out " + strings.Join(parts, "; and ")
}

// names are the columns' names, in their order.
func (s columnSet) names(f *format) (names []string) {
	for i, d := range f.fields {
		name := d.name
		host, address := strings.CutSuffix(name, ":port")
		switch ip, port := s&columnOf(i, ipPart) != 0, s&columnOf(i, wholePart) != 0; {
		case !ip && !port:
			continue
		case address && !ip:
			name = host + "_port"
		case address && !port:
			name = host + "_ip"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
