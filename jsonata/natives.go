package jsonata

import (
	"slices"

	"stile/jsonata/library"
	"stile/jsonata/value"
)

// natives gives the functions of the language by name.
func natives() map[string]value.Native {
	table := map[string]value.Native{}
	for _, n := range slices.Concat(core(), library.Table()) {
		table[n.Name] = n
	}
	return table
}

// core are the functions that only the evaluator can make.
func core() []value.Native {
	return []value.Native{
		{Name: "clone", Signature: "<(oa)-:o>", Arity: 1, Call: func(c *value.Call, args []value.Value) (value.Value, error) {
			return value.Clone(args[0])
		}},
	}
}

// Now is the evaluation's time (see value.Machine).
func (e *evaluation) Now() int64 { return e.env.Now }

// Random gives a number in [0,1).
func (e *evaluation) Random() (float64, error) {
	if e.env.Random == nil {
		return 0, &Error{Code: "U1003", Text: "There is no source of random numbers here"}
	}
	return e.env.Random(), nil
}

// UUID gives a random UUID.
func (e *evaluation) UUID() (string, error) {
	if e.env.UUID == nil {
		return "", &Error{Code: "U1003", Text: "There is no source of random numbers here"}
	}
	return e.env.UUID(), nil
}
