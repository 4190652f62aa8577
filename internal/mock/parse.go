package mock

import (
	"fmt"
	"slices"

	"stile/asl/interp"
	"stile/diag"
	"stile/internal/config/doctree"
	"stile/jsonval"
)

// Parse reads a mock file. Where it has an error the File is nil; the faults may be
// warnings alone.
func Parse(src *diag.Source) (*File, diag.List) {
	root, faults := doctree.ParseJSON(src)
	if faults.HasErrors() {
		return nil, faults
	}
	p := &parser{Reader: doctree.NewReader(src), file: &File{src: src}}
	p.Loose = true // Step Functions Local reads past what it does not know
	p.Map(root, "the mock file",
		doctree.Field{Name: "MockedResponses", Read: p.each(p.response)},
		doctree.Field{Name: "StateMachines"})
	// The cases name responses, which may stand behind them.
	if machines := root.Get("StateMachines"); machines != nil {
		p.each(p.machine)(machines)
	}
	if faults = append(faults, p.Faults()...).Sort(); faults.HasErrors() {
		return nil, faults
	}
	return p.file, faults
}

type parser struct {
	*doctree.Reader
	file *File
}

// each reads the members of an object by name.
func (p *parser) each(read func(doctree.Member)) func(*doctree.Node) {
	return func(n *doctree.Node) {
		if p.kind(n, doctree.Map, "an object") {
			for _, m := range n.Members {
				read(m)
			}
		}
	}
}

func (p *parser) kind(n *doctree.Node, k doctree.Kind, want string) bool {
	if n.Kind != k {
		p.Fault(n, doctree.CodeValue, "this is "+n.Kind.String()+", not "+want, "")
	}
	return n.Kind == k
}

func (p *parser) response(m doctree.Member) {
	r := response{name: m.Name}
	p.each(func(inv doctree.Member) { p.answer(&r, inv) })(m.Value)
	if v, err := jsonval.Parse(m.Value.JSON()); err == nil {
		r.value = v
	}
	p.file.responses = append(p.file.responses, r)
	if m.Value.Kind != doctree.Map {
		return
	}
	if len(r.answers) == 0 {
		p.Warn(m.Line, m.Column, CodeGap, "the response "+m.Name+" answers no invocation", "a state that has it fails with States.Runtime")
	}
	p.gaps(&r)
}

func (p *parser) answer(r *response, m doctree.Member) {
	a := answer{line: m.Line, column: m.Column}
	var ok bool
	if a.first, a.last, ok = interp.MockRange(m.Name); !ok {
		p.FaultAt(m.Line, m.Column, CodeRange, fmt.Sprintf("%q is no number of an invocation", m.Name),
			`write a number from 0, such as "0", or the first and the last of several, such as "1-2"`)
		return
	}
	for _, b := range r.answers {
		if a.first <= b.last && b.first <= a.last {
			p.FaultAt(m.Line, m.Column, CodeRange, fmt.Sprintf("the invocation %d of the response %s has two answers", max(a.first, b.first), r.name),
				"let each invocation stand in one key alone")
			return
		}
	}
	p.outcome(&a, m)
	r.answers = append(r.answers, a)
}

// outcome reads Return or Throw.
func (p *parser) outcome(a *answer, m doctree.Member) {
	if !p.kind(m.Value, doctree.Map, "an object with Return or Throw") {
		return
	}
	result, throw := m.Value.Get("Return"), m.Value.Get("Throw")
	for _, x := range m.Value.Members {
		if x.Name != "Return" && x.Name != "Throw" {
			p.Warn(x.Line, x.Column, doctree.CodeNotUsed, fmt.Sprintf("the property %q of an answer is not used", x.Name), "an answer is Return or Throw")
		}
	}
	switch {
	case (result == nil) == (throw == nil):
		what := "neither Return nor Throw"
		if result != nil {
			what = "both Return and Throw"
		}
		p.FaultAt(m.Line, m.Column, CodeAnswer, fmt.Sprintf("the answer %q has %s", m.Name, what), "write one of the two")
	case throw != nil:
		p.throw(throw)
	default:
		a.result = result
	}
}

func (p *parser) throw(n *doctree.Node) {
	if n.Kind != doctree.Map {
		p.Fault(n, CodeAnswer, "a Throw must be an object with Error and Cause", "")
		return
	}
	for _, name := range []string{"Error", "Cause"} {
		switch v := n.Get(name); {
		case v == nil && name == "Error":
			p.Fault(n, CodeAnswer, "the Throw has no Error", "add the name of the error")
		case v != nil && v.Kind != doctree.String:
			p.Fault(v, CodeAnswer, name+" of a Throw must be text", "")
		case v != nil && name == "Error" && v.Text == "":
			p.Fault(v, CodeAnswer, "the Error of a Throw is empty", "write the name of the error")
		}
	}
}

// gaps warns of invocations before the last one that no key names.
func (p *parser) gaps(r *response) {
	sorted := slices.Clone(r.answers)
	slices.SortFunc(sorted, func(a, b answer) int {
		if a.first < b.first {
			return -1
		}
		return 1
	})
	next := uint64(0)
	for _, a := range sorted {
		if a.first > next {
			p.Warn(a.line, a.column, CodeGap, fmt.Sprintf("the response %s has no answer for the invocation %d", r.name, next),
				"a state that is invoked so often fails with States.Runtime; count from 0 without a gap")
		}
		next = a.last + 1
	}
}

func (p *parser) machine(m doctree.Member) {
	e := entry{name: m.Name, line: m.Line, column: m.Column}
	if p.kind(m.Value, doctree.Map, "an object with TestCases") {
		p.Map(m.Value, "the state machine "+m.Name, doctree.Field{Name: "TestCases", Required: true,
			Read: p.each(func(c doctree.Member) { p.testCase(&e, c) })})
	}
	p.file.machines = append(p.file.machines, e)
}

func (p *parser) testCase(e *entry, m doctree.Member) {
	c := testCase{name: m.Name}
	p.each(func(s doctree.Member) {
		if !p.kind(s.Value, doctree.String, "the name of a response") {
			return
		}
		i := slices.IndexFunc(p.file.responses, func(r response) bool { return r.name == s.Value.Text })
		if i < 0 {
			p.Fault(s.Value, CodeResponse, "there is no response "+s.Value.Text+" in MockedResponses", p.near(s.Value.Text))
			return
		}
		c.states = append(c.states, mocked{s.Name, s.Line, s.Column, i})
	})(m.Value)
	e.cases = append(e.cases, c)
}

func (p *parser) near(name string) string {
	var known []string
	for _, r := range p.file.responses {
		known = append(known, r.name)
	}
	if near, ok := diag.Nearest(name, known); ok {
		return "did you mean " + near + "?"
	}
	return "there are: " + list(known)
}
