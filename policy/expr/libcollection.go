package expr

var (
	typeICollection   = iface("System.Collections.Generic.ICollection<T>")
	typeIList         = iface("System.Collections.Generic.IList<T>")
	typeReadOnlyList  = iface("System.Collections.Generic.IReadOnlyList<T>")
	typeReadOnlyColl  = iface("System.Collections.Generic.IReadOnlyCollection<T>")
	typeIDictionary   = iface("System.Collections.Generic.IDictionary<K,V>")
	typeReadOnlyDict  = iface("System.Collections.Generic.IReadOnlyDictionary<K,V>")
	typeISet          = iface("System.Collections.Generic.ISet<T>")
	typeDictionary    = class("System.Collections.Generic.Dictionary<K,V>")
	typeHashSet       = class("System.Collections.Generic.HashSet<T>")
	typeQueue         = class("System.Collections.Generic.Queue<T>")
	typeStack         = class("System.Collections.Generic.Stack<T>")
	typeOrdered       = iface("System.Linq.IOrderedEnumerable<T>")
	typeGrouping      = iface("System.Linq.IGrouping<K,T>")
	typeLinq          = statics("System.Linq.Enumerable")
	typeEqualityOf    = iface("System.Collections.Generic.IEqualityComparer<T>")
	typeStringCompare = class("System.StringComparer")
)

// dictionary is what the dictionary interfaces of the library need of a value.
type dictionary interface {
	lookup(m *machine, key Value) (Value, bool)
	size() int
	// pairs calls yield in order until it gives false.
	pairs(m *machine, yield func(k, v Value) bool)
	pairType() *Type
}

// Dict is Dictionary<K, V>; it keeps the order of insertion.
type Dict struct {
	key, value *Type
	keys       []Value
	values     map[any]Value
	fold       bool
	version    int
}

func newDict(k, v *Type) *Dict { return &Dict{key: k, value: v, values: map[any]Value{}} }

func (d *Dict) keyOf(m *machine, k Value) any {
	if s, ok := k.(string); ok && d.fold {
		return fold(s)
	}
	return keyOf(m, k)
}

func (d *Dict) lookup(m *machine, k Value) (Value, bool) {
	v, ok := d.values[d.keyOf(m, k)]
	return v, ok
}

func (d *Dict) runtimeType() *Type { return generic(typeDictionary, d.key, d.value) }

func (d *Dict) size() int { return len(d.keys) }

func (d *Dict) put(m *machine, k, v Value) {
	h := d.keyOf(m, k)
	if _, ok := d.values[h]; !ok {
		m.grow(64)
		d.keys = append(d.keys, k)
	}
	d.values[h] = v
	d.version++
}

func (d *Dict) add(m *machine, k, v Value) {
	if _, ok := d.lookup(m, k); ok {
		m.throw(typeArgument, "An item with the same key has already been added.")
	}
	d.put(m, k, v)
}

func (d *Dict) remove(m *machine, k Value) bool {
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
	m.work(len(d.keys) / 64)
	d.version++
	return true
}

func (d *Dict) pairs(m *machine, yield func(k, v Value) bool) {
	version := d.version
	for _, k := range d.keys {
		m.step()
		if !yield(k, d.values[d.keyOf(m, k)]) {
			return
		}
		if d.version != version {
			m.throw(typeInvalidOperation, "Collection was modified; enumeration operation may not execute.")
		}
	}
}

func (d *Dict) pairType() *Type { return generic(typeKeyValue, d.key, d.value) }

func (d *Dict) each(m *machine, yield func(Value) bool) { eachPair(m, d, yield) }

// eachPair walks a dictionary as a sequence of KeyValuePair.
func eachPair(m *machine, d dictionary, yield func(Value) bool) {
	typ := d.pairType()
	d.pairs(m, func(k, v Value) bool { return yield(KeyValue{typ, k, v}) })
}

// Set is HashSet<T> in the order of insertion.
type Set struct {
	elem *Type
	d    *Dict
}

func newSet(elem *Type) *Set { return &Set{elem, newDict(elem, typeBool)} }

func (s *Set) runtimeType() *Type { return generic(typeHashSet, s.elem) }

func (s *Set) add(m *machine, v Value) bool {
	if _, ok := s.d.lookup(m, v); ok {
		return false
	}
	s.d.put(m, v, true)
	return true
}

func (s *Set) each(m *machine, yield func(Value) bool) {
	s.d.pairs(m, func(k, _ Value) bool { return yield(k) })
}

// missing is the fault of an indexer over a key that is not there.
func missing(m *machine) {
	m.throw(typeKeyNotFound, "The given key was not present in the dictionary.")
}

func dictOf(v Value) dictionary { d, _ := v.(dictionary); return d }

