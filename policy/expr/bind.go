package expr

import (
	"sort"

	"stile/diag"
	"stile/policy/expr/clr"
	"stile/policy/expr/flow"
	"stile/policy/expr/library"
	"stile/policy/expr/syntax"
)

// binder gives every node its type and its code.
type binder struct {
	r     *syntax.Report
	p     *Program
	lib   *library.Table
	fn    *function
	scope *scope
	nodes int
	// inner is the value that stands left of ?. while its rest is bound.
	inner *operand
	// loops and switches count what break and continue may leave.
	loops, switches int
	// broken is set by a break in the loop or switch that is being bound.
	broken bool
	// early marks the function that bindLambda begins next as a local function.
	early bool
	// catching counts the catch blocks around, for "throw;".
	catching int
	// checked is set inside checked(…), unchecked inside unchecked(…).
	checked, unchecked bool
	// truths holds the conditions that are constant.
	truths map[syntax.Node]bool
	// anonymousDefs holds the anonymous types of this expression by their names.
	anonymousDefs map[string]*clr.TypeDef
}

// maxNodes bounds the work of binding: lambdas are bound again for every overload
// that might take them.
const maxNodes = 100_000

// function is a body with a frame of its own: the program, a lambda, a local function.
type function struct {
	parent   *function
	slots    int
	captures []capture
	// result is the type that return must give; nil while it is being found out.
	result *clr.Type
	void   bool
	// early is set for local functions: they are made when their block is entered.
	early bool
	// returned gathers what the returns of a lambda gave.
	returned []operand
}

// capture is a variable of an outer function, which a function finds in its own
// slot as a *cell.
type capture struct {
	v    *variable
	slot int
	from func(f *frame) *cell
}

type variable struct {
	name string
	typ  *clr.Type
	slot int
	fn   *function
	// captured variables live in a cell. Where a local function captures one early,
	// before its declaration has run, the declaration fills that cell.
	captured, early bool
	readonly        string
	konst           bool
	value           clr.Value
}

type scope struct {
	parent *scope
	names  map[string]*variable
	fn     *function
	// inner holds what blocks inside have declared, which this one cannot declare after.
	inner map[string]bool
}

// operand is a bound expression.
type operand struct {
	syntax.Span
	typ   *clr.Type
	run   code
	konst bool
	value clr.Value
	// names is the type that the expression names, space the namespace.
	names *clr.Type
	space string
	// group is a method that still lacks its arguments.
	group *group
	// lambda waits for the type it is converted to.
	lambda *syntax.Lambda
	place  *place
	// call marks what may stand as a statement.
	call bool
	// concat lists the parts of a string +.
	concat []code
	// tuple lists the items of a tuple that is written out.
	tuple []operand
	// never gives no value: throw.
	never bool
}

// place is something to assign to: parts are evaluated once, then read or written.
type place struct {
	parts []code
	get   func(f *frame, a []clr.Value) clr.Value
	set   func(f *frame, a []clr.Value, v clr.Value)
}

type group struct {
	target *operand // nil for static members
	list   []*clr.Member
	name   string
	args   []*clr.Type
	at     syntax.Span
	typ    *clr.Type
	// extensions are the extension methods of that name.
	extensions []*clr.Member
}

func bind(r *syntax.Report, tree syntax.Node, p *Program) {
	b := &binder{r: r, p: p, lib: library.Library(), fn: &function{}}
	b.fn.result = clr.TypeObject
	b.Open()
	if blk, ok := tree.(*syntax.Block); ok {
		run, falls := b.statements(blk.List)
		if falls {
			b.fail("STL-E009", syntax.Span{At: max(0, len(p.source)-1), End: len(p.source)}, "not every path of the block returns a value", "end the block with a return statement")
		}
		p.body = func(f *frame) clr.Value {
			run(f)
			return f.result
		}
	} else {
		o := b.value(tree)
		if o.typ == clr.TypeVoid {
			b.fail("STL-E007", o.Span, "the expression gives no value", "use a block @{ … return value; }")
		}
		p.body = b.convertTo(o, clr.TypeObject)
	}
	p.slots = b.fn.slots
	if r.List.HasErrors() {
		return
	}
	for _, use := range flow.Check(tree, func(n syntax.Node) (value, ok bool) { value, ok = b.truths[n]; return value, ok }) {
		b.fail("STL-E015", use.At, "the variable "+use.Name+" may have no value here", "give it one where it is declared")
	}
}

func (b *binder) fail(code string, at syntax.Span, message, hint string) {
	b.r.Add(code, at, message, hint)
}

