package odata

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxDepth bounds brackets in brackets.
const maxDepth = 100

var errDeep = errors.New("it nests too deep")

type tokenKind uint8

const (
	endToken tokenKind = iota
	wordToken
	literalToken
	signToken
)

type token struct {
	kind tokenKind
	text string
}

// expression checks the common expressions of $filter and $orderby.
func expression(value string, _ Version) error {
	tokens, err := scan(value)
	if err != nil {
		return err
	}
	p := &parser{tokens: tokens}
	if err := p.binary(0, 0); err != nil {
		return err
	}
	return p.done()
}

// scan cuts an expression into words, literals and signs.
func scan(s string) (out []token, err error) {
	for i := 0; i < len(s); {
		c, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case unicode.IsSpace(c):
			i += size
		case c == '\'':
			n := quoted(s[i:])
			if n < 0 {
				return nil, errors.New("a quote is not closed")
			}
			out = append(out, token{literalToken, s[i : i+n]})
			i += n
		case strings.ContainsRune("(),/:=[]{}", c):
			out = append(out, token{signToken, string(c)})
			i += size
		case c == '"':
			n := strings.IndexByte(s[i+1:], '"')
			if n < 0 {
				return nil, errors.New("a quote is not closed")
			}
			out = append(out, token{literalToken, s[i : i+n+2]})
			i += n + 2
		default:
			n := wordLength(s[i:])
			if n == 0 {
				return nil, fmt.Errorf("%q cannot stand here", c)
			}
			word := s[i : i+n]
			i += n
			if i < len(s) && s[i] == '\'' { // duration'…', Namespace.Enum'…'
				n := quoted(s[i:])
				if n < 0 {
					return nil, errors.New("a quote is not closed")
				}
				out = append(out, token{literalToken, word})
				i += n
				continue
			}
			kind := wordToken
			if !identifier(strings.ReplaceAll(strings.TrimPrefix(strings.TrimPrefix(word, "@"), "$"), ".", "")) {
				kind = literalToken // a number, a date, a GUID
			}
			out = append(out, token{kind, word})
		}
	}
	return out, nil
}

// quoted gives the length of text in single quotes, in which two stand for one; -1
// where it does not end.
func quoted(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] != '\'' {
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			i++
			continue
		}
		return i + 1
	}
	return -1
}

func wordLength(s string) int {
	n := strings.IndexFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_.-+@$*:", r)
	})
	if n < 0 {
		n = len(s)
	}
	// A colon belongs to a time, not to the variable of any and all.
	if k := strings.IndexByte(s[:n], ':'); k >= 0 && !unicode.IsDigit(rune(s[0])) {
		n = k
	}
	return n
}

// identifier reports whether text is a simple name.
func identifier(text string) bool {
	for i, r := range text {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return text != "" && len(text) <= 128
}

type parser struct {
	tokens []token
	i      int
}

func (p *parser) peek() token {
	if p.i < len(p.tokens) {
		return p.tokens[p.i]
	}
	return token{}
}

func (p *parser) take(text string) bool {
	if t := p.peek(); t.kind != literalToken && t.text == text {
		p.i++
		return true
	}
	return false
}

func (p *parser) done() error {
	if t := p.peek(); t.kind != endToken {
		return fmt.Errorf("%q is one too many", t.text)
	}
	return nil
}

// ranks are the binary operators, the weakest first.
var ranks = [][]string{{"or"}, {"and"}, {"eq", "ne", "has", "in"}, {"lt", "le", "gt", "ge"}, {"add", "sub"}, {"mul", "div", "divby", "mod"}}

// binary reads operators of a rank and those that bind stronger.
func (p *parser) binary(rank, depth int) error {
	if rank == len(ranks) {
		return p.unary(depth)
	}
	for {
		if err := p.binary(rank+1, depth); err != nil {
			return err
		}
		if t := p.peek(); t.kind != wordToken || !slices.Contains(ranks[rank], t.text) {
			return nil
		}
		p.i++
	}
}

func (p *parser) unary(depth int) error {
	for p.take("not") || p.take("-") {
	}
	if depth > maxDepth {
		return errDeep
	}
	t := p.peek()
	switch {
	case t.kind == literalToken:
		p.i++
		return nil
	case p.take("("):
		return p.list(")", depth)
	case p.take("["):
		return p.list("]", depth)
	case p.take("{"):
		return p.list("}", depth)
	case t.kind == wordToken && !operator(t.text):
		return p.path(depth)
	case t.kind == endToken:
		return errors.New("an operand is missing")
	}
	return fmt.Errorf("%q stands where an operand must", t.text)
}

func operator(text string) bool {
	return slices.ContainsFunc(ranks, func(r []string) bool { return slices.Contains(r, text) })
}

// list reads expressions with commas, name=value and "name":value to a bracket.
func (p *parser) list(closer string, depth int) error {
	if p.take(closer) {
		return nil
	}
	for {
		if err := p.binary(0, depth+1); err != nil {
			return err
		}
		if p.take("=") || p.take(":") {
			if err := p.binary(0, depth+1); err != nil {
				return err
			}
		}
		if p.take(closer) {
			return nil
		}
		if !p.take(",") {
			return fmt.Errorf("'%s' is missing", closer)
		}
	}
}

// path reads a/b/c, calls f(x) and a/any(x:x/y eq 1) on the way.
func (p *parser) path(depth int) error {
	for {
		t := p.peek()
		if t.kind != wordToken {
			return errors.New("a name is missing")
		}
		p.i++
		if p.take("(") {
			if err := p.list(")", depth); err != nil {
				return err
			}
		}
		if !p.take("/") {
			return nil
		}
	}
}

// checkPath checks a resource path: brackets and quotes that close, segments that
// are not empty, and the names that begin with $.
func checkPath(escaped string) error {
	text, err := url.PathUnescape(escaped)
	if err != nil {
		return errors.New("an escape is not valid")
	}
	parts, err := split(strings.Trim(text, "/"), "/")
	if err != nil {
		return err
	}
	for i, p := range parts {
		name, rest, bracket := strings.Cut(p, "(")
		switch {
		case p == "" && len(parts) > 1:
			return errors.New("a segment is empty")
		case bracket && name == "":
			return errors.New("a key stands without a name")
		case bracket:
			if err := key(strings.TrimSuffix(rest, ")")); err != nil {
				return err
			}
		}
		if strings.HasPrefix(p, "$") && !slices.Contains([]string{"$metadata", "$batch", "$count", "$value", "$ref", "$all", "$crossjoin", "$entity", "$filter", "$each", "$query"}, name) {
			return fmt.Errorf("%q is not a segment of OData", p)
		}
		if slices.Contains([]string{"$metadata", "$batch", "$value", "$query"}, p) && i != len(parts)-1 {
			return fmt.Errorf("%q must be the last segment", p)
		}
	}
	return nil
}

// key checks what stands in the brackets of a segment: a key, or arguments.
func key(text string) error {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	parts, err := split(text, ",")
	if err != nil {
		return err
	}
	for _, p := range parts {
		if err := expression(strings.Replace(p, "=", " eq ", 1), 0); err != nil {
			return fmt.Errorf("the key (%s): %w", text, err)
		}
	}
	return nil
}
