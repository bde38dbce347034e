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

// Distance is how many letters must be changed, added, removed or swapped with the next
// one to make a into b, none of them twice (optimal string alignment).
func Distance(a, b string) int {
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			next[j+1] = min(row[j], row[j+1], next[j]) + 1
			if a[i] == b[j] {
				next[j+1] = row[j]
			}
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
