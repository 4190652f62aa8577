package gateway

import (
	"cmp"
	"slices"

	"stile/policy"
)

// Sites lists the policies of all documents and fragments of the snapshot, each place
// once, by file, line and column.
func (s *Snapshot) Sites() []policy.Site {
	var all []policy.Site
	s.eachDocument(func(_ documentKey, d compiledDocument) {
		switch {
		case d.document != nil:
			all = append(all, d.document.Sites()...)
		case d.held != nil:
			all = append(all, d.held.sites...)
		}
	})
	// A fragment's policies are told of once for each document that includes it; of
	// those, sections and scopes alone differ.
	slices.SortFunc(all, func(a, b policy.Site) int {
		return cmp.Or(cmp.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column, cmp.Compare(a.Section, b.Section), cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Path, b.Path))
	})
	return slices.CompactFunc(all, func(a, b policy.Site) bool { return a.File == b.File && a.Line == b.Line && a.Column == b.Column })
}
