package rx

// instr is one instruction of the backtracking machine.
type instr struct {
	code opcode
	node *node
	x, y int
	// back consumes to the left: inside a look-behind.
	back bool
	// sub is the program of a look-around or an atomic group.
	sub []instr
}

type opcode uint8

const (
	iMatch opcode = iota
	iTest         // node consumes one character or asserts a place
	iJump
	iSplit // try x, then y
	iSave
	iMark // remember the place of a loop's start in register x
	iMoved
	iBackRef
	iLook
	iAtomic
	iClear    // forget registers from x up to y
	iProgress // fail where the turn begun at register x consumed nothing
)

// maxProgram bounds how long a pattern may become when {n,m} is written out.
const maxProgram = 20_000

type compiler struct {
	code []instr
	// registers follow the groups' slots.
	registers *int
	back      bool
}

func (c *compiler) emit(in instr) int {
	if len(c.code) > maxProgram {
		panic(&SyntaxError{"the pattern is too large"})
	}
	c.code = append(c.code, in)
	return len(c.code) - 1
}

func (c *compiler) compile(n *node) {
	switch n.op {
	case opEmpty:
	case opConcat:
		for i := range n.subs {
			if c.back {
				i = len(n.subs) - 1 - i
			}
			c.compile(n.subs[i])
		}
	case opAlternate:
		c.alternate(n)
	case opRepeat:
		c.repeat(n)
	case opGroup:
		from, to := 2*n.n, 2*n.n+1
		if c.back {
			from, to = to, from
		}
		c.emit(instr{code: iSave, x: from})
		c.compile(n.subs[0])
		c.emit(instr{code: iSave, x: to})
	case opBackRef:
		c.emit(instr{code: iBackRef, node: n, back: c.back})
	case opAhead, opNotAhead, opBehind, opNotBehind, opAtomic:
		behind := n.op == opBehind || n.op == opNotBehind
		sub := &compiler{registers: c.registers, back: behind || n.op == opAtomic && c.back}
		sub.compile(n.subs[0])
		sub.emit(instr{code: iMatch})
		kind := iLook
		if n.op == opAtomic {
			kind = iAtomic
		}
		c.emit(instr{code: kind, node: n, sub: sub.code})
	default:
		c.emit(instr{code: iTest, node: n, back: c.back})
	}
}

func (c *compiler) alternate(n *node) {
	var ends []int
	for i, s := range n.subs {
		if i == len(n.subs)-1 {
			c.compile(s)
			break
		}
		split := c.emit(instr{code: iSplit})
		c.code[split].x = split + 1
		c.compile(s)
		ends = append(ends, c.emit(instr{code: iJump}))
		c.code[split].y = len(c.code)
	}
	for _, e := range ends {
		c.code[e].x = len(c.code)
	}
}

func (c *compiler) repeat(n *node) {
	body := n.subs[0]
	if n.flags&ecma != 0 {
		c.repeatECMA(n)
		return
	}
	for i := 0; i < n.min; i++ {
		c.compile(body)
	}
	if n.max < 0 {
		c.star(body, n.lazy)
		return
	}
	var splits []int
	for i := n.min; i < n.max; i++ {
		splits = append(splits, c.emit(instr{code: iSplit}))
		c.compile(body)
	}
	for _, s := range splits {
		c.branch(s, s+1, len(c.code), n.lazy)
	}
}

func (c *compiler) branch(at, in, out int, lazy bool) {
	if lazy {
		in, out = out, in
	}
	c.code[at].x, c.code[at].y = in, out
}

// star loops; a turn that consumed nothing ends the loop.
func (c *compiler) star(body *node, lazy bool) {
	reg := *c.registers
	*c.registers++
	split := c.emit(instr{code: iSplit})
	c.emit(instr{code: iMark, x: reg})
	c.compile(body)
	c.emit(instr{code: iMoved, x: reg})
	c.emit(instr{code: iJump, x: split})
	c.branch(split, split+1, len(c.code), lazy)
}

// repeatECMA differs in two ways from .NET's loops: a turn begins by forgetting the
// groups inside, and an optional turn that consumed nothing fails.
func (c *compiler) repeatECMA(n *node) {
	for i := 0; i < n.min; i++ {
		c.turn(n)
	}
	if n.max == n.min {
		return
	}
	reg := *c.registers
	*c.registers++
	optional := func() int {
		split := c.emit(instr{code: iSplit})
		c.emit(instr{code: iMark, x: reg})
		c.turn(n)
		c.emit(instr{code: iProgress, x: reg})
		return split
	}
	if n.max < 0 {
		split := optional()
		c.emit(instr{code: iJump, x: split})
		c.branch(split, split+1, len(c.code), n.lazy)
		return
	}
	var splits []int
	for i := n.min; i < n.max; i++ {
		splits = append(splits, optional())
	}
	for _, s := range splits {
		c.branch(s, s+1, len(c.code), n.lazy)
	}
}

func (c *compiler) turn(n *node) {
	if n.first < n.behind {
		c.emit(instr{code: iClear, x: 2 * n.first, y: 2 * n.behind})
	}
	c.compile(n.subs[0])
}
