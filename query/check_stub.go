package query

import (
	"context"
	"database/sql"
	"regexp"
	"slices"
)

type statement struct {
	SQL               string
	Relations, Params []string
}

func checkStatement(_ context.Context, _ *sql.Conn, text string, relations []string) (*statement, error) {
	st := &statement{SQL: text}
	for _, m := range regexp.MustCompile(`\$([a-z_]+)`).FindAllStringSubmatch(text, -1) {
		if !slices.Contains(st.Params, m[1]) {
			st.Params = append(st.Params, m[1])
		}
	}
	for _, r := range relations {
		if regexp.MustCompile(`\b` + r + `\b`).MatchString(text) {
			st.Relations = append(st.Relations, r)
		}
	}
	return st, nil
}

type StatementError struct{ Reason, Next string }

func (e *StatementError) Error() string { return e.Reason }
func (e *StatementError) Hint() string  { return e.Next }
