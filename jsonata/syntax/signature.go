package syntax

import "strings"

// Signature is a function's signature between < and >: what its arguments may be.
type Signature struct {
	// Text is the signature as its tokens were written, with its angle brackets.
	Text   string
	Params []Param
}

// Param is one parameter of a Signature.
type Param struct {
	// Type is the letter: s n b l o a f j x, or ( for a choice.
	Type byte
	// Kinds are the letters of values that the parameter takes, without m for a
	// missing one, which every parameter takes but f.
	Kinds string
	// Missing tells that a missing value (m) fits.
	Missing bool
	// Subtype is what stands in < > behind a or f; empty for none.
	Subtype string
	// Context tells that the context value stands in where no argument is given (-).
	Context bool
	// Optional tells that no argument need be given (- or ?).
	Optional bool
	// Repeated tells that one or more arguments fit (+).
	Repeated bool
}

// Takes tells whether a value of this kind fits: s n b l o a f, or m for none.
func (p *Param) Takes(kind byte) bool {
	return kind == 'm' && p.Missing || kind != 'm' && strings.IndexByte(p.Kinds, kind) >= 0
}

// ParseSignature reads a signature such as "<s-nn?:s>". Errors are *Error with code
// S0401 or S0402 and a Position counted from the signature's first character.
func ParseSignature(text string) (*Signature, error) {
	s := &Signature{Text: text}
	for i := 1; i < len(text); i++ {
		last := len(s.Params) - 1
		switch c := text[i]; c {
		case ':':
			return s, nil // the type of the result is not looked at
		case 's', 'n', 'b', 'l', 'o':
			s.Params = append(s.Params, Param{Type: c, Kinds: text[i : i+1], Missing: true})
		case 'a', 'x':
			s.Params = append(s.Params, Param{Type: c, Kinds: "asnblfo", Missing: true})
		case 'f':
			s.Params = append(s.Params, Param{Type: c, Kinds: "f"})
		case 'j':
			s.Params = append(s.Params, Param{Type: c, Kinds: "asnblo", Missing: true})
		case '-', '?', '+':
			if last >= 0 {
				p := &s.Params[last]
				p.Context = p.Context || c == '-'
				p.Optional = p.Optional || c != '+'
				p.Repeated = p.Repeated || c == '+'
			}
		case '(':
			end := closing(text, i, '(', ')')
			choice := text[i+1 : end]
			if strings.Contains(choice, "<") {
				return nil, fault("S0402", i, i, nil, choice)
			}
			s.Params = append(s.Params, Param{Type: c, Kinds: choice, Missing: true})
			i = end
		case '<':
			if last < 0 || s.Params[last].Type != 'a' && s.Params[last].Type != 'f' {
				var owner any
				if last >= 0 {
					owner = s.Params[last].typeText()
				}
				return nil, fault("S0401", i, i, nil, owner)
			}
			end := closing(text, i, '<', '>')
			s.Params[last].Subtype = text[i+1 : end]
			i = end
		}
	}
	return s, nil
}

// typeText is the parameter's type as it was written.
func (p *Param) typeText() string {
	if p.Type == '(' {
		return "(" + p.Kinds + ")"
	}
	return string(p.Type)
}

// closing finds the bracket that balances the one at start, or the text's end.
func closing(text string, start int, open, shut byte) int {
	depth := 1
	for i := start + 1; i < len(text); i++ {
		switch text[i] {
		case shut:
			if depth--; depth == 0 {
				return i
			}
		case open:
			depth++
		}
	}
	return len(text)
}
