package asl

import (
	"fmt"
	"strconv"
	"strings"

	"stile/diag"
	"stile/jsonval"
)

// maxNesting is how deep calls of intrinsic functions may stand in one another.
const maxNesting = 10

// call is a compiled call of an intrinsic function.
type call struct {
	fn   *intrinsic
	args []arg
}

// arg is a literal or an expression.
type arg struct {
	literal jsonval.Value
	// template is the inside of a literal text with its escapes, for Format.
	template string
	expr     *Expr
}

// compileCall reads "States.Name(args…)".
func compileCall(text string) (*call, error) {
	p := &callParser{text: text}
	c, err := p.call(1)
	if err != nil {
		return nil, err
	}
	if p.space(); p.pos != len(text) {
		return nil, p.fail("text behind the call")
	}
	return c, nil
}

type callParser struct {
	text string
	pos  int
}

func (p *callParser) fail(reason string) error {
	return fmt.Errorf("%s at offset %d", reason, p.pos)
}

func (p *callParser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

func (p *callParser) space() {
	for p.pos < len(p.text) && strings.IndexByte(" \t\n\r", p.text[p.pos]) >= 0 {
		p.pos++
	}
}

func (p *callParser) call(depth int) (*call, error) {
	start := p.pos
	for p.pos < len(p.text) && (p.peek() == '.' || isAlnum(p.peek())) {
		p.pos++
	}
	name := p.text[start:p.pos]
	fn := intrinsics[name]
	if fn == nil {
		p.pos = start
		return nil, p.fail("expected a path that begins with $ or a call such as States.Format(…)")
	}
	if depth > maxNesting {
		return nil, p.fail("calls are nested deeper than 10")
	}
	if p.peek() != '(' {
		return nil, p.fail("expected ( behind " + name)
	}
	p.pos++
	c := &call{fn: fn}
	p.space()
	for p.peek() != ')' {
		if len(c.args) > 0 {
			if p.peek() != ',' {
				return nil, p.fail("expected , or )")
			}
			p.pos++
			p.space()
		}
		a, err := p.arg(depth)
		if err != nil {
			return nil, err
		}
		if err := fn.takes(len(c.args), a.literal); err != nil {
			return nil, p.fail(name + " " + err.Error())
		}
		c.args = append(c.args, a)
		p.space()
	}
	p.pos++
	if n := len(c.args); n < fn.min || fn.max >= 0 && n > fn.max {
		return nil, p.fail(fmt.Sprintf("%s does not take %d arguments", name, n))
	}
	return c, nil
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func (p *callParser) arg(depth int) (arg, error) {
	switch c := p.peek(); {
	case c == '\'':
		return p.literal()
	case c == '$':
		text := p.path()
		e, err := compilePath(text)
		return arg{expr: e}, err
	case c == 'S':
		start := p.pos
		inner, err := p.call(depth + 1)
		if err != nil {
			return arg{}, err
		}
		return arg{expr: &Expr{text: p.text[start:p.pos], kind: exprCall, call: inner}}, nil
	}
	start := p.pos
	for p.pos < len(p.text) && (isAlnum(p.peek()) || strings.IndexByte("+-.", p.peek()) >= 0) {
		p.pos++
	}
	v, err := jsonval.ParseString(p.text[start:p.pos])
	if err != nil {
		p.pos = start
		return arg{}, p.fail("expected a path, a text in single quotes, a number, true, false, null or a call")
	}
	return arg{literal: v}, nil
}

// literal reads '…'; a backslash stands before ' { } and itself only.
func (p *callParser) literal() (arg, error) {
	start := p.pos + 1
	var b strings.Builder
	for p.pos++; p.pos < len(p.text); p.pos++ {
		switch c := p.text[p.pos]; c {
		case '\'':
			a := arg{literal: jsonval.OfString(b.String()), template: p.text[start:p.pos]}
			p.pos++
			return a, nil
		case '\\':
			if p.pos++; strings.IndexByte(`'{}\`, p.peek()) < 0 || p.peek() == 0 {
				return arg{}, p.fail(`a backslash may only stand before ' { } and \`)
			}
			b.WriteByte(p.peek())
		default:
			b.WriteByte(c)
		}
	}
	return arg{}, p.fail("the text in quotes does not end")
}

// path gives the text of a path argument: up to a comma, a closing parenthesis
// or a space that is not inside brackets, quotes or the path's own parentheses.
func (p *callParser) path() string {
	start, depth := p.pos, 0
	quote := byte(0)
	for ; p.pos < len(p.text); p.pos++ {
		c := p.text[p.pos]
		switch {
		case quote != 0:
			if c == '\\' {
				p.pos++
			} else if c == quote {
				quote = 0
			}
		case depth > 0 && (c == '\'' || c == '"'):
			quote = c
		case c == '[' || c == '(':
			depth++
		case c == ']' || c == ')' && depth > 0:
			depth--
		case depth == 0 && (c == ',' || c == ')' || c == ' ' || c == '\n' || c == '\t' || c == '\r'):
			return p.text[start:p.pos]
		}
	}
	p.pos = min(p.pos, len(p.text))
	return p.text[start:p.pos]
}

// nearestIntrinsic finds the function that a misspelt call may mean.
func nearestIntrinsic(text string) (string, bool) {
	name, _, ok := strings.Cut(strings.TrimSpace(text), "(")
	if !ok || intrinsics[name] != nil || strings.HasPrefix(name, "$") {
		return "", false
	}
	return diag.Nearest(name, intrinsicNames)
}

// evalCall evaluates the arguments, then the function. whole is the expression that
// the call stands in: AWS's causes name that one, not the call that failed.
func (e *Expr) evalCall(s *Scope, whole string) (jsonval.Value, *EvalError) {
	c := e.call
	args := make([]jsonval.Value, len(c.args))
	size := 0
	for i := range c.args {
		v, err := c.argument(i, s, whole)
		if err != nil {
			return v, err
		}
		if size += len(v.Raw()); size > maxBuilt {
			return v, tooLarge()
		}
		args[i] = v
	}
	v, err := c.fn.eval(&callScope{Scope: s, args: args, call: c})
	switch {
	case err != nil:
		return v, &EvalError{Name: ErrIntrinsicFailure, Cause: fmt.Sprintf("The function '%s' had the following error: %s", whole, err)}
	case len(v.Raw()) > maxBuilt:
		return v, tooLarge()
	}
	return v, nil
}

// argument evaluates argument i.
func (c *call) argument(i int, s *Scope, whole string) (jsonval.Value, *EvalError) {
	a := &c.args[i]
	switch {
	case a.expr == nil:
		return a.literal, nil
	case a.expr.kind == exprCall:
		return a.expr.evalCall(s, whole)
	}
	v, err := a.expr.find(s)
	if err == nil {
		return v, nil
	}
	if unfit(err) {
		return v, runtimeError(err.Error())
	}
	path := a.expr.text
	if a.expr.kind == exprContext {
		path = path[1:] // AWS names the path within the context object, and the input all the same
	}
	return v, runtimeError(fmt.Sprintf("The function '%s' had the following error: "+
		"The JsonPath argument for the field '%s' could not be found in the input '%s'", whole, path, s.Input.Text()))
}

// callScope is what one call of a function reads.
type callScope struct {
	*Scope
	args []jsonval.Value
	call *call
}

// The getters below give one argument by number in its kind, or an error that
// names the place.

func (c *callScope) text(i int) (string, error) {
	s, ok := c.args[i].Str()
	if !ok {
		return "", c.wrong(i, "a string")
	}
	return s, nil
}

func (c *callScope) array(i int) ([]jsonval.Value, error) {
	if c.args[i].Kind() != jsonval.ArrayKind {
		return nil, c.wrong(i, "an array")
	}
	return c.args[i].Items(), nil
}

// integer rounds half up, as AWS does with every whole-number argument.
func (c *callScope) integer(i int) (int64, error) {
	n, ok := roundHalfUp(c.args[i])
	if !ok {
		return 0, c.wrong(i, "a number")
	}
	return n, nil
}

func (c *callScope) wrong(i int, want string) error {
	return fmt.Errorf("argument %s must be %s, but was %s", strconv.Itoa(i+1), want, c.args[i].Kind())
}
