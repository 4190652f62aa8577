package jsonval

import (
	"fmt"
	"unicode/utf8"
)

// MaxDepth bounds how deep arrays and objects may nest in a text that Parse takes.
const MaxDepth = 512

// SyntaxError is a fault of a JSON text: what, and at which byte offset.
type SyntaxError struct {
	Offset int
	Reason string
}

// Error gives the reason with its offset.
func (e *SyntaxError) Error() string { return fmt.Sprintf("%s at offset %d", e.Reason, e.Offset) }

// Is makes errors.Is(err, ErrNotJSON) true.
func (e *SyntaxError) Is(target error) bool { return target == ErrNotJSON }

// Parse validates text as one JSON value (RFC 8259) and keeps it, without the
// space around it. The Value shares text's memory: the caller gives it away.
// Errors are *SyntaxError.
func Parse(text []byte) (Value, error) {
	p := parser{b: text}
	start := skipSpace(text, 0)
	end, err := p.value(start, 0)
	if err != nil {
		return Value{}, err
	}
	if rest := skipSpace(text, end); rest != len(text) {
		return Value{}, &SyntaxError{rest, "text after the value"}
	}
	return Value{text[start:end:end]}, nil
}

// ParseString is Parse for a string.
func ParseString(text string) (Value, error) { return Parse([]byte(text)) }

// MustParse is Parse for constants; it panics on a fault.
func MustParse(text string) Value {
	v, err := ParseString(text)
	if err != nil {
		panic(err)
	}
	return v
}

type parser struct{ b []byte }

func (p *parser) fail(i int, reason string) error {
	if i >= len(p.b) {
		return &SyntaxError{len(p.b), "unexpected end of text"}
	}
	return &SyntaxError{i, reason}
}

func (p *parser) value(i, depth int) (end int, err error) {
	if i >= len(p.b) {
		return i, p.fail(i, "")
	}
	if depth > MaxDepth {
		return i, p.fail(i, "nested too deep")
	}
	switch c := p.b[i]; {
	case c == '{':
		return p.object(i, depth)
	case c == '[':
		return p.array(i, depth)
	case c == '"':
		return p.str(i)
	case c == 't':
		return p.word(i, "true")
	case c == 'f':
		return p.word(i, "false")
	case c == 'n':
		return p.word(i, "null")
	case c == '-' || c >= '0' && c <= '9':
		return p.number(i)
	}
	return i, p.fail(i, fmt.Sprintf("unexpected character %q", rune(p.b[i])))
}

func (p *parser) word(i int, w string) (int, error) {
	if len(p.b)-i < len(w) || string(p.b[i:i+len(w)]) != w {
		return i, p.fail(i, "unexpected word")
	}
	return i + len(w), nil
}

func (p *parser) digits(i int) int {
	for i < len(p.b) && p.b[i] >= '0' && p.b[i] <= '9' {
		i++
	}
	return i
}

func (p *parser) number(i int) (int, error) {
	start := i
	if p.b[i] == '-' {
		i++
	}
	if i < len(p.b) && p.b[i] == '0' {
		i++
	} else if n := p.digits(i); n > i {
		i = n
	} else {
		return i, p.fail(i, "number without digits")
	}
	if i < len(p.b) && p.b[i] == '.' {
		n := p.digits(i + 1)
		if n == i+1 {
			return i, p.fail(n, "number without digits after its point")
		}
		i = n
	}
	if i < len(p.b) && (p.b[i] == 'e' || p.b[i] == 'E') {
		i++
		if i < len(p.b) && (p.b[i] == '+' || p.b[i] == '-') {
			i++
		}
		n := p.digits(i)
		if n == i {
			return i, p.fail(n, "number without digits in its exponent")
		}
		i = n
	}
	if i < len(p.b) && p.b[i] >= '0' && p.b[i] <= '9' {
		return start, p.fail(i, "leading zeros are not allowed")
	}
	return i, nil
}

func (p *parser) str(i int) (int, error) {
	for i++; i < len(p.b); {
		switch c := p.b[i]; {
		case c == '"':
			return i + 1, nil
		case c == '\\':
			n, err := p.escape(i)
			if err != nil {
				return i, err
			}
			i = n
		case c < 0x20:
			return i, p.fail(i, "control character in a string")
		case c < utf8.RuneSelf:
			i++
		default:
			r, n := utf8.DecodeRune(p.b[i:])
			if r == utf8.RuneError && n == 1 {
				return i, p.fail(i, "invalid UTF-8 in a string")
			}
			i += n
		}
	}
	return i, p.fail(i, "")
}

func (p *parser) escape(i int) (int, error) {
	if i+1 >= len(p.b) {
		return i, p.fail(i+1, "")
	}
	switch p.b[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2, nil
	case 'u':
		for k := i + 2; k < i+6; k++ {
			if k >= len(p.b) || !isHex(p.b[k]) {
				return i, p.fail(k, "bad \\u escape")
			}
		}
		return i + 6, nil
	}
	return i, p.fail(i+1, "bad escape")
}

func (p *parser) array(i, depth int) (int, error) {
	i = skipSpace(p.b, i+1)
	if i < len(p.b) && p.b[i] == ']' {
		return i + 1, nil
	}
	for {
		end, err := p.value(i, depth+1)
		if err != nil {
			return i, err
		}
		i = skipSpace(p.b, end)
		if i >= len(p.b) {
			return i, p.fail(i, "")
		}
		switch p.b[i] {
		case ']':
			return i + 1, nil
		case ',':
			i = skipSpace(p.b, i+1)
		default:
			return i, p.fail(i, "expected , or ] in an array")
		}
	}
}

func (p *parser) object(i, depth int) (int, error) {
	i = skipSpace(p.b, i+1)
	if i < len(p.b) && p.b[i] == '}' {
		return i + 1, nil
	}
	for {
		if i >= len(p.b) || p.b[i] != '"' {
			return i, p.fail(i, "expected a member name in an object")
		}
		end, err := p.str(i)
		if err != nil {
			return i, err
		}
		i = skipSpace(p.b, end)
		if i >= len(p.b) || p.b[i] != ':' {
			return i, p.fail(i, "expected : after a member name")
		}
		end, err = p.value(skipSpace(p.b, i+1), depth+1)
		if err != nil {
			return i, err
		}
		i = skipSpace(p.b, end)
		if i >= len(p.b) {
			return i, p.fail(i, "")
		}
		switch p.b[i] {
		case '}':
			return i + 1, nil
		case ',':
			i = skipSpace(p.b, i+1)
		default:
			return i, p.fail(i, "expected , or } in an object")
		}
	}
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
