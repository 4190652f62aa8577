package library_test

import (
	"errors"
	"strings"
	"testing"

	"stile/jsonata"
	"stile/jsonata/library"
	"stile/jsonata/value"
	"stile/jsonval"
)

// eval gives an expression's result as JSON, "undefined", or "! " and the error's code.
func eval(t testing.TB, expr string, limits jsonata.Limits) string {
	t.Helper()
	x, err := jsonata.Compile(expr)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	in, err := jsonval.ParseString(`{"b":2,"10":"x","2":[1],"a":null}`)
	if err != nil {
		t.Fatal(err)
	}
	random := 0.0
	v, err := x.Eval(in, &jsonata.Env{
		Now: 1500000000123, Limits: limits,
		Random: func() float64 { random += 0.25; return random - 0.25 },
		UUID:   func() string { return "4f0c2a1e-9d3b-4a57-8a51-0d6f6c9e7b21" },
	})
	var fault *value.Error
	switch {
	case errors.As(err, &fault) && fault.Code == "":
		return "! " + fault.Error()
	case errors.As(err, &fault):
		return "! " + fault.Code
	case err != nil:
		t.Fatalf("%s: %v", expr, err)
	case !v.Exists():
		return "undefined"
	}
	return v.Text()
}

func check(t *testing.T, rows [][2]string) {
	t.Helper()
	for _, row := range rows {
		if got := eval(t, row[0], jsonata.Limits{}); got != row[1] {
			t.Errorf("%s: got %s, want %s", row[0], got, row[1])
		}
	}
}

func TestText(t *testing.T) {
	check(t, [][2]string{
		{`$string(1/3)`, `"0.333333333333333"`}, {`$string({"a":[1,$sum]})`, `"{\"a\":[1,\"\"]}"`}, {`$string({"a":[1]}, true)`, `"{\n  \"a\": [\n    1\n  ]\n}"`}, {`$string(nothing)`, `undefined`},
		{`$length("a😀é")`, `3`}, {`$substring("hello", 1, 3)`, `"ell"`}, {`$substring("hello", -3, 2)`, `"ll"`}, {`$substring("hello", -9)`, `"hello"`}, {`$substring("hello", 1.7, 2.5)`, `"ell"`}, {`$substring("a😀b", 1, 1)`, `"😀"`},
		{`$substring("hello", 1, -1)`, `""`}, {`$substringBefore("a-b-c", "-")`, `"a"`}, {`$substringAfter("a-b-c", "-")`, `"b-c"`}, {`$substringAfter("abc", "x")`, `"abc"`}, {`$uppercase("straße")`, `"STRASSE"`}, {`$lowercase("ΑΣ ΣΑ")`, `"ας σα"`},
		{`$trim("  a \n\t b ")`, `"a b"`}, {`$pad("a", 5, "xy")`, `"axyxy"`}, {`$pad("a", -3)`, `"  a"`}, {`$pad("abc", 2)`, `"abc"`}, {`$join(["a","b"], ", ")`, `"a, b"`}, {`$join([])`, `""`},
		{`$base64encode("é")`, `"6Q=="`}, {`$base64decode("aGVs-bG8_")`, `"helù±¼"`}, {`$base64decode("aGk=\n")`, `"hi"`}, {`$base64decode("!!!")`, `! The argument of base64decode function is not base64`}, {`$base64decode("é")`, `! The argument of base64decode function is not base64`}, {`$encodeUrl("a b/é?x=😀#")`, `"a%20b/%C3%A9?x=%F0%9F%98%80#"`}, {`$encodeUrlComponent("a/b'c")`, `"a%2Fb'c"`}, {`$decodeUrl("%2f%20%C3%A9%23")`, `"%2f é%23"`},
		{`$decodeUrlComponent("%2f%C3%A9")`, `"/é"`},
	})
	check(t, [][2]string{{`$decodeUrl("%E9")`, `! D3140`}, {`$decodeUrlComponent("%4")`, `! D3140`}, {`$encodeUrl("\ud800")`, `! D3140`}, {`$decodeUrlComponent("%ED%A0%80")`, `! D3140`}})
}

