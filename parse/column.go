package parse

import "strings"

// maxColumns is how many columns a delivery can have.
// Source: Amazon CloudWatch Logs API, CreateDelivery, recordFields, read 2026-11.
const maxColumns = 128

// meaning is what a column's name stands for in each log; the zero column where
// it stands for nothing.
type meaning [KindNLB + 1]column

// column is the place of a column's values in the plain line.
type column struct {
	field uint8
	part  part
}

// part is what a column holds of a field.
type part uint8

const (
	noPart      part = iota
	wholePart        // all of it
	synonymPart      // all of it, under another name than AWS's table has; gives way to that one
	ipPart           // of an address: the IP address
	portPart         // of an address: the port, or all of it
	addressPart      // of an address: both
)

// synonyms are names that deliveries have for the fields of AWS's tables.
var synonyms = map[string]string{
	"time": "timestamp", "timestamp": "time",
	"request_line": "request", "load_balancer": "elb", "tls_named_group": "tls_keyexchange",
}

// meanings by plain name, see plainName.
var meanings = func() map[string]*meaning {
	all := map[string]*meaning{}
	add := func(name string, k Kind, f int, p part) {
		if all[name] == nil {
			all[name] = new(meaning)
		}
		all[name][k] = column{uint8(f), p}
	}
	for k := KindAccess; k <= KindNLB; k++ {
		for i, d := range formats[k].fields {
			name := string(plainName([]byte(d.name)))
			if host, ok := strings.CutSuffix(d.name, ":port"); ok {
				add(name, k, i, portPart)
				add(host+"_ip", k, i, ipPart)
				continue
			}
			add(name, k, i, wholePart)
			for other, own := range synonyms {
				if own == d.name {
					add(other, k, i, synonymPart)
				}
			}
		}
	}
	return all
}()

// meaningOf returns what a column's name stands for, nil if nobody knows. It
// makes the name plain where that is needed.
func meaningOf(name []byte) *meaning {
	if m := meanings[string(name)]; m != nil {
		return m
	}
	return meanings[string(plainName(name))]
}

// plainName makes a column's name plain, in place: lower case, and one
// underscore for everything between letters and digits.
func plainName(b []byte) []byte {
	plain := b[:0]
	for _, c := range b {
		switch {
		case 'A' <= c && c <= 'Z':
			plain = append(plain, c|0x20)
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9':
			plain = append(plain, c)
		case len(plain) == 0 || plain[len(plain)-1] != '_':
			plain = append(plain, '_')
		}
	}
	return plain
}
