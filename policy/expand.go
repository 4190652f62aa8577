package policy

import (
	"fmt"
	"slices"
	"strings"

	"stile/diag"
)

// unknownValue is a {{name}} that no named value has; whether it is a fault is
// known once the tree is there, for comments and Liquid templates may hold any.
type unknownValue struct {
	name string
	at   int // in the tree's text
}

// expand puts the named values into a document's text, wherever {{name}} stands
// (also inside expressions and their strings), and remembers what came from
// where. A named value's text is not searched again.
func expand(src Source, v Values) (t *Tree, used []string, unknown []unknownValue) {
	t = &Tree{src: diag.NewSource(src.File, src.Text)}
	s, from := src.Text, 0
	var b strings.Builder
	for i := 0; ; {
		n := strings.Index(s[i:], "{{")
		if n < 0 {
			break
		}
		at := i + n
		name := valueName(s[at+2:])
		if name == "" {
			i = at + 1
			continue
		}
		i = at + len(name) + 4
		text, secret, ok := v.NamedValue(name)
		if !ok {
			unknown = append(unknown, unknownValue{name, b.Len() + at - from})
			continue
		}
		if !slices.Contains(used, name) {
			used = append(used, name)
		}
		t.own(&b, s[from:at], from)
		start := b.Len()
		b.WriteString(text)
		t.spans = append(t.spans, span{from: start, to: b.Len(), src: at, name: name, secret: secret})
		if secret && text != "" && !slices.Contains(t.secrets, text) {
			t.secrets = append(t.secrets, text)
		}
		from = i
	}
	if from == 0 {
		t.text = s
		return t, used, unknown
	}
	t.own(&b, s[from:], from)
	t.text = b.String()
	return t, used, unknown
}

// own appends a stretch of the user's own text.
func (t *Tree) own(b *strings.Builder, text string, src int) {
	start := b.Len()
	b.WriteString(text)
	t.spans = append(t.spans, span{from: start, to: b.Len(), src: src})
}

// valueName reads the display name of a named value that "}}" follows; empty
// where none stands. Names have letters, digits, '.', '-' and '_'.
func valueName(s string) string {
	for i := 0; i < len(s) && i <= 256; i++ {
		c := s[i]
		switch {
		case c == '}' && i > 0 && strings.HasPrefix(s[i:], "}}"):
			return s[:i]
		case c != '-' && c != '.' && c != ':' && !nameStart(c) && (c < '0' || c > '9'):
			return ""
		case c == ':':
			return ""
		}
	}
	return ""
}

// unknownFaults reports the names that stand where a named value is meant.
func (t *Tree) unknownFaults(unknown []unknownValue, v Values) diag.List {
	if len(unknown) == 0 {
		return nil
	}
	var free [][2]int
	t.freeText(t.Nodes, &free)
	var list diag.List
	for _, u := range unknown {
		inside := slices.ContainsFunc(free, func(f [2]int) bool { return f[0] <= u.at && u.at < f[1] })
		if inside {
			continue
		}
		hint := "define it, or correct its name"
		if near, ok := diag.Nearest(u.name, namesOf(v, NamedValueNames)); ok {
			hint = fmt.Sprintf("did you mean {{%s}}?", near)
		}
		list = append(list, t.place(u.at, len(u.name)+4, diag.Diagnostic{Code: CodeNamedValue, Severity: diag.Error,
			Message: fmt.Sprintf("unknown named value %q", u.name), Hint: hint}))
	}
	return list
}

// freeText collects the stretches where {{…}} is no named value: comments and
// Liquid templates.
func (t *Tree) freeText(nodes []Node, out *[][2]int) {
	for _, n := range nodes {
		switch {
		case n.Kind == CommentNode:
			*out = append(*out, [2]int{n.content.at, n.content.at + len(n.content.raw)})
		case n.Kind == ElementNode:
			if a := n.Element.Attr("template"); a != nil && a.Value == "liquid" {
				*out = append(*out, [2]int{n.Element.inner, n.Element.innerEnd})
			}
			t.freeText(n.Element.Children, out)
		}
	}
}
