package lint

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"
)

// common may be imported by every pure package: text, numbers, order, errors.
var common = []string{
	"bytes", "cmp", "encoding/base64", "encoding/binary", "encoding/hex", "errors", "fmt", "iter", "maps", "math", "math/big",
	"math/bits", "slices", "sort", "strconv", "strings", "unicode", "unicode/utf16", "unicode/utf8",
}

// pure is the table of pure packages with what each may import beyond common;
// packages of the module are held by the layers.
var pure = map[string][]string{
	"jsonval":       {"sync", "sync/atomic"},
	"rx":            {"regexp", "regexp/syntax"},
	"jsonpath":      {"regexp", "sync"},
	"jsonata":       {"crypto/md5", "crypto/sha1", "crypto/sha256", "crypto/sha512", "hash", "regexp", "regexp/syntax", "time"},
	"asl":           {"crypto/md5", "crypto/sha1", "crypto/sha256", "crypto/sha512", "hash", "hash/fnv", "regexp", "time"},
	"asl/interp":    {"hash/fnv", "time"},
	"policy/liquid": {"encoding/xml", "html", "io", "mime", "net/url", "regexp", "time", "unicode/utf16"},
	"policy/expr": {"crypto", "crypto/aes", "crypto/cipher", "crypto/des", "crypto/hmac", "crypto/md5", "crypto/rsa", "crypto/sha1",
		"crypto/sha256", "crypto/sha512", "crypto/x509", "crypto/x509/pkix", "encoding/asn1", "hash", "html", "net/netip", "net/url",
		"regexp", "regexp/syntax", "sync", "time"},
}

// pureList gives what a pure package may import beyond common; a package below a
// pure one is part of its room and as pure.
func pureList(path string) (list []string, isPure bool) {
	room, _, _ := place(path)
	list, isPure = pure[room]
	return list, isPure
}

// PureImports finds imports of pure packages that are not on their list.
func PureImports(t *Tree) (out []Finding) {
	for _, p := range t.Packages {
		more, isPure := pureList(p.Path)
		if !isPure {
			continue
		}
		for _, f := range p.Files {
			for _, spec := range f.AST.Imports {
				path := strings.Trim(spec.Path.Value, `"`)
				if _, inside := t.inside(path); inside || slices.Contains(common, path) || slices.Contains(more, path) {
					continue
				}
				out = append(out, t.at(spec.Pos(), "pure package %s imports %s, which is not on its list in internal/lint", p.Path, path))
			}
		}
	}
	return out
}

// impure are functions and variables that reach a clock, a zone, randomness or a
// goroutine, by package.
var impure = map[string][]string{
	"time": {"Now", "Since", "Until", "Local", "LoadLocation", "LoadLocationFromTZData", "Sleep", "After", "AfterFunc",
		"NewTimer", "NewTicker", "Tick"},
	"fmt": {"Print", "Printf", "Println", "Scan", "Scanf", "Scanln"},
}

// seeded are the functions of math/rand and math/rand/v2 that use no global source.
var seeded = []string{"New", "NewSource", "NewPCG", "NewChaCha8", "NewZipf"}

// Purity finds goroutines, clocks, zones, global randomness and ranges over maps
// in pure packages. It looks at what a name means, so that an alias or a method
// value does not escape it. A function whose name begins with sorted may range
// over a map: it gives an order.
func Purity(t *Tree) (out []Finding) {
	for _, p := range t.Packages {
		if _, isPure := pureList(p.Path); !isPure {
			continue
		}
		for _, f := range p.Files {
			for _, d := range f.AST.Decls {
				fn, _ := d.(*ast.FuncDecl)
				helper := fn != nil && strings.HasPrefix(fn.Name.Name, "sorted")
				ast.Inspect(d, func(n ast.Node) bool {
					if sorts(p, n) {
						return false
					}
					if text := impurity(p, n, helper); text != "" {
						out = append(out, t.at(n.Pos(), "%s", text))
					}
					return true
				})
			}
		}
	}
	return out
}

// sorts tells a call such as slices.Sorted(maps.Keys(m)), which is a sorted helper
// by itself.
func sorts(p *Package, n ast.Node) bool {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return false
	}
	from, ok := call.Args[0].(*ast.CallExpr)
	return ok && strings.HasPrefix(called(p, call), "slices.Sorted") && strings.HasPrefix(called(p, from), "maps.") &&
		len(from.Args) == 1 && plain(from.Args[0])
}

// plain is an expression in which nothing can hide: a name or a field.
func plain(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return true
	case *ast.SelectorExpr:
		return plain(e.X)
	}
	return false
}

// called is what a call calls, as package.Name; empty for anything but a
// function of another package.
func called(p *Package, call *ast.CallExpr) string {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	fn, ok := p.Info.Uses[sel.Sel].(*types.Func)
	if !ok || fn.Pkg() == nil {
		return ""
	}
	return fn.Pkg().Path() + "." + fn.Name()
}

func impurity(p *Package, n ast.Node, helper bool) string {
	switch n := n.(type) {
	case *ast.GoStmt:
		return "a pure package starts no goroutine"
	case *ast.RangeStmt:
		if typ := p.Info.TypeOf(n.X); typ != nil && !helper {
			if _, isMap := typ.Underlying().(*types.Map); isMap {
				return "the order of a map is not the same twice: range over it in a helper named sorted…"
			}
		}
	case *ast.Ident:
		return forbidden(p.Info.Uses[n])
	}
	return ""
}

func forbidden(o types.Object) string {
	if o == nil || o.Pkg() == nil {
		return ""
	}
	path, name := o.Pkg().Path(), o.Name()
	if fn, ok := o.(*types.Func); ok && fn.Signature().Recv() != nil {
		if path == "time" && name == "Local" {
			return "time.Time.Local depends on the machine's zone"
		}
		return "" // methods of values that were handed in
	}
	if o.Parent() != o.Pkg().Scope() {
		return ""
	}
	switch {
	case slices.Contains(impure[path], name):
		return "a pure package does not reach for " + path + "." + name + ": it is handed in with the event or the Env"
	case path == "math/rand" || path == "math/rand/v2":
		if _, isFunc := o.(*types.Func); isFunc && !slices.Contains(seeded, name) {
			return "a pure package has no global randomness: " + path + "." + name
		}
	case path == "maps" && !orderless(name):
		return "maps." + name + " gives the order of a map: range over it in a helper named sorted…"
	}
	return ""
}

// orderless tells the functions of package maps whose answer has no order.
func orderless(name string) bool {
	return slices.Contains([]string{"Clone", "Copy", "Equal", "EqualFunc", "Collect", "Insert"}, name)
}
