package schema

import (
	"errors"
	"strconv"
	"strings"
)

// Options change what a validation asks for.
type Options struct {
	// Additional, where it is set, stands in place of what schemas say of additional
	// properties: false refuses every property that no schema names.
	Additional *bool
	// FoldNames compares the names of properties without regard to case.
	FoldNames bool
	// Text is the text that the value was read from, for the places of violations.
	Text []byte
}

// Violation is one way in which a value does not fit its schema.
type Violation struct {
	// Message is a sentence in the words of Newtonsoft's schema library, which API
	// Management uses.
	Message string
	// Line and Position are those of the value, from 1; zero without Options.Text.
	Line, Position int
	// Path is the value's path, as items[0].name; empty for the root.
	Path string
	// Schema is the pointer of the schema.
	Schema string
}

// String gives the message with its place.
func (v Violation) String() string { return v.Message + place(v.Line, v.Position) }

func place(line, position int) string {
	if line == 0 {
		return ""
	}
	return " Line: " + strconv.Itoa(line) + ", Position: " + strconv.Itoa(position)
}

// ErrBudget says that a validation took more steps than it may; ErrNumber that a
// number is too large to compute with.
var (
	ErrBudget = errors.New("the validation takes too many steps")
	ErrNumber = errors.New("a number has too many digits to compute with")
)

// Steps is how many steps one validation may take: a schema that meets a value is
// one, a step of a regular expression likewise.
const Steps = 8_000_000

// MaxViolations is how many violations are told.
const MaxViolations = 16

// maxNested bounds how deep schemas may be applied inside each other.
const maxNested = 1_000

// Validate checks a value. The error is ErrBudget or ErrNumber; then nothing is
// known of the value.
func (s *Schema) Validate(v *Value, o Options) (list []Violation, err error) {
	r := &validation{o: o, left: Steps}
	defer func() {
		if p := recover(); p != nil {
			e, ok := p.(error)
			if !ok || !errors.Is(e, ErrBudget) && !errors.Is(e, ErrNumber) {
				panic(p)
			}
			list, err = nil, e
		}
	}()
	r.value(s, v, nil)
	return r.list, nil
}

// validation is one run.
type validation struct {
	o      Options
	left   int
	nested int
	list   []Violation
	// quiet is how many branches are under way of which only the outcome counts.
	quiet int
	path  []string
}

// spend takes steps off the budget.
func (r *validation) spend(n int) {
	if r.left -= n; r.left < 0 {
		panic(ErrBudget)
	}
}

// seen is what schemas evaluated of one object or array.
type seen struct {
	names map[string]bool
	all   bool // of the properties
	items int  // as many from the first on
	rest  bool // all items
	some  map[int]bool
}

func (a *seen) name(name string) {
	if a == nil {
		return
	}
	if a.names == nil {
		a.names = map[string]bool{}
	}
	a.names[name] = true
}

func (a *seen) join(b *seen) {
	if a == nil || b == nil {
		return
	}
	for name := range b.names { // a set into a set: no order shows
		a.name(name)
	}
	for i := range b.some { // likewise
		if a.some == nil {
			a.some = map[int]bool{}
		}
		a.some[i] = true
	}
	a.all, a.rest, a.items = a.all || b.all, a.rest || b.rest, max(a.items, b.items)
}

// fail notes a violation and gives false.
func (r *validation) fail(s *Schema, v *Value, message string) bool {
	if r.quiet > 0 || len(r.list) >= MaxViolations {
		return false
	}
	out := Violation{Message: message, Path: strings.Join(r.path, ""), Schema: s.Pointer}
	out.Path = strings.TrimPrefix(out.Path, ".")
	if r.o.Text != nil {
		p := parser{text: string(r.o.Text)}
		out.Line, out.Position = p.place(v.at)
	}
	r.list = append(r.list, out)
	return false
}

// value checks a whole value: what stands in its place and, where additional
// properties are refused in every schema, that each has a name.
func (r *validation) value(s *Schema, v *Value, a *seen) bool {
	strict := r.o.Additional != nil && !*r.o.Additional && v.Kind == Object
	if !strict {
		return r.here(s, v, a)
	}
	if a == nil {
		a = &seen{}
	}
	ok := r.here(s, v, a)
	for i, name := range v.Names {
		if a.names[name] {
			continue
		}
		ok = r.refuseProperty(s, v.Items[i], name)
		if len(r.list) >= MaxViolations {
			break
		}
	}
	return ok
}

