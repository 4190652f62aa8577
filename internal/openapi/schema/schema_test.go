package schema

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func violations(t *testing.T, s *Schema, text string, o Options) string {
	t.Helper()
	v, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	o.Text = []byte(text)
	list, err := s.Validate(v, o)
	if err != nil {
		return err.Error()
	}
	var out []string
	for _, x := range list {
		out = append(out, x.Path+"|"+x.String())
	}
	return strings.Join(out, "\n")
}

func TestMessages(t *testing.T) {
	for _, tt := range []struct{ schema, value, want string }{
		{`{"type":"string"}`, `1.0`, "|Invalid type. Expected String but got Number. Line: 1, Position: 1"},
		{`{"type":["integer","null"]}`, "\n  true", "|Invalid type. Expected Null, Integer but got Boolean. Line: 2, Position: 3"},
		{`{"type":"integer"}`, `1.5`, "|Invalid type. Expected Integer but got Number. Line: 1, Position: 1"},
		{`{"minimum":3,"exclusiveMaximum":5}`, `5`, "|Integer 5 equals maximum value of 5 and exclusive maximum is true. Line: 1, Position: 1"},
		{`{"minimum":3}`, `2.5`, "|Float 2.5 is less than minimum value of 3. Line: 1, Position: 1"},
		{`{"exclusiveMinimum":3}`, `3`, "|Integer 3 equals minimum value of 3 and exclusive minimum is true. Line: 1, Position: 1"},
		{`{"multipleOf":0.1}`, `0.25`, "|Float 0.25 is not a multiple of 0.1. Line: 1, Position: 1"},
		{`{"multipleOf":1e-300}`, `1e2000`, "a number has too many digits to compute with"},
		{`{"maximum":1e400}`, `1e99999999999`, "|Float 1e99999999999 exceeds maximum value of 1e400. Line: 1, Position: 1"},
		{`{"format":"int32"}`, `2147483648`, "|Integer 2147483648 does not validate against format 'int32'. Line: 1, Position: 1"},
		{`{"format":"int64"}`, `-9223372036854775808`, ""},
		{`{"minLength":2,"maxLength":2}`, `"ä"`, "|String 'ä' is less than minimum length of 2. Line: 1, Position: 1"},
		{`{"maxLength":1}`, `"äö"`, "|String 'äö' exceeds maximum length of 1. Line: 1, Position: 1"},
		{`{"pattern":"^a+$"}`, `"ab"`, "|String 'ab' does not match regex pattern '^a+$'. Line: 1, Position: 1"},
		{`{"format":"date"}`, `"2026-02-30"`, "|String '2026-02-30' does not validate against format 'date'. Line: 1, Position: 1"},
		{`{"const":{"a":1.0}}`, `{"a":1}`, ""},
		{`{"const":2}`, `[1]`, "|Value […] does not match const. Line: 1, Position: 1"},
		{`{"enum":["a"]}`, `"b"`, "|Value \"b\" is not defined in enum. Line: 1, Position: 1"},
		{`{"required":["a","b"],"additionalProperties":false}`, `{"c":1}`,
			"|Required properties are missing from object: a, b. Line: 1, Position: 1\nc|Property 'c' has not been defined and the schema does not allow additional properties. Line: 1, Position: 6"},
		{`{"items":{"type":"string"},"maxItems":1,"uniqueItems":true}`, `["a",1,"a"]`,
			"|Array item count 3 exceeds maximum count of 1. Line: 1, Position: 1\n|Non-unique array item at index 2. Line: 1, Position: 8\n[1]|Invalid type. Expected String but got Integer. Line: 1, Position: 6"},
		{`{"prefixItems":[true],"items":false}`, `[1,2]`, "|Index 2 has not been defined and the schema does not allow additional items. Line: 1, Position: 4"},
		{`{"properties":{"a":{"properties":{"b":{"items":{"type":"null"}}}}}}`, `{"a":{"b":[null,0]}}`, "a.b[1]|Invalid type. Expected Null but got Integer. Line: 1, Position: 17"},
		{`{"anyOf":[{"type":"string"},{"type":"null"}]}`, `1`, "|JSON does not match any schemas from 'anyOf'. Line: 1, Position: 1"},
		{`{"oneOf":[{"type":"integer"},{"minimum":0}]}`, `1`, "|JSON is valid against more than one schema from 'oneOf'. Valid schema indexes: 0, 1. Line: 1, Position: 1"},
		{`{"oneOf":[{"type":"string"}]}`, `1`, "|JSON is valid against no schemas from 'oneOf'. Line: 1, Position: 1"},
		{`{"not":{"type":"integer"}}`, `1`, "|JSON is valid against schema from 'not'. Line: 1, Position: 1"},
		{`{"allOf":[true,{"type":"string"}]}`, `1`, "|Invalid type. Expected String but got Integer. Line: 1, Position: 1\n|JSON does not match all schemas from 'allOf'. Invalid schema indexes: 1. Line: 1, Position: 1"},
		{`{"if":{"required":["a"]},"then":{"required":["b"]}}`, `{"a":1}`,
			"|Required properties are missing from object: b. Line: 1, Position: 1\n|JSON does not match schema from 'then'. Line: 1, Position: 1"},
		{`{"dependentRequired":{"a":["b"]}}`, `{"a":1}`, "|Dependencies for property 'a' failed. Missing required keys: b. Line: 1, Position: 1"},
		{`false`, `1`, "|Schema always fails validation. Line: 1, Position: 1"},
	} {
		if diff := cmp.Diff(tt.want, violations(t, compiled(t, Draft2020, tt.schema), tt.value, Options{})); diff != "" {
			t.Errorf("%s on %s: %s", tt.schema, tt.value, diff)
		}
	}
}

