package clr

import (
	"strings"
)

// Type is a C# type: a definition with its type arguments, or a type parameter
// of a signature. Types are compared with same, never by pointer.
type Type struct {
	Def   *TypeDef
	Args  []*Type
	Param string // set for a type parameter; def is nil then
	// Names are those of a tuple's items, empty where one has none. They are no part
	// of the type's identity.
	Names []string
}

type typeKind uint8

// The kinds of types that other packages ask for.
const (
	ClassKind typeKind = iota
	structKind
	InterfaceKind
	enumKind
	staticKind
	specialKind
)

// TypeDef is what all constructions of a type share.
type TypeDef struct {
	Name      string // String
	Namespace string // System
	Keyword   string // string
	Kind      typeKind
	Params    []string
	Bases     []*Type
	Members   map[string][]*Member
	Ctors     []*Member
	Getters   []*Member // indexers
	Setters   []*Member
	Names     []string // enum constants by value order, for ToString
	Numbers   []int32
	zero      Value // default(T) of a struct
	Anonymous []string
	// Rank orders the numeric types for promotion; 0 for others.
	Rank int
	// Equatable says that a struct of the library has == and !=.
	Equatable bool
}

func define(kind typeKind, name, keyword string) *Type {
	d := &TypeDef{Kind: kind, Keyword: keyword}
	if i := strings.IndexByte(name, '<'); i >= 0 {
		d.Params = strings.Split(strings.TrimSuffix(name[i+1:], ">"), ",")
		name = name[:i]
	}
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		d.Namespace, name = name[:i], name[i+1:]
	}
	d.Name = name
	t := &Type{Def: d}
	for _, p := range d.Params {
		t.Args = append(t.Args, &Type{Param: p})
	}
	return t
}

// Class defines a class; the name is qualified and may carry type parameters: N.List<T>.
func Class(name string) *Type { return define(ClassKind, name, "") }

// Iface defines an interface.
func Iface(name string) *Type { return define(InterfaceKind, name, "") }

// Statics defines a static class.
func Statics(name string) *Type { return define(staticKind, name, "") }

// EnumType defines an enumeration; its constants come with the library.
func EnumType(name string) *Type   { return define(enumKind, name, "") }
func special(keyword string) *Type { return define(specialKind, keyword, keyword) }

func structure(name string, zero Value) *Type {
	t := define(structKind, name, "")
	t.Def.zero = zero
	return t
}

func number(name, keyword string, rank int, zero Value) *Type {
	t := define(structKind, "System."+name, keyword)
	t.Def.zero, t.Def.Rank = zero, rank
	return t
}

// The types that the language itself knows.
var (
	TypeObject   = define(ClassKind, "System.Object", "object")
	TypeString   = define(ClassKind, "System.String", "string")
	TypeVoid     = special("void")
	TypeNull     = special("null")
	TypeAny      = special("?") // stands where a fault was reported already
	TypeLambda   = special("lambda expression")
	TypeBool     = number("Boolean", "bool", 0, false)
	TypeChar     = number("Char", "char", 1, Char(0))
	TypeSByte    = number("SByte", "sbyte", 2, int8(0))
	TypeByte     = number("Byte", "byte", 3, uint8(0))
	TypeShort    = number("Int16", "short", 4, int16(0))
	TypeUShort   = number("UInt16", "ushort", 5, uint16(0))
	TypeInt      = number("Int32", "int", 6, int32(0))
	TypeUInt     = number("UInt32", "uint", 7, uint32(0))
	TypeLong     = number("Int64", "long", 8, int64(0))
	TypeULong    = number("UInt64", "ulong", 9, uint64(0))
	TypeFloat    = number("Single", "float", 10, float32(0))
	TypeDouble   = number("Double", "double", 11, float64(0))
	TypeDecimal  = number("Decimal", "decimal", 12, Decimal{})
	TypeArray    = Class("System.Array<T>")
	TypeNullable = structure("System.Nullable<T>", nil)
	TypeTuple    = structure("System.ValueTuple<T>", nil)
	TypeFunc     = Class("System.Func<R>")
	TypeAction   = Class("System.Action")
)

// ArrayOf gives t[].
func ArrayOf(t *Type) *Type { return &Type{Def: TypeArray.Def, Args: []*Type{t}} }

// NullableOf gives t?.
func NullableOf(t *Type) *Type { return &Type{Def: TypeNullable.Def, Args: []*Type{t}} }

// Generic constructs a generic type with the given arguments.
func Generic(t *Type, args ...*Type) *Type { return &Type{Def: t.Def, Args: args} }

// Is tells whether both are constructions of one definition.
func (t *Type) Is(u *Type) bool { return t.Def != nil && t.Def == u.Def }

// Same is identity of types.
func Same(a, b *Type) bool {
	if a == b {
		return true
	}
	if a == nil || b == nil || a.Def != b.Def || a.Param != b.Param || len(a.Args) != len(b.Args) {
		return false
	}
	for i := range a.Args {
		if !Same(a.Args[i], b.Args[i]) {
			return false
		}
	}
	return true
}

