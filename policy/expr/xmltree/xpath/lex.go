package xpath

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"stile/policy/expr/xmltree"
)

// SyntaxError is why a text is no XPath expression, in .NET's words. Context says
// that it names something which only a host could give: a namespace, a variable or
// a function.
type SyntaxError struct {
	Message string
	Context bool
}

const noNodes = "Expression must evaluate to a node-set."

// Error gives the message.
func (e *SyntaxError) Error() string { return e.Message }

type token struct {
	// kind is 'n' for a name, 's' for a literal, '#' for a number, 0 at the end, and
	// 'o' for an operator or a mark, whose text says which.
	kind byte
	text string
}

func lex(s string) ([]token, error) {
	var out []token
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
			continue
		case c == '"' || c == '\'':
			n := strings.IndexByte(s[i+1:], c)
			if n < 0 {
				return nil, &SyntaxError{Message: "This is an unclosed string."}
			}
			out = append(out, token{'s', s[i+1 : i+1+n]})
			i += n + 2
			continue
		case c >= '0' && c <= '9' || c == '.' && i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9':
			n := i
			for n < len(s) && (s[n] >= '0' && s[n] <= '9' || s[n] == '.') {
				n++
			}
			out = append(out, token{'#', s[i:n]})
			i = n
			continue
		}
		if r, _ := utf8.DecodeRuneInString(s[i:]); xmltree.IsNameStart(r) {
			n := i
			for n < len(s) {
				r, k := utf8.DecodeRuneInString(s[n:])
				if !xmltree.IsNameChar(r) {
					break
				}
				n += k
			}
			out = append(out, token{'n', s[i:n]})
			i = n
			continue
		}
		n := 1
		for _, two := range []string{"//", "::", "..", "!=", "<=", ">="} {
			if strings.HasPrefix(s[i:], two) {
				n = 2
			}
		}
		if n == 1 && !strings.ContainsRune("/@.*()[]|+-=<>,:", rune(c)) {
			return nil, &SyntaxError{Message: fmt.Sprintf("'%s' has an invalid token.", s), Context: c == '$'}
		}
		out = append(out, token{'o', s[i : i+n]})
		i += n
	}
	return append(out, token{}), nil
}
