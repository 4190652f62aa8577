package gateway

import (
	"crypto/tls"
	"reflect"
	"strings"

	"stile/diag"
	"stile/internal/apim"
	"stile/policy/exchange"
)

// readBackends reads the backend entities that documents of a workspace see.
func (c *compiler) readBackends(svc *apim.Service, workspace string, v *values) {
	var pools []*apim.Backend
	for _, b := range svc.Backends {
		if b.Workspace != workspace {
			continue
		}
		if _, twice := v.backends[b.ID]; twice {
			c.fault(b.Place, CodeTwice, "another backend has the id "+b.ID, "")
		}
		made := b.Backend
		made.Entity = c.entity(b, v)
		v.backends[b.ID] = made
		if len(b.Pool) > 0 {
			pools = append(pools, b)
		}
	}
	single := make(map[string]exchange.Backend, len(v.backends))
	for id, b := range v.backends {
		b.Entity = c.kept(workspace, id, b.Entity)
		v.backends[id], single[id] = b, b
	}
	for _, b := range pools {
		delete(single, b.ID)
	}
	for _, b := range pools {
		made := v.backends[b.ID]
		e := *made.Entity
		e.Pool = c.members(b, v, single)
		made.Entity = c.kept(workspace, b.ID, &e)
		v.backends[b.ID] = made
	}
}

// kept gives the last snapshot's entity where it is the same: documents that hold it
// need not be compiled anew.
func (c *compiler) kept(workspace, id string, e *exchange.Entity) *exchange.Entity {
	p := c.opts.Previous
	if e == nil || p == nil || p.spaces[workspace] == nil {
		return e
	}
	if old := p.spaces[workspace].values.backends[id].Entity; reflect.DeepEqual(old, e) {
		return old
	}
	return e
}

// members resolves a pool's members, which are no pools.
func (c *compiler) members(b *apim.Backend, v *values, single map[string]exchange.Backend) (out []exchange.Member) {
	seen := map[string]bool{}
	for _, m := range b.Pool {
		at := apim.Place{File: b.Place.File, Line: m.Line}
		member, ok := single[m.ID]
		_, nested := v.backends[m.ID]
		switch {
		case !ok && nested:
			c.fault(at, CodeNoSuch, "pool "+b.ID+" holds "+m.ID+", which is a pool", "name the members of that pool")
			continue
		case !ok:
			c.fault(at, CodeNoSuch, "pool "+b.ID+" names backend "+m.ID+", which is not there", nearBackend(m.ID, single))
			continue
		case seen[m.ID]:
			c.fault(at, CodeTwice, "pool "+b.ID+" names backend "+m.ID+" twice", "give it a weight")
			continue
		}
		seen[m.ID] = true
		if member.Entity == nil {
			member.Entity = &exchange.Entity{ID: entityID(b.Workspace, m.ID)}
		}
		out = append(out, exchange.Member{Backend: member, Priority: m.Priority, Weight: m.Weight})
	}
	return out
}

func nearBackend(id string, known map[string]exchange.Backend) string {
	var ids []string
	for k := range known {
		ids = append(ids, k)
	}
	if near, ok := diag.Nearest(id, ids); ok {
		return "did you mean " + near + "?"
	}
	return "a pool holds backends of type Single"
}

// entityID is the name of what is remembered of a backend.
func entityID(workspace, id string) string {
	if workspace == "" {
		return id
	}
	return workspace + "/" + id
}