var dictMembers = []memberSpec{
	{"V this[K]", func(m *machine, _ []*Type, a []Value) Value {
		v, ok := dictOf(a[0]).lookup(m, a[1])
		if !ok {
			missing(m)
		}
		return v
	}},
	{"bool ContainsKey(K)", func(m *machine, _ []*Type, a []Value) Value { _, ok := dictOf(a[0]).lookup(m, a[1]); return ok }},
	{"bool TryGetValue(K, out V)", func(m *machine, t []*Type, a []Value) Value {
		v, ok := dictOf(a[0]).lookup(m, a[1])
		if !ok {
			v = t[1].zero()
		}
		out(a[2], v)
		return ok
	}},
	{"int Count", func(_ *machine, _ []*Type, a []Value) Value { return int32(dictOf(a[0]).size()) }},
	{"IEnumerable<K> Keys", func(m *machine, t []*Type, a []Value) Value {
		out := &List{elem: t[0]}
		dictOf(a[0]).pairs(m, func(k, _ Value) bool { out.items = append(out.items, k); return true })
		return out
	}},
	{"IEnumerable<V> Values", func(m *machine, t []*Type, a []Value) Value {
		out := &List{elem: t[1]}
		dictOf(a[0]).pairs(m, func(_, v Value) bool { out.items = append(out.items, v); return true })
		return out
	}},
}

var dictChanges = []memberSpec{
	{"set V this[K]", func(m *machine, _ []*Type, a []Value) Value { changeable(m, a[0]).put(m, a[1], a[2]); return nil }},
	{"void Add(K, V)", func(m *machine, _ []*Type, a []Value) Value { changeable(m, a[0]).add(m, a[1], a[2]); return nil }},
	{"bool Remove(K)", func(m *machine, _ []*Type, a []Value) Value { return changeable(m, a[0]).remove(m, a[1]) }},
	{"void Clear()", func(m *machine, _ []*Type, a []Value) Value {
		d := changeable(m, a[0])
		d.keys, d.values = nil, map[any]Value{}
		d.version++
		return nil
	}},
}

func changeable(m *machine, v Value) *Dict {
	d, ok := v.(*Dict)
	if !ok {
		m.throw(typeNotSupported, "Collection is read-only.")
	}
	return d
}

var collectionSpecs = []typeSpec{
	{typ: typeEnumerable},
	{typ: typeReadOnlyColl, bases: "IEnumerable<T>", members: []memberSpec{
		{"int Count", func(m *machine, _ []*Type, a []Value) Value { return int32(count(m, a[0])) }},
	}},
	{typ: typeICollection, bases: "IEnumerable<T>", members: []memberSpec{
		{"int Count", func(m *machine, _ []*Type, a []Value) Value { return int32(count(m, a[0])) }},
		{"bool Contains(T)", func(m *machine, _ []*Type, a []Value) Value { return contains(m, a[0], a[1]) }},
	}},
	{typ: typeReadOnlyList, bases: "IReadOnlyCollection<T>", members: []memberSpec{{"T this[int]", listGet}}},
	{typ: typeIList, bases: "ICollection<T>", members: []memberSpec{
		{"T this[int]", listGet}, {"set T this[int]", listSet},
		{"void Add(T)", listAdd},
	}},
	{typ: typeReadOnlyDict, bases: "IReadOnlyCollection<KeyValuePair<K,V>>", members: dictMembers},
	{typ: typeIDictionary, bases: "IEnumerable<KeyValuePair<K,V>>", members: concatAll(dictMembers, dictChanges)},
	{typ: typeDictionary, bases: "IDictionary<K,V>, IReadOnlyDictionary<K,V>", members: concatAll(dictMembers, dictChanges, []memberSpec{
		{"new()", func(_ *machine, t []*Type, _ []Value) Value { return newDict(t[0], t[1]) }},
		{"new(int)", func(_ *machine, t []*Type, _ []Value) Value { return newDict(t[0], t[1]) }},
		{"new(IDictionary<K,V>)", func(m *machine, t []*Type, a []Value) Value { return copyDict(m, t, a[0], false) }},
		{"new(StringComparer)", func(m *machine, t []*Type, a []Value) Value {
			d := newDict(t[0], t[1])
			d.fold = ignoresCase(comparison(a[0]))
			return d
		}},
		{"new(IDictionary<K,V>, StringComparer)", func(m *machine, t []*Type, a []Value) Value {
			return copyDict(m, t, a[0], ignoresCase(comparison(a[1])))
		}},
	})},
	{typ: typeKeyValue, members: []memberSpec{
		{"new(K, V)", func(_ *machine, t []*Type, a []Value) Value { return KeyValue{generic(typeKeyValue, t...), a[0], a[1]} }},
		{"K Key", func(_ *machine, _ []*Type, a []Value) Value { return a[0].(KeyValue).Key }},
		{"V Value", func(_ *machine, _ []*Type, a []Value) Value { return a[0].(KeyValue).Value }},
	}},
	{typ: typeISet, bases: "ICollection<T>"},
	{typ: typeHashSet, bases: "ISet<T>, IReadOnlyCollection<T>", members: setMembers},
	{typ: typeList, bases: "IList<T>, IReadOnlyList<T>", members: listMembers},
	{typ: typeQueue, bases: "IReadOnlyCollection<T>", members: queueMembers("Enqueue", "Dequeue", false)},
	{typ: typeStack, bases: "IReadOnlyCollection<T>", members: queueMembers("Push", "Pop", true)},
	{typ: typeOrdered, bases: "IEnumerable<T>"},
	{typ: typeGrouping, bases: "IEnumerable<T>", members: []memberSpec{
		{"K Key", func(_ *machine, _ []*Type, a []Value) Value { return a[0].(*Group).key }},
	}},
	{typ: typeEqualityOf},
	{typ: typeStringCompare, bases: "IEqualityComparer<string>", members: comparerMembers},
}

