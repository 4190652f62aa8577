// Package expr compiles and runs policy expressions: the C# subset that Azure
// API Management allows between "@(" and ")" and between "@{" and "}".
//
// It is not a C# compiler and not .NET: types and members come from one closed
// table (package library), there is no reflection, and whatever the table does not
// name is a diagnostic when the policy loads, never a surprise when a request runs.
// policy compiles expressions, policies and the gateway run them.
//
// A text passes through: package syntax (lexer and parser; a tree with byte
// offsets) → the binder here, which finds every static type, chooses overloads and
// conversions as C# does, and makes closures → Program. Run evaluates the closures
// over an Env, on the values and the counting machine of package clr.
//
// Invariants: a Program never changes and may run on many goroutines; a run
// reaches the world through its Env alone; every loop iteration, call and byte
// of a made string or collection is charged to the Env's budget, so that each
// run ends; a C# exception that nothing catches, and an empty budget, come back
// as *Fault with a place in the policy document.
package expr

import (
	"fmt"

	"stile/diag"
	"stile/policy/expr/clr"
	"stile/policy/expr/syntax"
)

// Program is one compiled policy expression.
type Program struct {
	source string
	src    *diag.Source
	base   int
	body   code
	slots  int
}

// Fault is why an evaluation gave no value: an exception that nothing caught, or
// an exhausted budget. Policies turn it into the error reason
// ExpressionValueEvaluationFailure.
type Fault struct {
	Message string
	// Offset is the byte offset in the policy document.
	Offset int
	// Line and Column start at 1.
	Line, Column int
}

// Error gives the message with its place.
func (f *Fault) Error() string {
	return fmt.Sprintf("expression evaluation failed at %d:%d: %s", f.Line, f.Column, f.Message)
}

// Compile parses and checks one policy expression. text is what stands between
// "@(" and ")" or, where block is set, between "@{" and "}". base is the byte
// offset of text inside src: every diagnostic has its place in the policy
// document. The program is nil where the list has errors.
func Compile(src *diag.Source, base int, text string, block bool) (*Program, diag.List) {
	r := &syntax.Report{Src: src, Base: base}
	tree := syntax.Parse(r, text, block)
	if r.List.HasErrors() {
		return nil, r.List.Sort()
	}
	p := &Program{source: text, src: src, base: base}
	bind(r, tree, p)
	if r.List.HasErrors() {
		return nil, r.List.Sort()
	}
	return p, r.List.Sort()
}

// Run evaluates the program. The value has one of the Go forms that
// clr.Value lists; the error is a *Fault.
func (p *Program) Run(env *clr.Env) (v clr.Value, err error) {
	f := p.frame(env)
	defer func() {
		if r := recover(); r != nil {
			v, err = nil, p.fault(f.m, r)
		}
		if f.scratch != nil {
			f.scratch.Leave()
		}
	}()
	return p.body(f), nil
}

// frame makes the outermost frame, in the room that the Env has where it is free.
func (p *Program) frame(env *clr.Env) *frame {
	if env == nil || p.slots > len(clr.Scratch{}.Slots) || !env.Scratch.Take(env) {
		return &frame{m: clr.NewMachine(env), slots: make([]clr.Value, p.slots)}
	}
	s := env.Scratch
	f := s.Frame.(*frame)
	*f = frame{m: &s.Machine, slots: s.Slots[:p.slots], scratch: s}
	return f
}

// fault turns what a run panicked with into the Fault that the host sees.
func (p *Program) fault(m *clr.Machine, r any) *Fault {
	f := &Fault{Offset: p.base + m.Pos}
	switch r := r.(type) {
	case *clr.Thrown:
		f.Offset, f.Message = p.base+r.Pos, r.Exc.Describe()
	case clr.Exhausted:
		f.Message = string(r)
	default:
		f.Message = fmt.Sprintf("internal error of the evaluator: %v", r)
	}
	if p.src != nil {
		f.Line, f.Column = p.src.Place(f.Offset)
	}
	return f
}
