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

// anything is Values in which every name exists; each named value has this text.
type anything string

func (a anything) NamedValue(string) (text string, secret, ok bool) { return string(a), false, true }

// best compiles with texts of several kinds and gives the fewest errors.
func best(src policy.Source) (list diag.List) {
	for i, text := range []anything{"60", "https://host.example", "c2VjcmV0", "text", "3d1a2b4c-0000-4000-8000-0123456789ab"} {
		_, l := policy.Compile(src, Table(), text)
		if i == 0 || l.Errors() < list.Errors() {
			list = l
		}
	}
	return list
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

// TestCorpusCompile compiles every recorded document with all names defined. What
// it may report is policies and parts that this version lacks; everything else is
// logged by its code, and counted against what is known to be wrong in the
// documents themselves.
func TestCorpusCompile(t *testing.T) {
	for _, c := range []struct {
		folder string
		// other counts documents that are wrong in themselves: markup that is broken,
		// placeholders of templates, names that APIM does not know, sections where a
		// policy may not stand. expressions bounds the faults of package expr.
		clean, other, expressions int
	}{{"policies", 216, 19, 41}, {"policies-toolkit", 188, 29, 1}} {
		t.Run(c.folder, func(t *testing.T) {
			root := recorded.Path(t, "conformance", c.folder)
			codes := map[string]int{}
			clean, lacking, other := 0, 0, 0
			err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
				if err != nil || filepath.Ext(path) != ".xml" {
					return err
				}
				text, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				list := best(policy.Source{File: filepath.Base(path), Text: string(text)})
				lacks, wrong := false, false
				for _, f := range list {
					if f.Severity != "error" {
						continue
					}
					if f.Code == policy.CodeLacking {
						lacks = true
						continue
					}
					codes[f.Code]++
					if !strings.HasPrefix(f.Code, "STL-E") {
						wrong = true
						t.Log(f.String())
					}
				}
				switch {
				case wrong:
					other++
				case lacks:
					lacking++
				default:
					clean++
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for c := range codes {
				names = append(names, c)
			}
			slices.Sort(names)
			for _, c := range names {
				t.Logf("%s: %d", c, codes[c])
			}
			expressions := 0
			for code, n := range codes {
				if strings.HasPrefix(code, "STL-E") {
					expressions += n
				}
			}
			if clean < c.clean || other > c.other || expressions > c.expressions {
				t.Errorf("want at least %d that compile, at most %d with other faults and %d faults of expressions",
					c.clean, c.other, c.expressions)
			}
			t.Logf("%d documents compile, %d need a policy that is lacking, %d have other faults", clean, lacking, other)
		})
	}
}
