package jsonata

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"stile/jsonval"
)

// difference is a kind of difference that is meant: either is tells it, or the
// reference agrees with Stile once its text is changed.
type difference struct {
	name string
	// why says why Stile does not do what the reference does.
	why     string
	is      func(expr, input string, mine, theirs outcome) bool
	changes []change
}

var differences = []difference{
	{
		name: "NaN and infinities in a result",
		why:  "JSON.stringify writes null; Step Functions and Stile write strings with their names",
		is: func(_, _ string, mine, theirs outcome) bool {
			return theirs.Value != "" && mine.Value != theirs.Value && notFinite.ReplaceAllString(mine.Value, "null") == theirs.Value
		},
	},
	{
		name: "no end",
		why:  "2.0.6 counts up or down to what it was given, one by one; Stile calculates, or ends with its budget",
		is:   func(_, _ string, _, theirs outcome) bool { return theirs.Crash && theirs.Text == endless },
	},
	{
		name: "an error of JavaScript itself",
		why: "where 2.0.6 stumbles over a value it ends with a TypeError or RangeError of the engine below, which has no code " +
			"and another text in each engine; Stile ends with an error too",
		is: func(_, _ string, mine, theirs outcome) bool { return theirs.Crash && mine.Value == "" },
	},
	{
		name: "Math.pow of the JavaScript engine",
		why:  "goja's is Go's, which is off by some units in the last place; Stile's is V8's (node gives Stile's result)",
		is: func(expr, input string, mine, theirs outcome) bool {
			return strings.Contains(expr, "$power(") && nearly(mine, theirs)
		},
	},
	{
		name: "arguments of a partly applied built-in function",
		why: "2.0.6 hands them on unchecked, and what the function then makes of values it was not made for is chance; Stile " +
			"checks them against the signature",
		is: func(expr, _ string, mine, theirs outcome) bool {
			return strings.Contains(expr, "(?") && (theirs.Crash || strings.HasPrefix(mine.Code, "T041"))
		},
	},
	{
		name:    "the first error in time, not in order",
		why:     "2.0.6 evaluates the members of an object and the items of an array at the same time, and the one that fails after the fewest turns of JavaScript's queue wins; Stile tells the first in order",
		changes: inOrder,
	},
	{
		name: "where a function was called before",
		why: "2.0.6 writes the place and name of a call into the function itself, so that an error shows those of another, " +
			"later or earlier call; Stile shows the call's own",
		changes: forgetful,
	},
	{
		name: "a function in an error's text",
		why:  "2.0.6 prints the object of JavaScript that its functions are; Stile prints undefined, as JSON.stringify does for a function",
		is: func(_, _ string, mine, theirs outcome) bool {
			return mine.Code == theirs.Code && mine.Position == theirs.Position && strings.Contains(theirs.Text, `{"_jsonata_`)
		},
	},
	{
		name: "characters beyond U+FFFF that are matched or split",
		why:  "to 2.0.6 they are two halves, which . and [^x] match alone and $split parts; to Stile they are one character, and no text is cut in the middle of one",
		is: func(expr, input string, mine, theirs outcome) bool {
			return strings.Contains(expr+input, "😀") && regexes.MatchString(expr) && mine.Code == theirs.Code
		},
	},
	{
		name: "the mark of a sequence",
		why:  "2.0.6 marks some sequences with a member that * finds in sequences of sequences, as one more true; Stile's marks are no members",
		is: func(expr, _ string, mine, theirs outcome) bool {
			return strings.Contains(expr, ".*") && theirs.Value != "" && strings.ReplaceAll(theirs.Value, ",true", "") == strings.ReplaceAll(mine.Value, ",true", "")
		},
	},
	{
		name: "a function is an object of JavaScript",
		why:  "2.0.6 shows its insides to * and takes it for the update of a transform; to Stile it has no members",
		is: func(_, _ string, mine, theirs outcome) bool {
			return mine.Code == "T2011" && strings.Contains(mine.Text, "undefined") || strings.Contains(theirs.String(), "isParallelCall")
		},
	},
	{
		name:    "numbered members set on an array",
		why:     "a transform of 2.0.6 that matches an array sets its items where the update has members named by numbers; in Stile an array has no members",
		changes: itemsStay,
	},
	{
		name: "digits of $formatBase beyond 2^53",
		why:  "JavaScript leaves them to the engine, and engines differ in the last digits",
		is: func(expr, input string, mine, theirs outcome) bool {
			return strings.Contains(expr, "$formatBase(") && mine.Code == theirs.Code && len(mine.String()) == len(theirs.String()) && len(mine.String()) > 10
		},
	},
	{
		name:    "an empty array that an object constructor changed",
		why:     "2.0.6 writes an undefined item into an empty array at which it evaluates an object constructor, and later readers of the array find it; in Stile nothing changes a value",
		changes: unchanged,
	},
	{
		name: "a function handed on by a tail call",
		why:  "2.0.6 forgets to wrap it and a built-in function cannot call it; 2.2 and Stile call it",
		is: func(_, _ string, mine, theirs outcome) bool {
			return theirs.Crash && (theirs.Text == "Object has no member 'apply'" || theirs.Text == "Not a function: [object Object]")
		},
	},
	{
		name:    "functions are false",
		why:     "in 2.0.6 a function is true unless it is handed to a function, for it is an object of JavaScript; in 2.2 and Stile it is false, as JSONata's documents say",
		changes: falseFunctions,
	},
	{
		name:    "$pad to a width that is no integer",
		why:     "2.0.6 ends with a RangeError of JavaScript; 2.2 and Stile cut the fraction off",
		changes: wholeWidths,
	},
	{
		name:    "$string of whole numbers of more than 15 digits",
		why:     "2.0.6 rounds them to 15 digits; 2.2, Step Functions and Stile write them as they are",
		changes: wholeTexts,
	},
	{
		name: "what is no base64",
		why:  "2.0.6 passes over it; Step Functions and Stile end with an error",
		is: func(expr, _ string, mine, _ outcome) bool {
			return strings.Contains(expr, "$base64decode") && mine.Text == "The argument of base64decode function is not base64"
		},
	},
	{
		name:    "several of the above",
		why:     "at once",
		changes: slices.Concat(inOrder, forgetful, falseFunctions, wholeWidths, unchanged, itemsStay, wholeTexts),
	},
}