// Functions of text that is no UTF-8, and regular expressions that are called.
func TestSurrogatesAndMatchers(t *testing.T) {
	check(t, [][2]string{
		{`/a(b)?/("xab").[match,start,end,groups]`, `["ab",1,3,"b"]`}, {`/x/("abc")`, `undefined`}, {`/b/("abcb").next().start`, `3`}, {`/b/("abcb").next().next()`, `undefined`},
		{`/b*/("ab").next()`, `! D1004`}, {`/[x]/("é😀x").start`, `3`}, {`($r := /b/; $r("ab").match)`, `"b"`}, {`["ab","c"][0].$length()`, `[1,1]`}, {`["ab"][0].$`, `["a","b"]`},
		{`$length("\ud800a")`, `2`}, {`$uppercase("\ud800a") = "\ud800A"`, `true`}, {`$substring("\ud83d\ude00b",1)`, `"b"`}, {`$split("a\ud800b","")`, `["a","\ud800","b"]`}, {`$pad("\ud800", 3)`, `"\ud800  "`},
		{`$match("ab", function($s){$s = "ab" ? {"match":"b","start":1,"end":2,"groups":[],"next":function(){()}}})`, `{"match":"b","index":1,"groups":[]}`},
		{`$replace("aXbX", /X/, function($m){$string($m.start) & $m.next().start})`, `"a13b3"`},
	})
}

// AWS's functions at their edges.
func TestStepFunctionsEdges(t *testing.T) {
	check(t, [][2]string{
		{`$partition([1,2,3], 2.9)`, `[[1,2],[3]]`}, {`$partition([1], -1)`, `! D3137`}, {`$partition([1], -0.5)`, `undefined`}, {`$partition([1,2,3])`, `[[1,2,3]]`}, {`$partition([1], "a")`, `! T0410`}, {`$partition([1], 2, 3)`, `! T0410`}, {`$partition(null, 2)`, `! T0412`}, {`$partition(nothing, 2)`, `undefined`}, {`$partition("a", 2)`, `! T0412`}, {`$partition([1,2], 1e300)`, `[[1,2]]`},
		{`$range(0, 1, 0.25)`, `undefined`}, {`$range(-1.7, 2, 1)`, `[-1,0,1,2]`}, {`$range(-2.9, 0, 1)`, `[-2,-1,0]`}, {`$range(5, 1, -1.5)`, `[5,4,3,2,1]`}, {`$range(1, 5)`, `undefined`}, {`$range(1)`, `! T0410`}, {`$range(1, 5, 1, "x")`, `! T0410`}, {`$range(5, 1, 1)`, `undefined`}, {`$range(1, 5, -1)`, `undefined`}, {`$range(5, 5, 1)`, `5`}, {`$range(0, -3, -2)`, `[0,-2]`}, {`$range(1, nothing, 1)`, `undefined`}, {`$range(1, 1e300, 1e300)`, `1`}, {`$range(-9223372036854775808, 9223372036854775807, 9223372036854775807)`, `[-9223372036854775808,-1,9223372036854775806]`}, {`$range(9223372036854775807, -9223372036854775808, -9223372036854775808)`, `[9223372036854775807,-1]`},
		{`$hash(nothing, "MD5")`, `undefined`}, {`$hash("é😀", "MD5") = $hash("é😀", "MD5")`, `true`}, {`$hash(1, "MD5")`, `! T0410`}, {`$hash("a")`, `undefined`}, {`$hash("a", 5)`, `! T0410`}, {`$hash("a", "MD5", "x")`, `! T0410`}, {`$hash("a", "md5")`, `! D3137`}, {`$random(42) = $random(42.9)`, `true`}, {`$random(1) = $random(2)`, `false`}, {`$random(1e300) >= 0`, `true`}, {`$random("a")`, `! T0410`},
		{`$parse("{\"b\":1,\"a\":2,\"2\":0}")`, `{"2":0,"b":1,"a":2}`}, {`$parse("{\"a\":1,\"a\":2}")`, `! D3137`}, {`$parse("1e400")`, `! D3137`}, {`$parse("")`, `! D3137`}, {`$parse("  ")`, `! D3137`}, {`$parse("[1,2] [3,4]")`, `! D3137`}, {`$parse(null)`, `! T0410`}, {`$parse("{}", "x")`, `! T0410`}, {`$parse("1.0")`, `1`}, {`$map(["{\"a\":1}", "{\"a\":2}"], $parse).a`, `[1,2]`}, {`$parse(" null ")`, `null`}, {`$parse("-0")`, `0`}, {`$type($parse("\"x\""))`, `"string"`}, {`$eval("1")`, `! T1006`}, {`$uuid(1)`, `! T0410`},
	})
}

