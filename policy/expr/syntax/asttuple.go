package syntax

// Tuples.
type (
	// Tuple is (a, name: b).
	Tuple struct {
		Span
		Names  []string // empty where an item has none
		Values []Node
	}
	// Deconstruction is var (a, b) = value or (T a, U b) = value.
	Deconstruction struct {
		Span
		Types  []*TypeRef // nil entry for var
		Names  []string
		Places []Span
		Value  Node
	}
)