// TestDialects: what OpenAPI 3.0 says otherwise than JSON Schema of today.
func TestDialects(t *testing.T) {
	for _, tt := range []struct {
		dialect       Dialect
		schema, value string
		ok            bool
	}{
		{OpenAPI30, `{"type":"string","nullable":true}`, `null`, true},
		{OpenAPI30, `{"type":"string","nullable":true,"enum":["a"]}`, `null`, true},
		{OpenAPI30, `{"type":"string","nullable":false}`, `null`, false},
		{Draft2020, `{"type":"string","nullable":true}`, `null`, false},
		{OpenAPI2, `{"type":"string","x-nullable":true}`, `null`, true},
		{OpenAPI30, `{"maximum":5,"exclusiveMaximum":true}`, `5`, false},
		{OpenAPI30, `{"exclusiveMaximum":true,"maximum":5}`, `4`, true},
		{OpenAPI30, `{"exclusiveMinimum":true,"minimum":5}`, `5`, false},
		{Draft2020, `{"minimum":1,"exclusiveMinimum":5}`, `5`, false},
		{Draft2020, `{"minimum":5,"exclusiveMinimum":1}`, `5`, true},
		{OpenAPI30, `{"properties":{"a":{"$ref":"#/x","type":"string"}},"x":{"type":"integer"}}`, `{"a":1}`, true},
		{Draft2020, `{"properties":{"a":{"$ref":"#/x","maximum":0}},"x":{"type":"integer"}}`, `{"a":1}`, false},
		{OpenAPI2, `{"type":"file"}`, `1`, true},
		{OpenAPI30, `{"items":[{"type":"string"}],"additionalItems":false}`, `["a",1]`, false},
		{Draft2020, `{"$ref":"#pin","$defs":{"p":{"$anchor":"pin","type":"null"}}}`, `null`, true},
	} {
		if got := valid(t, compiled(t, tt.dialect, tt.schema), tt.value); got != tt.ok {
			t.Errorf("%s on %s: %v", tt.schema, tt.value, got)
		}
	}
}

func TestOptions(t *testing.T) {
	yes, no := true, false
	s := compiled(t, Draft2020, `{"allOf":[{"properties":{"a":{"type":"object","properties":{"x":true},"additionalProperties":false}}}],"properties":{"B":{"type":"string"}},"required":["B"]}`)
	for _, tt := range []struct {
		o     Options
		value string
		ok    bool
	}{
		{Options{}, `{"B":"","a":{"x":1},"c":1}`, true},
		{Options{}, `{"B":"","a":{"y":1}}`, false},
		{Options{Additional: &yes}, `{"B":"","a":{"y":1}}`, true},
		{Options{Additional: &no}, `{"B":"","a":{"x":1}}`, true},
		{Options{Additional: &no}, `{"B":"","a":{"x":1},"c":1}`, false},
		{Options{}, `{"b":""}`, false},
		{Options{FoldNames: true}, `{"b":"","A":{"X":1}}`, true},
		{Options{FoldNames: true}, `{"b":1}`, false},
	} {
		if got := violations(t, s, tt.value, tt.o) == ""; got != tt.ok {
			t.Errorf("%+v on %s: %v", tt.o, tt.value, got)
		}
	}
}