func TestMatch(t *testing.T) {
	check(t, [][2]string{
		{`$contains("abc", "b")`, `true`}, {`$contains("abc", /B/i)`, `true`}, {`$contains("abc", function($s){{"start":1}})`, `true`}, {`$contains("abc", function($s){{"x":1}})`, `! T1010`},
		{`$match("😀ab", /(b)|(c)/)`, `{"match":"b","index":3,"groups":["b",null]}`}, {`$match("aXbX", /X/).index`, `[1,3]`}, {`$match("aXbX", /X/, 1).index`, `1`}, {`$match("a", /a/, 0)`, `undefined`}, {`$match("abc", /x*/)`, `! D1004`}, {`$match("a", /a/, -1)`, `! D3040`},
		{`$split("a,b,c", ",")`, `["a","b","c"]`}, {`$split("a,b,c", ",", 2)`, `["a","b"]`}, {`$split("a1b22c", /\d+/)`, `["a","b","c"]`}, {`$split("a1b2c", /\d/, 2)`, `["a","b"]`}, {`$split("ab", "")`, `["a","b"]`}, {`$split("", "")`, `[]`}, {`$split("", ",")`, `[""]`}, {`$split("a", ",", -1)`, `! D3020`},
		{`$replace("aaa", "a", "b", 2)`, `"bba"`}, {`$replace("John Smith", /(\w+)\s(\w+)/, "$2, $1")`, `"Smith, John"`}, {`$replace("265USD", /([0-9]+)USD/, "$0 -> $$$1")`, `"265USD -> $265"`}, {`$replace("abcdefghijklmno", /(ijk)/, "$8$5$12$12$18$123")`, `"abcdefghijk2ijk2ijk8ijk23lmno"`},
		{`$replace("abc", /(x)?b/, "[$1]$x$")`, `"a[]$x$c"`}, {`$replace("😀b", /b/, function($m){$string($m.start) & $m.match & $m.end})`, `"😀2b3"`}, {`$replace("a", /a/, function($m){1})`, `! D3012`}, {`$replace("a", "", "b")`, `! D3010`}, {`$replace("a", "a", "b", -1)`, `! D3011`}, {`$replace("abracadabra", /.*?/, "$1")`, `! D1004`},
	})
}

func TestNumber(t *testing.T) {
	check(t, [][2]string{
		{`$number("0x1F")`, `31`}, {`$number("0b101")`, `5`}, {`$number("0O17")`, `15`}, {`$number("-1.5e2")`, `-150`}, {`$number("12 ")`, `! D3030`}, {`$number("1e999")`, `! D3030`}, {`$number("0b12")`, `! D3030`}, {`$number(true)`, `1`}, {`$number("")`, `! D3030`},
		{`$round(2.5)`, `2`}, {`$round(3.5)`, `4`}, {`$round(-2.5)`, `-2`}, {`$round(1.005, 2)`, `1`}, {`$round(12345, -2)`, `12300`}, {`$round(-0.4)`, `0`}, {`$floor(-1.5)`, `-2`}, {`$ceil(1.2)`, `2`}, {`$abs(-3)`, `3`}, {`$sqrt(2)`, `1.4142135623730951`}, {`$sqrt(-1)`, `! D3060`},
		{`$power(2, 10)`, `1024`}, {`$power(2, -2)`, `0.25`}, {`$power(1e-7, 2.5)`, `3.162277660168379e-18`}, {`$power(-8, 1/3)`, `! D3061`}, {`$power(10, 400)`, `! D3061`}, {`$power(-2, 3)`, `-8`}, {`$power(0, 0)`, `1`},
		{`$sum([1,2,3])`, `6`}, {`$sum([])`, `0`}, {`$sum(nothing)`, `undefined`}, {`$max([1,5,3])`, `5`}, {`$min([])`, `undefined`}, {`$average([1,2])`, `1.5`}, {`$average([])`, `undefined`},
		{`$formatBase(255, 16)`, `"ff"`}, {`$formatBase(-100, 2)`, `"-1100100"`}, {`$formatBase(99.5, 2.5)`, `"1100100"`}, {`$formatBase(1, 37)`, `! D3100`}, {`$formatNumber(1e6, "# ##0.0", {"grouping-separator": " "})`, `"1 000 000.0"`}, {`$formatInteger(7, "w;o")`, `"seventh"`}, {`$parseInteger("VII", "I")`, `7`},
	})
}

