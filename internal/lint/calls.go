package lint

import (
	"go/ast"
	"slices"
	"strconv"
)

// Principal finds uses of exchange.NewPrincipal outside internal/app: who may
// make one may speak for any role.
func Principal(t *Tree) (out []Finding) {
	for _, p := range t.Packages {
		if p.Path == "internal/app" {
			continue
		}
		for _, f := range p.Files {
			ast.Inspect(f.AST, func(n ast.Node) bool {
				id, ok := n.(*ast.Ident)
				if !ok {
					return true
				}
				o := p.Info.Uses[id]
				if o != nil && o.Name() == "NewPrincipal" && o.Pkg() != nil && o.Pkg().Path() == t.Module+"/policy/exchange" {
					out = append(out, t.at(n.Pos(), "only internal/app makes a Principal"))
				}
				return true
			})
		}
	}
	return out
}

// Sleep finds time.Sleep in tests: a test waits for what it waits for, not for a
// while. Packages whose tests run in bubbles of testing/synctest may sleep, since
// the time there is not the clock's.
func Sleep(t *Tree) (out []Finding) {
	for _, p := range t.Packages {
		if slices.ContainsFunc(p.Tests, func(f *File) bool { return importedAs(f.AST, "testing/synctest") != "" }) {
			continue
		}
		for _, f := range p.Tests {
			name := importedAs(f.AST, "time")
			if name == "" {
				continue
			}
			ast.Inspect(f.AST, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok || sel.Sel.Name != "Sleep" {
					return true
				}
				if id, ok := sel.X.(*ast.Ident); ok && id.Name == name {
					out = append(out, t.at(n.Pos(), "no time.Sleep in tests: wait on a channel, a fake clock, or poll with a deadline"))
				}
				return true
			})
		}
	}
	return out
}

// importedAs is the name that a file gives to an import; empty where it has none.
func importedAs(f *ast.File, path string) string {
	for _, spec := range f.Imports {
		if got, err := strconv.Unquote(spec.Path.Value); err != nil || got != path {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path
	}
	return ""
}

// NoInit finds init functions, in tests too: what a package knows stands in
// explicit tables.
func NoInit(t *Tree) (out []Finding) {
	for _, p := range t.Packages {
		for _, f := range append(p.Files[:len(p.Files):len(p.Files)], p.Tests...) {
			for _, d := range f.AST.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
					out = append(out, t.at(fn.Pos(), "no init functions: call it by name, or put the values into a table"))
				}
			}
		}
	}
	return out
}
