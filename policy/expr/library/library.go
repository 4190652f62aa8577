package library

import (
	"sort"
	"strconv"
	"strings"
	"sync"

	"stile/policy/expr/clr"
	"stile/policy/expr/library/crypto"
	"stile/policy/expr/library/system"
	"stile/policy/expr/library/xlinq"
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
		linqSpecs, jsonSpecs, contextSpecs, serviceSpecs, regexSpecs, enumSpecs, moreSpecs,
	} {
		all = append(all, part...)
	}
	// Families that stand in packages of their own below this one.
	for _, part := range [][]clr.TypeSpec{crypto.Specs(), xlinq.Specs(), system.Specs()} {
		for _, s := range part {
			all = append(all, adopted(s))
		}
	}
	return all
}

// adopted takes over what another package says of a type.
func adopted(s clr.TypeSpec) typeSpec {
	out := typeSpec{typ: s.Type, bases: s.Bases, enum: s.Enum}
	for _, line := range s.Members {
		out.members = append(out.members, memberSpec{line.Sig, line.Run})
	}
	return out
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
	if l.ByName[d.Name] == t {
		return // its members stand in several tables
	}
	l.types = append(l.types, t)
	if l.ByName[d.Name] != nil {
		name := d.Name + "`" + strconv.Itoa(len(d.Params))
		if len(d.Params) == len(l.ByName[d.Name].Def.Params) || l.ByName[name] != nil {
			panic("expr: type " + name + " stands twice in the library")
		}
		l.ByName[name] = t
		return
	}
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

// OfArity gives t, or its namesake with n type parameters.
func (l *Table) OfArity(t *clr.Type, n int) *clr.Type {
	if t.Def == nil || len(t.Def.Params) == n {
		return t
	}
	if other := l.ByName[t.Def.Name+"`"+strconv.Itoa(n)]; other != nil {
		return other
	}
	return t
}

func (l *Table) fill(spec typeSpec) {
	d := spec.typ.Def
	if d.Members == nil {
		d.Members = map[string][]*clr.Member{}
	}
	if spec.bases == "" && spec.typ.IsEnum() {
		spec.bases = "Enum"
	}
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
		if strings.Contains(ms.sig, "(") { // properties and indexers stand in loops over their text
			ms.run = clr.Charged(ms.run)
		}
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
		if list[0].Static == static && !strings.HasPrefix(name, "set ") && !strings.HasPrefix(name, "op_") {
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
