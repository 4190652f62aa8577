package policies

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stile/diag"
	"stile/internal/recorded"
	"stile/policy"
	"stile/policy/exchange"
)

// anything is Values in which every name exists; a named value has the text that
// stands for it here, else the first filler.
type anything map[string]string

func (a anything) NamedValue(name string) (text string, secret, ok bool) {
	if _, asked := a[name]; !asked {
		a[name] = policy.Fillers()[0]
	}
	return a[name], false, true
}

func (anything) Fragment(id string) (policy.Source, bool) {
	return policy.Source{File: id, Text: "<fragment />"}, true
}

func (anything) Backend(id string) (exchange.Backend, bool) {
	return exchange.Backend{ID: id, BaseURL: "http://backend.example"}, true
}

func (anything) Certificate(id string) (policy.Certificate, bool) {
	return policy.Certificate{ID: id}, true
}

func (anything) Certificates() []string { return nil }

func (anything) Schema(id string) (policy.StoredSchema, bool) {
	return policy.StoredSchema{ID: id}, true
}

func (anything) Schemas() []string { return nil }

// whole compiles a document with all names defined. For each named value it takes
// the filler that leaves the fewest errors: what a value must be is known from where
// it stands.
func whole(src policy.Source) diag.List {
	values := anything{}
	_, list := policy.Compile(src, Table(), values)
	var names []string
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, filler := range policy.Fillers() {
			if !list.HasErrors() {
				return list
			}
			kept := values[name]
			values[name] = filler
			if _, again := policy.Compile(src, Table(), values); again.Errors() < list.Errors() {
				list = again
			} else {
				values[name] = kept
			}
		}
	}
	return list
}

// kinds counts what becomes of documents.
type kinds struct {
	whole, later, placeholder, broken int
}

// TestCorpusCompile compiles every recorded document with all names defined. A
// document may be refused for what is left for later, which is counted by policy, for
// a placeholder of a template that nobody filled in, and for what is wrong in itself,
// which docs/conformance.md explains.
func TestCorpusCompile(t *testing.T) {
	for _, c := range []struct {
		folder string
		least  kinds // whole at least, the others at most
	}{{"policies", kinds{306, 15, 16, 11}}, {"policies-toolkit", kinds{400, 74, 0, 11}}} {
		t.Run(c.folder, func(t *testing.T) {
			root := recorded.Path(t, "conformance", c.folder)
			var got kinds
			later := map[string]int{}
			err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
				if err != nil || filepath.Ext(path) != ".xml" {
					return err
				}
				text, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				src := policy.Source{File: filepath.Base(path), Text: string(text)}
				if tree, _ := policy.Parse(src); tree.Text() != src.Text {
					t.Errorf("%s: prints other bytes than it was read from", path)
				}
				list := whole(src)
				got.add(t, src, list, later)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range sortedKeys(later) {
				t.Logf("left for later: %s in %d documents", name, later[name])
			}
			sound, loose := got.whole+got.placeholder+got.broken, got.whole+got.placeholder
			t.Logf("figure: documents of %s: %d compile whole, %d use what is left for later, %d have placeholders, %d are wrong in themselves; %.1f %% of the others pass loosely",
				c.folder, got.whole, got.later, got.placeholder, got.broken, 100*float64(loose)/float64(sound))
			if got.whole < c.least.whole || got.later > c.least.later || got.placeholder > c.least.placeholder || got.broken > c.least.broken {
				t.Errorf("%+v; want %+v or better", got, c.least)
			}
		})
	}
}

func (k *kinds) add(t *testing.T, src policy.Source, list diag.List, later map[string]int) {
	lacks, wrong := map[string]bool{}, false
	for _, f := range list {
		switch {
		case f.Severity != "error":
		case f.Code == policy.CodeLacking:
			lacks[area(t, f.Message)] = true
		default:
			wrong = true
		}
	}
	for name := range lacks {
		later[name]++
	}
	switch loose := policy.CheckLoose(src, Table(), nil); {
	case wrong && !onlyLacking(loose):
		k.broken++
		for _, f := range loose {
			if f.Severity == "error" && f.Code != policy.CodeLacking {
				t.Logf("%s", f.String())
			}
		}
	case len(lacks) > 0:
		k.later++
	case wrong:
		k.placeholder++
	default:
		k.whole++
	}
}

// area names what a refused part belongs to: the list of what is left for later, and
// XML Schema.
func area(t *testing.T, message string) string {
	for _, a := range [][2]string{{"semantic-cache", "semantic cache"}, {"content-safety", "content safety"}, {"dapr", "Dapr"}, {"darp", "Dapr"},
		{"attribute sf-", "Service Fabric"}, {"xsl-transform", "XSLT"}, {`validate-as="xml"`, "XML Schema"}, {`validate-as="soap"`, "SOAP"},
		{"graphql", "GraphQL"}, {"data-source", "GraphQL"}, {"publish-event", "GraphQL"}} {
		if strings.Contains(message, a[0]) {
			return a[1]
		}
	}
	t.Errorf("refused, and not left for later: %s", message)
	return message
}

// onlyLacking reports whether the errors of a list are of parts left for later alone.
func onlyLacking(list diag.List) bool {
	return !slices.ContainsFunc(list, func(d diag.Diagnostic) bool { return d.Severity == "error" && d.Code != policy.CodeLacking })
}

func sortedKeys(m map[string]int) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
