package exchange

import (
	"slices"
	"strings"
)

// Header is a list of fields in order. Names are compared without regard to case
// and kept as they were written. The zero Header is empty and ready.
type Header struct{ fields []field }

type field struct {
	name, value string
	// lazy makes the value when something reads it; see SetLazy.
	lazy func() string
}

func (f *field) get() string {
	if f.lazy != nil {
		f.value, f.lazy = f.lazy(), nil
	}
	return f.value
}

// Get gives the first value of name, "" where there is none.
func (h *Header) Get(name string) string {
	for i := range h.fields {
		if strings.EqualFold(h.fields[i].name, name) {
			return h.fields[i].get()
		}
	}
	return ""
}

// Values gives all values of name in order; nil where there is none.
func (h *Header) Values(name string) []string {
	var out []string
	for i := range h.fields {
		if strings.EqualFold(h.fields[i].name, name) {
			out = append(out, h.fields[i].get())
		}
	}
	return out
}

// Has reports whether a field of that name stands in the header. It reads no
// lazy value.
func (h *Header) Has(name string) bool {
	for i := range h.fields {
		if strings.EqualFold(h.fields[i].name, name) {
			return true
		}
	}
	return false
}

// Grow makes room for n more fields.
func (h *Header) Grow(n int) { h.fields = slices.Grow(h.fields, n) }

// Set replaces all fields of name by values, at the first one's place, or at the end.
func (h *Header) Set(name string, values ...string) {
	if !h.Has(name) {
		h.fields = appendValues(h.fields, name, values)
		return
	}
	out := make([]field, 0, len(h.fields)+len(values))
	placed := false
	for _, f := range h.fields {
		if !strings.EqualFold(f.name, name) {
			out = append(out, f)
			continue
		}
		if !placed {
			out = appendValues(out, name, values)
			placed = true
		}
	}
	if !placed {
		out = appendValues(out, name, values)
	}
	h.fields = out
}

func appendValues(out []field, name string, values []string) []field {
	for _, v := range values {
		out = append(out, field{name: name, value: v})
	}
	return out
}

// Add appends a field.
func (h *Header) Add(name, value string) {
	h.fields = append(h.fields, field{name: name, value: value})
}

// SetLazy sets one field whose value is made by f when first read. It exists for
// a step's bearer token: signing costs too much to do for a header that nobody reads.
func (h *Header) SetLazy(name string, f func() string) {
	h.Del(name)
	h.fields = append(h.fields, field{name: name, lazy: f})
}

// Lazy reports whether the first field of name is lazy and still unread.
func (h *Header) Lazy(name string) bool {
	for i := range h.fields {
		if strings.EqualFold(h.fields[i].name, name) {
			return h.fields[i].lazy != nil
		}
	}
	return false
}

// Del removes all fields of name.
func (h *Header) Del(name string) {
	if !h.Has(name) {
		return
	}
	out := make([]field, 0, len(h.fields)) // another header may share the old ones
	for _, f := range h.fields {
		if !strings.EqualFold(f.name, name) {
			out = append(out, f)
		}
	}
	h.fields = out
}

// Each calls f with every field in order; lazy values are made.
func (h *Header) Each(f func(name, value string)) {
	for i := range h.fields {
		f(h.fields[i].name, h.fields[i].get())
	}
}

// EachMade is Each without the lazy fields that nothing has read.
func (h *Header) EachMade(f func(name, value string)) {
	for i := range h.fields {
		if h.fields[i].lazy == nil {
			f(h.fields[i].name, h.fields[i].value)
		}
	}
}

// Names gives each field name once, in order of its first field, as written.
func (h *Header) Names() []string {
	if len(h.fields) > manyFields {
		return h.manyNames()
	}
	var out []string
next:
	for i := range h.fields {
		for _, n := range out {
			if strings.EqualFold(n, h.fields[i].name) {
				continue next
			}
		}
		out = append(out, h.fields[i].name)
	}
	return out
}

// manyFields is from how many fields on comparing each with each costs more than a map.
const manyFields = 64

func (h *Header) manyNames() (out []string) {
	seen := make(map[string]bool, len(h.fields))
	for i := range h.fields {
		if name := strings.ToLower(h.fields[i].name); !seen[name] {
			seen[name], out = true, append(out, h.fields[i].name)
		}
	}
	return out
}

// Same reports whether two headers have the same fields in the same order; values that
// nothing has read are taken for the same.
func (h *Header) Same(o *Header) bool {
	return slices.EqualFunc(h.fields, o.fields, func(a, b field) bool {
		return a.name == b.name && (a.lazy != nil) == (b.lazy != nil) && (a.lazy != nil || a.value == b.value)
	})
}

// Len counts the fields.
func (h *Header) Len() int { return len(h.fields) }

// Clone copies the fields; an unread lazy value stays lazy in both copies.
func (h *Header) Clone() Header { return Header{append([]field(nil), h.fields...)} }
