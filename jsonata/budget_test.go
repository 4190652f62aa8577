package jsonata

import (
	"strings"
	"testing"

	"stile/jsonval"
)

// limitOf evaluates under the default limits and gives the budget that ended it.
func limitOf(t *testing.T, src string, limits Limits) string {
	t.Helper()
	x, err := Compile(src)
	if err != nil {
		t.Fatalf("%.60q: %v", src, err)
	}
	env := testEnv()
	env.Limits = limits
	if _, err = x.Eval(jsonval.NullValue, env); err == nil {
		return "none"
	}
	fault, ok := err.(*Error)
	if !ok {
		t.Fatalf("%.60q: %v is no *Error", src, err)
	}
	return fault.Limit
}

func TestBudgets(t *testing.T) {
	sum := "1" + strings.Repeat("+1", 199)
	for _, c := range []struct {
		src    string
		limits Limits
		want   string
	}{
		{`$count([1..1000])`, Limits{}, "none"},
		{`[1..900000]`, Limits{Bytes: 40 << 20}, "bytes"},
		{`[0, 1..900000]`, Limits{}, "bytes"},
		{sum, Limits{Depth: 199}, "depth"},
		{sum, Limits{Depth: 200}, "none"},
		{`($f := function($n){$f($n) + 1}; $f(1))`, Limits{}, "depth"},
		{`($f := function($n){$f($n + 1)}; $f(1))`, Limits{}, "work"},
		{`($f := function($n){$n = 0 ? "done" : $f($n - 1)}; $f(5000))`, Limits{}, "none"},
		{`$map([1..3000], function($x){$map([1..3000], function($y){$x*$y})})`, Limits{}, "bytes"},
		{`$reduce([1..60], function($a, $b){{"l": $a, "r": $a}}, 1)`, Limits{}, "bytes"},
		{`$string($reduce([1..60], function($a, $b){{"l": $a, "r": $a}}, 1))`, Limits{}, "work"},
		{`$reduce([1..600], function($a, $b){{"l": $a}}, 1)`, Limits{}, "depth"},
		{`{"a": 1} ~> |$|{"self": $}|`, Limits{}, "depth"},
		{`$reduce([1..40], function($a, $b){$a & $a}, "x")`, Limits{}, "bytes"},
		{`"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" ~> $contains(/(a+)+b/)`, Limits{}, "none"},
		{`"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" ~> $contains(/(a+)+(?!c)b/)`, Limits{}, "work"},
		{`$match($pad("", 3000, "a"), /(x+x+)+y|(a|aa)+$b/)`, Limits{}, "none"},
		{`$match($pad("", 3000, "a"), /(x+x+)+y|(a|aa)+(?=$)b/)`, Limits{}, "work"},
		{`$replace($pad("", 100000, "ab"), /(a*b*)*c/, "")`, Limits{}, "work"},
		{`$count([1..1000000])`, Limits{Bytes: 1 << 30}, "none"},
		{`[1..1000000].($ & "x")`, Limits{}, "bytes"},
		{`$sum([1..1000000])`, Limits{Bytes: 1 << 30, Work: 1_000}, "work"},
		{`$range(1, 1000000, 1)`, Limits{}, "bytes"},
		{`$range(0, 1e308, 1)`, Limits{}, "bytes"},
		{`$pad("x", 1e9)`, Limits{}, "bytes"},
		{`$pad("", 9e15, "0123456789")`, Limits{}, "bytes"},
		{`$join([1..9].$pad("", 1e6, "x"))`, Limits{}, "none"},
		{`$join([1..100].$pad("", 1e6, "x"))`, Limits{}, "bytes"},
		{`$formatNumber(1, $pad("", 1e6, "0"))`, Limits{}, "none"},
		{`$formatInteger(1e15, "w")`, Limits{}, "none"},
		{`($f := function($n){$n <= 1 ? 1 : $f($n - 1) + $f($n - 2)}; $f(40))`, Limits{}, "work"},
		{`($f := function($x){$x($x)}; $f($f))`, Limits{}, "work"},
		{`($y := function($x){[$x, $x, $x, $x, $x, $x, $x, $x]}; $y($y($y($y($y($y($y($y(1)))))))))`, Limits{}, "bytes"},
		{`$string([1..100000].[1..100])`, Limits{}, "bytes"},
		{`$merge([1..100000].{$string($): $})`, Limits{}, "none"},
		{`$split($pad("", 2e6, "a,"), ",").($ & $)`, Limits{}, "bytes"},
		{`$zip([1..900000], [1..900000])`, Limits{}, "bytes"},
		{`$distinct([1..20000].{"k": $})`, Limits{}, "work"},
		{`$sort([1..100000], function($a, $b){$a < $b})`, Limits{Work: 100_000}, "work"},
	} {
		if got := limitOf(t, c.src, c.limits); got != c.want {
			t.Errorf("%.80q is ended by %s, want %s", c.src, got, c.want)
		}
	}
}

