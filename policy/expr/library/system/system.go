// Package system is the allow-list's share of namespace System and its neighbours that
// stands on values alone: time zones, IP addresses, tuples, writers of text, exceptions, random numbers,
// enumerations and bytes of numbers.
//
// It knows no zone and no address of the machine: zones come from Env.Zone, and the
// local one is UTC. Package library joins Specs to its tables; nothing else calls it.
//
// Invariants: natives keep nothing of their argument slice; what a host gives may be
// shared by all runs and is never changed.
package system

import (
	"stile/policy/expr/clr"
)

// Specs gives the tables of this package; some add members to types of package library.
func Specs() []clr.TypeSpec {
	var all []clr.TypeSpec
	for _, part := range [][]clr.TypeSpec{
		exceptionSpecs(), randomSpecs(), guidSpecs(), exactSpecs(), mathSpecs(), convertSpecs(), zoneSpecs(), addressSpecs(), tupleSpecs(), textSpecs(), enumSpecs(), bitSpecs(),
	} {
		all = append(all, part...)
	}
	return all
}

// constant gives the same value always.
func constant(v clr.Value) clr.Native {
	return func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return v }
}

// needText reads a string argument that must not be null.
func needText(m *clr.Machine, v clr.Value, name string) string {
	s, ok := v.(string)
	if !ok {
		null(m, name)
	}
	return s
}

func null(m *clr.Machine, name string) {
	m.Throw(clr.TypeArgumentNull, "Value cannot be null.\nParameter name: "+name)
}

func set(ref, v clr.Value) {
	if r, ok := ref.(*clr.Ref); ok {
		r.Set(v)
	}
}

// text reads a string argument; null is "".
func text(v clr.Value) string {
	s, _ := v.(string)
	return s
}
