package gateway

import (
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
	values   *values
	global   *policy.Document
	held     *held // the global document, where it is held
	apis     []*api
	root     apiNode
	keys     keyTable
	bare     *policy.Pipeline // global scope alone: for requests that reach no API
	compiled map[documentKey]compiledDocument
	origins  map[string]bool // of all backends that the configuration names
	// authorize decides in the place of the gateway's; may be nil.
	authorize func(*exchange.Exchange) *exchange.PermissionDenied
}

// api is one revision of an API in a snapshot.
type api struct {
	noun       *apim.API
	document   *policy.Document
	held       *held
	operations []*operation
	tree       opNode
	products   []*product
	open       *product // the first product that needs no subscription; nil
	base       exchange.Backend
	refusal    *policy.Pipeline // global and API scope: for refusals without an operation
}

type product struct {
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
	o.pipelines[at].CompareAndSwap(nil, policy.Link(s.global, doc, o.api.document, o.document))
	return o.pipelines[at].Load()
}

// Locate finds the operation that a method and a gateway path reach, without
// running anything: for checks across files.
func (s *Snapshot) Locate(method, path string) (apiID, operationID string, ok bool) {
	canonical, err := Canonical(path)
	if err != nil {
		return "", "", false
	}
	ex := &exchange.Exchange{Request: exchange.Request{Method: method, URL: exchange.URL{Path: canonical}}}
	a, o, _ := s.route(ex)
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
	o := a.tree.match(rest, ex.Request.Method, &values, 0)
	if o == nil {
		return a, nil, rest
	}
	if names := o.template.names; len(names) > 0 {
		ex.Request.Matched = make([]exchange.Param, len(names))
		for i, name := range names {
			ex.Request.Matched[i] = exchange.Param{Name: name, Value: unescape(values[i])}
		}
	}
	if rest == "" {
		rest = "/"
	}
	return a, o, rest
}

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
