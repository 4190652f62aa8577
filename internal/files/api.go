package files

import (
	"path"
	"path/filepath"
	"strings"

	"stile/diag"
	"stile/internal/apim"
	"stile/internal/config"
	"stile/internal/config/doctree"
	"stile/policy"
	"stile/policy/exchange"
)

const apiInformation = "apiInformation.json"

// versionSet is how the versions of an API are told apart.
type versionSet struct{ scheme, name string }

// namedSet is a version set with its id.
type namedSet struct {
	id string
	versionSet
}

func (s *serviceLoader) versionSet(folder, name string) (namedSet, bool) {
	dir := filepath.Join(folder, name)
	var v versionSet
	var header, query, ignored string
	_, ok := s.information("version set "+name, func(r *doctree.Reader) []doctree.Field {
		return []doctree.Field{
			{Name: "displayName", Read: r.Text(&ignored)},
			{Name: "description", Read: r.Text(&ignored)},
			{Name: "versioningScheme", Required: true, Read: r.OneOf(&v.scheme, "Segment", "Header", "Query")},
			{Name: "versionHeaderName", Read: r.NonEmpty(&header)},
			{Name: "versionQueryName", Read: r.NonEmpty(&query)},
		}
	}, dir, "versionSetInformation.json")
	s.rest(dir, "versionSetInformation.json")
	switch v.scheme {
	case "Header":
		v.name = header
	case "Query":
		v.name = query
	}
	if ok && v.scheme != "" && v.scheme != "Segment" && v.name == "" {
		s.fault(s.name(dir, "versionSetInformation.json"), doctree.CodeMissing, "version set "+name+" does not name its "+strings.ToLower(v.scheme)+" parameter",
			"add version"+v.scheme+"Name")
	}
	return namedSet{s.qualify(name), v}, true
}

// readAPI is what the folder of an API's revision holds.
type readAPI struct {
	api      *apim.API
	released []release
}

func (s *serviceLoader) api(folder, name string) (out readAPI, ok bool) {
	dir := filepath.Join(folder, name)
	id, revision, revised := strings.Cut(name, ";rev=")
	a := &apim.API{Workspace: s.workspace, API: exchange.API{ID: s.qualify(id), Name: id, Revision: revision, IsCurrentRevision: !revised, SubscriptionRequired: true}}
	if revision == "" {
		a.Revision = "1"
	}
	known := []string{"policy.xml", "operations"}
	_, hasInformation := s.read(dir, apiInformation)
	if a.ID == apim.CallbacksID && !hasInformation {
		// The built-in API: only policies stand here, its operations are the gateway's.
		a.Place = apim.Place{File: s.name(dir)}
		a.Operations = []*apim.Operation{{Operation: exchange.Operation{ID: "complete"}}, {Operation: exchange.Operation{ID: "fail"}}}
	} else {
		var set string
		if a.Place, ok = s.information("API "+name, apiFields(a, &set), dir, apiInformation); !ok {
			return out, false
		}
		s.version(a, set)
		s.revision(a, revision)
		known = append(known, apiInformation, "releases")
		if a.WebSocket {
			s.handshake(a)
		} else {
			known = append(known, s.specification(dir, a))
		}
		out.released = s.releases(filepath.Join(dir, "releases"))
	}
	a.Policy = s.policy(policy.API, a.Revision, dir, "policy.xml")
	s.operationPolicies(filepath.Join(dir, "operations"), a)
	s.rest(dir, known...)
	out.api = a
	return out, true
}

