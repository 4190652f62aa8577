package asl

import (
	"strings"

	"stile/diag"
	"stile/jsonpath"
	"stile/jsonval"
)

// Template is a compiled payload template: JSON in which a member whose name
// ends with ".$" takes the value of its expression, or of a JSONata state JSON in
// which a string "{% … %}" is an expression.
type Template struct {
	literal jsonval.Value // set where nothing inside is dynamic
	expr    *Expr         // set for a ".$" member's value
	query   *query        // set for a "{% … %}"
	field   string        // the ".$" member's name, for messages
	names   []string      // of an object's members, in order, without ".$"
	parts   []*Template   // of an object or array
	object  bool
}

// maxBuilt is how many bytes a template or a call of a function may build, before the
// payload limit is asked: a document of 1 MB can name its input 50,000 times.
const maxBuilt = jsonpath.MaxBytes

// tooLarge is the error of what would be more. It lacks AWS's words, which name the state.
func tooLarge() *EvalError {
	return &EvalError{Name: ErrDataLimitExceeded, Cause: "The value is too large to be built."}
}

// Eval builds the value in compact JSON, members in the template's order.
func (t *Template) Eval(s *Scope) (jsonval.Value, *EvalError) {
	if t.literal.Exists() {
		return t.literal, nil
	}
	if t.expr != nil {
		return t.expr.member(s, t.field)
	}
	if t.query != nil {
		return t.query.eval(s)
	}
	var o jsonval.Object
	var a jsonval.Array
	size := 0
	for i, p := range t.parts {
		v, err := p.Eval(s)
		if err != nil {
			return v, err
		}
		if size += len(v.Raw()); size > maxBuilt {
			return v, tooLarge()
		}
		if t.object {
			o.Add(t.names[i], v)
		} else {
			a.Add(v)
		}
	}
	if t.object {
		return o.Value(), nil
	}
	return a.Value(), nil
}

// Names gives the member names of an object template, in order: the variables of
// an Assign.
func (t *Template) Names() []string { return t.names }

// Expressions calls f with every JSONPath expression of the template, in order.
func (t *Template) Expressions(f func(*Expr)) {
	if t.expr != nil {
		f(t.expr)
	}
	for _, p := range t.parts {
		p.Expressions(f)
	}
}

// template compiles a payload template at pointer path. Faults of nested fields
// have the template's own pointer, as on AWS, and their own place.
func (c *compiler) template(n *node, path string) *Template {
	if c.inJSONata() {
		return c.queryTemplate(n, path)
	}
	switch n.kind {
	case jsonval.ObjectKind:
		return c.objectTemplate(n, path)
	case jsonval.ArrayKind:
		t := &Template{}
		dynamic := false
		for _, m := range n.items {
			p := c.template(m, path)
			dynamic = dynamic || !p.literal.Exists()
			t.parts = append(t.parts, p)
		}
		if dynamic {
			return t
		}
	}
	return &Template{literal: n.value(c.src).Compact()}
}

func (c *compiler) objectTemplate(n *node, path string) *Template {
	t := &Template{object: true}
	dynamic := false
	seen := map[string]bool{}
	for _, m := range n.members {
		name, isExpr := strings.CutSuffix(m.name, ".$")
		if seen[name] && !n.doubled(m) {
			c.named(m, CodeSchema, diag.Error, path, "The fields '"+name+"' and '"+name+".$' give the same name",
				"keep one of the two")
			continue
		}
		seen[name] = true
		p := &Template{}
		if isExpr {
			p.expr, p.field = c.templateExpr(m, path), m.name
			dynamic = true
		} else {
			p = c.template(m.value, path)
			dynamic = dynamic || !p.literal.Exists()
		}
		t.names, t.parts = append(t.names, name), append(t.parts, p)
	}
	if !dynamic {
		return &Template{literal: n.value(c.src).Compact(), names: t.names}
	}
	return t
}

func (c *compiler) templateExpr(m member, path string) *Expr {
	reason := "the value is " + m.value.kind.String() + ", not a string"
	if m.value.kind == jsonval.String {
		e, err := compileExpr(m.value.text)
		if err == nil {
			c.reading(e, m.value, path)
			return e
		}
		reason = err.Error()
	}
	c.wrong(m.value, path, "The value for the field '"+m.name+
		"' must be a valid JSONPath or a valid intrinsic function call", exprHint(m.value, reason))
	return &Expr{text: m.value.text}
}

// exprHint says what is wrong with an expression, and for a misspelt function
// which one may be meant.
func exprHint(n *node, reason string) string {
	if n.kind == jsonval.String {
		if name, ok := nearestIntrinsic(n.text); ok {
			return reason + "; did you mean " + name + "?"
		}
	}
	return reason
}
