package ingest

import (
	"cmp"
	"slices"
	"strings"
)

// Nearest are at most three of names that resemble a word, the closest first.
func Nearest(word string, names []string) []string {
	type candidate struct {
		name         string
		far, letters int
	}
	var near []candidate
	word = strings.ToLower(word)
	for _, n := range names {
		lower := strings.ToLower(n)
		letters := Distance(word, lower)
		d := letters
		if strings.Contains(lower, word) || strings.Contains(word, lower) {
			d = min(d, 1)
		}
		if d <= max(len(word), len(n))/3 {
			near = append(near, candidate{n, d, letters})
		}
	}
	slices.SortStableFunc(near, func(a, b candidate) int { return cmp.Or(a.far-b.far, a.letters-b.letters) })
	var out []string
	for _, c := range near[:min(3, len(near))] {
		out = append(out, c.name)
	}
	return out
}

// Distance is how many letters must be changed, added or removed to make a
// into b (Levenshtein).
func Distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