// here applies a schema to a value; what it evaluates is added to a where a is not nil.
func (r *validation) here(s *Schema, v *Value, a *seen) bool {
	r.spend(1)
	if s.never {
		return r.fail(s, v, "Schema always fails validation.")
	}
	if r.nested++; r.nested > maxNested {
		panic(ErrBudget)
	}
	defer func() { r.nested-- }()
	looks := s.unevaluatedProps != nil || s.unevaluatedAny != nil
	mine := a
	if mine == nil && looks {
		mine = &seen{}
	} else if looks {
		mine = &seen{} // what is beside this schema does not count for it
		defer func() { a.join(mine) }()
	}
	ok := true
	if s.ref != nil {
		ok = r.here(s.ref, v, mine)
	}
	if s.types != 0 && !r.typed(s, v) {
		return false // nothing else would say more
	}
	ok = r.fixed(s, v) && ok
	switch v.Kind {
	case Number:
		ok = r.number(s, v) && ok
	case String:
		ok = r.text(s, v) && ok
	case Array:
		ok = r.array(s, v, mine) && ok
	case Object:
		ok = r.object(s, v, mine) && ok
	}
	ok = r.composed(s, v, mine) && ok
	if looks {
		ok = r.unevaluated(s, v, mine) && ok
	}
	return ok
}

func (r *validation) typed(s *Schema, v *Value) bool {
	if s.types&v.Kind != 0 {
		if v.Kind != Number || !s.integer {
			return true
		}
		if d, _ := number(v.Text); d.integer() {
			return true
		}
	}
	want := s.types.String()
	if s.integer {
		want = strings.Replace(want, "Number", "Integer", 1)
	}
	return r.fail(s, v, "Invalid type. Expected "+want+" but got "+kindOf(v)+".")
}

// kindOf names a value's kind; a whole number is an integer.
func kindOf(v *Value) string {
	if v.Kind == Number && !strings.ContainsAny(v.Text, ".eE") {
		return "Integer"
	}
	return v.Kind.String()
}

// fixed checks const and enum.
func (r *validation) fixed(s *Schema, v *Value) bool {
	if s.enum == nil && s.constant == nil {
		return true
	}
	r.spend(v.size())
	key := v.key()
	if s.constant != nil && *s.constant != key {
		return r.fail(s, v, "Value "+shown(v)+" does not match const.")
	}
	if s.enum != nil && !s.enum[key] {
		return r.fail(s, v, "Value "+shown(v)+" is not defined in enum.")
	}
	return true
}

// shown is a value as messages have it.
func shown(v *Value) string {
	switch v.Kind {
	case Object:
		return "{…}"
	case Array:
		return "[…]"
	case String:
		return strconv.Quote(clipped(v.Text))
	}
	return clipped(v.Text)
}

// number checks the keywords for numbers.
func (r *validation) number(s *Schema, v *Value) bool {
	if s.minimum == nil && s.maximum == nil && s.multiple == nil && s.format == "" {
		return true
	}
	d, _ := number(v.Text)
	r.spend(1 + len(v.Text)/64)
	what := kindOf(v)
	if what == "Number" {
		what = "Float"
	}
	ok := true
	tell := func(message string) { ok = r.fail(s, v, what+" "+clipped(v.Text)+" "+message) }
	if s.maximum != nil {
		switch order := d.compare(*s.maximum); {
		case order > 0:
			tell("exceeds maximum value of " + s.maximumText + ".")
		case order == 0 && s.exclusiveMaximum:
			tell("equals maximum value of " + s.maximumText + " and exclusive maximum is true.")
		}
	}
	if s.minimum != nil {
		switch order := d.compare(*s.minimum); {
		case order < 0:
			tell("is less than minimum value of " + s.minimumText + ".")
		case order == 0 && s.exclusiveMinimum:
			tell("equals minimum value of " + s.minimumText + " and exclusive minimum is true.")
		}
	}
	if s.multiple != nil {
		is, known := d.multipleOf(*s.multiple)
		if !known {
			panic(ErrNumber)
		}
		if !is {
			tell("is not a multiple of " + s.multipleText + ".")
		}
	}
	if bits := map[string]uint{"int32": 32, "int64": 64}[s.format]; bits != 0 && !d.within(bits) {
		tell("does not validate against format '" + s.format + "'.")
	}
	return ok
}
