package liquid

import (
	"strings"

	"stile/policy/expr/clr"
)

// List is an array.
type List []any

// Pair is a name with its value; a loop over a Hash sees pairs.
type Pair struct {
	Key   string
	Value any
}

// Hash is a JSON object, an XML element, or another list of named values in order.
// The zero Hash is empty and ready; it must not change while a template renders.
type Hash struct {
	pairs []Pair
	index map[string]int // made when the hash grows beyond few
	// fold finds names without regard to case where none is exactly alike.
	fold bool
}

// few is how many pairs are searched one by one.
const few = 8

// NewFoldedHash makes a Hash that finds names without regard to case where no name
// is exactly alike: headers and XML elements, whose names generated templates
// spell in their own way.
func NewFoldedHash() *Hash { return &Hash{fold: true} }

// Set adds a pair, or gives a name another value.
func (h *Hash) Set(name string, v any) {
	if i := h.exact(name); i >= 0 {
		h.pairs[i].Value = v
		return
	}
	h.pairs = append(h.pairs, Pair{name, v})
	switch {
	case h.index != nil:
		h.index[name] = len(h.pairs) - 1
	case len(h.pairs) > few:
		h.index = make(map[string]int, 2*few)
		for i, p := range h.pairs {
			h.index[p.Key] = i
		}
	}
}

// Get gives a value by name.
func (h *Hash) Get(name string) (v any, ok bool) {
	if i := h.find(name); i >= 0 {
		return h.pairs[i].Value, true
	}
	return nil, false
}

// Pairs lists the pairs in order; they must not be changed.
func (h *Hash) Pairs() []Pair { return h.pairs }

func (h *Hash) find(name string) int {
	if i := h.exact(name); i >= 0 || !h.fold {
		return i
	}
	for _, as := range []string{name, "@" + name} {
		for i := range h.pairs {
			if strings.EqualFold(h.pairs[i].Key, as) {
				return i
			}
		}
	}
	return -1
}

func (h *Hash) exact(name string) int {
	if h.index != nil {
		if i, ok := h.index[name]; ok {
			return i
		}
		return -1
	}
	for i := range h.pairs {
		if h.pairs[i].Key == name {
			return i
		}
	}
	return -1
}

// Object is a value whose members are made when a template names them, such as
// context.Request. Member gives ok false for a name that it does not have.
type Object interface {
	Member(name string) (v any, ok bool)
}

// empty is what `empty` and `blank` stand for: equal to every sequence without items.
type empty struct{}

// member is one step of a path: .name, or [value] where bracketed.
func (r *render) member(of, key any, bracketed bool) (v any, ok bool) {
	name, named := key.(string)
	switch x := of.(type) {
	case *Hash:
		if v, ok := x.Get(textOf(key)); ok {
			return v, true
		}
	case Object:
		if v, ok := x.Member(textOf(key)); ok {
			return v, true
		}
		return nil, false
	case Pair:
		switch textOf(key) {
		case "0", "Key", "key":
			return x.Key, true
		case "1", "Value", "value":
			return x.Value, true
		}
		return r.member(x.Value, key, bracketed)
	case List:
		if i, isIndex := indexOf(key); isIndex && bracketed {
			if i < 0 || i >= int64(len(x)) {
				return nil, false
			}
			return x[i], true
		}
	}
	if bracketed || !named {
		return nil, false
	}
	items, ok := r.items(of)
	if !ok {
		return nil, false
	}
	switch {
	case name == "size":
		return int32(len(items)), true
	case name == "first" && len(items) > 0:
		return items[0], true
	case name == "last" && len(items) > 0:
		return items[len(items)-1], true
	}
	return nil, false
}

func indexOf(v any) (int64, bool) {
	switch x := v.(type) {
	case int32:
		return int64(x), true
	case int64:
		return x, true
	}
	return 0, false
}

// items lists what IEnumerable gives: a list's items, a hash's pairs, a string's
// characters. ok is false for any other value.
func (r *render) items(v any) (items []any, ok bool) {
	switch x := v.(type) {
	case List:
		return x, true
	case *Hash:
		r.m.Grow(16 * len(x.pairs))
		items = make([]any, len(x.pairs))
		for i, p := range x.pairs {
			items[i] = p
		}
		return items, true
	case Pair:
		return nil, false
	case string:
		r.m.Grow(20 * len(x))
		for _, c := range x {
			items = append(items, string(c))
		}
		return items, true
	case span:
		n := max(x.to-x.from+1, 0)
		r.m.Grow(int(min(n, 1<<40)) * 20)
		for i := x.from; i <= x.to; i++ {
			items = append(items, int32(i))
		}
		return items, true
	}
	return nil, false
}

// span is (from..to).
type span struct{ from, to int64 }

// flat lists the items of a sequence and of the lists in it; a value that is no
// sequence is a list of itself.
func (r *render) flat(v any) []any {
	items, ok := r.items(v)
	if _, text := v.(string); !ok || text {
		return []any{v}
	}
	var out []any
	for _, it := range items {
		r.m.Step()
		if l, nested := it.(List); nested {
			out = append(out, r.flat(l)...)
			continue
		}
		out = append(out, it)
	}
	return out
}

// textOf is ToString() in the invariant culture.
func textOf(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case *Hash:
		return "DotLiquid.Hash"
	case List:
		return "System.Object[]"
	case Pair:
		return "[" + x.Key + ", " + textOf(x.Value) + "]"
	case Object, empty, span:
		return ""
	}
	return clr.Text(v)
}

// written is what {{ value }} writes.
func (r *render) written(v any) string {
	switch x := v.(type) {
	case nil, Object, empty:
		return ""
	case bool:
		if x {
			return "true"
		}
		return "false"
	case string:
		return x
	case Pair:
		return textOf(x)
	}
	items, ok := r.items(v)
	if !ok {
		return textOf(v)
	}
	var b strings.Builder
	for _, it := range items {
		text := textOf(it)
		r.m.Grow(len(text))
		b.WriteString(text)
	}
	return b.String()
}

// truthy: all but nil and false.
func truthy(v any) bool {
	b, isBool := v.(bool)
	return v != nil && (!isBool || b)
}