func (b *binder) warn(code string, at syntax.Span, message, hint string) {
	if b.r.Quiet > 0 {
		return
	}
	n := len(b.r.List)
	b.r.Add(code, at, message, hint)
	if len(b.r.List) > n {
		b.r.List[n].Severity = diag.Warning
	}
}

// bad is the operand of a fault that was reported.
func bad(at syntax.Span) operand {
	return operand{Span: at, typ: clr.TypeAny, run: func(*frame) clr.Value { return nil }}
}

// trial binds without reporting and tells whether a fault was met.
func (b *binder) trial(f func()) (ok bool) {
	before := b.r.Trials
	loops, switches := b.loops, b.switches
	b.r.Quiet++
	f()
	b.r.Quiet--
	b.loops, b.switches = loops, switches
	ok = b.r.Trials == before
	b.r.Trials = before
	if !ok && b.r.Quiet > 0 {
		return false
	}
	return ok
}

func (b *binder) Open() { b.scope = &scope{parent: b.scope, names: map[string]*variable{}, fn: b.fn} }

func (b *binder) close() {
	s := b.scope
	b.scope = s.parent
	if s.parent == nil || len(s.names)+len(s.inner) == 0 {
		return
	}
	if s.parent.inner == nil {
		s.parent.inner = map[string]bool{}
	}
	for _, name := range append(sortedNames(s.names), sortedNames(s.inner)...) {
		s.parent.inner[name] = true
	}
}

func (b *binder) newSlot() int {
	b.fn.slots++
	return b.fn.slots - 1
}

// declare adds a local. C# forbids a name that an enclosing scope of the same
// function, or of one around it, has already.
func (b *binder) declare(name string, at syntax.Span, typ *clr.Type) *variable {
	for s := b.scope; s != nil; s = s.parent {
		if s.names[name] != nil {
			b.fail("STL-E011", at, "a variable named "+name+" exists already in this scope", "choose another name")
			break
		}
	}
	if b.scope.inner[name] && b.scope.names[name] == nil {
		b.fail("STL-E011", at, "a block inside this one has a variable named "+name+" already", "choose another name")
	}
	if name == "context" {
		b.fail("STL-E011", at, "context cannot be declared again", "choose another name")
	}
	v := &variable{name: name, typ: typ, slot: b.newSlot(), fn: b.fn}
	b.scope.names[name] = v
	return v
}

func (b *binder) lookup(name string) *variable {
	for s := b.scope; s != nil; s = s.parent {
		if v := s.names[name]; v != nil {
			return v
		}
	}
	return nil
}

// local gives where the current function finds v.
func (fn *function) local(v *variable) (slot int, shared bool) {
	if v.fn == fn {
		return v.slot, false
	}
	for _, c := range fn.captures {
		if c.v == v {
			return c.slot, true
		}
	}
	v.captured = true
	v.early = v.early || fn.early
	outer, _ := fn.parent.local(v)
	slot = fn.slots
	fn.slots++
	fn.captures = append(fn.captures, capture{v, slot, func(f *frame) *cell {
		c, _ := f.slots[outer].(*cell)
		if c == nil {
			c = &cell{v: f.slots[outer]}
			f.slots[outer] = c
		}
		return c
	}})
	return slot, true
}

// initialise gives the code that stores a fresh value in a just declared local.
func initialise(v *variable, value code) action {
	return func(f *frame) signal {
		x := value(f)
		if c, ok := f.slots[v.slot].(*cell); ok && v.early {
			c.v = x
		} else if v.captured {
			f.slots[v.slot] = &cell{v: x}
		} else {
			f.slots[v.slot] = x
		}
		return goOn
	}
}

// variableOperand reads, and where allowed writes, a local.
func (b *binder) variableOperand(v *variable, at syntax.Span) operand {
	if v.konst {
		return constant(at, v.typ, v.value)
	}
	slot, shared := b.fn.local(v)
	get := func(f *frame, _ []clr.Value) clr.Value {
		x := f.slots[slot]
		if shared || v.captured {
			if c, ok := x.(*cell); ok {
				return c.v
			}
		}
		return x
	}
	o := operand{Span: at, typ: v.typ, run: func(f *frame) clr.Value { return get(f, nil) }}
	if v.readonly == "" {
		o.place = &place{get: get, set: func(f *frame, _ []clr.Value, x clr.Value) {
			if shared || v.captured {
				if c, ok := f.slots[slot].(*cell); ok {
					c.v = x
					return
				}
			}
			f.slots[slot] = x
		}}
	}
	return o
}

func constant(at syntax.Span, typ *clr.Type, v clr.Value) operand {
	return operand{Span: at, typ: typ, run: func(*frame) clr.Value { return v }, konst: true, value: v}
}

// sortedNames gives the keys of a scope in order.
func sortedNames[T any](m map[string]T) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}
