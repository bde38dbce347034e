package main

import (
	"fmt"
	"strings"
	"time"

	"loglens/internal/amount"
	"loglens/query"
)

// showProgress keeps one line on a terminal up to date while objects are read,
// and nothing anywhere else. The function it returns wipes the line.
func (a *app) showProgress(p *query.Progress) (done func()) {
	if _, ok := terminalWidth(a.err); !ok || a.getenv("TERM") == "dumb" {
		return func() {}
	}
	quit, gone := make(chan struct{}), make(chan struct{})
	start := a.now()
	go func() {
		defer close(gone)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				a.talk("\r\x1b[K")
				return
			case <-tick.C:
				a.talk("\r\x1b[K%s", a.fitting(progressLine(p, a.now().Sub(start))))
			}
		}
	}()
	return func() { close(quit); <-gone }
}

// fitting cuts a line to the terminal: of one that wraps, only the end could be wiped.
func (a *app) fitting(line string) string {
	if !a.utf8() {
		line = strings.ReplaceAll(line, "·", "|")
	}
	letters := []rune(line)
	if width, _ := terminalWidth(a.err); width > 0 && len(letters) >= width {
		letters = letters[:width-1]
	}
	return string(letters)
}

func progressLine(p *query.Progress, d time.Duration) string {
	listed, all := p.Listed()
	of := fmt.Sprint(listed)
	if !all {
		of += "+"
	}
	return fmt.Sprintf("%d/%s %s · %d MB of log text · %s", p.Objects(), of, amount.Noun(listed, "object", "objects"), p.Bytes()/1e6, d.Round(time.Second))
}
