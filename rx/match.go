package rx

import (
	"unicode"
)

// run is one search.
type run struct {
	text []rune
	regs []int
	step func()
	// left is how many steps try may take yet before it tires; more than it will ever take is no bound.
	left int
	// spare is the stack of the last try, for the next one.
	spare []trail
}

// trail is a choice to come back to: a place in program and text, or a register
// to restore (see undo).
type trail struct {
	pc, at int32
}

// undo is the trail of a register: pc is negative, at what was in it.
func undo(reg, was int) trail { return trail{^int32(reg), int32(was)} }

// begin is try with empty registers.
func (r *run) begin(prog []instr, at int) int {
	r.pay()
	for i := range r.regs {
		r.regs[i] = -1
	}
	return r.try(prog, at)
}

// tired is what try gives where the steps left are used up.
const tired = -2

// try runs prog from at and gives where it ended, -1 where it did not match.
func (r *run) try(prog []instr, at int) int {
	stack := r.spare[:0]
	r.spare = nil
	defer func() { r.spare = stack }()
	pc := 0
	for {
		if r.left--; r.left == -1 {
			return tired
		}
		r.step()
		next, ok := pc+1, true
		switch in := &prog[pc]; in.code {
		case iMatch:
			return at
		case iTest:
			at, ok = r.test(in, at)
		case iJump:
			next = in.x
		case iSplit:
			stack = append(stack, trail{int32(in.y), int32(at)})
			next = in.x
		case iSave, iMark:
			stack = append(stack, undo(in.x, r.regs[in.x]))
			r.regs[in.x] = at
		case iMoved:
			if r.regs[in.x] == at {
				// The loop's jump is skipped: its end follows.
				next = pc + 2
			}
		case iBackRef:
			at, ok = r.backRef(in, at)
		case iLook:
			ok = r.look(in, at, &stack)
		case iAtomic:
			saved := r.saved()
			if end := r.try(in.sub, at); end >= 0 {
				r.remember(saved, &stack)
				at = end
			} else {
				ok = false
			}
		case iClear:
			for reg := in.x; reg < in.y; reg++ {
				if r.regs[reg] >= 0 {
					stack = append(stack, undo(reg, r.regs[reg]))
					r.regs[reg] = -1
				}
			}
		case iProgress:
			ok = r.regs[in.x] != at
		}
		if ok {
			pc = next
			continue
		}
		if pc, at, ok = r.back(&stack); !ok {
			return -1
		}
	}
}

// back undoes registers down to the last choice.
func (r *run) back(stack *[]trail) (pc, at int, ok bool) {
	for s := *stack; len(s) > 0; {
		t := s[len(s)-1]
		s = s[:len(s)-1]
		*stack = s
		if t.pc >= 0 {
			return int(t.pc), int(t.at), true
		}
		r.regs[^t.pc] = int(t.at)
	}
	return 0, 0, false
}

// saved copies the registers; many of them are more than the step that is paid.
func (r *run) saved() []int {
	r.pay()
	return append([]int(nil), r.regs...)
}

// pay takes a step for every 64 registers.
func (r *run) pay() {
	for range len(r.regs) / 64 {
		r.step()
	}
}

// remember notes what a sub-program changed, so that backtracking past it undoes it.
func (r *run) remember(saved []int, stack *[]trail) {
	for i, was := range saved {
		if r.regs[i] != was {
			*stack = append(*stack, undo(i, was))
		}
	}
}

func (r *run) look(in *instr, at int, stack *[]trail) bool {
	saved := r.saved()
	found := r.try(in.sub, at) >= 0
	if in.node.op == opNotAhead || in.node.op == opNotBehind {
		copy(r.regs, saved)
		return !found
	}
	if found {
		r.remember(saved, stack)
	}
	return found
}

func (r *run) backRef(in *instr, at int) (int, bool) {
	n := in.node
	from, to := r.regs[2*n.n], r.regs[2*n.n+1]
	if from < 0 || to < 0 {
		return at, n.flags&(ECMAScript|ecma) != 0
	}
	size := max(to-from, 0)
	if in.back {
		if at < size || !r.same(from, at-size, size, n.flags) {
			return at, false
		}
		return at - size, true
	}
	if len(r.text)-at < size || !r.same(from, at, size, n.flags) {
		return at, false
	}
	return at + size, true
}

// same compares two parts of the text; each character is a step.
func (r *run) same(from, at, size int, flags Options) bool {
	for i := range size {
		r.step()
		if !sameRune(r.text[at+i], r.text[from+i], flags) {
			return false
		}
	}
	return true
}

func sameRune(a, b rune, flags Options) bool {
	switch {
	case a == b:
		return true
	case flags&IgnoreCase == 0:
		return false
	case flags&ecma != 0:
		return canonical(a) == canonical(b)
	}
	return unicode.ToLower(a) == unicode.ToLower(b)
}

// test consumes one character, or looks at the place.
func (r *run) test(in *instr, at int) (int, bool) {
	n, size := in.node, len(r.text)
	switch n.op {
	case opRune, opSet, opAny:
		next := at + 1
		if in.back {
			at, next = at-1, at-1
		}
		if at < 0 || at >= size {
			return at, false
		}
		c := r.text[at]
		if n.op == opRune && n.flags&IgnoreCase == 0 {
			return next, c == n.r
		}
		return next, n.takes(c)
	case opBegin:
		return at, at == 0
	case opEnd:
		return at, at == size
	case opEndLine:
		return at, at == size || at == size-1 && r.text[at] == '\n'
	case opLineStart:
		return at, at == 0 || endsLine(r.text[at-1], n.flags)
	case opLineEnd:
		return at, at == size || endsLine(r.text[at], n.flags)
	case opWord, opNotWord:
		word := isWord
		if n.flags&ecma != 0 {
			word = isASCIIWord
		}
		before := at > 0 && word(r.text[at-1])
		after := at < size && word(r.text[at])
		return at, (before != after) == (n.op == opWord)
	}
	return at, false
}

// takes tells whether a node of one character is that of c.
func (n *node) takes(c rune) bool {
	switch n.op {
	case opRune:
		return sameRune(c, n.r, n.flags)
	case opSet:
		return n.set.matches(c, n.flags)
	}
	return n.flags&Singleline != 0 || !endsLine(c, n.flags)
}

func endsLine(c rune, flags Options) bool {
	return c == '\n' || flags&ecma != 0 && isLineEnd(c)
}
