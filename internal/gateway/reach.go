package gateway

import (
	"strings"

	"stile/internal/apim"
	"stile/policy/exchange"
)

// Reach finds the API and the operation that a request would reach, by its method, its
// path with query, and its header, without running anything; either is nil where there
// is none. Unlike Locate it takes the query and versions by header for what they are.
func (s *Snapshot) Reach(method, target string, header []exchange.Param) (*apim.API, *apim.Operation) {
	path, query, _ := strings.Cut(target, "?")
	canonical, err := Canonical(path)
	if err != nil {
		return nil, nil
	}
	ex := &exchange.Exchange{Request: exchange.Request{Method: method, URL: exchange.URL{Path: canonical, Query: exchange.ParseQuery(query)}}}
	for _, f := range header {
		ex.Request.Header.Add(f.Name, f.Value)
	}
	a, o, _ := s.route(ex)
	switch {
	case a == nil:
		return nil, nil
	case o == nil:
		return a.noun, nil
	}
	return a.noun, o.noun
}
