package lint

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// smaller gives rules whose fixture would be too large with the house's own
// limits a smaller one.
var smaller = map[string]func(*Tree) []Finding{
	"depth": func(t *Tree) []Finding { return deeper(t, 2) },
	"sizes": limits{file: 12, testFile: 14, function: 4, pkg: 20}.find,
}

func TestHouse(t *testing.T) {
	tree, err := Load("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range Rules() {
		t.Run(r.Name, func(t *testing.T) {
			for _, f := range r.Find(tree) {
				t.Error(f)
			}
		})
	}
}

// TestFixtures shows that every rule reports what breaks it, and nothing else.
func TestFixtures(t *testing.T) {
	for _, r := range Rules() {
		t.Run(r.Name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join("testdata", r.Name)
			tree, err := Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			find := r.Find
			if s, ok := smaller[r.Name]; ok {
				find = s
			}
			var got []string
			for _, f := range find(tree) {
				got = append(got, f.String())
			}
			text, err := os.ReadFile(filepath.Join(dir, "want.txt"))
			if err != nil {
				t.Fatal(err)
			}
			want := strings.Split(strings.TrimSpace(string(text)), "\n")
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestHouseLimits holds the limits that the fixtures of depth and sizes do not use.
func TestHouseLimits(t *testing.T) {
	tree, err := Load(filepath.Join("testdata", "sizes"))
	if err != nil {
		t.Fatal(err)
	}
	p := tree.Packages[0]
	p.Files[0].Lines, p.Files[1].Lines, p.Tests[0].Lines = 350, 351, 601
	var got []string
	for _, f := range Sizes(tree) {
		got = append(got, f.Text)
	}
	want := []string{"the file has 351 lines, more than 350", "the test file has 601 lines, more than 600"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	p.Files[0].Lines = 8000 - 351
	if !slices.ContainsFunc(Sizes(tree), func(f Finding) bool { return strings.Contains(f.Text, "8000 lines") }) {
		t.Error("a package of 8000 lines was not reported")
	}
}
