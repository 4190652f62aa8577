package clr

// Native runs a member. t holds the receiver type's arguments and then the
// method's own; a holds the receiver of an instance member and then the
// arguments, converted to the parameter types. a must not be kept.
type Native func(m *Machine, t []*Type, a []Value) Value

type memberKind uint8

// The kinds of members.
const (
	methodMember memberKind = iota
	PropertyMember
	SetterMember
	IndexMember
	IndexSetter
	Constructor
)

// Member is a parsed memberSpec.
type Member struct {
	Name      string
	Kind      memberKind
	Static    bool
	Extension bool
	Generics  []string
	Params    []Param
	Result    *Type
	Owner     *Type
	Run       Native
	Sig       string
}

// Param is a parameter of a member.
type Param struct {
	Name       string
	Type       *Type
	Out        bool
	Variadic   bool
	Optional   bool
	DefaultVal Value
}
