package policies

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"stile/internal/recorded"
	"stile/policy"
	"stile/policy/liquid"
)

var liquidBodies = regexp.MustCompile(`(?s)<set-body[^>]*template\s*=\s*"liquid"[^>]*>.*?</set-body>`)

// TestRecordedTemplates: every Liquid template of the recorded documents compiles,
// without a part that has no effect.
func TestRecordedTemplates(t *testing.T) {
	n := 0
	for _, folder := range []string{"policies", "policies-toolkit"} {
		err := filepath.WalkDir(recorded.Path(t, "conformance", folder), func(path string, d os.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".xml" {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, text := range liquidBodies.FindAllString(string(data), -1) {
				n++
				doc := "<policies><inbound>" + text + "</inbound><backend><base /></backend></policies>"
				if _, list := policy.Compile(policy.Source{File: filepath.Base(path), Text: doc, Scope: policy.API}, Table(), anything{}); len(list) > 0 {
					t.Error(list)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n < 10 {
		t.Errorf("found %d templates only", n)
	}
	t.Logf("%d templates", n)
}

// TestTemplatePlaces: a fault's place is found through entities, comments and CDATA.
func TestTemplatePlaces(t *testing.T) {
	for _, text := range []string{
		`<set-body template="liquid">&lt;a&gt; {% no %}</set-body>`,
		`<set-body template="liquid"><!-- c -->x{% no %}</set-body>`,
		`<set-body template="liquid"><![CDATA[<a>{% no %}]]></set-body>`,
		`<set-body template="liquid"><a b="&lt;"/>{% no %}</set-body>`,
	} {
		_, list := policy.Compile(policy.Source{File: "p.xml", Text: "<policies><inbound>" + text + "</inbound><backend /></policies>", Scope: policy.API}, Table(), policy.Fixed{})
		if len(list) != 1 || list[0].Code != policy.CodeLiquid || list[0].Column != len("<policies><inbound>")+indexOf(text)+1 {
			t.Errorf("%s: %v, want column %d", text, list, len("<policies><inbound>")+indexOf(text)+1)
		}
	}
	if tpl, faults := liquid.Compile("{{ context.Request }}"); tpl == nil || !tpl.Uses("context") || tpl.Uses("body") {
		t.Error(faults)
	}
}

func indexOf(text string) int { return regexp.MustCompile(`\{%`).FindStringIndex(text)[0] }
