// Package guard gives tests memory around which nothing can be touched.
package guard

import (
	"os"
	"syscall"
	"testing"
)

// Bytes returns size bytes between two pages that nobody may touch: they end
// where the second begins, or begin where the first ends.
func Bytes(t testing.TB, size int, atEnd bool) []byte {
	t.Helper()
	page := os.Getpagesize()
	inner := (size + page - 1) / page * page
	all, err := syscall.Mmap(-1, 0, page+inner+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(all); err != nil {
			t.Error(err)
		}
	})
	for _, guard := range [][]byte{all[:page], all[page+inner:]} {
		if err := syscall.Mprotect(guard, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	if atEnd {
		return all[page+inner-size : page+inner] // the capacity reaches into the guard
	}
	return all[page : page+size]
}
