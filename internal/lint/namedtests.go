package lint

import (
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var testName = regexp.MustCompile("`(Test[A-Z][A-Za-z0-9]*)`")

// NamedTests finds tests that a page of docs names and that are not there: a promise
// whose proof was renamed away. It is for pages of docs itself, not of its folders.
func NamedTests(t *Tree) (out []Finding) {
	there := map[string]bool{}
	for _, p := range t.Packages {
		for _, f := range p.Tests {
			for _, d := range f.AST.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
					there[fn.Name.Name] = true
				}
			}
		}
	}
	pages, err := filepath.Glob(filepath.Join(t.Root, "docs", "*.md"))
	if err != nil {
		panic(err) // the pattern is ours
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			out = append(out, Finding{"docs/" + filepath.Base(page), 1, err.Error()})
			continue
		}
		for i, line := range strings.Split(string(text), "\n") {
			for _, m := range testName.FindAllStringSubmatch(line, -1) {
				if !there[m[1]] {
					out = append(out, Finding{"docs/" + filepath.Base(page), i + 1, fmt.Sprintf("there is no test %s", m[1])})
				}
			}
		}
	}
	return out
}
