package system

import (
	"stile/policy/expr/clr"
)

// readExact reads by one pattern or by the first of several that fits.
func readExact(m *clr.Machine, s string, formats clr.Value, styles int32, offset bool) (v clr.Value, ok bool) {
	list := []clr.Value{formats}
	if a, many := formats.(*clr.Array); many {
		list = a.Items
	}
	for _, f := range list {
		m.Work(1 + len(s)/16)
		ticks, minutes, zoned, utc, fits := ReadExact(s, text(f), styles, m.Now)
		switch {
		case !fits:
		case !offset:
			return DateOf(ticks, minutes, zoned, utc, styles), true
		case styles&16 != 0: // AdjustToUniversal
			return clr.DateTimeOffset{Ticks: ticks - int64(minutes)*60*clr.TicksPerSecond}, true
		default:
			return clr.DateTimeOffset{Ticks: ticks, Offset: minutes}, true
		}
	}
	if offset {
		return clr.DateTimeOffset{}, false
	}
	return clr.DateTime{}, false
}

// exactForms are ParseExact and TryParseExact of either date type.
func exactForms(offset bool) []clr.MemberSpec {
	k, name := "DateTime", "s"
	if offset {
		k, name = "DateTimeOffset", "input"
	}
	parse := func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		styles := int32(0)
		if len(a) > 3 {
			styles = a[3].(clr.Enum).N
		}
		s := needText(m, a[0], name)
		if a[1] == nil {
			m.Throw(clr.TypeArgumentNull, "Value cannot be null.\nParameter name: format")
		}
		v, ok := readExact(m, s, a[1], styles, offset)
		if !ok {
			m.Throw(clr.TypeFormat, "String was not recognized as a valid DateTime.")
		}
		return v
	}
	try := func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		s, isText := a[0].(string)
		v, ok := readExact(m, s, a[1], a[3].(clr.Enum).N, offset)
		set(a[4], v)
		return ok && isText && a[1] != nil
	}
	forms := []clr.MemberSpec{clr.Line("static "+k+" ParseExact(string, string, IFormatProvider)", parse)}
	for _, formats := range []string{"string", "string[]"} {
		forms = append(forms,
			clr.Line("static "+k+" ParseExact(string, "+formats+", IFormatProvider, DateTimeStyles)", parse),
			clr.Line("static bool TryParseExact(string, "+formats+", IFormatProvider, DateTimeStyles, out "+k+")", try))
	}
	return forms
}

func exactSpecs() []clr.TypeSpec {
	return []clr.TypeSpec{{Type: clr.TypeDateTime, Members: exactForms(false)}, {Type: clr.TypeDateTimeOffset, Members: exactForms(true)}}
}