var (
	falseFunctions = []change{{"} else if (arg !== null && typeof arg === 'object') {\n            if (Object.keys(arg).length > 0) {",
		"} else if (arg !== null && typeof arg === 'object' && !isFunction(arg)) {\n            if (Object.keys(arg).length > 0) {"}}
	itemsStay   = []change{{"match[prop] = update[prop];", "if (!Array.isArray(match)) match[prop] = update[prop];"}}
	unchanged   = []change{{"if (input.length === 0) {\n            input.push(undefined);", "if (input.length === 0) {\n            input = [undefined];"}}
	wholeTexts  = []change{{"Number(val.toPrecision(15))", "(Number.isInteger(val) ? val : Number(val.toPrecision(15)))"}}
	wholeWidths = []change{{"var padLength = Math.abs(width)", "width = Math.trunc(width); var padLength = Math.abs(width)"}}
)

// inOrder evaluates one member or item after the other.
var inOrder = []change{
	{"let generators = await Promise.all(Object.keys(groups).map(async (key, idx) => {",
		"let generators = []; let idx = -1; for (let key of Object.keys(groups)) { idx++; generators.push(await (async () => {"},
	{"context, env)];\n        }));", "context, env)];\n        })()); }"},
	{"let generators = await Promise.all(expr.expressions\n                    .map(async (item, idx) => {",
		"let generators = []; let idx = -1; for (let item of expr.expressions) { idx++; generators.push(await (async () => {"},
	{"evaluate(item, input, environment)]\n                    }));", "evaluate(item, input, environment)]\n                    })()); }"},
}

// forgetful gives each call a function of its own.
var forgetful = []change{{"proc.token = procName;", "proc = Object.assign({}, proc); proc.token = procName;"}}

// nearly tells numbers that differ in their last digits.
func nearly(a, b outcome) bool {
	x, y := numeral.FindAllString(a.String(), -1), numeral.FindAllString(b.String(), -1)
	if len(x) != len(y) || numeral.ReplaceAllString(a.String(), "") != numeral.ReplaceAllString(b.String(), "") {
		return false
	}
	for i := range x {
		f, errF := strconv.ParseFloat(x[i], 64)
		g, errG := strconv.ParseFloat(y[i], 64)
		if errF != nil || errG != nil || math.Abs(f-g) > 1e-9*math.Abs(f) {
			return false
		}
	}
	return true
}

var regexes = regexp.MustCompile(`\$(match|replace|split|contains)\(`)

var notFinite = regexp.MustCompile(`"(NaN|-?Infinity)"`)

// longWhole finds whole numbers of which JavaScript may have no digit for digit.
var longWhole = regexp.MustCompile(`\b\d{16,19}\b`)

// rounded gives an outcome with whole numbers as JavaScript holds them.
func rounded(o outcome) outcome {
	double := func(digits string) string {
		f, err := strconv.ParseFloat(digits, 64)
		if err != nil {
			return digits
		}
		return jsonval.FormatNumber(f)
	}
	o.Value, o.Text = longWhole.ReplaceAllStringFunc(o.Value, double), longWhole.ReplaceAllStringFunc(o.Text, double)
	return o
}

var numeral = regexp.MustCompile(`-?\d+(\.\d+)?(e[+-]?\d+)?`)

// explainer finds the known difference that a pair of outcomes shows.
type explainer struct {
	changed []*oracle // by difference, nil for those without changes
}

func newExplainer(t testing.TB) *explainer {
	x := &explainer{}
	for _, d := range differences {
		var o *oracle
		if d.changes != nil {
			o = newOracle(t, d.changes...)
		}
		x.changed = append(x.changed, o)
	}
	return x
}

// agrees tells that the changed reference does what Stile does.
func (x *explainer) agrees(t testing.TB, i int, expr, input string, mine outcome) bool {
	t.Helper()
	theirs := x.changed[i].eval(t, expr, input)
	return theirs == mine || theirs.Crash && mine.Value == ""
}

// keptDigits is the difference of whole numbers of 64 bits: JavaScript rounds them
// when it reads them; Step Functions and Stile keep their digits while nothing
// calculates with them.
const keptDigits = "whole numbers beyond 2^53 that are passed on"

// explain gives the name of the difference, "" for none.
func (x *explainer) explain(t testing.TB, expr, input string, mine, theirs outcome) string {
	t.Helper()
	double := rounded(mine)
	if double == theirs {
		return keptDigits
	}
	name := x.named(t, expr, input, mine, theirs)
	if name == "" && double != mine {
		name = x.named(t, expr, input, double, theirs)
	}
	return name
}

// named looks the difference up in the table.
func (x *explainer) named(t testing.TB, expr, input string, mine, theirs outcome) string {
	t.Helper()
	for i, d := range differences {
		if d.is != nil && d.is(expr, input, mine, theirs) || x.changed[i] != nil && x.agrees(t, i, expr, input, mine) {
			return d.name
		}
	}
	return ""
}
