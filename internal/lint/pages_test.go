package lint

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDependenciesAreDescribed holds docs/dependencies.md to what the product imports.
func TestDependenciesAreDescribed(t *testing.T) {
	tree, err := Load("../..")
	if err != nil {
		t.Fatal(err)
	}
	page := read(t, "../../docs/dependencies.md")
	for _, p := range tree.Packages {
		for _, path := range p.Imports {
			first, _, _ := strings.Cut(path, "/")
			if !strings.Contains(first, ".") || described(page, path) {
				continue
			}
			t.Errorf("%s imports %s, which docs/dependencies.md does not name", p.Path, path)
		}
	}
}

// described finds the module of an import path in the page's tables.
func described(page, path string) bool {
	for ; strings.Contains(path, "/"); path = path[:strings.LastIndex(path, "/")] {
		if strings.Contains(page, "| "+path+" |") {
			return true
		}
	}
	return false
}

// TestRoomsAreDescribed holds the picture of ARCHITECTURE.md to the rooms that are there.
func TestRoomsAreDescribed(t *testing.T) {
	page := read(t, "../../ARCHITECTURE.md")
	if n := strings.Count(page, "\n"); n > 300 {
		t.Errorf("ARCHITECTURE.md has %d lines, more than 300", n)
	}
	tree, err := Load("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range tree.Packages {
		if room, _, ok := place(p.Path); ok && room != "internal/lint" && room != "test" && !strings.Contains(page, room) {
			t.Errorf("ARCHITECTURE.md does not show %s", room)
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)#:]+)\)`)

// TestLinksLeadSomewhere follows the links between pages.
func TestLinksLeadSomewhere(t *testing.T) {
	var pages []string
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." || d.Name() == "testdata" || d.Name() == "node_modules") && path != "../.." {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".md") {
			pages = append(pages, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) < 10 {
		t.Fatalf("only %d pages found", len(pages))
	}
	for _, page := range pages {
		for _, m := range link.FindAllStringSubmatch(read(t, page), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", page, m[1], err)
			}
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
