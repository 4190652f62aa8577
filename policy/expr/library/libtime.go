package library

import (
	"time"

	"stile/policy/expr/clr"
)

var timeSpecs = []typeSpec{
	{typ: clr.TypeDateTime, bases: "IComparable", members: concatAll(dateMembers, dateFields(false))},
	{typ: clr.TypeDateTimeOffset, bases: "IComparable", members: concatAll(offsetMembers, dateFields(true))},
	{typ: clr.TypeTimeSpan, bases: "IComparable", members: concatAll(spanMembers, spanUnits())},
}

// clockTicks reads the clock time of either date type.
func clockTicks(v clr.Value) int64 {
	switch d := v.(type) {
	case clr.DateTime:
		return d.Ticks
	case clr.DateTimeOffset:
		return d.Ticks
	}
	return 0
}

// Moved gives v with its clock moved by ticks.
func Moved(m *clr.Machine, v clr.Value, ticks int64) clr.Value {
	switch d := v.(type) {
	case clr.DateTime:
		return clr.NewDateTime(m, d.Ticks+ticks, d.Kind)
	case clr.DateTimeOffset:
		return clr.DateTimeOffset{Ticks: clr.NewDateTime(m, d.Ticks+ticks, 0).Ticks, Offset: d.Offset}
	}
	return nil
}

func addMonths(m *clr.Machine, v clr.Value, months int) clr.Value {
	t := clr.TimeOf(clockTicks(v))
	first := time.Date(t.Year(), t.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	day := min(t.Day(), last)
	if first.Year() < 1 || first.Year() > 9999 {
		m.Throw(clr.TypeArgumentRange, "The added or subtracted value results in an un-representable DateTime.")
	}
	target := clr.TicksOf(first.AddDate(0, 0, day-1)) + clockTicks(v)%clr.TicksPerDay
	return Moved(m, v, target-clockTicks(v))
}

// dateFields are the members that DateTime and DateTimeOffset share.
func dateFields(offset bool) []memberSpec {
	k := "DateTime"
	if offset {
		k = "DateTimeOffset"
	}
	field := func(name string, f func(t time.Time) int) memberSpec {
		return memberSpec{"int " + name, func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return int32(f(clr.TimeOf(clockTicks(a[0]))))
		}}
	}
	add := func(name string, unit int64) memberSpec {
		return memberSpec{k + " " + name + "(double)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return Moved(m, a[0], int64(clr.SpanFrom(m, a[1].(float64), unit)))
		}}
	}
	return []memberSpec{
		field("Year", time.Time.Year), field("Month", func(t time.Time) int { return int(t.Month()) }), field("Day", time.Time.Day),
		field("Hour", time.Time.Hour), field("Minute", time.Time.Minute), field("Second", time.Time.Second),
		field("Millisecond", func(t time.Time) int { return t.Nanosecond() / 1_000_000 }), field("DayOfYear", time.Time.YearDay),
		{"DayOfWeek DayOfWeek", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return clr.Enum{Type: typeDayOfWeek, N: int32(clr.TimeOf(clockTicks(a[0])).Weekday())}
		}},
		{"long Ticks", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return clockTicks(a[0]) }},
		{"TimeSpan TimeOfDay", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return clr.TimeSpan(clockTicks(a[0]) % clr.TicksPerDay)
		}},
		add("AddDays", clr.TicksPerDay), add("AddHours", 3600*clr.TicksPerSecond), add("AddMinutes", 60*clr.TicksPerSecond),
		add("AddSeconds", clr.TicksPerSecond), add("AddMilliseconds", clr.TicksPerSecond/1000),
		{k + " AddTicks(long)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return Moved(m, a[0], a[1].(int64)) }},
		{k + " AddMonths(int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return addMonths(m, a[0], num(a[1])) }},
		{k + " AddYears(int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return addMonths(m, a[0], 12*num(a[1])) }},
		{k + " Add(TimeSpan)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return Moved(m, a[0], int64(a[1].(clr.TimeSpan)))
		}},
		{k + " Subtract(TimeSpan)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return Moved(m, a[0], -int64(a[1].(clr.TimeSpan)))
		}},
		{"TimeSpan Subtract(" + k + ")", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return Between(a[0], a[1]) }},
		{"string ToString()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return clr.Text(a[0]) }},
		{"string ToString(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return m.Text(clr.Format(m, a[0], str(a[1])))
		}},
		{"string ToString(IFormatProvider)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return clr.Text(a[0]) }},
		{"string ToString(string, IFormatProvider)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return m.Text(clr.Format(m, a[0], str(a[1])))
		}},
		{"int CompareTo(" + k + ")", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return int32(clr.CompareValues(m, a[0], a[1]))
		}},
		{"static int Compare(" + k + ", " + k + ")", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return int32(clr.CompareValues(m, a[0], a[1]))
		}},
		{"bool Equals(" + k + ")", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return clr.EqualValues(m, a[0], a[1]) }},
	}
}

