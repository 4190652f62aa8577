package asl

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"stile/diag"
	"stile/jsonval"
)

// repeated is open n times, middle, and shut n times.
func repeated(n int, open, middle, shut string) string {
	return strings.Repeat(open, n) + middle + strings.Repeat(shut, n)
}

// TestHostileDefinitions: documents made to hurt are refused, or taken, at a cost of
// memory in proportion to their size.
func TestHostileDefinitions(t *testing.T) {
	const deep = 100_000
	one := func(state string) string { return `{"StartAt":"A","States":{"A":` + state + `}}` }
	var chain, faulty, doubled strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&chain, `"s%d":{"Type":"Pass","Next":"s%d"},`, i, i+1)
		fmt.Fprintf(&faulty, `"s%d":{"Type":"Chioce","Nxt":"t%d"},`, i, i)
		fmt.Fprintf(&doubled, `"same":{"Type":"Fail"},`)
	}
	for name, c := range map[string]struct{ text, want string }{
		"arrays":    {repeated(deep, "[", "", "]"), CodeInvalidJSON},
		"objects":   {repeated(deep, `{"a":`, "1", "}"), CodeInvalidJSON},
		"unclosed":  {strings.Repeat(`{"States":`, deep), CodeInvalidJSON},
		"branches":  {repeated(deep, `{"StartAt":"P","States":{"P":{"Type":"Parallel","Branches":[`, `1`, `]}}}`), CodeInvalidJSON},
		"Not":       {one(`{"Type":"Choice","Choices":[` + repeated(deep, `{"Not":`, "1", "}") + `]}`), CodeInvalidJSON},
		"nested 99": {one(repeated(99, `{"Type":"Parallel","End":true,"Branches":[{"StartAt":"A","States":{"A":`, `{"Type":"Fail"}`, `}}]}`)), CodeDuplicateState},
		"states":    {`{"StartAt":"s0","States":{` + chain.String() + `"s20000":{"Type":"Succeed"}}}`, ""},
		"faults":    {`{"StartAt":"s0","States":{` + faulty.String() + `"z":{"Type":"Succeed"}}}`, CodeSchema},
		"doubled":   {`{"StartAt":"same","States":{` + strings.TrimSuffix(doubled.String(), ",") + `}}`, CodeInvalidJSON},
		"number":    {one(`{"Type":"Wait","Seconds":1` + strings.Repeat("0", 500_000) + `,"End":true}`), CodeSchema},
		"exponent":  {one(`{"Type":"Wait","Seconds":1e999999999,"End":true}`), CodeSchema},
		"rate": {one(`{"Type":"Task","Resource":"arn:aws:states:::http:invoke","Parameters":{},"End":true,"Retry":[{"ErrorEquals":["E"],"BackoffRate":1e999999999}]}`),
			CodeSchema},
		"calls": {one(`{"Type":"Pass","Parameters":{"a.$":"` + repeated(deep, "States.Array(", "1", ")") + `"},"End":true}`), CodeSchema},
		"path":  {one(`{"Type":"Pass","InputPath":"$` + strings.Repeat(".a", deep) + `","End":true}`), CodeSchema},
		"filter": {one(`{"Type":"Pass","InputPath":"$.a[?(` + repeated(deep, "(", "@.b", ")") + `)]","End":true}`),
			CodeSchema},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		p, list := Parse(diag.NewSource("hostile", c.text))
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 1000*uint64(len(c.text))+(8<<20) {
			t.Errorf("%s: %d MB for a text of %d KB", name, used>>20, len(c.text)>>10)
		}
		found := c.want == ""
		for _, d := range list {
			found = found || d.Code == c.want
		}
		if !found || (p != nil) != (c.want == "") {
			t.Errorf("%s: %d faults, a program: %v; want %q", name, len(list), p != nil, c.want)
		}
	}
}

// TestTooLarge: what names its input over and over is refused before it is built.
func TestTooLarge(t *testing.T) {
	input := jsonval.OfString(strings.Repeat(`"`, 100_000))
	members := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `"m%d.$":"$",`, i)
		}
		return b.String() + `"end":1`
	}
	var nested strings.Builder
	for i := range 50 {
		fmt.Fprintf(&nested, `"n%d":{%s},`, i, members(1000))
	}
	for name, params := range map[string]string{
		"members":   members(50_000),
		"objects":   nested.String() + `"end":1`,
		"lists":     `"list":[` + strings.Repeat(`{"v.$":"$"},`, 50_000) + `1]`,
		"arguments": `"a.$":"States.Array($` + strings.Repeat(",$", 50_000) + `)"`,
		"many {}":   `"a.$":"States.Format('` + strings.Repeat("{}", 20_000) + `'` + strings.Repeat(",$", 20_000) + `)"`,
		"escapes":   `"a.$":"` + repeated(maxNesting, "States.JsonToString(", "$", ")") + `"`,
	} {
		p, list := Parse(diag.NewSource("large", `{"StartAt":"A","States":{"A":{"Type":"Pass","Parameters":{`+params+`},"End":true}}}`))
		if p == nil {
			t.Fatalf("%s: %v", name, list[0])
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := p.Body.StartAt.Parameters.Eval(&Scope{Input: input})
		runtime.ReadMemStats(&after)
		if err == nil || err.Name != ErrDataLimitExceeded {
			t.Errorf("%s: %v", name, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 32*maxBuilt {
			t.Errorf("%s: %d MB", name, used>>20)
		}
	}
}

// TestManyStars: a pattern costs no more than pattern and text are long.
func TestManyStars(t *testing.T) {
	text := strings.Repeat("a", 100_000)
	for pattern, want := range map[string]bool{
		strings.Repeat("*a", 50_000):                    true,
		strings.Repeat("*a", 50_000) + "b":              false,
		strings.Repeat("*", 100_000):                    true,
		strings.Repeat("*aa", 60_000):                   false,
		strings.Repeat("a*", 1000) + `\*`:               false,
		strings.Repeat(strings.Repeat("a", 9)+"*", 900): true,
	} {
		if got := matches(jsonval.OfString(text), jsonval.OfString(pattern)); got != want {
			t.Errorf("%.20q… of %d: %v", pattern, len(pattern), got)
		}
	}
}

// TestHugeNumbers: numbers beyond any machine's are compared, rounded and refused at
// no cost.
func TestHugeNumbers(t *testing.T) {
	long := "1" + strings.Repeat("0", 200_000)
	for _, text := range []string{"1e999999999", "-1e999999999", "1e-999999999", long, "0." + strings.Repeat("0", 200_000) + "1"} {
		v := jsonval.MustParse(text)
		for _, op := range operators {
			op.test(v, v)
			op.test(v, jsonval.OfInt(1))
		}
		for _, call := range []string{"States.MathAdd($, 1)", "States.ArrayRange(0, $, 1)", "States.ArrayRange($, 1, $)", "States.ArrayGetItem(States.Array(1), $)",
			"States.ArrayPartition(States.Array(1), $)", "States.MathRandom(0, $)", "States.ArrayUnique(States.Array($, $))", "States.ArrayContains(States.Array($), $)"} {
			e, err := compileExpr(call)
			if err != nil {
				t.Fatal(err)
			}
			if v, fault := e.Eval(&Scope{Input: v}); fault == nil && len(v.Raw()) > 2*len(text)+5000 {
				t.Errorf("%s of %.20s gives %d bytes", call, text, len(v.Raw()))
			}
		}
	}
}
