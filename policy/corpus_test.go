package policy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stile/internal/recorded"
)

// documents calls f with every XML document under a folder.
func documents(t *testing.T, folder string, f func(name, text string)) (count int) {
	t.Helper()
	root := recorded.Path(t, "conformance", folder)
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".xml" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		count++
		f(name, string(text))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return count
}

// TestCorpusParse reads every recorded document: no fault but of two that are no
// markup, the same bytes back, and every element and attribute at its place.
func TestCorpusParse(t *testing.T) {
	for _, c := range []struct {
		folder        string
		count, faulty int // faulty: see docs/conformance.md
	}{{"policies", 348, 2}, {"policies-toolkit", 485, 0}} {
		t.Run(c.folder, func(t *testing.T) {
			faulty := 0
			n := documents(t, c.folder, func(name, text string) {
				tree, list := Parse(Source{File: name, Text: text})
				if got := tree.Text(); got != text {
					t.Errorf("%s: prints other bytes than it was read from", name)
				}
				placed(t, name, text, tree.Nodes)
				if len(list) > 0 {
					faulty++
					t.Logf("%s\n%s", name, strings.TrimSpace(list[0].Text()))
				}
			})
			if n < c.count {
				t.Errorf("read %d documents, want %d", n, c.count)
			}
			if faulty > c.faulty {
				t.Errorf("%d documents with faults of markup, want at most %d", faulty, c.faulty)
			}
			t.Logf("figure: markup of %s: %d of %d are read without a fault, all print the same bytes", c.folder, n-faulty, n)
		})
	}
}

// placed holds the places of elements and attributes against the text.
func placed(t *testing.T, name, text string, nodes []Node) {
	t.Helper()
	for _, n := range nodes {
		e := n.Element
		if e == nil {
			if !strings.HasPrefix(text[n.content.at:], n.content.raw) {
				t.Errorf("%s: a text is not at its place", name)
			}
			continue
		}
		line, column := e.tree.line(e.at)
		lines := strings.SplitAfter(text, "\n")
		if got := string([]rune(lines[line-1])[column-1:]); !strings.HasPrefix(got, "<"+e.Name) {
			t.Errorf("%s:%d:%d: not <%s>", name, line, column, e.Name)
		}
		for _, a := range e.Attributes {
			if !strings.HasPrefix(text[a.at:], a.Name) || !strings.HasPrefix(text[a.content.at:], a.content.raw) {
				t.Errorf("%s: attribute %s is not at its place", name, a.Name)
			}
		}
		placed(t, name, text, e.Children)
	}
}
