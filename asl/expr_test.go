package asl

import (
	"strings"
	"testing"

	"stile/jsonval"
)

// testScope is the scope of the tables below.
func testScope(input string) *Scope {
	n := uint64(0)
	vars := map[string]jsonval.Value{"count": jsonval.OfInt(4), "order": jsonval.MustParse(`{"id":"o-1","lines":[1,2]}`)}
	return &Scope{
		Input:    jsonval.MustParse(input),
		Context:  func() jsonval.Value { return jsonval.MustParse(`{"State":{"Name":"S"},"Task":{"Token":"t"}}`) },
		Variable: func(name string) (jsonval.Value, bool) { v, ok := vars[name]; return v, ok },
		Rand:     func() uint64 { n++; return mix(n) },
	}
}

const input = `{"s":"a,b;c","n":2.5,"neg":-1.5,"big":3000000000,"list":[3,1,3,"x",{"k":1},{"k":1.0}],"o":{"a":1,"b":{"c":[]}},` +
	`"t":true,"z":null,"tpl":"<{}> and {}","json":" {\"x\" : [1, 2]} ","b64":"aMOp","word":"héllo"}`

var expressionCases = map[string]string{
	`$`:                     input,
	`$.o.b`:                 `{"c":[]}`,
	`$.list[0]`:             `3`,
	`$$`:                    `{"State":{"Name":"S"},"Task":{"Token":"t"}}`,
	`$$.Task.Token`:         `"t"`,
	`$$['State']['Name']`:   `"S"`,
	`$count`:                `4`,
	`$order.id`:             `"o-1"`,
	`$order.lines[1]`:       `2`,
	`$order['lines'][*]`:    `[1,2]`,
	`$.list[?(@.k == 1)].k`: `[1,1.0]`,
	`$.nothing[*]`:          `[]`,

	`States.Array()`: `[]`,
	`States.Array($.s, 1.50, 'x', true, null, $count)`: `["a,b;c",1.50,"x",true,null,4]`,
	`States.ArrayPartition($.list, 4)`:                 `[[3,1,3,"x"],[{"k":1},{"k":1.0}]]`,
	`States.ArrayPartition($.list, 4.5)`:               `[[3,1,3,"x",{"k":1}],[{"k":1.0}]]`,
	`States.ArrayContains($.list, 'x')`:                `true`,
	`States.ArrayContains($.list, $.o)`:                `false`,
	`States.ArrayRange(1, 9, 4)`:                       `[1,5,9]`,
	`States.ArrayRange(3, -3, -3)`:                     `[3,0,-3]`,
	`States.ArrayRange(1, 0, 1)`:                       `[]`,
	`States.ArrayGetItem($.list, 3)`:                   `"x"`,
	`States.ArrayLength($.list)`:                       `6`,
	`States.ArrayUnique($.list)`:                       `[3,1,"x",{"k":1}]`,
	`States.ArrayUnique(States.StringToJson('[0,-0,0.0,"a","\\u0061",{"x":1,"y":[]},{"y":[],"x":1e0},null,null,[1],[1.0]]'))`: `[0,"a",{"x":1,"y":[]},null,[1]]`,
	`States.Base64Encode($.word)`:                                        `"aMOpbGxv"`,
	`States.Base64Decode($.b64)`:                                         `"hé"`,
	`States.Hash('x', 'MD5')`:                                            `"9dd4e461268c8034f5c8564e155c67a6"`,
	`States.Hash('x', 'SHA-1')`:                                          `"11f6ad8ec52a2984abaafd7c3b516503785c2072"`,
	`States.Hash('x', 'SHA-256')`:                                        `"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"`,
	`States.JsonMerge($.o, States.StringToJson('{"b":2,"z":3}'), false)`: `{"a":1,"b":2,"z":3}`,
	`States.StringToJson($.json)`:                                        `{"x":[1,2]}`,
	`States.StringToJson('')`:                                            `null`,
	`States.StringToJson(' ')`:                                           `null`,
	`States.JsonToString($.o)`:                                           `"{\"a\":1,\"b\":{\"c\":[]}}"`,
	`States.MathAdd($.n, $.neg)`:                                         `2`,
	`States.MathAdd(-0.5, 0.49999999999999999999)`:                       `0`,
	`States.MathAdd(2147483647, 1)`:                                      `2147483648`,
	`States.StringSplit($.s, ',;')`:                                      `["a","b","c"]`,
	`States.StringSplit(',,', ',')`:                                      `[]`,
	`States.Format('{} is {}, {}', $.n, $.o, $.z)`:                       `"2.5 is {a=1, b={c=[]}}, null"`,
	`States.Format($.tpl, $.s, $.list)`:                                  `"<a,b;c> and [3, 1, 3, x, {k=1}, {k=1.0}]"`,
	`States.Format('it\'s \{{}\} \\', 1)`:                                `"it's {1} \\"`,
	`States.Format('none')`:                                              `"none"`,
	`States.ArrayGetItem(States.StringSplit($.s, ','), States.MathAdd(States.ArrayLength(States.Array(1)), -1))`: `"a"`,
	`States.Format('{}', $.list[?(@.k == 1 && @.k != 'a,b)')])`:                                                  `"[{k=1}, {k=1.0}]"`,
	`States.ArrayLength($.list.length())  `:                                                                      ``,
}

