package syntax

import (
	"stile/policy/expr/clr"
)

// Span is a stretch of the expression's text in byte offsets.
type Span struct{ At, End int }

// Pos gives the span itself: every node has one.
func (s Span) Pos() Span { return s }

// Node is any part of the tree.
type Node interface{ Pos() Span }

// Expressions.
type (
	// Literal is a constant.
	Literal struct {
		Span
		Type  *clr.Type
		Value clr.Value
	}
	// Interpolated is $"…".
	Interpolated struct {
		Span
		Parts []interpolation
	}
	// interpolation is text, or a hole {value,align:format}.
	interpolation struct {
		Text   string
		Value  Node
		Align  Node
		Format string
	}
	// Identifier is a name, with type arguments where a generic method is meant.
	Identifier struct {
		Span
		Name string
		Args []*TypeRef // f<T>
	}
	// MemberAccess is target.Name.
	MemberAccess struct {
		Span
		Target Node
		Name   string
		NameAt Span
		Args   []*TypeRef
	}
	// TypeName is a keyword type where an expression stands: int.Parse.
	TypeName struct { // a keyword type where an expression stands: int.Parse
		Span
		Ref *TypeRef
	}
	// Invocation is a call.
	Invocation struct {
		Span
		Target Node
		Args   []Argument
	}
	// Argument is one argument of a call.
	Argument struct {
		Span
		Name  string
		Value Node
		Out   bool
		// Declare is the type of an inline declaration "out T x" ("var" has nil typ).
		Declare *TypeRef
		Local   string
	}
	// Indexing is target[…].
	Indexing struct {
		Span
		Target Node
		Args   []Argument
	}
	// Conditional access target?.rest; rest holds a receiver at its inner end.
	Conditional struct {
		Span
		Target, Rest Node
	}
	// Receiver stands for what is left of ?. inside the rest.
	Receiver struct{ Span } // what stands left of ?. inside rest
	// Unary is a prefix operator.
	Unary struct {
		Span
		Op      string
		Operand Node
	}
	// Postfix is ++ or -- behind its operand.
	Postfix struct {
		Span
		Op      string
		Operand Node
	}
	// Binary is a binary operator.
	Binary struct {
		Span
		Op          string
		opAt        Span
		Left, Right Node
	}
	// Ternary is cond ? yes : no.
	Ternary struct {
		Span
		Cond, Yes, No Node
	}
	// Assignment is = or a compound assignment.
	Assignment struct {
		Span
		Op            string // "=", "+=", "??=" …
		Target, Value Node
	}
	// Cast is (T)operand.
	Cast struct {
		Span
		To      *TypeRef
		Operand Node
	}
	// TypeTest is operand is pattern.
	TypeTest struct { // is
		Span
		Operand Node
		To      *TypeRef
		Local   string // is T x
		Value   Node   // is null, or a constant pattern
	}
	// AsCast is operand as T.
	AsCast struct {
		Span
		Operand Node
		To      *TypeRef
	}
	// Creation is new T(…) with an optional initialiser.
	Creation struct {
		Span
		Type *TypeRef // nil for new[] and anonymous
		Args []Argument
		// Init holds the initialiser's parts, hasInit tells an empty one from none.
		Init    []Initialiser
		HasInit bool
	}
	// ArrayCreation is new T[n], new T[] {…} or new[] {…}.
	ArrayCreation struct {
		Span
		Elem  *TypeRef // nil for new[]
		Size  Node
		Items []Node
		Has   bool
	}
	// Anonymous is new { name = value }.
	Anonymous struct {
		Span
		Names  []string
		Values []Node
	}
	// Paren is a parenthesised expression.
	Paren struct {
		Span
		Inner Node
	}
	// Lambda is parameters => body.
	Lambda struct {
		Span
		Params []Parameter
		Expr   Node
		Block  *Block
	}
	// Parameter is a parameter of a lambda or local function; Type is nil where it is inferred.
	Parameter struct {
		Name string
		Type *TypeRef
		At   Span
	}
	// DefaultValue is default or default(T).
	DefaultValue struct {
		Span
		To *TypeRef
	}
	// NameOf is nameof(x).
	NameOf struct {
		Span
		Name string
	}
	// CheckedExpr is checked(…) or unchecked(…).
	CheckedExpr struct {
		Span
		Operand Node
		Checked bool
	}
	// ThrowExpr is throw inside an expression.
	ThrowExpr struct {
		Span
		Value Node
	}
)

// Initialiser is one part of { … } after new: Name = v, [k] = v, {a, b} or v.
type Initialiser struct {
	Span
	Name   string
	Index  []Node
	Values []Node
	Nested []Initialiser
	IsNest bool
}

// TypeRef is a type as written.
type TypeRef struct {
	Span
	Name     string // dotted
	Args     []*TypeRef
	Nullable bool
	// Rank counts trailing [] pairs; nullableElem marks T?[].
	Rank         int
	NullableElem bool
	// Items and Names are those of a tuple; Name is empty then.
	Items []*TypeRef
	Names []string
}

// Statements.
type (
	// Block is { statements }.
	Block struct {
		Span
		List []Node
		// Word is checked or unchecked where one stands before the block.
		Word string
	}
	// Declaration declares locals.
	Declaration struct {
		Span
		Type   *TypeRef // nil for var
		Fixed  bool     // const
		Names  []string
		Places []Span
		Values []Node // nil entry: no initialiser
		Using  bool
	}
	// LocalFunction is a function inside a block.
	LocalFunction struct {
		Span
		Name   string
		Result *TypeRef // nil for void
		Params []Parameter
		Body   *Block
		Expr   Node
	}
	// ExprStatement is an expression that stands as a statement.
	ExprStatement struct {
		Span
		Value Node
	}
	// IfStatement is if with an optional else.
	IfStatement struct {
		Span
		Cond     Node
		Yes, No_ Node
	}
	// WhileStatement is while, or do … while.
	WhileStatement struct {
		Span
		Cond Node
		Body Node
		Do   bool
	}
	// ForStatement is for (…; …; …).
	ForStatement struct {
		Span
		Init []Node
		Cond Node
		Step []Node
		Body Node
	}
	// ForeachStatement is foreach (… in …).
	ForeachStatement struct {
		Span
		Type *TypeRef
		Name string
		At_  Span
		Seq  Node
		Body Node
	}
	// SwitchStatement is switch.
	SwitchStatement struct {
		Span
		Value    Node
		Sections []SwitchSection
	}
	// SwitchSection is the labels and statements of one section.
	SwitchSection struct {
		Span
		Labels []SwitchLabel
		Body   []Node
	}
	// SwitchLabel is case or default.
	SwitchLabel struct {
		Span
		Value     Node // nil for default
		Type      *TypeRef
		Local     string
		When      Node
		IsDefault bool
	}
	// ReturnStatement is return.
	ReturnStatement struct {
		Span
		Value Node
	}
	// ThrowStatement is throw.
	ThrowStatement struct {
		Span
		Value Node
	}
	// Jump is break or continue.
	Jump struct { // break or continue
		Span
		Word string
	}
	// TryStatement is try with its catch clauses and finally.
	TryStatement struct {
		Span
		Body    *Block
		Catches []CatchClause
		Finally *Block
	}
	// CatchClause is catch.
	CatchClause struct {
		Span
		Type *TypeRef
		Name string
		When Node
		Body *Block
	}
	// UsingStatement is using (…).
	UsingStatement struct {
		Span
		Decl *Declaration
		Expr Node
		Body Node
	}
	// EmptyStatement is a lone semicolon.
	EmptyStatement struct{ Span }
)
