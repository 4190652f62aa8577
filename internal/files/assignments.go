package files

import (
	"maps"
	"slices"
	"strings"

	"stile/diag"
	"stile/internal/apim"
	"stile/internal/config"
	"stile/internal/config/doctree"
	"stile/internal/identity"
)

// AssignmentsFile is where a project says who has which role.
const AssignmentsFile = "assignments.yaml"

// assignments reads who has which role; nil where the file is not there. Roles and
// state machines are read before.
func (l *loader) assignments(p *Project) []identity.Assignment {
	src, ok := l.read(AssignmentsFile)
	if !ok {
		return nil
	}
	known := identity.Known{Roles: slices.Sorted(maps.Keys(p.Roles)), Providers: l.providerNames(p)}
	for _, e := range l.list("roles") { // one with faults is there all the same
		if name, isJSON := strings.CutSuffix(e.name, ".json"); isJSON && p.Roles[name] == nil {
			known.Roles = append(known.Roles, name)
		}
	}
	list, faults := identity.ParseAssignments(src, known)
	l.faults = append(l.faults, faults...)
	l.unusedRoles(p, list, faults.HasErrors())
	for _, a := range list {
		l.scope(p, a)
	}
	return list
}

// scope warns where an assignment is narrowed to what no file declares: it may be
// made over the API, and is more often misspelt.
func (l *loader) scope(p *Project, a identity.Assignment) {
	parts := strings.Split(a.Scope.String(), "/")
	var names []string
	switch parts[0] {
	case "stateMachine":
		for _, m := range p.StateMachines {
			names = append(names, m.Name)
		}
	case "api":
		names = append(names, apim.CallbacksID)
		for _, api := range p.APIM.APIs {
			names = append(names, api.ID)
		}
	default:
		return
	}
	if slices.Contains(names, parts[1]) {
		return
	}
	hint := "until there is one the assignment allows nothing"
	if near, ok := diag.Nearest(parts[1], names); ok {
		hint = "did you mean " + parts[0] + "/" + near + "?"
	}
	l.faults = append(l.faults, diag.Diagnostic{Code: config.CodeNoSuch, Severity: diag.Warning, File: a.File, Line: a.Line, Column: 1,
		Message: "no file defines " + parts[0] + "/" + parts[1] + ", to which the assignment is narrowed", Hint: hint})
}

// unusedRoles warns of roles that nobody has and no state machine runs under.
// partly says that some assignments could not be read: then nothing is said.
func (l *loader) unusedRoles(p *Project, list []identity.Assignment, partly bool) {
	if partly {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(p.Roles)) {
		assigned := slices.ContainsFunc(list, func(a identity.Assignment) bool { return a.Role == name })
		runs := slices.ContainsFunc(p.StateMachines, func(m StateMachine) bool { return m.Role == name })
		if !assigned && !runs {
			l.faults = append(l.faults, diag.Diagnostic{Code: doctree.CodeNotUsed, Severity: diag.Warning, File: p.Roles[name].File,
				Line: 1, Column: 1, Message: "role " + name + " is not used: no assignment and no state machine names it",
				Hint: "assign it in " + AssignmentsFile + ", name it in a NAME.workflow.yaml, or remove the file"})
		}
	}
}

// providerNames are the identity providers of stile.yaml; nil where none are
// configured, or stile.yaml itself cannot be read.
func (l *loader) providerNames(p *Project) (names []string) {
	if l.misread {
		return nil
	}
	for _, provider := range p.Config.Identity.Providers {
		names = append(names, provider.Name)
	}
	return names
}
