package gateway

import (
	"stile/diag"
	"stile/internal/apim"
	"stile/policy"
)

// CheckLoose checks one policy document, or fragment, against what a service has, and
// takes what it lacks to be there; secrets are not read.
func CheckLoose(svc *apim.Service, table *policy.Table, src policy.Source) diag.List {
	c := &compiler{svc: svc}
	return policy.CheckLoose(src, table, readable{c.readValues(svc, svc.WorkspaceOf(src.File))})
}

// readable is values without the names whose secrets were not read.
type readable struct{ *values }

// NamedValue gives a named value that has a text.
func (r readable) NamedValue(name string) (text string, secret, ok bool) {
	n, ok := r.named[name]
	return n.text, n.secret, ok && n.lacking == ""
}
