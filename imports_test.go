// Package loglens_test holds the rules that no single package can: who may
// import whom, and where the clock, the standard streams and the root context
// come in. It reads the sources themselves, so that a violation is seen on the
// next run whatever the test cache holds.
package loglens_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	module = "loglens"

	// demo writes logs and knows the truth about them; it must not know how they are read.
	demo = "internal/demo"
	// guard gives tests memory with borders.
	guard = "internal/guard"
	// processor says what the processor can do, which the standard library keeps to itself.
	processor = "golang.org/x/sys/cpu"
	root      = "."
)

// order is the way of a line. A package imports only what stands before it.
var order = []string{"internal/amount", "internal/when", "internal/condition", "internal/post", "parse", "ingest/inflate", "ingest", "query", "report", "diagnose", "web", "cmd/loglens"}

// confined are the modules that only some files may import, and unsafe. A pattern is
// path.Match's; tests of a package may do what one of its files may.
var confined = []struct {
	prefix string
	files  []string
}{
	{"github.com/aws/", []string{"ingest/s3*.go", "ingest/balancer.go", "ingest/credentials.go", "diagnose/aws*.go", "cmd/loglens/*.go"}},
	{"github.com/duckdb/", []string{"query/*.go"}},
	{"github.com/gofrs/flock", []string{"query/disk*.go", "query/scratch*.go"}},
	{"github.com/google/renameio/", []string{"cmd/loglens/*.go"}},
	{"github.com/jedib0t/go-pretty/", []string{"report/*.go"}},
	{"github.com/spf13/cobra", []string{"cmd/loglens/*.go"}},
	{"github.com/spf13/pflag", []string{"cmd/loglens/*.go"}},
	{"unsafe", []string{"ingest/inflate/unchecked.go", "query/vector.go", "cmd/loglens/*_test.go"}},
}

// commandOnly are packages that speak to the outside or are about the command line:
// only the command knows them.
var commandOnly = []string{"internal/condition", "internal/post"}

// ambient are the names that bring the outside world in: they stand in
// cmd/loglens, and everything else is given what it needs.
var ambient = map[string][]string{
	"time":    {"Now", "Since", "Until"},
	"os":      {"Stdin", "Stdout", "Stderr"},
	"context": {"Background", "TODO"},
}

func TestImports(t *testing.T) {
	files := 0
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && (name == "test" || entry.Name() == "testdata" || strings.HasPrefix(entry.Name(), ".")):
			return fs.SkipDir // test is a module of its own
		case entry.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		files++
		found, err := violations(name, source)
		if err != nil {
			return err
		}
		for _, v := range found {
			t.Errorf("%s %s", name, v)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 20 {
		t.Errorf("read %d files: the walk is broken", files)
	}
}

// violations returns what a file does that it must not.
func violations(name string, source []byte) ([]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", name, err)
	}
	folder, test := path.Dir(name), strings.HasSuffix(name, "_test.go")
	place := slices.Index(order, folder)
	if place < 0 && folder != demo && folder != guard && folder != root {
		return []string{fmt.Sprintf("is in %s, which has no place in the order", folder)}, nil
	}
	var found []string
	outside := map[string][]string{} // the file's name of a package, and what it must not use of it
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, fmt.Errorf("import in %s: %w", name, err)
		}
		if v := importViolation(folder, place, test, imported); v != "" {
			found = append(found, v)
		}
		for _, c := range confined {
			if strings.HasPrefix(imported, c.prefix) && !mayImport(name, test, c.files) {
				found = append(found, fmt.Sprintf("imports %s, which stands in %s only", imported, strings.Join(c.files, ", ")))
			}
		}
		local := path.Base(imported)
		if spec.Name != nil {
			local = spec.Name.Name
		}
		outside[local] = ambient[imported]
	}
	if test || folder == "cmd/loglens" {
		return found, nil
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && slices.Contains(outside[x.Name], s.Sel.Name) {
				found = append(found, fmt.Sprintf("uses %s.%s, which stands in cmd/loglens only", x.Name, s.Sel.Name))
			}
		}
		return true
	})
	return found, nil
}

// importViolation says what is wrong with an import; empty if nothing is.
func importViolation(folder string, place int, test bool, imported string) string {
	ours, isOurs := strings.CutPrefix(imported, module+"/")
	standard := !strings.Contains(strings.Split(imported, "/")[0], ".")
	switch {
	case imported == module:
		return "imports the root, which has no code"
	case !isOurs && folder == "parse" && !test && !standard && imported != processor:
		return fmt.Sprintf("imports %s: parse needs the standard library only, and %s", imported, processor)
	case !isOurs || folder == root || ours == folder:
		return ""
	case folder == demo:
		return fmt.Sprintf("imports %s: the demo knows nothing of the project", ours)
	case ours == demo && !test && folder != "cmd/loglens":
		return "imports " + demo + ", which is for tests and cmd/loglens"
	case ours == guard && !test:
		return "imports " + guard + ", which is for tests"
	case ours == demo, ours == guard:
		return ""
	case slices.Contains(commandOnly, ours) && folder != "cmd/loglens":
		return fmt.Sprintf("imports %s, which is for cmd/loglens", ours)
	case slices.Index(order, ours) < 0:
		return fmt.Sprintf("imports %s, which has no place in the order", ours)
	case slices.Index(order, ours) > place:
		return fmt.Sprintf("imports %s, which comes after %s", ours, folder)
	}
	return ""
}

