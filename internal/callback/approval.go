package callback

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"stile/internal/sfn"
	"stile/jsonpath"
	"stile/jsonval"
)

// Approval is how the approval page shows a state that waits: what to read, and
// what can be answered. It never changes.
type Approval struct {
	Title   string
	Show    []Shown
	Choices []Choice
	// File and Line are where it stands.
	File string
	Line int
}

// Shown is one value of the page: a path into the state's input, or with $$ into
// the few parts of the context object that are known while the state waits.
type Shown struct {
	// Text is the path as it was written.
	Text    string
	path    *jsonpath.Path
	context bool
}

// Choice is one button: it completes with Output, or fails.
type Choice struct {
	Label string
	Answer
}

// NewShown compiles a path of an approval: $… or $$….
func NewShown(text string) (Shown, error) {
	s := Shown{Text: text, context: strings.HasPrefix(text, "$$")}
	expression := text
	if s.context {
		expression = text[1:]
	}
	var err error
	s.path, err = jsonpath.Compile(expression)
	return s, err
}

// Value reads the path. ok is false where there is nothing at it.
func (s Shown) Value(o Open, in sfn.TaskInput) (v jsonval.Value, ok bool) {
	root := in.Input
	if s.context {
		root = contextOf(o, in)
	}
	if s.path == nil || !root.Exists() {
		return v, false
	}
	v, err := s.path.Eval(root)
	return v, err == nil && v.Exists()
}

// contextOf is the context object without what only the running state has: the
// token above all, which no page may show.
func contextOf(o Open, in sfn.TaskInput) jsonval.Value {
	var execution, machine, state, root jsonval.Object
	execution.AddString("Id", o.Ref.ExecutionARN).AddString("Name", o.Execution)
	machine.AddString("Name", o.StateMachine)
	state.AddString("Name", o.State).AddString("EnteredTime", in.Entered.UTC().Format("2006-01-02T15:04:05.000Z"))
	state.AddInt("RetryCount", int64(o.Ref.Attempt)-1)
	root.Add("Execution", execution.Value()).Add("StateMachine", machine.Value()).Add("State", state.Value())
	return root.Value()
}

// Digest names what the page offers, so that a form made before a change of the
// file is not read by the choices after it. That of nil is that of no choices.
func (a *Approval) Digest() string {
	h := sha256.New()
	if a != nil {
		for _, c := range a.Choices {
			var o jsonval.Object
			o.AddString("label", c.Label).Add("fail", jsonval.OfBool(c.Fail)).AddString("error", c.Error).AddString("cause", c.Cause)
			o.AddString("output", string(c.Output.Raw()))
			h.Write(o.Value().Raw())
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
