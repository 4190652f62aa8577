package policy

import (
	"context"

	"stile/policy/exchange"
)

// Pipeline is the compiled policies of one operation: for each section, stretches
// of the steps of the scopes' documents in the order that their <base/> elements
// give. It never changes and may run on many goroutines.
type Pipeline struct {
	chain    []*Document // outermost scope first
	sections [len(sections)][]stretch
	count    int // steps in all stretches
	// preflight says that a step of inbound is for preflight requests.
	preflight bool
}

// stretch is consecutive steps of one document.
type stretch struct {
	level int // index in chain
	steps []step
}

// defaultGlobal is the global document of a service that has none: the backend is
// called, nothing else.
var defaultGlobal = &Document{
	source: Source{Scope: Global},
	sections: [len(sections)][]step{1: {{
		name: "forward-request", path: "forward-request", section: BackendSection, scope: Global, text: "<forward-request />",
		run: func(ctx context.Context, ex *exchange.Exchange, env *Env) error {
			return Forward(ctx, ex, env, ForwardOptions{})
		},
	}}},
}

// Link joins the documents of an operation's scopes, the global one and those below
// it, outermost first: workspace, product, API, operation. A nil document is the
// scope's default: only <base/> in each section; for the global scope
// forward-request in backend. It copies no steps.
func Link(global *Document, below ...*Document) *Pipeline {
	if global == nil {
		global = defaultGlobal
	}
	p := &Pipeline{chain: append(make([]*Document, 0, 1+len(below)), global)}
	for _, d := range below {
		if d != nil {
			p.chain = append(p.chain, d)
		}
	}
	for i := range sections {
		p.sections[i] = p.unfold(nil, len(p.chain)-1, i)
		for _, s := range p.sections[i] {
			p.count += len(s.steps)
			for k := range s.steps {
				p.preflight = p.preflight || s.steps[k].preflight
			}
		}
	}
	return p
}

// unfold appends a document's section with its parent's in place of each <base/>;
// at the outermost scope <base/> is nothing.
func (p *Pipeline) unfold(out []stretch, level, section int) []stretch {
	if level < 0 {
		return out
	}
	steps, from := p.chain[level].sections[section], 0
	for i := range steps {
		if !steps[i].base {
			continue
		}
		if from < i {
			out = append(out, stretch{level, steps[from:i]})
		}
		out = p.unfold(out, level-1, section)
		from = i + 1
	}
	if from < len(steps) {
		out = append(out, stretch{level, steps[from:]})
	}
	return out
}

// Effective is one policy of an operation's effective policy.
type Effective struct {
	Section, Scope string
	Policy, ID     string
	File           string
	Line, Column   int
	// Text is the element as written, named values put in, secrets as ***.
	Text string
}

// Effective lists the policies of all sections in the order in which they run.
func (p *Pipeline) Effective() []Effective {
	var out []Effective
	for i := range sections {
		for _, st := range p.sections[i] {
			for k := range st.steps {
				s := &st.steps[k]
				out = append(out, Effective{Section: s.section.String(), Scope: s.scope.String(), Policy: s.name, ID: s.id,
					File: s.file, Line: s.line, Column: s.column, Text: s.text})
			}
		}
	}
	return out
}

// Documents lists the linked documents, outermost scope first; the default global
// document is among them where there was none.
func (p *Pipeline) Documents() []*Document { return append([]*Document(nil), p.chain...) }
