package policytest

import (
	"maps"
	"slices"

	"stile/diag"
	"stile/internal/apim"
	"stile/internal/config/doctree"
	"stile/internal/identity"
)

// Check finds what a file's cases name and the project does not have, all of it.
func (h *Host) Check(src *diag.Source, f *File) diag.List {
	k := &checker{Reader: doctree.NewReader(src), h: h}
	for _, c := range f.Cases {
		k.testCase(c)
	}
	return k.Faults()
}

type checker struct {
	*doctree.Reader
	h *Host
}

func (k *checker) missing(n *doctree.Node, what, name string, known []string) {
	hint := ""
	if near, ok := diag.Nearest(name, known); ok {
		hint = "did you mean " + near + "?"
	}
	k.Fault(n, identity.CodeNoSuch, "the project has no "+what+" "+name, hint)
}

func (k *checker) testCase(c *Case) {
	svc := k.h.service
	api := svc.API(c.api.text)
	var names []string
	if api == nil && c.api.at != nil {
		for _, a := range svc.APIs {
			names = append(names, a.ID)
		}
		k.missing(c.api.at, "API", c.api.text, names)
	}
	var op *apim.Operation
	if c.operation.at != nil && api != nil {
		if op = api.Operation(c.operation.text); op == nil {
			for _, o := range api.Operations {
				names = append(names, o.ID)
			}
			k.missing(c.operation.at, "operation", c.api.text+"/"+c.operation.text, names)
		}
	}
	if s := c.subscription; s.at != nil && svc.Subscription(s.text) == nil {
		for _, x := range svc.Subscriptions {
			names = append(names, x.ID)
		}
		k.missing(s.at, "subscription", s.text, names)
	}
	k.principal(c)
	k.values(c)
	if api == nil || c.operation.at != nil && op == nil {
		return
	}
	var last *given
	for i := range c.exchanges {
		if g := c.exchanges[i].given; g != last {
			k.given(g, api, op)
			last = g
		}
	}
}

func (k *checker) principal(c *Case) {
	p := c.principal
	if p == nil {
		return
	}
	if m := p.machine; m.at != nil {
		role, ok := k.h.cfg.Machines[m.text]
		switch {
		case !ok:
			k.missing(m.at, "state machine", m.text, slices.Sorted(maps.Keys(k.h.cfg.Machines)))
		case role == "" && p.role.at == nil:
			k.Fault(m.at, doctree.CodeMissing, "state machine "+m.text+" names no role", "add \"role\"")
		case p.role.at == nil:
			p.role.text = role
		}
	}
	if r := p.role; r.text != "" && !slices.Contains(k.h.cfg.Roles, r.text) {
		at := r.at
		if at == nil {
			at = p.machine.at
		}
		k.missing(at, "role", r.text, k.h.cfg.Roles)
	}
}

func (k *checker) values(c *Case) {
	var names []string
	for _, n := range k.h.service.NamedValues {
		names = append(names, n.DisplayName)
	}
	for _, v := range c.values {
		if !slices.Contains(names, v.name) {
			k.missing(&doctree.Node{Line: v.line, Column: v.column}, "named value", v.name, names)
		}
	}
}

// given completes a request by its operation: method and path.
func (k *checker) given(g *given, api *apim.API, op *apim.Operation) {
	if g.method == "" {
		if g.method = "GET"; op != nil && op.Method != "*" {
			g.method = op.Method
		}
	}
	if g.path != "" {
		return
	}
	if op == nil {
		k.Fault(g.at, doctree.CodeMissing, "the case names neither operation nor path", "add \"operation\", or \"path\" to \"given\"")
		return
	}
	path, lacking, unused := fill(basePath(api), op.URLTemplate, g.params)
	for _, name := range lacking {
		k.Fault(g.at, doctree.CodeMissing, "params of given has no \""+name+"\", which the template "+op.URLTemplate+" needs", "add \""+name+"\"")
	}
	for _, name := range unused {
		k.Fault(g.at, doctree.CodeUnknownKey, "the template "+op.URLTemplate+" has no parameter \""+name+"\"", "remove it")
	}
	g.path = path
}
