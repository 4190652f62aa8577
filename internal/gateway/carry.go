package gateway

import (
	"maps"
	"slices"

	"stile/internal/apim"
	"stile/policy"
)

// What one snapshot takes over from the one before, so that a change costs what it
// changes: an API whose noun, names and documents are the same keeps its operations and
// its tree of them, and with them pipelines that were linked, where all that they were
// linked of is the same too.

func revisionID(a *apim.API) string { return a.ID + ";rev=" + a.Revision }

// carriedAPI gives an API with the operations of the snapshot before; nil where
// anything about it may have changed.
func (c *compiler) carriedAPI(noun *apim.API) *api {
	if c.opts.Previous == nil {
		return nil
	}
	old := c.opts.Previous.byRevision[revisionID(noun)]
	if old == nil || old.given != noun || !c.within(noun.Workspace).same || old.holds() {
		return nil
	}
	c.faults = append(c.faults, old.faults...)
	return &api{given: noun, noun: old.noun, space: c.within(noun.Workspace), base: old.base, document: old.document,
		operations: old.operations, tree: old.tree, compiled: old.compiled, faults: old.faults, carried: old}
}

// holds reports whether a document of the API is held: it may have what it wants now.
func (a *api) holds() bool {
	return a.held != nil || slices.ContainsFunc(a.operations, func(o *operation) bool { return o.held != nil })
}

// sameLinks reports whether pipelines of old's operations are what a's would be.
func (c *compiler) sameLinks(a, old *api) bool {
	p := c.opts.Previous
	return c.snap.global == p.global && c.snap.held == p.held && a.space.document == old.space.document && a.space.held == old.space.held &&
		slices.Equal(a.products, old.products)
}

// rebuild gives an API operations of its own in the place of those of a snapshot
// before. That their templates fit was found out then.
func (a *api) rebuild() {
	old := a.operations
	a.operations, a.tree, a.carried = make([]*operation, len(old)), opNode{}, nil
	for i, o := range old {
		a.operations[i] = &operation{noun: o.noun, api: a, document: o.document, held: o.held}
		_ = a.tree.add(a.operations[i])
	}
}

// carriedProduct gives the product of the snapshot before; nil where anything about it
// may have changed.
func (c *compiler) carriedProduct(noun *apim.Product, document *policy.Document, held *held) *product {
	if c.opts.Previous == nil {
		return nil
	}
	old := c.opts.Previous.products[noun.ID]
	if old == nil || old.given != noun || old.document != document || old.held != held || !maps.Equal(c.known, c.opts.Previous.groups) {
		return nil
	}
	return old
}

// eachDocument gives every compiled document of the snapshot.
func (s *Snapshot) eachDocument(f func(documentKey, compiledDocument)) {
	for key, d := range s.compiled {
		f(key, d)
	}
	for _, a := range s.apis {
		for key, d := range a.compiled {
			f(key, d)
		}
	}
}
