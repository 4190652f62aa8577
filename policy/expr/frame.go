package expr

// code computes an expression, action a statement.
type (
	code   func(f *frame) Value
	action func(f *frame) signal
)

// signal tells how a statement ended.
type signal uint8

const (
	goOn signal = iota
	doBreak
	doContinue
	doReturn
)

// frame holds the locals of one running body.
type frame struct {
	m      *machine
	slots  []Value
	result Value
	// caught is the exception that a catch block is busy with, for "throw;".
	caught *thrown
}

// cell is a local that a lambda or local function shares with its surroundings.
type cell struct{ v Value }
