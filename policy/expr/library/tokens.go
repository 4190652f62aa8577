package library

import (
	"stile/policy/expr/clr"
)

// ParseToken reads JSON text as JToken.Parse does; a fault of the text panics with
// *clr.Thrown, as in a run of m.
func ParseToken(m *clr.Machine, text string) Token { return parseJSON(m, text) }

// CompactJSON writes a token without spaces, as ToString(Formatting.None) does.
func CompactJSON(t Token) string { return writeJSON(t, false) }

// TokenKind is the name of a token's JTokenType.
func TokenKind(t Token) string {
	names := [...]string{"None", "Object", "Array", "Constructor", "Property", "Comment", "Integer", "Float", "String",
		"Boolean", "Null", "Undefined", "Date", "Raw", "Bytes", "Guid", "Uri", "TimeSpan"}
	if k := int(t.kindOf()); k >= 0 && k < len(names) {
		return names[k]
	}
	return names[jNone]
}

// Preferred tells the extension methods of API Management itself, whose overloads
// stand in the order in which they are meant.
func Preferred(m *clr.Member) bool { return m.Owner == typeContextExt }

func tokenArray(list []Token) *clr.Array {
	out := &clr.Array{Elem: TypeJToken}
	for _, t := range list {
		out.Items = append(out.Items, t)
	}
	return out
}
