// Package library is the functions of JSONata 2 and those that Step Functions adds
// ($partition, $range, $hash, a seeded $random, $uuid, $parse), in one table.
// $eval is not among them: Step Functions has none.
//
// It is not the evaluator: signatures are checked, arguments evaluated and budgets
// held by jsonata, which alone calls it. Pictures of numbers and dates are in
// jsonata/library/picture.
//
// Invariants: functions are pure but for the Machine they are given; each charges
// work and output in proportion to what it reads and makes, before it makes it.
// Names, signatures, codes and departures from good sense follow the reference
// implementation (jsonata-js), because results and causes are compared.
package library

import (
	"slices"

	"stile/jsonata/value"
)

// itemBytes is what an item of an array or a member of an object is charged for.
const itemBytes = 56

type impl = func(c *value.Call, args []value.Value) (value.Value, error)

// Table gives all functions in a fixed order. Arity is what the reference
// implementation's own functions declare: higher-order functions ask for it.
func Table() []value.Native {
	return slices.Concat(textTable, matchTable, encodeTable, numberTable, arrayTable, objectTable, higherTable, dateTable, awsTable)
}

// arg gives an argument, undefined where it is missing.
func arg(args []value.Value, i int) value.Value {
	if i < len(args) {
		return args[i]
	}
	return value.Undefined
}

// given makes a function undefined where its first argument is.
func given(f impl) impl {
	return func(c *value.Call, args []value.Value) (value.Value, error) {
		if arg(args, 0).IsUndefined() {
			return value.Undefined, nil
		}
		return f(c, args)
	}
}

// ofText makes a function of a string that gives a string.
func ofText(f func(string) string) impl {
	return given(func(c *value.Call, args []value.Value) (value.Value, error) {
		s := args[0].Str()
		c.Spend(1 + len(s)/8)
		return text(c, f(s)), nil
	})
}

// ofNumber makes a function of a number that gives a number.
func ofNumber(f func(float64) float64) impl {
	return given(func(_ *value.Call, args []value.Value) (value.Value, error) {
		return value.OfNumber(f(args[0].Num())), nil
	})
}

// text charges for a string and gives it.
func text(c *value.Call, s string) value.Value {
	c.Hold(len(s))
	return value.OfString(s)
}

// charge pays for n items that are read or made.
func charge(c *value.Call, n int) {
	c.Spend(1 + n)
	c.Produce(n * itemBytes)
}

// fault is an error with a code, the value that it names and the place of the argument.
func fault(code string, v value.Value, index int) error {
	return &value.Error{Code: code, Value: v, Index: index}
}

// own is an error that has no code.
func own(text string) error { return &value.Error{Text: text} }
