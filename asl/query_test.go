package asl

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/diag"
	"stile/internal/recorded"
	"stile/jsonval"
)

// queryState compiles a Task in JSONata with this Output.
func queryState(t testing.TB, output string) *State {
	t.Helper()
	p, list := Parse(diag.NewSource("", `{"QueryLanguage":"JSONata","StartAt":"S","States":{"S":{"Type":"Task",
		"Resource":"arn:aws:states:::lambda:invoke","End":true,"Output":`+output+`}}}`))
	if p == nil {
		t.Fatalf("%s: %v", output, list)
	}
	return p.States["S"]
}

func queryScope() *Scope {
	s := testScope(`{"a":[1,2],"one":[3],"n":1.50,"o":{"x":null}}`)
	vars := s.Variable
	s.Variable = func(name string) (jsonval.Value, bool) {
		if name == "count" {
			name = "" // it would hide the function
		} else if name == "n" {
			name = "count"
		}
		return vars(name)
	}
	s.Result = jsonval.MustParse(`{"r":true}`)
	s.Now = 1735689600123
	return s
}

func TestQueries(t *testing.T) {
	for _, c := range []struct{ output, want string }{
		{`"{% $states.input %}"`, `{"a":[1,2],"one":[3],"n":1.5,"o":{"x":null}}`},
		{`"{%$states.input.a[0]%}"`, `1`},
		{`"{% $states.input.one %}"`, `[3]`},
		{`"{% $states.result.r %}"`, `true`},
		{`"{% $states.input.o.x %}"`, `null`},
		{`{"k": ["a {% $n %} b", "{% $order.id & '!' %}", 1.0, null, {"a.$": "$.a"}]}`, `{"k":["a {% $n %} b","o-1!",1.0,null,{"a.$":"$.a"}]}`},
		{`"{% $states.context.State.Name %}"`, `"S"`},
		{`"{% $keys($states) %}"`, `["context","input","result"]`},
		{`"{% $now() & '|' & $millis() %}"`, `"2025-01-01T00:00:00.123Z|1735689600123"`},
		{`"{% $sum($states.input.a) + $count($states.input.a) %}"`, `5`},
		{`" {% 1 %}"`, `" {% 1 %}"`},
		{`[]`, `[]`},
		{`"{% $partition([1..5], 2) %}"`, `[[1,2],[3,4],[5]]`},
		{`"{% $eval('1') %}"`, `States.QueryEvaluationError: The JSONata expression '$eval('1')' specified for the field 'Output' threw an error during evaluation. T1006: Attempted to invoke a non-function`},
		{`{"a": {"b": ["{% $states.input.gone %}"]}}`, `States.QueryEvaluationError: The JSONata expression '$states.input.gone' specified for the field 'Output/a/b[0]' returned nothing (undefined).`},
		{`"{% $gone %}"`, `States.QueryEvaluationError: The JSONata expression '$gone' specified for the field 'Output' returned nothing (undefined).`},
		{`"{% $string %}"`, `States.QueryEvaluationError: The JSONata expression '$string' specified for the field 'Output' returned an unsupported result type.`},
	} {
		st := queryState(t, c.output)
		v, err := st.Output.Eval(queryScope())
		got := v.Text()
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s gives\n%s, want\n%s", c.output, got, c.want)
		}
	}
}

// recursion calls itself as often as the number says that is written behind it.
const recursion = "($f := function($x){ $x <= 0 ? 0 : 1 + $f($x - 1) }; $f("

