package query

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
)

// What AWS writes as "-" or -1 is NULL, so a comparison with either is never true, and an
// answer without rows would look like a good one.

const absentIsNull = "what AWS writes as - or -1 is NULL here, and IS NULL finds it"

// absent is a column and a value that it does not hold, as SQL writes it.
type absent struct{ column, value string }

// compared notes whether a node compares a column with what stands for nothing in a log.
func (c *checker) compared(node map[string]any) {
	var sides []any
	switch node["type"] {
	case "COMPARE_EQUAL", "COMPARE_LESSTHAN":
		sides = []any{node["left"], node["right"]}
		if column, _ := node["right"].(map[string]any); node["type"] == "COMPARE_EQUAL" && column["class"] == "COLUMN_REF" {
			slices.Reverse(sides)
		}
	case "COMPARE_IN":
		sides, _ = node["children"].([]any)
	}
	if len(sides) == 0 {
		return
	}
	column, _ := sides[0].(map[string]any)
	names, _ := column["column_names"].([]any)
	if column["class"] != "COLUMN_REF" || len(names) == 0 {
		return
	}
	name, _ := names[len(names)-1].(string)
	for _, side := range sides[1:] {
		constant, _ := side.(map[string]any)
		value, _ := constant["value"].(map[string]any)
		switch v := value["value"]; {
		case constant["class"] != "CONSTANT":
		case node["type"] == "COMPARE_LESSTHAN":
			if v == 0.0 {
				c.absent = append(c.absent, absent{lower(name), "less than 0"})
			}
		case v == "-":
			c.absent = append(c.absent, absent{lower(name), "'-'"})
		case (isMinusOne(value) || v == "-1") && lower(name) != "matched_rule_priority": // which may be -1
			c.absent = append(c.absent, absent{lower(name), "-1"})
		}
	}
}

// isMinusOne reports whether a constant is -1, or -1.0, which is -10 of a scale of 1.
func isMinusOne(value map[string]any) bool {
	typ, _ := value["type"].(map[string]any)
	info, _ := typ["type_info"].(map[string]any)
	scale, _ := info["scale"].(float64)
	return value["value"] == -math.Pow10(int(scale))
}

// nowhere tells of the comparisons that were noted, if the column is one of the logs, and no
// name that the statement gives.
func (c *checker) nowhere(ctx context.Context, conn *sql.Conn) error {
	for _, a := range c.absent {
		var columns int
		if _, ok := c.named[a.column]; ok {
			continue
		}
		err := each(ctx, conn, func() {}, `SELECT count(*) FROM duckdb_columns() WHERE column_name = $1 AND list_contains($2, table_name)`,
			[]any{&columns}, a.column, c.statement.Relations)
		if err != nil {
			return err
		}
		if say := fmt.Sprintf("%s is nowhere %s: %s", a.column, a.value, absentIsNull); columns > 0 && !slices.Contains(c.statement.Nowhere, say) {
			c.statement.Nowhere = append(c.statement.Nowhere, say)
		}
	}
	return nil
}
