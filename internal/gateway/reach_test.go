package gateway

import (
	"testing"

	"stile/internal/apim"
	"stile/policy/exchange"
)

// TestReachIsTheRouter: header and query choose as they do for a request.
func TestReachIsTheRouter(t *testing.T) {
	plain, byHeader, byQuery := newAPI("plain", "orders", "http://b", "one", "GET", "/{id}", "two", "GET", "/{id}?q={q}"), newAPI("header", "orders", "http://b", "one", "GET", "/{id}"), newAPI("query", "orders", "http://b", "one", "GET", "/{id}")
	byHeader.VersionScheme, byHeader.VersionName, byHeader.Version = "Header", "Api-Version", "2"
	byQuery.VersionScheme, byQuery.VersionName, byQuery.Version = "Query", "v", "3"
	old := newAPI("plain", "orders", "http://b", "one", "GET", "/{id}")
	plain.Revision, old.Revision, old.IsCurrentRevision = "2", "1", false
	svc := &apim.Service{APIs: []*apim.API{plain, byHeader, byQuery, old}}
	s := compile(t, svc, CompileOptions{})
	version := []exchange.Param{{Name: "api-version", Value: "2"}}
	for _, tt := range []struct {
		method, target string
		header         []exchange.Param
		want           string
	}{
		{"GET", "/orders/7", nil, "plain 2 one"},
		{"GET", "/orders/7?q=1", nil, "plain 2 two"},
		{"GET", "/orders/7", version, "header 1 one"},
		{"GET", "/orders/7?v=3", nil, "query 1 one"},
		{"GET", "/orders;rev=1/7", nil, "plain 1 one"},
		{"POST", "/orders/7", nil, "plain 2 "},
		{"GET", "/orders/../7", nil, ""},
		{"GET", "/elsewhere", nil, ""},
	} {
		got := ""
		a, o := s.Reach(tt.method, tt.target, tt.header)
		if a != nil {
			got = a.ID + " " + a.Revision + " "
		}
		if o != nil {
			got += o.ID
		}
		if got != tt.want {
			t.Errorf("%s %s %v reaches %q, want %q", tt.method, tt.target, tt.header, got, tt.want)
		}
	}
}
