package asl

import (
	"slices"

	"stile/diag"
	"stile/jsonata"
)

// read is a place where an expression reads a variable.
type read struct {
	name, path string
	at         *node
	scope      *scope
	state      string
	offset     int // of the name inside a JSONata expression; 0: the node's
	// builtIn says that it is a function's name, which a variable may hide.
	builtIn bool
}

// assignment is a place where a state of a body assigns a variable.
type assignment struct {
	name, path string
	at         member
	scope      *scope
}

// assigning notes an assignment in the body that is being compiled.
func (c *compiler) assigning(name string, m member, path string) {
	if c.scope == nil {
		return
	}
	c.assigns = append(c.assigns, assignment{name, path, m, c.scope})
	c.scope.assigned[name] = true
	if c.current != nil {
		c.scope.assigners[name] = append(c.scope.assigners[name], c.current)
	}
}

// variables warns of variables that are read but assigned nowhere, and tells of
// those that a branch or item processor assigns although a body around it does: a
// body reads what is outside it, but neither writes nor hides it. That is a fault
// where the outer variable is there before, as AWS has it, else a warning.
func (c *compiler) variables() {
	var names []string
	assigned := map[string]bool{}
	for _, a := range c.assigns {
		if !assigned[a.name] {
			assigned[a.name] = true
			names = append(names, a.name)
		}
		for sc := a.scope; sc.outer != nil && !sc.apart; sc = sc.outer {
			if !sc.outer.assigned[a.name] {
				continue
			}
			severity := diag.Warning
			if sc.outer.before(a.name, sc.owner) {
				severity = diag.Error
			}
			c.named(a.at, CodeShadow, severity, a.path,
				"The variable $"+a.name+" is assigned outside this branch or item processor too",
				"a body cannot change the variables around it; give this one another name")
			break
		}
	}
	var functions []string // of JSONata, where a hint asks for them
	for _, r := range c.reads {
		if r.builtIn {
			continue
		}
		if r.walled() {
			c.wrong(r.at, r.path, "The variable $"+r.name+" belongs to the execution around a distributed Map, which its item processor cannot read",
				"hand the value in by ItemSelector, or by BatchInput of ItemBatcher")
			continue
		}
		if !assigned[r.name] {
			if r.offset > 0 && functions == nil {
				functions = jsonata.Functions()
			}
			c.unassigned(r, names, functions)
		}
	}
}

// finds says that the body or one around it assigns the variable.
func (sc *scope) finds(name string) bool {
	for ; sc != nil; sc = sc.outer {
		if sc.assigned[name] {
			return true
		}
	}
	return false
}

// before says that a state which leads to another one of the body assigns the
// variable: the other one then finds it, and its bodies may not have their own.
func (sc *scope) before(name string, st *State) bool {
	reached := map[*State]bool{}
	for _, from := range sc.assigners[name] {
		if from != st {
			sc.flood(from, reached)
		}
	}
	return reached[st]
}

// unassigned warns of a read that finds nothing, in an expression at its own place.
func (c *compiler) unassigned(r read, names, functions []string) {
	message := "No state assigns the variable $" + r.name
	if r.offset == 0 {
		c.report(r.at, CodeVariable, diag.Warning, r.path, message, c.didYouMean(r.name, names))
		return
	}
	c.put(r.offset, diag.Diagnostic{Code: CodeVariable, Severity: diag.Warning, Path: r.path, Message: message,
		Hint: c.didYouMean(r.name, slices.Concat(names, functions)), Width: len([]rune(r.name)) + 1})
}

// references lists the variables that each state's expressions read.
func (c *compiler) references() map[string][]string {
	m := map[string][]string{}
	for _, r := range c.reads {
		if r.builtIn && !r.scope.finds(r.name) {
			continue
		}
		if i, found := slices.BinarySearch(m[r.state], r.name); !found {
			m[r.state] = slices.Insert(m[r.state], i, r.name)
		}
	}
	return m
}

// walled says that the variable is assigned outside of the distributed Map whose
// item processor reads it, and nowhere inside.
func (r read) walled() bool {
	apart := false
	for sc := r.scope; sc != nil; sc = sc.outer {
		if sc.assigned[r.name] {
			return apart
		}
		apart = apart || sc.apart
	}
	return false
}
