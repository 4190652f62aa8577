package asl

import "stile/diag"

// read is a place where an expression reads a variable.
type read struct {
	name, path string
	at         *node
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
}

// variables warns of variables that are read but assigned nowhere, and of those
// that a branch or item processor assigns although a body around it does: a body
// reads what is outside it, but has its own variables.
func (c *compiler) variables() {
	var names []string
	assigned := map[string]bool{}
	for _, a := range c.assigns {
		if !assigned[a.name] {
			assigned[a.name] = true
			names = append(names, a.name)
		}
		for sc := a.scope.outer; sc != nil; sc = sc.outer {
			if sc.assigned[a.name] {
				c.named(a.at, CodeShadow, diag.Warning, a.path,
					"The variable $"+a.name+" is assigned outside this branch or item processor too",
					"an inner assignment never changes the outer variable; give it another name")
				break
			}
		}
	}
	for _, r := range c.reads {
		if !assigned[r.name] {
			c.report(r.at, CodeVariable, diag.Warning, r.path, "No state assigns the variable $"+r.name,
				c.didYouMean(r.name, names))
		}
	}
}
