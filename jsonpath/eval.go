package jsonpath

import (
	"fmt"

	"stile/jsonval"
)

type evaluator struct {
	root   jsonval.Value
	budget int
	// fromRoot keeps the values of operands that begin at the root: they are the
	// same for every node that a filter tests.
	fromRoot map[int]found
}

type found struct {
	v   jsonval.Value
	err error
}

// spend charges the visit of a node.
func (e *evaluator) spend(v jsonval.Value) error {
	if e.budget -= 1 + len(v.Raw())>>8; e.budget < 0 {
		return &LimitError{"the path needs too much work on this value"}
	}
	return nil
}

// path evaluates segs from v. Only a definite path reports what is missing.
func (e *evaluator) path(segs []segment, definite bool, v jsonval.Value) (jsonval.Value, error) {
	function := ""
	if n := len(segs); n > 0 && segs[n-1].kind == segFunction {
		function, segs = segs[n-1].function, segs[:n-1]
		in, err := e.path(segs, definiteNoFunction(segs), v)
		if err != nil {
			return in, err
		}
		return apply(function, in)
	}
	if definite {
		return e.one(segs, v)
	}
	if err := lead(segs, v); err != nil {
		return v, err
	}
	var out jsonval.Array
	size := 0
	err := e.walk(segs, v, func(m jsonval.Value) error {
		if size += len(m.Raw()); size > MaxBytes {
			return &LimitError{"the path collects too much of this value"}
		}
		out.Add(m)
		return nil
	})
	if err != nil {
		return jsonval.Value{}, err
	}
	return out.Value(), nil
}

func definiteNoFunction(segs []segment) bool {
	for i := range segs {
		if !segs[i].definite(i == len(segs)-1) {
			return false
		}
	}
	return true
}

// lead refuses an indefinite path whose first slice, list of indexes or filter is
// reached by names and indexes alone and finds a value that it cannot apply to. Where
// the way to it is missing the path gives nothing, as AWS was seen to do.
func lead(segs []segment, v jsonval.Value) error {
	for i := 0; i < len(segs) && v.Exists() && !segs[i].deep; i++ {
		s := &segs[i]
		switch {
		case s.kind == segNames && len(s.names) == 1:
			v = v.Get(s.names[0])
		case s.kind == segIndexes || s.kind == segSlice:
			if v.Kind() != jsonval.ArrayKind {
				return notArray(s, v)
			}
			if s.kind == segSlice || len(s.indexes) > 1 {
				return nil
			}
			v = index(v, s.indexes[0])
		case s.kind == segFilter && v.Kind() != jsonval.ArrayKind && v.Kind() != jsonval.ObjectKind:
			return &NotFound{reason: "Filter: [?] can not be applied to primitives. Current context is: " + v.Text(), unfit: true}
		default:
			return nil
		}
	}
	return nil
}

func notArray(s *segment, v jsonval.Value) error {
	return &NotFound{reason: "Filter: " + trail([]segment{*s})[1:] + " can only be applied to arrays. Current context is: " + v.Text(), unfit: true}
}

// one follows a definite path.
func (e *evaluator) one(segs []segment, v jsonval.Value) (jsonval.Value, error) {
	for i := range segs {
		if err := e.spend(v); err != nil {
			return v, err
		}
		s := &segs[i]
		if s.kind == segNames && len(s.names) > 1 {
			if v.Kind() != jsonval.ObjectKind {
				return v, wrongKind(segs, i, v)
			}
			return merge(v, s.names), nil
		}
		if s.kind == segIndexes {
			if v.Kind() != jsonval.ArrayKind {
				return v, notArray(s, v)
			}
			if v = index(v, s.indexes[0]); !v.Exists() {
				return v, &NotFound{reason: "No results for path: " + trail(segs), pastEnd: i == len(segs)-1 && s.indexes[0] >= 0}
			}
			continue
		}
		if v.Kind() != jsonval.ObjectKind {
			return v, wrongKind(segs, i, v)
		}
		if v = v.Get(s.names[0]); !v.Exists() {
			if i == len(segs)-1 {
				return v, &NotFound{reason: "No results for path: " + trail(segs)}
			}
			return v, &NotFound{reason: "Missing property in path " + trail(segs[:i+1])}
		}
	}
	return v, nil
}

func wrongKind(segs []segment, i int, v jsonval.Value) error {
	at := trail(segs[i : i+1])[1:]
	return &NotFound{reason: fmt.Sprintf("Expected to find an object with property %s in path %s but found '%s'.",
		at, trail(segs[:i]), v.Kind())}
}

