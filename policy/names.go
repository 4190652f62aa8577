package policy

import (
	"slices"

	"stile/policy/exchange"
)

// String gives the section's name in documents.
func (s Section) String() string {
	switch s {
	case Inbound:
		return "inbound"
	case BackendSection:
		return "backend"
	case Outbound:
		return "outbound"
	case OnError:
		return "on-error"
	}
	return joinSet(uint8(s), func(b uint8) string { return Section(b).String() })
}

// String gives the scope's name as LastError.Scope spells it.
func (s Scope) String() string {
	switch s {
	case Global:
		return "global"
	case Workspace:
		return "workspace"
	case Product:
		return "product"
	case API:
		return "api"
	case Operation:
		return "operation"
	}
	return joinSet(uint8(s), func(b uint8) string { return Scope(b).String() })
}

// joinSet names the members of a set of bits.
func joinSet(set uint8, name func(uint8) string) string {
	text := ""
	for b := uint8(1); b != 0 && b <= set; b <<= 1 {
		if set&b == 0 || set == b {
			continue
		}
		if text != "" {
			text += ", "
		}
		text += name(b)
	}
	return text
}

// sections lists the sections in the order in which they are kept.
var sections = [...]Section{Inbound, BackendSection, Outbound, OnError}

// index gives the place of a single section in sections.
func (s Section) index() int { return slices.Index(sections[:], s) }

// NameKind is a kind of names outside a document.
type NameKind uint8

// The kinds that Namer knows.
const (
	NamedValueNames NameKind = iota
	FragmentNames
	BackendNames
)

// Namer may be implemented by Values, so that a diagnostic can name the nearest
// name that exists.
type Namer interface {
	// Names lists all names of one kind.
	Names(kind NameKind) []string
}

func namesOf(v Values, kind NameKind) []string {
	if n, ok := v.(Namer); ok {
		names := slices.Clone(n.Names(kind))
		slices.Sort(names)
		return names
	}
	return nil
}

// NamedValue is one entry of Fixed.NamedValues.
type NamedValue struct {
	Text   string
	Secret bool
}

// Fixed is Values held in maps: for tests, single documents and small hosts. The
// maps must not change while documents compiled with it are in use.
type Fixed struct {
	NamedValues map[string]NamedValue
	Fragments   map[string]Source
	Backends    map[string]exchange.Backend
	// Stored are the certificates by id, Schemed the schemas.
	Stored  map[string]Certificate
	Schemed map[string]StoredSchema
}

// NamedValue gives an entry of NamedValues.
func (f Fixed) NamedValue(name string) (text string, secret, ok bool) {
	v, ok := f.NamedValues[name]
	return v.Text, v.Secret, ok
}

// Fragment gives an entry of Fragments.
func (f Fixed) Fragment(id string) (Source, bool) {
	s, ok := f.Fragments[id]
	return s, ok
}

// Backend gives an entry of Backends.
func (f Fixed) Backend(id string) (exchange.Backend, bool) {
	b, ok := f.Backends[id]
	return b, ok
}

// Names lists the keys of one map, in no order.
func (f Fixed) Names(kind NameKind) []string {
	var names []string
	switch kind {
	case NamedValueNames:
		for k := range f.NamedValues {
			names = append(names, k)
		}
	case FragmentNames:
		for k := range f.Fragments {
			names = append(names, k)
		}
	case BackendNames:
		for k := range f.Backends {
			names = append(names, k)
		}
	}
	return names
}
