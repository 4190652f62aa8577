package files

import (
	"encoding/hex"
	"path/filepath"
	"strings"
	"time"

	"stile/diag"
	"stile/internal/apim"
	"stile/internal/config"
	"stile/internal/config/doctree"
	"stile/internal/secret"
	"stile/policy/exchange"
)

func (s *serviceLoader) subscription(folder, name string) (*apim.Subscription, bool) {
	dir := filepath.Join(folder, name)
	x := &apim.Subscription{State: apim.Active, Workspace: s.workspace}
	x.ID, x.Name = s.qualify(name), name
	var expires, notified time.Time
	var ignored string
	var tracing bool
	var primary, secondary apim.Key
	place, ok := s.information("subscription "+name, func(r *doctree.Reader) []doctree.Field {
		return []doctree.Field{
			{Name: "displayName", Read: func(n *doctree.Node) {
				if n.Kind != doctree.Null { // API Management lets a subscription have no name
					r.NonEmpty(&x.Name)(n)
				}
			}},
			{Name: "startDate", Read: instant(r, &x.Start)},
			{Name: "createdDate", Read: instant(r, &x.Created)},
			{Name: "expirationDate", Read: instant(r, &expires)},
			{Name: "endDate", Read: instant(r, &x.End)},
			{Name: "notificationDate", Read: instant(r, &notified)},
			{Name: "state", Read: r.OneOf(&x.State, apim.Active, "submitted", "rejected", "suspended", "cancelled", "expired")},
			{Name: "stateComment", Read: nullable(r.Text(&ignored))},
			{Name: "allowTracing", Read: nullable(r.Bool(&tracing))},
			{Name: "ownerId", Read: nullable(func(n *doctree.Node) {
				r.Text(&x.Owner)(n)
				x.Owner = lastSegment(x.Owner)
			})},
			{Name: "scope", Required: true, Read: func(n *doctree.Node) {
				text, own := s.local(n.Text)
				scope, ok := config.ParseScope(text)
				if !ok || !own {
					r.Fault(n, doctree.CodeValue, "not a subscription's scope", "write /products/ID, /apis/ID or /apis")
				}
				x.Scope = s.scope(text, scope)
			}},
			{Name: "primaryKey", Read: s.key(r, &primary)},
			{Name: "secondaryKey", Read: s.key(r, &secondary)},
		}
	}, dir, "subscriptionInformation.json")
	s.rest(dir, "subscriptionInformation.json")
	switch {
	case !secondary.IsZero():
		x.Keys = []apim.Key{primary, secondary}
	case !primary.IsZero():
		x.Keys = []apim.Key{primary}
	}
	if x.Start.IsZero() {
		x.Start = x.Created
	}
	if x.End.IsZero() {
		x.End = expires
	}
	x.Place = place
	return x, ok
}

// local takes the workspace that is being read out of a scope; own is false where it
// names another one.
func (s *serviceLoader) local(scope string) (rest string, own bool) {
	before, after, named := strings.Cut("/"+strings.TrimLeft(scope, "/"), "/workspaces/")
	if !named {
		return scope, true
	}
	workspace, rest, _ := strings.Cut(after, "/")
	return strings.TrimRight(before, "/") + "/" + rest, workspace == s.workspace
}

// scope puts the workspace into a scope. What the service's own id names is the
// built-in subscription to everything, which no workspace has.
func (s *serviceLoader) scope(text, scope string) string {
	kind, id, named := strings.Cut(scope, "/")
	switch {
	case named && s.workspace != "":
		return kind + "/" + s.qualify(id)
	case !named && s.workspace == "" && !strings.HasSuffix(strings.TrimRight(text, "/"), "apis"):
		return apim.AllAccess
	}
	return scope
}

// key reads a key: a reference to a secret, or the digest of a key that is kept
// nowhere, {"sha256": HEX}.
func (s *serviceLoader) key(r *doctree.Reader, to *apim.Key) func(*doctree.Node) {
	return func(n *doctree.Node) {
		if d := n.Get("sha256"); n.Kind == doctree.Map && d != nil {
			var text string
			r.Map(n, "a key", doctree.Field{Name: "sha256", Required: true, Read: r.NonEmpty(&text)})
			sum, err := hex.DecodeString(text)
			if err != nil || len(sum) != len(to.Digest) || apim.Digest(sum) == (apim.Digest{}) {
				r.Fault(d, doctree.CodeValue, "sha256 is not the SHA-256 of a key in hex", "printf %s \"$KEY\" | sha256sum gives it")
				return
			}
			to.Digest = apim.Digest(sum)
			return
		}
		var ref secret.Ref
		if readSecret(r, n, s.dir, &ref); !ref.IsZero() {
			to.Ref = ref
		}
	}
}

