package syntax

// Node is any part of the tree: one of the struct pointers of this file.
type Node interface{ Base() *Common }

// Common is what every node has. The fields from Predicates on are empty for most.
type Common struct {
	// At is the byte offset at which the node's token begins; of a node made from
	// its parts (a path) where its first part begins.
	At int
	// Position is the offset in UTF-16 units behind the node's token, which is what
	// the original's errors print. 0: the original has none for this node.
	Position int
	// KeepArray is a [] on the expression: a sequence of one stays an array.
	KeepArray bool
	// ConsArray marks an array constructor that is the first or last step of a
	// path, or a block that begins with one: its array is not flattened.
	ConsArray bool
	// Tuple marks a step (or a path or block) whose evaluation makes a stream of
	// tuples, because it or something in it binds a focus, an index or a parent.
	Tuple bool
	// Predicates filter the value of a node that is not a step of a path, in order.
	Predicates []Filter
	// Stages filter or number the value of a step of a path, in order.
	Stages []Stage
	// Group is the object constructor in { } behind an expression; nil for none.
	Group *Group
	// Focus is the variable of @$name without its $; empty for none.
	Focus string
	// Index is the variable of #$name without its $, where it stands before all
	// stages; empty for none.
	Index string
	// Ancestor is set where a % below refers to the input of this step: the tuple
	// then binds Ancestor.Label to that input. nil for none.
	Ancestor *Slot
}

// Base gives the common part itself.
func (c *Common) Base() *Common { return c }

// Filter is one […].
type Filter struct {
	Expr     Node
	Position int
}

// Stage is one stage of a step: a filter, or where Expr is nil the binding of each
// item's position to the variable Index.
type Stage struct {
	Expr     Node
	Index    string
	Position int
}

// Group is the grouping expression {key: value, …} behind an expression.
type Group struct {
	Pairs    []Pair
	Position int
}

// Pair is one key: value of an object constructor or group.
type Pair struct{ Key, Value Node }

// Slot is a parent that some % asks for. Labels are small numbers from 0, equal for
// every % that means the same step; a label that no step has as its Ancestor is
// never bound, and its % gives nothing.
type Slot struct {
	Label int

	level int // how many steps up the parent still is, while the tree is made
}

// Literals and terminals.
type (
	// Number is a constant; a minus before a number is folded into it.
	Number struct {
		Common
		Value float64
	}
	// String is a constant.
	String struct {
		Common
		Value string
	}
	// Bool is true or false.
	Bool struct {
		Common
		Value bool
	}
	// Null is null.
	Null struct{ Common }
	// Regex is /pattern/flags. Flags hold i and m as written; the original adds g.
	Regex struct {
		Common
		Pattern, Flags string
	}
	// Variable is $name, without the $: "" is $ (the context), "$" is $$ (the input).
	Variable struct {
		Common
		Name string
	}
	// Name is a field; it stands only among the steps of a path.
	Name struct {
		Common
		Value string
	}
	// Wildcard is *.
	Wildcard struct{ Common }
	// Descendant is **.
	Descendant struct{ Common }
	// Parent is %.
	Parent struct {
		Common
		Slot *Slot
	}
	// Placeholder is the ? among the arguments of a Partial.
	Placeholder struct{ Common }
)

// Composite expressions.
type (
	// Path is steps joined by dots. A lone field is a path of one Name.
	Path struct {
		Common
		Steps []Node
		// KeepSingleton tells that some step has [].
		KeepSingleton bool
	}
	// Sort is ^(…); it stands only among the steps of a path, never first.
	Sort struct {
		Common
		Terms []SortTerm
	}
	// SortTerm is one key of a Sort.
	SortTerm struct {
		Expr       Node
		Descending bool
	}
	// Binary is left op right.
	Binary struct {
		Common
		Op          Operator
		Left, Right Node
	}
	// Negate is a minus before anything but a number.
	Negate struct {
		Common
		Operand Node
	}
	// Array is […, …]. An item that is a Binary with OpRange is a range.
	Array struct {
		Common
		Items []Node
	}
	// Object is {key: value, …} that stands by itself.
	Object struct {
		Common
		Pairs []Pair
	}
	// Block is ( … ; … ); an empty one gives nothing.
	Block struct {
		Common
		Items []Node
	}
	// Condition is cond ? then : else. Else is nil where it is not written.
	Condition struct {
		Common
		Cond, Then, Else Node
	}
	// Default is left ?: right (the left where it is true) or, where Coalesce is
	// set, left ?? right (the left where it is anything).
	Default struct {
		Common
		Coalesce    bool
		Left, Right Node
	}
	// Bind is $name := value.
	Bind struct {
		Common
		Name  string
		Value Node
	}
	// Apply is left ~> right.
	Apply struct {
		Common
		Left, Right Node
	}
	// Call is procedure(arguments).
	Call struct {
		Common
		Procedure Node
		Args      []Node
		// Tail marks a call whose value is the value of the lambda around it. The
		// original turns it into a thunk that the caller of the lambda runs in a
		// loop; its Group and KeepArray are then never looked at.
		Tail bool
	}
	// Partial is a Call with at least one Placeholder.
	Partial struct {
		Common
		Procedure Node
		Args      []Node
	}
	// Lambda is function($a, $b)<signature>{body}; Params have no $.
	Lambda struct {
		Common
		Params    []string
		Signature *Signature // nil for none
		Body      Node
	}
	// Transform is |pattern|update,delete|. Delete is nil where it is not written.
	Transform struct {
		Common
		Pattern, Update, Delete Node
	}
)

// Operator is what a Binary does.
type Operator uint8

// The operators of Binary, in no order that means anything.
const (
	OpAdd Operator = iota
	OpSubtract
	OpMultiply
	OpDivide
	OpModulo
	OpEqual
	OpNotEqual
	OpLess
	OpLessEqual
	OpGreater
	OpGreaterEqual
	OpConcat
	OpAnd
	OpOr
	OpIn
	OpRange
)

var operatorText = [...]string{"+", "-", "*", "/", "%", "=", "!=", "<", "<=", ">", ">=", "&", "and", "or", "in", ".."}

// String gives the operator as it is written.
func (o Operator) String() string {
	if int(o) < len(operatorText) {
		return operatorText[o]
	}
	return "?"
}
