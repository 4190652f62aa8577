package policy

import (
	"slices"
	"strings"

	"stile/diag"
	"stile/policy/exchange"
)

// Fillers stand for texts that are not known while a document is checked: one of
// each kind that policies tell apart when they compile. A fault counts as the
// document's own where every one of them gives it.
func Fillers() []string {
	return []string{"1", "true", "https://filler.invalid/", "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=", "192.0.2.1",
		"text", "00000000-0000-4000-8000-000000000001", `"text"`}
}

// Shared keeps the faults that a second reading of the same document, with another
// filler, gives too, in the order of the first. A reading in which the filler was no
// C# says nothing about expressions.
func Shared(list, again diag.List) diag.List {
	in := func(l diag.List, d diag.Diagnostic) bool {
		return slices.ContainsFunc(l, func(o diag.Diagnostic) bool {
			return o.Code == d.Code && o.File == d.File && o.Line == d.Line && o.Column == d.Column
		})
	}
	broken := slices.ContainsFunc(again, func(d diag.Diagnostic) bool {
		return slices.Contains([]string{CodeExpressionEnd, "STL-E001", "STL-E002"}, d.Code) && !in(list, d)
	})
	return slices.DeleteFunc(slices.Clone(list), func(d diag.Diagnostic) bool {
		return !in(again, d) && !(broken && strings.HasPrefix(d.Code, "STL-E"))
	})
}

// CheckLoose reports the faults of a document whose surroundings are not all at
// hand. Named values, fragments, backends, certificates, schemas and loggers that v
// does not have are taken to be there, and what depends on their texts alone is no
// fault. A value that a template's placeholder stands in ({name}, ${name}, #{name}#,
// __name__) is a warning. v may be nil: it has nothing.
func CheckLoose(src Source, t *Table, v Values) diag.List {
	if v == nil {
		v = Fixed{}
	}
	var list diag.List
	for i, filler := range Fillers() {
		l := &loose{Values: v, filler: filler}
		_, again := Compile(src, t, l)
		if i == 0 {
			list = again
		} else {
			list = Shared(list, again)
		}
		if !l.filled {
			break // the document asks for no name that is not there
		}
	}
	return list
}

// loose is Values in which every name is there.
type loose struct {
	Values
	filler string
	filled bool // a filler was given
}

// NamedValue gives a filler for a name that is not there.
func (l *loose) NamedValue(name string) (text string, secret, ok bool) {
	if text, secret, ok = l.Values.NamedValue(name); ok {
		return text, secret, true
	}
	l.filled = true
	return l.filler, false, true
}

// Fragment gives an empty fragment for an id that is not there.
func (l *loose) Fragment(id string) (Source, bool) {
	if src, ok := l.Values.Fragment(id); ok {
		return src, true
	}
	return Source{File: id, Text: "<fragment />"}, true
}

// Backend gives a backend for an id that is not there.
func (l *loose) Backend(id string) (exchange.Backend, bool) {
	if b, ok := l.Values.Backend(id); ok {
		return b, true
	}
	return exchange.Backend{ID: id, BaseURL: "https://filler.invalid"}, true
}

// Certificate gives one without a key for an id that is not there.
func (l *loose) Certificate(id string) (Certificate, bool) {
	if v, ok := l.Values.(Certified); ok {
		if found, ok := v.Certificate(id); ok && found.Lacking == "" {
			return found, true
		}
	}
	return Certificate{ID: id}, true
}

// Certificates lists those that are known.
func (l *loose) Certificates() []string {
	if v, ok := l.Values.(Certified); ok {
		return v.Certificates()
	}
	return nil
}

// Schema gives one that takes any value for an id that is not there.
func (l *loose) Schema(id string) (StoredSchema, bool) {
	if v, ok := l.Values.(Schemed); ok {
		if found, ok := v.Schema(id); ok {
			return found, true
		}
	}
	return StoredSchema{ID: id}, true
}

