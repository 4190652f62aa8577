package graph

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"

	"stile/asl"
)

// TestTextGolden compares Mermaid and lines of text with what was looked at and
// found good. STILE_UPDATE=1 writes it anew.
func TestTextGolden(t *testing.T) {
	names, err := filepath.Glob("testdata/text/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no definitions: %v", err)
	}
	for _, name := range names {
		a, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		p := compiled(t, string(a.Files[0].Data))
		got := append(a.Files[:1:1], txtar.File{Name: "chart.mmd", Data: []byte(Mermaid(p))}, txtar.File{Name: "lines.txt", Data: []byte(ASCII(p))})
		if os.Getenv("STILE_UPDATE") != "" {
			a.Files = got
			if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if d := cmp.Diff(string(txtar.Format(a)), string(txtar.Format(&txtar.Archive{Comment: a.Comment, Files: got}))); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// Every state stands once in both texts, and a label ends where its quote does,
// whatever the name.
func TestTextsHoldEveryState(t *testing.T) {
	const name = "a\\\"];end --> x | `b` <i> \\u0007 ü"
	p := compiled(t, `{"StartAt":"`+name+`","States":{"`+name+`":{"Type":"Pass","Next":"B"},"B":{"Type":"Succeed"}}}`)
	chart := Mermaid(p)
	line := regexp.MustCompile(`^(flowchart TD|    (start\(\(" "\)\)|s\d+) (-->|-\. "[^"]*" \.->|-- "[^"]*" -->) (s\d+|finish\(\(" "\)\))|    s\d+(\["[^"]*"\]|\(\["[^"]*"\]\)|\{"[^"]*"\}))$`)
	for _, l := range strings.Split(strings.TrimSuffix(chart, "\n"), "\n") {
		if !line.MatchString(l) {
			t.Errorf("not a line of a flowchart: %q", l)
		}
	}
	for _, s := range p.Ordered {
		if n := strings.Count(chart, "\n    "+mermaidID(s)+"["); n+strings.Count(chart, "\n    "+mermaidID(s)+"(") != 1 {
			t.Errorf("%s stands %d times", s.Name, n)
		}
		if n := strings.Count(ASCII(p), "["+flat(s.Name)+"]"); n != 1 {
			t.Errorf("%s stands %d times among the lines", s.Name, n)
		}
	}
}

// Whatever the program: each state stands once, each transition once, and every
// subgraph ends.
func TestTextsOfAnyProgram(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := random(t)
		chart, lines := Mermaid(p), ASCII(p)
		arrows, boxes := strings.Count(chart, ">")-strings.Count(chart, "<br/>"), 0
		want := 0
		for _, s := range p.Ordered {
			if !strings.Contains(lines, "["+flat(s.Name)+"]") || !strings.Contains(chart, " "+mermaidID(s)) {
				t.Fatalf("%s is not drawn:\n%s\n%s", s.Name, chart, lines)
			}
			want += len(exits(s))
			boxes += len(bodies(s))
			if s.Type == asl.Parallel {
				boxes++
			}
		}
		for _, s := range p.Body.States {
			if ends(s) {
				want++
			}
		}
		want++ // the start
		for _, s := range p.Ordered {
			want += len(bodies(s)) // theirs
		}
		if n := strings.Count(chart, "subgraph "); n != boxes || strings.Count(chart, " end\n") != boxes {
			t.Errorf("%d subgraphs of %d:\n%s", n, boxes, chart)
		}
		if arrows != want {
			t.Errorf("%d lines of %d:\n%s", arrows, want, chart)
		}
	})
}
