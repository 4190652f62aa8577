// Package show writes the values of policy expressions so that nothing about them
// is lost: the run-time type as C# spells it, and a text that two values share only
// where they are the same. `stile policy eval` prints it, and the tests that hold
// expressions against the C# compiler compare it.
//
// It is not ToString: what a policy writes into a header is expr.ToText.
// Invariant: the text does not depend on culture, time zone or map order; lazy
// sequences are walked within the budget of the machine that is given.
package show

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"

	"stile/policy/expr/clr"
	"stile/policy/expr/library"
)

// Type is the run-time type of a value as C# spells it; "null" for null.
func Type(v clr.Value) string {
	t := clr.TypeOf(clr.Normal(v))
	if t == nil {
		return "null"
	}
	return t.String()
}

// Text is the value: texts in quotes, sequences in brackets, JSON with the kind of
// its token. A fault of a lazy sequence is given as "! " and the exception.
func Text(m *clr.Machine, v clr.Value) (text string) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *clr.Thrown:
			text = "! " + r.Exc.Type.Def.Name
		case clr.Exhausted:
			text = "! " + string(r)
		default:
			panic(r)
		}
	}()
	var b strings.Builder
	write(m, &b, v, 0)
	return b.String()
}

// kinds are the names of DateTimeKind.
var kinds = [...]string{"Unspecified", "Utc", "Local"}

// maxDepth bounds how deep sequences of sequences are shown.
const maxDepth = 8

func write(m *clr.Machine, b *strings.Builder, v clr.Value, depth int) {
	switch x := clr.Normal(v).(type) {
	case nil:
		b.WriteString("null")
	case string:
		b.WriteString(quoted(x))
	case clr.Char:
		b.WriteString("'" + strings.Trim(quoted(clr.FromUnits([]uint16{uint16(x)})), `"`) + "'")
	case float64:
		b.WriteString(clr.Format(m, x, "R"))
	case float32:
		b.WriteString(clr.Format(m, x, "R"))
	case clr.DateTime:
		b.WriteString(clr.Format(m, x, "yyyy-MM-ddTHH:mm:ss.fffffff") + " " + kinds[min(int(x.Kind), 2)])
	case clr.DateTimeOffset:
		b.WriteString(clr.Format(m, x, "yyyy-MM-ddTHH:mm:ss.fffffffzzz"))
	case []byte:
		b.WriteString("0x" + hex.EncodeToString(x))
	case clr.KeyValue:
		write(m, b, x.Key, depth+1)
		b.WriteString(": ")
		write(m, b, x.Value, depth+1)
	case *clr.Object:
		if x.Type.Def.Anonymous == nil {
			b.WriteString(escaped(clr.Text(x)))
			return
		}
		b.WriteString("{ ")
		for i, item := range x.Values {
			if i > 0 {
				b.WriteString(", ")
			}
			if i < len(x.Type.Def.Anonymous) {
				b.WriteString(x.Type.Def.Anonymous[i] + " = ")
			}
			write(m, b, item, depth+1)
		}
		b.WriteString(" }")
	case *clr.Exception:
		b.WriteString(x.Type.Def.Name)
	case library.Token:
		b.WriteString(library.TokenKind(x) + " " + escaped(library.CompactJSON(x)))
	default:
		if t := clr.TypeOf(x); t != nil && t.ElementType() != nil && depth < maxDepth {
			sequence(m, b, x, depth)
			return
		}
		b.WriteString(escaped(clr.Text(x)))
	}
}

func sequence(m *clr.Machine, b *strings.Builder, v clr.Value, depth int) {
	b.WriteByte('[')
	first := true
	clr.Iterate(m, v, func(item clr.Value) bool {
		if !first {
			b.WriteString(", ")
		}
		first = false
		write(m, b, item, depth+1)
		return true
	})
	b.WriteByte(']')
}

// quoted is a text in quotes, in ASCII.
func quoted(s string) string {
	return `"` + strings.ReplaceAll(escaped(s), `"`, `\"`) + `"`
}

// escaped writes what is no printable ASCII as \n, \r, \t or \uXXXX, and \ doubled.
func escaped(s string) string {
	var b strings.Builder
	for _, u := range clr.Units(s) {
		switch {
		case u == '\\':
			b.WriteString(`\\`)
		case u == '\n':
			b.WriteString(`\n`)
		case u == '\r':
			b.WriteString(`\r`)
		case u == '\t':
			b.WriteString(`\t`)
		case u < ' ' || u > '~':
			fmt.Fprintf(&b, `\u%04x`, u)
		default:
			b.WriteByte(byte(u))
		}
	}
	return b.String()
}

// Plain is the value as encoding/json writes it, for programs: texts, numbers and
// booleans as themselves, JSON tokens as raw JSON, byte arrays in hexadecimal,
// sequences as arrays, and everything else as its ToString. fault tells why a lazy
// sequence has no value.
func Plain(m *clr.Machine, v clr.Value) (value any, fault string) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *clr.Thrown:
			fault = r.Exc.Describe()
		case clr.Exhausted:
			fault = string(r)
		default:
			panic(r)
		}
	}()
	return plain(m, v), ""
}

func plain(m *clr.Machine, v clr.Value) any {
	switch x := clr.Normal(v).(type) {
	case nil, string, bool, int32, int64, uint8, int8, int16, uint16, uint32, uint64:
		return x
	case clr.Char:
		return string(utf16.Decode([]uint16{uint16(x)}))
	case float64, float32, clr.Decimal:
		text := clr.Text(x)
		if n, err := strconv.ParseFloat(text, 64); err == nil && n-n == 0 {
			return n
		}
		return text
	case []byte:
		return hex.EncodeToString(x)
	case library.Token:
		return rawJSON(library.CompactJSON(x))
	default:
		t := clr.TypeOf(x)
		if t == nil || t.ElementType() == nil {
			return clr.Text(x)
		}
		out := []any{}
		clr.Iterate(m, x, func(item clr.Value) bool {
			out = append(out, plain(m, item))
			return true
		})
		return out
	}
}

// rawJSON is JSON text that is written as it is.
type rawJSON string

// MarshalJSON gives the text itself.
func (r rawJSON) MarshalJSON() ([]byte, error) { return []byte(r), nil }
