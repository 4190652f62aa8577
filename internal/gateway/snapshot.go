package gateway

import (
	"crypto/tls"
	"strings"
	"sync/atomic"

	"stile/diag"
	"stile/internal/apim"
	"stile/policy"
	"stile/policy/exchange"
)

// Snapshot is a whole configuration, compiled: it never changes, and a request
// runs on one from beginning to end.
type Snapshot struct {
	revision string
	service  *apim.Service
	values   *values           // of the service
	spaces   map[string]*space // by id; "" is the service
	global   *policy.Document
	held     *held // the global document, where it is held
	apis     []*api
	root     apiNode
	keys     *keyTable
	bare     *policy.Pipeline // global scope alone: for requests that reach no API
	compiled documents        // of the service, products and workspaces; an API has its own
	// byRevision are the APIs by id and revision; products and groups are by id.
	byRevision map[string]*api
	products   map[string]*product
	groups     map[string]exchange.Group
	proofs     []*tls.Certificate         // what the listener over TLS proves; the first by default
	tls        atomic.Pointer[tls.Config] // made at the first connection
	// deployment is context.Deployment of all requests.
	deployment *exchange.Deployment
	// apart is that of requests to workspaces' APIs: the certificates are the service's.
	apart   *exchange.Deployment
	origins map[string]bool // of all backends that the configuration names
	// authorize decides in the place of the gateway's; may be nil.
	authorize func(*exchange.Exchange) *exchange.PermissionDenied
}

// api is one revision of an API in a snapshot.
type api struct {
	given      *apim.API // what it was made of
	noun       *apim.API // given, with the names of keys
	document   *policy.Document
	held       *held
	operations []*operation
	tree       opNode
	products   []*product
	space      *space
	open       *product // the product that needs no subscription; nil
	openAt     int      // its index, as in pipelines
	base       exchange.Backend
	refusal    *policy.Pipeline // global and API scope: for refusals without an operation
	compiled   documents
	faults     diag.List // what compiling it told
	// carried is the API of the snapshot before whose operations are this one's, while
	// the snapshot is made.
	carried *api
}

type product struct {
	given    *apim.Product
	noun     *apim.Product
	document *policy.Document
	held     *held
}

type operation struct {
	noun     *apim.Operation
	api      *api
	document *policy.Document
	held     *held
	template template
	// pipelines are linked when first needed: [0] without a product, [i+1] with
	// the API's product i.
	pipelines []atomic.Pointer[policy.Pipeline]
}

// Revision names the snapshot.
func (s *Snapshot) Revision() string { return s.revision }

// Service is what the snapshot was compiled from.
func (s *Snapshot) Service() *apim.Service { return s.service }

// Counts gives how many APIs (the built-in one not counted), operations and
// products there are.
func (s *Snapshot) Counts() (apis, operations, products int) {
	for _, a := range s.apis {
		if a.noun.ID != apim.CallbacksID {
			apis++
			operations += len(a.operations)
		}
	}
	return apis, operations, len(s.service.Products)
}

// KnownOrigin reports whether an API or a backend of the configuration stands at
// an origin, scheme://host with port.
func (s *Snapshot) KnownOrigin(origin string) bool { return s.origins[origin] }

// Effective gives the effective policy of an operation under a product (empty for
// none), as the console and the command line show it; ok is false where there is
// no such operation.
func (s *Snapshot) Effective(apiID, operationID, productID string) (list []policy.Effective, ok bool) {
	for _, a := range s.apis {
		if a.noun.ID != apiID || !a.noun.IsCurrentRevision {
			continue
		}
		for _, o := range a.operations {
			if o.noun.ID != operationID {
				continue
			}
			at, found := a.productIndex(productID)
			if !found {
				return nil, false
			}
			return o.pipeline(s, at).Effective(), true
		}
	}
	return nil, false
}

func (a *api) productIndex(id string) (at int, ok bool) {
	if id == "" {
		return 0, true
	}
	for i, p := range a.products {
		if p.noun.ID == id {
			return i + 1, true
		}
	}
	return 0, false
}

// pipeline gives the operation's pipeline at a product's index. Two goroutines
// may link it at once; both results are the same and one is kept.
func (o *operation) pipeline(s *Snapshot, at int) *policy.Pipeline {
	if p := o.pipelines[at].Load(); p != nil {
		return p
	}
	var doc *policy.Document
	if at > 0 {
		doc = o.api.products[at-1].document
	}
	o.pipelines[at].CompareAndSwap(nil, policy.Link(s.global, o.api.space.document, doc, o.api.document, o.document))
	return o.pipelines[at].Load()
}

// Locate finds the operation that a method and a gateway path reach, without
// running anything: for checks across files.
func (s *Snapshot) Locate(method, path string) (apiID, operationID string, ok bool) {
	path, query, _ := strings.Cut(path, "?")
	canonical, err := Canonical(path)
	if err != nil {
		return "", "", false
	}
	ex := &exchange.Exchange{Request: exchange.Request{Method: method, URL: exchange.URL{Path: canonical, Query: exchange.ParseQuery(query)}}}
	a, o, rest := s.route(ex)
	if a != nil && o == nil {
		// Who asks may not know the query yet.
		var values [maxParams]string
		o = a.tree.match(rest, wanted{method: method, any: true}, &values, 0)
	}
	if o == nil {
		return "", "", false
	}
	return a.noun.ID, o.noun.ID, true
}

// route finds API and operation of ex, sets ex.Request.Matched, and gives the
// path behind the API's. Either may be nil.
func (s *Snapshot) route(ex *exchange.Exchange) (*api, *operation, string) {
	node, rest := s.root.find(ex.Request.URL.Path)
	if node == nil {
		return nil, nil, ""
	}
	a := node.choose(ex)
	if a == nil {
		return nil, nil, ""
	}
	var values [maxParams]string
	o := a.tree.match(rest, wanted{method: ex.Request.Method, query: ex.Request.URL.Query}, &values, 0)
	if o == nil {
		return a, nil, rest
	}
	ex.Request.Matched = o.template.matched(&values, ex.Request.URL.Query)
	if rest == "" {
		rest = "/"
	}
	return a, o, rest
}

// documents are compiled documents by where they stand.
type documents map[documentKey]compiledDocument

type documentKey struct {
	file  string
	scope policy.Scope
}

// compiledDocument is a document with what it was made from, so that the next
// snapshot can take it over unchanged.
type compiledDocument struct {
	source   policy.Source
	document *policy.Document
	faults   diag.List
	held     *held // then there is no document
}
