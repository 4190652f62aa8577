package syntax

import (
	"fmt"
	"strconv"
	"strings"
)

// sketch draws a tree in one line: (op parts), with what stands on a node behind it
// in braces: k keepArray, c consarray, t tuple, ^n ancestor, @v, #v, ?filter, {group}.
func sketch(n Node) string {
	if n == nil {
		return "-"
	}
	text := ""
	switch n := n.(type) {
	case *Number:
		text = strconv.FormatFloat(n.Value, 'g', -1, 64)
	case *String:
		text = strconv.Quote(n.Value)
	case *Bool:
		text = strconv.FormatBool(n.Value)
	case *Null:
		text = "null"
	case *Regex:
		text = "/" + n.Pattern + "/" + n.Flags
	case *Variable:
		text = "$" + n.Name
	case *Name:
		text = n.Value
	case *Wildcard:
		text = "*"
	case *Descendant:
		text = "**"
	case *Parent:
		text = "%" + strconv.Itoa(n.Slot.Label)
	case *Placeholder:
		text = "?"
	case *Path:
		text = "(." + sketches(n.Steps) + ")"
		if n.KeepSingleton {
			text += "s"
		}
	case *Sort:
		text = "(^"
		for _, t := range n.Terms {
			text += " " + map[bool]string{true: ">"}[t.Descending] + sketch(t.Expr)
		}
		text += ")"
	case *Binary:
		text = "(" + n.Op.String() + sketches([]Node{n.Left, n.Right}) + ")"
	case *Negate:
		text = "(neg " + sketch(n.Operand) + ")"
	case *Array:
		text = "([]" + sketches(n.Items) + ")"
	case *Object:
		text = "({}" + sketchPairs(n.Pairs) + ")"
	case *Block:
		text = "(;" + sketches(n.Items) + ")"
	case *Condition:
		text = "(if" + sketches([]Node{n.Cond, n.Then, n.Else}) + ")"
	case *Default:
		text = "(" + map[bool]string{true: "??", false: "?:"}[n.Coalesce] + sketches([]Node{n.Left, n.Right}) + ")"
	case *Bind:
		text = "(:= $" + n.Name + " " + sketch(n.Value) + ")"
	case *Apply:
		text = "(~>" + sketches([]Node{n.Left, n.Right}) + ")"
	case *Call:
		text = "(" + map[bool]string{true: "tail", false: "call"}[n.Tail] + " " + sketch(n.Procedure) + sketches(n.Args) + ")"
	case *Partial:
		text = "(part " + sketch(n.Procedure) + sketches(n.Args) + ")"
	case *Lambda:
		text = "(fn [" + strings.Join(n.Params, " ") + "] "
		if n.Signature != nil {
			text += n.Signature.Text + " "
		}
		text += sketch(n.Body) + ")"
	case *Transform:
		text = "(|" + sketches([]Node{n.Pattern, n.Update, n.Delete}) + ")"
	}
	return text + marks(n.Base())
}

func marks(c *Common) string {
	var out []string
	add := func(when bool, text string) {
		if when {
			out = append(out, text)
		}
	}
	add(c.KeepArray, "k")
	add(c.ConsArray, "c")
	add(c.Tuple, "t")
	if c.Ancestor != nil {
		out = append(out, fmt.Sprint("^", c.Ancestor.Label))
	}
	add(c.Focus != "", "@"+c.Focus)
	add(c.Index != "", "#"+c.Index)
	for _, p := range c.Predicates {
		out = append(out, "?"+sketch(p.Expr))
	}
	for _, s := range c.Stages {
		if s.Expr == nil {
			out = append(out, "!#"+s.Index)
		} else {
			out = append(out, "!"+sketch(s.Expr))
		}
	}
	if c.Group != nil {
		out = append(out, "group"+sketchPairs(c.Group.Pairs))
	}
	if len(out) == 0 {
		return ""
	}
	return "{" + strings.Join(out, " ") + "}"
}

func sketches(list []Node) (text string) {
	for _, n := range list {
		text += " " + sketch(n)
	}
	return text
}

func sketchPairs(pairs []Pair) (text string) {
	for _, p := range pairs {
		text += " " + sketch(p.Key) + ":" + sketch(p.Value)
	}
	return text
}
