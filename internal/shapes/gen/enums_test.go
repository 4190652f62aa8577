package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEnums(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tree@v1.2.3")
	if err := os.MkdirAll(filepath.Join(dir, "types"), 0o755); err != nil {
		t.Fatal(err)
	}
	const text = "package types\n\ntype Leaf string\n\nfunc (Leaf) Values() []Leaf {\n\treturn []Leaf{\n\t\t\"oak\",\n\t\t\"ash\",\n\t}\n}\n"
	if err := os.WriteFile(filepath.Join(dir, "types", "enums.go"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	all, err := readEnums([]string{dir})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"ash", "elm", "oak"}, all["tree"].join("leaf", []string{"oak", "elm"})); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"a", "b"}, all["other"].join("leaf", []string{"b", "a"})); d != "" {
		t.Error(d)
	}
	if _, err := readEnums([]string{"nowhere"}); err == nil {
		t.Error("a module that is not there is no error")
	}
}
