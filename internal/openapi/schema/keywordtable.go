package schema

import (
	"stile/internal/config/doctree"
)

// scalar reads the keywords whose values are no schemas; false for any other.
func (k *keywords) scalar(name string, n *doctree.Node) bool {
	s := k.s
	switch name {
	case "type":
		k.types(n)
	case "format":
		s.format = n.Text
	case "pattern":
		s.pattern = k.pattern(n, n.Text)
	case "minimum":
		var d *decimal
		var t string
		k.limit(&d, &t, n)
		if d != nil && (s.minimum == nil || d.compare(*s.minimum) > 0) {
			s.minimum, s.minimumText = d, t
			s.exclusiveMinimum = k.flagged("exclusiveMinimum")
		}
	case "maximum":
		var d *decimal
		var t string
		k.limit(&d, &t, n)
		if d != nil && (s.maximum == nil || d.compare(*s.maximum) < 0) {
			s.maximum, s.maximumText = d, t
			s.exclusiveMaximum = k.flagged("exclusiveMaximum")
		}
	case "exclusiveMinimum":
		k.exclusive(&s.exclusiveMinimum, &s.minimum, &s.minimumText, n, true)
	case "exclusiveMaximum":
		k.exclusive(&s.exclusiveMaximum, &s.maximum, &s.maximumText, n, false)
	case "multipleOf":
		k.limit(&s.multiple, &s.multipleText, n)
		if s.multiple != nil && s.multiple.sign() <= 0 {
			k.fault(n, "multipleOf is greater than 0", "")
			s.multiple = nil
		}
	case "minLength":
		k.bound(&s.minLength, n)
	case "maxLength":
		k.bound(&s.maxLength, n)
	case "minItems":
		k.bound(&s.minItems, n)
	case "maxItems":
		k.bound(&s.maxItems, n)
	case "minProperties":
		k.bound(&s.minProps, n)
	case "maxProperties":
		k.bound(&s.maxProps, n)
	case "uniqueItems":
		s.unique = n.Kind == doctree.Bool && n.Text == "true"
	case "required":
		k.required(n)
	default:
		return false
	}
	return true
}

// flagged reports whether a keyword beside is true, as OpenAPI 3.0 has it.
func (k *keywords) flagged(name string) bool {
	n := k.n.Get(name)
	return n != nil && n.Kind == doctree.Bool && n.Text == "true"
}

// required is a list of names; old documents have true or false at the property,
// which says nothing.
func (k *keywords) required(n *doctree.Node) {
	if n.Kind == doctree.Bool {
		return
	}
	if n.Kind != doctree.List {
		k.fault(n, "required is a list of the names of properties", "")
		return
	}
	for _, item := range n.Items {
		k.s.required = append(k.s.required, item.Text)
	}
}

// inner reads the keywords whose values are schemas, in every dialect.
func (k *keywords) inner(name string, n *doctree.Node) bool {
	s := k.s
	switch name {
	case "properties":
		k.properties(n)
	case "additionalProperties":
		switch {
		case n.Kind == doctree.Bool && n.Text == "false":
			s.additional = &Schema{never: true}
		case n.Kind == doctree.Map:
			s.additional = k.sub(n, name)
		case n.Kind != doctree.Bool:
			k.fault(n, "additionalProperties is a schema, true or false", "")
		}
	case "items":
		if n.Kind == doctree.List { // before 2020-12: a schema for each place
			k.list(&s.prefix, name)(n)
			return true
		}
		s.items = k.sub(n, name)
	case "allOf":
		k.list(&s.allOf, name)(n)
	case "anyOf":
		k.list(&s.anyOf, name)(n)
	case "oneOf":
		k.list(&s.oneOf, name)(n)
	case "not":
		s.not = k.sub(n, name)
	default:
		return false
	}
	return true
}

func (k *keywords) properties(n *doctree.Node) {
	if n.Kind != doctree.Map {
		k.fault(n, "properties is a map of names and schemas", "")
		return
	}
	k.s.byName = make(map[string]int, len(n.Members))
	for i, m := range n.Members {
		k.s.byName[m.Name] = i
		k.s.properties = append(k.s.properties, Property{m.Name, k.sub(m.Value, "properties", m.Name)})
	}
}

// newer reads the keywords that JSON Schema 2020-12 has and OpenAPI 3.0 has not; who
// writes one there means it.
func (k *keywords) newer(name string, n *doctree.Node) {
	s := k.s
	switch name {
	case "prefixItems":
		k.list(&s.prefix, name)(n)
	case "contains":
		s.contains = k.sub(n, name)
	case "minContains":
		k.bound(&s.minContains, n)
	case "maxContains":
		k.bound(&s.maxContains, n)
	case "propertyNames":
		s.propertyNames = k.sub(n, name)
	case "patternProperties":
		for _, m := range n.Members {
			if p := k.pattern(m.Value, m.Name); p != nil {
				s.patternProperties = append(s.patternProperties, patternProperty{p, k.sub(m.Value, name, m.Name)})
			}
		}
	case "dependentRequired":
		for _, m := range n.Members {
			k.dependency(m)
		}
	case "dependentSchemas":
		for _, m := range n.Members {
			s.dependentSchemas = append(s.dependentSchemas, Property{m.Name, k.sub(m.Value, name, m.Name)})
		}
	case "dependencies": // of the drafts before 2019-09
		for _, m := range n.Members {
			if m.Value.Kind == doctree.List {
				k.dependency(m)
				continue
			}
			s.dependentSchemas = append(s.dependentSchemas, Property{m.Name, k.sub(m.Value, name, m.Name)})
		}
	case "if":
		s.condition = k.sub(n, name)
	case "then":
		s.then = k.sub(n, name)
	case "else":
		s.otherwise = k.sub(n, name)
	case "unevaluatedProperties":
		s.unevaluatedProps = k.sub(n, name)
	case "unevaluatedItems":
		s.unevaluatedAny = k.sub(n, name)
	case "additionalItems": // of the drafts before 2020-12
		if items := k.n.Get("items"); items != nil && items.Kind == doctree.List {
			s.items = k.sub(n, name)
		}
	case "$dynamicRef", "$recursiveRef":
		k.fault(n, name+" is not in this version", "write $ref")
	case "$id":
		if k.pointer != "#" {
			k.fault(n, "a schema with an $id of its own inside a document is not in this version", "remove $id, and write references from the document's root")
		}
	}
}

func (k *keywords) dependency(m doctree.Member) {
	d := dependency{name: m.Name}
	for _, item := range m.Value.Items {
		d.need = append(d.need, item.Text)
	}
	k.s.dependentRequired = append(k.s.dependentRequired, d)
}
