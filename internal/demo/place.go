package demo

import "slices"

// force is what a line must show, by number from 0.
type force struct {
	outcome *outcome
	code    string // error_reason, "" = any that the outcome has
	oddity  *oddity
	text    string // for the oddity
}

// assignWidths gives every third object of a kind the next of the widths that
// its lines have had, and mixes all of them within some.
func (p *planner) assignWidths() {
	seen := map[Kind]int{}
	for _, j := range p.jobs {
		if j.Kind == KindTestFile || j.Lines == 0 {
			continue
		}
		widths := layouts[j.Kind].widths
		n := seen[j.Kind]
		seen[j.Kind]++
		switch {
		case len(widths) == 1:
		case n%3 == 2:
			j.Width = widths[n/3%len(widths)]
		case j.Kind == KindAccess && n%12 == 7, n == 7:
			j.mixed, j.Width = true, 0
		}
	}
}

// forceOutcomes places each outcome that the options allow, with each of its
// codes, once, so that it occurs whatever the dice say.
func (p *planner) forceOutcomes() {
	if p.o.FailureRate > 0 {
		return // the rate is exact then
	}
	s := &story{odd: p.o.Oddities, scale: 1}
	n := 0
	for _, out := range outcomes {
		for _, code := range orNone(out.codes) {
			n++
			for k := range p.jobs {
				// Start elsewhere each time, to spread them.
				j := p.jobs[(k+n*7)%len(p.jobs)]
				if j.Kind == KindAccess && j.Width == today && s.only(j.b, out) != nil && j.force(force{outcome: out, code: code}) {
					break
				}
			}
		}
	}
	for _, out := range classicOutcomes {
		for _, j := range p.jobs {
			if j.Kind == KindClassic && (out.kind == "" || slices.Contains(j.b.listeners, out.kind)) && j.force(force{outcome: out}) {
				break
			}
		}
	}
}

// forceOddities places each oddity, with each of its texts, once in an access
// log, and those of texts in a classic one.
func (p *planner) forceOddities() {
	var access, classic []*job
	for _, j := range p.jobs {
		switch {
		case j.Kind == KindAccess && j.Lines > 0 && j.Width == today:
			access = append(access, j)
		case j.Kind == KindClassic && !slices.Contains(j.b.listeners, "tcp"):
			classic = append(classic, j)
		}
	}
	for _, logs := range [][]*job{access, classic} {
		n := 0
		for i := range oddities {
			if len(oddities[i].texts) == 0 && len(logs) > 0 && logs[0].Kind == KindClassic {
				continue
			}
			for _, text := range orNone(oddities[i].texts) {
				n++
				for k := range logs {
					if logs[(k+n*5)%len(logs)].force(force{oddity: &oddities[i], text: text}) {
						break
					}
				}
			}
		}
	}
}

// damageLines damages about one line in a thousand, and one in each way in each
// kind of log in any case.
func (p *planner) damageLines() {
	for _, kind := range kinds[:len(kinds)-1] {
		var full, wide []*job
		for _, j := range p.jobs {
			if j.Kind == kind && j.Lines > 1 {
				full = append(full, j)
				if j.Width == newest(kind) {
					wide = append(wide, j)
				}
			}
		}
		causes := layouts[kind].causes()
		each := causes
		if kind == KindAccess {
			each = append(slices.Clone(causes), CauseLineLength)
		}
		for i, cause := range each {
			for k := range wide {
				j := wide[(k+i*3)%len(wide)]
				if j.Lines > 3 && j.spoil(p.rng.IntN(j.Lines-1), cause) {
					break
				}
			}
		}
		for _, j := range full {
			for range int(float64(j.Lines)/1000 + p.rng.Float64()) {
				j.spoil(p.rng.IntN(j.Lines-1), one(p.rng, causes))
			}
			j.Damaged = len(j.damages)
		}
	}
}

// force lets the next free line show f; it reports false if there is none.
// Lines are taken from the second on.
func (j *job) force(f force) bool {
	at := len(j.forced) + 1
	if at >= j.Lines-1 {
		return false
	}
	if j.forced == nil {
		j.forced = map[int]force{}
	}
	j.forced[at] = f
	return true
}

// spoil damages the line at, unless it is spoken for. The last line of an
// object is never damaged: an empty one without an end would be none.
func (j *job) spoil(at int, cause Cause) bool {
	if _, taken := j.forced[at]; taken || j.damages[at] != "" || at >= j.Lines-1 {
		return false
	}
	if j.damages == nil {
		j.damages = map[int]Cause{}
	}
	j.damages[at] = cause
	return true
}

// orNone returns the list, or one empty text if there is none.
func orNone(list []string) []string {
	if len(list) == 0 {
		return []string{""}
	}
	return list
}
