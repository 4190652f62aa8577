package odata

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

func present(value string, _ Version) error {
	if strings.TrimSpace(value) == "" {
		return errors.New("it is empty")
	}
	return nil
}

func wholeNumber(value string, _ Version) error {
	if value == "" || strings.Trim(value, "0123456789") != "" || len(value) > 18 {
		return errors.New("it is not a whole number")
	}
	return nil
}

func integer(value string, v Version) error { return wholeNumber(strings.TrimPrefix(value, "-"), v) }

func boolean(value string, v Version) error { return oneOf("true", "false")(value, v) }

func oneOf(list ...string) func(string, Version) error {
	return func(value string, _ Version) error {
		if !slices.Contains(list, value) {
			return fmt.Errorf("it is neither %s", strings.Join(list, " nor "))
		}
		return nil
	}
}

func levels(value string, v Version) error {
	if value == "max" {
		return nil
	}
	return wholeNumber(value, v)
}

// balanced checks brackets and quotes alone, for the pipelines of $apply.
func balanced(value string, v Version) error {
	if err := present(value, v); err != nil {
		return err
	}
	_, err := split(value, "")
	return err
}

// split cuts text at signs that stand in no bracket and no quotes.
func split(text, signs string) (parts []string, err error) {
	var open []byte
	from := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\'':
			n := strings.IndexByte(text[i+1:], '\'')
			if n < 0 {
				return nil, errors.New("a quote is not closed")
			}
			i += n + 1
		case c == '(' || c == '[' || c == '{':
			if open = append(open, c); len(open) > maxDepth {
				return nil, errDeep
			}
		case c == ')' || c == ']' || c == '}':
			if len(open) == 0 || open[len(open)-1] != map[byte]byte{')': '(', ']': '[', '}': '{'}[c] {
				return nil, fmt.Errorf("'%c' closes nothing", c)
			}
			open = open[:len(open)-1]
		case len(open) == 0 && strings.IndexByte(signs, c) >= 0:
			parts = append(parts, text[from:i])
			from = i + 1
		}
	}
	if len(open) > 0 {
		return nil, fmt.Errorf("'%c' is not closed", open[len(open)-1])
	}
	return append(parts, text[from:]), nil
}

func orderBy(value string, v Version) error {
	parts, err := split(value, ",")
	if err != nil {
		return err
	}
	for _, p := range parts {
		p = strings.TrimSpace(p)
		for _, way := range []string{" asc", " desc"} {
			p = strings.TrimSpace(strings.TrimSuffix(p, way))
		}
		if err := expression(p, v); err != nil {
			return err
		}
	}
	return nil
}

func compute(value string, v Version) error {
	parts, err := split(value, ",")
	if err != nil {
		return err
	}
	for _, p := range parts {
		i := strings.LastIndex(p, " as ")
		if i < 0 || !path(strings.TrimSpace(p[i+4:])) {
			return errors.New("each expression needs a name behind \"as\"")
		}
		if err := expression(p[:i], v); err != nil {
			return err
		}
	}
	return nil
}

// selection is $select: paths, *, and NAMESPACE.*, with options in brackets since 4.01.
func selection(value string, v Version) error {
	parts, err := split(value, ",")
	if err != nil {
		return err
	}
	for _, p := range parts {
		if err := item(strings.TrimSpace(p), v, v >= 401); err != nil {
			return err
		}
	}
	return nil
}

// expand is $expand: paths, since 4.0 with options in brackets.
func expand(value string, v Version) error {
	parts, err := split(value, ",")
	if err != nil {
		return err
	}
	for _, p := range parts {
		if err := item(strings.TrimSpace(p), v, v >= 400); err != nil {
			return err
		}
	}
	return nil
}

// item is one path of $select or $expand with its options.
func item(text string, v Version, may bool) error {
	name, rest, bracket := strings.Cut(text, "(")
	name = strings.TrimSpace(name)
	base := strings.TrimSuffix(strings.TrimSuffix(name, "/$ref"), "/$count")
	if base != "*" && !path(strings.TrimSuffix(strings.TrimSuffix(base, ".*"), "/*")) {
		return fmt.Errorf("%q is not a path", name)
	}
	if !bracket {
		return nil
	}
	inside, ok := strings.CutSuffix(strings.TrimSpace(rest), ")")
	if !ok || !may {
		return fmt.Errorf("%q has options, which cannot stand here", name)
	}
	if strings.Count(inside, "(") > maxDepth {
		return errDeep
	}
	parts, err := split(inside, ";")
	if err != nil {
		return err
	}
	for _, p := range parts {
		key, value, _ := strings.Cut(p, "=")
		key = strings.TrimSpace(key)
		if bare, dollar := strings.CutPrefix(key, "$"); dollar || v >= 401 {
			o, known := options(bare)
			if !known || v < o.from || v > o.to {
				return fmt.Errorf("%q is not an option of OData %s", key, v)
			}
			if err := o.check(strings.TrimSpace(value), v); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
			continue
		}
		return fmt.Errorf("%q is not an option", key)
	}
	return nil
}

// path reports whether text is names joined by slashes and points.
func path(text string) bool {
	if text == "" {
		return false
	}
	for _, name := range strings.FieldsFunc(strings.ReplaceAll(text, "/", "./."), func(r rune) bool { return r == '.' }) {
		if name != "/" && !identifier(name) {
			return false
		}
	}
	return !strings.HasPrefix(text, "/") && !strings.HasSuffix(text, "/") && !strings.Contains(text, "//") && !strings.Contains(text, "..")
}

// search is $search: words and phrases with AND, OR, NOT and brackets.
func search(value string, _ Version) error {
	p := &parser{}
	for i := 0; i < len(value); {
		switch c := value[i]; {
		case c == ' ' || c == '\t':
			i++
		case c == '"':
			n := strings.IndexByte(value[i+1:], '"')
			if n < 0 {
				return errors.New("a quote is not closed")
			}
			p.tokens = append(p.tokens, token{kind: literalToken})
			i += n + 2
		case c == '(' || c == ')':
			p.tokens = append(p.tokens, token{kind: signToken, text: string(c)})
			i++
		default:
			n := strings.IndexAny(value[i:], " \t()\"")
			if n < 0 {
				n = len(value) - i
			}
			word := token{kind: literalToken, text: value[i : i+n]}
			if word.text == "AND" || word.text == "OR" || word.text == "NOT" {
				word.kind = wordToken
			}
			p.tokens = append(p.tokens, word)
			i += n
		}
	}
	if err := p.search(0); err != nil {
		return err
	}
	return p.done()
}

func (p *parser) search(depth int) error {
	if depth > maxDepth {
		return errDeep
	}
	for {
		for p.take("NOT") {
		}
		switch {
		case p.take("("):
			if err := p.search(depth + 1); err != nil {
				return err
			}
			if !p.take(")") {
				return errors.New("'(' is not closed")
			}
		case p.peek().kind == literalToken:
			p.i++
		default:
			return errors.New("a word is missing")
		}
		switch t := p.peek(); {
		case t.text == "AND" || t.text == "OR":
			p.i++
		case t.kind == endToken || t.text == ")":
			return nil
		}
	}
}