func copyDict(m *machine, t []*Type, from Value, ignoreCase bool) Value {
	d := newDict(t[0], t[1])
	d.fold = ignoreCase
	if from == nil {
		m.throw(typeArgumentNull, "Value cannot be null.\nParameter name: dictionary")
	}
	dictOf(from).pairs(m, func(k, v Value) bool { d.add(m, k, v); return true })
	return d
}

// comparer is a StringComparer, by the StringComparison that it stands for.
type comparer struct{ kind int32 }

func (comparer) runtimeType() *Type { return typeStringCompare }

func comparison(v Value) Value {
	c, _ := v.(comparer)
	return Enum{n: c.kind}
}

func comparerProperty(name string, kind int32) memberSpec {
	return memberSpec{"static StringComparer " + name, func(*machine, []*Type, []Value) Value { return comparer{kind} }}
}

var comparerMembers = []memberSpec{
	comparerProperty("CurrentCulture", 0), comparerProperty("CurrentCultureIgnoreCase", 1),
	comparerProperty("InvariantCulture", 2), comparerProperty("InvariantCultureIgnoreCase", 3),
	comparerProperty("Ordinal", 4), comparerProperty("OrdinalIgnoreCase", 5),
	{"bool Equals(string, string)", func(_ *machine, _ []*Type, a []Value) Value {
		return (a[1] == nil) == (a[2] == nil) && equalText(str(a[1]), str(a[2]), comparison(a[0]))
	}},
	{"int Compare(string, string)", func(_ *machine, _ []*Type, a []Value) Value {
		return int32(compareText(a[1], a[2], comparison(a[0])))
	}},
}

var setMembers = []memberSpec{
	{"new()", func(_ *machine, t []*Type, _ []Value) Value { return newSet(t[0]) }},
	{"new(IEnumerable<T>)", func(m *machine, t []*Type, a []Value) Value {
		s := newSet(t[0])
		iterate(m, a[0], func(v Value) bool { s.add(m, v); return true })
		return s
	}},
	{"new(StringComparer)", func(m *machine, t []*Type, a []Value) Value {
		s := newSet(t[0])
		s.d.fold = ignoresCase(comparison(a[0]))
		return s
	}},
	{"new(IEnumerable<T>, StringComparer)", func(m *machine, t []*Type, a []Value) Value {
		s := newSet(t[0])
		s.d.fold = ignoresCase(comparison(a[1]))
		iterate(m, a[0], func(v Value) bool { s.add(m, v); return true })
		return s
	}},
	{"bool Add(T)", func(m *machine, _ []*Type, a []Value) Value { return a[0].(*Set).add(m, a[1]) }},
	{"bool Remove(T)", func(m *machine, _ []*Type, a []Value) Value { return a[0].(*Set).d.remove(m, a[1]) }},
	{"bool Contains(T)", func(m *machine, _ []*Type, a []Value) Value { _, ok := a[0].(*Set).d.lookup(m, a[1]); return ok }},
	{"int Count", func(_ *machine, _ []*Type, a []Value) Value { return int32(a[0].(*Set).d.size()) }},
	{"void UnionWith(IEnumerable<T>)", func(m *machine, _ []*Type, a []Value) Value {
		s := a[0].(*Set)
		for _, v := range collect(m, a[1]) {
			s.add(m, v)
		}
		return nil
	}},
	{"bool SetEquals(IEnumerable<T>)", func(m *machine, _ []*Type, a []Value) Value {
		s, other := a[0].(*Set), newSet(a[0].(*Set).elem)
		iterate(m, a[1], func(v Value) bool { other.add(m, v); return true })
		same := s.d.size() == other.d.size()
		s.each(m, func(v Value) bool { _, ok := other.d.lookup(m, v); same = same && ok; return same })
		return same
	}},
}
