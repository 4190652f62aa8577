package lint

import (
	"go/ast"
	"go/token"
	"strings"
)

// PackageDocs finds packages without a doc comment that begins as Go's do, and
// with more than one.
func PackageDocs(t *Tree) (out []Finding) {
	for _, p := range t.Packages {
		if len(p.Files) == 0 {
			continue
		}
		var docs []*File
		for _, f := range p.Files {
			if f.AST.Doc != nil {
				docs = append(docs, f)
			}
		}
		name := p.Files[0].AST.Name.Name
		start := "Package " + name + " "
		if name == "main" {
			start = "Command "
		}
		switch {
		case len(docs) == 0:
			out = append(out, t.at(p.Files[0].AST.Package, "package %s has no doc comment", p.Path))
		case len(docs) > 1:
			out = append(out, t.at(docs[1].AST.Doc.Pos(), "package %s has a second doc comment", p.Path))
		case !strings.HasPrefix(docs[0].AST.Doc.Text(), start):
			out = append(out, t.at(docs[0].AST.Doc.Pos(), "the doc comment of %s does not begin with %q", p.Path, start))
		}
	}
	return out
}

// Docs finds exported names of packages without a comment. A group of constants or
// variables may share one; methods of unexported types need none.
func Docs(t *Tree) (out []Finding) {
	for _, p := range t.Packages {
		for _, f := range p.Files {
			for _, d := range f.AST.Decls {
				switch d := d.(type) {
				case *ast.FuncDecl:
					if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
						out = append(out, t.at(d.Pos(), "%s has no comment", d.Name.Name))
					}
				case *ast.GenDecl:
					out = append(out, t.undocumented(d)...)
				}
			}
		}
	}
	return out
}

func (t *Tree) undocumented(d *ast.GenDecl) (out []Finding) {
	if d.Tok == token.IMPORT || d.Doc != nil && (d.Tok != token.TYPE || len(d.Specs) == 1) {
		return nil
	}
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() && s.Doc == nil {
				out = append(out, t.at(s.Pos(), "%s has no comment", s.Name.Name))
			}
		case *ast.ValueSpec:
			for _, name := range s.Names {
				if name.IsExported() && s.Doc == nil && s.Comment == nil {
					out = append(out, t.at(name.Pos(), "%s has no comment", name.Name))
				}
			}
		}
	}
	return out
}

func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	switch generic := typ.(type) {
	case *ast.IndexExpr:
		typ = generic.X
	case *ast.IndexListExpr:
		typ = generic.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported()
}
