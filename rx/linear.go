package rx

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// linear is what Go's regexp needs to stand in for a program: the pattern's tree,
// which it can say exactly, and what the text must be for that.
type linear struct {
	tree *node
	// seen are the numbers of the groups, in the order in which they open.
	seen []int
	// lines, words and ends tell of (?m)^, \b and .NET's $.
	lines, words, ends bool
	// cost is what writing the pattern down takes, in steps.
	cost int
}

const (
	// maxLinear bounds the programs that regexp stands in for, and maxWritten the bytes of
	// what is written down for it: its memory grows with both.
	maxLinear  = 2_000
	maxWritten = 1 << 18
	// stepsPerRune and stepsMore say how long the stepping machine may try: patterns that
	// do not backtrack much end well within that, and it is the faster of the two for them.
	stepsPerRune = 16
	stepsMore    = 1_024
)

// linearOf decides whether regexp means the same by a tree; nil where it does not.
func linearOf(tree *node, program []instr) *linear {
	l := &linear{tree: tree}
	if len(program) > maxLinear || !l.admits(tree) {
		return nil
	}
	return l
}

// admits tells whether regexp takes the same way through n. Both try alternatives and
// turns of a loop in the same order, so that the first way that leads to a match is
// the same, if no node asks how it was reached.
func (l *linear) admits(n *node) bool {
	l.cost++
	switch n.op {
	case opRune, opSet, opAny:
		l.cost += n.price()
		return true
	case opEmpty, opBegin, opEnd:
		return true
	case opEndLine:
		// regexp has no $ before a last \n: see fits.
		l.ends = true
		return true
	case opLineStart, opLineEnd:
		// ECMAScript's lines end in four ways, regexp's in one.
		l.lines = l.lines || n.op == opLineStart
		return n.flags&ecma == 0
	case opWord, opNotWord:
		// regexp's \b is that of ASCII words, as ECMAScript's is; .NET's is not.
		l.words = true
		return n.flags&ecma != 0
	case opGroup:
		// A name that .NET gives to two groups is one number for both.
		for _, have := range l.seen {
			if have == n.n {
				return false
			}
		}
		l.seen = append(l.seen, n.n)
	case opRepeat:
		if !repeats(n) {
			return false
		}
	case opConcat, opAlternate:
	default:
		// Back-references, look-around and atomic groups ask how they were reached.
		return false
	}
	for _, s := range n.subs {
		if !l.admits(s) {
			return false
		}
	}
	return true
}

// price is what writing a node of one character down takes, in steps: as measured,
// most of it for the hundreds of ranges of a table and the thousands of cased characters.
func (n *node) price() (steps int) {
	if n.op == opSet {
		for s := n.set; s != nil; s = s.minus {
			steps += 256
			for _, p := range s.named {
				if p.tables != nil {
					steps += 16_000
				}
			}
		}
	}
	if n.flags&IgnoreCase != 0 {
		steps = 2*steps + 4_000
	}
	return steps
}

// repeats tells whether a loop means the same to regexp. An empty turn ends .NET's
// loops, fails in ECMAScript's and is something third to regexp, so no turn may be
// empty. regexp and .NET keep what the turn before left in a group, ECMAScript forgets
// it: no matter where every turn fills all groups, or where there is one turn at most.
func repeats(n *node) bool {
	body := n.subs[0]
	if n.max == 0 || !consumes(body) {
		return false
	}
	return n.flags&ecma == 0 || n.max == 1 || fills(body)
}

// consumes tells that n never matches the empty text.
func consumes(n *node) bool {
	switch n.op {
	case opRune, opSet, opAny:
		return true
	case opGroup:
		return consumes(n.subs[0])
	case opRepeat:
		return n.min > 0 && consumes(n.subs[0])
	case opConcat:
		for _, s := range n.subs {
			if consumes(s) {
				return true
			}
		}
	case opAlternate:
		for _, s := range n.subs {
			if !consumes(s) {
				return false
			}
		}
		return true
	}
	return false
}

// fills tells that all groups in n take part in every match of n.
func fills(n *node) bool {
	sure := n.op != opAlternate && (n.op != opRepeat || n.min > 0)
	for _, s := range n.subs {
		if !fills(s) || !sure && captures(s) {
			return false
		}
	}
	return true
}

func captures(n *node) bool {
	if n.op == opGroup {
		return true
	}
	for _, s := range n.subs {
		if captures(s) {
			return true
		}
	}
	return false
}

