package apim

import (
	"errors"
	"testing"

	"stile/policy"
	"stile/policy/exchange"
)

// TestChain: the documents of a call, outermost first, in a workspace too; what is not
// there is named.
func TestChain(t *testing.T) {
	doc := func(name string) *policy.Source { return &policy.Source{File: name} }
	s := &Service{Policy: doc("global"),
		Workspaces: []*Workspace{{Workspace: exchange.Workspace{ID: "w"}, Policy: doc("workspace")}},
		APIs: []*API{
			{API: exchange.API{ID: "w/a", Revision: "1"}, Workspace: "w", Policy: doc("old")},
			{API: exchange.API{ID: "w/a", Revision: "2", IsCurrentRevision: true}, Workspace: "w", Policy: doc("api"),
				Operations: []*Operation{{Operation: exchange.Operation{ID: "get"}, Policy: doc("operation")}, {Operation: exchange.Operation{ID: "put"}}}}},
		Products:  []*Product{{Product: exchange.Product{ID: "p"}, APIs: []string{"w/a"}, Workspace: "w", Policy: doc("product")}, {Product: exchange.Product{ID: "q"}}},
		Fragments: []*Fragment{{ID: "f", Workspace: "w", Source: policy.Source{File: "inner"}}, {ID: "f", Source: policy.Source{File: "outer"}}}}
	for _, c := range []struct{ api, operation, product, want string }{
		{"", "", "", "global"},
		{"", "", "p", "global workspace product"},
		{"w/a", "", "", "global workspace api"},
		{"w/a", "get", "p", "global workspace product api operation"},
		{"w/a", "put", "", "global workspace api -"},
		{"w/b", "", "", "there is no API w/b; did you mean w/a?"},
		{"w/a", "gt", "", "there is no operation w/a/gt; did you mean w/a/get?"},
		{"w/a", "", "r", "there is no product r"},
		{"w/a", "", "q", "there is no API w/a in product q"},
	} {
		chain, err := s.Chain(c.api, c.operation, c.product)
		got := ""
		for i, d := range chain {
			if i > 0 {
				got += " "
			}
			if d == nil {
				got += "-"
			} else {
				got += d.File
			}
		}
		var none *Noun
		if err != nil {
			if got = err.Error(); !errors.As(err, &none) {
				t.Errorf("%v is no *Noun", err)
			}
		}
		if got != c.want && !(c.product == "r" && none != nil && none.Kind == "product") {
			t.Errorf("%s %s %s: %s, want %s", c.api, c.operation, c.product, got, c.want)
		}
	}
	inner, _ := s.Fragment("w")("f")
	if outer, ok := s.Fragment("")("f"); !ok || inner.File != "inner" || outer.File != "outer" {
		t.Error("a fragment of another workspace is seen")
	}
}
