package policies

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"stile/policy"
)

// TestReference holds the table against what the pages of the policies say
// (testdata/reference.txt), both ways: sections, scopes, attributes with whether they
// are required, may be expressions, and their defaults, and the elements below. What
// differs stands in testdata/deviations.txt, each with its reason; a line of it that
// no longer holds is a fault too.
func TestReference(t *testing.T) {
	known := map[string]string{}
	for _, line := range dataLines(t, "testdata/deviations.txt") {
		what, reason, ok := strings.Cut(line, " — ")
		if !ok || strings.TrimSpace(reason) == "" {
			t.Errorf("a deviation without a reason: %s", line)
		}
		known[strings.TrimSpace(what)] = reason
	}
	var found []string
	pages := map[string]page{}
	for _, line := range dataLines(t, "testdata/reference.txt") {
		p := readPage(t, line)
		pages[p.name] = p
	}
	for _, d := range Table().Descriptors() {
		p, ok := pages[d.Name]
		if !ok {
			found = append(found, d.Name+": no page")
			continue
		}
		delete(pages, d.Name)
		found = append(found, p.compare(&d)...)
	}
	for name := range pages {
		found = append(found, name+": not in the table")
	}
	for _, f := range found {
		if known[f] == "" {
			t.Errorf("differs from the reference: %s", f)
		}
		delete(known, f)
	}
	for f := range known {
		t.Errorf("no longer differs: %s", f)
	}
}

// TestOlderNames: the policies of language models have the same schema under both names.
func TestOlderNames(t *testing.T) {
	schemas := map[string]policy.Schema{}
	for _, d := range Table().Descriptors() {
		schemas[d.Name] = d.Schema
	}
	n := 0
	for name, schema := range schemas {
		if rest, ok := strings.CutPrefix(name, "azure-openai-"); ok {
			n++
			if diff := cmp.Diff(schemas["llm-"+rest], schema); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	}
	if n < 4 {
		t.Errorf("only %d older names", n)
	}
}

// dataLines gives the lines of a file that are no comments.
func dataLines(t *testing.T, file string) (out []string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if line := strings.TrimSpace(s.Text()); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

// page is one line of the reference.
type page struct {
	name, sections, scopes string
	attributes             []string            // as marked: name!E=default
	elements               map[string][]string // attributes by element; nil where the page lists none
}

func readPage(t *testing.T, line string) page {
	t.Helper()
	f := strings.Split(line, "|")
	if len(f) != 5 {
		t.Fatalf("not five columns: %s", line)
	}
	for i := range f {
		f[i] = strings.TrimSpace(f[i])
	}
	p := page{name: f[0], sections: f[1], scopes: f[2], attributes: strings.Fields(f[3]), elements: map[string][]string{}}
	for _, word := range strings.Fields(f[4]) {
		name, inside, _ := strings.Cut(strings.TrimSuffix(word, "}"), "{")
		if p.elements[name] == nil {
			p.elements[name] = []string{}
		}
		for _, sub := range strings.Split(inside, ",") {
			switch attr, ok := strings.CutPrefix(sub, "@"); {
			case ok:
				p.elements[name] = append(p.elements[name], attr)
			case sub != "" && p.elements[sub] == nil:
				p.elements[sub] = []string{}
			}
		}
	}
	return p
}

func (p page) compare(d *policy.Descriptor) (out []string) {
	differ := func(format string, args ...any) { out = append(out, p.name+": "+fmt.Sprintf(format, args...)) }
	if d.Lacking != "" {
		differ("left for later")
		return out
	}
	if got := strings.ReplaceAll(d.Sections.String(), ", ", ","); got != p.sections {
		differ("sections %s, the page has %s", got, p.sections)
	}
	if got := strings.ReplaceAll(d.Scopes.String(), ", ", ","); got != p.scopes {
		differ("scopes %s, the page has %s", got, p.scopes)
	}
	want := map[string]string{}
	for _, a := range p.attributes {
		name := a[:strings.IndexAny(a+"!", "!?E=")]
		want[name] = strings.ReplaceAll(strings.Replace(a[len(name):], "?", "", 1), "_", " ")
	}
	for i := range d.Schema.Attributes {
		a := &d.Schema.Attributes[i]
		said, ok := want[a.Name]
		delete(want, a.Name)
		switch got := marked(a); {
		case !ok && a.Lacking == "":
			differ("@%s, which the page has not", a.Name)
		case ok && a.Lacking != "":
			differ("@%s left for later", a.Name)
		case ok && got != said:
			differ("@%s%s, the page has %s", a.Name, got, a.Name+said)
		}
	}
	for _, name := range sorted(want) {
		differ("no @%s", name)
	}
	elements := map[string][]string{}
	below(&d.Schema, elements)
	for _, name := range sorted(elements) {
		said, ok := p.elements[name]
		if !ok {
			differ("<%s>, which the page has not", name)
			continue
		}
		for _, a := range said {
			if !slices.Contains(elements[name], a) {
				differ("no <%s %s>", name, a)
			}
		}
		for _, a := range elements[name] {
			if len(said) > 0 && !slices.Contains(said, a) {
				differ("<%s %s>, which the page has not", name, a)
			}
		}
	}
	for _, name := range sorted(p.elements) {
		if elements[name] == nil {
			differ("no <%s>", name)
		}
	}
	return out
}

// marked writes an attribute's properties as the reference does.
func marked(a *policy.Attribute) (out string) {
	if a.Required {
		out += "!"
	}
	if a.Expression {
		out += "E"
	}
	if a.Default != "" {
		out += "=" + a.Default
	}
	return out
}

// below collects the elements at any depth with their attributes.
func below(s *policy.Schema, out map[string][]string) {
	for i := range s.Children {
		c := &s.Children[i]
		if out[c.Name] == nil {
			out[c.Name] = []string{}
		}
		for _, a := range c.Schema.Attributes {
			if !slices.Contains(out[c.Name], a.Name) {
				out[c.Name] = append(out[c.Name], a.Name)
			}
		}
		below(&c.Schema, out)
	}
}

func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
