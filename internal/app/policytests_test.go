package app

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stile/diag"
)

const exampleDir = "../../examples/orders"

// TestExamplePolicies runs the tests of the example's policies: all pass, and nothing
// in its documents is left out.
func TestExamplePolicies(t *testing.T) {
	r, err := Test(t.Context(), exampleDir, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Cases {
		for _, f := range c.Failures {
			t.Errorf("%s:%d: %s: %+v", c.File, c.Line, c.Name, f)
		}
	}
	if r.Passed < 15 || r.Percent != 100 {
		t.Errorf("%d passed, they run %v %% of the policies", r.Passed, r.Percent)
	}
	r, err = Test(t.Context(), exampleDir, func(name string) bool { return strings.Contains(name, "limit of product") })
	if err != nil || len(r.Cases) != 1 || r.Percent == 100 {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err = Test(t.Context(), exampleDir, func(string) bool { return false }); !errors.Is(err, ErrNoTests) {
		t.Errorf("no case: %v", err)
	}
}

// TestBadTests: `stile test` and `stile check` tell the same faults of tests, and
// nothing is run.
func TestBadTests(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(exampleDir)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "tests", "policies", "bad.test.yaml")
	if err := os.WriteFile(file, []byte("- name: a\n  api: ordrs\n  expect: {stats: 200}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	want := []string{filepath.ToSlash(file) + ":2:8: the project has no API ordrs [STL-C008]", filepath.ToSlash(file) + `:3:12: unknown key "stats" in expect [STL-C002]`}
	_, err := Test(t.Context(), dir, nil)
	var faults diag.List
	if !errors.As(err, &faults) || !slices.Equal(linesOf(faults), want) {
		t.Errorf("test: %v", err)
	}
	for _, path := range []string{dir, file} {
		found, err := Check([]string{path})
		if err != nil || !slices.Equal(linesOf(found), want) {
			t.Errorf("check %s: %v %v", path, linesOf(found), err)
		}
	}
	// A document with an error runs nothing either, and a missing folder is none.
	if err := errors.Join(os.Remove(file), os.WriteFile(filepath.Join(dir, "apim", "policy.xml"), []byte("<policies><inbound><nothing /></inbound></policies>"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if _, err := Test(t.Context(), dir, nil); !errors.As(err, &faults) || !faults.HasErrors() || faults[0].Code != "STL-P005" {
		t.Errorf("a document with a fault: %v", err)
	}
	if _, err := Test(t.Context(), filepath.Join(dir, "none"), nil); !errors.As(err, &faults) {
		t.Errorf("no project: %v", err)
	}
}

func linesOf(faults diag.List) (out []string) {
	for _, d := range faults {
		out = append(out, d.String())
	}
	return out
}
