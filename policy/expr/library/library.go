package library

import (
	"sort"
	"strconv"
	"strings"
	"sync"

	"stile/policy/expr/clr"
)

// Table is the allow-list: every type and member that an expression may name.
type Table struct {
	types []*clr.Type
	// ByName finds a type by keyword or simple name; arity is appended ("Dictionary`2")
	// only where a name has several.
	ByName map[string]*clr.Type
	ByFull map[string]*clr.Type
	// Spaces holds every namespace and its prefixes.
	Spaces map[string]bool
	// Extensions finds extension methods by name.
	Extensions map[string][]*clr.Member
}

var (
	libraryOnce sync.Once
	theTable    *Table
)

// Library gives the table, which is built when the first expression compiles and
// never changes.
func Library() *Table {
	libraryOnce.Do(func() { theTable = buildLibrary(allSpecs()) })
	return theTable
}

// allSpecs is the parts list of the library.
func allSpecs() []typeSpec {
	var all []typeSpec
	for _, part := range [][]typeSpec{
		coreSpecs, numberSpecs, stringSpecs, timeSpecs, systemSpecs, textSpecs, collectionSpecs,
		linqSpecs, jsonSpecs, contextSpecs, cryptoSpecs, regexSpecs, enumSpecs,
	} {
		all = append(all, part...)
	}
	return all
}

func buildLibrary(specs []typeSpec) *Table {
	l := &Table{
		ByName: map[string]*clr.Type{}, ByFull: map[string]*clr.Type{}, Spaces: map[string]bool{},
		Extensions: map[string][]*clr.Member{},
	}
	for _, s := range specs {
		l.name(s.typ)
	}
	for _, s := range specs {
		l.fill(s)
	}
	return l
}

func (l *Table) name(t *clr.Type) {
	d := t.Def
	if l.ByName[d.Name] != nil {
		panic("expr: type " + d.Name + " stands twice in the library")
	}
	l.types = append(l.types, t)
	l.ByName[d.Name] = t
	if d.Keyword != "" {
		l.ByName[d.Keyword] = t
	}
	if d.Namespace == "" {
		return
	}
	l.ByFull[d.Namespace+"."+d.Name] = t
	for ns := d.Namespace; ns != ""; {
		l.Spaces[ns] = true
		i := strings.LastIndexByte(ns, '.')
		if i < 0 {
			break
		}
		ns = ns[:i]
	}
}

func (l *Table) fill(spec typeSpec) {
	d := spec.typ.Def
	d.Members = map[string][]*clr.Member{}
	if spec.bases != "" {
		s := &sigParser{lib: l, toks: sigTokens(spec.bases), sig: spec.bases, scope: map[string]bool{}}
		for _, p := range d.Params {
			s.scope[p] = true
		}
		for {
			d.Bases = append(d.Bases, s.typ())
			if s.peek() != "," {
				break
			}
			s.take()
		}
	}
	for i, word := range strings.Fields(spec.enum) {
		name, num, ok := strings.Cut(word, "=")
		n := i
		if ok {
			n, _ = strconv.Atoi(num)
		}
		d.Names, d.Numbers = append(d.Names, name), append(d.Numbers, int32(n))
	}
	for _, ms := range spec.members {
		l.Add(d, l.parseSig(spec.typ, ms))
	}
}

// Add files a parsed member under its name.
func (l *Table) Add(d *clr.TypeDef, m *clr.Member) {
	switch m.Kind {
	case clr.Constructor:
		d.Ctors = append(d.Ctors, m)
	case clr.IndexMember:
		d.Getters = append(d.Getters, m)
	case clr.IndexSetter:
		d.Setters = append(d.Setters, m)
	case clr.SetterMember:
		d.Members["set "+m.Name] = append(d.Members["set "+m.Name], m)
	default:
		d.Members[m.Name] = append(d.Members[m.Name], m)
		if m.Extension {
			l.Extensions[m.Name] = append(l.Extensions[m.Name], m)
		}
	}
}

// MemberNames lists what may follow a dot after t, sorted, for hints.
func (l *Table) MemberNames(t *clr.Type, static bool) []string {
	names := sortedNames(t, static)
	if !static {
		names = append(names, sortedExtensions(l.Extensions)...)
	}
	return names
}

// sortedNames lists the members of t and, for values, of its bases.
func sortedNames(t *clr.Type, static bool) []string {
	if t.Def == nil {
		return nil
	}
	var names []string
	for name, list := range t.Def.Members {
		if list[0].Static == static && !strings.HasPrefix(name, "set ") {
			names = append(names, name)
		}
	}
	if static {
		names = append(names, t.Def.Names...)
	}
	sort.Strings(names)
	for _, b := range t.Def.Bases {
		if !static {
			names = append(names, sortedNames(b, false)...)
		}
	}
	return names
}

func sortedExtensions(table map[string][]*clr.Member) []string {
	var names []string
	for name := range table {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// TypeNames lists all types, sorted, for hints.
func (l *Table) TypeNames() []string {
	var names []string
	for _, t := range l.types {
		names = append(names, t.Def.Name)
	}
	sort.Strings(names)
	return names
}