func merge(v jsonval.Value, names []string) jsonval.Value {
	var o jsonval.Object
	for i, n := range names {
		if m := v.Get(n); m.Exists() && !contains(names[:i], n) {
			o.Add(n, m)
		}
	}
	return o.Value()
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// index counts from the end where i is negative.
func index(v jsonval.Value, i int) jsonval.Value {
	if i < 0 {
		if i += v.Len(); i < 0 {
			return jsonval.Value{}
		}
	}
	return v.Index(i)
}

// walk emits every match of segs below v, in document order.
func (e *evaluator) walk(segs []segment, v jsonval.Value, emit func(jsonval.Value) error) error {
	if err := e.spend(v); err != nil {
		return err
	}
	if len(segs) == 0 {
		return emit(v)
	}
	if segs[0].deep {
		return e.scan(segs, v, emit)
	}
	return e.step(segs, v, emit)
}

// scan applies the first segment to v and to everything inside it.
func (e *evaluator) scan(segs []segment, v jsonval.Value, emit func(jsonval.Value) error) error {
	if err := e.spend(v); err != nil {
		return err
	}
	if segs[0].kind == segFilter {
		// Jayway tests each node itself here, so an object in an array is met once.
		ok, err := e.accepts(segs[0].filter, v)
		if err == nil && ok && v.Kind() == jsonval.ObjectKind {
			err = e.walk(segs[1:], v, emit)
		}
		if err != nil {
			return err
		}
	} else if err := e.step(segs, v, emit); err != nil {
		return err
	}
	return each(v, func(m jsonval.Value) error { return e.scan(segs, m, emit) })
}

// step applies the first segment to v alone.
func (e *evaluator) step(segs []segment, v jsonval.Value, emit func(jsonval.Value) error) error {
	s, rest := &segs[0], segs[1:]
	switch s.kind {
	case segNames:
		if len(s.names) > 1 && len(rest) == 0 {
			if m := merge(v, s.names); m.Len() > 0 {
				return e.walk(rest, m, emit)
			}
			return nil
		}
		for _, n := range s.names {
			if m := v.Get(n); m.Exists() {
				if err := e.walk(rest, m, emit); err != nil {
					return err
				}
			}
		}
	case segIndexes:
		for _, i := range s.indexes {
			if v.Kind() != jsonval.ArrayKind {
				return nil
			}
			if m := index(v, i); m.Exists() {
				if err := e.walk(rest, m, emit); err != nil {
					return err
				}
			}
		}
	case segWildcard:
		return each(v, func(m jsonval.Value) error { return e.walk(rest, m, emit) })
	case segSlice:
		return e.slice(s, rest, v, emit)
	case segFilter:
		return e.choose(s, rest, v, emit)
	}
	return nil
}

func (e *evaluator) slice(s *segment, rest []segment, v jsonval.Value, emit func(jsonval.Value) error) error {
	items := v.Items()
	from, to := 0, len(items)
	if s.from != nil {
		if from = *s.from; from < 0 {
			from = max(0, from+len(items))
		}
	}
	if s.to != nil {
		if to = *s.to; to < 0 {
			to += len(items)
		}
		to = min(to, len(items))
	}
	for ; from < to; from++ {
		if err := e.walk(rest, items[from], emit); err != nil {
			return err
		}
	}
	return nil
}

// choose keeps the items of an array that the filter accepts; an object is
// tested itself, as in Jayway.
func (e *evaluator) choose(s *segment, rest []segment, v jsonval.Value, emit func(jsonval.Value) error) error {
	test := func(m jsonval.Value) error {
		ok, err := e.accepts(s.filter, m)
		if err != nil || !ok {
			return err
		}
		return e.walk(rest, m, emit)
	}
	if v.Kind() == jsonval.ArrayKind {
		return each(v, test)
	}
	if v.Kind() == jsonval.ObjectKind {
		return test(v)
	}
	return nil
}

// each calls f with every child of v until an error.
func each(v jsonval.Value, f func(jsonval.Value) error) (err error) {
	switch v.Kind() {
	case jsonval.ArrayKind:
		v.EachItem(func(m jsonval.Value) bool { err = f(m); return err == nil })
	case jsonval.ObjectKind:
		for _, m := range v.Members() {
			if err = f(m.Value); err != nil {
				return err
			}
		}
	}
	return err
}
