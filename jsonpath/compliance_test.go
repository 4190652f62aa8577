package jsonpath

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"

	"stile/internal/recorded"
	"stile/jsonval"
)

// rfcCase is one test of the suite.
type rfcCase struct {
	Name, Selector string
	Invalid        bool `json:"invalid_selector"`
	Document       json.RawMessage
	Result         json.RawMessage
	Results        []jsonval.Value // where any of several is right
}

// outcome is what this package makes of a case.
type outcome struct {
	*rfcCase
	refused bool // the selector is no path here
	agrees  bool
}

func (c *rfcCase) run() outcome {
	p, err := Compile(c.Selector)
	if err != nil || c.Invalid {
		return outcome{c, err != nil, (err != nil) == c.Invalid}
	}
	doc, err := jsonval.Parse(c.Document)
	if err != nil {
		return outcome{c, false, false}
	}
	got, err := p.Eval(doc)
	if p.Definite() {
		// RFC 9535 always gives a list.
		if err != nil {
			got = jsonval.EmptyArray
		} else {
			got = jsonval.OfItems(got)
		}
	}
	wants := c.Results
	if want, err := jsonval.Parse(c.Result); err == nil {
		wants = append(wants, want)
	}
	for _, want := range wants {
		if jsonval.Equal(got, want) {
			return outcome{c, false, true}
		}
	}
	return outcome{c, false, false}
}

// difference is a kind of case in which Jayway's dialect, which AWS has, is another
// than RFC 9535's: whether the suite's path is one here, and what the path looks
// like.
type difference struct {
	why     string
	refused bool // only here; else only in the RFC, or with another result
	invalid bool // by the RFC
	shape   *regexp.Regexp
	objects bool // only where the document is an object
}

func (d *difference) names(o outcome) bool {
	doc, _ := jsonval.Parse(o.Document)
	return d.refused == o.refused && d.invalid == o.Invalid && d.shape.MatchString(o.Selector) &&
		(!d.objects || doc.Kind() == jsonval.ObjectKind)
}

func shape(re string) *regexp.Regexp { return regexp.MustCompile(re) }

var differences = []difference{
	{why: "functions stand at the end of a path and none in a filter: .length(), .sum() …",
		refused: true, shape: shape(`\?.*\b(length|count|match|search|value)\(`)},
	{why: "brackets hold one kind of selector: names, indexes, one slice, one filter or *",
		refused: true, shape: shape(`\[[^\]]*,`)},
	{why: "a slice has no step",
		refused: true, shape: shape(`\[[^'"?]*:[^'"?]*:`)},
	{why: "no space stands between the parts of a path",
		refused: true, shape: shape(`[$\]\w]\s+[.\[]`)},
	{why: "several names give one object with these members",
		shape: shape(`\['[^']*'\s*,\s*'[^']*'\]$`)},
	{why: "a number equals the text that spells it",
		shape: shape(`[=!]=\s*["']?-?\d`)},
	{why: "only numbers and texts have an order",
		shape: shape(`[<>]=(true|false)`)},
	{why: "the filter of an object tests the object, not its members",
		shape: shape(`\?@`), objects: true},
	{why: "a path that may find several values may be compared: the list of them is",
		invalid: true, shape: shape(`[@$][^=<>!]*(\*|\.\.|\d:|,)[^=<>!]*[=<>!]`)},
	{why: "a word without quotes is a text",
		invalid: true, shape: shape(`==[A-Z]`)},
	{why: "a name behind a dot ends at a dot or bracket, whatever it holds",
		invalid: true, shape: shape(`^\$\.[^\w.*\[]`)},
	{why: "in quotes any character stands, and any behind a backslash",
		invalid: true, shape: shape(`(?s)^\$\[("[^"]*[\x00-\x1f\\].*"|'[^']*[\x00-\x1f\\].*')\]$`)},
	{why: "a number may begin with 0",
		invalid: true, shape: shape(`\[-?0\d*\]`)},
}

func rfcSuite(t testing.TB) []rfcCase {
	t.Helper()
	raw, err := os.ReadFile(recorded.Path(t, "conformance", "jsonpath", "cts.json"))
	if err != nil {
		t.Fatal(err)
	}
	var suite struct{ Tests []rfcCase }
	if err := json.Unmarshal(raw, &suite); err != nil {
		t.Fatal(err)
	}
	if len(suite.Tests) < 400 {
		t.Fatalf("the suite has only %d tests", len(suite.Tests))
	}
	return suite.Tests
}

// The RFC 9535 suite: no case panics, and each one that ends in another way than
// the RFC wants is of a kind that the table names.
func TestRFC9535Suite(t *testing.T) {
	suite := rfcSuite(t)
	agree, found := 0, make([]int, len(differences))
	for i := range suite {
		o := suite[i].run()
		if o.agrees {
			agree++
			continue
		}
		named := false
		for k := range differences {
			if differences[k].names(o) {
				named = true
				found[k]++
				break
			}
		}
		if !named {
			t.Errorf("%s: %q is another than in RFC 9535, for no reason that the table has", o.Name, o.Selector)
		}
	}
	t.Logf("figure: RFC 9535's suite: %d of %d agree", agree, len(suite))
	for k, d := range differences {
		t.Logf("%d: %s", found[k], d.why)
		if found[k] == 0 {
			t.Errorf("no case differs since %s", d.why)
		}
	}
}