func TestExpressions(t *testing.T) {
	for text, want := range expressionCases {
		e, err := compileExpr(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got, fault := e.Eval(testScope(input))
		if want == "" {
			if fault == nil {
				t.Errorf("%s = %s", text, got.Text())
			}
			continue
		}
		if fault != nil || got.Text() != want {
			t.Errorf("%s = %s %v, want %s", text, got.Text(), fault, want)
		}
		if e.Text() != text {
			t.Errorf("Text of %s is %s", text, e.Text())
		}
	}
}

func TestRandomFunctions(t *testing.T) {
	eval := func(text string) jsonval.Value {
		t.Helper()
		e, err := compileExpr(text)
		if err != nil {
			t.Fatal(err)
		}
		v, fault := e.Eval(testScope(`{}`))
		if fault != nil {
			t.Fatal(fault)
		}
		return v
	}
	id, _ := eval(`States.UUID()`).Str()
	if len(id) != 36 || id[14] != '4' || strings.IndexByte("89ab", id[19]) < 0 {
		t.Errorf("%s is no UUID of version 4", id)
	}
	pair := eval(`States.Array(States.UUID(), States.UUID())`)
	if jsonval.Equal(pair.Index(0), pair.Index(1)) {
		t.Error("two UUIDs are the same")
	}
	for range 50 {
		if n, ok := eval(`States.MathRandom(-3, 4)`).Int(); !ok || n < -3 || n >= 4 {
			t.Errorf("MathRandom(-3, 4) = %d", n)
		}
	}
	if a, b := eval(`States.MathRandom(1, 1000000, 7)`), eval(`States.MathRandom(1, 1000000, 7)`); !jsonval.Equal(a, b) {
		t.Errorf("one seed gives %s and %s", a.Text(), b.Text())
	}
}

func TestExpressionErrors(t *testing.T) {
	for text, want := range map[string]string{
		`$.x`:                     `States.Runtime: Invalid path '$.x' : No results for path: $['x']`,
		`$.x.y`:                   `States.Runtime: Invalid path '$.x.y' : Missing property in path $['x']`,
		`$$.x.y`:                  `States.Runtime: Invalid path '$$.x.y' : Missing property in path $['x']`,
		`$gone`:                   `States.Runtime: Invalid path '$gone' : the variable $gone has no value`,
		`States.Array($.o.q)`:     `States.Runtime: The function 'States.Array($.o.q)' had the following error: The JsonPath argument for the field '$.o.q' could not be found in the input '{"o":{}}'`,
		`States.ArrayLength($.o)`: `States.IntrinsicFailure: The function 'States.ArrayLength($.o)' had the following error: argument 1 must be an array, but was object`,
		`States.ArrayGetItem(States.Array(1), 1)`:      `States.IntrinsicFailure: The function 'States.ArrayGetItem(States.Array(1), 1)' had the following error: index 1 is outside the array of 1 items`,
		`States.ArrayGetItem(States.Array(1), -1)`:     `outside the array`,
		`States.ArrayPartition(States.Array(1), 0)`:    `positive`,
		`States.ArrayRange(0, 1000, 1)`:                `more than 1000`,
		`States.ArrayRange(0, 1, 0)`:                   `step`,
		`States.Hash('x', 'SHA-3')`:                    `one of MD5`,
		`States.Base64Decode('***')`:                   `not Base64`,
		`States.JsonMerge($.o, $.o, true)`:             `shallow`,
		`States.StringToJson('{')`:                     `not JSON`,
		`States.MathAdd(2147483648, 1)`:                `outside`,
		`States.MathRandom(2, 2)`:                      `greater`,
		`States.Format('{} {}', 1)`:                    `2 placeholders for 1`,
		`States.Format('', 1)`:                         `0 placeholders for 1`,
		`States.JsonToString(States.ArrayLength(1.5))`: ``,
	} {
		e, err := compileExpr(text)
		if want == "" {
			if err == nil {
				t.Errorf("%s was taken", text)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		_, fault := e.Eval(testScope(`{"o":{}}`))
		if fault == nil || fault.Error() != want && !strings.Contains(fault.Error(), want) {
			t.Errorf("%s: %v, want %s", text, fault, want)
		}
	}
	e, _ := compileExpr(`$$.x`)
	_, fault := e.EvalField(testScope(`{"a": 1}`), "f.$")
	if want := `States.Runtime: The JSONPath '$.x' specified for the field 'f.$' could not be found in the input '{"State":{"Name":"S"},"Task":{"Token":"t"}}'`; fault == nil || fault.Error() != want {
		t.Errorf("%v, want %s", fault, want)
	}
}

func TestExpressionsThatDoNotCompile(t *testing.T) {
	nested := strings.Repeat("States.Array(", 11) + strings.Repeat(")", 11)
	for _, text := range []string{
		``, `x`, `$.`, `$1`, `$-a`, `$$x`, `$a b`, ` States.UUID()`, `States.UUID`, `States.UUID(`, `States.UUID()x`, `States.UUID(1)`,
		`States.Nope()`, `States.Array(1,)`, `States.Array(,1)`, `States.Array(1 2)`, `States.Array('a)`, `States.Array("a")`,
		`States.Array(x)`, `States.Array([1])`, `States.Array('a\n')`, `States.Array($.)`, `States.Array('\`, `States.Array(01)`,
		`Fn.Sub()`, nested,
	} {
		if _, err := compileExpr(text); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
}

func TestPathFieldsAndResultPath(t *testing.T) {
	s := testScope(`{"a":{"b":[1]}}`)
	path := func(text string) PathField {
		e, err := compilePath(text)
		if err != nil {
			t.Fatal(err)
		}
		return PathField{Path: e}
	}
	for _, c := range []struct {
		f           PathField
		field, want string
	}{
		{PathField{}, "InputPath", `{"a":{"b":[1]}}`},
		{PathField{Null: true}, "InputPath", `{}`},
		{path(`$.a.b`), "ItemsPath", `[1]`},
		{path(`$order.id`), "OutputPath", `"o-1"`},
		{path(`$.q`), "InputPath", `States.Runtime: Invalid path '$.q' : No results for path: $['q']`},
		{path(`$.a.q`), "ItemsPath", `States.ReferencePathConflict: Unable to apply step "q" to input {"a":{"b":[1]}}`},
		{path(`$$.q`), "ItemsPath", `States.Runtime: Invalid path '$$.q' : No results for path: $['q']`},
	} {
		v, err := c.f.Eval(s, c.field)
		got := v.Text()
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.field, got, c.want)
		}
	}
	c := newTestCompiler(`"$.a.c"`)
	rp := c.resultPath(c.node, "/ResultPath")
	for _, x := range []struct {
		f    ResultPath
		want string
	}{
		{ResultPath{}, `7`}, {ResultPath{Discard: true}, `{"a":{"b":[1]}}`}, {rp, `{"a":{"b":[1],"c":7}}`},
	} {
		if v, err := x.f.Apply(s.Input, jsonval.OfInt(7)); err != nil || v.Text() != x.want {
			t.Errorf("%s %v, want %s", v.Text(), err, x.want)
		}
	}
	_, err := rp.Apply(jsonval.MustParse(`{"a":"x"}`), jsonval.OfInt(7))
	if want := `States.ResultPathMatchFailure: Unable to apply step "c" to input {"a":"x"}`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		names, err string
		want       bool
	}{
		{"X", "X", true}, {"X", "Y", false}, {"A B", "B", true}, {ErrAll, "X", true}, {ErrAll, "", true}, {ErrAll, ErrTimeout, true},
		{ErrAll, ErrRuntime, false}, {ErrRuntime, ErrRuntime, false}, {ErrAll, ErrDataLimitExceeded, false},
		{ErrDataLimitExceeded, ErrDataLimitExceeded, true}, {ErrTaskFailed, "X", true}, {ErrTaskFailed, ErrTimeout, false},
		{ErrTaskFailed, ErrPermissions, true}, {ErrTimeout, ErrHeartbeatTimeout, true}, {ErrHeartbeatTimeout, ErrTimeout, false},
	} {
		if got := Matches(strings.Fields(c.names), c.err); got != c.want {
			t.Errorf("Matches(%s, %q) = %v", c.names, c.err, got)
		}
	}
}

func TestParseTimestamp(t *testing.T) {
	for text, want := range map[string]bool{
		"2016-03-14T01:59:00Z": true, "2016-03-14T01:59:00.123456789Z": true, "2016-03-14T01:59:00+02:00": true,
		"2016-03-14T01:59:00": false, "2016-03-14 01:59:00Z": false, "2016-03-14t01:59:00Z": false, "2016-03-14T01:59:00z": false,
		"2016-13-14T01:59:00Z": false, "2016-03-14T25:59:00Z": false, "14-03-2016T01:59:00Z": false, "2016-03-14T01:59:00,5Z": false,
		"2016-03-14": false, "": false, "2016-03-14T1:59:00Z": false,
	} {
		if _, ok := ParseTimestamp(text); ok != want {
			t.Errorf("%s: %v", text, ok)
		}
	}
}
