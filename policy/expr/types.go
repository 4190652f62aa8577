package expr

import (
	"strings"
)

// Type is a C# type: a definition with its type arguments, or a type parameter
// of a signature. Types are compared with same, never by pointer.
type Type struct {
	def   *typeDef
	args  []*Type
	param string // set for a type parameter; def is nil then
}

type typeKind uint8

const (
	classKind typeKind = iota
	structKind
	interfaceKind
	enumKind
	staticKind
	specialKind
)

// typeDef is what all constructions of a type share.
type typeDef struct {
	name      string // String
	namespace string // System
	keyword   string // string
	kind      typeKind
	params    []string
	bases     []*Type
	members   map[string][]*member
	ctors     []*member
	getters   []*member // indexers
	setters   []*member
	names     []string // enum constants by value order, for ToString
	numbers   []int32
	flags     bool
	zero      Value // default(T) of a struct
	anonymous []string
	// rank orders the numeric types for promotion; 0 for others.
	rank int
}

func define(kind typeKind, name, keyword string) *Type {
	d := &typeDef{kind: kind, keyword: keyword}
	if i := strings.IndexByte(name, '<'); i >= 0 {
		d.params = strings.Split(strings.TrimSuffix(name[i+1:], ">"), ",")
		name = name[:i]
	}
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		d.namespace, name = name[:i], name[i+1:]
	}
	d.name = name
	t := &Type{def: d}
	for _, p := range d.params {
		t.args = append(t.args, &Type{param: p})
	}
	return t
}

func class(name string) *Type      { return define(classKind, name, "") }
func iface(name string) *Type      { return define(interfaceKind, name, "") }
func statics(name string) *Type    { return define(staticKind, name, "") }
func enumType(name string) *Type   { return define(enumKind, name, "") }
func special(keyword string) *Type { return define(specialKind, keyword, keyword) }

func structure(name string, zero Value) *Type {
	t := define(structKind, name, "")
	t.def.zero = zero
	return t
}

func number(name, keyword string, rank int, zero Value) *Type {
	t := define(structKind, "System."+name, keyword)
	t.def.zero, t.def.rank = zero, rank
	return t
}

// The types that the language itself knows.
var (
	typeObject   = define(classKind, "System.Object", "object")
	typeString   = define(classKind, "System.String", "string")
	typeVoid     = special("void")
	typeNull     = special("null")
	typeAny      = special("?") // stands where a fault was reported already
	typeLambda   = special("lambda expression")
	typeBool     = number("Boolean", "bool", 0, false)
	typeChar     = number("Char", "char", 1, Char(0))
	typeSByte    = number("SByte", "sbyte", 2, int8(0))
	typeByte     = number("Byte", "byte", 3, uint8(0))
	typeShort    = number("Int16", "short", 4, int16(0))
	typeUShort   = number("UInt16", "ushort", 5, uint16(0))
	typeInt      = number("Int32", "int", 6, int32(0))
	typeUInt     = number("UInt32", "uint", 7, uint32(0))
	typeLong     = number("Int64", "long", 8, int64(0))
	typeULong    = number("UInt64", "ulong", 9, uint64(0))
	typeFloat    = number("Single", "float", 10, float32(0))
	typeDouble   = number("Double", "double", 11, float64(0))
	typeDecimal  = number("Decimal", "decimal", 12, Decimal{})
	typeArray    = class("System.Array<T>")
	typeNullable = structure("System.Nullable<T>", nil)
	typeFunc     = class("System.Func<R>")
	typeAction   = class("System.Action")
)

func arrayOf(t *Type) *Type { return &Type{def: typeArray.def, args: []*Type{t}} }

func nullableOf(t *Type) *Type { return &Type{def: typeNullable.def, args: []*Type{t}} }

func generic(t *Type, args ...*Type) *Type { return &Type{def: t.def, args: args} }

func (t *Type) is(u *Type) bool { return t.def != nil && t.def == u.def }

// same is identity of types.
func same(a, b *Type) bool {
	if a == b {
		return true
	}
	if a == nil || b == nil || a.def != b.def || a.param != b.param || len(a.args) != len(b.args) {
		return false
	}
	for i := range a.args {
		if !same(a.args[i], b.args[i]) {
			return false
		}
	}
	return true
}

