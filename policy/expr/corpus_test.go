package expr

import (
	"encoding/json"
	"os"
	"regexp"
	"sort"
	"strings"
	"testing"

	"stile/diag"
	"stile/internal/recorded"
)

var namedValue = regexp.MustCompile(`\{\{[A-Za-z][\w.\- ]*\}\}`)

// unwrap takes the wrapper off a recorded expression and puts 1 for named values,
// which the policy compiler substitutes before it calls this package.
func unwrap(text string) (inner string, block bool) {
	text = namedValue.ReplaceAllString(text, "1")
	return text[2 : len(text)-1], strings.HasPrefix(text, "@{")
}

func TestCorpusCompiles(t *testing.T) {
	data, err := os.ReadFile(recorded.Path(t, "conformance/expressions/expressions.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Expr  string
		Count int
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	good, reasons := 0, map[string]int{}
	for _, c := range cases {
		text, block := unwrap(c.Expr)
		p, list := Compile(diag.NewSource("corpus", text), 0, text, block)
		if p != nil {
			good++
			runs(t, c.Expr, p)
			continue
		}
		first := list[0]
		reasons[first.Code+" "+first.Message]++
		if os.Getenv("EXPR_CORPUS") != "" {
			t.Logf("%s\n%s", c.Expr, list.Error())
		}
	}
	var lines []string
	for r, n := range reasons {
		lines = append(lines, strings.Repeat("#", n)+" "+r)
	}
	sort.Strings(lines)
	t.Logf("%d of %d distinct expressions compile (%.1f %%)\n%s", good, len(cases), 100*float64(good)/float64(len(cases)), strings.Join(lines, "\n"))
	if share := float64(good) / float64(len(cases)); share < 0.98 {
		t.Errorf("only %.1f %% of the recorded expressions compile", 100*share)
	}
}

// runs evaluates a recorded expression over the fixture: most fault, because its
// variables are not there, but none may meet a fault of the evaluator itself.
func runs(t *testing.T, expr string, p *Program) {
	t.Helper()
	v, err := p.Run(scriptEnv(t))
	if err != nil && strings.Contains(err.Error(), "internal error") {
		t.Errorf("%s\n%v", expr, err)
	}
	ToText(v)
}