// What Step Functions was seen to let through and to end, as it was measured there.
func TestMeasuredBudgets(t *testing.T) {
	limits := Limits{Depth: 100, Work: 10_000_000, Bytes: 40 << 20}
	repeat := func(before string, n int, after string) string {
		return strings.Repeat(before, n) + "1" + strings.Repeat(after, n)
	}
	deep := "($f := function($x){ $x <= 0 ? 0 : 1 + $f($x-1) }; $f("
	double := "($f := function($s,$n){$n = 0 ? $s : $f($s & $s, $n - 1)}; $length($f('x', "
	for _, c := range [][3]string{
		{repeat("", 99, "+1"), repeat("", 100, "+1"), "depth"},
		{repeat("(", 99, ")"), repeat("(", 100, ")"), "depth"},
		{repeat("[", 99, "]"), repeat("[", 100, "]"), "depth"},
		{repeat("", 99, "~>$string"), repeat("", 100, "~>$string"), "depth"},
		{deep + "31))", deep + "32))", "depth"},
		{"[1..873782] ~> $count()", "[1..873783] ~> $count()", "bytes"},
		{"$sum([1..800000])", "$sum([1..900000])", "bytes"},
		{"$range(1,360145,1)", "$range(1,360146,1)", "bytes"},
		{"$count($range(1,200000,1))", "$range(1,1e9,1)", "bytes"},
		{double + "22)))", double + "23)))", "bytes"},
		{"$sum($map([1..200000], function($v){$v*2}))", "($f := function($x){ $f($x+1) }; $f(1))", "work"},
	} {
		if got := limitOf(t, c[0], limits); got != "none" {
			t.Errorf("%.60s is ended by %s", c[0], got)
		}
		if got := limitOf(t, c[1], limits); got != c[2] {
			t.Errorf("%.60s is ended by %s, want %s", c[1], got, c[2])
		}
	}
}

// The texts of the budgets are Step Functions' own.
func TestTextsOfBudgets(t *testing.T) {
	for src, want := range map[string]string{
		`$range(1, 1e9, 1)`:                       "Expression evaluation memory limit exceeded: Check for excessive memory usage",
		`($f := function($n){$f($n) + 1}; $f(1))`: "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive",
		`($f := function($n){$f($n + 1)}; $f(1))`: "Expression evaluation timeout: Check for infinite loop",
	} {
		x, err := Compile(src)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = x.Eval(jsonval.NullValue, testEnv()); err == nil || err.Error() != want {
			t.Errorf("%s ends with %v, want %s", src, err, want)
		}
	}
}

// Numbers that JSON has no text for are strings with their names, and whole numbers of
// 64 bits keep their digits where nothing calculates with them, as in Step Functions.
func TestNumbersAreStepFunctions(t *testing.T) {
	for _, c := range []struct{ src, input, want string }{
		{`1/0`, `{}`, `"Infinity"`},
		{`-1/0`, `{}`, `"-Infinity"`},
		{`0/0`, `{}`, `"NaN"`},
		{`1e308 * 10`, `{}`, `"Infinity"`},
		{`[1/0]`, `{}`, `["Infinity"]`},
		{`{"k": 1/0}`, `{}`, `{"k":"Infinity"}`},
		{`$parseInteger("abc", "0")`, `{}`, `"NaN"`},
		{`[n]`, `{"n": 9223372036854775807}`, `[9223372036854775807]`},
		{`$map(l, function($v){$v})`, `{"l": [-9223372036854775808, 9007199254740993]}`, `[-9223372036854775808,9007199254740993]`},
		{`$sort(l, function($a, $b){$a > $b})`, `{"l": [9223372036854775807, 1]}`, `[1,9223372036854775807]`},
		{`$ ~> |$|{"m": n}|`, `{"n": 9007199254740993}`, `{"n":9007199254740993,"m":9007199254740993}`},
		{`n + 0`, `{"n": 9007199254740993}`, `9007199254740992`},
		{`n`, `{"n": 9223372036854775808}`, `9223372036854776000`},
		{`$parse('{"n":9223372036854775807}').n`, `{}`, `9223372036854775807`},
		{`$string(n) & "/" & n`, `{"n": 9223372036854775807}`, `"9223372036854775807/9223372036854775807"`},
		{`$string($parse('{"n":9223372036854775808}').n)`, `{}`, `"9223372036854776000"`},
		{`$string(1.5e20)`, `{}`, `"150000000000000000000"`},
		{`$string(999999999999999868928)`, `{}`, `"999999999999999900000"`},
		{`$string([1e20, -1e21, 1e22, 1e-7, 1/3])`, `{}`, `"[100000000000000000000,-1e+21,1e+22,1e-7,0.333333333333333]"`},
	} {
		x, err := Compile(c.src)
		if err != nil {
			t.Fatal(err)
		}
		got, err := x.Eval(jsonval.MustParse(c.input), testEnv())
		if err != nil || got.Text() != c.want {
			t.Errorf("%s on %s gives %s, %v; want %s", c.src, c.input, got.Text(), err, c.want)
		}
	}
}

