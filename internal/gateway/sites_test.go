package gateway

import (
	"testing"

	"stile/policy"
)

// TestAVerdictsPolicyIsFoundInTheNextSnapshot: by what it is, not by its line, in a
// document that is held too.
func TestAVerdictsPolicyIsFoundInTheNextSnapshot(t *testing.T) {
	svc := guarded(t)
	one := &svc.APIs[0].Operations[1].Policy
	*one = source(policy.Operation, "two.xml", doc(`<deny status="403" />`, "", ""))
	op := svc.APIs[0].Operations[1]
	h := newHost(t, svc, nil)
	s, faults := Compile(svc, table(t), CompileOptions{Revision: "r", Secrets: sealed{}.value})
	if s == nil {
		t.Fatal(faults)
	}
	h.Swap(s)
	ex := h.call(t, op.Method, gate+"/a"+op.URLTemplate, "")
	if ex.Verdict == nil || ex.Verdict.Path != "deny" || len(ex.Verdict.Element) != 12 {
		t.Fatalf("verdict %+v", ex.Verdict)
	}
	old := policy.SiteOf(ex.Verdict)
	for name, c := range map[string]struct {
		text string
		line int
	}{
		"as it is": {doc(`<deny status="403" />`, "", ""), 1},
		"moved":    {doc("\n\n<deny status=\"403\" />", "", ""), 3},
		"behind another, in a document that is held": {doc("<stamp name=\"T\" value=\"{{token}}\" />\n<deny status=\"401\" />\n<deny status=\"403\" />", "", ""), 3},
		"gone": {doc(`<stamp name="T" value="1" />`, "", ""), 0},
	} {
		*one = source(policy.Operation, "two.xml", c.text)
		next, faults := Compile(svc, table(t), CompileOptions{Revision: "r2", Secrets: sealed{}.value})
		if next == nil {
			t.Fatal(faults)
		}
		now, ok := next.Site(old, svc.APIs[0].ID, op.ID)
		if ok != (c.line > 0) || now.Line != c.line {
			t.Errorf("%s: line %d, %v; want %d", name, now.Line, ok, c.line)
		}
	}
}

// TestANamedValueIsFoundWhereItIsUsed, in a fragment, whether it has a value or not.
func TestANamedValueIsFoundWhereItIsUsed(t *testing.T) {
	svc := guarded(t)
	op := svc.APIs[0].Operations[0]
	for name, have := range map[string]sealed{"lacking": {}, "had": {"kv://acme/token": "t"}} {
		s, faults := Compile(svc, table(t), CompileOptions{Revision: "r", Secrets: have.value})
		if s == nil {
			t.Fatal(faults)
		}
		use, ok := s.NamedValue("token", svc.APIs[0].ID, op.ID)
		if !ok || use.File != "f.xml" || use.Line != 2 || use.Place.File != "token.json" || (use.Lacking == "") != (name == "had") {
			t.Errorf("%s: %+v", name, use)
		}
		if _, ok := s.NamedValue("other", "", ""); ok {
			t.Error("a named value that is not there")
		}
	}
}
