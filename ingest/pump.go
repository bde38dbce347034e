package ingest

import (
	"context"
	"io"
	"sync"
)

// How far a pump reads ahead of its consumer.
const (
	chunkSize = 128 << 10
	aheadSize = 4 << 20 // bytes in memory per pump
)

// roomFor is how much memory a pump of a stream takes; size is -1 if nobody
// knows it.
func roomFor(size int64) int64 {
	if size < 0 || size > aheadSize {
		return aheadSize
	}
	return (size + chunkSize - 1) / chunkSize * chunkSize
}

// chunks keeps the blocks that pumps have emptied for those that fill some.
// A nil *chunks keeps nothing.
type chunks struct{ free chan []byte }

func newChunks(n int) *chunks { return &chunks{free: make(chan []byte, n)} }

func (c *chunks) get() []byte {
	if c != nil {
		select {
		case b := <-c.free:
			return b
		default:
		}
	}
	return make([]byte, chunkSize)
}

func (c *chunks) put(b []byte) {
	if c == nil || cap(b) < chunkSize {
		return
	}
	select {
	case c.free <- b[:chunkSize]:
	default:
	}
}

// A pump reads a stream in a goroutine of its own, at most aheadSize ahead of
// its consumer, so that waiting for the stream and inflating it overlap, and so
// that a consumer can be cancelled even where the stream cannot.
type pump struct {
	ctx    context.Context
	cancel context.CancelFunc
	full   chan chunk
	free   *chunks
	src    io.Reader

	cur  []byte // the block being read, whole
	rest []byte // what is left of it
	err  error
	once sync.Once
}

// chunk is one block, or the error that ended the stream behind it.
type chunk struct {
	b   []byte
	err error
}

// newPump starts reading src, which is closed when the reading ends, if it can
// be. Closing the pump cancels ctx's child that start was given.
func newPump(ctx context.Context, free *chunks, start func(context.Context) io.Reader) *pump {
	ctx, cancel := context.WithCancel(ctx)
	p := &pump{ctx: ctx, cancel: cancel, free: free, full: make(chan chunk, aheadSize/chunkSize-2)}
	p.src = start(ctx)
	go p.run()
	return p
}

func (p *pump) run() {
	defer close(p.full)
	if c, ok := p.src.(io.Closer); ok {
		defer func() { _ = c.Close() }() // its bytes are read, or nobody wants them
	}
	for {
		b := p.free.get()
		n, err := p.src.Read(b)
		if n == 0 && err == nil {
			p.free.put(b)
			continue
		}
		select {
		case p.full <- chunk{b[:n], err}:
		case <-p.ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

func (p *pump) Read(b []byte) (int, error) {
	for len(p.rest) == 0 {
		if p.err != nil {
			return 0, p.err
		}
		p.free.put(p.cur)
		p.cur = nil
		select {
		case c, ok := <-p.full:
			if !ok {
				// Only a cancelled pump ends without an error in its last chunk.
				p.err = context.Cause(p.ctx)
				continue
			}
			p.cur, p.rest, p.err = c.b, c.b, c.err
		case <-p.ctx.Done():
			p.err = context.Cause(p.ctx)
		}
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// version passes on what the stream has learned. It must not be called before
// Read has returned, which orders it behind the stream's first block.
func (p *pump) version() version { return versionOf(p.src) }

// Close ends the reading, without waiting for a stream that cannot be cancelled.
func (p *pump) Close() error {
	p.once.Do(func() {
		p.cancel()
		p.free.put(p.cur)
		p.cur, p.rest = nil, nil
		if p.err == nil {
			p.err = io.ErrClosedPipe
		}
		go func() {
			for c := range p.full {
				p.free.put(c.b)
			}
		}()
	})
	return nil
}