// String spells the type as a C# programmer would.
func (t *Type) String() string {
	switch {
	case t.Def == nil:
		return t.Param
	case len(t.Args) == 0 && t.Def.Keyword == "" && t.Def.Anonymous == nil:
		return t.Def.Name
	case t.Is(TypeArray):
		return t.Args[0].String() + "[]"
	case t.Is(TypeNullable):
		return t.Args[0].String() + "?"
	case t.Def.Anonymous != nil:
		return "anonymous type"
	case t.Def.Keyword != "":
		return t.Def.Keyword
	}
	names := make([]string, len(t.Args))
	for i, a := range t.Args {
		names[i] = a.String()
	}
	return t.Def.Name + "<" + strings.Join(names, ", ") + ">"
}

// FullName is what GetType().ToString() gives in .NET.
func (t *Type) FullName() string {
	if t.Is(TypeArray) {
		return t.Args[0].FullName() + "[]"
	}
	name := t.Def.Name
	if t.Def.Namespace != "" {
		name = t.Def.Namespace + "." + name
	}
	if len(t.Args) == 0 {
		return name
	}
	names := make([]string, len(t.Args))
	for i, a := range t.Args {
		names[i] = a.FullName()
	}
	return name + "`" + string(rune('0'+len(t.Args))) + "[" + strings.Join(names, ",") + "]"
}

// IsValue reports a value type, which cannot be null.
func (t *Type) IsValue() bool {
	return t.Def != nil && (t.Def.Kind == structKind || t.Def.Kind == enumKind) && !t.Is(TypeNullable)
}

// IsNumeric tells the numeric types, char among them.
func (t *Type) IsNumeric() bool { return t.Def != nil && t.Def.Rank > 0 }

// IsIntegral tells the integral types, char among them.
func (t *Type) IsIntegral() bool { return t.IsNumeric() && t.Def.Rank <= TypeULong.Def.Rank }

// IsEnum tells enumerations.
func (t *Type) IsEnum() bool { return t.Def != nil && t.Def.Kind == enumKind }

// IsFunc tells the delegate types.
func (t *Type) IsFunc() bool { return t.Is(TypeFunc) || t.Is(TypeAction) }

// FuncParts gives the parameters and the result (typeVoid for an Action).
func (t *Type) FuncParts() (params []*Type, result *Type) {
	if t.Is(TypeAction) {
		return t.Args, TypeVoid
	}
	n := len(t.Args) - 1
	return t.Args[:n], t.Args[n]
}

// Zero is default(T).
func (t *Type) Zero() Value {
	switch {
	case t.Def == nil || !t.IsValue():
		return nil
	case t.IsEnum():
		return Enum{t, 0}
	case t.Is(TypeTuple):
		items := make([]Value, len(t.Args))
		for i, a := range t.Args {
			items[i] = a.Zero()
		}
		return &Object{Type: t, Values: items}
	case t.Is(TypeKeyValue):
		return KeyValue{Type: t, Key: t.Args[0].Zero(), Value: t.Args[1].Zero()}
	}
	return t.Def.zero
}

// Substitute replaces type parameters by what s says.
func (t *Type) Substitute(s map[string]*Type) *Type {
	if t.Def == nil {
		if u := s[t.Param]; u != nil {
			return u
		}
		return t
	}
	if len(t.Args) == 0 || len(s) == 0 {
		return t
	}
	args := make([]*Type, len(t.Args))
	for i, a := range t.Args {
		args[i] = a.Substitute(s)
	}
	return &Type{Def: t.Def, Args: args, Names: t.Names}
}

// Open reports whether a type parameter is still in t.
func (t *Type) Open() bool {
	if t.Def == nil {
		return true
	}
	for _, a := range t.Args {
		if a.Open() {
			return true
		}
	}
	return false
}

// Binding maps the definition's parameters to t's arguments.
func (t *Type) Binding() map[string]*Type {
	if len(t.Args) == 0 || t.Def == nil || len(t.Def.Params) != len(t.Args) {
		return nil
	}
	s := make(map[string]*Type, len(t.Args))
	for i, p := range t.Def.Params {
		s[p] = t.Args[i]
	}
	return s
}

// AsBase finds t, or the construction of def among t's bases.
func (t *Type) AsBase(def *TypeDef) *Type {
	if t.Def == nil {
		return nil
	}
	if t.Def == def {
		return t
	}
	s := t.Binding()
	for _, b := range t.Def.Bases {
		if found := b.Substitute(s).AsBase(def); found != nil {
			return found
		}
	}
	return nil
}

// Derives is implicit reference conversion, boxing included.
func (t *Type) Derives(u *Type) bool {
	if Same(t, u) || Same(u, TypeObject) {
		return true
	}
	if t.Def == nil || u.Def == nil {
		return false
	}
	if t.Is(TypeNullable) {
		return false
	}
	b := t.AsBase(u.Def)
	if b == nil || len(b.Args) != len(u.Args) {
		return false
	}
	for i := range b.Args {
		if Same(b.Args[i], u.Args[i]) {
			continue
		}
		if !u.varies(i, b.Args[i], u.Args[i]) {
			return false
		}
	}
	return true
}

// ElementType is what walking t gives; nil where t is no sequence.
func (t *Type) ElementType() *Type {
	if b := t.AsBase(TypeEnumerable.Def); b != nil {
		return b.Args[0]
	}
	return nil
}
