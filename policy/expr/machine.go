package expr

import (
	"strconv"
	"time"
)

// ref is where an out argument goes.
type ref struct{ set func(v Value) }

// machine is one run: its budget and the place of the operation under way.
type machine struct {
	env           *Env
	steps, memory int
	depth         int
	pos           int
	stack         []Value
}

// maxCalls bounds how deep lambdas and local functions may call each other.
const maxCalls = 400

func newMachine(env *Env) *machine {
	if env == nil {
		env = &Env{}
	}
	m := &machine{env: env, steps: env.Steps, memory: env.Memory}
	if m.steps <= 0 {
		m.steps = DefaultSteps
	}
	if m.memory <= 0 {
		m.memory = DefaultMemory
	}
	return m
}

// exhausted is what a run panics with when its budget is spent; no catch sees it.
type exhausted string

// thrown carries a C# exception to its catch.
type thrown struct {
	exc *Exception
	pos int
}

// step charges one unit of work.
func (m *machine) step() {
	if m.steps--; m.steps < 0 {
		panic(exhausted("the expression used up its budget of " + strconv.Itoa(max(m.env.Steps, DefaultSteps*bit(m.env.Steps <= 0))) + " steps"))
	}
}

// work charges n units.
func (m *machine) work(n int) {
	m.steps -= n
	if m.steps < 0 {
		m.steps = 0
		m.step()
	}
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// grow charges n bytes of made values, and the work of making them.
func (m *machine) grow(n int) {
	m.memory -= n
	if m.memory < 0 || n < 0 {
		m.memory = 0
		panic(exhausted("the expression used up its budget of memory"))
	}
	m.work(n >> 8)
}

// text charges a made string and gives it.
func (m *machine) text(s string) Value {
	m.grow(len(s))
	return s
}

// throw raises a C# exception of the given type.
func (m *machine) throw(typ *Type, message string) {
	panic(&thrown{exc: &Exception{Type: typ, Message: message}, pos: m.pos})
}

func (m *machine) enterCall() {
	m.step()
	if m.depth++; m.depth > maxCalls {
		m.depth = 0
		panic(exhausted("functions of the expression call each other too deep"))
	}
}

// push takes n argument places from the stack; pop gives them back.
func (m *machine) push(n int) []Value {
	at := len(m.stack)
	if at+n > cap(m.stack) {
		// Arguments in use keep the old array; a fresh one serves the deeper calls.
		m.stack = make([]Value, 0, max(64, 2*cap(m.stack), n))
		at = 0
	}
	m.stack = m.stack[:at+n]
	return m.stack[at : at+n : at+n]
}

func (m *machine) pop(a []Value) {
	clear(a)
	if n := len(m.stack) - len(a); n >= 0 {
		m.stack = m.stack[:n]
	}
}

func (m *machine) now() time.Time {
	if m.env.Now == nil {
		panic(exhausted("no clock was given to this expression"))
	}
	return m.env.Now().UTC()
}

func (m *machine) random() uint64 {
	if m.env.Rand == nil {
		panic(exhausted("no randomness was given to this expression"))
	}
	return m.env.Rand()
}
