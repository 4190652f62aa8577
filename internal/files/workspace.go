package files

import (
	"path/filepath"
	"slices"

	"stile/internal/apim"
	"stile/internal/config"
	"stile/internal/config/doctree"
	"stile/policy"
	"stile/policy/exchange"
)

const workspaceInformation = "workspaceInformation.json"

// inWorkspace reads workspaces/W: the folders of a service once more, whose names are
// the workspace's own. Groups are the service's.
func (s *serviceLoader) inWorkspace(folder, name string) {
	dir := filepath.Join(folder, name)
	w := &apim.Workspace{Workspace: exchange.Workspace{ID: name, Name: name}}
	var ignored string
	w.Place, _ = s.information("workspace "+name, func(r *doctree.Reader) []doctree.Field {
		return []doctree.Field{{Name: "displayName", Read: r.NonEmpty(&w.Name)}, {Name: "description", Read: nullable(r.Text(&ignored))}}
	}, dir, workspaceInformation)
	s.workspace = name
	w.Policy = s.nouns(dir, policy.Workspace, workspaceInformation)
	s.workspace = ""
	s.svc.Workspaces = append(s.svc.Workspaces, w)
}

// qualify makes a name the id of a noun of the workspace that is being read.
func (s *serviceLoader) qualify(name string) string {
	if s.workspace == "" || name == "" {
		return name
	}
	return s.workspace + "/" + name
}

func (s *serviceLoader) group(folder, name string) (*apim.Group, bool) {
	dir := filepath.Join(folder, name)
	g := &apim.Group{Group: exchange.Group{ID: s.qualify(name), Name: name}}
	var ok bool
	g.Place, ok = s.information("group "+name, func(r *doctree.Reader) []doctree.Field {
		var ignored string
		var builtIn bool
		return []doctree.Field{
			{Name: "displayName", Read: r.NonEmpty(&g.Name)},
			{Name: "description", Read: nullable(r.Text(&ignored))},
			{Name: "type", Read: r.OneOf(&ignored, "custom", "external", "system")},
			{Name: "builtIn", Read: r.Bool(&builtIn)},
			{Name: "externalId", Read: nullable(r.Text(&ignored))},
		}
	}, dir, "groupInformation.json")
	s.rest(dir, "groupInformation.json")
	return g, ok
}

// users are those of stile.yaml: an extracted folder has none.
func (s *serviceLoader) users(cfg *config.Config) {
	for _, u := range cfg.Users {
		noun := &apim.User{GroupIDs: slices.Clone(u.Groups), Place: apim.Place{File: filepath.ToSlash(cfg.File), Line: u.Line}}
		noun.ID, noun.Email, noun.FirstName, noun.LastName, noun.Note = u.ID, u.Email, u.FirstName, u.LastName, u.Note
		noun.RegistrationDate = u.Registered
		for _, i := range u.Identities {
			noun.Identities = append(noun.Identities, exchange.UserIdentity{ID: i.ID, Provider: i.Provider})
		}
		s.svc.Users = append(s.svc.Users, noun)
	}
}
