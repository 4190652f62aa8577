package graph

import (
	"fmt"
	"strconv"
	"strings"
)

// SVGOptions says how a layout is drawn.
type SVGOptions struct {
	// Class gives the class of a state by its name; nil or "" means idle. It must be
	// a plain word.
	Class func(state string) string
	// Title names the picture for those who cannot see it.
	Title string
	// Standalone adds the style that a page would bring.
	Standalone bool
}

// Sign is what stands for a class beside its colour, so that a state's condition
// is readable without colour; empty for idle and unknown classes.
func Sign(class string) string {
	switch class {
	case "running":
		return "▶"
	case "succeeded":
		return "✔"
	case "failed":
		return "✖"
	case "caught":
		return "↷"
	case "retrying":
		return "↻"
	case "waiting":
		return "◷"
	case "aborted":
		return "■"
	}
	return ""
}

// SVG draws the layout. Every state is one element
//
//	<g class="node CLASS" id="s-N" data-state="NAME" data-type="TYPE" …>
//
// whose class, mark and label a script may change; all text is escaped.
func (l *Layout) SVG(o SVGOptions) string {
	w := &svg{o: o}
	title := o.Title
	if title == "" {
		title = "State machine"
	}
	w.f(`<svg xmlns="http://www.w3.org/2000/svg" class="asl-graph" role="group" aria-label="%s" viewBox="0 0 %d %d" width="%d" height="%d">`+"\n",
		escape(title), l.Width, l.Height, l.Width, l.Height)
	if o.Standalone {
		w.f("<style>%s</style>\n", Style)
	}
	w.f("<defs>%s%s</defs>\n", marker("arrow"), marker("arrow-catch"))
	for i := range l.Nodes {
		if l.Nodes[i].Kind == BoxNode {
			w.node(&l.Nodes[i])
		}
	}
	for _, b := range l.Branches {
		w.f(`<rect class="branch" fill="none" x="%d" y="%d" width="%d" height="%d" rx="6"/>`+"\n", b.X, b.Y, b.W, b.H)
	}
	for i := range l.Edges {
		w.edge(&l.Edges[i])
	}
	for i := range l.Nodes {
		if l.Nodes[i].Kind != BoxNode {
			w.node(&l.Nodes[i])
		}
	}
	w.f("</svg>\n")
	return w.b.String()
}

func marker(id string) string {
	return `<marker id="` + id + `" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z"/></marker>`
}

type svg struct {
	b strings.Builder
	o SVGOptions
}

func (w *svg) f(format string, args ...any) { fmt.Fprintf(&w.b, format, args...) }

func (w *svg) node(n *Node) {
	cx := n.X + n.W/2
	switch n.Kind {
	case StartMark, EndMark:
		w.f(`<g class="mark %s" id="%s"><title>%s</title><circle cx="%d" cy="%d" r="%d"/></g>`+"\n",
			n.ID, n.ID, n.ID, cx, n.Y+n.H/2, n.W/2-2)
		return
	}
	class := ""
	if w.o.Class != nil {
		class = w.o.Class(n.State)
	}
	if class == "" {
		class = "idle"
	}
	kind := "node"
	if n.Kind == BoxNode {
		kind = "node box"
	}
	name := escape(n.State)
	w.f(`<g class="%s %s" id="%s" data-state="%s" data-type="%s" tabindex="0" role="img" aria-label="%s, %s, %s">`,
		kind, class, n.ID, name, n.Type, name, n.Type, class)
	w.f(`<title>%s</title><rect x="%d" y="%d" width="%d" height="%d" rx="7"/>`, name, n.X, n.Y, n.W, n.H)
	top := n.Y + 5
	w.f(`<text class="name" x="%d" y="%d">%s</text>`, cx, top+14, escape(clip(n.State, maxText)))
	w.f(`<text class="detail" x="%d" y="%d">%s</text>`, cx, top+29, escape(n.Detail))
	w.f(`<text class="sign" x="%d" y="%d">%s</text></g>`+"\n", n.X+n.W-10, n.Y+15, Sign(class))
}

func (w *svg) edge(e *Edge) {
	arrow := "arrow"
	if e.Kind == CatchEdge {
		arrow = "arrow-catch"
	}
	w.f(`<g class="edge %s" data-from="%s" data-to="%s">`, e.Kind, e.From, e.To)
	if e.Title != "" {
		w.f("<title>%s</title>", escape(e.Title))
	}
	w.f(`<path d="%s" fill="none" marker-end="url(#%s)"/>`, e.path(), arrow)
	if e.Label != "" {
		w.f(`<text x="%d" y="%d">%s</text>`, e.At.X, e.At.Y, escape(e.Label))
	}
	w.f("</g>\n")
}

// path gives the line as SVG path data.
func (e *Edge) path() string {
	var b strings.Builder
	for i, p := range e.Points {
		switch {
		case i == 0:
			b.WriteByte('M')
		case !e.Curve:
			b.WriteByte('L')
		case i%3 == 1:
			b.WriteByte('C')
		default:
			b.WriteByte(' ')
		}
		b.WriteString(strconv.Itoa(p.X) + " " + strconv.Itoa(p.Y))
	}
	return b.String()
}

// escape makes text safe in SVG text and attribute values. What XML forbids
// altogether becomes U+FFFD.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '"':
			b.WriteString("&quot;")
		case r == '\'':
			b.WriteString("&#39;")
		case r < 0x20 && r != '\t' && r != '\n' && r != '\r', r == 0xFFFE, r == 0xFFFF:
			b.WriteRune(0xFFFD)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