// TestBombsEnd: neither a value nor a pattern makes a validation take long.
func TestBombsEnd(t *testing.T) {
	many := compiled(t, Draft2020, `{"items":{"pattern":"^(a|aa)+(b|c)\\1$"}}`)
	text := "[" + strings.Repeat(`"`+strings.Repeat("a", 200)+`",`, 50) + `"b"]`
	v, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := many.Validate(v, Options{}); !errors.Is(err, ErrBudget) {
		t.Error(err)
	}
	wrong, err := Parse([]byte("[" + strings.Repeat("1,", 200_000) + "1]"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := compiled(t, Draft2020, `{"items":{"type":"string"}}`).Validate(wrong, Options{})
	if err != nil || len(list) != MaxViolations {
		t.Error(len(list), err)
	}
	if _, err := Parse([]byte(strings.Repeat("[", MaxDepth+2) + strings.Repeat("]", MaxDepth+2))); err == nil {
		t.Error("a deep value was taken")
	}
	for _, bad := range []string{"", "{", "\xff", `{"a":1}x`, "\n\n nul"} {
		var e *SyntaxError
		if _, err := Parse([]byte(bad)); !errors.As(err, &e) || e.Line == 0 {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestFormats(t *testing.T) {
	for format, texts := range map[string][2][]string{
		"date":          {{"2024-02-29"}, {"2023-02-29", "24-02-03", ""}},
		"date-time":     {{"2024-02-29T23:59:60Z", "2024-02-29t01:02:03.4+01:00"}, {"2024-02-29", "2024-02-29T01:02:03", "2024-02-29T24:00:00Z"}},
		"time":          {{"01:02:03Z"}, {"01:02", "1:02:03Z"}},
		"duration":      {{"P1D", "PT1H30M", "P1W"}, {"P", "PT", "1D", "P1DT"}},
		"uuid":          {{"11111111-2222-3333-4444-55555555555A"}, {"11111111222233334444555555555555", "x"}},
		"email":         {{"a@b.example"}, {"a", "A <a@b>"}},
		"hostname":      {{"a.b-c.example", "a."}, {"-a", "a_b", "", "a..b"}},
		"ipv4":          {{"192.0.2.1"}, {"192.0.2", "::1"}},
		"ipv6":          {{"::1"}, {"192.0.2.1", "fe80::1%eth0"}},
		"uri":           {{"https://a/b?c#d", "urn:x:y"}, {"/a", "a b:c"}},
		"uri-reference": {{"/a", "#b"}, {"a b", "%"}},
		"byte":          {{"aGVsbG8=", ""}, {"a", "a-_="}},
		"password":      {{"anything"}, nil},
	} {
		for i, list := range texts {
			for _, text := range list {
				if formatted(format, text) != (i == 0) {
					t.Errorf("%s %q", format, text)
				}
			}
		}
	}
}

func TestDecimals(t *testing.T) {
	ordered := []string{"-1e10", "-1.5", "-1", "-0.001", "0", "1e-99999999999", "0.5", "1", "1.0001", "10", "1e2", "99999999999999999999", "1e99999999999"}
	for i, a := range ordered {
		for j, b := range ordered {
			x, ok1 := number(a)
			y, ok2 := number(b)
			if !ok1 || !ok2 || x.compare(y) != cmpInt(i, j) {
				t.Errorf("%s and %s: %d", a, b, x.compare(y))
			}
		}
	}
	for text, want := range map[string]string{"1.50": "15e-1", "-0.0": "e0", "100": "1e2", "1e-2": "1e-2", "0.1E+1": "1e0"} {
		if d, ok := number(text); !ok || d.key() != want {
			t.Errorf("%s is %s, want %s", text, d.key(), want)
		}
	}
	if fmt.Sprint(Kind(Null|Object)) != "Null, Object" {
		t.Error(Kind(Null | Object))
	}
}
