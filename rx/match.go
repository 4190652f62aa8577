package rx

import (
	"unicode"
)

// run is one search.
type run struct {
	text []rune
	regs []int
	step func()
}

// trail is a choice to come back to: a place in program and text, or a register
// to restore (pc is -1).
type trail struct {
	pc, at   int
	reg, was int
}

// try runs prog from at and gives where it ended, -1 where it did not match.
// want, if not negative, is where it must end.
func (r *run) try(prog []instr, at, want int) int {
	var stack []trail
	pc := 0
	for {
		r.step()
		next, ok := pc+1, true
		switch in := &prog[pc]; in.code {
		case iMatch:
			if want < 0 || at == want {
				return at
			}
			ok = false
		case iTest:
			at, ok = r.test(in.node, at)
		case iJump:
			next = in.x
		case iSplit:
			stack = append(stack, trail{pc: in.y, at: at})
			next = in.x
		case iSave, iMark:
			stack = append(stack, trail{pc: -1, reg: in.x, was: r.regs[in.x]})
			r.regs[in.x] = at
		case iMoved:
			if r.regs[in.x] == at {
				// The loop's jump is skipped: its end follows.
				next = pc + 2
			}
		case iBackRef:
			at, ok = r.backRef(in.node, at)
		case iLook:
			ok = r.look(in, at, &stack)
		case iAtomic:
			saved := append([]int(nil), r.regs...)
			if end := r.try(in.sub, at, -1); end >= 0 {
				r.remember(saved, &stack)
				at = end
			} else {
				ok = false
			}
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
			return t.pc, t.at, true
		}
		r.regs[t.reg] = t.was
	}
	return 0, 0, false
}

// remember notes what a sub-program changed, so that backtracking past it undoes it.
func (r *run) remember(saved []int, stack *[]trail) {
	for i, was := range saved {
		if r.regs[i] != was {
			*stack = append(*stack, trail{pc: -1, reg: i, was: was})
		}
	}
}

func (r *run) look(in *instr, at int, stack *[]trail) bool {
	saved := append([]int(nil), r.regs...)
	found := false
	switch in.node.op {
	case opAhead, opNotAhead:
		found = r.try(in.sub, at, -1) >= 0
	default:
		for from := at; from >= 0 && !found; from-- {
			found = r.try(in.sub, from, at) >= 0
		}
	}
	if in.node.op == opNotAhead || in.node.op == opNotBehind {
		copy(r.regs, saved)
		return !found
	}
	if found {
		r.remember(saved, stack)
	}
	return found
}

func (r *run) backRef(n *node, at int) (int, bool) {
	from, to := r.regs[2*n.n], r.regs[2*n.n+1]
	if from < 0 || to < 0 {
		return at, n.flags&ECMAScript != 0
	}
	for i := from; i < to; i++ {
		if at >= len(r.text) || !sameRune(r.text[at], r.text[i], n.flags&IgnoreCase != 0) {
			return at, false
		}
		at++
	}
	return at, true
}

func sameRune(a, b rune, fold bool) bool {
	return a == b || fold && unicode.ToLower(a) == unicode.ToLower(b)
}

// test consumes one character, or looks at the place.
func (r *run) test(n *node, at int) (int, bool) {
	size := len(r.text)
	switch n.op {
	case opRune, opSet, opAny:
		if at >= size {
			return at, false
		}
		c := r.text[at]
		fold := n.flags&IgnoreCase != 0
		switch n.op {
		case opRune:
			return at + 1, sameRune(c, n.r, fold)
		case opSet:
			return at + 1, n.set.matches(c, fold)
		}
		return at + 1, c != '\n' || n.flags&Singleline != 0
	case opBegin:
		return at, at == 0
	case opEnd:
		return at, at == size
	case opEndLine:
		return at, at == size || at == size-1 && r.text[at] == '\n'
	case opLineStart:
		return at, at == 0 || r.text[at-1] == '\n'
	case opLineEnd:
		return at, at == size || r.text[at] == '\n'
	case opWord, opNotWord:
		before := at > 0 && isWord(r.text[at-1])
		after := at < size && isWord(r.text[at])
		return at, (before != after) == (n.op == opWord)
	}
	return at, false
}
