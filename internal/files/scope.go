package files

import (
	"slices"
	"strings"

	"stile/diag"
	"stile/internal/apim"
	"stile/internal/config"
	"stile/internal/identity"
	"stile/jsonval"
)

// scope warns where an assignment is narrowed to what no file declares: it may be
// made over the API, and is more often misspelt.
func (l *loader) scope(p *Project, a identity.Assignment) {
	parts := strings.Split(a.Scope.String(), "/")
	if len(parts) < 2 {
		return // all
	}
	tell := func(prefix, name string, names []string) {
		hint := "until there is one the assignment allows nothing"
		if near, ok := diag.Nearest(name, names); ok {
			hint = "did you mean " + prefix + near + "?"
		}
		l.faults = append(l.faults, diag.Diagnostic{Code: config.CodeNoSuch, Severity: diag.Warning, File: a.File, Line: a.Line, Column: 1,
			Message: "no file defines " + prefix + name + ", to which the assignment is narrowed", Hint: hint})
	}
	names := scopeNames(p, parts[0])
	if !slices.Contains(names, parts[1]) {
		tell(parts[0]+"/", parts[1], names)
		return
	}
	if len(parts) < 4 {
		return
	}
	if below, ok := namesBelow(p, parts[0], parts[1]); ok && !slices.Contains(below, parts[3]) {
		tell(strings.Join(parts[:3], "/")+"/", parts[3], below)
	}
}

// scopeNames are the names of a kind of thing that a scope may have.
func scopeNames(p *Project, kind string) (names []string) {
	switch kind {
	case "stateMachine":
		for _, m := range p.StateMachines {
			names = append(names, m.Name)
		}
	case "api":
		names = append(names, apim.CallbacksID)
		for _, api := range p.APIM.APIs {
			names = append(names, api.ID)
		}
	case "activity":
		for _, a := range p.Config.Activities {
			names = append(names, a.Name)
		}
	case "connection":
		for name := range p.Connections { // only looked in, and for the nearest
			names = append(names, name)
		}
		slices.Sort(names)
	case "named-value":
		for _, nv := range p.APIM.NamedValues {
			names = append(names, nv.DisplayName, nv.ID)
		}
	}
	return names
}

// namesBelow are the states of a state machine, or the operations of an API. ok is
// false where they cannot be told: a definition that is not read, an API of our own.
func namesBelow(p *Project, kind, name string) (names []string, ok bool) {
	if kind == "stateMachine" {
		i := slices.IndexFunc(p.StateMachines, func(m StateMachine) bool { return m.Name == name })
		v, err := jsonval.Parse([]byte(p.StateMachines[i].Definition))
		names = stateNames(v)
		return names, err == nil && len(names) > 0
	}
	for _, api := range p.APIM.APIs {
		if api.ID != name {
			continue
		}
		ok = true
		for _, o := range api.Operations {
			names = append(names, o.ID)
		}
	}
	return names, ok
}

// stateNames gives the states of a definition, and those inside of Map and Parallel.
func stateNames(definition jsonval.Value) (names []string) {
	for _, state := range definition.Get("States").Members() {
		names = append(names, state.Name)
		for _, inner := range append([]jsonval.Value{state.Value.Get("ItemProcessor"), state.Value.Get("Iterator")}, state.Value.Get("Branches").Items()...) {
			names = append(names, stateNames(inner)...)
		}
	}
	return names
}
