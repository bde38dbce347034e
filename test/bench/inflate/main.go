// Command inflate inflates the log objects that it is given, files or folders,
// with klauspost/compress, and looks at nothing: nothing can be known of a log
// line before it is inflated.
package main

import (
	"errors"
	"io"
	"os"
	"runtime"
	"sync"

	"github.com/klauspost/compress/gzip"

	"loglens/test/internal/measure"
)

// As many goroutines as there are processors carry an object each, with one
// decoder that is reset.
func main() {
	paths := make(chan string)
	var group sync.WaitGroup
	for range runtime.NumCPU() {
		group.Go(func() {
			var z gzip.Reader
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
	for _, arg := range os.Args[1:] {
		objects, err := measure.Objects(arg)
		measure.Check(err)
		for _, p := range objects {
			paths <- p
		}
	}
	close(paths)
	group.Wait()
}
