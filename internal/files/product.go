package files

import (
	"path/filepath"
	"slices"

	"stile/internal/apim"
	"stile/internal/config/doctree"
	"stile/policy"
	"stile/policy/exchange"
)

func (s *serviceLoader) product(folder, name string) {
	dir := filepath.Join(folder, name)
	p := &apim.Product{Product: exchange.Product{ID: name, Name: name, State: "NotPublished", SubscriptionRequired: true}}
	place, ok := s.information("product "+name, func(r *doctree.Reader) []doctree.Field {
		var ignored, state string
		return []doctree.Field{
			{Name: "displayName", Read: r.NonEmpty(&p.Name)},
			{Name: "description", Read: r.Text(&ignored)},
			{Name: "terms", Read: r.Text(&ignored)},
			{Name: "subscriptionRequired", Read: r.Bool(&p.SubscriptionRequired)},
			{Name: "approvalRequired", Read: r.Bool(&p.ApprovalRequired)},
			{Name: "subscriptionsLimit", Read: r.Int(&p.SubscriptionsLimit)},
			{Name: "state", Read: func(n *doctree.Node) {
				r.OneOf(&state, "published", "notPublished", "Published", "NotPublished")(n)
				if state == "published" || state == "Published" {
					p.State = "Published"
				}
			}},
		}
	}, dir, "productInformation.json")
	if p.Place = place; !ok {
		return
	}
	p.Policy = s.policy(policy.Product, "", dir, "policy.xml")
	s.productAPIs(dir, p)
	s.rest(dir, "productInformation.json", "policy.xml", "apis.json", "apis")
	s.svc.Products = append(s.svc.Products, p)
}

// productAPIs reads which APIs a product holds: apis.json, a list of names or of
// objects with a name (version 2), or one folder for each below apis (version 1).
func (s *serviceLoader) productAPIs(dir string, p *apim.Product) {
	add := func(name string) {
		if !slices.Contains(p.APIs, name) {
			p.APIs = append(p.APIs, name)
		}
	}
	if src, ok := s.read(dir, "apis.json"); ok {
		if root := s.parse(src); root != nil {
			r := doctree.NewReader(src)
			r.Loose = true
			r.Each(func(n *doctree.Node) {
				var name string
				if n.Kind == doctree.String {
					name = n.Text
				} else {
					r.Map(n, "an API of product "+p.ID, doctree.Field{Name: "name", Required: true, Read: r.NonEmpty(&name)})
				}
				if name != "" {
					add(name)
				}
			})(root)
			s.faults = append(s.faults, r.Faults()...)
		}
	}
	s.each(filepath.Join(dir, "apis"), func(folder, name string) {
		add(name)
		s.rest(filepath.Join(folder, name), "productApiInformation.json")
	})
}