// entity makes what the configuration says of a backend beside its URL; nil where it
// says nothing.
func (c *compiler) entity(b *apim.Backend, v *values) *exchange.Entity {
	if len(b.Pool)+len(b.Rules)+len(b.Header)+len(b.Query)+len(b.CertificateIDs)+len(b.Thumbprints) == 0 &&
		b.Authorization == nil && b.Proxy == nil && !b.AnyChain && !b.AnyName {
		return nil
	}
	e := &exchange.Entity{ID: entityID(b.Workspace, b.ID), File: b.Place.File, Line: b.Place.Line, Rules: b.Rules, AnyChain: b.AnyChain, AnyName: b.AnyName}
	x := &entityMaker{c, b, v, e}
	if a := b.Authorization; a != nil {
		e.Credentials.Authorization = exchange.Redact(a.Scheme + " " + x.text(a.Parameter))
	}
	e.Credentials.Header, e.Credentials.Query = x.list(b.Header), x.list(b.Query)
	e.Credentials.Certificate = x.certificate()
	if p := b.Proxy; p != nil {
		e.Proxy = &exchange.Proxy{URL: p.URL, User: exchange.Redact(x.text(p.User)), Password: exchange.Redact(x.text(p.Password))}
	}
	return e
}

type entityMaker struct {
	c *compiler
	b *apim.Backend
	v *values
	e *exchange.Entity
}

// lack notes why the backend cannot be called; the first reason counts.
func (x *entityMaker) lack(why string) {
	if x.e.Lacking == "" {
		x.e.Lacking = why
	}
}

func (x *entityMaker) list(from []apim.Credential) (out []exchange.SecretParam) {
	for _, p := range from {
		out = append(out, exchange.SecretParam{Name: p.Name, Value: exchange.Redact(x.text(p.Value))})
	}
	return out
}

// text puts in named values, or resolves the reference.
func (x *entityMaker) text(t apim.Text) string {
	at := apim.Place{File: x.b.Place.File, Line: t.Line}
	if !t.Ref.IsZero() {
		value, lacking := x.c.resolve(t.Ref, at, "what calls the backend "+x.b.ID)
		if lacking != "" {
			x.lack(lacking)
		}
		return x.plain(value.Reveal())
	}
	var out strings.Builder
	rest := t.Text
	for {
		open := strings.Index(rest, "{{")
		end := strings.Index(rest, "}}")
		if open < 0 || end < open {
			out.WriteString(rest)
			return x.plain(out.String())
		}
		name := strings.TrimSpace(rest[open+2 : end])
		n, ok := x.v.named[name]
		if !ok {
			x.c.fault(at, CodeNoSuch, "backend "+x.b.ID+" uses the named value "+name+", which is not there", "")
		} else if n.lacking != "" {
			x.lack("named value " + name + ": " + n.lacking)
		}
		out.WriteString(rest[:open])
		out.WriteString(n.text)
		rest = rest[end+2:]
	}
}

// plain refuses what no field can hold, without showing it.
func (x *entityMaker) plain(text string) string {
	if strings.ContainsAny(text, "\r\n\x00") {
		x.lack("a credential holds a line break, which no request may carry")
		return ""
	}
	return text
}

// certificate finds the stored certificate that the backend names.
func (x *entityMaker) certificate() *tls.Certificate {
	use := func(found certificate) *tls.Certificate {
		if found.Lacking != "" {
			x.lack("certificate " + found.ID + ": " + found.Lacking)
		}
		return found.TLS
	}
	for _, id := range x.b.CertificateIDs {
		if found, ok := x.v.certificates[id]; ok {
			return use(found)
		}
		x.c.fault(x.b.Place, CodeNoSuch, "backend "+x.b.ID+" names certificate "+id+", which is not there", "declare it in stile.yaml under certificates")
	}
	for _, thumbprint := range x.b.Thumbprints {
		for _, found := range x.v.certificates {
			if found.Thumbprint != "" && strings.EqualFold(found.Thumbprint, thumbprint) {
				return use(found)
			}
		}
		x.lack("no stored certificate has the thumbprint " + thumbprint)
	}
	return nil
}

// HasBackend reports whether an entity's ID, as breakers remember it, is one of the
// snapshot's.
func (s *Snapshot) HasBackend(id string) bool {
	for _, b := range s.service.Backends {
		if entityID(b.Workspace, b.ID) == id {
			return true
		}
	}
	return false
}
