package query

import (
	"sync/atomic"

	"loglens/ingest"
)

// Progress is how far the reading has come. It may be asked at any time.
type Progress struct {
	objects atomic.Int64
	bytes   atomic.Int64
	feed    atomic.Pointer[ingest.Feed]
}

// Progress returns the counters of the running question.
func (s *Store) Progress() *Progress { return &s.progress }

// Objects returns how many objects were read or given up.
func (p *Progress) Objects() int64 { return p.objects.Load() }

// Bytes returns the log text of the objects that are done.
func (p *Progress) Bytes() int64 { return p.bytes.Load() }

// Listed returns how many objects were found so far, and whether that is all.
func (p *Progress) Listed() (n int64, done bool) {
	if f := p.feed.Load(); f != nil {
		return f.Listed()
	}
	return 0, false
}

func (p *Progress) follow(f *ingest.Feed) { p.feed.Store(f) }

func (p *Progress) read(bytes int64) {
	p.objects.Add(1)
	p.bytes.Add(bytes)
}
