package query

import (
	"errors"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// ofStatement tells what DuckDB refused because of the statement, not because
// something broke.
func ofStatement(err error) error {
	var refused *duckdb.Error
	if !errors.As(err, &refused) {
		return err
	}
	switch refused.Type {
	case duckdb.ErrorTypeBinder, duckdb.ErrorTypeCatalog, duckdb.ErrorTypeParser, duckdb.ErrorTypeConversion,
		duckdb.ErrorTypeOutOfRange, duckdb.ErrorTypeInvalidInput, duckdb.ErrorTypeInvalidType, duckdb.ErrorTypeMismatchType,
		duckdb.ErrorTypeDivideByZero, duckdb.ErrorTypeDecimal, duckdb.ErrorTypeParameterNotResolved, duckdb.ErrorTypeSyntax,
		duckdb.ErrorTypeNotImplemented:
		what, where, _ := strings.Cut(strings.ReplaceAll(refused.Msg, "\t", "  "), "\n")
		if strings.HasPrefix(strings.TrimSpace(where), "Please try installing") { // no statement may do that
			where = ""
		}
		next := strings.TrimSpace(ofUser(where))
		if refused.Type == duckdb.ErrorTypeBinder || refused.Type == duckdb.ErrorTypeCatalog {
			next = hinted(next, whatThereIs)
		}
		if name := noColumn.FindStringSubmatch(what); name != nil {
			next = hinted(next, here(name[1]))
		}
		if refused.Type == duckdb.ErrorTypeConversion && strings.Contains(what, "string '-'") {
			next = hinted(next, absentIsNull)
		}
		return &StatementError{what, next}
	}
	return err
}

// firstLine begins what DuckDB shows of a statement's first line, "..." in place of what
// it leaves out.
const firstLine = "LINE 1: "

// ofUser takes out of such a place what stands before the user's own text, or its end, and
// moves the caret in the line below.
func ofUser(where string) string {
	before, shown, ok := strings.Cut(where, firstLine)
	if !ok {
		return where
	}
	for _, prefix := range []string{explain, intoResult} {
		cut := prefix
		if rest, shortened := strings.CutPrefix(shown, "..."); shortened {
			for cut != "" && !strings.HasPrefix(rest, cut) {
				cut = cut[1:]
			}
			if len(cut) > 1 { // more than the space at its end
				cut = "..." + cut
			}
		}
		if after, ok := strings.CutPrefix(shown, cut); ok {
			return before + firstLine + strings.Replace(after, "\n"+strings.Repeat(" ", len(cut)), "\n", 1)
		}
	}
	return where
}
