package jsonval

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

func TestIndent(t *testing.T) {
	for in, want := range map[string]string{
		`{"b":1.0,"a":[1e2,{ },[ ],"x\u0041 { , : }"],"c":{"d":null}}`: "{\n  \"b\": 1.0,\n  \"a\": [\n    1e2,\n    {},\n    [],\n    \"x\\u0041 { , : }\"\n  ],\n  \"c\": {\n    \"d\": null\n  }\n}",
		` -0.10E+2 `:    "-0.10E+2",
		`[]`:            "[]",
		`"\"["`:         `"\"["`,
		`{"a":1,"a":2}`: "{\n  \"a\": 1,\n  \"a\": 2\n}",
	} {
		if got := string(MustParse(in).Indent()); got != want {
			t.Errorf("%s gives\n%s", in, got)
		}
	}
}

// TestIndentKeepsTheValue: indenting twice is indenting once, and taking the space
// out again gives what taking it out at first gave.
func TestIndentKeepsTheValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyValue(t, 4)
		once := v.Indent()
		again, err := Parse(once)
		if err != nil || string(again.Indent()) != string(once) {
			t.Fatalf("%s gives\n%s\nand then %v\n%s", v.Text(), once, err, again.Indent())
		}
		if again.Compact().Text() != v.Compact().Text() || !json.Valid(once) {
			t.Fatalf("%s became %s", v.Compact().Text(), again.Compact().Text())
		}
	})
}

// anyValue draws a JSON text with odd spaces.
func anyValue(t *rapid.T, depth int) Value {
	space := rapid.SampledFrom([]string{"", " ", "\n\t", "  \r\n"})
	var text func(depth int) string
	text = func(depth int) string {
		kinds := 2
		if depth > 0 {
			kinds = 4
		}
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0:
			return rapid.SampledFrom([]string{"0", "-1.50", "1E+9", "true", "false", "null"}).Draw(t, "word")
		case 1:
			return rapid.SampledFrom([]string{`""`, `"a"`, `"{[,:]}"`, `"\\\""`, `"\u00e9é"`}).Draw(t, "string")
		}
		open, end, name := "[", "]", ""
		if rapid.Bool().Draw(t, "object") {
			open, end, name = "{", "}", `"k"`
		}
		out := open + space.Draw(t, "space")
		for i := range rapid.IntRange(0, 3).Draw(t, "length") {
			if i > 0 {
				out += "," + space.Draw(t, "space")
			}
			if name != "" {
				out += name + space.Draw(t, "space") + ":" + space.Draw(t, "space")
			}
			out += text(depth-1) + space.Draw(t, "space")
		}
		return out + end
	}
	return MustParse(space.Draw(t, "space") + text(depth))
}