// fits tells whether regexp, which sees text only from a place on, sees what it must.
func (l *linear) fits(text []rune, from int) bool {
	if l.ends && len(text) > 0 && text[len(text)-1] == '\n' {
		return false
	}
	if from == 0 {
		return true
	}
	before := text[from-1]
	return !(l.lines && before != '\n') && !(l.words && isASCIIWord(before))
}

// write gives the pattern to regexp; nil where it is too large for it. late is for
// searches that begin behind the text's begin, where \A holds nowhere. What it gives is
// not kept: each search that needs it pays for it, so that none is cheaper than another.
func (l *linear) write(late bool) *regexp.Regexp {
	w := &writer{late: late}
	w.node(l.tree)
	if w.Len() > maxWritten {
		return nil
	}
	re, err := regexp.Compile(w.String())
	if err != nil {
		// Counts beyond a thousand are too much for it.
		return nil
	}
	return re
}

// writer puts a tree into regexp's syntax, without flags and without names of classes.
type writer struct {
	strings.Builder
	late  bool
	cased []rune
}

func (w *writer) node(n *node) {
	if w.Len() > maxWritten {
		return
	}
	switch n.op {
	case opRune, opSet, opAny:
		if n.flags&IgnoreCase != 0 && w.cased == nil {
			w.cased = casedRunes()
		}
		w.class(n.written(w.cased))
	case opBegin:
		if w.late {
			w.class(nil)
			return
		}
		w.WriteString(`\A`)
	case opEnd, opEndLine:
		w.WriteString(`\z`)
	case opLineStart:
		w.WriteString(`(?m:^)`)
	case opLineEnd:
		w.WriteString(`(?m:$)`)
	case opWord:
		w.WriteString(`\b`)
	case opNotWord:
		w.WriteString(`\B`)
	case opGroup:
		w.inside("(", n.subs, "")
	case opRepeat:
		w.inside("(?:", n.subs, "")
		w.WriteString("{" + strconv.Itoa(n.min) + ",")
		if n.max >= 0 {
			w.WriteString(strconv.Itoa(n.max))
		}
		w.WriteString("}")
		if n.lazy {
			w.WriteString("?")
		}
	case opConcat:
		w.inside("(?:", n.subs, "")
	case opAlternate:
		w.inside("(?:", n.subs, "|")
	}
}

func (w *writer) inside(open string, subs []*node, between string) {
	w.WriteString(open)
	for i, s := range subs {
		if i > 0 {
			w.WriteString(between)
		}
		w.node(s)
	}
	w.WriteString(")")
}

func (w *writer) class(ranges []rune) {
	if len(ranges) == 0 {
		w.WriteString(`[^\x{0}-\x{10FFFF}]`)
		return
	}
	w.WriteString("[")
	for i := 0; i < len(ranges); i += 2 {
		w.WriteString(`\x{` + strconv.FormatInt(int64(ranges[i]), 16) + `}`)
		if ranges[i+1] > ranges[i] {
			w.WriteString(`-\x{` + strconv.FormatInt(int64(ranges[i+1]), 16) + `}`)
		}
	}
	w.WriteString("]")
}

// find searches text from a place on; ok is false where regexp cannot do so.
func (l *linear) find(text []rune, from, groups int) (match []int, ok bool) {
	re := l.write(from > 0)
	if re == nil {
		return nil, false
	}
	source := &reader{text: text[from:]}
	at := re.FindReaderSubmatchIndex(source)
	if source.strange {
		return nil, false
	}
	if at == nil {
		return nil, true
	}
	match = make([]int, 2*groups)
	for i := range match {
		match[i] = -1
	}
	place := func(number, i int) {
		if at[2*i] >= 0 {
			match[2*number], match[2*number+1] = from+at[2*i], from+at[2*i+1]
		}
	}
	place(0, 0)
	for i, number := range l.seen {
		place(number, i+1)
	}
	return match, true
}

// reader reads text as if each rune were one byte long, so that regexp counts runes.
type reader struct {
	text []rune
	// strange tells of a rune that is no code point.
	strange bool
}

var errEnd = errors.New("end of text")

// ReadRune is io.RuneReader's.
func (s *reader) ReadRune() (r rune, size int, err error) {
	if len(s.text) == 0 || s.strange {
		return 0, 0, errEnd
	}
	if r = s.text[0]; r < 0 || r > unicode.MaxRune {
		s.strange = true
		return 0, 0, errEnd
	}
	s.text = s.text[1:]
	return r, 1, nil
}
