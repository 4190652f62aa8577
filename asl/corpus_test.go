package asl

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"stile/diag"
	"stile/internal/recorded"
)

// substitution is what deployment tools fill in; AWS never sees it.
var (
	resourceSubstitution = regexp.MustCompile(`("Resource"\s*:\s*")[^"]*\$\{[^"]*"`)
	substitution         = regexp.MustCompile(`"?\$\{[A-Za-z0-9_.:]+\}"?`)
)

func fillIn(text string) string {
	text = resourceSubstitution.ReplaceAllString(text, `${1}arn:aws:lambda:us-east-1:111111111111:function:filled"`)
	return substitution.ReplaceAllStringFunc(text, func(s string) string {
		if strings.HasPrefix(s, `"`) && strings.HasSuffix(s, `"`) {
			return `"filled"`
		}
		if strings.HasPrefix(s, `"`) || strings.HasSuffix(s, `"`) {
			return strings.Replace(strings.Replace(s, "${", "filled", 1), "}", "", 1)
		}
		return "1"
	})
}

func TestValidatorCorpus(t *testing.T) {
	dir := recorded.Path(t, "conformance", "validator")
	raw, err := os.ReadFile(filepath.Join(dir, "INDEX.json"))
	if err != nil {
		t.Fatal(err)
	}
	var index []struct {
		File, Verdict, Source, Origin string
		JudgedBy                      string `json:"judged_by"`
	}
	if err := json.Unmarshal(raw, &index); err != nil {
		t.Fatal(err)
	}
	type tally struct{ agree, disagree, notTaken int }
	by := map[string]*tally{}
	var sources []string
	for _, e := range index {
		raw, err := os.ReadFile(filepath.Join(dir, e.File))
		if err != nil {
			t.Fatal(err)
		}
		p, list := Parse(diag.NewSource(e.File, fillIn(string(raw))))
		if p != nil && strings.HasPrefix(e.Source, "aws-") && strings.Contains(e.Origin, "_express") {
			list = append(list, ExpressFaults(p)...) // recorded for an EXPRESS state machine
		}
		n := by[e.Source]
		if n == nil {
			n = &tally{}
			by[e.Source] = n
			sources = append(sources, e.Source)
		}
		errors := list.Errors()
		own := 0
		for _, d := range list {
			if d.Severity == diag.Error && strings.HasPrefix(d.Code, "STL-A00") {
				own++
			}
		}
		switch {
		case own > 0 && own == errors:
			n.notTaken++ // refused only for what this version does not take
		case (errors > 0) == (e.Verdict == "invalid"):
			n.agree++
		default:
			n.disagree++
			t.Logf("%s says %s: %s\n%v", e.JudgedBy, e.Verdict, e.File, list)
		}
	}
	slices.Sort(sources)
	for _, s := range sources {
		n := by[s]
		t.Logf("%-46s agree %d, disagree %d, not taken by this version %d", s, n.agree, n.disagree, n.notTaken)
		// AWS itself, and what its authors deployed there, must be met; other judges
		// differ from AWS now and then.
		if n.disagree > 0 && (strings.HasPrefix(s, "aws-") || strings.HasPrefix(s, "realworld-")) || n.disagree > n.agree {
			t.Errorf("%s: %d verdicts differ", s, n.disagree)
		}
	}
}
