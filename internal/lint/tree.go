// Package lint is the rules of the house as tests: who may import whom, what pure
// packages must not touch, how large things may grow, what must be documented.
//
// It is not part of the product, and no other package imports it. Each rule is a
// function over a loaded tree that gives its findings; TestHouse runs all of them
// over this module, and each has a fixture under testdata that breaks it.
//
// Invariants: a rule reads the tree and nothing else; findings name a place and
// say what to do instead.
package lint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
)

// Tree is a Go module with its packages parsed and checked.
type Tree struct {
	// Module is the module's path, Root its folder.
	Module, Root string
	Fset         *token.FileSet
	Packages     []*Package // sorted by path
}

// Package is one package of the module.
type Package struct {
	// Path is the import path without the module's path: "asl/interp"; "." for the root.
	Path string
	// Files are the files of the package itself, Tests its _test.go files, parsed only.
	Files, Tests []*File
	// Imports are the imported paths, as written, test files left out.
	Imports []string
	Info    *types.Info
}

// File is one parsed file.
type File struct {
	Name  string // relative to the tree's root
	Lines int
	AST   *ast.File
}

// Finding is one breach of a rule.
type Finding struct {
	File string
	Line int
	Text string
}

// String gives file:line: text.
func (f Finding) String() string { return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Text) }

// at makes a finding at a node's place.
func (t *Tree) at(pos token.Pos, format string, args ...any) Finding {
	p := t.Fset.Position(pos)
	name, err := filepath.Rel(t.Root, p.Filename)
	if err != nil {
		name = p.Filename
	}
	return Finding{filepath.ToSlash(name), p.Line, fmt.Sprintf(format, args...)}
}

// inside gives an import path relative to the module; ok is false for paths of
// other modules and of the standard library.
func (t *Tree) inside(path string) (rel string, ok bool) {
	if path == t.Module {
		return ".", true
	}
	return strings.CutPrefix(path, t.Module+"/")
}

// listed is what the go command tells about a package.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles, Imports        []string
	Module                  *struct{ Path, Dir string }
	Error                   *struct{ Err string }
}

// Load reads the module in dir. It fails where a package does not compile.
func Load(dir string) (*Tree, error) {
	all, err := list(dir)
	if err != nil {
		return nil, err
	}
	exports := map[string]string{}
	for _, p := range all {
		exports[p.ImportPath] = p.Export
	}
	tree := &Tree{Fset: token.NewFileSet()}
	imp := importer.ForCompiler(tree.Fset, "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("no export data of %s", path)
		}
		return os.Open(exports[path])
	})
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		if p.Module == nil || p.Module.Dir != root {
			continue
		}
		tree.Module, tree.Root = p.Module.Path, p.Module.Dir
		pkg, err := tree.check(p, imp)
		if err != nil {
			return nil, err
		}
		tree.Packages = append(tree.Packages, pkg)
	}
	if len(tree.Packages) == 0 {
		return nil, fmt.Errorf("no packages in %s", root)
	}
	sort.Slice(tree.Packages, func(i, j int) bool { return tree.Packages[i].Path < tree.Packages[j].Path })
	return tree, nil
}

func list(dir string) ([]listed, error) {
	cmd := exec.Command("go", "list", "-e", "-export", "-deps",
		"-json=ImportPath,Dir,Export,GoFiles,Imports,Module,Error", "./...")
	cmd.Dir = dir
	// Fixtures are modules of their own that need no others.
	cmd.Env = append(os.Environ(), "GOWORK=off")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, errs.String())
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		if p.Error != nil {
			return nil, fmt.Errorf("%s: %s", p.ImportPath, p.Error.Err)
		}
		all = append(all, p)
	}
}

func (t *Tree) check(p listed, imp types.Importer) (*Package, error) {
	rel, _ := t.inside(p.ImportPath)
	pkg := &Package{Path: rel, Imports: p.Imports, Info: &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{},
	}}
	var asts []*ast.File
	for _, name := range p.GoFiles {
		f, err := t.parse(filepath.Join(p.Dir, name))
		if err != nil {
			return nil, err
		}
		pkg.Files = append(pkg.Files, f)
		asts = append(asts, f.AST)
	}
	conf := types.Config{Importer: imp}
	if _, err := conf.Check(p.ImportPath, t.Fset, asts, pkg.Info); err != nil {
		return nil, err
	}
	tests, err := fs.Glob(os.DirFS(p.Dir), "*_test.go")
	if err != nil {
		return nil, err
	}
	for _, name := range tests {
		f, err := t.parse(filepath.Join(p.Dir, name))
		if err != nil {
			return nil, err
		}
		pkg.Tests = append(pkg.Tests, f)
	}
	return pkg, nil
}

func (t *Tree) parse(name string) (*File, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	f, err := parser.ParseFile(t.Fset, name, text, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	rel, err := filepath.Rel(t.Root, name)
	if err != nil {
		return nil, err
	}
	return &File{filepath.ToSlash(rel), bytes.Count(text, []byte("\n")), f}, nil
}
