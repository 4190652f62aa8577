package library

import (
	"stile/policy/expr/clr"
)

var (
	typeICollection  = clr.Iface("System.Collections.Generic.ICollection<T>")
	typeIList        = clr.Iface("System.Collections.Generic.IList<T>")
	typeReadOnlyList = clr.Iface("System.Collections.Generic.IReadOnlyList<T>")
	typeReadOnlyColl = clr.Iface("System.Collections.Generic.IReadOnlyCollection<T>")
	typeIDictionary  = clr.Iface("System.Collections.Generic.IDictionary<K,V>")
	typeReadOnlyDict = clr.Iface("System.Collections.Generic.IReadOnlyDictionary<K,V>")
	typeISet         = clr.Iface("System.Collections.Generic.ISet<T>")
	typeDictionary   = clr.Class("System.Collections.Generic.Dictionary<K,V>")
	typeHashSet      = clr.Class("System.Collections.Generic.HashSet<T>")
	typeQueue        = clr.Class("System.Collections.Generic.Queue<T>")
	typeStack        = clr.Class("System.Collections.Generic.Stack<T>")
	typeOrdered      = clr.Iface("System.Linq.IOrderedEnumerable<T>")
	typeGrouping     = clr.Iface("System.Linq.IGrouping<K,T>")
	typeLinq         = clr.Statics("System.Linq.Enumerable")
	typeEqualityOf   = clr.Iface("System.Collections.Generic.IEqualityComparer<T>")
	typeComparerOf   = clr.Iface("System.Collections.Generic.IComparer<T>")
	// typeBareEnumerable is what every sequence is, whatever its items.
	typeBareEnumerable = clr.Iface("System.Collections.IEnumerable")
	typeStringCompare  = clr.Class("System.StringComparer")
)

// dictionary is what the dictionary interfaces of the library need of a value.
type dictionary interface {
	lookup(m *clr.Machine, key clr.Value) (clr.Value, bool)
	size() int
	// pairs calls yield in order until it gives false.
	pairs(m *clr.Machine, yield func(k, v clr.Value) bool)
	pairType() *clr.Type
}

// Dict is Dictionary<K, V>; it keeps the order of insertion.
type Dict struct {
	key, value *clr.Type
	keys       []clr.Value
	values     map[any]clr.Value
	fold       bool
	version    int
}

func newDict(k, v *clr.Type) *Dict { return &Dict{key: k, value: v, values: map[any]clr.Value{}} }

func (d *Dict) keyOf(m *clr.Machine, k clr.Value) any {
	if s, ok := k.(string); ok && d.fold {
		return fold(s)
	}
	return clr.KeyOf(m, k)
}

func (d *Dict) lookup(m *clr.Machine, k clr.Value) (clr.Value, bool) {
	v, ok := d.values[d.keyOf(m, k)]
	return v, ok
}

// RuntimeType names the .NET type.
func (d *Dict) RuntimeType() *clr.Type { return clr.Generic(typeDictionary, d.key, d.value) }

func (d *Dict) size() int { return len(d.keys) }

func (d *Dict) put(m *clr.Machine, k, v clr.Value) {
	h := d.keyOf(m, k)
	if _, ok := d.values[h]; !ok {
		m.Grow(64)
		d.keys = append(d.keys, k)
	}
	d.values[h] = v
	d.version++
}

// Add adds a pair; a key that is there already throws.
func (d *Dict) Add(m *clr.Machine, k, v clr.Value) {
	if _, ok := d.lookup(m, k); ok {
		m.Throw(clr.TypeArgument, "An item with the same key has already been added.")
	}
	d.put(m, k, v)
}

func (d *Dict) remove(m *clr.Machine, k clr.Value) bool {
	h := d.keyOf(m, k)
	if _, ok := d.values[h]; !ok {
		return false
	}
	delete(d.values, h)
	for i, key := range d.keys {
		if d.keyOf(m, key) == h {
			d.keys = append(d.keys[:i:i], d.keys[i+1:]...)
			break
		}
	}
	m.Work(len(d.keys) / 64)
	d.version++
	return true
}

func (d *Dict) pairs(m *clr.Machine, yield func(k, v clr.Value) bool) {
	version := d.version
	for _, k := range d.keys {
		m.Step()
		if !yield(k, d.values[d.keyOf(m, k)]) {
			return
		}
		if d.version != version {
			m.Throw(clr.TypeInvalidOperation, "Collection was modified; enumeration operation may not execute.")
		}
	}
}

func (d *Dict) pairType() *clr.Type { return clr.Generic(clr.TypeKeyValue, d.key, d.value) }

// Each walks the items in order until yield gives false.
func (d *Dict) Each(m *clr.Machine, yield func(clr.Value) bool) { eachPair(m, d, yield) }

