package graph

import (
	"strings"

	"stile/asl"
)

// ASCII gives a program as lines of text, in the order in which a reader follows
// it: each state in brackets with its type, under it an arrow for each transition
// ("-->", "~~>" for what Catch catches) and, behind a bar, what stands inside a
// Map or a Parallel. Only names and conditions bring other characters than
// ASCII's. The same program gives the same text.
func ASCII(p *asl.Program) string {
	w := &outline{}
	w.body(p.Body, "")
	return w.b.String()
}

type outline struct{ b strings.Builder }

func (w *outline) line(indent, text string) {
	w.b.WriteString(strings.TrimRight(indent+text, " ") + "\n")
}

func (w *outline) body(b *asl.Body, indent string) {
	w.line(indent, "(start) --> "+flat(b.StartAt.Name))
	for _, s := range inOrder(b) {
		w.line(indent, "")
		w.line(indent, "["+flat(s.Name)+"]  "+strings.ReplaceAll(strings.ReplaceAll(detail(s), "·", "-"), "…", "..."))
		for i, inside := range bodies(s) {
			if i > 0 {
				w.line(indent, "    +----")
			}
			w.body(inside, indent+"    | ")
		}
		for _, e := range exits(s) {
			switch e.kind {
			case CatchEdge:
				w.line(indent, "    ~~> "+flat(e.to.Name)+"  on "+flat(e.title))
			case ChoiceEdge:
				w.line(indent, "    --> "+flat(e.to.Name)+"  if "+flat(e.title))
			case DefaultEdge:
				w.line(indent, "    --> "+flat(e.to.Name)+"  else")
			default:
				w.line(indent, "    --> "+flat(e.to.Name))
			}
		}
		if ends(s) {
			w.line(indent, "    --> (end)")
		}
	}
}

// flat keeps text on its line.
func flat(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7F || r >= 0x80 && r < 0xA0 {
			return ' '
		}
		return r
	}, s)
}
