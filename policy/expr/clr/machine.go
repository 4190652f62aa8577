package clr

import (
	"strconv"
	"time"
)

// Ref is where an out argument goes.
type Ref struct{ Set func(v Value) }

// Machine is one run: its budget and the place of the operation under way.
type Machine struct {
	Env           *Env
	steps, memory int
	Depth         int
	Pos           int
	Stack         []Value
	seen          longText
}

// maxCalls bounds how deep lambdas and local functions may call each other.
const maxCalls = 400

// Scratch is what a run works with, kept for the run after it. What a run gives holds
// nothing of it but, where it is enumerated later, the Machine.
type Scratch struct {
	Machine Machine
	Slots   [8]Value
	// Frame belongs to who runs.
	Frame any
	stack [16]Value
	busy  bool
}

// Take gives the room to a run; false: another one is in it.
func (s *Scratch) Take(env *Env) bool {
	if s == nil || s.busy {
		return false
	}
	s.busy = true
	s.Machine = Machine{Env: env, Stack: s.stack[:0]}
	s.Machine.begin()
	return true
}

// Leave ends the run.
func (s *Scratch) Leave() {
	clear(s.Slots[:])
	clear(s.stack[:])
	s.busy = false
}

// NewMachine begins a run with the budget of env; nil stands for an empty Env.
func NewMachine(env *Env) *Machine {
	if env == nil {
		env = &Env{}
	}
	m := &Machine{Env: env}
	m.begin()
	return m
}

func (m *Machine) begin() {
	if m.steps, m.memory = m.Env.Steps, m.Env.Memory; m.steps <= 0 {
		m.steps = DefaultSteps
	}
	if m.memory <= 0 {
		m.memory = DefaultMemory
	}
}

// Exhausted is what a run panics with when its budget is spent; no catch sees it.
type Exhausted string

// Thrown carries a C# exception to its catch.
type Thrown struct {
	Exc *Exception
	Pos int
}

// Step charges one unit of work.
func (m *Machine) Step() {
	if m.steps--; m.steps < 0 {
		panic(Exhausted("the expression used up its budget of " + strconv.Itoa(max(m.Env.Steps, DefaultSteps*Bit(m.Env.Steps <= 0))) + " steps"))
	}
}

// Work charges n units.
func (m *Machine) Work(n int) {
	m.steps -= n
	if m.steps < 0 {
		m.steps = 0
		m.Step()
	}
}

// Bit gives 1 for true.
func Bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Grow charges n bytes of made values, and the work of making them.
func (m *Machine) Grow(n int) {
	m.memory -= n
	if m.memory < 0 || n < 0 {
		m.memory = 0
		panic(Exhausted("the expression used up its budget of memory"))
	}
	m.Work(n >> 8)
}

// Text charges a made string and gives it.
func (m *Machine) Text(s string) Value {
	m.Grow(len(s))
	return s
}

// Throw raises a C# exception of the given type.
func (m *Machine) Throw(typ *Type, message string) {
	panic(&Thrown{Exc: &Exception{Type: typ, Message: message}, Pos: m.Pos})
}

// EnterCall charges a call of a lambda or local function and bounds their depth.
func (m *Machine) EnterCall() {
	m.Step()
	if m.Depth++; m.Depth > maxCalls {
		m.Depth = 0
		panic(Exhausted("functions of the expression call each other too deep"))
	}
}

// Push takes n argument places from the stack; pop gives them back.
func (m *Machine) Push(n int) []Value {
	at := len(m.Stack)
	if at+n > cap(m.Stack) {
		// Arguments in use keep the old array; a fresh one serves the deeper calls.
		m.Stack = make([]Value, 0, max(16, 2*cap(m.Stack), n))
		at = 0
	}
	m.Stack = m.Stack[:at+n]
	return m.Stack[at : at+n : at+n]
}

// Pop gives the places of Push back.
func (m *Machine) Pop(a []Value) {
	clear(a)
	if n := len(m.Stack) - len(a); n >= 0 {
		m.Stack = m.Stack[:n]
	}
}

// Now asks the host's clock.
func (m *Machine) Now() time.Time {
	if m.Env.Now == nil {
		panic(Exhausted("no clock was given to this expression"))
	}
	return m.Env.Now().UTC()
}

// Random asks the host for 64 random bits.
func (m *Machine) Random() uint64 {
	if m.Env.Rand == nil {
		panic(Exhausted("no randomness was given to this expression"))
	}
	return m.Env.Rand()
}
