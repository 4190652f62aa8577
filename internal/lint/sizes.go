package lint

import (
	"fmt"
	"go/ast"
)

// limits are how large things may be, in lines; function and pkg are exclusive.
type limits struct{ file, testFile, function, pkg int }

// Sizes finds files, functions and packages that grew too large. Functions of
// tests may be long, since tables are.
func Sizes(t *Tree) []Finding {
	return limits{file: 350, testFile: 600, function: 70, pkg: 8000}.find(t)
}

func (l limits) find(t *Tree) (out []Finding) {
	for _, p := range t.Packages {
		sum := 0
		for _, f := range p.Files {
			sum += f.Lines
			if f.Lines > l.file {
				out = append(out, Finding{f.Name, f.Lines, fmt.Sprintf("the file has %d lines, more than %d", f.Lines, l.file)})
			}
			out = append(out, l.functions(t, f)...)
		}
		for _, f := range p.Tests {
			if f.Lines > l.testFile {
				out = append(out, Finding{f.Name, f.Lines, fmt.Sprintf("the test file has %d lines, more than %d", f.Lines, l.testFile)})
			}
		}
		if sum >= l.pkg {
			out = append(out, t.at(p.Files[0].AST.Package, "package %s has %d lines, not under %d", p.Path, sum, l.pkg))
		}
	}
	return out
}

func (l limits) functions(t *Tree, f *File) (out []Finding) {
	for _, d := range f.AST.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		n := t.Fset.Position(fn.End()).Line - t.Fset.Position(fn.Pos()).Line + 1
		if n >= l.function {
			out = append(out, t.at(fn.Pos(), "function %s has %d lines, not under %d", fn.Name.Name, n, l.function))
		}
	}
	return out
}
