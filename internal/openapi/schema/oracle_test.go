package schema

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"stile/diag"
	"stile/internal/config/doctree"
)

func compiled(t interface{ Fatalf(string, ...any) }, d Dialect, text string) *Schema {
	n, faults := doctree.ParseJSON(diag.NewSource("s.json", text))
	if faults.HasErrors() {
		t.Fatalf("%s: %v", text, faults)
	}
	c := &Compiler{Root: n, Dialect: d, Report: func(_ *doctree.Node, message, _ string) { t.Fatalf("%s: %s", text, message) }}
	return c.Compile(n, "#")
}

func valid(t interface{ Fatalf(string, ...any) }, s *Schema, text string) bool {
	v, err := Parse([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	list, err := s.Validate(v, Options{Text: []byte(text)})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return len(list) == 0
}

// draw makes a schema of the keywords that both sides have.
func draw(t *rapid.T, depth int) map[string]any {
	s := map[string]any{}
	some := func(name string, value func() any) {
		if rapid.IntRange(0, 5).Draw(t, name) == 0 {
			s[name] = value()
		}
	}
	small := func() any { return rapid.IntRange(0, 3).Draw(t, "n") }
	sub := func() any {
		if depth == 0 {
			return rapid.Bool().Draw(t, "bool schema")
		}
		if rapid.IntRange(0, 7).Draw(t, "ref") == 0 {
			return map[string]any{"$ref": "#/$defs/" + rapid.SampledFrom([]string{"a", "b"}).Draw(t, "to")}
		}
		return draw(t, depth-1)
	}
	list := func() any {
		out := []any{sub()}
		if rapid.Bool().Draw(t, "two") {
			out = append(out, sub())
		}
		return out
	}
	object := func() any { return map[string]any{"a": sub(), "b": sub()} }
	some("type", func() any {
		return rapid.SampledFrom([]any{"string", "number", "integer", "boolean", "null", "array", "object", []any{"object", "array"}, []any{"integer", "string"}}).Draw(t, "type")
	})
	some("const", func() any { return value(t, 1) })
	some("enum", func() any { return []any{value(t, 1), value(t, 1), value(t, 0)} })
	some("minimum", small)
	some("maximum", small)
	some("exclusiveMinimum", small)
	some("exclusiveMaximum", small)
	some("multipleOf", func() any { return rapid.SampledFrom([]any{1, 2, 0.5, 0.1}).Draw(t, "multiple") })
	for _, name := range []string{"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"} {
		some(name, small)
	}
	some("pattern", func() any { return rapid.SampledFrom([]string{"^a", "b$", "a+", "[a-b]{2}"}).Draw(t, "pattern") })
	some("uniqueItems", func() any { return true })
	some("required", func() any { return []any{"a"} })
	some("items", sub)
	some("prefixItems", list)
	some("contains", sub)
	if s["contains"] != nil {
		some("minContains", small)
		some("maxContains", small)
	}
	some("properties", object)
	some("patternProperties", func() any { return map[string]any{"^a": sub()} })
	some("additionalProperties", sub)
	some("propertyNames", sub)
	some("dependentRequired", func() any { return map[string]any{"a": []any{"b"}} })
	some("dependentSchemas", func() any { return map[string]any{"b": sub()} })
	some("allOf", list)
	some("anyOf", list)
	some("oneOf", list)
	some("not", sub)
	some("if", sub)
	some("then", sub)
	some("else", sub)
	some("unevaluatedProperties", sub)
	some("unevaluatedItems", sub)
	return s
}

func value(t *rapid.T, depth int) any {
	kinds := 5
	if depth > 0 {
		kinds = 7
	}
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 0:
		return nil
	case 1:
		return rapid.Bool().Draw(t, "bool")
	case 2:
		return rapid.IntRange(-1, 4).Draw(t, "int")
	case 3:
		return json.Number(rapid.SampledFrom([]string{"1.0", "0.5", "0.3", "2.50", "1e1", "-0", "100e-2"}).Draw(t, "number"))
	case 4:
		return rapid.SampledFrom([]string{"", "a", "b", "ab", "aab", "ä"}).Draw(t, "text")
	case 5:
		out := []any{}
		for range rapid.IntRange(0, 3).Draw(t, "items") {
			out = append(out, value(t, depth-1))
		}
		return out
	}
	out := map[string]any{}
	for _, name := range []string{"a", "b", "ac", "d"} {
		if rapid.Bool().Draw(t, name) {
			out[name] = value(t, depth-1)
		}
	}
	return out
}

// TestVerdictsAreThoseOfAnotherValidator: whatever the schema and the value are,
// github.com/santhosh-tekuri/jsonschema says the same.
func TestVerdictsAreThoseOfAnotherValidator(t *testing.T) {
	verdicts := map[bool]int{}
	rapid.Check(t, func(t *rapid.T) {
		root := draw(t, 2)
		root["$defs"] = map[string]any{"a": draw(t, 1), "b": map[string]any{"properties": map[string]any{"a": map[string]any{"$ref": "#"}}}}
		text, err := json.Marshal(root)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		c := jsonschema.NewCompiler()
		if err := c.AddResource("s.json", doc); err != nil {
			t.Fatal(err)
		}
		other, err := c.Compile("s.json")
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if cyclic(string(text)) {
			return
		}
		ours := compiled(t, Draft2020, string(text))
		for range 4 {
			body, err := json.Marshal(value(t, 3))
			if err != nil {
				t.Fatal(err)
			}
			instance, err := jsonschema.UnmarshalJSON(strings.NewReader(string(body)))
			if err != nil {
				t.Fatal(err)
			}
			want, got := other.Validate(instance), valid(t, ours, string(body))
			if (want == nil) != got {
				t.Fatalf("schema %s\nvalue %s\nours %v, theirs %v", text, body, got, want)
			}
			verdicts[got]++
		}
	})
	if verdicts[true] == 0 || verdicts[false] == 0 {
		t.Error("only one verdict came up:", verdicts)
	}
}

// cyclic: definitions that hold themselves in place have no meaning, and each side
// ends them in its own way.
func cyclic(text string) bool {
	_, defs, _ := strings.Cut(text, `"$defs"`)
	a, _, _ := strings.Cut(defs, `"b":{"properties":{"a":{"$ref":"#"}}}`)
	return strings.Contains(a, `"$ref":"#/$defs/a"`)
}
