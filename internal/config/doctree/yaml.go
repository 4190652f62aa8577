package doctree

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"stile/diag"
)

// ParseYAML reads one YAML document. An empty document gives a nil Node and no
// fault. Tags and merge keys are refused, since they change what the text says.
func ParseYAML(src *diag.Source) (*Node, diag.List) {
	if len(src.Text()) > MaxBytes {
		return nil, diag.List{place(src, 1, 1, CodeSyntax, fmt.Sprintf("the document is larger than %d bytes", MaxBytes), "")}
	}
	file, err := parser.ParseBytes([]byte(src.Text()), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, diag.List{yamlFault(src, err)}
	}
	r := &yamlReader{src: src, anchors: map[string]*Node{}}
	var root *Node
	for _, d := range file.Docs {
		if d.Body == nil {
			continue
		}
		if root != nil {
			r.fault(d.Body.GetToken(), CodeSyntax, "a second document in one file", "keep one document; remove the `---`")
			break
		}
		root = r.node(d.Body, 0)
	}
	return root, r.faults.Sort()
}

func yamlFault(src *diag.Source, err error) diag.Diagnostic {
	var e yaml.Error
	if !errors.As(err, &e) || e.GetToken() == nil {
		return place(src, 1, 1, CodeSyntax, "not readable YAML: "+firstLine(err.Error()), "")
	}
	p := e.GetToken().Position
	return place(src, p.Line, p.Column, CodeSyntax, "not readable YAML: "+firstLine(e.GetMessage()), "")
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

type yamlReader struct {
	src     *diag.Source
	faults  diag.List
	anchors map[string]*Node
	nodes   int
	full    bool
	keys    keySets
}

func (r *yamlReader) fault(tk *token.Token, code, message, hint string) {
	line, column := 1, 1
	if tk != nil && tk.Position != nil {
		line, column = tk.Position.Line, tk.Position.Column
	}
	r.faults = append(r.faults, place(r.src, line, column, code, message, hint))
}

// take counts a node; false once the tree is too large.
func (r *yamlReader) take(tk *token.Token, depth, n int) bool {
	r.nodes += n
	if !r.full && (r.nodes > MaxNodes || depth > MaxDepth) {
		r.full = true
		r.fault(tk, CodeSyntax, fmt.Sprintf("the document has more than %d values or nests deeper than %d", MaxNodes, MaxDepth), "")
	}
	return !r.full
}

func (r *yamlReader) node(n ast.Node, depth int) *Node {
	tk := n.GetToken()
	if !r.take(tk, depth, 1) {
		return &Node{}
	}
	out := &Node{Line: tk.Position.Line, Column: tk.Position.Column}
	switch v := n.(type) {
	case *ast.NullNode:
	case *ast.BoolNode:
		out.Kind, out.Text = Bool, fmt.Sprint(v.Value)
	case *ast.IntegerNode, *ast.FloatNode:
		text, ok := numberText(tk.Value)
		if !ok {
			r.fault(tk, CodeValue, "the number "+tk.Value+" cannot be written in JSON", "quote it, or write it in decimal")
		}
		out.Kind, out.Text = Number, text
	case *ast.InfinityNode, *ast.NanNode:
		r.fault(tk, CodeValue, tk.Value+" is no JSON number", "quote it, or write a finite number")
	case *ast.StringNode:
		out.Kind, out.Text = String, v.Value
	case *ast.LiteralNode:
		out.Kind, out.Text = String, v.Value.Value
	case *ast.SequenceNode:
		out.Kind = List
		for _, it := range v.Values {
			out.Items = append(out.Items, r.node(it, depth+1))
		}
	case *ast.MappingNode:
		out.Kind = Map
		for _, m := range v.Values {
			r.member(out, m, depth)
		}
		if len(out.Members) > 0 && !v.IsFlowStyle {
			out.Line, out.Column = out.Members[0].Line, out.Members[0].Column
		}
	case *ast.MappingValueNode:
		out.Kind = Map
		r.member(out, v, depth)
	case *ast.AnchorNode:
		out = r.node(v.Value, depth+1)
		r.anchors[v.Name.GetToken().Value] = out
	case *ast.AliasNode:
		return r.alias(v, depth)
	case *ast.TagNode:
		r.fault(tk, CodeSyntax, "the tag "+tk.Value+" is not allowed", "remove the tag; quote the value if it is text")
	default:
		r.fault(tk, CodeSyntax, "unexpected "+strings.ToLower(n.Type().String()), "")
	}
	return out
}

func (r *yamlReader) alias(v *ast.AliasNode, depth int) *Node {
	name := v.Value.GetToken().Value
	target, ok := r.anchors[name]
	if !ok {
		r.fault(v.Value.GetToken(), CodeSyntax, "no anchor &"+name+" stands before this alias", "")
		return &Node{Line: v.GetToken().Position.Line, Column: v.GetToken().Position.Column}
	}
	r.take(v.GetToken(), depth+depthOf(target), count(target))
	if r.full {
		return &Node{}
	}
	return target
}

func count(n *Node) int {
	total := 1
	for _, it := range n.Items {
		total += count(it)
	}
	for _, m := range n.Members {
		total += count(m.Value)
	}
	return total
}

func depthOf(n *Node) int {
	deepest := 0
	for _, it := range n.Items {
		deepest = max(deepest, depthOf(it)+1)
	}
	for _, m := range n.Members {
		deepest = max(deepest, depthOf(m.Value)+1)
	}
	return deepest
}

func (r *yamlReader) member(out *Node, m *ast.MappingValueNode, depth int) {
	tk := m.Key.GetToken()
	if m.Key.IsMergeKey() {
		r.fault(tk, CodeSyntax, "merge keys (<<) are not allowed", "write the keys out")
		return
	}
	name := tk.Value
	switch k := m.Key.(type) {
	case *ast.StringNode:
		name = k.Value
	case *ast.MappingKeyNode:
		r.fault(tk, CodeSyntax, "keys with `?` are not allowed", "write `key: value`")
		return
	}
	if r.keys.twice(out, name) {
		r.fault(tk, CodeDuplicate, "the key "+quoted(name)+" stands twice", "remove one of them")
		return
	}
	out.Members = append(out.Members, Member{Name: name, Line: tk.Position.Line, Column: tk.Position.Column,
		Value: r.node(m.Value, depth+1)})
}
