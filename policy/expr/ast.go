package expr

// span is a stretch of the expression's text in byte offsets.
type span struct{ at, end int }

func (s span) pos() span { return s }

// node is any part of the tree.
type node interface{ pos() span }

// Expressions.
type (
	literal struct {
		span
		typ   *Type
		value Value
	}
	interpolated struct {
		span
		parts []interpolation
	}
	// interpolation is text, or a hole {value,align:format}.
	interpolation struct {
		text   string
		value  node
		align  node
		format string
	}
	identifier struct {
		span
		name string
		args []*typeRef // f<T>
	}
	memberAccess struct {
		span
		target node
		name   string
		nameAt span
		args   []*typeRef
	}
	typeName struct { // a keyword type where an expression stands: int.Parse
		span
		ref *typeRef
	}
	invocation struct {
		span
		target node
		args   []argument
	}
	argument struct {
		span
		name  string
		value node
		out   bool
		// declare is the type of an inline declaration "out T x" ("var" has nil typ).
		declare *typeRef
		local   string
	}
	indexing struct {
		span
		target node
		args   []argument
	}
	// conditional access target?.rest; rest holds a receiver at its inner end.
	conditional struct {
		span
		target, rest node
	}
	receiver struct{ span } // what stands left of ?. inside rest
	unary    struct {
		span
		op      string
		operand node
	}
	postfix struct {
		span
		op      string
		operand node
	}
	binary struct {
		span
		op          string
		opAt        span
		left, right node
	}
	ternary struct {
		span
		cond, yes, no node
	}
	assignment struct {
		span
		op            string // "=", "+=", "??=" …
		target, value node
	}
	cast struct {
		span
		to      *typeRef
		operand node
	}
	typeTest struct { // is
		span
		operand node
		to      *typeRef
		local   string // is T x
		null    bool   // is null, or a constant pattern
		value   node
	}
	asCast struct {
		span
		operand node
		to      *typeRef
	}
	creation struct {
		span
		typ  *typeRef // nil for new[] and anonymous
		args []argument
		// init holds the initialiser's parts, hasInit tells an empty one from none.
		init    []initialiser
		hasInit bool
	}
	arrayCreation struct {
		span
		elem  *typeRef // nil for new[]
		size  node
		items []node
		has   bool
	}
	anonymous struct {
		span
		names  []string
		values []node
	}
	paren struct {
		span
		inner node
	}
	lambda struct {
		span
		params []parameter
		expr   node
		block  *block
	}
	parameter struct {
		name string
		typ  *typeRef
		at   span
	}
	defaultValue struct {
		span
		to *typeRef
	}
	nameOf struct {
		span
		name string
	}
	checkedExpr struct {
		span
		operand node
		checked bool
	}
	throwExpr struct {
		span
		value node
	}
)

// initialiser is one part of { … } after new: Name = v, [k] = v, {a, b} or v.
type initialiser struct {
	span
	name   string
	index  []node
	values []node
	nested []initialiser
	isNest bool
}

// typeRef is a type as written.
type typeRef struct {
	span
	name     string // dotted
	args     []*typeRef
	nullable bool
	// rank counts trailing [] pairs; nullableElem marks T?[].
	rank         int
	nullableElem bool
}

// Statements.
type (
	block struct {
		span
		list []node
	}
	declaration struct {
		span
		typ    *typeRef // nil for var
		fixed  bool     // const
		names  []string
		places []span
		values []node // nil entry: no initialiser
		using  bool
	}
	localFunction struct {
		span
		name   string
		result *typeRef // nil for void
		params []parameter
		body   *block
		expr   node
	}
	exprStatement struct {
		span
		value node
	}
	ifStatement struct {
		span
		cond     node
		yes, no_ node
	}
	whileStatement struct {
		span
		cond node
		body node
		do   bool
	}
	forStatement struct {
		span
		init []node
		cond node
		step []node
		body node
	}
	foreachStatement struct {
		span
		typ  *typeRef
		name string
		at_  span
		seq  node
		body node
	}
	switchStatement struct {
		span
		value    node
		sections []switchSection
	}
	switchSection struct {
		span
		labels []switchLabel
		body   []node
	}
	switchLabel struct {
		span
		value     node // nil for default
		typ       *typeRef
		local     string
		when      node
		isDefault bool
	}
	returnStatement struct {
		span
		value node
	}
	throwStatement struct {
		span
		value node
	}
	jump struct { // break or continue
		span
		word string
	}
	tryStatement struct {
		span
		body    *block
		catches []catchClause
		finally *block
	}
	catchClause struct {
		span
		typ  *typeRef
		name string
		when node
		body *block
	}
	usingStatement struct {
		span
		decl *declaration
		expr node
		body node
	}
	emptyStatement struct{ span }
)
