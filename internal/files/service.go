package files

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"stile/internal/apim"
	"stile/internal/config"
	"stile/internal/config/doctree"
	"stile/internal/secret"
	"stile/policy"
)

// folders of an APIOps tree by what they hold, in both spellings.
var apiopsFolders = map[string]string{
	"apis": "apis", "products": "products", "backends": "backends", "subscriptions": "subscriptions",
	"namedValues": "namedValues", "named values": "namedValues",
	"policyFragments": "policyFragments", "policy fragments": "policyFragments",
	"versionSets": "versionSets", "version sets": "versionSets",
	"groups": "groups", "workspaces": "workspaces", "loggers": "loggers", "schemas": "schemas",
}

// service reads the APIOps folder (the layouts of APIOps 1 and of its command
// line 2) into nouns, and adds the subscriptions of stile.yaml.
func (l *loader) service(cfg *config.Config) *apim.Service {
	folder := cfg.Gateway.Path
	if filepath.IsAbs(folder) {
		if rel, err := filepath.Rel(l.dir, folder); err == nil {
			folder = rel
		}
	}
	s := &serviceLoader{loader: l, svc: &apim.Service{}, sets: map[string]versionSet{}}
	s.svc.Policy = s.nouns(folder, policy.Global)
	s.revisions()
	s.declared(cfg)
	s.users(cfg)
	s.credentials(cfg)
	return s.svc
}

// nouns reads what a service's or a workspace's folder holds, and gives its policy.
// Files of known names are not told of as unused.
func (s *serviceLoader) nouns(folder string, scope policy.Scope, known ...string) (src *policy.Source) {
	byKind := map[string][]string{}
	for _, e := range s.branches(folder) {
		kind, used := apiopsFolders[e.name]
		switch {
		case e.dir && used && (scope == policy.Global || kind != "workspaces" && kind != "loggers"):
			byKind[kind] = append(byKind[kind], filepath.Join(folder, e.name))
		case !e.dir && e.name == "policy.xml":
			src = s.policy(scope, "", folder, e.name)
		case !e.dir && slices.Contains(known, e.name):
		default:
			s.unused(s.name(folder, e.name), "this")
		}
	}
	for _, step := range s.steps() {
		for _, f := range byKind[step.kind] {
			step.read(f)
		}
	}
	return src
}

// step reads the nouns of one kind.
type step struct {
	kind string
	read func(folder string)
}

// steps are the kinds of nouns in the order in which they need each other.
func (s *serviceLoader) steps() []step {
	svc := s.svc
	return []step{
		{"versionSets", func(f string) {
			for _, v := range taken(s, f, "", s.versionSet) {
				s.sets[v.id] = v.versionSet
			}
		}},
		{"groups", func(f string) { svc.Groups = append(svc.Groups, taken(s, f, "", s.group)...) }},
		{"schemas", func(f string) { svc.Schemas = append(svc.Schemas, taken(s, f, "", s.schema)...) }},
		{"apis", func(f string) {
			for _, a := range taken(s, f, s.setNames(), s.api) {
				svc.APIs, s.released = append(svc.APIs, a.api), append(s.released, a.released...)
			}
		}},
		{"products", func(f string) { svc.Products = append(svc.Products, taken(s, f, s.groupNames(), s.product)...) }},
		{"namedValues", func(f string) { svc.NamedValues = append(svc.NamedValues, taken(s, f, "", s.namedValue)...) }},
		{"policyFragments", func(f string) { svc.Fragments = append(svc.Fragments, taken(s, f, "", s.fragment)...) }},
		{"backends", func(f string) { svc.Backends = append(svc.Backends, taken(s, f, "", s.backend)...) }},
		{"subscriptions", func(f string) { svc.Subscriptions = append(svc.Subscriptions, taken(s, f, "", s.subscription)...) }},
		{"loggers", func(f string) { svc.Loggers = append(svc.Loggers, taken(s, f, "", s.logger)...) }},
		{"workspaces", func(f string) { s.each(f, func(_ *branch, folder, name string) { s.inWorkspace(folder, name) }) }},
	}
}

// optional is a noun, or that a folder gave none.
type optional[T any] struct {
	noun T
	ok   bool
}

// taken gives the nouns of a folder: those whose own folders, or from, changed are read.
func taken[T any](s *serviceLoader, folder, from string, read func(folder, name string) (T, bool)) []T {
	return kept(s.loader, s.at(folder), from, func() (out []T) {
		s.each(folder, func(b *branch, folder, name string) {
			got := kept(s.loader, b, from, func() (o optional[T]) {
				s.enter(filepath.Join(folder, name))
				defer func() { s.entered = "" }()
				o.noun, o.ok = read(folder, name)
				return o
			})
			if got.ok {
				out = append(out, got.noun)
			}
		})
		return out
	})
}

// setNames is what APIs depend on besides their folders.
func (s *serviceLoader) setNames() string { return fmt.Sprintf("%q", s.sets) }

// groupNames is what products depend on besides their folders.
func (s *serviceLoader) groupNames() string {
	ids := make([]string, len(s.svc.Groups))
	for i, g := range s.svc.Groups {
		ids[i] = g.ID
	}
	return fmt.Sprintf("%q", ids)
}

type serviceLoader struct {
	*loader
	svc  *apim.Service
	sets map[string]versionSet
	// workspace is the one that is being read, empty for the service.
	workspace string
	released  []release
}

