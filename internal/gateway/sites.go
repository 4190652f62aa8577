package gateway

import (
	"strings"

	"stile/internal/apim"
	"stile/internal/secret"
	"stile/policy"
)

// placed is a document of an operation's pipelines, or what holds it.
type placed struct {
	source   *policy.Source
	document *policy.Document
	held     *held
}

// documentsOf lists the documents of an operation's pipelines under all products,
// outermost scope first. Without an operation, those that stand above it.
func (s *Snapshot) documentsOf(apiID, operationID string) []placed {
	out := []placed{{s.service.Policy, s.global, s.held}}
	for _, a := range s.apis {
		if a.noun.ID != apiID || !a.noun.IsCurrentRevision && apiID != apim.CallbacksID {
			continue
		}
		if w := s.workspace(a); w != nil {
			out = append(out, placed{w.Policy, a.space.document, a.space.held})
		}
		for _, p := range a.products {
			out = append(out, placed{p.noun.Policy, p.document, p.held})
		}
		out = append(out, placed{a.noun.Policy, a.document, a.held})
		for _, o := range a.operations {
			if o.noun.ID == operationID {
				out = append(out, placed{o.noun.Policy, o.document, o.held})
			}
		}
	}
	return out
}

// Site finds where a policy that a verdict named stands in this snapshot, among the
// documents of an operation; ok is false where it is no longer there.
func (s *Snapshot) Site(old policy.Site, apiID, operationID string) (now policy.Site, ok bool) {
	var own, all []policy.Site
	for _, d := range s.documentsOf(apiID, operationID) {
		var sites []policy.Site
		switch {
		case d.document != nil:
			sites = d.document.Sites()
		case d.held != nil:
			sites = d.held.sites
		}
		all = append(all, sites...)
		// Several products may have the same policies: the document that the verdict
		// named comes first.
		if d.source != nil && d.source.File == old.File {
			own = append(own, sites...)
		}
	}
	if len(own) > 0 {
		return policy.FindSite(own, old)
	}
	return policy.FindSite(all, old)
}

// NamedValueUse is a named value as an operation's documents use it.
type NamedValueUse struct {
	Ref     secret.Ref // zero where the value stands in the configuration
	Lacking string     // why it has no value now; empty where it has one
	File    string     // where a document names it; empty where none does
	Line    int
	// Place is where the named value itself is declared.
	Place apim.Place
}

// NamedValue tells of a named value by its display name, as the documents of an
// operation use it; ok is false where there is none of that name.
func (s *Snapshot) NamedValue(name, apiID, operationID string) (use NamedValueUse, ok bool) {
	names, id := s.values, ""
	if w := s.spaces[workspaceOf(apiID)]; w != nil && w.noun != nil {
		names, id = w.values, w.noun.ID
	}
	v, ok := names.named[name]
	if !ok {
		return use, false
	}
	use.Ref, use.Lacking = v.ref, v.lacking
	for _, n := range s.service.NamedValues {
		if n.DisplayName == name && n.Workspace == id {
			use.Place = n.Place
		}
	}
	use.File, use.Line = names.useOf(name, s.documentsOf(apiID, operationID))
	return use, true
}

// workspace gives the noun of an API's workspace, nil where it stands in none.
func (s *Snapshot) workspace(a *api) *apim.Workspace {
	for _, w := range s.service.Workspaces {
		if w.ID == a.noun.Workspace {
			return w
		}
	}
	return nil
}

// useOf finds where documents, else fragments, name a named value.
func (v *values) useOf(name string, documents []placed) (file string, line int) {
	for _, d := range documents {
		if d.held != nil && d.held.name == name {
			return d.held.file, d.held.line
		}
	}
	mark := "{{" + name + "}}"
	for _, d := range documents {
		if d.source == nil {
			continue
		}
		if at := strings.Index(d.source.Text, mark); at >= 0 {
			return d.source.File, 1 + strings.Count(d.source.Text[:at], "\n")
		}
	}
	file, line, _ = v.use(policy.Source{}, name)
	return file, line
}
