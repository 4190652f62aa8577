package files

import (
	"path/filepath"
	"slices"

	"stile/internal/apim"
	"stile/internal/config/doctree"
	"stile/policy"
	"stile/policy/exchange"
)

func (s *serviceLoader) product(folder, name string) (*apim.Product, bool) {
	dir := filepath.Join(folder, name)
	p := &apim.Product{Workspace: s.workspace, Product: exchange.Product{ID: s.qualify(name), Name: name, State: "NotPublished", SubscriptionRequired: true}}
	place, ok := s.information("product "+name, func(r *doctree.Reader) []doctree.Field {
		var ignored, state string
		return []doctree.Field{
			{Name: "displayName", Read: r.NonEmpty(&p.Name)},
			{Name: "description", Read: r.Text(&ignored)},
			{Name: "terms", Read: r.Text(&ignored)},
			{Name: "subscriptionRequired", Read: r.Bool(&p.SubscriptionRequired)},
			{Name: "approvalRequired", Read: r.Bool(&p.ApprovalRequired)},
			{Name: "subscriptionsLimit", Read: nullable(r.Int(&p.SubscriptionsLimit))},
			{Name: "state", Read: func(n *doctree.Node) {
				r.OneOf(&state, "published", "notPublished", "Published", "NotPublished")(n)
				if state == "published" || state == "Published" {
					p.State = "Published"
				}
			}},
		}
	}, dir, "productInformation.json")
	if p.Place = place; !ok {
		return nil, false
	}
	p.Policy = s.policy(policy.Product, "", dir, "policy.xml")
	s.linked(dir, "apis", "API", "productApiInformation.json", p, func(id string) {
		if id = s.qualify(id); !slices.Contains(p.APIs, id) {
			p.APIs = append(p.APIs, id)
		}
	})
	s.linked(dir, "groups", "group", "productGroupInformation.json", p, func(id string) {
		if _, ok := s.ownGroups()[s.qualify(id)]; ok {
			id = s.qualify(id)
		}
		p.GroupIDs = append(p.GroupIDs, id)
	})
	s.rest(dir, "productInformation.json", "policy.xml", "apis.json", "apis", "groups.json", "groups")
	return p, true
}

// linked reads what a product is linked with: KIND.json, a list of names or of objects
// with a name (version 2), or one folder for each below KIND (version 1).
func (s *serviceLoader) linked(dir, kind, what, information string, p *apim.Product, add func(id string)) {
	if src, ok := s.read(dir, kind+".json"); ok {
		if root := s.parse(src); root != nil {
			r := doctree.NewReader(src)
			r.Loose = true
			r.Each(func(n *doctree.Node) {
				var name string
				if n.Kind == doctree.String {
					name = n.Text
				} else {
					r.Map(n, "a linked "+what+" of product "+p.ID, doctree.Field{Name: "name", Required: true, Read: r.NonEmpty(&name)})
				}
				if name != "" {
					add(name)
				}
			})(root)
			s.faults = append(s.faults, r.Faults()...)
		}
	}
	s.each(filepath.Join(dir, kind), func(_ *branch, folder, name string) {
		add(name)
		s.rest(filepath.Join(folder, name), information)
	})
}

// ownGroups are the groups that were read so far, by id.
func (s *serviceLoader) ownGroups() map[string]*apim.Group {
	out := map[string]*apim.Group{}
	for _, g := range s.svc.Groups {
		out[g.ID] = g
	}
	return out
}