func TestOrderAndNumbersAreJavaScripts(t *testing.T) {
	for _, c := range []struct{ src, input, want string }{
		{`$`, `{"b": 1.0, "2": 1e2, "1": 1E-7, "b": 3}`, `{"1":1e-7,"2":100,"b":3}`},
		{`a`, `{"a": 1, "\u0061": 2}`, `2`},
		{`{"x": missing, "y": [missing, null]}`, `{}`, `{"y":[null]}`},
		{`$string(0.1 + 0.2) & (0.1 + 0.2 = 0.3)`, `{}`, `"0.3false"`},
		{`0.1 + 0.2`, `{}`, `0.30000000000000004`},
		{`["\uE000", "\uD83D\uDE00"]^($)`, `{}`, `["😀","` + "\ue000" + `"]`},
		{`$`, `[[1], {"a": []}]`, `[[1],{"a":[]}]`},
		{`a.b[c=1].d`, `{"a":{"b":[{"c":1,"d":"x"},{"c":2},{"c":1,"d":["y"]}]}}`, `["x","y"]`},
		{`a.b[c=1].d`, `{"a":{"b":[{"c":[1],"d":"x"},{"c":1}]}}`, ``},
		{`a.b[c!="x"].c`, `{"a":{"b":[{"c":"x"},{"c":{"y":1}},{"d":1},{"c":null},{"c":"\u0078"}]}}`, `[{"y":1},null]`},
		// found by the differential test
		{`[[[1, 2], [3]]#$i.{"i": $i, "v": $}].[$]`, `{}`, `[[{"v":[1,2]}],[{"v":3}]]`},
		{`function($v){$filter($v, function($x){true}){"all": $sum($)}}([1, 2])`, `{}`, `[1,2]`},
		{`$type($parseInteger("b", "0"))`, `{}`, `"object"`},
		{`$replace("aba", "a", missing)`, `{}`, `"undefinedbundefined"`},
		{`{"b": 1, "a": 2, "c": missing, "": 3, "1": 4}`, `{}`, `{"1":4,"b":1,"a":2,"":3}`},
	} {
		x, err := Compile(c.src)
		if err != nil {
			t.Fatal(err)
		}
		got, err := x.Eval(jsonval.MustParse(c.input), testEnv())
		if err != nil || got.Text() != c.want {
			t.Errorf("%s on %s gives %s, %v; want %s", c.src, c.input, got.Text(), err, c.want)
		}
	}
}

// Deep sources and deep inputs end with an error or a value, never with the stack.
func TestDeepNesting(t *testing.T) {
	for _, src := range []string{
		strings.Repeat("(", 2000) + "1" + strings.Repeat(")", 2000),
		strings.Repeat("[", 2000) + "1" + strings.Repeat("]", 2000),
		strings.Repeat("function(){", 2000) + "1" + strings.Repeat("}", 2000),
		"1" + strings.Repeat("+1", 20_000),
		"a" + strings.Repeat(".a", 9_000),
		"a" + strings.Repeat("[a", 2000) + strings.Repeat("]", 2000),
		strings.Repeat("-", 3000) + "a",
		strings.Repeat("$not(", 3000) + "1" + strings.Repeat(")", 3000),
	} {
		x, err := Compile(src)
		if err != nil {
			continue
		}
		if _, err = x.Eval(jsonval.NullValue, testEnv()); err != nil && codeOf(err) != "U1001" {
			t.Errorf("%.30s: %v", src, err)
		}
	}
	deep := jsonval.MustParse(strings.Repeat(`{"a":[`, jsonval.MaxDepth/2-1) + "1" + strings.Repeat("]}", jsonval.MaxDepth/2-1))
	for src, want := range map[string]string{
		`$`: "", `**`: "", `*`: "", `$string($)`: "", `$ = $`: "true", `$ ~> |**|{"b": 1}|`: "", `$count(**.a)`: "", `$clone($) = $`: "true", `[[[$]]]`: "U1001",
	} {
		x, err := Compile(src)
		if err != nil {
			t.Fatal(err)
		}
		v, err := x.Eval(deep, testEnv())
		if err != nil && codeOf(err) != want || want == "true" && v.Text() != want {
			t.Errorf("%s gives %.40s, %v", src, v.Text(), err)
		}
	}
}

