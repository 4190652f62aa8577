package files

import (
	"maps"
	"slices"
	"strings"

	"stile/diag"
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

// providerNames are the identity providers of stile.yaml; nil where stile.yaml itself
// cannot be read.
func (l *loader) providerNames(p *Project) []string {
	if l.misread {
		return nil
	}
	names := []string{}
	for _, provider := range p.Config.Identity.Providers {
		names = append(names, provider.Name)
	}
	return names
}