// String spells the type as a C# programmer would.
func (t *Type) String() string {
	switch {
	case t.def == nil:
		return t.param
	case t.is(typeArray):
		return t.args[0].String() + "[]"
	case t.is(typeNullable):
		return t.args[0].String() + "?"
	case t.def.anonymous != nil:
		return "anonymous type"
	case t.def.keyword != "":
		return t.def.keyword
	case len(t.args) == 0:
		return t.def.name
	}
	names := make([]string, len(t.args))
	for i, a := range t.args {
		names[i] = a.String()
	}
	return t.def.name + "<" + strings.Join(names, ", ") + ">"
}

// fullName is what GetType().ToString() gives in .NET.
func (t *Type) fullName() string {
	if t.is(typeArray) {
		return t.args[0].fullName() + "[]"
	}
	name := t.def.name
	if t.def.namespace != "" {
		name = t.def.namespace + "." + name
	}
	if len(t.args) == 0 {
		return name
	}
	names := make([]string, len(t.args))
	for i, a := range t.args {
		names[i] = a.fullName()
	}
	return name + "`" + string(rune('0'+len(t.args))) + "[" + strings.Join(names, ",") + "]"
}

// isValue reports a value type, which cannot be null.
func (t *Type) isValue() bool {
	return t.def != nil && (t.def.kind == structKind || t.def.kind == enumKind) && !t.is(typeNullable)
}

func (t *Type) isNumeric() bool { return t.def != nil && t.def.rank > 0 }

func (t *Type) isIntegral() bool { return t.isNumeric() && t.def.rank <= typeULong.def.rank }

func (t *Type) isEnum() bool { return t.def != nil && t.def.kind == enumKind }

func (t *Type) isFunc() bool { return t.is(typeFunc) || t.is(typeAction) }

// funcParts gives the parameters and the result (typeVoid for an Action).
func (t *Type) funcParts() (params []*Type, result *Type) {
	if t.is(typeAction) {
		return t.args, typeVoid
	}
	n := len(t.args) - 1
	return t.args[:n], t.args[n]
}

// zero is default(T).
func (t *Type) zero() Value {
	switch {
	case t.def == nil || !t.isValue():
		return nil
	case t.isEnum():
		return Enum{t, 0}
	case t.is(typeKeyValue):
		return KeyValue{typ: t, Key: t.args[0].zero(), Value: t.args[1].zero()}
	}
	return t.def.zero
}

// substitute replaces type parameters by what s says.
func (t *Type) substitute(s map[string]*Type) *Type {
	if t.def == nil {
		if u := s[t.param]; u != nil {
			return u
		}
		return t
	}
	if len(t.args) == 0 || len(s) == 0 {
		return t
	}
	args := make([]*Type, len(t.args))
	for i, a := range t.args {
		args[i] = a.substitute(s)
	}
	return &Type{def: t.def, args: args}
}

// open reports whether a type parameter is still in t.
func (t *Type) open() bool {
	if t.def == nil {
		return true
	}
	for _, a := range t.args {
		if a.open() {
			return true
		}
	}
	return false
}

// binding maps the definition's parameters to t's arguments.
func (t *Type) binding() map[string]*Type {
	if len(t.args) == 0 || t.def == nil || len(t.def.params) != len(t.args) {
		return nil
	}
	s := make(map[string]*Type, len(t.args))
	for i, p := range t.def.params {
		s[p] = t.args[i]
	}
	return s
}

// asBase finds t, or the construction of def among t's bases.
func (t *Type) asBase(def *typeDef) *Type {
	if t.def == nil {
		return nil
	}
	if t.def == def {
		return t
	}
	s := t.binding()
	for _, b := range t.def.bases {
		if found := b.substitute(s).asBase(def); found != nil {
			return found
		}
	}
	return nil
}

// derives is implicit reference conversion, boxing included.
func (t *Type) derives(u *Type) bool {
	if same(t, u) || same(u, typeObject) {
		return true
	}
	if t.def == nil || u.def == nil {
		return false
	}
	if t.is(typeNullable) {
		return false
	}
	b := t.asBase(u.def)
	if b == nil || len(b.args) != len(u.args) {
		return false
	}
	for i := range b.args {
		if same(b.args[i], u.args[i]) {
			continue
		}
		// IEnumerable<out T> and its like are covariant in reference types.
		if u.def.kind != interfaceKind && !u.is(typeArray) || b.args[i].isValue() || !b.args[i].derives(u.args[i]) {
			return false
		}
	}
	return true
}

// elementType is what walking t gives; nil where t is no sequence.
func (t *Type) elementType() *Type {
	if b := t.asBase(typeEnumerable.def); b != nil {
		return b.args[0]
	}
	return nil
}