// eachPair walks a dictionary as a sequence of KeyValuePair.
func eachPair(m *clr.Machine, d dictionary, yield func(clr.Value) bool) {
	typ := d.pairType()
	d.pairs(m, func(k, v clr.Value) bool { return yield(clr.KeyValue{Type: typ, Key: k, Value: v}) })
}

// Set is HashSet<T> in the order of insertion.
type Set struct {
	elem *clr.Type
	d    *Dict
}

func newSet(elem *clr.Type) *Set { return &Set{elem, newDict(elem, clr.TypeBool)} }

// RuntimeType names the .NET type.
func (s *Set) RuntimeType() *clr.Type { return clr.Generic(typeHashSet, s.elem) }

// Add adds an item; false where it was there.
func (s *Set) Add(m *clr.Machine, v clr.Value) bool {
	if _, ok := s.d.lookup(m, v); ok {
		return false
	}
	s.d.put(m, v, true)
	return true
}

// Each walks the items in order until yield gives false.
func (s *Set) Each(m *clr.Machine, yield func(clr.Value) bool) {
	s.d.pairs(m, func(k, _ clr.Value) bool { return yield(k) })
}

// missing is the fault of an indexer over a key that is not there.
func missing(m *clr.Machine) {
	m.Throw(clr.TypeKeyNotFound, "The given key was not present in the dictionary.")
}

func dictOf(v clr.Value) dictionary { d, _ := v.(dictionary); return d }

var dictMembers = []memberSpec{
	{"V this[K]", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		v, ok := dictOf(a[0]).lookup(m, a[1])
		if !ok {
			missing(m)
		}
		return v
	}},
	{"bool ContainsKey(K)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		_, ok := dictOf(a[0]).lookup(m, a[1])
		return ok
	}},
	{"bool TryGetValue(K, out V)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		v, ok := dictOf(a[0]).lookup(m, a[1])
		if !ok {
			v = t[1].Zero()
		}
		out(a[2], v)
		return ok
	}},
	{"int Count", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return int32(dictOf(a[0]).size()) }},
	{"IEnumerable<K> Keys", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		out := &clr.List{Elem: t[0]}
		dictOf(a[0]).pairs(m, func(k, _ clr.Value) bool { out.Items = append(out.Items, k); return true })
		return out
	}},
	{"IEnumerable<V> Values", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		out := &clr.List{Elem: t[1]}
		dictOf(a[0]).pairs(m, func(_, v clr.Value) bool { out.Items = append(out.Items, v); return true })
		return out
	}},
}

var dictChanges = []memberSpec{
	{"set V this[K]", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		changeable(m, a[0]).put(m, a[1], a[2])
		return nil
	}},
	{"void Add(K, V)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		changeable(m, a[0]).Add(m, a[1], a[2])
		return nil
	}},
	{"bool Remove(K)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return changeable(m, a[0]).remove(m, a[1])
	}},
	{"void Clear()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		d := changeable(m, a[0])
		d.keys, d.values = nil, map[any]clr.Value{}
		d.version++
		return nil
	}},
}

func changeable(m *clr.Machine, v clr.Value) *Dict {
	d, ok := v.(*Dict)
	if !ok {
		m.Throw(clr.TypeNotSupported, "Collection is read-only.")
	}
	return d
}

