package app

import (
	"cmp"
	"context"
	"errors"
	"path"
	"slices"
	"strconv"

	"stile/diag"
	"stile/internal/apim"
	"stile/internal/contract"
	"stile/internal/files"
	"stile/internal/secret"
	"stile/internal/sfn"
	"stile/internal/task"
	"stile/policy/exchange"
)

// Codes of named values in definitions.
const (
	// CodeNoNamedValue: a state machine's options list a named value that is not there.
	CodeNoNamedValue = "STL-X020"
	// CodeUnlisted: a definition refers to a named value that its options do not
	// list, so that the text is sent as it is (warning).
	CodeUnlisted = "STL-X021"
	// CodeNotReadable: a state refers to a named value that its role may not read
	// (warning).
	CodeNotReadable = "STL-X022"
)

const readNamedValue = "apim:ReadNamedValue"

// namedValue is task.Config.NamedValue: the project as it stands at the moment of
// the call decides, so that a role or a list that was changed holds at once.
func (s *server) namedValue(call sfn.TaskCall, name string) (text string, isSecret bool, err error) {
	p := s.current.Load()
	at := slices.IndexFunc(p.StateMachines, func(m files.StateMachine) bool { return m.Name == call.StateMachineName })
	if at < 0 || !p.StateMachines[at].Uses(name) {
		return "", false, task.ErrNotListed
	}
	nv := namedValueOf(p.APIM, name)
	if denied := s.roles.mayRead(call, name, nv); denied != nil {
		return "", false, denied
	}
	switch {
	case nv == nil:
		return "", false, errors.New("the gateway has no named value of that name")
	case nv.Ref.IsZero():
		return nv.Value, nv.Secret, nil
	}
	v, err := s.secrets.store.Get(context.Background(), nv.Ref) // the store bounds its fetches
	return v.Reveal(), true, err
}

// namedValuesRefused asks again for the secrets of a call that its backend answered
// with 401.
func (s *server) namedValuesRefused(call sfn.TaskCall) {
	var refs []secret.Ref
	for _, r := range call.NamedValues {
		if nv := namedValueOf(s.current.Load().APIM, r.Name); nv != nil && !nv.Ref.IsZero() {
			refs = append(refs, nv.Ref)
		}
	}
	s.secrets.refused(refs)
}

// namedValueOf finds a named value by the name that {{…}} has: the display name.
func namedValueOf(svc *apim.Service, name string) *apim.NamedValue {
	for _, nv := range svc.NamedValues {
		if nv.DisplayName == name {
			return nv
		}
	}
	return nil
}

// namedValueResources are the names under which a role may be allowed to read a
// named value: as {{…}} has it, and its id where that differs.
func namedValueResources(name string, nv *apim.NamedValue) []string {
	out := []string{"named-value/" + name}
	if nv != nil && nv.ID != name {
		out = append(out, "named-value/"+nv.ID)
	}
	return out
}

// mayRead asks the role of a state's call for a named value; nil allows.
func (a *authority) mayRead(call sfn.TaskCall, name string, nv *apim.NamedValue) error {
	roleName, _ := sfn.RoleName(call.RoleARN)
	denied := &exchange.PermissionDenied{Action: readNamedValue, Resource: "named-value/" + name, Role: roleName, State: call.State}
	role := a.project().roles[roleName]
	if role == nil {
		if a.lax {
			a.warn(roleName)
			return nil
		}
		return denied
	}
	d := role.Decide(readNamedValue, namedValueResources(name, nv)...)
	if d.Allowed {
		return nil
	}
	denied.File, denied.Line, denied.Explicit = d.File, d.Line, d.Explicit
	return denied
}

// namedValueFaults holds what definitions refer to against what their options list,
// what the gateway has, and what their roles may read.
func namedValueFaults(p *files.Project, machines []contract.Machine) (out diag.List) {
	for _, m := range p.StateMachines {
		for _, u := range m.NamedValues {
			if namedValueOf(p.APIM, u.Name) == nil {
				out = append(out, diag.Diagnostic{Code: CodeNoNamedValue, Severity: diag.Error, File: m.Options, Line: u.Line, Column: u.Column,
					Message: "named-values lists " + u.Name + ", which is no named value of the gateway", Hint: nearNamedValue(p.APIM, u.Name)})
			}
		}
		at := slices.IndexFunc(machines, func(c contract.Machine) bool { return c.Source.File() == m.File })
		if at >= 0 {
			out = append(out, namedValueUses(p, m, machines[at])...)
		}
	}
	return out
}

func nearNamedValue(svc *apim.Service, name string) string {
	var known []string
	for _, nv := range svc.NamedValues {
		known = append(known, nv.DisplayName)
	}
	if near, ok := diag.Nearest(name, known); ok {
		return "did you mean " + near + "?"
	}
	return "add it to the gateway's named values: their display name counts"
}

func namedValueUses(p *files.Project, m files.StateMachine, c contract.Machine) (out diag.List) {
	role := p.Roles[m.Role]
	for _, st := range c.Program.Ordered {
		if st.Task == nil {
			continue
		}
		var told []string
		for _, ref := range st.Task.NamedValues {
			if slices.Contains(told, ref.Name) {
				continue
			}
			told = append(told, ref.Name)
			warn := func(code, message, hint string) {
				out = append(out, diag.Diagnostic{Code: code, Severity: diag.Warning, File: m.File, Line: st.Line, Column: st.Column,
					Excerpt: c.Source.Line(st.Line), Width: len(st.Name) + 2, Message: "state " + st.Name + " " + message, Hint: hint})
			}
			nv := namedValueOf(p.APIM, ref.Name)
			switch {
			case !m.Uses(ref.Name):
				warn(CodeUnlisted, "has {{"+ref.Name+"}} in its parameters, which is sent as it stands",
					"to have the named value put in, list it in "+cmp.Or(m.Options, path.Dir(m.File)+"/"+m.Name+".workflow.yaml")+
						": named-values: ["+ref.Name+"]")
			case role == nil:
				// files has told of it
			default:
				if d := role.Decide(readNamedValue, namedValueResources(ref.Name, nv)...); !d.Allowed {
					why := "no statement of role " + role.Name + " allows "
					if d.Explicit {
						why = "a statement of role " + role.Name + " denies "
					}
					warn(CodeNotReadable, "may not read the named value "+ref.Name+": "+why+readNamedValue+" on named-value/"+ref.Name+
						" ("+d.File+":"+strconv.Itoa(d.Line)+")", "allow it there; the call fails with States.Permissions until then")
				}
			}
		}
	}
	return out
}
