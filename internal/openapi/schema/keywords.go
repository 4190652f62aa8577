package schema

import (
	"strconv"
	"strings"

	"stile/diag"
	"stile/internal/config/doctree"
)

func nearest(name string, names []string) (string, bool) { return diag.Nearest(name, names) }

// keywords reads the keywords of one schema.
type keywords struct {
	c       *Compiler
	s       *Schema
	n       *doctree.Node
	pointer string
}

func (k *keywords) read() {
	ref := k.n.Get("$ref")
	if ref != nil {
		k.s.ref = k.c.reference(ref, k.s)
		if k.c.Dialect != Draft2020 {
			return
		}
	}
	for _, m := range k.n.Members {
		switch {
		case m.Name == "const" || m.Name == "enum":
			k.values(m.Name, m.Value)
		case m.Value.Kind == doctree.Null:
		case k.scalar(m.Name, m.Value) || k.inner(m.Name, m.Value):
		default:
			k.newer(m.Name, m.Value)
		}
	}
	k.samples()
	if k.c.Dialect == OpenAPI30 || k.c.Dialect == OpenAPI2 {
		k.nullable()
	}
}

// nullable is OpenAPI 3.0's keyword, and x-nullable of Swagger's users. It counts
// beside type; null stands in enum then by itself.
func (k *keywords) nullable() {
	for _, name := range []string{"nullable", "x-nullable"} {
		n := k.n.Get(name)
		if n == nil || n.Kind != doctree.Bool || n.Text != "true" {
			continue
		}
		if k.s.types != 0 {
			k.s.types |= Null
		}
		if k.s.enum != nil {
			k.s.enum["null"] = true
		}
	}
}

func (k *keywords) fault(n *doctree.Node, message, hint string) { k.c.Report(n, message, hint) }

func (k *keywords) sub(n *doctree.Node, names ...string) *Schema {
	pointer := k.pointer
	for _, name := range names {
		pointer += "/" + escapePointer(name)
	}
	return k.c.Compile(n, pointer)
}

func (k *keywords) list(to *[]*Schema, name string) func(*doctree.Node) {
	return func(n *doctree.Node) {
		if n.Kind != doctree.List {
			k.fault(n, name+" is a list of schemas", "")
			return
		}
		for i, item := range n.Items {
			*to = append(*to, k.sub(item, name, strconv.Itoa(i)))
		}
	}
}

func (k *keywords) bound(to *bound, n *doctree.Node) {
	d, ok := number(n.Text)
	if n.Kind != doctree.Number || !ok || d.negative || !d.within(32) {
		k.fault(n, "this must be a whole number that is not negative", "")
		return
	}
	i, err := strconv.Atoi(n.Text)
	if err != nil { // 1.0 or 1e2
		f, _ := strconv.ParseFloat(n.Text, 64)
		i = int(f)
	}
	*to = bound{i, true}
}

func (k *keywords) limit(to **decimal, text *string, n *doctree.Node) {
	d, ok := number(n.Text)
	if n.Kind != doctree.Number || !ok {
		k.fault(n, "this must be a number", "")
		return
	}
	*to, *text = &d, n.Text
}

// exclusive is a bound of its own, or says of the other one that it is exclusive.
func (k *keywords) exclusive(flag *bool, to **decimal, text *string, n *doctree.Node, lower bool) {
	if n.Kind == doctree.Bool {
		*flag = n.Text == "true"
		return
	}
	var d *decimal
	var t string
	k.limit(&d, &t, n)
	if d == nil {
		return
	}
	// Beside minimum the stricter of the two counts.
	if *to != nil {
		if order := d.compare(**to); lower && order < 0 || !lower && order > 0 {
			return
		}
	}
	*to, *text, *flag = d, t, true
}

// kinds are the names of types.
var kinds = map[string]Kind{"null": Null, "boolean": Boolean, "number": Number, "integer": Number, "string": String, "array": Array, "object": Object}

func (k *keywords) types(n *doctree.Node) {
	list := []*doctree.Node{n}
	if n.Kind == doctree.List {
		list = n.Items
	}
	numbers := false
	for _, item := range list {
		kind, ok := kinds[item.Text]
		switch {
		case item.Text == "file" && k.c.Dialect == OpenAPI2:
			return // a body of any bytes
		case item.Kind != doctree.String || !ok:
			hint := "the types are string, number, integer, boolean, array and object"
			if near, found := nearest(item.Text, []string{"string", "number", "integer", "boolean", "array", "object"}); found {
				hint = "did you mean " + near + "?"
			}
			k.fault(item, "there is no type "+strconv.Quote(item.Text), hint)
			continue
		}
		numbers = numbers || item.Text == "number"
		k.s.integer = k.s.integer || item.Text == "integer"
		k.s.types |= kind
	}
	k.s.integer = k.s.integer && !numbers
}

// values reads the keywords that hold values of any kind.
func (k *keywords) values(name string, n *doctree.Node) {
	switch name {
	case "const":
		key := valueOf(n).key()
		k.s.constant = &key
	case "enum":
		if n.Kind != doctree.List {
			k.fault(n, "enum is a list of values", "")
			return
		}
		k.s.enum = make(map[string]bool, len(n.Items))
		for _, item := range n.Items {
			k.s.enum[valueOf(item).key()] = true
		}
	}
}

// samples keeps what the schema shows of its values.
func (k *keywords) samples() {
	add := func(n *doctree.Node) {
		if n != nil {
			k.s.Samples = append(k.s.Samples, n.JSON())
		}
	}
	add(k.n.Get("example"))
	if list := k.n.Get("examples"); list != nil && list.Kind == doctree.List && len(list.Items) > 0 {
		add(list.Items[0])
	}
	add(k.n.Get("default"))
	add(k.n.Get("const"))
	if list := k.n.Get("enum"); list != nil && len(list.Items) > 0 {
		add(list.Items[0])
	}
}

// valueOf makes a Value of a node.
func valueOf(n *doctree.Node) *Value {
	switch n.Kind {
	case doctree.Bool:
		return &Value{Kind: Boolean, Text: n.Text}
	case doctree.Number:
		return &Value{Kind: Number, Text: n.Text}
	case doctree.String:
		return TextValue(n.Text)
	case doctree.List:
		v := &Value{Kind: Array}
		for _, item := range n.Items {
			v.Items = append(v.Items, valueOf(item))
		}
		return v
	case doctree.Map:
		v := &Value{Kind: Object}
		for _, m := range n.Members {
			v.Names, v.Items = append(v.Names, m.Name), append(v.Items, valueOf(m.Value))
		}
		return v
	}
	return &Value{Kind: Null, Text: "null"}
}

// pattern compiles a regular expression; nil where it cannot be read.
func (k *keywords) pattern(line *doctree.Node, text string) *pattern {
	p, err := compilePattern(text)
	if err != nil {
		k.fault(line, "the pattern "+strconv.Quote(clipped(text))+" cannot be read: "+err.Error(), "")
		return nil
	}
	return p
}

// clipped shortens what a message shows of a document or a value.
func clipped(s string) string {
	const most = 120
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return strings.TrimSpace(string(runes[:most])) + "…"
}
