package secret

import (
	"bytes"

	"stile/jsonval"
)

// MaskJSON gives v with every registered value replaced by ***: in the strings, in
// the names of members, and a number that is one becomes the string "***". A value
// that reaches across JSON's own signs makes the whole one "***".
func (m *Masker) MaskJSON(v jsonval.Value) jsonval.Value {
	if m == nil || !v.Exists() {
		return v
	}
	t := m.current()
	if t == nil || len(t.find(v.Raw(), nil, 0, nil)) == 0 {
		return v
	}
	out := t.json(v)
	if len(t.find(out.Raw(), nil, 0, nil)) > 0 {
		return jsonval.OfString(masked)
	}
	return out
}

func (t *maskTable) json(v jsonval.Value) jsonval.Value {
	switch v.Kind() {
	case jsonval.ObjectKind:
		var o jsonval.Object
		v.EachMember(func(name string, m jsonval.Value) bool {
			o.Add(string(t.mask([]byte(name))), t.json(m))
			return true
		})
		return o.Value()
	case jsonval.ArrayKind:
		var a jsonval.Array
		v.EachItem(func(m jsonval.Value) bool { a.Add(t.json(m)); return true })
		return a.Value()
	case jsonval.String:
		text, _ := v.Str()
		if out := t.mask([]byte(text)); string(out) != text {
			return jsonval.OfString(string(out))
		}
		return v
	}
	if out := t.mask(v.Raw()); !bytes.Equal(out, v.Raw()) {
		return jsonval.OfString(masked)
	}
	return v
}