var collectionSpecs = []typeSpec{
	{typ: clr.TypeEnumerable, bases: "IEnumerable"}, {typ: typeBareEnumerable},
	{typ: typeReadOnlyColl, bases: "IEnumerable<T>", members: []memberSpec{
		{"int Count", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return int32(count(m, a[0])) }},
	}},
	{typ: typeICollection, bases: "IEnumerable<T>", members: []memberSpec{
		{"int Count", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return int32(count(m, a[0])) }},
		{"bool Contains(T)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return contains(m, a[0], a[1]) }},
		collectionChanges[0], collectionChanges[1],
	}},
	{typ: typeReadOnlyList, bases: "IReadOnlyCollection<T>", members: []memberSpec{{"T this[int]", listGet}}},
	{typ: typeIList, bases: "ICollection<T>", members: []memberSpec{
		{"T this[int]", listGet}, {"set T this[int]", listSet},
		{"void Add(T)", listAdd},
	}},
	{typ: typeReadOnlyDict, bases: "IReadOnlyCollection<KeyValuePair<K,V>>", members: dictMembers},
	{typ: typeIDictionary, bases: "IEnumerable<KeyValuePair<K,V>>", members: concatAll(dictMembers, dictChanges)},
	{typ: typeDictionary, bases: "IDictionary<K,V>, IReadOnlyDictionary<K,V>", members: concatAll(dictMembers, dictChanges, dictMore, []memberSpec{
		{"new()", func(_ *clr.Machine, t []*clr.Type, _ []clr.Value) clr.Value { return newDict(t[0], t[1]) }},
		{"new(int)", func(_ *clr.Machine, t []*clr.Type, _ []clr.Value) clr.Value { return newDict(t[0], t[1]) }},
		{"new(IDictionary<K,V>)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value { return copyDict(m, t, a[0], false) }},
		{"new(StringComparer)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
			d := newDict(t[0], t[1])
			d.fold = ignoresCase(comparison(a[0]))
			return d
		}},
		{"new(IDictionary<K,V>, StringComparer)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
			return copyDict(m, t, a[0], ignoresCase(comparison(a[1])))
		}},
	})},
	{typ: clr.TypeKeyValue, members: []memberSpec{
		{"new(K, V)", func(_ *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
			return clr.KeyValue{Type: clr.Generic(clr.TypeKeyValue, t...), Key: a[0], Value: a[1]}
		}},
		{"K Key", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(clr.KeyValue).Key }},
		{"V Value", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(clr.KeyValue).Value }},
	}},
	{typ: typeISet, bases: "ICollection<T>", members: setRelations},
	{typ: typeHashSet, bases: "ISet<T>, IReadOnlyCollection<T>", members: concatAll(setMembers, setMore)},
	{typ: clr.TypeList, bases: "IList<T>, IReadOnlyList<T>", members: concatAll(listMembers, listMore)},
	{typ: typeQueue, bases: "IReadOnlyCollection<T>", members: concatAll(queueMembers("Enqueue", "Dequeue", false), lineMore)},
	{typ: typeStack, bases: "IReadOnlyCollection<T>", members: concatAll(queueMembers("Push", "Pop", true), lineMore)},
	{typ: typeOrdered, bases: "IEnumerable<T>"},
	{typ: typeGrouping, bases: "IEnumerable<T>", members: []memberSpec{
		{"K Key", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(*Group).key }},
	}},
	lookupSpec, {typ: typeEqualityOf}, {typ: typeComparerOf},
	{typ: typeStringCompare, bases: "IEqualityComparer<string>, IComparer<string>", members: comparerMembers},
}

func copyDict(m *clr.Machine, t []*clr.Type, from clr.Value, ignoreCase bool) clr.Value {
	d := newDict(t[0], t[1])
	d.fold = ignoreCase
	if from == nil {
		m.Throw(clr.TypeArgumentNull, "Value cannot be null.\nParameter name: dictionary")
	}
	dictOf(from).pairs(m, func(k, v clr.Value) bool { d.Add(m, k, v); return true })
	return d
}

// comparer is a StringComparer, by the StringComparison that it stands for.
type comparer struct{ kind int32 }

func (comparer) RuntimeType() *clr.Type { return typeStringCompare }

func comparison(v clr.Value) clr.Value {
	c, _ := v.(comparer)
	return clr.Enum{N: c.kind}
}

func comparerProperty(name string, kind int32) memberSpec {
	return memberSpec{"static StringComparer " + name, func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return comparer{kind} }}
}

var comparerMembers = []memberSpec{
	comparerProperty("CurrentCulture", 0), comparerProperty("CurrentCultureIgnoreCase", 1),
	comparerProperty("InvariantCulture", 2), comparerProperty("InvariantCultureIgnoreCase", 3),
	comparerProperty("Ordinal", 4), comparerProperty("OrdinalIgnoreCase", 5),
	{"bool Equals(string, string)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return (a[1] == nil) == (a[2] == nil) && equalText(str(a[1]), str(a[2]), comparison(a[0]))
	}},
	{"int GetHashCode(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		s := need(m, a[1], "obj")
		if ignoresCase(comparison(a[0])) {
			s = fold(s)
		}
		return hashOf(s)
	}},
	{"int Compare(string, string)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return int32(compareText(a[1], a[2], comparison(a[0])))
	}},
}

var setMembers = []memberSpec{
	{"new()", func(_ *clr.Machine, t []*clr.Type, _ []clr.Value) clr.Value { return newSet(t[0]) }},
	{"new(IEnumerable<T>)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		s := newSet(t[0])
		clr.Iterate(m, a[0], func(v clr.Value) bool { s.Add(m, v); return true })
		return s
	}},
	{"new(StringComparer)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		s := newSet(t[0])
		s.d.fold = ignoresCase(comparison(a[0]))
		return s
	}},
	{"new(IEnumerable<T>, StringComparer)", func(m *clr.Machine, t []*clr.Type, a []clr.Value) clr.Value {
		s := newSet(t[0])
		s.d.fold = ignoresCase(comparison(a[1]))
		clr.Iterate(m, a[0], func(v clr.Value) bool { s.Add(m, v); return true })
		return s
	}},
	{"bool Remove(T)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(*Set).d.remove(m, a[1]) }},
	{"bool Contains(T)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		_, ok := a[0].(*Set).d.lookup(m, a[1])
		return ok
	}},
	{"int Count", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return int32(a[0].(*Set).d.size()) }},
}
