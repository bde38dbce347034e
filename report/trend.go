package report

import "strings"

// The signs of a sparkline, lowest first. No request there is another sign
// than no failure there.
var (
	bars      = []rune("▁▂▃▄▅▆▇█")
	barsASCII = []rune("_.-=#")
)

const (
	noRequest      = '·'
	noRequestASCII = ':'
)

// sparkline draws counts from 0 to their maximum, a -1 as "no request there".
func sparkline(counts []int64, ascii bool) string {
	return draw(floats(counts), ascii)
}

// narrowed draws counts in at most most columns: equal runs of neighbours are
// drawn as their mean, which keeps a shorter last run comparable.
func narrowed(counts []int64, most int, ascii bool) string {
	return draw(merged(floats(counts), run(len(counts), most)), ascii)
}

// run is how many neighbours share a column so that n fit into most.
func run(n, most int) int { return max(1, (n+most-1)/max(1, most)) }

func floats(counts []int64) []float64 {
	xs := make([]float64, len(counts))
	for i, n := range counts {
		xs[i] = float64(n)
	}
	return xs
}

func merged(xs []float64, run int) []float64 {
	var means []float64
	for len(xs) > 0 {
		n := min(run, len(xs))
		sum, present := 0.0, 0
		for _, x := range xs[:n] {
			if x >= 0 {
				sum += x
				present++
			}
		}
		if present == 0 {
			means = append(means, -1)
		} else {
			means = append(means, sum/float64(present))
		}
		xs = xs[n:]
	}
	return means
}

func draw(xs []float64, ascii bool) string {
	signs, absent := bars, noRequest
	if ascii {
		signs, absent = barsASCII, noRequestASCII
	}
	highest := 0.0
	for _, x := range xs {
		highest = max(highest, x)
	}
	var b strings.Builder
	for _, x := range xs {
		switch {
		case x < 0:
			b.WriteRune(absent)
		case x == 0:
			b.WriteRune(signs[0])
		default:
			// One failure is drawn higher than none.
			top := len(signs) - 1
			b.WriteRune(signs[min(top, 1+int(x/highest*float64(top)-1e-9))])
		}
	}
	return b.String()
}