func TestArray(t *testing.T) {
	check(t, [][2]string{
		{`$count(nothing)`, `0`}, {`$count([1,[2,3]])`, `2`}, {`$append(1, [2])`, `[1,2]`}, {`$append(nothing, 1)`, `1`}, {`$reverse([1,2,3])`, `[3,2,1]`}, {`$shuffle([1,2,3,4])`, `[2,3,1,4]`},
		{`$distinct([1,1,"1",[1],[1],{"a":1,"b":2},{"b":2,"a":1},null,null])`, `[1,"1",[1],{"a":1,"b":2},null]`}, {`$distinct(5)`, `5`}, {`$zip([1,2,3],[4,5])`, `[[1,4],[2,5]]`}, {`$zip(1, 2)`, `[[1,2]]`},
		{`$sort([3,1,2])`, `[1,2,3]`}, {`$sort(["b","a","ü","z","😀","ﬀ"])`, `["a","b","z","ü","😀","ﬀ"]`}, {`$sort([1,"a"])`, `! D3070`}, {`$sort([1,3,2], function($a,$b){$a<$b})`, `[3,2,1]`}, {`$sort([{"k":2,"v":1},{"k":1,"v":2},{"k":1,"v":3}], function($a,$b){$a.k>$b.k}).v`, `[2,3,1]`},
		{`$map([1,2,3], function($v,$i){$i=1 ? nothing : $v*$i})`, `[0,6]`}, {`$map([1], function($v){$v})`, `1`}, {`$filter([1,2,3], function($v,$i,$a){$v < $count($a)})`, `[1,2]`}, {`$single([1,2,3], function($v){$v=2})`, `2`}, {`$single([1,2])`, `! D3138`}, {`$single([])`, `! D3139`},
		{`$reduce([1,2,3], function($a,$b){$a+$b}, 10)`, `16`}, {`$reduce(["a","b"], function($a,$b,$i,$l){$a&$b&$i&$count($l)})`, `"ab12"`}, {`$reduce([1], function($a){$a})`, `! D3050`},
	})
}

func TestObject(t *testing.T) {
	check(t, [][2]string{
		{`$keys($)`, `["2","10","b","a"]`}, {`$keys([{"a":1},{"b":1,"a":2}])`, `["a","b"]`}, {`$keys(1)`, `undefined`}, {`$lookup([{"a":[1,2]},{"a":3}], "a")`, `[1,2,3]`}, {`$lookup($, "a")`, `null`}, {`$spread({"a":1,"b":2})`, `[{"a":1},{"b":2}]`}, {`$spread([null])`, `[null]`}, {`$spread({"a":1})`, `{"a":1}`},
		{`$merge([{"a":1},{"b":2,"a":3}])`, `{"a":3,"b":2}`}, {`$sift($, function($v,$k){$k="b"})`, `{"b":2}`}, {`$sift($, function(){false})`, `undefined`}, {`$each({"x":1,"y":2}, function($v,$k){$k&$v})`, `["x1","y2"]`}, {`$type(null)`, `"null"`}, {`$type($sum)`, `"function"`}, {`$type(nothing)`, `undefined`},
		{`$boolean([0,[1]])`, `true`}, {`$boolean({})`, `false`}, {`$not(nothing)`, `undefined`}, {`$not(0)`, `true`}, {`$exists(a)`, `true`}, {`$exists(nothing)`, `false`}, {`$error("x")`, `! D3137`}, {`$assert(true)`, `undefined`}, {`$assert(false)`, `! D3141`},
	})
}

