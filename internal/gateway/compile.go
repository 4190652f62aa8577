package gateway

import (
	"net/url"
	"slices"
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
	// nor depend on something that did are taken over from it. A noun of its service
	// that stands in this one too, the same pointer, is taken for unchanged.
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
		snap: &Snapshot{revision: opts.Revision, service: svc, compiled: documents{}, byRevision: map[string]*api{}}}
	if c.snap.authorize = opts.Authorize; c.snap.authorize == nil && opts.Previous != nil {
		c.snap.authorize = opts.Previous.authorize
	}
	c.known = c.groups()
	c.snap.groups = c.known
	c.origins()
	c.roots = c.readAuthorities(svc)
	c.spaces()
	c.listener()
	c.snap.deployment = deployment(c.snap.values)
	apart := *c.snap.deployment
	apart.Certificates, c.snap.apart = nil, &apart
	c.snap.global, c.snap.held = c.document(svc.Policy, c.snap.spaces[""])
	for _, f := range svc.Fragments {
		c.document(&f.Source, c.within(f.Workspace))
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
	c.snap.products = c.products
	for _, a := range c.snap.apis {
		if a.carried != nil && c.sameLinks(a, a.carried) {
			a.refusal, a.carried = a.carried.refusal, nil
			continue
		}
		if a.carried != nil {
			a.rebuild()
		}
		for _, o := range a.operations {
			o.pipelines = make([]atomic.Pointer[policy.Pipeline], len(a.products)+1)
		}
		a.refusal = policy.Link(c.snap.global, a.space.document, a.document)
	}
	c.snap.bare = policy.Link(c.snap.global)
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
	known    map[string]exchange.Group
	roots    authorities
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
			switch u.Scheme { // a handshake goes to the web's address
			case "ws":
				u.Scheme = "http"
			case "wss":
				u.Scheme = "https"
			}
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
func (c *compiler) document(src *policy.Source, in *space) (*policy.Document, *held) {
	var before documents
	if c.opts.Previous != nil {
		before = c.opts.Previous.compiled
	}
	return c.documentOf(src, in, before, c.snap.compiled)
}

// documentOf compiles a source, or takes it over from before, and puts it into to.
func (c *compiler) documentOf(src *policy.Source, in *space, before, to documents) (*policy.Document, *held) {
	if src == nil {
		return nil, nil
	}
	key := documentKey{src.File, src.Scope}
	done, ok := c.reuse(key, src, in, before)
	if !ok {
		done = compileDocument(*src, c.table, in.values)
	}
	to[key] = done
	c.faults = append(c.faults, done.faults...)
	return done.document, done.held
}

func (c *compiler) reuse(key documentKey, src *policy.Source, in *space, before documents) (compiledDocument, bool) {
	if !in.carried {
		return compiledDocument{}, false
	}
	id := ""
	if in.noun != nil {
		id = in.noun.ID
	}
	old, ok := before[key]
	ok = ok && old.source == *src && in.values.unchanged(c.opts.Previous.spaces[id].values, old.document)
	return old, ok
}

func (c *compiler) product(p *apim.Product) {
	if c.products[p.ID] != nil {
		c.fault(p.Place, CodeTwice, "another product has the id "+p.ID, "")
		return
	}
	document, held := c.document(p.Policy, c.within(p.Workspace))
	if old := c.carriedProduct(p, document, held); old != nil {
		c.products[p.ID] = old
		return
	}
	noun := *p
	noun.Groups = c.named(c.known, p.GroupIDs, p.Place, "product "+p.ID)
	c.products[p.ID] = &product{given: p, noun: &noun, document: document, held: held}
}

func (c *compiler) api(noun *apim.API) {
	a := c.carriedAPI(noun)
	if a == nil {
		a = c.newAPI(noun)
	}
	c.place(a)
	c.snap.apis = append(c.snap.apis, a)
	if _, twice := c.snap.byRevision[revisionID(noun)]; !twice {
		c.snap.byRevision[revisionID(noun)] = a
	}
}

func (c *compiler) newAPI(given *apim.API) *api {
	noun := given
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
	a := &api{given: given, noun: noun, space: c.within(noun.Workspace), base: exchange.Backend{BaseURL: strings.TrimRight(noun.ServiceURL, "/")}, compiled: documents{}}
	var before documents
	if p := c.opts.Previous; p != nil && p.byRevision[revisionID(given)] != nil {
		before = p.byRevision[revisionID(given)].compiled
	}
	told := len(c.faults)
	a.document, a.held = c.documentOf(noun.Policy, a.space, before, a.compiled)
	for _, o := range noun.Operations {
		op := &operation{noun: o, api: a}
		op.document, op.held = c.documentOf(o.Policy, a.space, before, a.compiled)
		if err := a.tree.add(op); err != nil {
			c.fault(o.Place, CodeTemplate, "operation "+o.ID+" ("+o.Method+" "+o.URLTemplate+"): "+err.Error(), "")
			continue
		}
		a.operations = append(a.operations, op)
	}
	a.faults = slices.Clone(c.faults[told:])
	return a
}

// place puts an API at its paths.
func (c *compiler) place(a *api) {
	if a.noun.Offline {
		return // as if it were not there
	}
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
