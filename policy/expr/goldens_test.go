package expr_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stile/diag"
	"stile/policy/expr"
	"stile/policy/expr/clr"
	"stile/policy/expr/golden"
	"stile/policy/expr/show"
	"stile/policy/sample"
)

// TestGoldens runs the expressions of testdata/goldens, whose outcomes the C#
// compiler and mono gave:
//
//	go test ./test/csharp -run TestGoldens -args -update
func TestGoldens(t *testing.T) {
	data, err := os.ReadFile("testdata/context.json")
	if err != nil {
		t.Fatal(err)
	}
	c, err := sample.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/goldens/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no goldens: %v", err)
	}
	n := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range golden.Read(string(text)) {
			n++
			if got := goldenOutcome(c, g.Expr); got != g.Want && got != g.Ours {
				t.Errorf("%s: %s\n  want %s\n  got  %s", file, g.Expr, g.Want, got)
			}
		}
	}
	if n < 500 {
		t.Errorf("only %d goldens", n)
	}
}

// goldenOutcome is "= type value", "! exception" or "? refused".
func goldenOutcome(c *sample.Context, text string) string {
	inner, block := text[2:len(text)-1], strings.HasPrefix(text, "@{")
	p, _ := expr.Compile(diag.NewSource("golden", inner), 0, inner, block)
	if p == nil {
		return "? refused"
	}
	env := c.Env()
	v, err := p.Run(env)
	if err == nil {
		return "= " + show.Type(v) + " " + show.Text(clr.NewMachine(env), v)
	}
	var f *expr.Fault
	errors.As(err, &f)
	name, _, _ := strings.Cut(f.Message, ":")
	return "! " + name
}
