package policies

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stile/policy"
)

// TestEveryPolicyHasScript: a policy without a script in testdata is not finished.
func TestEveryPolicyHasScript(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(data)
	}
	n := 0
	for _, d := range Table().Descriptors() {
		if d.Compile == nil {
			continue
		}
		n++
		if !strings.Contains(all.String(), "<"+d.Name+" ") && !strings.Contains(all.String(), "<"+d.Name+">") {
			t.Errorf("no script in testdata uses %s", d.Name)
		}
	}
	if n < 31 {
		t.Errorf("the table has %d policies", n)
	}
}

// TestLacking: a policy that this version lacks says what to use, and is refused
// wherever it stands.
func TestLacking(t *testing.T) {
	for _, d := range lacking() {
		_, list := policy.Compile(policy.Source{File: "p.xml", Scope: policy.API,
			Text: "<policies><inbound><" + d.Name + " /></inbound><backend /></policies>"}, Table(), policy.Fixed{})
		want := "p.xml:1:20: policy <" + d.Name + "> is not supported by this version [STL-P006]"
		if list.Error() != want || list[0].Hint == "" {
			t.Errorf("%s: %s, hint %q", d.Name, list.Error(), list[0].Hint)
		}
	}
}
