package sfn

import "stile/jsonval"

// Fork asks for a new execution that repeats another one as far as a state, with the
// answers that were recorded, and goes on by itself from there. It is ours: AWS has
// no such action.
type Fork struct {
	// ExecutionARN is the STANDARD execution that is repeated; it may have ended.
	ExecutionARN string
	// Name of the new execution; empty: a UUID is made.
	Name string
	// At is the state from which the new one goes on: it is repeated until it first
	// enters it, and the state's own work is done anew. Empty: from the beginning.
	At string
	// Input takes the place of the execution's input, absent: the same. With another
	// input the execution must come the same way, or the fork is refused.
	Input jsonval.Value
	// StateInput takes the place of the input of At; the members of Set, an object,
	// take the place of its members. Both may be absent.
	StateInput, Set jsonval.Value
	// Subject is who asks; empty for nobody.
	Subject string
}
