package value

import (
	"math"
	"unicode/utf8"

	"stile/jsonval"
)

// Stringify gives what $string gives: a string as it is, "" for a function, else
// JSON text with fractions of 15 significant digits and functions as "", in lines
// of two spaces' indentation where pretty. Undefined gives "". Infinite numbers
// and NaN are errors D3001 (at the top) and D1001.
func Stringify(v Value, pretty bool) (string, error) {
	switch v.kind {
	case UndefinedKind, FunctionKind:
		return "", nil
	case StringKind:
		return v.str, nil
	case NumberKind:
		if math.IsInf(v.num, 0) || math.IsNaN(v.num) {
			return "", &Error{Code: "D3001", Value: v}
		}
	case ArrayKind:
		if l, ok := v.ref.(*List); ok && l.Outer && len(l.Items) > 0 {
			v = l.Items[0]
		}
	}
	e := encoder{precise: true, pretty: pretty}
	if err := e.value(v, 0); err != nil {
		return "", err
	}
	return string(e.out), nil
}

// Unsupported is the error of JSON for a function, which no JSON text stands for.
var Unsupported = &Error{Code: "U1002", Text: "The result is a function"}

// JSON gives the value as JSON text, as JSON.stringify does: undefined is absent
// at the top, left out of objects and null in arrays, as functions are inside a
// value; at the top a function is the error Unsupported. NaN and infinities are
// strings with their names, as Step Functions has them.
func JSON(v Value) (jsonval.Value, error) {
	switch v.kind {
	case UndefinedKind:
		return jsonval.Value{}, nil
	case FunctionKind:
		return jsonval.Value{}, Unsupported
	case StringKind:
		if !utf8.ValidString(v.str) { // half a surrogate pair is escaped, here as within a value
			return jsonval.Parse(AppendQuoted(nil, v.str))
		}
		return jsonval.OfString(v.str), nil
	case BoolKind:
		return jsonval.OfBool(v.num != 0), nil
	case NullKind:
		return jsonval.NullValue, nil
	}
	e := encoder{limit: jsonval.MaxDepth, named: true}
	if err := e.value(v, 0); err != nil {
		return jsonval.Value{}, err
	}
	return jsonval.Parse(e.out)
}

type encoder struct {
	out     []byte
	precise bool // $string's rules
	pretty  bool
	named   bool // NaN and infinities have their names as strings, else they are null
	limit   int  // of nesting
}

func (e *encoder) value(v Value, depth int) error {
	if depth > maxNesting || e.limit > 0 && depth > e.limit {
		return Overflow()
	}
	if len(e.out) > maxText {
		return TooLarge()
	}
	switch v.kind {
	case UndefinedKind, NullKind:
		e.out = append(e.out, "null"...)
	case FunctionKind:
		if e.precise {
			e.out = append(e.out, `""`...)
		} else {
			e.out = append(e.out, "null"...)
		}
	case BoolKind:
		if v.num != 0 {
			e.out = append(e.out, "true"...)
		} else {
			e.out = append(e.out, "false"...)
		}
	case NumberKind:
		return e.number(v)
	case StringKind:
		e.out = AppendQuoted(e.out, v.str)
	case ArrayKind:
		return e.array(v, depth)
	case ObjectKind:
		return e.object(v, depth)
	}
	return nil
}

func (e *encoder) number(v Value) error {
	f := v.num
	if v.str != "" {
		e.out = append(e.out, v.str...)
		return nil
	}
	if e.precise {
		if _, err := Numeric(v); err != nil {
			return err
		}
		f = Precise15(f)
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		if e.named {
			e.out = AppendQuoted(e.out, jsonval.FormatNumber(f))
		} else {
			e.out = append(e.out, "null"...)
		}
		return nil
	}
	e.out = jsonval.AppendNumber(e.out, f)
	return nil
}

func (e *encoder) array(v Value, depth int) error {
	e.out = append(e.out, '[')
	items := v.Items()
	for i, item := range items {
		if i > 0 {
			e.out = append(e.out, ',')
		}
		e.line(depth + 1)
		if err := e.value(item, depth+1); err != nil {
			return err
		}
	}
	if len(items) > 0 {
		e.line(depth)
	}
	e.out = append(e.out, ']')
	return nil
}

func (e *encoder) object(v Value, depth int) error {
	e.out = append(e.out, '{')
	some := false
	for _, m := range v.Object().Members() {
		if m.Value.kind == UndefinedKind || m.Value.kind == FunctionKind && !e.precise {
			continue
		}
		if some {
			e.out = append(e.out, ',')
		}
		some = true
		e.line(depth + 1)
		e.out = append(AppendQuoted(e.out, m.Name), ':')
		if e.pretty {
			e.out = append(e.out, ' ')
		}
		if err := e.value(m.Value, depth+1); err != nil {
			return err
		}
	}
	if some {
		e.line(depth)
	}
	e.out = append(e.out, '}')
	return nil
}

func (e *encoder) line(depth int) {
	if !e.pretty {
		return
	}
	e.out = append(e.out, '\n')
	for range depth {
		e.out = append(e.out, "  "...)
	}
}

// AppendQuoted appends s as JSON.stringify quotes it; lone surrogates are escaped.
func AppendQuoted(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
			b = append(b, s[start:i]...)
			if c == 0xed && i+2 < len(s) && s[i+1]&0xe0 == 0xa0 { // a lone surrogate
				b = append(b, '\\', 'u', 'd', hex[8|s[i+1]>>2&7], hex[s[i+1]<<2&0xc|s[i+2]>>4&3], hex[s[i+2]&0xf])
				i += 3
			} else {
				b = append(b, "\ufffd"...)
				i++
			}
			start = i
			continue
		}
		b = append(b, s[start:i]...)
		b = jsonval.AppendEscape(b, c)
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}
