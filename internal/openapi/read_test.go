package openapi

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"stile/diag"
	"stile/internal/openapi/schema"
)

var update = flag.Bool("update", false, "write what Read gives into the testdata files")

// TestRead reads each description of testdata and compares what it gives with the
// file's last part, want.
func TestRead(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, path := range files {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			var want *txtar.File
			for i, f := range archive.Files {
				if f.Name == "want" {
					want = &archive.Files[i]
					continue
				}
				fmt.Fprintf(&out, "== %s\n", f.Name)
				doc, faults := Read(diag.NewSource(f.Name, string(f.Data)))
				dump(&out, doc, faults)
				if doc != nil && doc.Text() != string(f.Data) {
					t.Error(f.Name, "is not kept as it was")
				}
			}
			if *update {
				want.Data = []byte(out.String())
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(want.Data), out.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func dump(b *strings.Builder, doc *Document, faults diag.List) {
	for _, d := range faults {
		fmt.Fprintf(b, "%s %s\n", d.Severity, d)
		if d.Hint != "" {
			fmt.Fprintf(b, "    hint: %s\n", d.Hint)
		}
	}
	if doc == nil {
		return
	}
	fmt.Fprintf(b, "%s %s %q at %q\n", doc.Version, doc.MediaType(), doc.Title, doc.ServiceURL)
	for _, o := range doc.Operations {
		fmt.Fprintf(b, "operation %s %q %s %s line %d\n", o.ID, o.Name, o.Method, o.URLTemplate, o.Line)
		for _, p := range o.Parameters {
			parameter(b, p)
		}
		if o.Request != nil {
			fmt.Fprintf(b, "  body required %v\n", o.Request.Required)
			media(b, o.Request.Media)
		}
		for _, r := range o.Responses {
			fmt.Fprintf(b, "  %s %q\n", r.Status, r.Description)
			for _, h := range r.Headers {
				parameter(b, h)
			}
			media(b, r.Media)
		}
	}
}

func parameter(b *strings.Builder, p *Parameter) {
	fmt.Fprintf(b, "  %s %s required %v %s explode %v json %v %s samples %s\n", p.In, p.Name, p.Required, p.Style, p.Explode, p.JSON, shown(p.Schema), p.Samples)
}

func media(b *strings.Builder, list []*Media) {
	for _, m := range list {
		fmt.Fprintf(b, "    %s %s\n", m.Type, shown(m.Schema))
		for _, s := range m.Samples {
			fmt.Fprintf(b, "      %s: %s\n", s.Name, strings.ReplaceAll(string(s.Body), "\n", " "))
		}
	}
}

func shown(s *schema.Schema) string {
	if s == nil {
		return "any"
	}
	kinds, integer := s.Resolved().Types()
	text := kinds.String()
	if integer {
		text = "Integer"
	}
	if name := s.Definition(); name != "" {
		text += " " + name
	}
	return "<" + text + ">"
}
