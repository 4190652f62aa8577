// Package sample makes up a value for a schema, for operations that are mocked: the
// same value each time.
//
// It does not search: a value for contradicting keywords, or for a pattern without
// an example, may not fit its schema. mock-response calls it where a description has
// no example.
//
// Invariants: what it gives is JSON of at most MaxValues values, nested at most
// maxDepth deep; a schema that holds itself ends where it comes back.
package sample

import (
	"strconv"
	"strings"

	"stile/internal/openapi/schema"
	"stile/jsonval"
)

// MaxValues is how many values a sample holds at most.
const MaxValues = 2_000

const maxDepth = 16

// JSON gives a sample as compact JSON text; a nil schema gives null.
func JSON(s *schema.Schema) []byte {
	m := &maker{}
	return m.value(s, 0)
}

type maker struct {
	under  []*schema.Schema // objects and arrays that are being made
	values int
}

// value gives JSON text.
func (m *maker) value(s *schema.Schema, depth int) []byte {
	if s = s.Resolved(); s == nil {
		return []byte("null")
	}
	if m.values++; m.values > MaxValues || depth > maxDepth {
		return []byte("null")
	}
	if len(s.Samples) > 0 {
		return s.Samples[0]
	}
	if all := s.AllOf(); len(all) > 0 {
		return m.object(s, depth)
	}
	kinds, integer := s.Types()
	if list := s.Choices(); len(list) > 0 && len(s.Properties()) == 0 {
		m.under = append(m.under, s)
		defer func() { m.under = m.under[:len(m.under)-1] }()
		return m.value(list[0], depth+1)
	}
	switch {
	case kinds&schema.Object != 0 || kinds == 0 && (len(s.Properties()) > 0 || s.Additional() != nil):
		return m.object(s, depth)
	case kinds&schema.Array != 0 || kinds == 0 && s.Items() != nil:
		return m.array(s, depth)
	case kinds&schema.String != 0:
		return jsonval.AppendString(nil, text(s))
	case kinds&schema.Number != 0:
		return []byte(number(s, integer))
	case kinds&schema.Boolean != 0:
		return []byte("true")
	case kinds == 0:
		return []byte("{}")
	}
	return []byte("null")
}

// inside reports whether a schema is being made already.
func (m *maker) inside(s *schema.Schema) bool {
	for _, u := range m.under {
		if u == s {
			return true
		}
	}
	return false
}

func (m *maker) object(s *schema.Schema, depth int) []byte {
	m.under = append(m.under, s)
	defer func() { m.under = m.under[:len(m.under)-1] }()
	o := &members{at: map[string]int{}}
	m.fill(o, s, depth)
	if len(o.names) == 0 && s.Additional() != nil && !m.inside(s.Additional().Resolved()) {
		o.set("key", m.value(s.Additional(), depth+1))
	}
	if len(o.names) == 0 && o.other != nil {
		return o.other
	}
	return o.json()
}

// fill adds the properties of a schema and of those that hold beside it. Of allOf
// whose schemas are no objects the first one's value stands.
func (m *maker) fill(o *members, s *schema.Schema, depth int) {
	for _, sub := range s.AllOf() {
		part := sub.Resolved()
		if part == nil || depth > maxDepth {
			continue
		}
		if kinds, _ := part.Types(); kinds != 0 && kinds&schema.Object == 0 {
			if o.other == nil {
				o.other = m.value(part, depth+1)
			}
			continue
		}
		if len(part.Samples) > 0 {
			o.merge(part.Samples[0])
			continue
		}
		if !m.inside(part) {
			m.under = append(m.under, part)
			m.fill(o, part, depth+1)
			m.under = m.under[:len(m.under)-1]
		}
	}
	for _, p := range s.Properties() {
		sub := p.Schema.Resolved()
		if sub == nil || m.inside(sub) || m.values >= MaxValues {
			continue
		}
		o.set(p.Name, m.value(sub, depth+1))
	}
	if list := s.Choices(); len(list) > 0 {
		if first := list[0].Resolved(); first != nil && !m.inside(first) && depth <= maxDepth {
			m.under = append(m.under, first)
			m.fill(o, first, depth+1)
			m.under = m.under[:len(m.under)-1]
		}
	}
}

func (m *maker) array(s *schema.Schema, depth int) []byte {
	item := s.Items().Resolved()
	if item == nil || m.inside(item) {
		return []byte("[]")
	}
	m.under = append(m.under, s)
	defer func() { m.under = m.under[:len(m.under)-1] }()
	_, least, _ := s.Least()
	out := []byte{'['}
	for i := range min(max(least, 1), 10) {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, m.value(item, depth+1)...)
	}
	return append(out, ']')
}

// members is an object under way; a name that comes again keeps its place.
type members struct {
	names  []string
	values [][]byte
	at     map[string]int
	other  []byte
}

func (o *members) set(name string, value []byte) {
	if i, ok := o.at[name]; ok {
		o.values[i] = value
		return
	}
	o.at[name] = len(o.names)
	o.names, o.values = append(o.names, name), append(o.values, value)
}

// merge adds the members of an object that is there as JSON.
func (o *members) merge(text []byte) {
	v, err := jsonval.Parse(text)
	if err != nil || v.Kind() != jsonval.ObjectKind {
		if o.other == nil {
			o.other = text
		}
		return
	}
	v.EachMember(func(name string, item jsonval.Value) bool {
		o.set(name, item.Raw())
		return true
	})
}

func (o *members) json() []byte {
	out := []byte{'{'}
	for i, name := range o.names {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(jsonval.AppendString(out, name), ':'), o.values[i]...)
	}
	return append(out, '}')
}

// texts are samples by format.
var texts = map[string]string{
	"date": "2000-01-23", "time": "04:56:07Z", "date-time": "2000-01-23T04:56:07Z", "duration": "PT1H",
	"uuid": "00000000-0000-0000-0000-000000000000", "email": "user@example.com", "hostname": "example.com",
	"ipv4": "192.0.2.1", "ipv6": "2001:db8::1", "uri": "https://example.com/", "uri-reference": "/example", "byte": "c3RyaW5n",
}

func text(s *schema.Schema) string {
	if t, ok := texts[s.Format()]; ok {
		return t
	}
	t := "string"
	least, _, _ := s.Least()
	if least = min(least, 10_000); len(t) < least {
		t = strings.Repeat(t, least/len(t)+1)[:least]
	}
	if most := s.Longest(); most >= 0 && len(t) > most {
		t = t[:most]
	}
	return t
}

// number is the least number that the schema allows, else 0.
func number(s *schema.Schema, integer bool) string {
	_, _, least := s.Least()
	if least == "" {
		return "0"
	}
	if _, err := strconv.Atoi(least); integer && err != nil {
		f, err := strconv.ParseFloat(least, 64)
		if err != nil || f > 1e15 || f < -1e15 {
			return "0"
		}
		n := int64(f)
		if float64(n) < f {
			n++
		}
		return strconv.FormatInt(n, 10)
	}
	return least
}