// nullable reads what extracted files give as null where it is not set.
func nullable(read func(*doctree.Node)) func(*doctree.Node) {
	return func(n *doctree.Node) {
		if n.Kind != doctree.Null {
			read(n)
		}
	}
}

// lastSegment is the name in a resource id such as /users/alice.
func lastSegment(id string) string {
	id = strings.TrimRight(id, "/")
	return id[strings.LastIndexByte(id, '/')+1:]
}

// declared adds the subscriptions of stile.yaml: new ones, and dev-keys and owners of
// those that the folder has.
func (s *serviceLoader) declared(cfg *config.Config) {
	if len(cfg.Subscriptions) == 0 {
		return
	}
	if s.cache.config != cfg {
		s.cache.config, s.cache.declared = cfg, make([]*apim.Subscription, len(cfg.Subscriptions))
	}
	at := make(map[string]int, len(cfg.Subscriptions))
	for _, d := range cfg.Subscriptions {
		at[d.ID] = -1
	}
	for i, x := range s.svc.Subscriptions {
		if _, ok := at[x.ID]; ok {
			at[x.ID] = i
		}
	}
	for k, d := range cfg.Subscriptions {
		if i := at[d.ID]; i >= 0 {
			s.svc.Subscriptions[i] = s.extended(cfg, *s.svc.Subscriptions[i], d)
			continue
		}
		if s.cache.declared[k] == nil {
			s.cache.declared[k] = s.added(cfg, d)
		}
		at[d.ID] = len(s.svc.Subscriptions)
		s.svc.Subscriptions = append(s.svc.Subscriptions, s.cache.declared[k])
	}
}

// added is a subscription that stile.yaml alone has.
func (s *serviceLoader) added(cfg *config.Config, d config.Subscription) *apim.Subscription {
	x := &apim.Subscription{State: apim.Active, Place: apim.Place{File: filepath.ToSlash(cfg.File), Line: d.Line}}
	x.ID, x.Name, x.Scope, x.Owner = d.ID, d.Name, d.Scope, d.Owner
	if _, id, named := strings.Cut(d.Scope, "/"); named { // product: WORKSPACE/NAME
		x.Workspace, _, _ = strings.Cut(strings.TrimSuffix(id, exchange.LocalID(id)), "/")
	}
	for _, k := range d.DevKeys {
		x.Keys = append(x.Keys, apim.NewKey(k))
	}
	return x
}

// extended gives a subscription with what stile.yaml says of it besides.
func (s *serviceLoader) extended(cfg *config.Config, x apim.Subscription, d config.Subscription) *apim.Subscription {
	fault := func(line int, message, hint string) {
		s.faults = append(s.faults, diag.Diagnostic{Code: doctree.CodeValue, Severity: diag.Error, File: filepath.ToSlash(cfg.File),
			Line: line, Column: 1, Message: message, Hint: hint})
	}
	if d.Scope != "" && d.Scope != x.Scope {
		fault(d.Line, "subscription "+d.ID+" has another scope in "+x.Place.File, "remove one of them")
	}
	switch {
	case d.Owner == "":
	case x.Owner != "" && x.Owner != d.Owner:
		fault(d.Line, "subscription "+d.ID+" has another owner in "+x.Place.File, "remove one of them")
	default:
		x.Owner = d.Owner
	}
	s.devKeys(&x, d, fault)
	return &x
}

func (s *serviceLoader) devKeys(x *apim.Subscription, d config.Subscription, fault func(line int, message, hint string)) {
	keys := x.Keys[:0:0]
	for _, k := range x.Keys {
		if !k.IsZero() {
			keys = append(keys, k)
		}
	}
	if len(d.DevKeys) == 0 {
		return
	}
	for _, k := range d.DevKeys {
		keys = append(keys, apim.NewKey(k))
	}
	if x.Keys = keys; len(keys) > 2 && len(d.DevKeys) <= 2 {
		fault(d.Line, "subscription "+d.ID+" has more than two keys with its dev-keys; two are allowed", "remove the others")
	}
}
