package files

import (
	"strconv"
	"time"
	"unicode/utf8"

	"stile/internal/callback"
	"stile/internal/config/doctree"
	"stile/internal/sfn"
	"stile/jsonval"
)

const (
	maxLabel   = 80
	maxTitle   = 200
	maxShown   = 20
	maxChoices = 20
)

// approval reads states: NAME: approval: of NAME.workflow.yaml.
func approval(r *doctree.Reader, to **callback.Approval) func(*doctree.Node) {
	return func(n *doctree.Node) {
		a := &callback.Approval{File: r.Source().File(), Line: n.Line}
		r.Map(n, "an approval",
			doctree.Field{Name: "title", Read: func(n *doctree.Node) {
				r.NonEmpty(&a.Title)(n)
				atMost(r, n, "title", a.Title, maxTitle)
			}},
			doctree.Field{Name: "show", Read: func(n *doctree.Node) { showPaths(r, n, a) }},
			doctree.Field{Name: "choices", Read: func(n *doctree.Node) {
				r.Each(func(n *doctree.Node) { a.Choices = append(a.Choices, choice(r, n)) })(n)
				if n.Kind == doctree.List && (len(a.Choices) == 0 || len(a.Choices) > maxChoices) {
					r.Fault(n, doctree.CodeValue, "choices has 1 to "+strconv.Itoa(maxChoices)+" entries",
						"without the key the page takes any JSON")
				}
			}})
		labels := map[string]bool{}
		for _, c := range a.Choices {
			if c.Label != "" && labels[c.Label] {
				r.Fault(n, doctree.CodeDuplicate, "two choices have the label "+strconv.Quote(c.Label), "give each its own")
			}
			labels[c.Label] = true
		}
		*to = a
	}
}

func showPaths(r *doctree.Reader, n *doctree.Node, a *callback.Approval) {
	var paths []string
	r.Texts(&paths)(n)
	if len(paths) > maxShown {
		r.Fault(n, doctree.CodeValue, "show has at most "+strconv.Itoa(maxShown)+" paths", "")
	}
	for i, text := range paths {
		s, err := callback.NewShown(text)
		if err != nil {
			r.Fault(at(n, i), doctree.CodeValue, strconv.Quote(text)+" is no JSONPath: "+err.Error(),
				"write a path into the state's input, such as $.order.total, or $$.Execution.Name")
			continue
		}
		a.Show = append(a.Show, s)
	}
}

// at is the node of a list's entry; the list itself stands for a single text.
func at(n *doctree.Node, i int) *doctree.Node {
	if i < len(n.Items) {
		return n.Items[i]
	}
	return n
}

func atMost(r *doctree.Reader, n *doctree.Node, name, text string, most int) {
	if utf8.RuneCountInString(text) > most {
		r.Fault(n, doctree.CodeValue, name+" has at most "+strconv.Itoa(most)+" characters", "")
	}
}

// choice reads {label, output} or {label, error, cause}.
func choice(r *doctree.Reader, n *doctree.Node) (c callback.Choice) {
	var output, failure bool
	r.Map(n, "a choice",
		doctree.Field{Name: "label", Required: true, Read: func(n *doctree.Node) {
			r.NonEmpty(&c.Label)(n)
			atMost(r, n, "label", c.Label, maxLabel)
		}},
		doctree.Field{Name: "output", Read: func(n *doctree.Node) {
			output = true
			v, err := jsonval.Parse(n.JSON())
			if err != nil || len(v.Raw()) > sfn.MaxData {
				r.Fault(n, doctree.CodeValue, "output is no JSON that a state may have", "write a map, a list or a scalar of at most 256 KiB")
				return
			}
			c.Output = v
		}},
		doctree.Field{Name: "error", Read: func(n *doctree.Node) {
			failure = true
			r.NonEmpty(&c.Error)(n)
			atMost(r, n, "error", c.Error, sfn.MaxError)
		}},
		doctree.Field{Name: "cause", Read: func(n *doctree.Node) {
			failure = true
			r.Text(&c.Cause)(n)
			atMost(r, n, "cause", c.Cause, sfn.MaxCause)
		}})
	c.Fail = failure
	if n.Kind == doctree.Map && output == failure {
		r.Fault(n, doctree.CodeValue, "a choice either has output, or error and cause", "a choice without effect: write output: {}")
	}
	return c
}

// StateOptions are what NAME.workflow.yaml says of one state.
type StateOptions struct {
	Name         string
	Line, Column int
	// Approval is how the approval page shows the state; nil: as a JSON box.
	Approval *callback.Approval
	// Limit is how long the state may take before its execution counts as stuck; 0:
	// the default.
	Limit time.Duration
}

// State gives the options of a state, nil where there are none.
func (m *StateMachine) State(name string) *StateOptions {
	for i := range m.States {
		if m.States[i].Name == name {
			return &m.States[i]
		}
	}
	return nil
}

// states reads the options by state; whether a state is there is not known here.
func (m *StateMachine) states(r *doctree.Reader) func(*doctree.Node) {
	return func(n *doctree.Node) {
		if n.Kind != doctree.Map {
			r.Fault(n, doctree.CodeValue, "states must be a map from the names of states to their options", "write states: {Approve: {approval: {…}}}")
			return
		}
		for _, member := range n.Members {
			s := StateOptions{Name: member.Name, Line: member.Line, Column: member.Column}
			r.Map(member.Value, "a state's options", s.fields(r)...)
			m.States = append(m.States, s)
		}
	}
}

// fields are the keys that a state's options may have.
func (s *StateOptions) fields(r *doctree.Reader) []doctree.Field {
	return []doctree.Field{
		{Name: "approval", Read: approval(r, &s.Approval)},
		{Name: "limit", Read: limit(r, &s.Limit)},
	}
}
