package doctree

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"stile/diag"
	"stile/jsonval"
)

func TestYAML(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"scalars", "a: 1\nb: 1.50\nc: true\nd: ~\ne: text\nf: '1'\ng: 0x1F\nh: 1_000\nj: .5\nk: null\n",
			`{"a":1,"b":1.50,"c":true,"d":null,"e":"text","f":"1","g":31,"h":1000,"j":0.5,"k":null}`},
		{"nested", "a:\n  - b: 1\n    c: [x, {y: z}]\n  - - 1\n    - 2\n", `{"a":[{"b":1,"c":["x",{"y":"z"}]},[1,2]]}`},
		{"blocks", "a: |\n  one\n  two\nb: >-\n  one\n  two\n", `{"a":"one\ntwo\n","b":"one two"}`},
		{"anchors", "a: &x {k: 1}\nb: *x\nc: [*x]\n", `{"a":{"k":1},"b":{"k":1},"c":[{"k":1}]}`},
		{"keys that are no text", "1: a\ntrue: b\n'2': c\n", `{"1":"a","true":"b","2":"c"}`},
		{"json", `{"a": [1, "b", null], "c": {}}`, `{"a":[1,"b",null],"c":{}}`},
		{"empty map", "{}", "{}"},
		{"one key", "a: b", `{"a":"b"}`},
		{"quotes", `a: "x\ty\"z"`, `{"a":"x\ty\"z"}`},
		{"document marks", "---\na: 1\n...\n", `{"a":1}`},
		{"comments", "# one\na: 1 # two\n# three\n", `{"a":1}`},
		{"intrinsic functions", "Parameters:\n  id.$: States.Format('{}-{}', $.a, $.b)\n", `{"Parameters":{"id.$":"States.Format('{}-{}', $.a, $.b)"}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n, faults := ParseYAML(diag.NewSource("x.yaml", tt.text))
			if len(faults) > 0 {
				t.Fatal(faults)
			}
			if diff := cmp.Diff(tt.want, string(n.JSON())); diff != "" {
				t.Error(diff)
			}
		})
	}
	if n, faults := ParseYAML(diag.NewSource("x", "# nothing\n")); n != nil || faults != nil {
		t.Errorf("an empty document: %v, %v", n, faults)
	}
}

func TestYAMLFaults(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 8; i++ {
		fmt.Fprintf(&bomb, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	for _, tt := range []struct{ name, text, want string }{
		{"twice", "a: 1\nb: 2\na: 3\nb: 4\n", `x.yaml:3:1: the key "a" stands twice [STL-C005]
x.yaml:4:1: the key "b" stands twice [STL-C005]`},
		{"two documents", "a: 1\n---\nb: 1\n", "x.yaml:3:2: a second document in one file [STL-C001]"},
		{"merge", "a: &x {k: 1}\nb:\n  <<: *x\n", "x.yaml:3:3: merge keys (<<) are not allowed [STL-C001]"},
		{"tag", "a: !!binary x\n", "x.yaml:1:4: the tag !!binary is not allowed [STL-C001]"},
		{"no number", "a: .inf\nb: .nan\n", "x.yaml:1:4: .inf is no JSON number [STL-C003]\nx.yaml:2:4: .nan is no JSON number [STL-C003]"},
		{"no anchor", "a: *x\n", "x.yaml:1:5: no anchor &x stands before this alias [STL-C001]"},
		{"aliases that grow", bomb.String(), "x.yaml:6:10: the document has more than 200000 values or nests deeper than 200 [STL-C001]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, faults := ParseYAML(diag.NewSource("x.yaml", tt.text))
			if diff := cmp.Diff(tt.want, faults.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, text := range []string{"a: [1", "a: b: c", "a: 'x", strings.Repeat("[", 500) + strings.Repeat("]", 500), strings.Repeat("x", MaxBytes+1)} {
		if _, faults := ParseYAML(diag.NewSource("x", text)); !faults.HasErrors() {
			t.Errorf("%.20q was taken", text)
		}
	}
}

func TestJSONFaults(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{`{"a": 1, "b": {"c": 1, "c": 2}, "a": 3}`, "x.json:1:24: the member \"c\" stands twice [STL-C005]\nx.json:1:33: the member \"a\" stands twice [STL-C005]"},
		{"{\"a\": 1}\n x", "x.json:2:2: text behind the end of the JSON value [STL-C001]"},
		{`{"a": tru}`, "x.json:1:7: not readable JSON: invalid character '}' in literal true (expecting 'e') [STL-C001]"},
		{"{\n\"a\": [1,\n", "x.json:3:1: not readable JSON: the text ends too early [STL-C001]"},
		{"", "x.json:1:1: not readable JSON: the text ends too early [STL-C001]"},
		{"\"\xff\"", "x.json:1:1: the text is not valid UTF-8 [STL-C001]"},
		{strings.Repeat("[", 300) + strings.Repeat("]", 300), "x.json:1:203: not readable JSON: more than 200000 values, or nested deeper than 200 [STL-C001]"},
	} {
		_, faults := ParseJSON(diag.NewSource("x.json", tt.text))
		if diff := cmp.Diff(tt.want, faults.Error()); diff != "" {
			t.Errorf("%.30q: %s", tt.text, diff)
		}
	}
}

func TestJSONPlaces(t *testing.T) {
	n, faults := ParseJSON(diag.NewSource("x", "\ufeff{\n  \"ä\": \"ö\", \"b\": [\n    7 ]\n}"))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	b := n.Members[1]
	if n.Members[0].Name != "ä" || b.Line != 2 || b.Column != 13 || b.Value.Line != 2 || b.Value.Column != 18 || b.Value.Items[0].Line != 3 || b.Value.Items[0].Column != 5 {
		t.Errorf("%+v %+v", b, b.Value.Items[0])
	}
	if (*Node)(nil).Get("x") != nil || string((*Node)(nil).JSON()) != "null" {
		t.Error("a nil Node")
	}
}

// TestLinedJSON: the JSON of a YAML document has its keys on the same lines.
func TestLinedJSON(t *testing.T) {
	const text = "# head\nStartAt: A\nStates:\n\n  A:\n    Type: Choice\n    Choices:\n      - Variable: $.x\n        Next: B\n      - Variable: $.y\n  B: { Type: Pass,\n       End: true }\n"
	n, faults := ParseYAML(diag.NewSource("x", text))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	got := string(n.LinedJSON())
	if !jsonval.Equal(jsonval.MustParse(got), jsonval.MustParse(string(n.JSON()))) {
		t.Errorf("another value: %s", got)
	}
	lines := strings.Split(got, "\n")
	for i, want := range strings.Split(text, "\n") {
		for _, key := range []string{"StartAt", "States", "Choices", "Next", "End", "Type"} {
			if strings.Contains(want, key+":") != strings.Contains(lines[i], `"`+key+`"`) {
				t.Errorf("line %d is %q in YAML and %q in JSON", i+1, want, lines[i])
			}
		}
	}
}

// TestJSONWithOrigins: what is found in the JSON has its place in the YAML.
func TestJSONWithOrigins(t *testing.T) {
	const text = "StartAt: A\nStates:\n  A:\n    Type: 'Pass'\n    End: \"yes\"\n    Result: [1, {x: 2}]\n    Retry:\n      - MaxAttempts: 3\n"
	src := diag.NewSource("x.yaml", text)
	n, faults := ParseYAML(src)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	out, origins := n.JSONWithOrigins()
	derived := diag.NewDerived(src, string(out), origins)
	for part, want := range map[string][2]int{
		`"StartAt"`: {1, 1}, `"A",`: {1, 10}, `"Type"`: {4, 5}, `"Pass"`: {4, 11}, `"yes"`: {5, 10}, `[1`: {6, 13}, `{"x"`: {6, 17}, `2}`: {6, 21}, `"MaxAttempts"`: {8, 9}, `3}`: {8, 22},
	} {
		i := strings.Index(string(out), part)
		d := derived.At(i, diag.Diagnostic{})
		if i < 0 || d.Line != want[0] || d.Column != want[1] || d.File != "x.yaml" || d.Excerpt != strings.Split(text, "\n")[d.Line-1] {
			t.Errorf("%s at %d: %+v, want %v", part, i, d, want)
		}
	}
}

// TestAnyJSONIsReadAlike: a JSON text gives the same value through both parsers
// and through encoding/json.
func TestAnyJSONIsReadAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := value(t, 3)
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		want := jsonval.MustParse(string(text))
		n, faults := ParseJSON(diag.NewSource("x", string(text)))
		if len(faults) > 0 || !jsonval.Equal(jsonval.MustParse(string(n.JSON())), want) {
			t.Fatalf("%s: %v", text, faults)
		}
		if !jsonval.Equal(jsonval.MustParse(string(n.LinedJSON())), want) {
			t.Fatalf("lined: %s", text)
		}
	})
}

func value(t *rapid.T, depth int) any {
	kinds := []string{"text", "number", "bool", "null"}
	if depth > 0 {
		kinds = append(kinds, "list", "map")
	}
	switch rapid.SampledFrom(kinds).Draw(t, "kind") {
	case "text":
		return rapid.String().Draw(t, "text")
	case "number":
		return rapid.Int32().Draw(t, "number")
	case "bool":
		return rapid.Bool().Draw(t, "bool")
	case "list":
		list := make([]any, rapid.IntRange(0, 3).Draw(t, "length"))
		for i := range list {
			list[i] = value(t, depth-1)
		}
		return list
	case "map":
		m := map[string]any{}
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			m[rapid.StringN(0, 5, -1).Draw(t, "key")] = value(t, depth-1)
		}
		return m
	}
	return nil
}

// TestNoInputPanics feeds both parsers what is nearly a document.
func TestNoInputPanics(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOf(rapid.SampledFrom([]string{"a", ": ", "\n", "  ", "- ", "{", "}", "[", "]", ",", "\"", "'", "&x ", "*x", "|", ">", "#", "!t ", "? ", "---\n", "<<", "1", "\t", "ä", "\\"})).Draw(t, "pieces")
		src := diag.NewSource("x", strings.Join(pieces, ""))
		if n, faults := ParseYAML(src); n != nil && !faults.HasErrors() {
			if !jsonval.IsText(string(n.JSON())) {
				t.Fatalf("%q gave %s", src.Text(), n.JSON())
			}
		}
		if n, faults := ParseJSON(src); n == nil && !faults.HasErrors() {
			t.Fatalf("%q gave neither value nor fault", src.Text())
		}
	})
}
