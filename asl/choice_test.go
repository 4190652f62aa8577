package asl

import (
	"fmt"
	"testing"

	"stile/diag"
)

// testCompiler is a compiler over one JSON text.
type testCompiler struct {
	*compiler
	node *node
}

func newTestCompiler(text string) testCompiler {
	src := diag.NewSource("", text)
	n, err := parseNodes(src)
	if err != nil {
		panic(err)
	}
	return testCompiler{&compiler{src: src, places: newPlacer(src), prog: &Program{States: map[string]*State{}}}, n}
}

var conditionCases = map[string]string{
	`{"Variable":"$.s","StringEquals":"abc"}`:                                                      "true",
	`{"Variable":"$.n","StringEquals":"1.0"}`:                                                      "false",
	`{"Variable":"$.s","StringLessThan":"abd"}`:                                                    "true",
	`{"Variable":"$.s","StringGreaterThan":"ab"}`:                                                  "true",
	`{"Variable":"$.s","StringGreaterThanEquals":"abc"}`:                                           "true",
	`{"Variable":"$.s","StringLessThanEquals":"abb"}`:                                              "false",
	`{"Variable":"$.s","StringEqualsPath":"$.s"}`:                                                  "true",
	`{"Variable":"$.s","StringLessThanPath":"$.e"}`:                                                "false",
	`{"Variable":"$.s","StringMatches":"a*c"}`:                                                     "true",
	`{"Variable":"$.s","StringMatches":"*"}`:                                                       "true",
	`{"Variable":"$.s","StringMatches":"a*b"}`:                                                     "false",
	`{"Variable":"$.s","StringMatches":"ab"}`:                                                      "false",
	`{"Variable":"$.s","StringMatches":"a*bc*c"}`:                                                  "false",
	`{"Variable":"$.s","StringMatches":"\\*"}`:                                                     "false",
	`{"Variable":"$.n","NumericEquals":1}`:                                                         "true",
	`{"Variable":"$.s","NumericEquals":1}`:                                                         "false",
	`{"Variable":"$.n","NumericLessThan":1}`:                                                       "false",
	`{"Variable":"$.n","NumericGreaterThan":0.99}`:                                                 "true",
	`{"Variable":"$.n","NumericLessThanEqualsPath":"$.n"}`:                                         "true",
	`{"Variable":"$.n","NumericGreaterThanEqualsPath":"$count"}`:                                   "false",
	`{"Variable":"$.t","BooleanEquals":true}`:                                                      "true",
	`{"Variable":"$.t","BooleanEquals":false}`:                                                     "false",
	`{"Variable":"$.z","BooleanEquals":false}`:                                                     "false",
	`{"Variable":"$.t","BooleanEqualsPath":"$.z"}`:                                                 "false",
	`{"Variable":"$.at","TimestampEquals":"2026-01-01T00:00:00.000Z"}`:                             "true",
	`{"Variable":"$.at","TimestampEqualsPath":"$.at2"}`:                                            "true",
	`{"Variable":"$.at","TimestampLessThan":"2026-01-01T00:00:00.001Z"}`:                           "true",
	`{"Variable":"$.s","TimestampLessThan":"2026-01-01T00:00:00Z"}`:                                "false",
	`{"Variable":"$.z","IsNull":true}`:                                                             "true",
	`{"Variable":"$.s","IsNull":false}`:                                                            "true",
	`{"Variable":"$.q","IsPresent":true}`:                                                          "false",
	`{"Variable":"$.q.r","IsPresent":false}`:                                                       "true",
	`{"Variable":"$.z","IsPresent":true}`:                                                          "true",
	`{"Variable":"$nothing","IsPresent":false}`:                                                    "true",
	`{"Variable":"$.n","IsNumeric":true}`:                                                          "true",
	`{"Variable":"$.n","IsString":false}`:                                                          "true",
	`{"Variable":"$.t","IsBoolean":true}`:                                                          "true",
	`{"Variable":"$.at","IsTimestamp":true}`:                                                       "true",
	`{"Variable":"$.s","IsTimestamp":true}`:                                                        "false",
	`{"Variable":"$$.State.Name","StringEquals":"S"}`:                                              "true",
	`{"Variable":"$order.id","StringEquals":"o-1"}`:                                                "true",
	`{"Not":{"Variable":"$.t","BooleanEquals":true}}`:                                              "false",
	`{"And":[{"Variable":"$.q","IsPresent":true},{"Variable":"$.q","NumericEquals":1}]}`:           "false",
	`{"Or":[{"Variable":"$.q","IsPresent":false},{"Variable":"$.q","NumericEquals":1}]}`:           "true",
	`{"And":[{"Or":[{"Variable":"$.t","IsNull":true},{"Not":{"Variable":"$.t","IsNull":true}}]}]}`: "true",
	`{"Variable":"$.q","StringEquals":"x"}`:                                                        "States.Runtime: Invalid path '$.q': The choice state's condition path references an invalid value.",
	`{"Variable":"$.n","NumericEqualsPath":"$.q"}`:                                                 "States.Runtime: Invalid path '$.q': The choice state's condition path references an invalid value.",
}