func mayImport(name string, test bool, patterns []string) bool {
	for _, pattern := range patterns {
		if ok, err := path.Match(pattern, name); err == nil && ok {
			return true
		}
		if test && path.Dir(pattern) == path.Dir(name) {
			return true
		}
	}
	return false
}

// TestViolations shows that each rule bites.
func TestViolations(t *testing.T) {
	tests := []struct {
		name, file, source string
		want               []string
	}{
		{"left is free", "query/a.go", `import ("loglens/ingest"; "loglens/parse"; "github.com/duckdb/duckdb-go/v2")`, nil},
		{"right is not", "parse/a.go", `import "loglens/query"`, []string{"imports query, which comes after parse"}},
		{"nor in a test", "ingest/a_test.go", `import "loglens/report"`, []string{"imports report, which comes after ingest"}},
		{"when imports nothing of ours", "internal/when/a.go", `import "loglens/parse"`, []string{"imports parse, which comes after internal/when"}},
		{"demo imports nothing of ours", "internal/demo/a.go", `import "loglens/parse"`, []string{"imports parse: the demo knows nothing of the project"}},
		{"demo is for tests", "query/a_test.go", `import "loglens/internal/demo"`, nil},
		{"demo is for the command", "cmd/loglens/demo.go", `import "loglens/internal/demo"`, nil},
		{"demo is not for code", "query/a.go", `import "loglens/internal/demo"`, []string{"imports internal/demo, which is for tests and cmd/loglens"}},
		{"parse is alone", "parse/a.go", `import "github.com/klauspost/compress/gzip"`, []string{"imports github.com/klauspost/compress/gzip: parse needs the standard library only, and golang.org/x/sys/cpu"}},
		{"parse asks the processor", "parse/a.go", `import "golang.org/x/sys/cpu"`, nil},
		{"guard is not for code", "parse/a.go", `import "loglens/internal/guard"`, []string{"imports internal/guard, which is for tests"}},
		{"parse's tests are not", "parse/a_test.go", `import "github.com/google/go-cmp/cmp"`, nil},
		{"AWS in its file", "ingest/s3list.go", `import "github.com/aws/aws-sdk-go-v2/service/s3"`, nil},
		{"AWS in another", "ingest/local.go", `import "github.com/aws/smithy-go"`, []string{"imports github.com/aws/smithy-go, which stands in ingest/s3*.go, ingest/balancer.go, ingest/credentials.go, diagnose/aws*.go, cmd/loglens/*.go only"}},
		{"AWS in a test of the package", "ingest/local_test.go", `import "github.com/aws/aws-sdk-go-v2/aws"`, nil},
		{"webhooks elsewhere", "report/a.go", `import "loglens/internal/post"`, []string{"imports internal/post, which is for cmd/loglens"}},
		{"webhooks in the command", "cmd/loglens/a.go", `import "loglens/internal/post"`, nil},
		{"conditions import nothing of ours", "internal/condition/a.go", `import "loglens/query"`, []string{"imports query, which comes after internal/condition"}},
		{"renaming elsewhere", "report/a.go", `import "github.com/google/renameio/v2"`, []string{"imports github.com/google/renameio/v2, which stands in cmd/loglens/*.go only"}},
		{"DuckDB elsewhere", "report/a.go", `import _ "github.com/duckdb/duckdb-go/v2"`, []string{"imports github.com/duckdb/duckdb-go/v2, which stands in query/*.go only"}},
		{"cobra elsewhere", "query/a.go", `import "github.com/spf13/cobra"`, []string{"imports github.com/spf13/cobra, which stands in cmd/loglens/*.go only"}},
		{"unsafe in its file", "ingest/inflate/unchecked.go", `import "unsafe"`, nil},
		{"unsafe in another", "ingest/inflate/decode.go", `import "unsafe"`, []string{"imports unsafe, which stands in ingest/inflate/unchecked.go, query/vector.go, cmd/loglens/*_test.go only"}},
		{"unknown folder", "util/a.go", ``, []string{"is in util, which has no place in the order"}},
		{"unknown import", "report/a.go", `import "loglens/util"`, []string{"imports util, which has no place in the order"}},
		{"clock", "query/a.go", "import clock \"time\"\nvar t = clock.Now", []string{"uses clock.Now, which stands in cmd/loglens only"}},
		{"streams", "report/a.go", "import \"os\"\nvar w = os.Stdout", []string{"uses os.Stdout, which stands in cmd/loglens only"}},
		{"context", "ingest/a.go", "import \"context\"\nvar c = context.Background()", []string{"uses context.Background, which stands in cmd/loglens only"}},
		{"clock in a test", "query/a_test.go", "import \"time\"\nvar t = time.Now", nil},
		{"clock in the command", "cmd/loglens/main.go", "import \"time\"\nvar t = time.Now", nil},
		{"a method called Now", "query/a.go", "var t = plan.Now", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := violations(tt.file, []byte("package p\n"+tt.source))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("violations (-want +got):\n%s", diff)
			}
		})
	}
}
