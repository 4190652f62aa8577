package identity

import (
	"slices"
	"strings"

	"stile/diag"
	"stile/internal/config/doctree"
)

// KindGroup is the kind of an assignment to all callers of a group; no Caller has it.
const KindGroup = "group"

// Assignment gives a role to whom it names, within a scope.
type Assignment struct {
	// Kind and ID are the two parts of `principal`: user:SUB, group:ID, app:ID or key:ID.
	Kind, ID string
	// Provider is the identity provider that must vouch for the ID; empty for any.
	Provider string
	Role     string
	// Scope narrows what the role allows to what lies in it; empty for all.
	Scope Scope
	File  string
	Line  int
}

// Known is what an assignment may name. A nil Providers means that it is not known
// which there are, and their names are then not checked.
type Known struct{ Roles, Providers []string }

// CodeNoSuch is the fault of an assignment that names a role or provider which the
// project does not have (config's code for the same of other files).
const CodeNoSuch = "STL-C008"

// kinds are what a principal begins with.
var kinds = []string{KindUser, KindGroup, KindApp, KindKey}

// scopeForms is the help for a scope that cannot be read.
const scopeForms = "write stateMachine/NAME, stateMachine/NAME/state/STATE, api/ID, api/ID/operation/ID, named-value/NAME, activity/NAME, connection/NAME or **"

// ParseAssignments reads assignments.yaml: a list of {principal, provider, role,
// scope}. All faults are told; what is faulty is left out of the list.
func ParseAssignments(src *diag.Source, known Known) ([]Assignment, diag.List) {
	root, faults := doctree.ParseYAML(src)
	if faults.HasErrors() || root == nil || root.Kind == doctree.Null {
		return nil, faults
	}
	r := &assignmentReader{Reader: doctree.NewReader(src), known: known}
	r.Each(r.assignment)(root)
	return r.out, append(faults, r.Faults()...).Sort()
}

type assignmentReader struct {
	*doctree.Reader
	known Known
	out   []Assignment
}

func (r *assignmentReader) assignment(n *doctree.Node) {
	a := Assignment{File: r.Source().File(), Line: n.Line}
	var principal, scope string
	before := r.errors()
	r.Map(n, "an assignment",
		doctree.Field{Name: "principal", Required: true, Read: func(n *doctree.Node) {
			r.Text(&principal)(n)
			r.principal(n, principal, &a)
		}},
		doctree.Field{Name: "provider", Read: func(n *doctree.Node) {
			r.NonEmpty(&a.Provider)(n)
			r.provider(n, a.Provider)
		}},
		doctree.Field{Name: "role", Required: true, Read: func(n *doctree.Node) {
			r.NonEmpty(&a.Role)(n)
			if a.Role != "" && !slices.Contains(r.known.Roles, a.Role) {
				r.Fault(n, CodeNoSuch, "role "+a.Role+" has no file roles/"+a.Role+".json", nearest(a.Role, r.known.Roles, "add the file"))
			}
		}},
		doctree.Field{Name: "scope", Read: func(n *doctree.Node) {
			r.NonEmpty(&scope)(n)
			var ok bool
			if a.Scope, ok = ParseScope(scope); !ok && scope != "" {
				r.Fault(n, doctree.CodeValue, quoted(scope)+" is no scope", scopeForms)
			}
		}})
	if a.Kind == KindKey && a.Provider != "" {
		r.Fault(n, doctree.CodeValue, "no provider vouches for an access key", "remove the provider")
	}
	if a.Provider == "" && a.Kind != "" && a.Kind != KindKey && len(r.known.Providers) > 1 {
		r.Warn(n.Line, n.Column, doctree.CodeValue, a.Kind+":"+a.ID+" has no provider, so that it is this "+a.Kind+" of every provider",
			"write provider: one of "+strings.Join(r.known.Providers, ", "))
	}
	if v := n.Get("scope"); v != nil && v.Kind == doctree.Null {
		r.Fault(v, doctree.CodeValue, "scope has no value", "remove the line for all that the role allows, or "+scopeForms)
	}
	if r.errors() == before {
		r.out = append(r.out, a)
	}
}

func (r *assignmentReader) errors() (n int) {
	for _, d := range r.Faults() {
		if d.Severity == diag.Error {
			n++
		}
	}
	return n
}

func (r *assignmentReader) principal(n *doctree.Node, text string, a *Assignment) {
	kind, id, ok := strings.Cut(text, ":")
	if !ok || id == "" || id != strings.TrimSpace(id) || !slices.Contains(kinds, kind) {
		hint := "write user:SUBJECT, group:ID, app:CLIENT-ID or key:ACCESS-KEY-ID"
		if near, ok := diag.Nearest(kind, kinds); ok && kind != near && id != "" {
			hint = "did you mean " + near + ":" + id + "?"
		}
		r.Fault(n, doctree.CodeValue, quoted(text)+" is no principal", hint)
		return
	}
	a.Kind, a.ID = kind, id
}

func (r *assignmentReader) provider(n *doctree.Node, name string) {
	switch {
	case name == "" || r.known.Providers == nil || slices.Contains(r.known.Providers, name):
	case len(r.known.Providers) == 0:
		r.Warn(n.Line, n.Column, CodeNoSuch, "there is no identity provider "+name+": stile.yaml names none", "declare it in stile.yaml under identity: providers")
	default:
		r.Fault(n, CodeNoSuch, "there is no identity provider "+name, nearest(name, r.known.Providers, "declare it in stile.yaml under identity: providers"))
	}
}

func nearest(name string, known []string, otherwise string) string {
	if near, ok := diag.Nearest(name, known); ok {
		return "did you mean " + near + "?"
	}
	return otherwise
}

// Scope is a part of the project that an assignment is narrowed to; the zero
// Scope is all of it.
type Scope struct {
	text string
	// below says that what lies below belongs to it: a state of a state machine, an
	// operation of an API.
	below bool
}

// ParseScope reads a scope as assignments.yaml spells it; ok is false for any
// other form. Both "" and ** are all.
func ParseScope(text string) (s Scope, ok bool) {
	if text == "" || text == "**" {
		return Scope{}, true
	}
	parts := strings.Split(text, "/")
	if slices.Contains(parts, "") || strings.ContainsRune(text, '*') {
		return Scope{}, false
	}
	switch {
	case len(parts) == 2 && (parts[0] == "stateMachine" || parts[0] == "api"):
		return Scope{text, true}, true
	case len(parts) == 2 && (parts[0] == "named-value" || parts[0] == "activity" || parts[0] == "connection"),
		len(parts) == 4 && parts[0] == "stateMachine" && parts[2] == "state",
		len(parts) == 4 && parts[0] == "api" && parts[2] == "operation":
		return Scope{text, false}, true
	}
	return Scope{}, false
}

// String gives the scope as it is written; ** for all.
func (s Scope) String() string {
	if s.text == "" {
		return "**"
	}
	return s.text
}

// Has reports whether a thing, named by each of its spellings, lies in the scope.
func (s Scope) Has(resources ...string) bool {
	if s.text == "" {
		return true
	}
	return slices.ContainsFunc(resources, func(r string) bool {
		rest, ok := strings.CutPrefix(r, s.text)
		return ok && (rest == "" || s.below && rest[0] == '/')
	})
}
