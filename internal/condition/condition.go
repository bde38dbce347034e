package condition

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Unit is what a field's number counts.
type Unit int

// The units of fields.
const (
	Count   Unit = iota // bare, or with k
	Ratio               // 0 to 1, bare or with %
	Seconds             // with ms or s, unless it is 0
)

// Field is a number that a condition may ask for.
type Field struct {
	Name string
	Unit Unit
}

// Condition is a condition that has been read.
type Condition struct {
	text string
	any  [][]comparison // it holds if all of one of these do
}

type comparison struct {
	field, op string
	number    float64
}

// Error is a condition that cannot be meant.
type Error struct {
	Reason string
	Fields []Field // that there are
}

func (e *Error) Error() string { return e.Reason }

// Hint lists the fields.
func (e *Error) Hint() string {
	names := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		names[i] = f.Name
	}
	return "for example 'failure_rate > 0.5% and requests >= 1k'; the fields are " + strings.Join(names, ", ")
}

// token is a word, an operator, or a number with its unit.
var token = regexp.MustCompile(`^(?:[A-Za-z_][A-Za-z_0-9]*|[<>=!]=?|[0-9]+(?:\.[0-9]+)?(?:\s*(?:%|ms\b|s\b|k\b))?)`)

// glued is what must not follow a number: 5x is none.
var glued = regexp.MustCompile(`^[A-Za-z_0-9.%]`)

// Parse reads a condition over these fields. The error is an *Error.
func Parse(text string, fields []Field) (*Condition, error) {
	p := parser{rest: text, fields: fields}
	c := &Condition{text: strings.TrimSpace(text)}
	for {
		all, err := p.all()
		if err != nil {
			return nil, &Error{err.Error(), fields}
		}
		c.any = append(c.any, all)
		switch word := p.next(); {
		case word == "":
			return c, nil
		case word != "or":
			return nil, &Error{fmt.Sprintf("%q stands where and, or, or the end is wanted", word), fields}
		}
	}
}

// String returns the condition as it was typed.
func (c *Condition) String() string { return c.text }

// Fields returns the names that the condition asks for, each once, in its order.
func (c *Condition) Fields() []string {
	var names []string
	seen := map[string]bool{}
	for _, all := range c.any {
		for _, cmp := range all {
			if !seen[cmp.field] {
				names, seen[cmp.field] = append(names, cmp.field), true
			}
		}
	}
	return names
}

// True decides the condition. value returns the number of a field, and whether
// there is one.
func (c *Condition) True(value func(field string) (float64, bool)) bool {
	for _, all := range c.any {
		holds := true
		for _, cmp := range all {
			x, ok := value(cmp.field)
			holds = holds && ok && compare(x, cmp.op, cmp.number)
		}
		if holds {
			return true
		}
	}
	return false
}

func compare(x float64, op string, y float64) bool {
	switch op {
	case ">":
		return x > y
	case ">=":
		return x >= y
	case "<":
		return x < y
	case "<=":
		return x <= y
	case "==":
		return x == y
	}
	return x != y
}

type parser struct {
	rest   string
	ahead  string // a token that was looked at
	fields []Field
}

// next takes a token, "" at the end. What is none comes whole.
func (p *parser) next() string {
	if word := p.ahead; word != "" {
		p.ahead = ""
		return word
	}
	p.rest = strings.TrimSpace(p.rest)
	word := token.FindString(p.rest)
	if word == "" || strings.ContainsAny(word[:1], "0123456789") && glued.MatchString(p.rest[len(word):]) {
		word, _, _ = strings.Cut(p.rest, " ")
	}
	p.rest = p.rest[len(word):]
	return word
}

func (p *parser) all() (list []comparison, err error) {
	for {
		c, err := p.comparison()
		if err != nil {
			return nil, err
		}
		list = append(list, c)
		if p.ahead = p.next(); p.ahead != "and" {
			return list, nil
		}
		p.ahead = ""
	}
}

func (p *parser) comparison() (c comparison, err error) {
	if c.field = p.next(); c.field == "" {
		return c, errors.New("a field is wanted at the end")
	}
	unit, err := p.unit(c.field)
	if err != nil {
		return c, err
	}
	switch c.op = p.next(); c.op {
	case ">", ">=", "<", "<=", "==", "!=":
	case "=":
		return c, errors.New(`"=" is written ==`)
	default:
		return c, fmt.Errorf("after %s stands %q where one of > >= < <= == != is wanted", c.field, c.op)
	}
	word := p.next()
	if c.number, err = number(word, c.field, unit); err == nil && unit == Ratio && c.op == ">" && c.number == 1 {
		return c, fmt.Errorf("%s is never above 1, which is 100%%: write > 1%%, or >= 100%%", c.field)
	}
	return c, err
}

func (p *parser) unit(field string) (Unit, error) {
	for _, f := range p.fields {
		if f.Name == field {
			return f.Unit, nil
		}
	}
	return 0, fmt.Errorf("there is no field %q", field)
}

// powers are the units of numbers, as powers of ten, by what they are units of.
var powers = map[Unit]map[string]string{
	Count: {"": "e0", "k": "e3"}, Ratio: {"": "e0", "%": "e-2"}, Seconds: {"": "e0", "s": "e0", "ms": "e-3"},
}

// number reads a number for a field. The power of ten is read with the digits, so
// that 0.1% is the same number as 0.001.
func number(word, field string, unit Unit) (float64, error) {
	digits := strings.TrimRight(word, "%msk \t\n\v\f\r\u0085\u00a0")
	power, ok := powers[unit][strings.TrimSpace(word[len(digits):])]
	if digits == "" || digits[0] < '0' || digits[0] > '9' {
		return 0, fmt.Errorf("%q stands where %s is to be compared with a number", word, field)
	}
	if !ok {
		return 0, fmt.Errorf("%s is not what %s is measured in: a rate takes %%, a time ms or s, a count k", word, field)
	}
	x, err := strconv.ParseFloat(digits+power, 64)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%q is no number", word)
	case unit == Ratio && x > 1:
		return 0, fmt.Errorf("%s is at most 1, which is 100%%: write %s%%", field, digits)
	case unit == Seconds && x > 0 && digits == word:
		return 0, fmt.Errorf("%s is a time: write %sms or %[2]ss", field, digits)
	}
	return x, nil
}