// Schemas lists those that are known.
func (l *loose) Schemas() []string {
	if v, ok := l.Values.(Schemed); ok {
		return v.Schemas()
	}
	return nil
}

// ManagedIdentity is taken to be there.
func (l *loose) ManagedIdentity() bool { return true }

// lenient reports whether the document is checked loosely.
func (c *Compiler) lenient() bool {
	_, ok := c.values.(*loose)
	return ok
}

// unjudged says why a value at a place is not judged, where the document is checked
// loosely: its text is a name that is not there, or a placeholder that somebody fills
// in before the document is used. Empty where it is judged.
func (c *Compiler) unjudged(at Placed) string {
	if !c.lenient() {
		return ""
	}
	var parts []content
	switch at := at.(type) {
	case *Attr:
		parts = []content{at.content}
	case *Element:
		for _, n := range at.Children {
			if (n.Kind == TextNode || n.Kind == CDATANode) && strings.TrimSpace(n.content.raw) != "" {
				parts = append(parts, n.content)
			}
		}
	}
	for _, p := range parts {
		switch t, _, _ := at.position(); {
		case p.expr:
		case t.filled(c.values.(*loose).Values, p):
			return "named value"
		case placeholder(p.raw):
			return "placeholder"
		}
	}
	return ""
}

// templates lowers the faults of an expression, those from an index on, to warnings
// where placeholders stand in it.
func (c *Compiler) templates(from int, source string) {
	all := templated(source)
	for i := range c.list[from:] {
		d := &c.list[from+i]
		name, _, _ := strings.Cut(strings.TrimPrefix(d.Message, "the name "), " does not exist")
		if d.Severity == diag.Error && (all || d.Code == "STL-E003" && capitals(name)) {
			c.passed++
			d.Severity, d.Hint = diag.Warning, placeholderHint
		}
	}
}

const placeholderHint = "a placeholder stands for text that is put in before the document is used"

// filled reports whether a text is, blanks aside, one named value that v lacks.
func (t *Tree) filled(v Values, ct content) bool {
	raw := strings.TrimSpace(ct.raw)
	from := ct.at + strings.Index(ct.raw, raw)
	for _, s := range t.spans {
		if s.name != "" && s.from == from && s.to == from+len(raw) {
			_, _, known := v.NamedValue(s.name)
			return !known
		}
	}
	return false
}

// placeholder reports whether a text is what templates of other tools hold: nothing
// yet, a NAME_IN_CAPITALS, or text with {name}, ${name}, #{name}# or __name__ in it.
func placeholder(text string) bool {
	if text = strings.TrimSpace(text); text == "" || capitals(text) || strings.Contains(text, "%{") {
		return true
	}
	for _, marks := range [][2]string{{"{", "}"}, {"__", "__"}} {
		from := strings.Index(text, marks[0])
		if from < 0 {
			continue
		}
		name, _, ok := strings.Cut(text[from+len(marks[0]):], marks[1])
		if ok && name != "" && strings.Trim(name, "_-. abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == "" {
			return true
		}
	}
	return false
}

// capitals reports whether a text is a name such as RETRY_COUNT.
func capitals(text string) bool {
	return len(text) > 2 && strings.Contains(text[1:], "_") && text[0] >= 'A' && text[0] <= 'Z' && strings.Trim(text, "_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

// templated reports whether C# holds a placeholder where no C# can hold such a text.
func templated(source string) bool {
	for _, part := range strings.FieldsFunc(source, func(r rune) bool {
		return r != '$' && r != '{' && r != '}' && r != '_' && r != '-' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		if strings.Contains(part, "${") {
			return true
		}
		if _, rest, ok := strings.Cut(part, "{"); ok {
			if name, _, ok := strings.Cut(rest, "}"); ok && strings.Contains(name, "-") {
				return true
			}
		}
	}
	return false
}
