package graph

import (
	"fmt"
	"strconv"
	"strings"

	"stile/asl"
)

// Mermaid gives a program as a flowchart in Mermaid's language: a node for each
// state under its ID without the dash (s0, s1 …), a subgraph for a Map and for a
// Parallel with its branches, dashed lines for what Catch catches. The same
// program gives the same text.
func Mermaid(p *asl.Program) string {
	w := &mermaid{}
	w.line(0, "flowchart TD")
	w.body(p.Body, "", 1)
	return w.b.String()
}

type mermaid struct{ b strings.Builder }

func (w *mermaid) line(depth int, format string, args ...any) {
	w.b.WriteString(strings.Repeat("    ", depth))
	fmt.Fprintf(&w.b, format+"\n", args...)
}

// body writes nodes, then lines; prefix tells its marks from those of others.
func (w *mermaid) body(b *asl.Body, prefix string, depth int) {
	states := inOrder(b)
	w.line(depth, `%sstart((" ")) --> %s`, prefix, mermaidID(b.StartAt))
	for _, s := range states {
		w.state(s, depth)
	}
	for _, s := range states {
		for _, e := range exits(s) {
			w.line(depth, "%s %s %s", mermaidID(s), arrow(e), mermaidID(e.to))
		}
		if prefix == "" && ends(s) {
			w.line(depth, `%s --> finish((" "))`, mermaidID(s))
		}
	}
}

func (w *mermaid) state(s *asl.State, depth int) {
	id, inside := mermaidID(s), bodies(s)
	label := mermaidText(s.Name) + "<br/>" + mermaidText(detail(s))
	switch {
	case len(inside) > 0:
		w.line(depth, `subgraph %s["%s"]`, id, label)
		for i, b := range inside {
			prefix := id + "b" + strconv.Itoa(i)
			if s.Type == asl.Parallel {
				w.line(depth+1, `subgraph %s["branch %d"]`, prefix, i+1)
				w.body(b, prefix, depth+2)
				w.line(depth+1, "end")
				continue
			}
			w.body(b, prefix, depth+1)
		}
		w.line(depth, "end")
	case s.Type == asl.Choice:
		w.line(depth, `%s{"%s"}`, id, label)
	case s.Type == asl.Succeed, s.Type == asl.Fail:
		w.line(depth, `%s(["%s"])`, id, label)
	default:
		w.line(depth, `%s["%s"]`, id, label)
	}
}

func mermaidID(s *asl.State) string { return "s" + strconv.Itoa(s.Index) }

func arrow(e exit) string {
	label := mermaidText(e.title)
	switch {
	case e.kind == CatchEdge:
		return `-. "` + label + `" .->`
	case label != "":
		return `-- "` + label + `" -->`
	}
	return "-->"
}

// mermaidText makes text safe between the quotes of a label: Mermaid writes
// characters as #NAME; or #NUMBER;.
func mermaidText(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case strings.ContainsRune("\"#&<>`\\;", r):
			b.WriteString("#" + strconv.Itoa(int(r)) + ";")
		case r < 0x20:
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
