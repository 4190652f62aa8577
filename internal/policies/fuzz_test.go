package policies

import (
	"os"
	"path/filepath"
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
			doc, list := policy.Compile(policy.Source{File: "p.xml", Text: text, Scope: scope}, Table(), anything("60"))
			if (doc == nil) != list.HasErrors() {
				t.Errorf("document %v with %d errors", doc, list.Errors())
			}
			if doc != nil {
				policy.Link(nil, nil, doc, nil).Effective()
			}
		}
	})
}
