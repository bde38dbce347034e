package parse

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// columnsOf are the columns of an entry, as a delivery of all fields has them.
func columnsOf(e *Access) (names, values []string) {
	for f := FieldType; f < Fields; f++ {
		if host, ok := strings.CutSuffix(f.String(), ":port"); ok {
			ip, port := e.Addr(f)
			names, values = append(names, host+"_ip", host+"_port"), append(values, string(ip), string(port))
			continue
		}
		names, values = append(names, f.String()), append(values, string(e.Field(f)))
	}
	return names, values
}

// delivered are the forms of a delivery.
var delivered = map[string]func(names, values []string) string{
	"JSON": func(names, values []string) string {
		object := map[string]string{}
		for i, name := range names {
			object[name] = values[i]
		}
		text, _ := json.Marshal(object)
		return string(text)
	},
	"W3C": func(names, values []string) string {
		return "#Fields: " + strings.Join(names, " ") + "\n" + strings.Join(values, "\t")
	},
}

// answer is what is concluded from a delivery of one entry, and the warning about it.
func answer(t *testing.T, text string) (reason, warning string) {
	t.Helper()
	s := NewScanner()
	s.Reset(strings.NewReader(text), KindAccess)
	reason = "no entry"
	for s.Scan() {
		if e := s.Access(); e != nil {
			if v, failed := e.Classify(); failed {
				reason = string(v.Reason) + " " + v.Class.String() + " " + v.Source.String()
			} else {
				reason = "no failure"
			}
		}
	}
	return reason, s.Warning()
}

// TestColumnsThatReasonsRestOn takes every column from every line that shows a rule:
// where that changes the reason, the warning names the column.
func TestColumnsThatReasonsRestOn(t *testing.T) {
	for form, text := range delivered {
		t.Run(form, func(t *testing.T) {
			reasonLines(t, "reasons.log", func(line int64, want string, e *Access) {
				names, values := columnsOf(e)
				full, warning := answer(t, text(names, values))
				if full != want || warning != "" {
					t.Fatalf("line %d: %s and the warning %q, want %s and none", line, full, warning, want)
				}
				for i, name := range names {
					drop := func(list []string) []string { return append(append([]string{}, list[:i]...), list[i+1:]...) }
					got, warning := answer(t, text(drop(names), drop(values)))
					if got == "no entry" {
						continue // it says so
					}
					reasons, _, _ := strings.Cut(warning, ": reasons may be wrong")
					named := reasons != warning && regexp.MustCompile(`\b`+name+`\b`).MatchString(reasons)
					if got != want && !named {
						t.Errorf("line %d without %s: %s, not %s; the warning is %q", line, name, got, want, warning)
					}
				}
			})
		})
	}
}

// TestConditionColumns: whatever a condition asks is a question to some column.
func TestConditionColumns(t *testing.T) {
	fields := reflect.TypeFor[Condition]()
	for i := range fields.NumField() {
		var c Condition
		switch v := reflect.ValueOf(&c).Elem().Field(i); v.Kind() {
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		case reflect.Array:
			v.Index(v.Len() - 1).SetInt(1)
		case reflect.String:
			v.SetString("x")
		case reflect.Int:
			v.SetInt(1)
		default:
			v.SetUint(1)
		}
		if c.columns() == 0 {
			t.Errorf("%s asks no column", fields.Field(i).Name)
		}
	}
}
