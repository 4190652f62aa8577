package expr

import (
	"stile/policy/expr/clr"
)

// code computes an expression, action a statement.
type (
	code   func(f *frame) clr.Value
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
	m      *clr.Machine
	slots  []clr.Value
	result clr.Value
	// caught is the exception that a catch block is busy with, for "throw;".
	caught *clr.Thrown
	// scratch is the room that the frame is in; nil for one of its own.
	scratch *clr.Scratch
}

// cell is a local that a lambda or local function shares with its surroundings.
type cell struct{ v clr.Value }
