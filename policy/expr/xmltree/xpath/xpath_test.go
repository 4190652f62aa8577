package xpath

import (
	"errors"
	"strings"
	"testing"

	"stile/policy/expr/xmltree"
)

const sample = `<r xmlns:p="u"><a n="3">x<b/></a><a n="10"/><p:a n="x" p:k="v"/><c>  two  words </c><!--z--><?pi d?></r>`

func parse(t *testing.T, s string) *xmltree.Node {
	t.Helper()
	doc, err := xmltree.Parse(s, xmltree.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func spaces(prefix string) (string, bool) { return "u", prefix == "q" }

// TestNodes: what the expressions find, by names and values in document order.
func TestNodes(t *testing.T) {
	doc := parse(t, sample)
	for text, want := range map[string]string{
		"/r/a": "a a", "//a/@n": "@3 @10", "//*": "r a b a a c", "//q:a": "a", "//q:*": "a", "//@q:k": "@v",
		"/r/a[2]": "a", "//a[@n>5]/@n": "@10", "//*[@n][last()]/@n": "@x", "/r/*[1]/@n": "@3", "//b/..": "a",
		"//b/ancestor::*": "r a", "//b/ancestor::*[1]": "a", "//c/preceding-sibling::*[1]/@n": "@x", "//a[1]/following-sibling::*": "a a c",
		"//text()": "'x' '  two  words '", "//comment()": "'z'", "//processing-instruction('pi')": "'d'", "//processing-instruction('no')": "",
		"//c[normalize-space()='two words']": "c", "//*[local-name()='a' and namespace-uri()='u']": "a", "//*[name()='p:a']": "a",
		"//a[starts-with(@n,'1')]/@n": "@10", "//*[contains(@n,'x')]/@n": "@x", "//a[not(b)]/@n": "@10", "//a[string-length(@n)=2]/@n": "@10",
		"//c | //b": "b c", "(//a)[1]/@n": "@3", "//a[position()=2]/@n": "@10", "//a[count(b)=1]/@n": "@3", "//a[@n=3 or @n=10]/@n": "@3 @10",
		"//a[@n mod 2 = 0]/@n": "@10", "//a[@n - 7 = 3]/@n": "@10", "//a[-@n = -3]/@n": "@3", "//a[@n div 2 = 1.5]/@n": "@3",
		"//a[substring(@n,1,1)='1']/@n": "@10", "//a[translate(@n,'13','ab')='b']/@n": "@3", "//a[sum(//a/@n)=13]/@n": "@3 @10",
		"//a[concat(@n,'!')='3!']/@n": "@3", "//a[floor(3.7)=3 and ceiling(3.2)=4 and round(2.5)=3]/@n": "@3 @10",
		"//b/following::*": "a a c", "//c/preceding::*": "a b a a", "//b/self::b": "b", "//a/descendant-or-self::node()": "a 'x' b a",
		"/": "#", "//a[true() and not(false())]/@n": "@3 @10", "//*[@*='v']": "a", "//a[.='x']/@n": "@3", "//a['']": "",
	} {
		e, err := Compile(text, spaces)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		list, err := e.Nodes(doc, xmltree.Free{})
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		var names []string
		for _, r := range list {
			switch {
			case r.Attr != nil:
				names = append(names, "@"+r.Attr.Value)
			case r.Node.Kind == xmltree.Document:
				names = append(names, "#")
			case r.Node.Kind == xmltree.Element:
				names = append(names, r.Node.Name.Local)
			default:
				names = append(names, "'"+r.Node.Value+"'")
			}
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestFaults(t *testing.T) {
	doc := parse(t, sample)
	for text, want := range map[string]string{
		"r[1": "'r[1' has an invalid token.", "count(//r)": noNodes, "count(1,2)": "Function 'count' in 'count(1,2)' has an invalid number of arguments.",
		"": noNodes, "//z:a": "Namespace prefix 'z' is not defined.", "f(1)": "Function 'f()' is not supported here.", "'x": "This is an unclosed string.",
		"r[$x]": "'r[$x]' has an invalid token.", strings.Repeat("(", 100) + "r" + strings.Repeat(")", 100): "The xpath query is too complex.",
		"1 | r": noNodes,
	} {
		e, err := Compile(text, spaces)
		if err == nil {
			_, err = e.Nodes(doc, xmltree.Free{})
		}
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

// spent is a Budget that panics when its steps are used up.
type spent struct{ steps int }

func (s *spent) Work(n int) {
	if s.steps -= n; s.steps < 0 {
		panic(s)
	}
}
func (*spent) Grow(int) {}

// TestBudget: predicates in predicates multiply, and the budget ends them.
func TestBudget(t *testing.T) {
	doc := parse(t, "<r>"+strings.Repeat("<a/>", 200)+"</r>")
	e, err := Compile("//*[count(//*[count(//*) > 1]) > 1]", spaces)
	if err != nil {
		t.Fatal(err)
	}
	budget := &spent{100_000}
	defer func() {
		if r := recover(); r != any(budget) {
			t.Errorf("the search ended with %v", r)
		}
	}()
	_, err = e.Nodes(doc, budget)
	t.Errorf("the search ended, with %v", err)
}