func TestConditions(t *testing.T) {
	const in = `{"s":"abc","n":1.0,"t":true,"z":null,"at":"2026-01-01T00:00:00Z","at2":"2026-01-01T01:00:00+01:00","l":[],"o":{},"e":""}`
	for rule, want := range conditionCases {
		c := newTestCompiler(rule)
		cond := c.condition(c.node, "/", true)
		if len(c.list) > 0 {
			t.Errorf("%s: %v", rule, c.list)
			continue
		}
		ok, err := cond.holds(testScope(in))
		got := fmt.Sprint(ok)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %s, want %s", rule, got, want)
		}
	}
}

func TestThirtyNineOperators(t *testing.T) {
	if n := len(operatorNames()); n != 39 {
		t.Errorf("%d operators", n)
	}
	seen := map[string]bool{}
	for _, name := range operatorNames() {
		op, isPath := operatorNamed(name)
		if op == nil || seen[name] || isPath != (op.name != name) {
			t.Errorf("%s is not found as itself", name)
		}
		seen[name] = true
	}
	for _, name := range []string{"StringMatchesPath", "IsNullPath", "Path", ""} {
		if op, _ := operatorNamed(name); op != nil {
			t.Errorf("%s was taken for %s", name, op.name)
		}
	}
	if len(intrinsics) != 18 || len(intrinsicNames) != 18 {
		t.Error("there are 18 intrinsic functions")
	}
	for _, n := range intrinsicNames {
		if intrinsics[n] == nil {
			t.Errorf("%s is in the list alone", n)
		}
	}
}

func TestPick(t *testing.T) {
	p := mustParse(t, `{"StartAt":"C","States":{
		"C":{"Type":"Choice","Assign":{"by":"default"},"Choices":[
			{"Variable":"$.n","NumericEquals":1,"Next":"One","Assign":{"by.$":"$.n"}},
			{"Variable":"$.n","NumericGreaterThan":0,"Next":"More"}],"Default":"None"},
		"D":{"Type":"Choice","Choices":[{"Variable":"$.n","NumericEquals":1,"Next":"One"}]},
		"One":{"Type":"Pass","Next":"D"},"More":{"Type":"Succeed"},"None":{"Type":"Succeed"}}}`)
	c := p.States["C"]
	if c.Assign != nil {
		t.Error("a Choice's Assign is Pick's to give")
	}
	for in, want := range map[string][2]string{
		`{"n":1}`: {"One", `{"by":1}`}, `{"n":2}`: {"More", ""}, `{"n":0}`: {"None", `{"by":"default"}`},
	} {
		picked, err := c.Choice.Pick(testScope(in))
		next, assign := picked.Next, picked.Assign
		if err != nil || next.Name != want[0] {
			t.Fatalf("%s: %v %v", in, next, err)
		}
		got := ""
		if assign != nil {
			v, _ := assign.Eval(testScope(in))
			got = v.Text()
		}
		if got != want[1] {
			t.Errorf("%s assigns %s, want %s", in, got, want[1])
		}
	}
	_, err := p.States["D"].Choice.Pick(testScope(`{"n":2}`))
	if err == nil || err.Name != ErrRuntime {
		t.Errorf("no match: %v", err)
	}
}

func mustParse(t *testing.T, text string) *Program {
	t.Helper()
	p, list := Parse(diag.NewSource("", text))
	if p == nil {
		t.Fatal(list)
	}
	return p
}

func TestTemplates(t *testing.T) {
	for text, want := range map[string]string{
		`{ "a" : 1.50, "b" : [ null, {"c.$": "$.n"} ], "d.$" : "States.Format('{}', $.s)" }`: `{"a":1.50,"b":[null,{"c":2.5}],"d":"a,b;c"}`,
		`{"a": {"b": [1, 2 ]}}`:                      `{"a":{"b":[1,2]}}`,
		`[1, "$.s", {"x.$": "$$.State"}]`:            `[1,"$.s",{"x":{"Name":"S"}}]`,
		`"text"`:                                     `"text"`,
		`{"all.$": "$", "v.$": "$count"}`:            `{"all":` + input + `,"v":4}`,
		`{"x.$": "$.nothing"}`:                       `States.Runtime: The JSONPath '$.nothing' specified for the field 'x.$' could not be found in the input '` + input + `'`,
		`{"x":[{"y.$": "States.ArrayLength($.s)"}]}`: `States.IntrinsicFailure: The function 'States.ArrayLength($.s)' had the following error: argument 1 must be an array, but was string`,
	} {
		c := newTestCompiler(text)
		tpl := c.template(c.node, "/")
		if len(c.list) > 0 {
			t.Errorf("%s: %v", text, c.list)
			continue
		}
		v, err := tpl.Eval(testScope(input))
		got := v.Text()
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s gives %s, want %s", text, got, want)
		}
	}
	c := newTestCompiler(`{"b.$":"$","a":1}`)
	if got := fmt.Sprint(c.template(c.node, "/").Names()); got != "[b a]" {
		t.Errorf("names %s", got)
	}
	c = newTestCompiler(`{"b":2,"a":1}`)
	if got := fmt.Sprint(c.template(c.node, "/").Names()); got != "[b a]" {
		t.Errorf("names of a literal %s", got)
	}
}
