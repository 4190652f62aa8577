package policies

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"stile/policy"
)

// FuzzCompile: whatever stands in a document, compiling it ends, with a document
// or with errors.
func FuzzCompile(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, part := range txtar.Parse(data).Files {
			if filepath.Ext(part.Name) == ".xml" {
				f.Add(string(part.Data))
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, scope := range []policy.Scope{policy.Global, policy.Product} {
			doc, list := policy.Compile(policy.Source{File: "p.xml", Text: text, Scope: scope}, Table(), anything{})
			if (doc == nil) != list.HasErrors() {
				t.Errorf("document %v with %d errors", doc, list.Errors())
			}
			if doc != nil {
				policy.Link(nil, nil, doc, nil).Effective()
			}
		}
	})
}

// FuzzLoose checks documents loosely and lays them out: neither panics, what compiles
// with nothing missing has no fault, and a layout of a sound document is sound markup.
func FuzzLoose(f *testing.F) {
	for _, text := range []string{
		`<policies><inbound><base /><set-header name="{{a}}"><value>@({{b}} + "{{c}}")</value></set-header></inbound></policies>`,
		`<fragment><choose><when condition="@(true)"><include-fragment fragment-id="x" /><base /></when></choose></fragment>`,
		`<policies><backend><retry count="{n}" interval="${i}" condition="@(MAX_TRIES > 1)"><forward-request /></retry></backend></policies>`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		src := policy.Source{File: "p.xml", Text: text, Scope: policy.API}
		if doc, _ := policy.Compile(src, Table(), policy.Fixed{}); doc != nil && policy.CheckLoose(src, Table(), nil).HasErrors() {
			t.Error("a document that compiles is refused loosely")
		}
		fragment := func(id string) (policy.Source, bool) { return policy.Source{File: id, Text: text}, id == "x" }
		layout, faults := policy.LayOut(Table(), []*policy.Source{nil, &src}, fragment)
		if faults.HasErrors() || strings.Contains(text, "--") {
			return
		}
		if _, faults := policy.Parse(policy.Source{File: "shown.xml", Text: layout.XML()}); faults.HasErrors() {
			t.Errorf("the layout is unsound: %s\n%s", faults.Error(), layout.XML())
		}
	})
}
