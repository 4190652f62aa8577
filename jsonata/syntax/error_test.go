package syntax

import (
	"strings"
	"testing"
)

// faults are texts with the code, position and text that jsonata-js 2.0.6 gives.
var faults = []struct {
	src, code string
	position  int
	message   string
}{
	{"", "S0207", 0, "Unexpected end of expression"},
	{"1 +", "S0207", 3, "Unexpected end of expression"},
	{"1 2", "S0201", 3, "Syntax error: 2"},
	{"(1; 2", "S0203", 5, `Expected ")" before end of expression`},
	{"[1,2)", "S0202", 5, `Expected "]", got ")"`},
	{`{"a" 1}`, "S0202", 6, `Expected ":", got 1`},
	{"a ! b", "S0204", 3, `Unknown operator: "!"`},
	{"~", "S0204", 1, `Unknown operator: "~"`},
	{"1 )", "S0201", 3, `Syntax error: ")"`},
	{"+ 1", "S0211", 1, `The symbol "+" cannot be used as a unary operator`},
	{"a = = b", "S0211", 5, `The symbol "=" cannot be used as a unary operator`},
	{`"x`, "S0101", 2, "String literal must be terminated by a matching quote"},
	{`"\y"`, "S0103", 2, `Unsupported escape sequence: \"y"`},
	{`"\u12G4"`, "S0104", 2, "The escape sequence \\u must be followed by 4 hex digits"},
	{`"a\u12`, "S0101", 8, "String literal must be terminated by a matching quote"},
	{"1e999", "S0102", 0, `Number out of range: "1e999"`},
	{"`x", "S0105", 2, "Quoted property name must be terminated with a backquote (`)"},
	{"/* x", "S0106", 0, "Comment has no closing tag"},
	{"a /* x", "S0106", 2, "Comment has no closing tag"},
	{"$f(/)", "S0302", 5, "No terminating / in regular expression"},
	{"$f(//)", "S0301", 4, "Empty regular expressions are not allowed"},
	{"$f(/a(/)", "S0302", 8, "No terminating / in regular expression"},
	{"function(a){1}", "S0208", 10, "Parameter 1 of function definition must be a variable name (start with $)"},
	{"function($a, 1){1}", "S0208", 14, "Parameter 2 of function definition must be a variable name (start with $)"},
	{"function($a)<s<n>>{1}", "S0401", 15, "Type parameters can only be applied to functions and arrays"},
	{"function($a)<n(a<s>)>{1}", "S0402", 15, "Choice groups containing parameterized types are not supported"},
	{"function($a)<s{1}", "S0202", 15, `Expected ">", got "{"`},
	{"function($a)<s>", "S0203", 15, `Expected "{" before end of expression`},
	{"a := 1", "S0212", 1, "The left side of := must be a variable name (start with $)"},
	{"a.b := 1", "S0212", 2, "The left side of := must be a variable name (start with $)"},
	{"a@b", "S0214", 3, `The right side of "@" must be a variable name (start with $)`},
	{"a#b", "S0214", 3, `The right side of "#" must be a variable name (start with $)`},
	{"a[0]@$v", "S0215", 5, "A context variable binding must precede any predicates on a step"},
	{"a^(b)@$v", "S0216", 6, "A context variable binding must precede the 'order-by' clause on a step"},
	{`(a){"b":c}[0]`, "S0209", 11, "A predicate cannot follow a grouping expression in a step"},
	{`a{"b":c}{"d":e}`, "S0210", 9, "Each step can only have one grouping expression"},
	{"a.1", "S0213", 3, "The literal value 1 cannot be used as a step within a path expression"},
	{"a.true", "S0213", 6, "The literal value true cannot be used as a step within a path expression"},
	{"a.null", "S0213", 6, "The literal value null cannot be used as a step within a path expression"},
	{"a.-1", "S0213", 4, "The literal value -1 cannot be used as a step within a path expression"},
	{"%", "S0217", 0, "The object representing the 'parent' cannot be derived from this expression"},
	{"a.%.%", "S0217", 0, "The object representing the 'parent' cannot be derived from this expression"},
	{"$x.%", "S0217", 2, "The object representing the 'parent' cannot be derived from this expression"},
	{"(a)[%.b]", "S0217", 1, "The object representing the 'parent' cannot be derived from this expression"},
	{"**.%", "S0217", 2, "The object representing the 'parent' cannot be derived from this expression"},
	{"a.%.%.%", "S0217", 0, "The object representing the 'parent' cannot be derived from this expression"},
	{`"é😀" x`, "S0201", 7, `Syntax error: "x"`},
	{"😀 ? ", "S0207", 5, "Unexpected end of expression"},
	{"a b c", "S0201", 3, `Syntax error: "b"`},
	{`1 "z"`, "S0201", 5, `Syntax error: "z"`},
	{"1 1.5e-7", "S0201", 8, "Syntax error: 1.5e-7"},
	{"1 null", "S0201", 6, "Syntax error: null"},
	{"1 true", "S0201", 6, "Syntax error: true"},
	{"[a][] /x/i", "S0201", 10, "Syntax error: {}"},
	{"/a/ii", "", 0, "Invalid flags supplied to RegExp constructor 'iig'"},
	{"$f(/x/mim)", "", 0, "Invalid flags supplied to RegExp constructor 'mimg'"},
	{"𝒳 := 1", "S0212", 2, "The left side of := must be a variable name (start with $)"},
	{"a[", "S0203", 2, `Expected "]" before end of expression`},
	{"a.", "S0207", 2, "Unexpected end of expression"},
	{"a ? b :", "S0207", 7, "Unexpected end of expression"},
	{"{", "S0203", 1, `Expected ":" before end of expression`},
	{`{"a"`, "S0203", 4, `Expected ":" before end of expression`},
	{"function($a", "S0203", 11, `Expected ")" before end of expression`},
	{"|a|b", "S0203", 4, `Expected "|" before end of expression`},
	{"|a|b,c", "S0203", 6, `Expected "|" before end of expression`},
	{"a ~> ", "S0207", 5, "Unexpected end of expression"},
	{"and and and and", "S0207", 15, "Unexpected end of expression"},
	{"^(a)", "S0211", 1, `The symbol "^" cannot be used as a unary operator`},
	{"a^b", "S0202", 3, `Expected "(", got "b"`},
	{"a@", "S0214", 2, `The right side of "@" must be a variable name (start with $)`},
	{`"\`, "S0103", 2, `Unsupported escape sequence: \""`},
	{"[1..", "S0203", 4, `Expected "]" before end of expression`},
	{"1..2", "S0201", 3, `Syntax error: ".."`},
	{"a[1,2]", "S0202", 4, `Expected "]", got ","`},
	{"function(){1}(", "S0203", 14, `Expected ")" before end of expression`},
	{"@$x", "S0211", 1, `The symbol "@" cannot be used as a unary operator`},
}

func TestErrors(t *testing.T) {
	for _, c := range faults {
		_, err := Parse(c.src)
		e, ok := err.(*Error)
		if !ok || e.Code != c.code || e.Position != c.position || e.Error() != c.message {
			t.Errorf("%q: got %#v, want %s at %d: %s", c.src, err, c.code, c.position, c.message)
		} else if e.At < 0 || e.At > len(c.src) {
			t.Errorf("%q: byte offset %d lies outside", c.src, e.At)
		}
	}
}

func TestErrorTextsAreAllReached(t *testing.T) {
	for code := range texts {
		reached := false
		for _, c := range faults {
			reached = reached || c.code == code
		}
		if !reached {
			t.Errorf("no text gives %s", code)
		}
	}
}

func TestBounds(t *testing.T) {
	for _, c := range []struct {
		name, src string
		fits      bool
	}{
		{"brackets", strings.Repeat("(", MaxNesting-1) + "1" + strings.Repeat(")", MaxNesting-1), true},
		{"too many brackets", strings.Repeat("(", MaxNesting) + "1" + strings.Repeat(")", MaxNesting), false},
		{"open brackets", strings.Repeat("[", MaxSource), false},
		{"terms", "1" + strings.Repeat("+1", MaxHeight-1), true},
		{"too many terms", "1" + strings.Repeat("+1", MaxHeight), false},
		{"calls", "$f" + strings.Repeat("()", MaxHeight), false},
		{"filters", "a" + strings.Repeat("[1]", MaxHeight), false},
		{"kept arrays", "a" + strings.Repeat("[]", MaxHeight), true},
		{"minuses", strings.Repeat("-", MaxNesting) + "1", false},
		{"parents", "a" + strings.Repeat(".a", MaxHeight/2) + strings.Repeat(".%", MaxHeight/2-1), true},
		{"parents in filters", strings.Repeat("a[%.", MaxNesting/2-1) + "a" + strings.Repeat("]", MaxNesting/2-1), true},
		{"defaults", strings.Repeat("(", MaxNesting-2) + "a" + strings.Repeat("??a)", MaxNesting-2), true},
		{"else", strings.Repeat("a?b:", MaxNesting) + "c", false},
		{"length", strings.Repeat(" ", MaxSource) + "1", false},
		{"white space", strings.Repeat(" ", MaxSource-1) + "1", true},
		{"comments", strings.Repeat("/**/", MaxSource/4-1) + "1", true},
	} {
		if _, err := Parse(c.src); (err == nil) != c.fits {
			t.Errorf("%s: %v", c.name, err)
		} else if e, ok := err.(*Error); err != nil && (!ok || e.Message == "") {
			t.Errorf("%s: an error without text: %#v", c.name, err)
		}
	}
}