// TestQueryBudgets: what ends an evaluation on AWS ends it here, and ordinary work
// does not.
func TestQueryBudgets(t *testing.T) {
	for _, c := range []struct{ name, expr, want string }{
		{"100 terms", "1" + strings.Repeat("+1", 99), ""},
		{"101 terms", "1" + strings.Repeat("+1", 100), "Stack overflow"},
		{"99 parentheses", strings.Repeat("(", 99) + "1" + strings.Repeat(")", 99), ""},
		{"100 parentheses", strings.Repeat("(", 100) + "1" + strings.Repeat(")", 100), "Stack overflow"},
		{"99 brackets", strings.Repeat("[", 99) + "1" + strings.Repeat("]", 99), ""},
		{"100 brackets", strings.Repeat("[", 100) + "1" + strings.Repeat("]", 100), "Stack overflow"},
		{"99 stages", "1" + strings.Repeat("~>$string", 99), ""},
		{"100 stages", "1" + strings.Repeat("~>$string", 100), "Stack overflow"},
		{"31 calls", recursion + "31))", ""},
		{"32 calls", recursion + "32))", "Stack overflow"},
		{"range", "$count([1..900000])", "memory"},
		{"small range", "$count([1..100000])", ""},
		{"recursion", "($f := function($n){1 + $f($n)}; $f(1))", "Stack overflow"},
		{"loop", "($f := function($n){$f($n + 1)}; $f(1))", "timeout"},
		{"doubling", "$reduce([1..40], function($a, $b){$a & $a}, 'x')", "memory"},
		{"product", "$map([1..3000], function($x){$map([1..3000], function($y){$x*$y})})", ""},
	} {
		_, err := queryState(t, `"{% `+c.expr+` %}"`).Output.Eval(queryScope())
		switch {
		case c.name == "product":
			if err == nil {
				t.Errorf("%s ends", c.name)
			}
		case c.want == "" && err != nil, c.want != "" && (err == nil || !strings.Contains(err.Cause, "during evaluation: ") || !strings.Contains(err.Cause, c.want)):
			t.Errorf("%s: %.200v, want %q", c.name, err, c.want)
		}
	}
}

// TestQueriesShareWork: what one scope's expressions take together is bounded too.
func TestQueriesShareWork(t *testing.T) {
	loop := `"{% ($f := function($n){$n = 0 ? 0 : $f($n - 1)}; $f(100)) %}"`
	st := queryState(t, "["+loop+strings.Repeat(","+loop, 20)+"]")
	for most, want := range map[int]bool{0: true, 1_000_000: true, 5_000: false, 1: false} {
		s, spent := queryScope(), 0
		s.Spent, s.Most = &spent, most
		_, err := st.Output.Eval(s)
		if (err == nil) != want || err != nil && !strings.Contains(err.Cause, "Expression evaluation timeout") {
			t.Errorf("with %d: %v", most, err)
		}
		if most > 0 && spent > most+1000 {
			t.Errorf("with %d: %d steps taken", most, spent)
		}
	}
}

// TestQueriesAreRepeatable: the same seed gives the same random values, another one
// others, and steps are counted the same.
func TestQueriesAreRepeatable(t *testing.T) {
	st := queryState(t, `{"r": "{% $random() %}", "u": "{% $uuid() %}", "s": "{% $shuffle([1..20]) %}", "seeded": "{% $random(7) %}"}`)
	eval := func(seed uint64) (string, int) {
		s, spent := queryScope(), 0
		s.Rand = func() uint64 { seed++; return mix(seed) }
		s.Spent = &spent
		v, err := st.Output.Eval(s)
		if err != nil {
			t.Fatal(err)
		}
		return v.Text(), spent
	}
	a, spent := eval(1)
	b, again := eval(1)
	c, _ := eval(2)
	if a != b || spent != again || spent == 0 {
		t.Errorf("one seed gives\n%s in %d steps and\n%s in %d", a, spent, b, again)
	}
	if a == c {
		t.Errorf("two seeds give %s", a)
	}
}

