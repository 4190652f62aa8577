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

// TestCorpusParse reads every recorded document: no fault, and the same bytes back.
func TestCorpusParse(t *testing.T) {
	for _, c := range []struct {
		folder string
		count  int
	}{{"policies", 348}, {"policies-toolkit", 485}} {
		t.Run(c.folder, func(t *testing.T) {
			faulty := 0
			n := documents(t, c.folder, func(name, text string) {
				tree, list := Parse(Source{File: name, Text: text})
				if got := tree.Text(); got != text {
					t.Errorf("%s: prints other bytes than it was read from", name)
				}
				if len(list) > 0 {
					faulty++
					t.Logf("%s\n%s", name, strings.TrimSpace(list[0].Text()))
				}
			})
			if n < c.count {
				t.Errorf("read %d documents, want %d", n, c.count)
			}
			t.Logf("%d documents, %d with faults", n, faulty)
		})
	}
}
