package main

import (
	"fmt"
	"time"

	"loglens/ingest"
	"loglens/query"
)

// showProgress keeps one line on a terminal up to date while objects are read,
// and nothing anywhere else. The function it returns wipes the line.
func (a *app) showProgress(feed *ingest.Feed, p *query.Progress) (done func()) {
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
				fmt.Fprint(a.err, "\r\x1b[K")
				return
			case <-tick.C:
				fmt.Fprintf(a.err, "\r\x1b[K%s", progressLine(feed, p, a.now().Sub(start)))
			}
		}
	}()
	return func() { close(quit); <-gone }
}

func progressLine(feed *ingest.Feed, p *query.Progress, d time.Duration) string {
	listed, all := feed.Listed()
	of := fmt.Sprint(listed)
	if !all {
		of += "+"
	}
	return fmt.Sprintf("%d/%s objects · %d MB of log text · %s", p.Objects.Load(), of, p.Bytes.Load()/1e6, d.Round(time.Second))
}
