package diagnose

import (
	"fmt"
	"regexp"
	"slices"
)

// makes finds commands that AWS refuses the second time, since what they make is there.
var makes = regexp.MustCompile(`^aws ec2 (?:authorize|create)-`)

// once leaves to the first of the findings, in their order, what several would make: the second
// command would fail, and the one that undoes it would take away what the first has made.
func once(list []*Finding) {
	by := map[string]string{}
	for _, f := range list {
		var others []string
		for i := len(f.Fix) - 1; i >= 0; i-- {
			c := f.Fix[i]
			if by[c] != "" && len(f.Fix) == len(f.Undo) {
				f.Fix, f.Undo = slices.Delete(f.Fix, i, i+1), slices.Delete(f.Undo, i, i+1)
				others = add(others, by[c])
			}
		}
		for _, c := range f.Fix {
			if makes.MatchString(c) {
				by[c] = f.ID
			}
		}
		if len(others) > 0 {
			f.because(FromConfig, fmt.Sprintf("what mends it stands above, with %s", few(others)))
		}
	}
}