func TestEvalAs(t *testing.T) {
	st := queryState(t, `"{% $states.input.n %}"`)
	if v, err := st.Output.EvalAs(queryScope(), "number"); err != nil || v.Text() != "1.5" {
		t.Errorf("%s %v", v.Text(), err)
	}
	_, err := st.Output.EvalAs(queryScope(), "string")
	want := `States.QueryEvaluationError: The JSONata expression '$states.input.n' specified for the field 'Output' returned an unexpected result type. Expected 'string', but was 'number' for value: 1.5`
	if err == nil || err.Error() != want || err.Location != "Output" {
		t.Errorf("%v at %q", err, err.Location)
	}
}

// TestQueryNumbers: a result's numbers are Java's, also those that are passed on.
func TestQueryNumbers(t *testing.T) {
	st := queryState(t, `"{% $states.input %}"`)
	computed := queryState(t, `"{% $map([$states.input], function($v){$v}) %}"`)
	for _, c := range []struct{ in, passed, made string }{
		{`1.0`, `1`, `1`},
		{`1e2`, `100`, `100`},
		{`-2.50`, `-2.5`, `-2.5`},
		{`0.001`, `0.001`, `0.001`},
		{`0.00012`, `1.2E-4`, `1.2E-4`},
		{`12345678.5`, `1.23456785E7`, `1.23456785E7`},
		{`1e21`, `1.0E21`, `1.0E21`},
		{`9223372036854775808`, `9.223372036854776E18`, `9.223372036854776E18`},
		{`9223372036854775807`, `9223372036854775807`, ``},
		{`123456789012345678901234567890`, `1.2345678901234568E29`, `1.2345678901234568E29`},
		{`{"a 1.0":"1.0 \" 1e2","b":[1.0,2,-3,{"c":4.0}]}`, `{"a 1.0":"1.0 \" 1e2","b":[1,2,-3,{"c":4}]}`, `{"a 1.0":"1.0 \" 1e2","b":[1,2,-3,{"c":4}]}`},
	} {
		s := queryScope()
		s.Input = jsonval.MustParse(c.in)
		if v, err := st.Output.Eval(s); err != nil || v.Text() != c.passed {
			t.Errorf("%s passed on: %s %v, want %s", c.in, v.Text(), err, c.passed)
		}
		if v, err := computed.Output.Eval(s); c.made != "" && (err != nil || v.Text() != c.made) {
			t.Errorf("%s computed: %s %v, want %s", c.in, v.Text(), err, c.made)
		}
	}
}

// TestQueryThatDoesNotEnd: AWS takes what begins as an expression for one.
func TestQueryThatDoesNotEnd(t *testing.T) {
	for _, text := range []string{"{% 1", "{% 1 %} ", "{%}", "{% 1 %}x"} {
		_, list := Parse(diag.NewSource("", `{"QueryLanguage":"JSONata","StartAt":"S","States":{"S":{"Type":"Pass","End":true,"Assign":{"a":["`+text+`"]}}}}`))
		want := "SCHEMA_VALIDATION_FAILED: JSONata string must start with {% and end with %} at /States/S/Assign/a[0]"
		if got := WireMessage(list); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
}

// TestQueryPlaces: a fault is told where it stands in the text, escapes before it or not.
func TestQueryPlaces(t *testing.T) {
	for _, inside := range []string{`{%  @ %}`, `{%\n\t @ %}`, `{% 'é\u00e9\ud83d\ude00\\\"' & @ %}`, `{% '😀' & @ %}`} {
		text := `{"QueryLanguage":"JSONata","StartAt":"S","States":{"S":{"Type":"Pass","End":true,"Output":{"a":["` + strings.Replace(inside, "@", "bare", 1) + `"]}}}}`
		_, list := Parse(diag.NewSource("", text))
		want := len([]rune(text[:strings.Index(text, "bare")])) + 1
		if len(list) != 1 || list[0].Column != want || list[0].Path != "/States/S/Output/a[0]" {
			t.Errorf("%s: %v, want column %d", inside, list, want)
		}
	}
}

// TestVariableReferences holds the variables that states read against the recorded
// answers of DescribeStateMachine.
func TestVariableReferences(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(recorded.Path(t, "conformance", "asl", "api-variable-references"), "*.json"))
	checked := 0
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var c struct {
			Steps []struct {
				Op       string
				Params   struct{ Definition string }
				Expected []struct {
					Value struct{ VariableReferences map[string][]string }
				}
			}
		}
		if err := json.Unmarshal(raw, &c); err != nil {
			t.Fatal(err)
		}
		var p *Program
		for _, s := range c.Steps {
			if s.Params.Definition != "" {
				p, _ = Parse(diag.NewSource(f, s.Params.Definition))
			}
			if p == nil || s.Op != "describe_state_machine" || len(s.Expected) == 0 {
				continue
			}
			want := s.Expected[0].Value.VariableReferences
			if want == nil {
				want = map[string][]string{}
			}
			if d := cmp.Diff(want, p.VariableReferences()); d != "" {
				t.Errorf("%s: -want +got\n%s", f, d)
			}
			checked++
		}
	}
	if checked < 15 {
		t.Errorf("%d definitions checked", checked)
	}
	p, _ := Parse(diag.NewSource("", `{"QueryLanguage":"JSONata","StartAt":"S","States":{"S":{"Type":"Pass","End":true,
		"Output":"{% ($l := $b; $sum($l) + $a + $b + $states.input.c) %}"}}}`))
	if d := cmp.Diff(map[string][]string{"S": {"a", "b"}}, p.VariableReferences()); d != "" {
		t.Error(d)
	}
}

