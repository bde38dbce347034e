package query

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

// TestElsewhere: what is said to stand for a name of Athena does so here.
func TestElsewhere(t *testing.T) {
	s := asking(t, "../testdata/logs")
	runs := func(statement string) error {
		_, err := s.Ask(context.Background(), statement, nil, &rowsKept{})
		return err
	}
	for name, what := range elsewhere {
		table, column, call := "FROM "+name, "SELECT "+name+" FROM request", "SELECT "+name+"(time, 1) FROM request"
		asked, given := table, "FROM "+what
		switch {
		case slices.Contains(Relations(), what):
		case strings.Contains(what, "(") && !strings.Contains(what, "(request, ") || what == plainTime || strings.HasPrefix(name, "url_") || name == "regexp_like":
			asked, given = call, "SELECT "+what+" FROM request"
		default:
			asked, given = column, "SELECT "+what+" FROM request"
			if runs(given) != nil {
				given = "SELECT " + what + " FROM nlb_tls"
			}
			if name == "elb" {
				asked = "SELECT elb FROM traffic"
			}
		}
		if err := runs(given); err != nil {
			t.Errorf("%s: %s: %v", name, given, err)
		}
		err := runs(asked)
		var refused *StatementError
		if !errors.As(err, &refused) || !strings.HasSuffix(refused.Next, "in place of "+name+": "+what) {
			t.Errorf("%s: %v", asked, err)
		}
	}
	for part, want := range map[string]string{
		requestMethod: "GET", requestURL: "https://shop.example.com:443/a b?c=d e", requestVersion: "HTTP/1.1", requestHost: "shop.example.com", requestPath: "/a b",
	} {
		got := s.lines(t, "SELECT "+part+" FROM (SELECT 'GET https://shop.example.com:443/a b?c=d e HTTP/1.1' AS request)")
		if len(got) != 1 || got[0] != want {
			t.Errorf("%s is %q, want %q", part, got, want)
		}
	}
}
