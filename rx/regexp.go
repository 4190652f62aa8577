// Package rx matches regular expressions of two flavours and counts its steps, so that
// its caller can end a match that would not end in time: .NET's (look-around, named
// groups numbered after unnamed ones, back-references, atomic groups, lazy loops,
// inline options), and ECMAScript's without its u flag.
//
// It is not RE2 and not the whole of .NET: balancing groups, RightToLeft,
// conditionals and \G are refused when the pattern compiles. policy/expr's library
// uses .NET's flavour for System.Text.RegularExpressions, jsonata ECMAScript's.
//
// There are two engines. A machine that backtracks takes every pattern, and is the
// faster one where a pattern does not backtrack much. Where it has taken many steps for
// the length of the text, Go's regexp (RE2) takes the search over if it finds the very
// same match and groups, in time linear in the text. Compile decides that by the tree:
//   - no back-reference, look-around or atomic group: they ask how they were reached;
//   - no turn of a loop may be empty: each flavour ends such loops in its own way;
//   - in ECMAScript's loops every turn fills all groups inside, since a turn begins by
//     forgetting them; .NET's groups keep what they took, as regexp's do;
//   - no name that two groups have;
//   - .NET's \b and ECMAScript's ^ and $ by line are left out: regexp's words are of
//     ASCII and its lines end in \n.
//
// Classes, the point and characters whose case is ignored are written out, character by
// character as the flavour takes them. Where a search begins behind the text's begin,
// what stands before must not matter to (?m)^ and \b; .NET's $ needs a text without \n
// at its end. Else, and for programs beyond a size, the machine goes on until its caller
// ends it. A search that changes hands pays for the text's length times the program's.
//
// Invariants: a Regexp never changes and may be shared between goroutines; the same
// pattern and text always take the same number of steps, whatever regexp does inside.
package rx

import (
	"errors"
	"math"
)

// Options are RegexOptions with .NET's numbers.
type Options int

// The options that change matching; Compiled and CultureInvariant have no effect here.
const (
	IgnoreCase              Options = 1
	Multiline               Options = 2
	ExplicitCapture         Options = 4
	Singleline              Options = 16
	IgnorePatternWhitespace Options = 32
	RightToLeft             Options = 64
	ECMAScript              Options = 256
)

// Regexp is a compiled pattern.
type Regexp struct {
	prog  []instr
	names []string // by group number; "0", "1" … for unnamed groups
	size  int      // registers
	// linear is nil where Go's regexp cannot stand in for prog.
	linear *linear
}

// Compile reads a pattern. Errors are *SyntaxError.
func Compile(pattern string, options Options) (*Regexp, error) {
	if options&RightToLeft != 0 {
		return nil, &SyntaxError{"RegexOptions.RightToLeft is not supported"}
	}
	return compiled(func() (*node, []string) {
		p := &parser{s: []rune(pattern), flags: options}
		tree := p.alternation()
		if p.more() {
			p.fail("too many )'s")
		}
		var names []string
		for i := 0; i <= p.plain; i++ {
			names = append(names, itoa(i))
		}
		names = append(names, p.named...)
		p.number(names)
		checkRefs(tree, len(names))
		return tree, names
	})
}

// compiled makes a program of what parse reads, which may panic with a *SyntaxError.
func compiled(parse func() (tree *node, names []string)) (re *Regexp, err error) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*SyntaxError)
			if !ok {
				panic(r)
			}
			re, err = nil, e
		}
	}()
	re = &Regexp{}
	var tree *node
	tree, re.names = parse()
	registers := 2 * len(re.names)
	c := &compiler{registers: &registers}
	c.compile(tree)
	c.emit(instr{code: iMatch})
	re.prog, re.size, re.linear = c.code, registers, linearOf(tree, c.code)
	return re, nil
}

// number gives named groups and references to them their numbers.
func (p *parser) number(names []string) {
	for _, g := range p.groups {
		for i, n := range names {
			if i > p.plain && n == g.name {
				g.n.n = i
			}
		}
		if g.n.n == 0 {
			p.fail("reference to undefined group name %s", g.name)
		}
	}
}

// checkRefs refuses references to groups that are not there.
func checkRefs(n *node, groups int) {
	if n.op == opBackRef && n.n >= groups {
		panic(&SyntaxError{"reference to undefined group number " + itoa(n.n)})
	}
	for _, s := range n.subs {
		checkRefs(s, groups)
	}
}

func itoa(n int) string {
	if n >= 10 {
		return itoa(n/10) + string(rune('0'+n%10))
	}
	return string(rune('0' + n))
}

// Names gives the group names by number; an unnamed group's name is its number.
func (re *Regexp) Names() []string { return re.names }

// ErrNoGroup is returned by Group for a name that the pattern does not have.
var ErrNoGroup = errors.New("no such group")

// Group gives the number of a group by its name.
func (re *Regexp) Group(name string) (int, error) {
	for i, n := range re.names {
		if n == name {
			return i, nil
		}
	}
	return 0, ErrNoGroup
}

// Find gives the first match at or after from: for each group the indexes of its
// first rune and of the one behind its last, -1 where it took no part; nil where
// nothing matches. step is called before every step of the machine and may panic
// to end the search.
func (re *Regexp) Find(text []rune, from int, step func()) []int {
	r := &run{text: text, regs: make([]int, re.size), step: step, left: math.MaxInt}
	if re.linear != nil && from <= len(text) && re.linear.fits(text, from) {
		r.left = stepsPerRune*(len(text)-from) + stepsMore
	}
	for at := from; at <= len(text); at++ {
		end := r.begin(re.prog, at)
		if end == tired {
			if match, ok := re.findLinear(r, from); ok {
				return match
			}
			r.left = math.MaxInt
			end = r.begin(re.prog, at)
		}
		if end >= 0 {
			r.regs[0], r.regs[1] = at, end
			return r.regs[:2*len(re.names)]
		}
	}
	return nil
}

// findLinear leaves the search to Go's regexp. It pays before, for the whole text and
// for as much of the program as one character can touch, not for what regexp does:
// that may change from one release of Go to the next, and what a search costs may not.
func (re *Regexp) findLinear(r *run, from int) (match []int, ok bool) {
	for range re.linear.cost + (len(r.text)-from)*(1+len(re.prog)) {
		r.step()
	}
	return re.linear.find(r.text, from, len(re.names))
}

// ErrSteps is returned by FindWithin where a search took more steps than it may.
var ErrSteps = errors.New("the regular expression took too many steps")

// FindWithin is Find in at most so many steps; used says how many it took.
func (re *Regexp) FindWithin(text []rune, from, steps int) (match []int, used int, err error) {
	defer func() {
		if r := recover(); r != nil {
			if r != error(ErrSteps) {
				panic(r)
			}
			match, err = nil, ErrSteps
		}
	}()
	match = re.Find(text, from, func() {
		if used++; used > steps {
			panic(error(ErrSteps))
		}
	})
	return match, used, nil
}
