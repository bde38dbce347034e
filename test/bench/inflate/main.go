// Command inflate inflates the log objects that it is given, files or folders, with
// klauspost/compress or with -own by the decoder of loglens, and looks at nothing: nothing can be known of a log
// line before it is inflated.
package main

import (
	"errors"
	"flag"
	"io"
	"os"
	"runtime"
	"sync"

	"github.com/klauspost/compress/gzip"

	"loglens/ingest"
	"loglens/test/internal/measure"
)

// As many goroutines as there are processors carry an object each, with one
// decoder that is reset.
func main() {
	own := flag.Bool("own", false, "by the decoder of loglens")
	flag.Parse()
	paths := make(chan string)
	var group sync.WaitGroup
	for range runtime.NumCPU() {
		group.Go(func() {
			z := newDecoder(*own)
			buf := make([]byte, 256<<10)
			for p := range paths {
				f, err := os.Open(p)
				measure.Check(err)
				measure.Check(z.Reset(f))
				for err == nil {
					_, err = z.Read(buf)
				}
				if !errors.Is(err, io.EOF) {
					measure.Check(err)
				}
				measure.Check(f.Close())
			}
		})
	}
	for _, arg := range flag.Args() {
		objects, err := measure.Objects(arg)
		measure.Check(err)
		for _, p := range objects {
			paths <- p
		}
	}
	close(paths)
	group.Wait()
}

// decoder is what both have in common.
type decoder interface {
	io.Reader
	Reset(r io.Reader) error
}

func newDecoder(own bool) decoder {
	if own {
		return ingest.NewInflater()
	}
	return new(gzip.Reader)
}