func TestDateAndStepFunctions(t *testing.T) {
	check(t, [][2]string{
		{`$now()`, `"2017-07-14T02:40:00.123Z"`}, {`$now("[Y]", "+0100")`, `"2017"`}, {`$millis()`, `1500000000123`}, {`$fromMillis(0)`, `"1970-01-01T00:00:00.000Z"`}, {`$fromMillis(0, (), "-0500")`, `"1969-12-31T19:00:00.000-05:00"`}, {`$toMillis("1970-01-01T00:00:00.001Z")`, `1`}, {`$toMillis("x", "[Y]")`, `undefined`}, {`$toMillis("x")`, `! D3110`},
		{`$partition([0,1,2], 2)`, `[[0,1],[2]]`}, {`$partition([0], 5)`, `[[0]]`}, {`$partition([], 5)`, `undefined`}, {`$partition([1], 0)`, `undefined`}, {`$range(0, 10, 3)`, `[0,3,6,9]`}, {`$range(1, 9, 9)`, `1`}, {`$range(3, 1, -1)`, `[3,2,1]`}, {`$range(1, 0, 1)`, `undefined`},
		{`$hash("a", "MD5")`, `"0cc175b9c0f1b6a831c399e269772661"`}, {`$hash("a", "SHA-1")`, `"86f7e437faa5a7fce15d1ddcb9eaeaea377667b8"`}, {`$hash("", "SHA-256")`, `"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"`}, {`$length($hash("a", "SHA-384"))`, `96`}, {`$length($hash("a", "SHA-512"))`, `128`},
		{`$random()`, `0`}, {`$random(42)`, `0.7275636800328681`}, {`$uuid()`, `"4f0c2a1e-9d3b-4a57-8a51-0d6f6c9e7b21"`}, {`$parse("{\"a\":[1]}").a`, `[1]`}, {`$parse(nothing)`, `undefined`},
	})
	for _, expr := range []string{`$parse("{")`, `$hash("a", "md5")`, `$base64decode("!!!")`} {
		if got := eval(t, expr, jsonata.Limits{}); !strings.HasPrefix(got, "! ") {
			t.Errorf("%s: got %s, want an error", expr, got)
		}
	}
}

// No function makes more than its budget lets it.
func TestHostile(t *testing.T) {
	for _, expr := range []string{
		`$pad("a", 1e12)`, `$range(1, 1e15, 1)`, `$formatInteger(1e300, "I")`, `$fromMillis(0, "[D,999999999]")`, `$replace("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", /^(a|a)*(?!b)$/, "x")`, `$contains($pad("a", 100000, "a"), /(a*)*b/)`,
		`($f := function($s, $n){$n = 0 ? $s : $f($replace($s, "a", "aaaaaaaaaa"), $n - 1)}; $f("a", 12))`, `($x := $range(1, 3000, 1).{"k": $}; $distinct($x))`, `($f := function($s, $n){$n = 0 ? $s : $f([$s, $s, $s, $s], $n - 1)}; $length($string($f("abc", 14))))`,
	} {
		if got := eval(t, expr, jsonata.Limits{Work: 1_000_000, Bytes: 4 << 20}); got != "! U1001" {
			t.Errorf("%.60s: got %.80s", expr, got)
		}
	}
}

// Each function stands in the table once, and its signature is one.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, n := range library.Table() {
		if seen[n.Name] || n.Call == nil || !strings.HasPrefix(n.Signature, "<") || n.Name == "eval" {
			t.Errorf("%s: %+v", n.Name, n)
		}
		seen[n.Name] = true
	}
	if len(seen) < 60 {
		t.Errorf("%d functions", len(seen))
	}
}
