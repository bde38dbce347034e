package query

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Times of the logs are UTC. Where a statement speaks of another zone, it must be clear what it means.

// withOffset is a time that names an offset. DuckDB casts it to a TIMESTAMP as if there
// were none.
var withOffset = regexp.MustCompile(`^\s*\d+[-/\\ ]\d+[-/\\ ]\d+[T\s]\s*\d+:\d+:[\d.]+[+-](\d+(?::\d+)*)\s*$`)

// offsetTime returns the text of a constant that is a time of another zone than UTC.
func offsetTime(node map[string]any) string {
	value, _ := node["value"].(map[string]any)
	at, _ := value["value"].(string)
	if offset := withOffset.FindStringSubmatch(at); node["class"] != "CONSTANT" || offset == nil || strings.Trim(offset[1], "0:") == "" {
		return ""
	}
	return at
}

// clock looks at an AT TIME ZONE, which is timezone(zone, time). It makes a clock of a time
// that has a zone, and takes one that has none for a clock of the zone: so for a time of the
// logs it must be said which is meant.
func (c *checker) clock(node map[string]any) error {
	name, _ := node["function_name"].(string)
	args, _ := node["children"].([]any)
	if lower(name) != "timezone" || len(args) != 2 {
		return nil
	}
	zone, _ := args[0].(map[string]any)
	value, _ := zone["value"].(map[string]any)
	if text, _ := value["value"].(string); lower(text) == "utc" {
		return nil
	}
	c.statement.Clocks = true
	if zoneless(args[1]) {
		return refuse("write time::timestamptz AT TIME ZONE …, with the whole expression for time; ::timestamp if it is a clock of that zone",
			"AT TIME ZONE would take a time without a zone for a clock of that zone: times of the logs are UTC")
	}
	return nil
}

// zoneless reports whether a column is below a value of the tree, with no word on whether it
// has a zone.
func zoneless(v any) bool {
	switch v := v.(type) {
	case []any:
		return slices.ContainsFunc(v, zoneless)
	case map[string]any:
		to, _ := v["cast_type"].(map[string]any)
		id, _ := to["id"].(string)
		name, _ := v["function_name"].(string)
		if strings.HasPrefix(id, "TIMESTAMP") || saysZone[lower(name)] {
			return false
		}
		return v["class"] == "COLUMN_REF" || slices.ContainsFunc(slices.Collect(maps.Values(v)), zoneless)
	}
	return false
}

// saysZone are the functions whose times have a zone, or are read from a text.
var saysZone = map[string]bool{"timezone": true, "to_timestamp": true, "make_timestamptz": true, "strptime": true, "try_strptime": true}
