package graph

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"

	"stile/asl"
	"stile/diag"
)

func compiled(t testing.TB, text string) *asl.Program {
	t.Helper()
	p, list := asl.Parse(diag.NewSource("test.asl.json", text))
	if list.HasErrors() {
		t.Fatal(list)
	}
	return p
}

// TestGolden compares the SVG of definitions with what was looked at and found
// good. STILE_UPDATE=1 writes it anew.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no definitions: %v", err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			p := compiled(t, string(a.Files[0].Data))
			got := Of(p).SVG(SVGOptions{})
			checkLayout(t, Of(p))
			checkLabels(t, Of(p))
			if os.Getenv("STILE_UPDATE") != "" {
				a.Files = append(a.Files[:1], txtar.File{Name: "picture.svg", Data: []byte(got)})
				if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if len(a.Files) < 2 {
				t.Fatal("no picture: look at one, then keep it with STILE_UPDATE=1")
			}
			if d := cmp.Diff(string(a.Files[1].Data), got); d != "" {
				t.Errorf("picture (-want +got):\n%s", d)
			}
			if again := Of(p).SVG(SVGOptions{}); again != got {
				t.Error("the same program gives another picture")
			}
		})
	}
}

func TestTextIsEscaped(t *testing.T) {
	const evil = `</text><script>alert(1)</script>" onload='x' & \u0001`
	p := compiled(t, `{"StartAt":"`+strings.ReplaceAll(evil, `"`, `\"`)+`","States":{"`+strings.ReplaceAll(evil, `"`, `\"`)+`":{"Type":"Succeed"}}}`)
	got := Of(p).SVG(SVGOptions{Title: evil, Standalone: true, Class: func(string) string { return "failed" }})
	if strings.Contains(got, "<script") || strings.Contains(got, `" onload`) {
		t.Errorf("markup got through:\n%s", got)
	}
	state := p.Ordered[0].Name
	found := false
	for _, e := range elements(t, got) {
		for _, at := range e.Attr {
			if at.Name.Local == "data-state" {
				found = at.Value == strings.ReplaceAll(state, "\x01", "\uFFFD")
			}
		}
	}
	if !found {
		t.Errorf("data-state is not the state's name:\n%s", got)
	}
	if !strings.Contains(got, `class="node failed"`) || !strings.Contains(got, ">✖<") {
		t.Errorf("class or mark is missing:\n%s", got)
	}
}

// elements parses SVG, so that anything that is not well-formed fails.
func elements(t testing.TB, text string) (out []xml.StartElement) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if e, ok := tok.(xml.StartElement); ok {
			out = append(out, e.Copy())
		}
	}
}

type fataler interface {
	Helper()
	Errorf(string, ...any)
}

// checkLayout holds the invariants of every layout.
func checkLayout(t fataler, l *Layout) {
	t.Helper()
	at := map[string]Node{}
	for i, n := range l.Nodes {
		if n.X < 0 || n.Y < 0 || n.X+n.W > l.Width || n.Y+n.H > l.Height {
			t.Errorf("%s %v is outside of %dx%d", n.ID, n.Rect, l.Width, l.Height)
		}
		at[n.ID] = n
		for _, m := range l.Nodes[:i] {
			if overlap(n.Rect, m.Rect) && !(m.Kind == BoxNode && inside(n.Rect, m.Rect)) {
				t.Errorf("%s %v overlaps %s %v", n.ID, n.Rect, m.ID, m.Rect)
			}
		}
	}
	for _, e := range l.Edges {
		from, to := at[e.From], at[e.To]
		first, last := e.Points[0], e.Points[len(e.Points)-1]
		if first.Y != from.Y+from.H || first.X < from.X || first.X > from.X+from.W {
			t.Errorf("edge %s → %s begins at %v, not on %v", e.From, e.To, first, from.Rect)
		}
		if last.Y != to.Y || last.X < to.X || last.X > to.X+to.W {
			t.Errorf("edge %s → %s ends at %v, not on %v", e.From, e.To, last, to.Rect)
		}
		if e.Curve && len(e.Points)%3 != 1 {
			t.Errorf("edge %s → %s has %d points", e.From, e.To, len(e.Points))
		}
		for _, p := range e.Points {
			if p.X < 0 || p.Y < 0 || p.X > l.Width || p.Y > l.Height {
				t.Errorf("edge %s → %s leaves the picture at %v", e.From, e.To, p)
			}
		}
		for _, n := range l.Nodes {
			if n.ID != e.From && n.ID != e.To && crosses(e, n) {
				t.Errorf("edge %s → %s %v crosses %s %v", e.From, e.To, e.Points, n.ID, n.Rect)
			}
		}
	}
}

// checkLabels holds that no label lies on a state or on another label.
func checkLabels(t fataler, l *Layout) {
	t.Helper()
	var labels []Rect
	for _, e := range l.Edges {
		if e.Label == "" {
			continue
		}
		w := textWidth(e.Label)
		r := Rect{e.At.X - w/2, e.At.Y - 10, w, 12}
		for _, n := range l.Nodes {
			if overlap(r, n.Rect) && !(n.Kind == BoxNode && inside(r, n.Rect)) {
				t.Errorf("label %q %v lies on %s %v", e.Label, r, n.ID, n.Rect)
			}
		}
		for _, other := range labels {
			if overlap(r, other) {
				t.Errorf("label %q %v lies on another %v", e.Label, r, other)
			}
		}
		labels = append(labels, r)
	}
}

