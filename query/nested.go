package query

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// asJSON leaves & < > as they are, so that a URL can be copied; whoever prints a text
// neutralises it.
func asJSON(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// nested turns lists, structs and maps into what JSON can say.
func nested(v any, typ string) any {
	switch v := v.(type) {
	case []any:
		list := make([]any, len(v))
		for i, x := range v {
			list[i] = nested(x, element(typ))
		}
		return list
	case map[string]any:
		o, place := make(object, 0, len(v)), map[string]int{}
		for name, x := range v {
			at, of := field(typ, name)
			o, place[name] = append(o, property{name, nested(x, of)}), at
		}
		slices.SortFunc(o, func(a, b property) int {
			return cmp.Or(cmp.Compare(place[a.key], place[b.key]), cmp.Compare(a.key, b.key))
		})
		return o
	case duckdb.OrderedMap:
		o := make(object, v.Len())
		types := append(members(typ), "", "")
		for i, k := range v.Keys() {
			o[i] = property{fmt.Sprint(free(k, types[0])), nested(v.Values()[i], types[1])}
		}
		return o
	case duckdb.Union:
		_, of := field(typ, v.Tag)
		return nested(v.Value, of)
	}
	return free(v, typ)
}

// object is one of JSON whose properties stay in the order that they have in SQL.
type object []property

type property struct {
	key   string
	value any
}

// MarshalJSON writes the object.
func (o object) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, e := range o {
		if i > 0 {
			b = append(b, ',')
		}
		key, err := asJSON(e.key)
		if err != nil {
			return nil, err
		}
		value, err := asJSON(e.value)
		if err != nil {
			return nil, err
		}
		b = append(append(append(b, key...), ':'), value...)
	}
	return append(b, '}'), nil
}

// element is the type of what a list holds: DATE[], DATE[3].
func element(typ string) string { return typ[:max(strings.LastIndexByte(typ, '['), 0)] }

// field is the place and the type of a field of STRUCT("a" DATE, "b" UUID); -1 and "" if
// they are not known.
func field(typ, name string) (place int, of string) {
	name = `"` + strings.ReplaceAll(name, `"`, `""`) + `" `
	for i, m := range members(typ) {
		if t, ok := strings.CutPrefix(m, name); ok {
			return i, t
		}
	}
	return -1, ""
}

// members divides what stands between the brackets of STRUCT(…), UNION(…) or MAP(…).
func members(typ string) (list []string) {
	start, depth, quoted := strings.IndexByte(typ, '(')+1, 0, false
	if start == 0 {
		return nil
	}
	for i := start; i < len(typ); i++ {
		switch c := typ[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case depth == 0 && (c == ')' || c == ','):
			list = append(list, strings.TrimSpace(typ[start:i]))
			start = i + 1
		}
	}
	return list
}
