package jsonpath

import (
	"fmt"

	"stile/jsonval"
)

// Reference is a reference path (States Language, "Reference Paths"): it names
// one place by names and indexes alone, so that a value can be put there.
type Reference struct{ path *Path }

// PlaceError says that a value cannot be put where a Reference points: something
// on the way exists and is of another kind. Step is the segment that failed.
type PlaceError struct{ Step string }

// Error names the step.
func (e *PlaceError) Error() string { return fmt.Sprintf("cannot apply step %q", e.Step) }

// CompileReference reads a reference path: "$", ".name", "['name']" and
// "[index]" only. Errors are *SyntaxError.
func CompileReference(text string) (*Reference, error) {
	p, err := Compile(text)
	if err != nil {
		return nil, err
	}
	for i := range p.segs {
		s := &p.segs[i]
		simple := s.kind == segNames && len(s.names) == 1 ||
			s.kind == segIndexes && len(s.indexes) == 1 && s.indexes[0] >= 0
		if s.deep || !simple {
			return nil, &SyntaxError{0, "a reference path takes names and indexes only (no .. * @ ? , : or function)"}
		}
	}
	return &Reference{p}, nil
}

// Text is the path as given to CompileReference.
func (r *Reference) Text() string { return r.path.text }

// Root says that the reference is "$".
func (r *Reference) Root() bool { return len(r.path.segs) == 0 }

// Steps gives the names and indexes in order, as text.
func (r *Reference) Steps() []string {
	out := make([]string, len(r.path.segs))
	for i := range r.path.segs {
		out[i] = stepText(&r.path.segs[i])
	}
	return out
}

// MissingStep gives the first step that root has no value for; ok is false where
// all are there.
func (r *Reference) MissingStep(root jsonval.Value) (step string, ok bool) {
	for i := range r.path.segs {
		s := &r.path.segs[i]
		if s.kind == segNames {
			root = root.Get(s.names[0])
		} else {
			root = root.Index(s.indexes[0])
		}
		if !root.Exists() {
			return stepText(s), true
		}
	}
	return "", false
}

func stepText(s *segment) string {
	if s.kind == segNames {
		return s.names[0]
	}
	return fmt.Sprint(s.indexes[0])
}

// Eval gives the value at the place, or *NotFound.
func (r *Reference) Eval(root jsonval.Value) (jsonval.Value, error) { return r.path.Eval(root) }

// Set gives root with v at the place. Missing objects on the way are made; an
// index must name an item that is there. Errors are *PlaceError, which callers
// report as States.ResultPathMatchFailure.
func (r *Reference) Set(root, v jsonval.Value) (jsonval.Value, error) {
	return set(r.path.segs, root, v)
}

func set(segs []segment, at, v jsonval.Value) (jsonval.Value, error) {
	if len(segs) == 0 {
		return v, nil
	}
	s := &segs[0]
	if s.kind == segIndexes {
		i := s.indexes[0]
		old := at.Index(i)
		if !old.Exists() {
			return at, &PlaceError{stepText(s)}
		}
		m, err := set(segs[1:], old, v)
		if err != nil {
			return at, err
		}
		out, _ := at.SetIndex(i, m)
		return out, nil
	}
	if at.Exists() && at.Kind() != jsonval.ObjectKind {
		return at, &PlaceError{stepText(s)}
	}
	m, err := set(segs[1:], at.Get(s.names[0]), v)
	if err != nil {
		return at, err
	}
	if !at.Exists() {
		at = jsonval.EmptyObject
	}
	return at.Set(s.names[0], m), nil
}
