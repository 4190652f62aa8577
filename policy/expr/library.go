package expr

import (
	"sort"
	"strconv"
	"strings"
	"sync"
)

// libraryTable is the allow-list: every type and member that an expression may name.
type libraryTable struct {
	types []*Type
	// byName finds a type by keyword or simple name; arity is appended ("Dictionary`2")
	// only where a name has several.
	byName map[string]*Type
	byFull map[string]*Type
	// spaces holds every namespace and its prefixes.
	spaces map[string]bool
	// extensions finds extension methods by name.
	extensions map[string][]*member
}

var (
	libraryOnce sync.Once
	theLibrary  *libraryTable
)

// library gives the table, which is built when the first expression compiles and
// never changes.
func library() *libraryTable {
	libraryOnce.Do(func() { theLibrary = buildLibrary(allSpecs()) })
	return theLibrary
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

func buildLibrary(specs []typeSpec) *libraryTable {
	l := &libraryTable{
		byName: map[string]*Type{}, byFull: map[string]*Type{}, spaces: map[string]bool{},
		extensions: map[string][]*member{},
	}
	for _, s := range specs {
		l.name(s.typ)
	}
	for _, s := range specs {
		l.fill(s)
	}
	return l
}

func (l *libraryTable) name(t *Type) {
	d := t.def
	if l.byName[d.name] != nil {
		panic("expr: type " + d.name + " stands twice in the library")
	}
	l.types = append(l.types, t)
	l.byName[d.name] = t
	if d.keyword != "" {
		l.byName[d.keyword] = t
	}
	if d.namespace == "" {
		return
	}
	l.byFull[d.namespace+"."+d.name] = t
	for ns := d.namespace; ns != ""; {
		l.spaces[ns] = true
		i := strings.LastIndexByte(ns, '.')
		if i < 0 {
			break
		}
		ns = ns[:i]
	}
}

func (l *libraryTable) fill(spec typeSpec) {
	d := spec.typ.def
	d.members = map[string][]*member{}
	if spec.bases != "" {
		s := &sigParser{lib: l, toks: sigTokens(spec.bases), sig: spec.bases, scope: map[string]bool{}}
		for _, p := range d.params {
			s.scope[p] = true
		}
		for {
			d.bases = append(d.bases, s.typ())
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
		d.names, d.numbers = append(d.names, name), append(d.numbers, int32(n))
	}
	for _, ms := range spec.members {
		l.add(d, l.parseSig(spec.typ, ms))
	}
}

func (l *libraryTable) add(d *typeDef, m *member) {
	switch m.kind {
	case constructor:
		d.ctors = append(d.ctors, m)
	case indexMember:
		d.getters = append(d.getters, m)
	case indexSetter:
		d.setters = append(d.setters, m)
	case setterMember:
		d.members["set "+m.name] = append(d.members["set "+m.name], m)
	default:
		d.members[m.name] = append(d.members[m.name], m)
		if m.extension {
			l.extensions[m.name] = append(l.extensions[m.name], m)
		}
	}
}

// memberNames lists what may follow a dot after t, sorted, for hints.
func (l *libraryTable) memberNames(t *Type, static bool) []string {
	seen := map[string]bool{}
	l.collectNames(t, static, seen)
	if !static {
		for name := range l.extensions {
			seen[name] = true
		}
	}
	names := make([]string, 0, len(seen))
	for n := range seen {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

func (l *libraryTable) collectNames(t *Type, static bool, seen map[string]bool) {
	if t.def == nil {
		return
	}
	for name, list := range t.def.members {
		if list[0].static == static && !strings.HasPrefix(name, "set ") {
			seen[name] = true
		}
	}
	if static {
		for _, n := range t.def.names {
			seen[n] = true
		}
		return
	}
	for _, b := range t.def.bases {
		l.collectNames(b, false, seen)
	}
}

// typeNames lists all types, sorted, for hints.
func (l *libraryTable) typeNames() []string {
	var names []string
	for _, t := range l.types {
		names = append(names, t.def.name)
	}
	sort.Strings(names)
	return names
}
