package files

import (
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"stile/diag"
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
	byKind := map[string][]string{}
	for _, e := range l.list(folder) {
		kind, known := apiopsFolders[e.name]
		switch {
		case e.dir && known:
			byKind[kind] = append(byKind[kind], filepath.Join(folder, e.name))
		case !e.dir && e.name == "policy.xml":
			s.svc.Policy = s.policy(policy.Global, "", folder, e.name)
		default:
			l.unused(l.name(folder, e.name), "this")
		}
	}
	for _, step := range []struct {
		kind string
		read func(folder, name string)
	}{
		{"versionSets", s.versionSet}, {"apis", s.api}, {"products", s.product}, {"namedValues", s.namedValue},
		{"policyFragments", s.fragment}, {"backends", s.backend}, {"subscriptions", s.subscription},
	} {
		for _, f := range byKind[step.kind] {
			s.each(f, step.read)
		}
	}
	s.declared(cfg)
	s.credentials(cfg)
	return s.svc
}

type serviceLoader struct {
	*loader
	svc  *apim.Service
	sets map[string]versionSet
}

// each calls read for every folder below folder; files there are not used.
func (s *serviceLoader) each(folder string, read func(folder, name string)) {
	for _, e := range s.list(folder) {
		if !e.dir {
			s.unused(s.name(folder, e.name), "this")
			continue
		}
		read(folder, e.name)
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

func (s *serviceLoader) namedValue(folder, name string) {
	n := &apim.NamedValue{ID: name, DisplayName: name}
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
		return
	}
	if !hasValue {
		s.fault(place.File, CodeSecret, "named value "+name+" has no value",
			`extracted secrets come without one: write "value": {"secret": "env://NAME"}`)
	}
	s.svc.NamedValues = append(s.svc.NamedValues, n)
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

func (s *serviceLoader) fragment(folder, name string) {
	dir := filepath.Join(folder, name)
	place, _ := s.information("policy fragment "+name, func(r *doctree.Reader) []doctree.Field {
		var ignored string
		return []doctree.Field{{Name: "description", Read: r.Text(&ignored)}, {Name: "format", Read: r.Text(&ignored)}}
	}, dir, "policyFragmentInformation.json")
	s.rest(dir, "policyFragmentInformation.json", "policy.xml")
	src := s.policy(0, "", dir, "policy.xml")
	if src == nil {
		s.fault(s.name(dir, "policy.xml"), config.CodeUnreadable, "policy fragment "+name+" has no policy.xml", "add it, or remove the folder")
		return
	}
	s.svc.Fragments = append(s.svc.Fragments, &apim.Fragment{ID: name, Source: *src, Place: place})
}

func (s *serviceLoader) backend(folder, name string) {
	dir := filepath.Join(folder, name)
	b := &apim.Backend{}
	b.ID = name
	place, ok := s.information("backend "+name, func(r *doctree.Reader) []doctree.Field {
		var kind, protocol string
		return []doctree.Field{
			{Name: "url", Required: true, Read: backendURL(r, &b.BaseURL)},
			{Name: "title", Read: r.Text(&protocol)},
			{Name: "description", Read: r.Text(&protocol)},
			{Name: "protocol", Read: r.OneOf(&protocol, "http")},
			{Name: "type", Read: r.OneOf(&kind, "Single")},
		}
	}, dir, "backendInformation.json")
	s.rest(dir, "backendInformation.json")
	if b.Place = place; ok {
		s.svc.Backends = append(s.svc.Backends, b)
	}
}

func (s *serviceLoader) subscription(folder, name string) {
	dir := filepath.Join(folder, name)
	x := &apim.Subscription{State: apim.Active}
	x.ID, x.Name = name, name
	var created time.Time
	place, ok := s.information("subscription "+name, func(r *doctree.Reader) []doctree.Field {
		return []doctree.Field{
			{Name: "displayName", Read: r.NonEmpty(&x.Name)},
			{Name: "startDate", Read: instant(r, &x.Start)},
			{Name: "createdDate", Read: instant(r, &created)},
			{Name: "state", Read: r.OneOf(&x.State, apim.Active, "submitted", "rejected", "suspended", "cancelled", "expired")},
			{Name: "scope", Required: true, Read: func(n *doctree.Node) {
				scope, ok := config.ParseScope(n.Text)
				if !ok {
					r.Fault(n, doctree.CodeValue, "not a subscription's scope", "write /products/ID, /apis/ID or /apis")
				}
				x.Scope = scope
			}},
			{Name: "primaryKey", Read: s.key(r, x)},
			{Name: "secondaryKey", Read: s.key(r, x)},
		}
	}, dir, "subscriptionInformation.json")
	s.rest(dir, "subscriptionInformation.json")
	if x.Start.IsZero() {
		x.Start = created
	}
	if x.Place = place; ok {
		s.svc.Subscriptions = append(s.svc.Subscriptions, x)
	}
}

func (s *serviceLoader) key(r *doctree.Reader, x *apim.Subscription) func(*doctree.Node) {
	return func(n *doctree.Node) {
		var ref secret.Ref
		if readSecret(r, n, s.dir, &ref); !ref.IsZero() {
			x.Keys = append(x.Keys, apim.Key{Ref: ref})
		}
	}
}

// declared adds the subscriptions of stile.yaml: new ones, and dev-keys of those
// that the folder has.
func (s *serviceLoader) declared(cfg *config.Config) {
	for _, d := range cfg.Subscriptions {
		x := s.svc.Subscription(d.ID)
		if x == nil {
			x = &apim.Subscription{State: apim.Active, Place: apim.Place{File: filepath.ToSlash(cfg.File), Line: d.Line}}
			x.ID, x.Name, x.Scope = d.ID, d.Name, d.Scope
			s.svc.Subscriptions = append(s.svc.Subscriptions, x)
		} else if d.Scope != "" && d.Scope != x.Scope {
			s.faults = append(s.faults, diag.Diagnostic{Code: doctree.CodeValue, Severity: diag.Error, File: filepath.ToSlash(cfg.File),
				Line: d.Line, Column: 1, Message: "subscription " + d.ID + " has another scope in " + x.Place.File, Hint: "remove one of them"})
		}
		for _, k := range d.DevKeys {
			x.Keys = append(x.Keys, apim.Key{Value: secret.NewValue(k)})
		}
		if len(x.Keys) > 2 && len(d.DevKeys) <= 2 {
			s.faults = append(s.faults, diag.Diagnostic{Code: doctree.CodeValue, Severity: diag.Error, File: filepath.ToSlash(cfg.File),
				Line: d.Line, Column: 1, Message: "subscription " + d.ID + " has " + strconv.Itoa(len(x.Keys)) + " keys; two are allowed", Hint: "remove the others"})
		}
	}
}

// backendURL reads an http(s) URL, or stile://workflows/NAME.
func backendURL(r *doctree.Reader, to *string) func(*doctree.Node) {
	return func(n *doctree.Node) {
		scheme, rest, ok := strings.Cut(n.Text, "://")
		if !ok || rest == "" || scheme != "http" && scheme != "https" && scheme != "stile" || strings.ContainsAny(rest, "?# \t") {
			r.Fault(n, doctree.CodeValue, "this must be an absolute http or https URL without query", "")
			return
		}
		*to = strings.TrimRight(n.Text, "/")
	}
}
