package mock

import (
	"strings"

	"stile/asl"
	"stile/diag"
	"stile/internal/shapes"
	"stile/jsonval"
)

// Machine is a definition that a mock file may be for.
type Machine struct {
	Name    string
	Program *asl.Program
}

// Check holds the file against the definitions of its project. All that it finds
// are warnings: a state machine may have come over the API, and a mock need not be
// what the service would answer.
func (f *File) Check(machines []Machine) diag.List {
	c := &checker{file: f}
	var names []string
	programs := map[string]*asl.Program{}
	for _, m := range machines {
		programs[m.Name], names = m.Program, append(names, m.Name)
	}
	for _, e := range f.machines {
		p := programs[e.name]
		if p == nil {
			c.warn(e.line, e.column, CodeState, "the project has no state machine "+e.name, hint(e.name, names, "its test cases serve one that is created over the API"))
			continue
		}
		for _, tc := range e.cases {
			for _, s := range tc.states {
				c.state(p, e.name, s)
			}
		}
	}
	return c.faults.Sort()
}

type checker struct {
	file   *File
	faults diag.List
}

func (c *checker) warn(line, column int, code, message, hint string) {
	c.faults = append(c.faults, diag.Diagnostic{Code: code, Severity: diag.Warning, File: c.file.Name(),
		Line: line, Column: column, Message: message, Hint: hint, Excerpt: c.file.src.Line(line)})
}

func (c *checker) state(p *asl.Program, machine string, s mocked) {
	state := p.States[s.state]
	if state == nil || state.Task == nil {
		what := "the state machine " + machine + " has no state " + s.state
		if state != nil {
			what = "the state " + s.state + " of " + machine + " is a " + string(state.Type) + ": only a Task can be mocked"
		}
		var tasks []string
		for _, t := range p.Ordered {
			if t.Task != nil {
				tasks = append(tasks, t.Name)
			}
		}
		c.warn(s.line, s.column, CodeState, what, hint(s.state, tasks, ""))
		return
	}
	// The answer of a job or of a token is not the service's own.
	if t := state.Task; t.Kind == asl.Integration && t.Pattern == "" {
		c.results(t.Resource, s.state, c.file.responses[s.response])
	}
}

// results holds what a response returns against the model of the Task's service.
func (c *checker) results(resource, state string, r response) {
	for _, a := range r.answers {
		if a.result == nil {
			continue
		}
		v, err := jsonval.Parse(a.result.JSON())
		if err != nil {
			continue
		}
		problem, limited := shapes.CheckResult(resource, v, shapes.Strict)
		if problem == "" {
			if limited && !free(resource) {
				c.warn(a.result.Line, a.result.Column, CodeResult, "the response "+r.name+" is not checked: Stile has no model of "+api(resource),
					"hold it against what the service answered once")
				return
			}
			continue
		}
		c.warn(a.result.Line, a.result.Column, CodeResult, "the response "+r.name+" is not what "+api(resource)+" answers to the state "+state+": "+
			strings.TrimPrefix(problem, "Mock result schema validation error: "), "the mock is used as it stands")
	}
}

// free reports whether any answer is right: those of HTTP Tasks are bound to no model.
func free(resource string) bool {
	service, _, _ := strings.Cut(api(resource), ":")
	return service == "http" || service == "apigateway"
}

// api is the SERVICE:API of a resource.
func api(resource string) string {
	p := strings.SplitN(resource, ":", 6)
	return p[len(p)-1]
}

func hint(name string, known []string, otherwise string) string {
	if near, ok := diag.Nearest(name, known); ok {
		return "did you mean " + near + "?"
	}
	if otherwise == "" && len(known) > 0 {
		return "its Tasks are " + strings.Join(known, ", ")
	}
	return otherwise
}