func TestNamedValuesOfArguments(t *testing.T) {
	text := `{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Task","End":true,"Resource":"arn:aws:states:::http:invoke",
		"Arguments":{"ApiEndpoint":"{{url}}","Headers":{"K":"Bearer {{key}}","Q":"{% '{{no}}' %}","a.$":"{{dollar}}"},"RequestBody":{"list":["{{in}}","{% $states.input %}"]}}}}}`
	p, list := Parse(diag.NewSource("", text))
	if p == nil {
		t.Fatal(list)
	}
	want := []NamedValueRef{{"/Headers/K", "key"}, {"/Headers/a.$", "dollar"}, {"/RequestBody/list/0", "in"}}
	if d := cmp.Diff(want, p.States["A"].Task.NamedValues); d != "" {
		t.Error(d)
	}
	var names []string
	for _, place := range NamedValuePlaces(diag.NewSource("", text)) {
		names = append(names, place.Name)
	}
	if d := cmp.Diff([]string{"key", "dollar", "in"}, names); d != "" {
		t.Error(d)
	}
}

// TestPlainQueries: what is passed on without JSONata is what JSONata gives.
func TestPlainQueries(t *testing.T) {
	plain := queryState(t, `"{% $states.input.a.b %}"`).Output
	whole := queryState(t, `"{% ($states.input.a.b) %}"`).Output
	if !plain.query.plain || whole.query.plain {
		t.Fatal("the two are evaluated in one way")
	}
	values := []string{`1`, `"x"`, `null`, `true`, `[]`, `[1]`, `[[1]]`, `[1,[2],{"b":3}]`, `{}`, `{"b":{"c":[7]}}`, `[{"b":1}]`, `[{"b":[1]},{"b":2},5]`}
	var inputs []string
	for _, v := range values {
		inputs = append(inputs, `{"a":{"b":`+v+`}}`, `{"a":`+v+`}`, v, `[{"a":{"b":`+v+`}}]`, `{"a":[{"b":`+v+`}]}`)
	}
	for _, in := range inputs {
		s := queryScope()
		s.Input = jsonval.MustParse(in)
		a, errA := plain.Eval(s)
		b, errB := whole.Eval(s)
		if (errA == nil) != (errB == nil) || errA == nil && a.Text() != b.Text() {
			t.Errorf("%s gives %s %v, by JSONata %s %v", in, a.Text(), errA, b.Text(), errB)
		}
	}
}
