package query_test

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// DuckDB's connector and cgo keep nothing running once a store is closed.
	goleak.VerifyTestMain(m)
}
