package clr

// MemberSpec is one line of a table of members: a C# signature, in the little
// language that package library reads, and what runs it.
type MemberSpec struct {
	Sig string
	Run Native
}

// TypeSpec is a type's share of a table. Families of types in packages of their own
// give such tables; package library joins them to its allow-list.
type TypeSpec struct {
	Type *Type
	// Bases lists base types as C# spells them, commas between.
	Bases   string
	Members []MemberSpec
	// Enum lists an enumeration's "Name=1 Other=2".
	Enum string
}

// Line makes a MemberSpec.
func Line(sig string, run Native) MemberSpec { return MemberSpec{Sig: sig, Run: run} }

// Struct defines a value type by its default(T); it has == and !=, by content.
func Struct(name string, zero Value) *Type {
	t := structure(name, zero)
	t.Def.Equatable = true
	return t
}
