package library

import (
	"stile/policy/expr/clr"
)

var (
	typeStringComparison = clr.EnumType("System.StringComparison")
	typeSplitOptions     = clr.EnumType("System.StringSplitOptions")
	typeDateTimeKind     = clr.EnumType("System.DateTimeKind")
	typeDayOfWeek        = clr.EnumType("System.DayOfWeek")
	typeMidpoint         = clr.EnumType("System.MidpointRounding")
	typeURIKind          = clr.EnumType("System.UriKind")
	typeURIPartial       = clr.EnumType("System.UriPartial")
	typeNumberStyles     = clr.EnumType("System.Globalization.NumberStyles")
	typeDateTimeStyles   = clr.EnumType("System.Globalization.DateTimeStyles")
	typeCulture          = clr.Class("System.Globalization.CultureInfo")
)

// culture is CultureInfo.InvariantCulture, the only one here.
type culture struct{}

func (culture) RuntimeType() *clr.Type { return typeCulture }

var enumSpecs = []typeSpec{
	{typ: typeStringComparison, enum: "CurrentCulture CurrentCultureIgnoreCase InvariantCulture InvariantCultureIgnoreCase Ordinal OrdinalIgnoreCase"},
	{typ: typeSplitOptions, enum: "None RemoveEmptyEntries"},
	{typ: typeDateTimeKind, enum: "Unspecified Utc Local"},
	{typ: typeDayOfWeek, enum: "Sunday Monday Tuesday Wednesday Thursday Friday Saturday"},
	{typ: typeMidpoint, enum: "ToEven AwayFromZero"},
	{typ: typeURIKind, enum: "RelativeOrAbsolute Absolute Relative"},
	{typ: typeURIPartial, enum: "Scheme Authority Path Query"},
	{typ: typeJTokenType, enum: "None Object Array Constructor Property Comment Integer Float String Boolean Null Undefined Date Raw Bytes Guid Uri TimeSpan"},
	{typ: typeFormatting, enum: "None Indented"},
	{typ: typeNumberStyles, enum: "None=0 AllowLeadingSign=4 Integer=7 AllowThousands=64 HexNumber=515 Float=167 Number=111 Any=511"},
	{typ: typeDateTimeStyles, enum: "None=0 AllowLeadingWhite=1 AllowTrailingWhite=2 AllowInnerWhite=4 AllowWhiteSpaces=7 NoCurrentDateDefault=8 AdjustToUniversal=16 AssumeLocal=32 AssumeUniversal=64 RoundtripKind=128"},
	{typ: typeCulture, bases: "IFormatProvider", members: []memberSpec{
		{"static CultureInfo InvariantCulture", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return culture{} }},
		{"static CultureInfo CurrentCulture", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return culture{} }},
	}},
	{typ: typeFormatProvider},
}