// What ends an evaluation has the code, text and place that AWS prints.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		src, code string
		position  int
		text      string
	}{
		{`$formatNumber(1, "x")`, "D3086", 14, "The sub-picture must not contain a passive character that is preceded by an active character and that is followed by another active character"},
		{`$formatNumber(1, "")`, "D3085", 14, "The mantissa part of a sub-picture must contain at least one character that is either an 'optional digit character' or a member of the 'decimal digit family'"},
		{`$randomSeeded(1)`, "T1006", 14, "Attempted to invoke a non-function"},
		{`("x")(1)`, "T1006", 6, "Attempted to invoke a non-function"},
		{`sum(1)`, "T1005", 4, `Attempted to invoke a non-function. Did you mean $sum?`},
		{`1 + "a"`, "T2002", 3, `The right side of the "+" operator must evaluate to a number`},
		{`"a" < 1`, "T2009", 5, `The values "a" and 1 either side of operator "<" must be of the same data type`},
		{`{} < 1`, "T2010", 4, `The expressions either side of operator "<" must evaluate to numeric or string values`},
		{`-"a"`, "D1002", 1, `Cannot negate a non-numeric value: "a"`},
		{`$number("1e400")`, "D3030", 8, `Unable to cast value to a number: "1e400"`},
		{`1e300 * 1e300 + 1`, "D1001", 15, "Number out of range: null"},
		{`$string(1/0)`, "D3001", 8, "Attempting to invoke string function on Infinity or NaN"},
		{`[1..1e8]`, "D2014", 4, "The size of the sequence allocated by the range operator (..) must not exceed 1e6.  Attempted to allocate 100000000."},
		{`[1.5..2]`, "T2003", 6, "The left side of the range operator (..) must evaluate to an integer"},
		{`{1: 2}`, "T1003", 1, "Key in object structure must evaluate to a string; got: 1"},
		{`{"a": 1, "a": 2}`, "D1009", 1, `Multiple key definitions evaluate to same key: "a"`},
		{`$length(1)`, "T0410", 8, `Argument 1 of function "length" does not match function signature`},
		{`$sum(["a"])`, "T0412", 5, `Argument 1 of function "sum" must be an array of "numbers"`},
		{`1 ~> 2`, "T2006", 4, "The right side of the function application operator ~> must be a function"},
		{`[1, "a"]^($)`, "T2007", 9, `Type mismatch when comparing values 1 and "a" in order-by clause`},
		{`{} ~> |$|1|`, "T2011", 10, "The insert/update clause of the transform expression must evaluate to an object: 1"},
		{`1 ~> |$|{"a": 1}|`, "T0410", 0, `Argument 1 of function undefined does not match function signature`},
		{`{"a": 1} ~> |a|{"b": 2}|`, "", 0, "Cannot create property 'b' on number '1'"},
		{`{"a": null} ~> |a|{"b": 2}|`, "", 0, "Cannot set properties of null (setting 'b')"},
		{`$error("mine")`, "D3137", 7, "mine"},
		{`$parse("{")`, "D3137", 7, "Invalid JSON"},
		{`$partition([1], -1)`, "D3137", 11, "Second argument must be zero or greater"},
		{`$partition(null, 2)`, "T0412", 11, `Argument 1 of function "partition" must be an array of undefined`},
		{`$hash("a", "md5")`, "D3137", 6, "Hash algorithm 'md5' must be one of SHA-1, SHA-384, SHA-256, SHA-512, MD5"},
	} {
		x, err := Compile(c.src)
		if err != nil {
			t.Fatalf("%s: %v", c.src, err)
		}
		v, err := x.Eval(jsonval.EmptyObject, testEnv())
		fault, ok := err.(*Error)
		if !ok {
			t.Errorf("%s gives %s, %v; want %s", c.src, v.Text(), err, c.code)
			continue
		}
		if fault.Code != c.code || fault.Position != c.position || fault.Error() != c.text {
			t.Errorf("%s: %s at %d: %s\nwant %s at %d: %s", c.src, fault.Code, fault.Position, fault.Error(), c.code, c.position, c.text)
		}
	}
}
