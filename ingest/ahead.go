package ingest

import "io"

// aheadBlock is how much text is read ahead at a time, aheadBlocks how many times.
const (
	aheadBlock  = 256 << 10
	aheadBlocks = 3
)

// Ahead reads a text through, and from some moment on ahead of whoever reads it: in
// a goroutine of its own, so that inflating and parsing of one object take two
// processors. It is not for use by several goroutines, and made to be Reset.
type Ahead struct {
	source io.Reader
	worth  func() bool // it is time to read ahead

	full chan aheadText // nil before that time; closed by the goroutine when it ends
	free chan []byte
	quit chan struct{}
	at   aheadText
	rest []byte // of at
}

// aheadText is a block of text, and the error that came with it.
type aheadText struct {
	block []byte
	n     int
	err   error
}

// Reset makes it read another text. Before every block it asks whether it is worth
// while to read ahead from now on; nil means never.
func (a *Ahead) Reset(source io.Reader, worth func() bool) {
	a.Stop()
	a.source, a.worth = source, worth
}

// Stop ends the reading. The source is not touched any more after it, so that it can
// be closed. It waits for a Read of the source that is under way.
func (a *Ahead) Stop() {
	if a.full != nil {
		close(a.quit)
		for range a.full {
		}
	}
	*a = Ahead{}
}

func (a *Ahead) Read(p []byte) (n int, err error) {
	if a.full == nil {
		if a.worth == nil || !a.worth() {
			return a.source.Read(p)
		}
		a.start()
	}
	for len(a.rest) == 0 {
		if a.at.err != nil {
			return 0, a.at.err
		}
		if a.at.block != nil {
			a.free <- a.at.block
		}
		var more bool
		if a.at, more = <-a.full; !more {
			return 0, io.ErrClosedPipe // stopped by somebody who must not
		}
		a.rest = a.at.block[:a.at.n]
	}
	n = copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

func (a *Ahead) start() {
	a.full, a.free, a.quit = make(chan aheadText, aheadBlocks), make(chan []byte, aheadBlocks), make(chan struct{})
	for range aheadBlocks {
		a.free <- make([]byte, aheadBlock)
	}
	go readAhead(a.source, a.full, a.free, a.quit)
}

// readAhead fills blocks until the text ends or nobody wants more of it.
func readAhead(source io.Reader, full chan<- aheadText, free <-chan []byte, quit <-chan struct{}) {
	defer close(full)
	for {
		select {
		case <-quit:
			return
		case block := <-free:
			n, err := source.Read(block)
			full <- aheadText{block, n, err} // there is room for all blocks
			if err != nil {
				return
			}
		}
	}
}