// each calls read for every folder below folder; files there are not used.
func (s *serviceLoader) each(folder string, read func(b *branch, folder, name string)) {
	for _, e := range s.branches(folder) {
		if !e.dir {
			s.unused(s.name(folder, e.name), "this")
			continue
		}
		read(e, folder, e.name)
	}
}

// policy reads a policy document; nil where there is none.
func (s *serviceLoader) policy(scope policy.Scope, revision string, parts ...string) *policy.Source {
	src, ok := s.read(parts...)
	if !ok {
		return nil
	}
	return &policy.Source{File: src.File(), Text: src.Text(), Scope: scope, Revision: revision}
}

// information reads the properties of a noun's information file. Unknown
// properties are one warning each. It gives false where the file is not there or
// not readable, which is a fault.
func (s *serviceLoader) information(what string, fields func(r *doctree.Reader) []doctree.Field, parts ...string) (apim.Place, bool) {
	place := apim.Place{File: s.name(parts...), Line: 1}
	src, ok := s.read(parts...)
	if !ok {
		s.fault(place.File, config.CodeUnreadable, what+" has no readable "+parts[len(parts)-1], "add it, or remove the folder")
		return place, false
	}
	root := s.parse(src)
	if root == nil {
		return place, false
	}
	r := doctree.NewReader(src)
	r.Loose = true
	r.Map(root, what,
		doctree.Field{Name: "name"}, doctree.Field{Name: "id"}, doctree.Field{Name: "type"},
		doctree.Field{Name: "properties", Required: true, Read: func(n *doctree.Node) { r.Map(n, what, fields(r)...) }})
	s.faults = append(s.faults, r.Faults()...)
	return place, true
}

// rest warns of the entries of a noun's folder that are none of the known.
func (s *serviceLoader) rest(folder string, known ...string) {
next:
	for _, e := range s.list(folder) {
		for _, k := range known {
			if e.name == k {
				continue next
			}
		}
		s.unused(s.name(folder, e.name), "this")
	}
}

func (s *serviceLoader) namedValue(folder, name string) (*apim.NamedValue, bool) {
	n := &apim.NamedValue{ID: name, DisplayName: name, Workspace: s.workspace}
	dir := filepath.Join(folder, name)
	hasValue := false
	place, ok := s.information("named value "+name, func(r *doctree.Reader) []doctree.Field {
		return []doctree.Field{
			{Name: "displayName", Read: r.NonEmpty(&n.DisplayName)},
			{Name: "secret", Read: r.Bool(&n.Secret)},
			{Name: "value", Read: func(v *doctree.Node) {
				hasValue = true
				if v.Kind == doctree.Map {
					readSecret(r, v, s.dir, &n.Ref)
					return
				}
				r.Text(&n.Value)(v)
			}},
			{Name: "keyVault", Read: func(v *doctree.Node) {
				hasValue = true
				r.Map(v, "keyVault", doctree.Field{Name: "secretIdentifier", Required: true, Read: s.identifier(r, &n.Ref)})
			}},
		}
	}, dir, "namedValueInformation.json")
	s.rest(dir, "namedValueInformation.json")
	n.Place = place
	if !ok {
		return nil, false
	}
	if !hasValue {
		s.fault(place.File, CodeSecret, "named value "+name+" has no value",
			`extracted secrets come without one: write "value": {"secret": "env://NAME"}`)
	}
	return n, true
}

// identifier reads a Key Vault secret's identifier; here a reference of Stile's
// may stand in its place.
func (s *serviceLoader) identifier(r *doctree.Reader, to *secret.Ref) func(*doctree.Node) {
	return func(n *doctree.Node) {
		ref, err := secret.Parse(n.Text)
		if err != nil {
			r.Fault(n, CodeSecret, err.Error(), "write https://VAULT.vault.azure.net/secrets/NAME")
			return
		}
		*to = ref.Under(s.dir)
	}
}

func (s *serviceLoader) fragment(folder, name string) (*apim.Fragment, bool) {
	dir := filepath.Join(folder, name)
	place, _ := s.information("policy fragment "+name, func(r *doctree.Reader) []doctree.Field {
		var ignored string
		return []doctree.Field{{Name: "description", Read: r.Text(&ignored)}, {Name: "format", Read: r.Text(&ignored)}}
	}, dir, "policyFragmentInformation.json")
	s.rest(dir, "policyFragmentInformation.json", "policy.xml")
	src := s.policy(0, "", dir, "policy.xml")
	if src == nil {
		s.fault(s.name(dir, "policy.xml"), config.CodeUnreadable, "policy fragment "+name+" has no policy.xml", "add it, or remove the folder")
		return nil, false
	}
	return &apim.Fragment{ID: name, Source: *src, Place: place, Workspace: s.workspace}, true
}

// backendURL reads an http(s) or ws(s) URL, or stile://workflows/NAME.
func backendURL(r *doctree.Reader, to *string) func(*doctree.Node) {
	return func(n *doctree.Node) {
		scheme, rest, ok := strings.Cut(n.Text, "://")
		if !ok || rest == "" || scheme != "http" && scheme != "https" && scheme != "stile" && scheme != "ws" && scheme != "wss" || strings.ContainsAny(rest, "?# \t") {
			r.Fault(n, doctree.CodeValue, "this must be an absolute http or https URL without query", "")
			return
		}
		*to = strings.TrimRight(n.Text, "/")
	}
}
