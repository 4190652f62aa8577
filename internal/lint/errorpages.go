package lint

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// errorPages is the folder of the pages about diagnostic codes, and their index.
const (
	errorPages = "docs/errors"
	errorIndex = errorPages + "/README.md"
)

// A code of ours, and a vendor's code in capitals.
var (
	ownCode    = regexp.MustCompile(`^STL-[A-Z][0-9]{3}$`)
	vendorCode = regexp.MustCompile(`^[A-Z]+(_[A-Z]+)+$`)
)

// ErrorPages holds docs/errors to the codes of diagnostics: each code has a page
// with a title and a row in the index, and no page or row is left of a code that
// is gone. A code is a literal such as STL-A001, or text in capitals in a constant
// whose name begins with Code.
func ErrorPages(t *Tree) (out []Finding) {
	index := indexed(t)
	pages, err := filepath.Glob(filepath.Join(t.Root, filepath.FromSlash(errorPages), "*.md"))
	if err != nil {
		panic(err) // the pattern is a constant
	}
	var described []string
	for _, page := range pages {
		if name := strings.TrimSuffix(filepath.Base(page), ".md"); name != "README" {
			described = append(described, name)
		}
	}
	codes, places := t.codes()
	for i, code := range codes {
		if !slices.Contains(described, code) {
			out = append(out, t.at(places[i], "the code %s has no page %s/%s.md", code, errorPages, code))
		}
	}
	for _, code := range described {
		page := errorPages + "/" + code + ".md"
		if !slices.Contains(codes, code) {
			out = append(out, Finding{page, 1, "no product code reports " + code + ": remove the page, or correct its name"})
		}
		if title := "# " + code + ": "; !strings.HasPrefix(t.text(page), title) {
			out = append(out, Finding{page, 1, fmt.Sprintf("the page does not begin with %q", title)})
		}
		if !slices.ContainsFunc(index, func(r row) bool { return r.code == code }) {
			out = append(out, Finding{errorIndex, 1, "the index has no row | [" + code + "](" + code + ".md) | …"})
		}
	}
	for i, r := range index {
		switch {
		case !slices.Contains(described, r.code):
			out = append(out, Finding{errorIndex, r.line, "the row of " + r.code + " has no page"})
		case slices.ContainsFunc(index[:i], func(o row) bool { return o.code == r.code }):
			out = append(out, Finding{errorIndex, r.line, "a second row of " + r.code})
		}
	}
	return out
}

// codes gives the codes of the product in the tree's order, each once, with the
// place where it stands first.
func (t *Tree) codes() (codes []string, places []token.Pos) {
	add := func(code string, at token.Pos) {
		if !slices.Contains(codes, code) {
			codes, places = append(codes, code), append(places, at)
		}
	}
	for _, p := range t.Packages {
		if room, _, _ := place(p.Path); room == "internal/lint" || room == "test" {
			continue
		}
		for _, f := range p.Files {
			ast.Inspect(f.AST, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.BasicLit:
					if text, err := strconv.Unquote(n.Value); n.Kind == token.STRING && err == nil && ownCode.MatchString(text) {
						add(text, n.Pos())
					}
				case *ast.Ident:
					c, ok := p.Info.Defs[n].(*types.Const)
					if ok && strings.HasPrefix(n.Name, "Code") && c.Val().Kind() == constant.String &&
						vendorCode.MatchString(constant.StringVal(c.Val())) {
						add(constant.StringVal(c.Val()), n.Pos())
					}
				}
				return true
			})
		}
	}
	return codes, places
}

// row is a row of the index: | [CODE](CODE.md) | …
type row struct {
	code string
	line int
}

var indexRow = regexp.MustCompile(`^\| \[([A-Z0-9_-]+)\]\(([A-Z0-9_-]+)\.md\) \| .*\S.* \|$`)

func indexed(t *Tree) (out []row) {
	for i, line := range strings.Split(t.text(errorIndex), "\n") {
		if m := indexRow.FindStringSubmatch(line); m != nil && m[1] == m[2] {
			out = append(out, row{m[1], i + 1})
		}
	}
	return out
}

// text reads a file of the tree; empty where it is not there.
func (t *Tree) text(name string) string {
	data, err := os.ReadFile(filepath.Join(t.Root, filepath.FromSlash(name)))
	if err != nil {
		return ""
	}
	return string(data)
}
