package policytest_test

import (
	"bytes"
	"context"
	_ "embed"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"

	"stile/diag"
	"stile/internal/policytest"
)

var update = flag.Bool("update", false, "write what is said of testdata/faults.txtar into it")

//go:embed testdata/faults.txtar
var faulty []byte

// TestFaults: a bad file is told of with every fault and its place.
func TestFaults(t *testing.T) {
	archive := txtar.Parse(faulty)
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	h := project(t)
	checked := 0
	for i := range archive.Files {
		f := &archive.Files[i]
		if !strings.HasSuffix(f.Name, policytest.Suffix) {
			continue
		}
		src := diag.NewSource(f.Name, string(f.Data))
		read, faults := policytest.Read(src)
		if read != nil {
			faults = append(faults, h.Check(src, read)...)
		}
		got := faults.Error() + "\n"
		want := &archive.Files[i+1]
		if want.Name != strings.TrimSuffix(f.Name, policytest.Suffix)+".want" {
			t.Fatalf("%s has no .want behind it", f.Name)
		}
		checked++
		if diff := cmp.Diff(string(want.Data), got); diff != "" {
			if want.Data = []byte(got); !*update {
				t.Errorf("%s (-want +got):\n%s", f.Name, diff)
			}
		}
	}
	if checked < 4 {
		t.Errorf("only %d files", checked)
	}
	if out := txtar.Format(archive); *update && !bytes.Equal(out, faulty) {
		if err := os.WriteFile(dir+"/testdata/faults.txtar", out, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNoFilePanics: whatever is left of a file of tests is read or refused.
func TestNoFilePanics(t *testing.T) {
	h := project(t)
	sources, faults := policytest.Gather(".")
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	lines := strings.SplitAfter(sources[0].Text(), "\n")
	pieces := []string{"", "~", "[]", "{}", "1", "x", "- ", ": ", "{a: 1}", "[1, {}]"}
	taken := 0
	rapid.Check(t, func(t *rapid.T) {
		own := append([]string(nil), lines...)
		for range rapid.IntRange(0, 4).Draw(t, "edits") {
			at := rapid.IntRange(0, len(own)-1).Draw(t, "line")
			line := own[at]
			from := rapid.IntRange(0, len(line)).Draw(t, "from")
			to := rapid.IntRange(from, len(line)).Draw(t, "to")
			own[at] = line[:from] + rapid.SampledFrom(pieces).Draw(t, "piece") + line[to:]
		}
		src := diag.NewSource("x.test.yaml", strings.Join(own, ""))
		f, faults := policytest.Read(src)
		if f == nil {
			if !faults.HasErrors() {
				t.Fatalf("neither a file nor a fault:\n%s", src.Text())
			}
			return
		}
		if all := append(faults, h.Check(src, f)...); all.HasErrors() {
			return
		}
		taken++
		if _, err := h.Run(context.Background(), f.Cases); err != nil {
			t.Fatal(err)
		}
	})
	if taken == 0 {
		t.Error("no edited file was run")
	}
}

// TestPageIsTrue: the cases on the page are read without a fault.
func TestPageIsTrue(t *testing.T) {
	page, err := os.ReadFile("../../docs/test-policies.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(page), "```yaml\n")
	block, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatal("the page has no case")
	}
	if f, faults := policytest.Read(diag.NewSource("page", block)); len(faults) > 0 || len(f.Cases) != 1 {
		t.Error(faults)
	}
}
