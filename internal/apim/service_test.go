package apim

import (
	"testing"

	"stile/policy/exchange"
)

func TestLookups(t *testing.T) {
	old := &API{API: exchange.API{ID: "a", Revision: "1"}}
	current := &API{API: exchange.API{ID: "a", Revision: "2", IsCurrentRevision: true},
		Operations: []*Operation{{Operation: exchange.Operation{ID: "get"}}}}
	s := &Service{APIs: []*API{old, current}, Products: []*Product{{Product: exchange.Product{ID: "p"}}},
		Subscriptions: []*Subscription{{Subscription: exchange.Subscription{ID: "s"}}}}
	if s.API("a") != current || s.API("b") != nil {
		t.Error("API does not give the current revision")
	}
	if s.Product("p") != s.Products[0] || s.Product("q") != nil || s.Subscription("s") != s.Subscriptions[0] || s.Subscription("t") != nil {
		t.Error("Product or Subscription")
	}
	if current.Operation("get") != current.Operations[0] || current.Operation("put") != nil {
		t.Error("Operation")
	}
}
