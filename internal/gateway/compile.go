package gateway

import (
	"crypto/sha256"
	"net/url"
	"strings"
	"sync/atomic"

	"stile/diag"
	"stile/internal/apim"
	"stile/internal/secret"
	"stile/policy"
	"stile/policy/exchange"
)

// Codes of the faults that Compile finds between documents.
const (
	CodeTwice    = "STL-C020" // two nouns share an id, a path, a key
	CodeNoSuch   = "STL-C021" // a reference to a noun that is not there
	CodeTemplate = "STL-C022" // a URL template that cannot be matched
	CodeReserved = "STL-C023" // an id or path that is built in
	CodeSecret   = "STL-C024" // a secret that has no value now: a warning
)

// Header and query names of subscription keys where an API does not say.
const (
	DefaultKeyHeader = "Ocp-Apim-Subscription-Key"
	DefaultKeyQuery  = "subscription-key"
)

// CompileOptions of Compile.
type CompileOptions struct {
	// Revision names the snapshot in verdicts and exchanges.
	Revision string
	// Previous is the snapshot in use, nil for none: documents that neither changed
	// nor depend on something that did are taken over from it.
	Previous *Snapshot
	// Secrets gives a secret's value and does not wait. One that it gives an error
	// for is a warning, and what depends on it answers 503. nil is for checks: no
	// secret is read, nothing is said of it, and the Snapshot is not for use.
	Secrets func(secret.Ref) (secret.Value, error)
	// Authorize decides for exchanges that run on this snapshot, so that roles and
	// documents are of one configuration; nil: whoever decides for Previous, else
	// Config's.
	Authorize func(*exchange.Exchange) *exchange.PermissionDenied
}

// Compile checks a service and compiles every document of it once. It reports all
// faults of all documents, sorted; the Snapshot is nil where one is an error.
func Compile(svc *apim.Service, table *policy.Table, opts CompileOptions) (*Snapshot, diag.List) {
	c := &compiler{svc: svc, table: table, opts: opts, products: map[string]*product{},
		snap: &Snapshot{revision: opts.Revision, service: svc, compiled: map[documentKey]compiledDocument{}}}
	if c.snap.authorize = opts.Authorize; c.snap.authorize == nil && opts.Previous != nil {
		c.snap.authorize = opts.Previous.authorize
	}
	c.snap.values = c.readValues(svc)
	c.origins()
	c.snap.global, c.snap.held = c.document(svc.Policy)
	for _, f := range svc.Fragments {
		c.document(&f.Source)
	}
	for _, p := range svc.Products {
		c.product(p)
	}
	for _, a := range svc.APIs {
		if a.ID != apim.CallbacksID {
			c.api(a)
		}
	}
	c.api(c.callbacks())
	c.membership()
	c.subscriptions()
	for _, a := range c.snap.apis {
		for _, o := range a.operations {
			o.pipelines = make([]atomic.Pointer[policy.Pipeline], len(a.products)+1)
		}
		a.refusal = policy.Link(c.snap.global, nil, a.document, nil)
	}
	c.snap.bare = policy.Link(c.snap.global, nil, nil, nil)
	if c.faults = c.faults.Sort(); c.faults.HasErrors() {
		return nil, c.faults
	}
	return c.snap, c.faults
}

type compiler struct {
	svc      *apim.Service
	table    *policy.Table
	opts     CompileOptions
	snap     *Snapshot
	products map[string]*product
	faults   diag.List
}

func (c *compiler) fault(at apim.Place, code, message, hint string) {
	c.report(diag.Error, at, code, message, hint)
}

func (c *compiler) report(s diag.Severity, at apim.Place, code, message, hint string) {
	d := diag.Diagnostic{Code: code, Severity: s, File: at.File, Line: at.Line, Message: message, Hint: hint}
	if at.Line > 0 {
		d.Column = 1
	}
	c.faults = append(c.faults, d)
}

func (c *compiler) origins() {
	c.snap.origins = map[string]bool{}
	add := func(base string) {
		if u, err := url.Parse(base); err == nil && u.Host != "" {
			c.snap.origins[u.Scheme+"://"+u.Host] = true
		}
	}
	for _, a := range c.svc.APIs {
		add(a.ServiceURL)
	}
	for _, b := range c.svc.Backends {
		add(b.BaseURL)
	}
}

// document compiles a source, or takes it over from the previous snapshot.
func (c *compiler) document(src *policy.Source) (*policy.Document, *held) {
	if src == nil {
		return nil, nil
	}
	key := documentKey{src.File, src.Scope}
	done, ok := c.reuse(key, src)
	if !ok {
		done = compileDocument(*src, c.table, c.snap.values)
	}
	c.snap.compiled[key] = done
	c.faults = append(c.faults, done.faults...)
	return done.document, done.held
}

func (c *compiler) reuse(key documentKey, src *policy.Source) (compiledDocument, bool) {
	if c.opts.Previous == nil {
		return compiledDocument{}, false
	}
	old, ok := c.opts.Previous.compiled[key]
	ok = ok && old.source == *src && c.snap.values.unchanged(c.opts.Previous.values, old.document)
	return old, ok
}

func (c *compiler) product(p *apim.Product) {
	if c.products[p.ID] != nil {
		c.fault(p.Place, CodeTwice, "another product has the id "+p.ID, "")
		return
	}
	made := &product{noun: p}
	made.document, made.held = c.document(p.Policy)
	c.products[p.ID] = made
}