func apiFields(a *apim.API, set *string) func(r *doctree.Reader) []doctree.Field {
	return func(r *doctree.Reader) []doctree.Field {
		var kind, ignored string
		return []doctree.Field{
			{Name: "displayName", Read: r.NonEmpty(&a.Name)},
			{Name: "description", Read: r.Text(&ignored)},
			{Name: "path", Required: true, Read: apiPath(r, &a.Path)},
			{Name: "serviceUrl", Read: func(n *doctree.Node) {
				if n.Text != "" {
					backendURL(r, &a.ServiceURL)(n)
				}
			}},
			{Name: "protocols", Read: r.Texts(&a.Protocols)},
			{Name: "apiRevision", Read: r.NonEmpty(&a.Revision)},
			{Name: "isCurrent", Read: r.Bool(&a.IsCurrentRevision)},
			{Name: "isOnline", Read: nullable(func(n *doctree.Node) {
				online := true
				r.Bool(&online)(n)
				a.Offline = !online
			})},
			{Name: "apiRevisionDescription", Read: nullable(r.Text(&ignored))},
			{Name: "apiVersionDescription", Read: nullable(r.Text(&ignored))},
			{Name: "apiVersion", Read: r.Text(&a.Version)},
			{Name: "apiVersionSetId", Read: r.Text(set)},
			{Name: "subscriptionRequired", Read: r.Bool(&a.SubscriptionRequired)},
			{Name: "type", Read: apiType(r, &kind, a)},
			{Name: "apiType", Read: apiType(r, &kind, a)},
			{Name: "subscriptionKeyParameterNames", Read: func(n *doctree.Node) {
				r.Map(n, "subscriptionKeyParameterNames",
					doctree.Field{Name: "header", Read: r.NonEmpty(&a.KeyHeader)},
					doctree.Field{Name: "query", Read: r.NonEmpty(&a.KeyQuery)})
			}},
		}
	}
}

func apiPath(r *doctree.Reader, to *string) func(*doctree.Node) {
	return func(n *doctree.Node) {
		r.Text(to)(n)
		*to = strings.Trim(*to, "/")
		if strings.ContainsAny(*to, "?#{}*% \\;") || strings.Contains(*to, "//") || path.Clean("/"+*to) != "/"+*to {
			r.Fault(n, doctree.CodeValue, "an API's path is plain segments between slashes", "write for example orders or v1/orders")
		}
	}
}

// version fills in how clients name the API's version.
func (s *serviceLoader) version(a *apim.API, set string) {
	if set == "" {
		return
	}
	id := path.Base(set)
	v, ok := s.sets[s.qualify(id)]
	if !ok {
		var names []string
		for k := range s.sets {
			if exchange.LocalID(k) == k || s.workspace != "" {
				names = append(names, exchange.LocalID(k))
			}
		}
		hint := "add versionSets/" + id + "/versionSetInformation.json"
		if near, ok := diag.Nearest(id, names); ok {
			hint = "did you mean " + near + "?"
		}
		s.fault(a.Place.File, config.CodeNoSuch, "API "+a.ID+" names version set "+id+", which is not there", hint)
		return
	}
	if a.Version != "" {
		a.VersionScheme, a.VersionName = v.scheme, v.name
	}
}

// operationPolicies puts operations/OP/policy.xml to their operations. A policy
// without its operation would be one that silently does nothing: an error.
func (s *serviceLoader) operationPolicies(folder string, a *apim.API) {
	s.each(folder, func(b *branch, folder, name string) {
		src := kept(s.loader, b, a.Revision, func() *policy.Source {
			dir := filepath.Join(folder, name)
			s.enter(dir)
			defer func() { s.entered = "" }()
			s.rest(dir, "policy.xml")
			return s.policy(policy.Operation, a.Revision, dir, "policy.xml")
		})
		if src == nil {
			return
		}
		o := described(a, name)
		if o == nil {
			var ids []string
			for _, o := range a.Operations {
				ids = append(ids, o.ID)
			}
			hint := "its operations are " + strings.Join(ids, ", ")
			if near, ok := diag.Nearest(name, ids); ok {
				hint = "did you mean " + near + "?"
			}
			s.fault(src.File, config.CodeNoSuch, "API "+a.ID+" has no operation "+name, hint)
			return
		}
		o.Policy = src
	})
}