func overlap(a, b Rect) bool {
	return a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H
}

func inside(a, b Rect) bool {
	return a.X >= b.X && a.Y >= b.Y && a.X+a.W <= b.X+b.W && a.Y+a.H <= b.Y+b.H
}

// crosses looks at the straight parts of a line and at the hull of its bends. A
// box that holds both ends is no obstacle.
func crosses(e Edge, n Node) bool {
	if n.Kind == BoxNode && inside(hull(e.Points), n.Rect) {
		return false
	}
	step := 1
	if e.Curve {
		step = 3
	}
	for i := 0; i+step < len(e.Points); i += step {
		r := hull(e.Points[i : i+step+1])
		if r.X < n.X+n.W && n.X < r.X+max(r.W, 1) && r.Y < n.Y+n.H && n.Y < r.Y+max(r.H, 1) {
			return true
		}
	}
	return false
}

func hull(points []Point) Rect {
	x0, y0, x1, y1 := points[0].X, points[0].Y, points[0].X, points[0].Y
	for _, p := range points {
		x0, y0, x1, y1 = min(x0, p.X), min(y0, p.Y), max(x1, p.X), max(y1, p.Y)
	}
	return Rect{x0, y0, x1 - x0, y1 - y0}
}

// random builds a program straight from states, cycles and all.
func random(t *rapid.T) *asl.Program {
	p := &asl.Program{States: map[string]*asl.State{}}
	var body func(depth int) *asl.Body
	body = func(depth int) *asl.Body {
		n := rapid.IntRange(1, 12).Draw(t, "states")
		b := &asl.Body{}
		for range n {
			s := &asl.State{Index: len(p.Ordered), Type: asl.Pass}
			s.Name = fmt.Sprint("S", s.Index, strings.Repeat("x", rapid.IntRange(0, 40).Draw(t, "length")))
			p.Ordered = append(p.Ordered, s)
			p.States[s.Name] = s
			b.States = append(b.States, s)
		}
		pick := func() *asl.State { return b.States[rapid.IntRange(0, n-1).Draw(t, "target")] }
		b.StartAt = pick()
		for _, s := range b.States {
			switch rapid.IntRange(0, 5).Draw(t, "shape") {
			case 0:
				s.End = true
			case 1:
				s.Type, s.Choice = asl.Choice, &asl.ChoiceFields{Default: pick()}
				continue
			case 2:
				s.Catch = append(s.Catch, asl.Catcher{ErrorEquals: []string{"States.ALL", "Other.Error"}, Next: pick()}, asl.Catcher{ErrorEquals: []string{"E"}, Next: pick()})
				s.Next = pick()
			case 3:
				if depth < 2 {
					s.Type = asl.Parallel
					s.Parallel = []*asl.Body{body(depth + 1), body(depth + 1)}
				}
				s.Next = pick()
			case 4:
				if depth < 2 {
					s.Type, s.Map = asl.Map, &asl.MapFields{Processor: body(depth + 1)}
				}
				s.End = true
			default:
				s.Next = pick()
			}
		}
		return b
	}
	p.Body = body(0)
	return p
}

func TestAnyProgramIsLaidOutWell(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := random(t)
		l := Of(p)
		checkLayout(t, l)
		checkLabels(t, l)
		states := 0
		for _, n := range l.Nodes {
			if n.State != "" {
				states++
			}
		}
		if states != len(p.Ordered) {
			t.Errorf("%d of %d states are drawn", states, len(p.Ordered))
		}
	})
}

// TestWorkGrowsWithSize lays out a long chain in which every state may fail to
// one handler and go back to the first: far more lines than there is room for
// inside, so most must go through lanes.
func TestWorkGrowsWithSize(t *testing.T) {
	const n = 2000
	p := &asl.Program{}
	handler := &asl.State{Name: "Handler", Type: asl.Fail, Index: n}
	for i := range n {
		s := &asl.State{Name: "S" + strconv.Itoa(i), Type: asl.Task, Index: i}
		s.Catch = []asl.Catcher{{ErrorEquals: []string{"States.ALL"}, Next: handler}}
		if i > 0 {
			p.Ordered[i-1].Next = s
			s.Catch = append(s.Catch, asl.Catcher{ErrorEquals: []string{"Again"}, Next: p.Ordered[0]})
		}
		p.Ordered = append(p.Ordered, s)
	}
	p.Body = &asl.Body{StartAt: p.Ordered[0], States: append(p.Ordered, handler)}
	l := Of(p)
	if want := 1 + n - 1 + n + n - 1 + 2; len(l.Edges) != want {
		t.Errorf("%d edges, want %d", len(l.Edges), want)
	}
	// One lane on each side is enough, since all lines of a side have one target.
	if l.Width > 600 {
		t.Errorf("the picture is %d wide", l.Width)
	}
	bends := 0
	for _, e := range l.Edges {
		bends += len(e.Points)
	}
	if bends > 30*n {
		t.Errorf("%d points for %d states", bends, n)
	}
}
