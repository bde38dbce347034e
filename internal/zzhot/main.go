package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"loglens/ingest/inflate"
	"loglens/parse"
)

func cpu() float64 {
	var t unix.Timespec
	unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t)
	return float64(t.Sec) + float64(t.Nsec)/1e9
}

func main() {
	var files [][]byte
	filepath.WalkDir(os.Args[1], func(p string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(p) == ".gz" && len(files) < 1 {
			b, _ := os.ReadFile(p)
			files = append(files, b)
		}
		return nil
	})
	var z inflate.Reader
	buf := make([]byte, 256<<10)
	br := bufio.NewReaderSize(nil, 64<<10)
	s := parse.NewScanner()
	lines := 0
	var texts [][]byte
	for _, f := range files {
		br.Reset(bytes.NewReader(f))
		z.Reset(br)
		t, _ := io.ReadAll(&z)
		texts = append(texts, t)
		lines += bytes.Count(t, []byte("\n"))
	}
	best := map[string]float64{}
	run := func(name string, f func()) {
		a := cpu()
		f()
		d := (cpu() - a) / float64(lines) * 1e9
		if b, ok := best[name]; !ok || d < b {
			best[name] = d
		}
	}
	for range 40 {
		run("inflate", func() {
			for _, f := range files {
				br.Reset(bytes.NewReader(f))
				z.Reset(br)
				for {
					if _, err := z.Read(buf); err != nil {
						break
					}
				}
			}
		})
		run("inflate+scan", func() {
			for _, f := range files {
				br.Reset(bytes.NewReader(f))
				z.Reset(br)
				s.Reset(&z, parse.KindUnknown)
				for s.Scan() {
				}
			}
		})
		run("scan", func() {
			for _, t := range texts {
				s.Reset(bytes.NewReader(t), parse.KindUnknown)
				for s.Scan() {
				}
			}
		})
		run("newline", func() {
			for _, t := range texts {
				for {
					i := bytes.IndexByte(t, '\n')
					if i < 0 {
						break
					}
					t = t[i+1:]
				}
			}
		})
	}
	fmt.Println(lines, "lines; ns/line, best of 40")
	for _, n := range []string{"inflate", "inflate+scan", "scan", "newline"} {
		fmt.Printf("%-14s %.0f\n", n, best[n])
	}
}
