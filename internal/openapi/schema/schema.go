package schema

import (
	"sort"
	"strings"

	"stile/rx"
)

// Dialect is the schema language of a description.
type Dialect uint8

// The dialects.
const (
	OpenAPI2  Dialect = iota // Swagger 2.0
	OpenAPI30                // OpenAPI 3.0
	Draft2020                // OpenAPI 3.1, and schemas that stand alone
)

// Schema is one compiled schema.
type Schema struct {
	// Name is the name under which the document defines it; empty for one that stands
	// where it is used.
	Name string
	// Pointer is where it stands in its document.
	Pointer string
	// Samples are values to show, best first, as compact JSON: example, examples,
	// default, const, the first of enum.
	Samples [][]byte

	never    bool // the schema false
	ref      *Schema
	types    Kind // 0: any
	integer  bool // of the numbers, whole ones alone
	constant *string
	enum     map[string]bool // keys of the values; nil: any
	format   string
	pattern  *pattern

	minimum, maximum                   *decimal
	minimumText, maximumText           string
	exclusiveMinimum, exclusiveMaximum bool
	multiple                           *decimal
	multipleText                       string
	minLength, maxLength               bound

	prefix                   []*Schema
	items, contains          *Schema
	minItems, maxItems       bound
	minContains, maxContains bound
	unique                   bool

	properties         []Property
	byName             map[string]int
	patternProperties  []patternProperty
	additional         *Schema
	propertyNames      *Schema
	required           []string
	minProps, maxProps bound
	dependentRequired  []dependency
	dependentSchemas   []Property

	allOf, anyOf, oneOf              []*Schema
	not, condition, then, otherwise  *Schema
	unevaluatedProps, unevaluatedAny *Schema
}

// Property is a property that a schema names.
type Property struct {
	Name   string
	Schema *Schema
}

type patternProperty struct {
	pattern *pattern
	schema  *Schema
}

type dependency struct {
	name string
	need []string
}

// bound is a number that may be absent.
type bound struct {
	n   int
	set bool
}

// pattern is a regular expression with its text.
type pattern struct {
	text string
	re   *rx.Regexp
}

// compilePattern takes ECMAScript's flavour, and .NET's where that does not read it.
func compilePattern(text string) (*pattern, error) {
	re, err := rx.CompileECMA(text, "")
	if err != nil {
		var second error
		if re, second = rx.Compile(text, 0); second != nil {
			return nil, err
		}
	}
	return &pattern{text, re}, nil
}

// Resolved gives the schema that references lead to.
func (s *Schema) Resolved() *Schema {
	for i := 0; s != nil && s.ref != nil && i < 64; i++ {
		s = s.ref
	}
	return s
}

// Types gives the kinds that a value may have by its own keyword type, 0 for any;
// integer says that of numbers only whole ones are allowed.
func (s *Schema) Types() (kinds Kind, integer bool) { return s.types, s.integer }

// Properties lists the properties that the schema itself names, in order.
func (s *Schema) Properties() []Property { return s.properties }

// Property gives a property that the schema itself names; nil where it does not.
func (s *Schema) Property(name string) *Schema {
	if s == nil {
		return nil
	}
	if i, ok := s.byName[name]; ok {
		return s.properties[i].Schema
	}
	return nil
}

// Items is the schema of an array's items; nil where any will do.
func (s *Schema) Items() *Schema {
	if len(s.prefix) > 0 {
		return s.prefix[0]
	}
	return s.items
}

// AllOf lists the schemas that all hold.
func (s *Schema) AllOf() []*Schema { return s.allOf }

// Choices lists the schemas of oneOf, else of anyOf.
func (s *Schema) Choices() []*Schema {
	if len(s.oneOf) > 0 {
		return s.oneOf
	}
	return s.anyOf
}

// Format is the keyword format.
func (s *Schema) Format() string { return s.format }

// Least gives the smallest length of a string, count of items, and number that the
// schema allows; the number is empty where it sets none.
func (s *Schema) Least() (length, items int, number string) {
	return s.minLength.n, s.minItems.n, s.minimumText
}

// Longest gives the greatest length of a string, -1 where any.
func (s *Schema) Longest() int {
	if !s.maxLength.set {
		return -1
	}
	return s.maxLength.n
}

// Additional is the schema of properties that no other keyword names; nil where the
// document says nothing of them or refuses them.
func (s *Schema) Additional() *Schema {
	if s.additional != nil && s.additional.never {
		return nil
	}
	return s.additional
}

// kindNames are the kinds' names as messages spell them.
func (k Kind) String() string {
	var names []string
	for i, name := range []string{"Null", "Boolean", "Number", "String", "Array", "Object"} {
		if k&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// key is the same for values that JSON Schema takes for equal.
func (v *Value) key() string {
	var b strings.Builder
	v.writeKey(&b)
	return b.String()
}

func (v *Value) writeKey(b *strings.Builder) {
	switch v.Kind {
	case Null, Boolean:
		b.WriteString(v.Text)
	case Number:
		d, _ := number(v.Text)
		b.WriteString(d.key())
	case String:
		b.WriteByte('"')
		b.WriteString(strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v.Text))
		b.WriteByte('"')
	case Array:
		b.WriteByte('[')
		for _, item := range v.Items {
			item.writeKey(b)
			b.WriteByte(',')
		}
		b.WriteByte(']')
	case Object:
		order := make([]int, len(v.Names))
		for i := range order {
			order[i] = i
		}
		sort.SliceStable(order, func(i, j int) bool { return v.Names[order[i]] < v.Names[order[j]] })
		b.WriteByte('{')
		for _, i := range order {
			TextValue(v.Names[i]).writeKey(b)
			b.WriteByte(':')
			v.Items[i].writeKey(b)
			b.WriteByte(',')
		}
		b.WriteByte('}')
	}
}

// size counts the values in v, itself too.
func (v *Value) size() int {
	n := 1
	for _, item := range v.Items {
		n += item.size()
	}
	return n
}

// Definition is the name under which the document defines what the schema means:
// its own, or that of the first one it refers to; empty where it is written out.
func (s *Schema) Definition() string {
	for i := 0; s != nil && i < 64; i++ {
		if s.Name != "" {
			return s.Name
		}
		s = s.ref
	}
	return ""
}
