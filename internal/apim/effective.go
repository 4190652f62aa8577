package apim

import (
	"fmt"
	"slices"

	"stile/diag"
	"stile/policy"
)

// Noun is one thing that a documents' chain was asked for and that is not there.
type Noun struct {
	Kind, Name string
	// Near are the names that there are.
	Near []string
}

// Error names the noun, and the nearest that there is.
func (n *Noun) Error() string {
	text := fmt.Sprintf("there is no %s %s", n.Kind, n.Name)
	if near, ok := diag.Nearest(n.Name, n.Near); ok {
		text += "; did you mean " + near + "?"
	}
	return text
}

// Chain gives the policy documents that an operation of an API's current revision has
// under a product, outermost scope first: global, workspace, product, API, operation.
// One that is not there is nil. Without an operation it ends at the API, without an
// API it is the global document, and with a product alone that one's too; product is
// empty for none. The error is a *Noun.
func (s *Service) Chain(api, operation, product string) ([]*policy.Source, error) {
	chain := []*policy.Source{s.Policy}
	var p *Product
	if product != "" {
		if p = s.Product(product); p == nil {
			err := &Noun{Kind: "product", Name: product}
			for _, x := range s.Products {
				err.Near = append(err.Near, x.ID)
			}
			return nil, err
		}
	}
	if api == "" {
		if p != nil {
			chain = append(chain, s.workspace(p.Workspace), p.Policy)
		}
		return chain, nil
	}
	a := s.API(api)
	if a == nil {
		err := &Noun{Kind: "API", Name: api}
		for _, x := range s.APIs {
			err.Near = append(err.Near, x.ID)
		}
		return nil, err
	}
	chain = append(chain, s.workspace(a.Workspace))
	if p != nil {
		if !slices.Contains(p.APIs, a.ID) {
			return nil, &Noun{Kind: "API", Name: api + " in product " + product}
		}
		chain = append(chain, p.Policy)
	}
	chain = append(chain, a.Policy)
	if operation == "" {
		return chain, nil
	}
	err := &Noun{Kind: "operation", Name: api + "/" + operation}
	for _, o := range a.Operations {
		if o.ID == operation {
			return append(chain, o.Policy), nil
		}
		err.Near = append(err.Near, api+"/"+o.ID)
	}
	return nil, err
}

// workspace gives a workspace's document, nil where it has none.
func (s *Service) workspace(id string) *policy.Source {
	for _, w := range s.Workspaces {
		if w.ID == id {
			return w.Policy
		}
	}
	return nil
}

// Fragment gives the function that finds the policy fragments of a workspace, empty
// for the service's own.
func (s *Service) Fragment(workspace string) func(id string) (policy.Source, bool) {
	return func(id string) (policy.Source, bool) {
		for _, f := range s.Fragments {
			if f.ID == id && f.Workspace == workspace {
				return f.Source, true
			}
		}
		return policy.Source{}, false
	}
}
