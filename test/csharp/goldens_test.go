package csharp

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"stile/policy/expr/golden"
)

var update = flag.Bool("update", false, "write what C# gives into policy/expr/testdata/goldens")

// TestGoldens asks C# for the outcomes of our own expressions. policy/expr holds
// itself against them without mono; here they are held against mono.
func TestGoldens(t *testing.T) {
	o := newOracle(t)
	files, lists, exprs := goldens(t)
	errors, outcomes := o.verdicts(exprs, true)
	our := newOurs(t, o.context)
	i, legal, same, equal, meant := 0, 0, 0, 0, 0
	for k, list := range lists {
		for n := range list {
			g := &list[n]
			want := outcomes[i]
			if errors[i] != "" {
				want = "? refused"
				t.Logf("%s\n    %s", g.Expr, errors[i])
			} else {
				legal++
			}
			got := "? refused"
			if p, _ := compile(g.Expr); p != nil {
				got = our.outcome(p)
			}
			switch {
			case got == want:
				equal++
			case g.Ours != "" && got == g.Ours:
				meant++
			}
			if g.Want == want {
				same++
			} else if !*update {
				t.Errorf("%s\n    C#:   %s\n    file: %s", g.Expr, want, g.Want)
			}
			g.Want = want
			i++
		}
		if *update {
			if err := os.WriteFile(files[k], []byte(golden.Write(list)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("figure: own expressions: %d of %d equal, %d differ for a reason; %d are legal C#, the outcomes of %d stand in the files", equal, len(exprs), meant, legal, same)
}

// goldens reads the files of our own expressions.
func goldens(t *testing.T) (files []string, lists [][]golden.Golden, exprs []string) {
	t.Helper()
	files, err := filepath.Glob("../../policy/expr/testdata/goldens/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no goldens: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		list := golden.Read(string(text))
		lists = append(lists, list)
		for _, g := range list {
			exprs = append(exprs, g.Expr)
		}
	}
	return files, lists, exprs
}