// Between is the distance of two dates.
func Between(x, y clr.Value) clr.TimeSpan {
	if a, ok := x.(clr.DateTimeOffset); ok {
		return clr.TimeSpan(a.Utc() - y.(clr.DateTimeOffset).Utc())
	}
	return clr.TimeSpan(clockTicks(x) - clockTicks(y))
}

var dateMembers = []memberSpec{
	{"static DateTime UtcNow", func(m *clr.Machine, _ []*clr.Type, _ []clr.Value) clr.Value {
		return clr.DateTime{Ticks: clr.TicksOf(m.Now()), Kind: clr.KindUTC}
	}},
	{"static DateTime Now", func(m *clr.Machine, _ []*clr.Type, _ []clr.Value) clr.Value {
		return clr.DateTime{Ticks: clr.TicksOf(m.Now()), Kind: clr.KindLocal}
	}},
	{"static DateTime Today", func(m *clr.Machine, _ []*clr.Type, _ []clr.Value) clr.Value {
		t := clr.TicksOf(m.Now())
		return clr.DateTime{Ticks: t - t%clr.TicksPerDay, Kind: clr.KindLocal}
	}},
	{"static DateTime MinValue", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return clr.DateTime{} }},
	{"static DateTime MaxValue", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return clr.DateTime{Ticks: clr.MaxTicks} }},
	{"new(long)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.NewDateTime(m, a[0].(int64), 0)
	}},
	{"new(long, DateTimeKind)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.NewDateTime(m, a[0].(int64), uint8(a[1].(clr.Enum).N))
	}},
	{"new(int, int, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.DateTime{Ticks: clr.MakeDate(m, a)}
	}},
	{"new(int, int, int, int, int, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.DateTime{Ticks: clr.MakeDate(m, a)}
	}},
	{"new(int, int, int, int, int, int, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.DateTime{Ticks: clr.MakeDate(m, a)}
	}},
	{"new(int, int, int, int, int, int, DateTimeKind)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.DateTime{Ticks: clr.MakeDate(m, a[:6]), Kind: uint8(a[6].(clr.Enum).N)}
	}},
	{"new(int, int, int, int, int, int, int, DateTimeKind)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.DateTime{Ticks: clr.MakeDate(m, a[:7]), Kind: uint8(a[7].(clr.Enum).N)}
	}},
	{"static DateTime Parse(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.ParseDateTime(m, need(m, a[0], "s"))
	}},
	{"static DateTime Parse(string, IFormatProvider)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.ParseDateTime(m, need(m, a[0], "s"))
	}},
	{"static DateTime Parse(string, IFormatProvider, DateTimeStyles)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return styled(clr.ParseDateTime(m, need(m, a[0], "s")), a[2])
	}},
	{"static bool TryParse(string, out DateTime)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		d, ok := clr.TryDate(str(a[0]))
		out(a[1], d)
		return ok
	}},
	{"static bool TryParse(string, IFormatProvider, DateTimeStyles, out DateTime)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		d, ok := clr.TryDate(str(a[0]))
		out(a[3], styled(d, a[2]))
		return ok
	}},
	{"static DateTime SpecifyKind(DateTime, DateTimeKind)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.DateTime{Ticks: clockTicks(a[0]), Kind: uint8(a[1].(clr.Enum).N)}
	}},
	{"static bool IsLeapYear(int)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return daysIn(num(a[0]), 2) == 29 }},
	{"static int DaysInMonth(int, int)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return int32(daysIn(num(a[0]), num(a[1])))
	}},
	{"DateTime Date", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		d := a[0].(clr.DateTime)
		return clr.DateTime{Ticks: d.Ticks - d.Ticks%clr.TicksPerDay, Kind: d.Kind}
	}},
	{"DateTimeKind Kind", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.Enum{Type: typeDateTimeKind, N: int32(a[0].(clr.DateTime).Kind)}
	}},
	{"DateTime ToUniversalTime()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.DateTime{Ticks: clockTicks(a[0]), Kind: clr.KindUTC}
	}},
	{"DateTime ToLocalTime()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.DateTime{Ticks: clockTicks(a[0]), Kind: clr.KindLocal}
	}},
	{"long ToFileTimeUtc()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clockTicks(a[0]) - 504_911_232_000_000_000
	}},
	{"long ToBinary()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		d := a[0].(clr.DateTime)
		return int64(uint64(d.Ticks) | uint64(d.Kind)<<62)
	}},
	{"string ToShortDateString()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return clr.Format(m, a[0], "d") }},
	{"string ToLongDateString()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return clr.Format(m, a[0], "D") }},
	{"string ToShortTimeString()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return clr.Format(m, a[0], "t") }},
	{"string ToLongTimeString()", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return clr.Format(m, a[0], "T") }},
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// styled applies DateTimeStyles: AdjustToUniversal (16) and RoundtripKind (128)
// give UTC, as AssumeUniversal with adjustment does; the server's zone is UTC.
func styled(d clr.DateTime, style clr.Value) clr.DateTime {
	if n := style.(clr.Enum).N; n&16 != 0 || n&128 != 0 && d.Kind == clr.KindLocal {
		d.Kind = clr.KindUTC
	}
	return d
}
