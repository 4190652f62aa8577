package identity

import "slices"

// Access says what callers may do: the roles of a project and to whom they are
// assigned. It never changes; a project that is taken up again has a new one.
//
// A caller holds a role by assignment alone. What a provider says of roles
// (Caller.Roles) grants nothing; groups do where an assignment names them.
type Access struct {
	roles       map[string]*Role
	assignments []Assignment
}

// NewAccess joins roles and assignments; assignments of a role that is not there
// grant nothing.
func NewAccess(roles map[string]*Role, assignments []Assignment) *Access {
	a := &Access{roles: make(map[string]*Role, len(roles)), assignments: slices.Clone(assignments)}
	for name, r := range roles {
		a.roles[name] = r
	}
	return a
}

// Assignments gives a copy of what the Access was made of.
func (a *Access) Assignments() []Assignment { return slices.Clone(a.assignments) }

// Decide says whether a caller may do an action on a thing that resources names,
// each in another spelling. The thing must lie in the scope of an assignment of
// the caller's and the role must allow the action on it; a Deny of any role
// assigned in that scope wins; nothing is allowed by default, and nothing to
// nobody. Who is Lax may do all.
func (a *Access) Decide(c Caller, action string, resources ...string) Decision {
	if lax(c) {
		return Decision{Allowed: true}
	}
	var d Decision
	for _, r := range a.held(c, resources) {
		switch found := r.Decide(action, resources...); {
		case found.Explicit:
			return found
		case !d.Allowed && (found.Allowed || d.File == ""):
			d = found
		}
	}
	return d
}

// Anywhere says whether any role assigned to a caller has a statement that allows
// the action on something: where it is not, no list of things has any for them.
func (a *Access) Anywhere(c Caller, action string) Decision {
	if lax(c) {
		return Decision{Allowed: true}
	}
	var d Decision
	for _, r := range a.held(c, nil) {
		if d.File == "" {
			d = Decision{File: r.File, Line: r.Line}
		}
		for i := range r.Statements {
			s := &r.Statements[i]
			if !s.Deny && slices.ContainsFunc(s.Actions, func(p string) bool { return matchAction(p, action) }) {
				return Decision{Allowed: true, File: r.File, Line: s.Line}
			}
		}
	}
	return d
}

// lax is only who was not proven: who was is judged, in `dev` too.
func lax(c Caller) bool { return c.Lax && c.Kind == "" }

// held gives the roles that a caller holds where a thing lies, in the order of the
// assignments; of every scope where resources is empty.
func (a *Access) held(c Caller, resources []string) (out []*Role) {
	if a == nil || c.Kind == "" || c.ID == "" {
		return nil
	}
	for i := range a.assignments {
		as := &a.assignments[i]
		if r := a.roles[as.Role]; r != nil && as.names(c) && (len(resources) == 0 || as.Scope.Has(resources...)) {
			out = append(out, r)
		}
	}
	return out
}

func (as *Assignment) names(c Caller) bool {
	if as.Provider != "" && as.Provider != c.Provider {
		return false
	}
	if as.Kind == KindGroup {
		return slices.Contains(c.Groups, as.ID)
	}
	return as.Kind == c.Kind && as.ID == c.ID
}

// Subject is a caller as an execution keeps who started it; empty for nobody.
func (c Caller) Subject() string {
	if c.Kind == "" {
		return ""
	}
	return c.String()
}
