package app

import (
	"os"
	"path/filepath"
	"testing"

	"stile/internal/config/doctree"
)

// A sample that does not exist is told of with its place, not when dev starts it.
func TestCheckKnowsTheSamples(t *testing.T) {
	dir := t.TempDir()
	text := "name: shop\nsamples:\n  - {name: inventory, address: 127.0.0.1:0}\n  - {name: payment, address: 127.0.0.1:0}\n"
	if err := os.WriteFile(filepath.Join(dir, "stile.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := Check([]string{dir})
	if err != nil || len(list) != 1 {
		t.Fatalf("%v %v, want one fault", list, err)
	}
	if d := list[0]; d.Code != doctree.CodeValue || d.Line != 4 || d.Hint != "did you mean payments?" {
		t.Errorf("%+v", d)
	}
}
