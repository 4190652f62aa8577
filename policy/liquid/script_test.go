package liquid

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what the templates gave into their scripts")

// TestTemplates runs testdata/*.txtar: a body (body.json or body.xml) and templates
// NAME.liquid, each with what it must give in NAME.want: its text, or its faults.
func TestTemplates(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		for _, f := range ar.Files {
			want[f.Name] = string(f.Data)
		}
		out := &txtar.Archive{Comment: ar.Comment}
		for _, f := range ar.Files {
			name, ok := strings.CutSuffix(f.Name, ".liquid")
			if strings.HasSuffix(f.Name, ".want") {
				continue
			}
			out.Files = append(out.Files, f)
			if !ok {
				continue
			}
			got := play(t, want, string(f.Data))
			out.Files = append(out.Files, txtar.File{Name: name + ".want", Data: []byte(got)})
			t.Run(filepath.Base(file)+"/"+name, func(t *testing.T) {
				if diff := cmp.Diff(want[name+".want"], got); diff != "" && !*update {
					t.Errorf("(-want +got)\n%s", diff)
				}
			})
		}
		if *update {
			if err := os.WriteFile(file, txtar.Format(out), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func play(t *testing.T, files map[string]string, text string) string {
	t.Helper()
	text = strings.TrimSuffix(text, "\n")
	tpl, faults := Compile(text)
	var b strings.Builder
	for _, f := range faults {
		kind := "error"
		if f.Warning {
			kind = "warning"
		}
		fmt.Fprintf(&b, "%s at %d: %s (%s)\n", kind, f.At, f.Message, f.Hint)
	}
	if tpl == nil {
		return b.String()
	}
	binding := Binding{Dates: files["dates"] == "", NilAsNull: files["null"] != ""}
	out, err := tpl.Render(&Env{Now: func() time.Time { return time.Date(2026, 1, 31, 7, 8, 9, 0, time.UTC) },
		Lookup: func(name string) (any, error) {
			switch {
			case name != "body":
				return nil, nil
			case files["body.xml"] != "":
				return binding.Body("text/xml; charset=utf-8", []byte(files["body.xml"]))
			}
			return binding.Body("application/json", []byte(files["body.json"]))
		}})
	if err != nil {
		return b.String() + "failed: " + err.Error() + "\n"
	}
	return b.String() + strings.TrimSuffix(string(out), "\n") + "\n"
}

// TestBudgets: whatever a template does, it ends, and says that it was cut.
func TestBudgets(t *testing.T) {
	for name, text := range map[string]string{
		"steps":   `{% for i in (1..5000) %}{% for j in (1..5000) %}{% assign x = j %}{% endfor %}{% endfor %}`,
		"range":   `{% for i in (1..2000000000) %}{% endfor %}`,
		"output":  `{% for i in (1..2000) %}aaaaaaaaaaaaaaaa{% endfor %}`,
		"memory":  `{% assign s = "aaaaaaaaaaaaaaaa" %}{% for i in (1..100) %}{% assign s = s | Append: s %}{% endfor %}`,
		"repeat":  `{{ "aaaaaaaaaaaaaaaa" | Times: 2000000000 | Join: "" }}`,
		"regex":   `{{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!" | Replace: "^(?=(a+)+$)b" }}`,
		"capture": `{% assign s = "a" %}{% for i in (1..100) %}{% capture s %}{{ s }}{{ s }}{% endcapture %}{% endfor %}`,
	} {
		t.Run(name, func(t *testing.T) {
			tpl, faults := Compile(text)
			if tpl == nil {
				t.Fatal(faults)
			}
			out, err := tpl.Render(&Env{Output: 20_000})
			if !errors.Is(err, ErrBudget) || out != nil {
				t.Errorf("gave %d bytes and %v", len(out), err)
			}
		})
	}
}

// TestBodiesBeyondTheBudget are refused, not bound in part.
func TestBodiesBeyondTheBudget(t *testing.T) {
	for name, c := range map[string]struct{ kind, body string }{
		"values": {"application/json", "[" + strings.Repeat("0,", maxValues) + "0]"},
		"depth":  {"text/xml", strings.Repeat("<a>", maxElements+2) + strings.Repeat("</a>", maxElements+2)},
	} {
		if v, err := (Binding{}).Body(c.kind, []byte(c.body)); !errors.Is(err, ErrBudget) || v != nil {
			t.Errorf("%s: gave %v", name, err)
		}
	}
}

// FuzzTemplate: a template compiles or has a fault inside its text; a rendering
// ends, and gives the same text again.
func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"{{ body.a | Upcase }}", "{% for x in body %}{{ x }}{% endfor %}", "{%- if a == 'b' and c -%}", "{% case x %}{% when 1 or 2 %}{% endcase %}",
		"{% raw %}{{ {% endraw %}", "{{ 'a' | Replace: '(', '$1' | Slice: -1, 3 }}", "{% tablerow i in (1..3) cols:2 %}{{ i }}{% endtablerow %}", "{% cycle 'n': 1, 2 %}"} {
		f.Add(s, `{"a":[1,2.5,"x",null,{"b":true}]}`)
	}
	f.Fuzz(func(t *testing.T, text, body string) {
		tpl, faults := Compile(text)
		failed := false
		for _, x := range faults {
			failed = failed || !x.Warning
			if x.At < 0 || x.At > len(text) || x.Width < 1 {
				t.Fatalf("fault outside the text: %+v", x)
			}
		}
		if failed != (tpl == nil) {
			t.Fatal("a template with faults, or none without")
		}
		if tpl == nil {
			return
		}
		play := func() (string, bool) {
			out, err := tpl.Render(&Env{Steps: 20_000, Memory: 1 << 20, Output: 1 << 16, Now: func() time.Time { return time.Time{} },
				Lookup: func(string) (any, error) {
					v, err := (Binding{Dates: true}).Body("application/json", []byte(body))
					if err != nil {
						v = body
					}
					return v, nil
				}})
			return string(out), err == nil
		}
		first, ok := play()
		if again, okAgain := play(); first != again || ok != okAgain {
			t.Fatalf("two renderings differ: %q %q", first, again)
		}
	})
}
