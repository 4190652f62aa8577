package clr

// covariant are the interfaces whose type arguments may all be of a derived type.
var covariant = map[string]bool{
	"IEnumerable": true, "IEnumerator": true, "IGrouping": true, "IReadOnlyList": true, "IReadOnlyCollection": true, "IJEnumerable": true,
}

// varies tells whether t takes the argument got in place i where it has want: arrays,
// some interfaces and the results of delegates vary with derived classes, the
// parameters of delegates with their bases. Value types never vary.
func (t *Type) varies(i int, got, want *Type) bool {
	switch {
	case got.IsValue() || want.IsValue() || got.Is(TypeNullable) || want.Is(TypeNullable):
		return false
	case t.Is(TypeAction), t.Is(TypeFunc) && i < len(t.Args)-1:
		return want.Derives(got)
	case t.Is(TypeArray), t.Is(TypeFunc), covariant[t.Def.Name]:
		return got.Derives(want)
	}
	return false
}

// Sealed tells the classes that no other derives from, so that they are of no
// interface but their own.
func (t *Type) Sealed() bool {
	return t.IsFunc() || t.Is(TypeArray) || t.Def != nil && t.Def.Kind == ClassKind && (t.Def == TypeString.Def || t.Def.Name == "StringBuilder")
}
