package csharp

import (
	"errors"
	"os"
	"strings"
	"testing"

	"stile/diag"
	"stile/policy/expr"
	"stile/policy/expr/clr"
	"stile/policy/expr/show"
	"stile/policy/sample"
)

// ours is policy/expr over the same context document.
type ours struct{ context *sample.Context }

func newOurs(t *testing.T, path string) *ours {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := sample.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	return &ours{c}
}

// compile gives the program, or the first fault as "code message".
func compile(text string) (*expr.Program, string) {
	inner, block := text[2:len(text)-1], strings.HasPrefix(text, "@{")
	p, list := expr.Compile(diag.NewSource("policy.xml", inner), 0, inner, block)
	if p != nil {
		return p, ""
	}
	return nil, list[0].Code + " " + list[0].Message
}

// outcome runs a program and writes its end as the fixture does: "= type value" or
// "! exception".
func (o *ours) outcome(p *expr.Program) string {
	env := o.context.Env()
	v, err := p.Run(env)
	if err != nil {
		var f *expr.Fault
		if errors.As(err, &f) {
			name, _, _ := strings.Cut(f.Message, ":")
			return "! " + name
		}
		return "! " + err.Error()
	}
	return "= " + show.Type(v) + " " + show.Text(clr.NewMachine(env), v)
}
