package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// TestVariablesAreKnown: no warning names a variable that the manuals or the sources speak of.
func TestVariablesAreKnown(t *testing.T) {
	known := knownVariables((&app{}).rootCommand())
	named := regexp.MustCompile(`LOGLENS_[A-Z]+(?:_[A-Z]+)*`)
	found := map[string]bool{}
	for _, pattern := range []string{"*.go", "../../README.md", "../../docs/*.md", "../../deploy/*", "../../deploy/*/*"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if test, _ := filepath.Match("*_test.go", file); test {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				continue // a folder
			}
			for _, name := range named.FindAllString(string(text), -1) {
				if found[name] = true; !slices.Contains(known, name) {
					t.Errorf("%s speaks of %s, which nothing reads", file, name)
				}
			}
		}
	}
	if len(found) < 5 {
		t.Errorf("found only %v", found)
	}
}
