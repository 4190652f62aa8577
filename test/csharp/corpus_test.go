package csharp

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"stile/internal/recorded"
)

var namedValue = regexp.MustCompile(`\{\{[A-Za-z][\w.\- ]*\}\}`)

// corpus reads the recorded expressions, with 1 for every named value.
func corpus(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile(recorded.Path(t, "conformance/expressions/expressions.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct{ Expr string }
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, c := range cases {
		out = append(out, namedValue.ReplaceAllString(c.Expr, "1"))
	}
	return out
}

var (
	castVariable  = regexp.MustCompile(`\(\(?(\w+)\)\s*context\.Variables\[\s*"([^"]+)"\s*\]`)
	typedVariable = regexp.MustCompile(`context\.Variables\.GetValueOrDefault<(\w+)>\(\s*"([^"]+)"`)
	plainVariable = regexp.MustCompile(`context\.Variables(?:\[|\.GetValueOrDefault\()\s*"([^"]+)"`)
)

// values are what a variable of each type holds, as members of the context document.
var values = map[string]string{
	"string": `"a text"`, "String": `"a text"`, "int": `7`, "Int32": `7`, "long": `{"$type":"long","value":7}`, "double": `7.5`, "bool": `true`,
	"DateTime":  `{"$type":"DateTime","value":"2024-05-06T07:00:00Z"}`,
	"IResponse": `{"$type":"IResponse","value":{"statusCode":200,"statusReason":"OK","headers":{"Content-Type":"application/json"},"body":{"access_token":"abc","expires_in":3600,"active":true,"value":[{"id":1,"name":"n"}]}}}`,
	"JObject":   `{"$type":"JObject","value":{"access_token":"abc","id":1,"name":"n","value":[{"id":1}]}}`,
	"JArray":    `{"$type":"JArray","value":[{"id":1,"name":"n"},{"id":2,"name":"m"}]}`,
	"Jwt":       `{"$type":"Jwt","value":"eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJtZSIsInN1YiI6InlvdSIsImV4cCI6MTcwMDAwMDAwMCwicm9sZXMiOlsiYSIsImIiXX0.c2ln"}`,
}

// withVariables writes a context document that has every variable that the recorded
// expressions name, of the type that they cast it to.
func withVariables(t *testing.T, path string, exprs []string) string {
	t.Helper()
	types := map[string]string{}
	for _, e := range exprs {
		for _, m := range append(castVariable.FindAllStringSubmatch(e, -1), typedVariable.FindAllStringSubmatch(e, -1)...) {
			if values[m[1]] != "" && types[m[2]] == "" {
				types[m[2]] = m[1]
			}
		}
	}
	for _, e := range exprs {
		for _, m := range plainVariable.FindAllStringSubmatch(e, -1) {
			if types[m[1]] == "" {
				types[m[1]] = "string"
			}
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	vars := map[string]json.RawMessage{}
	for name, typ := range types {
		vars[name] = json.RawMessage(values[typ])
	}
	doc["variables"], _ = json.Marshal(vars)
	data, _ = json.MarshalIndent(doc, "", " ")
	out := filepath.Join(t.TempDir(), "context.json")
	if err := os.WriteFile(out, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestCorpus compares verdict, type and value of every recorded expression.
func TestCorpus(t *testing.T) {
	o := newOracle(t)
	exprs := corpus(t)
	o.context = withVariables(t, o.context, exprs)
	compare(t, o, "expressions of documents", exprs, 0.99)
}

// compare holds ours against the oracle and tells the figure. share is the least part
// of the legal expressions that must compile.
func compare(t *testing.T, o *oracle, name string, exprs []string, share float64) {
	t.Helper()
	errors, outcomes := o.verdicts(exprs, true)
	our := newOurs(t, o.context)
	legal, compiled, equal, both, named := 0, 0, 0, 0, map[string]int{}
	var wrong, refused []string
	values := 0
	for i, e := range exprs {
		p, fault := compile(e)
		if errors[i] == "" {
			legal++
		}
		why := reason(e, errors[i], fault, "", "")
		switch {
		case (errors[i] == "") != (p != nil):
			if why == "" && errors[i] == "" {
				refused = append(refused, fmt.Sprintf("%s\n    C#:   legal\n    ours: %s", e, fault))
			} else if why == "" {
				wrong = append(wrong, fmt.Sprintf("%s\n    C#:   %s\n    ours: %s", e, or(errors[i], "legal"), or(fault, "legal")))
			} else {
				named[why]++
			}
			continue
		case p == nil:
			continue
		}
		compiled++
		both++
		got := our.outcome(p)
		if strings.HasPrefix(outcomes[i], "= ") {
			values++
		}
		if got == outcomes[i] || clock.MatchString(e) && kindOf(got) == kindOf(outcomes[i]) {
			equal++
			continue
		}
		if why := reason(e, "", "", outcomes[i], got); why != "" {
			named[why]++
			continue
		}
		wrong = append(wrong, fmt.Sprintf("%s\n    C#:   %s\n    ours: %s", e, outcomes[i], got))
	}
	t.Logf("figure: %s: %d of %d are legal C#, %d of these compile (%.1f %%); %d of %d that run are equal (%d give a value, the others an exception), %d differ for a reason, %d without",
		name, legal, len(exprs), compiled, 100*float64(compiled)/float64(max(legal, 1)), equal, both, values, sum(named), len(wrong))
	for _, why := range sorted(named) {
		t.Logf("%4d  %s", named[why], why)
	}
	o.report(name, append(refused, wrong...))
	for _, r := range refused {
		t.Logf("refused: %s", r)
	}
	for _, w := range wrong {
		t.Errorf("%s", w)
	}
	if float64(compiled) < share*float64(legal) {
		t.Errorf("only %d of %d legal expressions compile", compiled, legal)
	}
}

// clock finds expressions that give the time or chance: their types alone are compared.
var clock = regexp.MustCompile(`\b(UtcNow|Now|Today|NewGuid|Random)\b`)

// kindOf is the type of an outcome.
func kindOf(outcome string) string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(outcome, "= "), " ")
	return kind
}

func or(text, instead string) string {
	if text == "" {
		return instead
	}
	return text
}

func sum(m map[string]int) (n int) {
	for _, k := range m {
		n += k
	}
	return n
}

func sorted(m map[string]int) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
