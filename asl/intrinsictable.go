package asl

import (
	"fmt"

	"stile/jsonval"
)

// intrinsic is one function: how many arguments it takes (max -1: any number)
// and what it does.
type intrinsic struct {
	min, max int
	// kinds has a letter for each argument: s text, n number, a array, o object,
	// b boolean, anything else any; arguments behind its end are any too.
	kinds string
	// text says that the result is, or may be, a string: ErrorPath and CausePath
	// take only these.
	text bool
	eval func(*callScope) (jsonval.Value, error)
}

// intrinsics is the whole table: AWS has closed the list at 18.
var intrinsics = map[string]*intrinsic{
	"States.Array":          {0, -1, "", false, array},
	"States.ArrayPartition": {2, 2, "an", false, arrayPartition},
	"States.ArrayContains":  {2, 2, "a*", false, arrayContains},
	"States.ArrayRange":     {3, 3, "nnn", false, arrayRange},
	"States.ArrayGetItem":   {2, 2, "an", true, arrayGetItem},
	"States.ArrayLength":    {1, 1, "a", false, arrayLength},
	"States.ArrayUnique":    {1, 1, "a", false, arrayUnique},
	"States.Base64Encode":   {1, 1, "s", true, base64Encode},
	"States.Base64Decode":   {1, 1, "s", true, base64Decode},
	"States.Hash":           {2, 2, "ss", true, hashOf},
	"States.JsonMerge":      {3, 3, "oob", false, jsonMerge},
	"States.StringToJson":   {1, 1, "s", false, stringToJSON},
	"States.JsonToString":   {1, 1, "*", true, jsonToString},
	"States.MathRandom":     {2, 3, "nnn", false, mathRandom},
	"States.MathAdd":        {2, 2, "nn", false, mathAdd},
	"States.StringSplit":    {2, 2, "ss", false, stringSplit},
	"States.UUID":           {0, 0, "", true, uuid},
	"States.Format":         {1, -1, "s", true, format},
}

// intrinsicNames lists the table's keys for hints.
var intrinsicNames = []string{
	"States.Array", "States.ArrayPartition", "States.ArrayContains", "States.ArrayRange",
	"States.ArrayGetItem", "States.ArrayLength", "States.ArrayUnique", "States.Base64Encode",
	"States.Base64Decode", "States.Hash", "States.JsonMerge", "States.StringToJson",
	"States.JsonToString", "States.MathRandom", "States.MathAdd", "States.StringSplit",
	"States.UUID", "States.Format",
}

// takes refuses a literal that can never be right for argument i.
func (f *intrinsic) takes(i int, literal jsonval.Value) error {
	if i >= len(f.kinds) || !literal.Exists() {
		return nil
	}
	k, want := literal.Kind(), ""
	switch c := f.kinds[i]; {
	case c == 's' && k != jsonval.String:
		want = "a string"
	case c == 'n' && k != jsonval.Number:
		want = "a number"
	case c == 'b' && !literal.IsBool():
		want = "a boolean"
	case c == 'a':
		want = "an array"
	case c == 'o':
		want = "an object"
	}
	if want == "" {
		return nil
	}
	return fmt.Errorf("takes %s as argument %d, not %s", want, i+1, k)
}
