package value

import "stile/rx"

// Function is a value that can be applied. Exactly one of Native, Regex and
// Closure is set.
type Function struct {
	Native  *Native
	Regex   *Regex
	Closure any // the evaluator's: a lambda or a partial application
	Params  int // how many parameters the closure takes
}

// Arity counts the parameters, as the higher-order functions ask before they hand
// on an item, its index and the array.
func (f *Function) Arity() int {
	switch {
	case f.Native != nil:
		return f.Native.Arity
	case f.Regex != nil:
		return 2
	}
	return f.Params
}

// Regex is a regular expression literal: applied to a string it gives a match
// object (match, start, end, groups, next).
type Regex struct {
	Source string // between the slashes
	Flags  string // i and m
	Re     *rx.Regexp
}

// Native is a function of the language, made in Go.
type Native struct {
	Name string
	// Signature is jsonata-js's notation, such as <s-nn?:s>; the evaluator checks
	// it before Call. Empty means that anything goes.
	Signature string
	// Arity is how many parameters the JavaScript function declares.
	Arity int
	// Call gets the arguments as the signature left them; missing ones are not
	// there, so len(args) may be less than Arity.
	Call func(c *Call, args []Value) (Value, error)
}

// Machine is what the evaluator gives to native functions.
type Machine interface {
	// Apply calls any function value; its context is null, as it is for functions
	// that are handed to functions.
	Apply(fn Value, args []Value) (Value, error)
	// Spend charges steps, Produce bytes, Hold the bytes of one string that is made,
	// which has a bound of its own; all end the evaluation by a panic with *Error,
	// which Eval recovers, where the budget is gone.
	Spend(steps int)
	Produce(bytes int)
	Hold(bytes int)
	// Now is the evaluation's one timestamp in milliseconds since 1970; Random is
	// in [0,1); UUID is a random version 4 UUID.
	Now() int64
	Random() (float64, error)
	UUID() (string, error)
}

// Call is one call of a native function.
type Call struct {
	Machine
	// Context is the item that the call stands at: what a signature's "-" takes
	// where an argument is missing.
	Context Value
}

// Do calls a function with arguments.
func (c *Call) Do(fn Value, args ...Value) (Value, error) { return c.Machine.Apply(fn, args) }
