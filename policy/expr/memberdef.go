package expr

// native runs a member. t holds the receiver type's arguments and then the
// method's own; a holds the receiver of an instance member and then the
// arguments, converted to the parameter types. a must not be kept.
type native func(m *machine, t []*Type, a []Value) Value

type memberKind uint8

const (
	methodMember memberKind = iota
	propertyMember
	setterMember
	indexMember
	indexSetter
	constructor
)

// member is a parsed memberSpec.
type member struct {
	name      string
	kind      memberKind
	static    bool
	extension bool
	generics  []string
	params    []param
	result    *Type
	owner     *Type
	run       native
	sig       string
}

type param struct {
	name       string
	typ        *Type
	out        bool
	variadic   bool
	optional   bool
	defaultVal Value
}