func (c *compiler) api(noun *apim.API) {
	if noun.KeyHeader == "" || noun.KeyQuery == "" {
		copied := *noun
		if copied.KeyHeader == "" {
			copied.KeyHeader = DefaultKeyHeader
		}
		if copied.KeyQuery == "" {
			copied.KeyQuery = DefaultKeyQuery
		}
		noun = &copied
	}
	a := &api{noun: noun, base: exchange.Backend{BaseURL: strings.TrimRight(noun.ServiceURL, "/")}}
	a.document, a.held = c.document(noun.Policy)
	for _, o := range noun.Operations {
		op := &operation{noun: o, api: a}
		op.document, op.held = c.document(o.Policy)
		if err := a.tree.add(op); err != nil {
			c.fault(o.Place, CodeTemplate, "operation "+o.ID+" ("+o.Method+" "+o.URLTemplate+"): "+err.Error(), "")
			continue
		}
		a.operations = append(a.operations, op)
	}
	c.place(a)
	c.snap.apis = append(c.snap.apis, a)
}

// place puts an API at its paths.
func (c *compiler) place(a *api) {
	for _, path := range paths(a.noun) {
		first, _, _ := strings.Cut(path, "/")
		first, _, _ = strings.Cut(first, ";")
		if strings.EqualFold(first, apim.CallbacksID) && a.noun.ID != apim.CallbacksID {
			c.fault(a.noun.Place, CodeReserved, "the path "+path+" is that of the built-in API "+apim.CallbacksID, "choose another path")
			return
		}
		node := c.snap.root.add(path, a)
		if other := overlap(node, a); other != nil {
			c.fault(a.noun.Place, CodeTwice, "API "+other.noun.ID+" has the same path /"+path, "give each API a path of its own")
			return
		}
	}
}

// overlap finds another API at a node that a request for a could mean.
func overlap(node *apiNode, a *api) *api {
	unnamed := func(x *api) bool { return x.noun.VersionScheme != schemeHeader && x.noun.VersionScheme != schemeQuery }
	for _, o := range node.here[:len(node.here)-1] {
		same := o.noun.VersionScheme == a.noun.VersionScheme && strings.EqualFold(o.noun.VersionName, a.noun.VersionName) &&
			strings.EqualFold(o.noun.Version, a.noun.Version)
		if same || unnamed(o) && unnamed(a) {
			return o
		}
	}
	return nil
}

// membership puts products beside their APIs.
func (c *compiler) membership() {
	for _, noun := range c.svc.Products {
		p := c.products[noun.ID]
		if p == nil || p.noun != noun {
			continue
		}
		for _, id := range noun.APIs {
			found := false
			for _, a := range c.snap.apis {
				if a.noun.ID != id || id == apim.CallbacksID {
					continue
				}
				found = true
				a.products = append(a.products, p)
				if a.open == nil && !noun.SubscriptionRequired {
					a.open = p
				}
			}
			if !found {
				c.fault(noun.Place, CodeNoSuch, "product "+noun.ID+" names API "+id+", which is not there", c.nearAPI(id))
			}
		}
	}
}

func (c *compiler) nearAPI(id string) string {
	var ids []string
	for _, a := range c.svc.APIs {
		ids = append(ids, a.ID)
	}
	if near, ok := diag.Nearest(id, ids); ok {
		return "did you mean " + near + "?"
	}
	return "the APIs are " + strings.Join(ids, ", ")
}

func (c *compiler) subscriptions() {
	t := keyTable{bySum: map[[sha256.Size]byte]*subscription{}, byID: map[string]*subscription{}}
	for _, noun := range c.svc.Subscriptions {
		s := &subscription{noun: noun}
		if t.byID[noun.ID] != nil {
			c.fault(noun.Place, CodeTwice, "another subscription has the id "+noun.ID, "")
			continue
		}
		t.byID[noun.ID] = s
		c.scope(noun)
		for i, k := range noun.Keys[:min(len(noun.Keys), len(s.sum))] {
			v := k.Value
			if !k.Ref.IsZero() {
				var lacking string
				if v, lacking = c.resolve(k.Ref, noun.Place, "an unknown subscription key"); lacking != "" {
					t.lacking = append(t.lacking, lackingKey{s, lacking})
				}
			}
			if v.Empty() {
				continue
			}
			s.sum[i] = sha256.Sum256([]byte(v.Reveal()))
			if other := t.bySum[s.sum[i]]; other != nil && other != s {
				c.fault(noun.Place, CodeTwice, "subscriptions "+other.noun.ID+" and "+noun.ID+" have a key in common", "give each a key of its own")
				continue
			}
			t.bySum[s.sum[i]] = s
		}
	}
	c.snap.keys = t
}

func (c *compiler) scope(s *apim.Subscription) {
	kind, id, _ := strings.Cut(s.Scope, "/")
	switch {
	case kind == "product" && c.products[id] == nil:
		c.fault(s.Place, CodeNoSuch, "subscription "+s.ID+" is for product "+id+", which is not there", "")
	case kind == "api" && c.svc.API(id) == nil:
		c.fault(s.Place, CodeNoSuch, "subscription "+s.ID+" is for API "+id+", which is not there", c.nearAPI(id))
	}
}
