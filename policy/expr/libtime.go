package expr

import (
	"time"
)

var timeSpecs = []typeSpec{
	{typ: typeDateTime, bases: "IComparable", members: concatAll(dateMembers, dateFields(false))},
	{typ: typeDateTimeOffset, bases: "IComparable", members: concatAll(offsetMembers, dateFields(true))},
	{typ: typeTimeSpan, bases: "IComparable", members: concatAll(spanMembers, spanUnits())},
}

// clockTicks reads the clock time of either date type.
func clockTicks(v Value) int64 {
	switch d := v.(type) {
	case DateTime:
		return d.Ticks
	case DateTimeOffset:
		return d.Ticks
	}
	return 0
}

// moved gives v with its clock moved by ticks.
func moved(m *machine, v Value, ticks int64) Value {
	switch d := v.(type) {
	case DateTime:
		return dateTime(m, d.Ticks+ticks, d.Kind)
	case DateTimeOffset:
		return DateTimeOffset{dateTime(m, d.Ticks+ticks, 0).Ticks, d.Offset}
	}
	return nil
}

func addMonths(m *machine, v Value, months int) Value {
	t := timeOf(clockTicks(v))
	first := time.Date(t.Year(), t.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	day := min(t.Day(), last)
	if first.Year() < 1 || first.Year() > 9999 {
		m.throw(typeArgumentRange, "The added or subtracted value results in an un-representable DateTime.")
	}
	target := ticksOf(first.AddDate(0, 0, day-1)) + clockTicks(v)%ticksPerDay
	return moved(m, v, target-clockTicks(v))
}

// dateFields are the members that DateTime and DateTimeOffset share.
func dateFields(offset bool) []memberSpec {
	k := "DateTime"
	if offset {
		k = "DateTimeOffset"
	}
	field := func(name string, f func(t time.Time) int) memberSpec {
		return memberSpec{"int " + name, func(_ *machine, _ []*Type, a []Value) Value { return int32(f(timeOf(clockTicks(a[0])))) }}
	}
	add := func(name string, unit int64) memberSpec {
		return memberSpec{k + " " + name + "(double)", func(m *machine, _ []*Type, a []Value) Value {
			return moved(m, a[0], int64(spanFrom(m, a[1].(float64), unit)))
		}}
	}
	return []memberSpec{
		field("Year", time.Time.Year), field("Month", func(t time.Time) int { return int(t.Month()) }), field("Day", time.Time.Day),
		field("Hour", time.Time.Hour), field("Minute", time.Time.Minute), field("Second", time.Time.Second),
		field("Millisecond", func(t time.Time) int { return t.Nanosecond() / 1_000_000 }), field("DayOfYear", time.Time.YearDay),
		{"DayOfWeek DayOfWeek", func(_ *machine, _ []*Type, a []Value) Value {
			return Enum{typeDayOfWeek, int32(timeOf(clockTicks(a[0])).Weekday())}
		}},
		{"long Ticks", func(_ *machine, _ []*Type, a []Value) Value { return clockTicks(a[0]) }},
		{"TimeSpan TimeOfDay", func(_ *machine, _ []*Type, a []Value) Value { return TimeSpan(clockTicks(a[0]) % ticksPerDay) }},
		add("AddDays", ticksPerDay), add("AddHours", 3600*ticksPerSecond), add("AddMinutes", 60*ticksPerSecond),
		add("AddSeconds", ticksPerSecond), add("AddMilliseconds", ticksPerSecond/1000),
		{k + " AddTicks(long)", func(m *machine, _ []*Type, a []Value) Value { return moved(m, a[0], a[1].(int64)) }},
		{k + " AddMonths(int)", func(m *machine, _ []*Type, a []Value) Value { return addMonths(m, a[0], num(a[1])) }},
		{k + " AddYears(int)", func(m *machine, _ []*Type, a []Value) Value { return addMonths(m, a[0], 12*num(a[1])) }},
		{k + " Add(TimeSpan)", func(m *machine, _ []*Type, a []Value) Value { return moved(m, a[0], int64(a[1].(TimeSpan))) }},
		{k + " Subtract(TimeSpan)", func(m *machine, _ []*Type, a []Value) Value { return moved(m, a[0], -int64(a[1].(TimeSpan))) }},
		{"TimeSpan Subtract(" + k + ")", func(m *machine, _ []*Type, a []Value) Value { return between(a[0], a[1]) }},
		{"string ToString()", func(m *machine, _ []*Type, a []Value) Value { return text(a[0]) }},
		{"string ToString(string)", func(m *machine, _ []*Type, a []Value) Value { return m.text(format(m, a[0], orGeneral(a[1]))) }},
		{"string ToString(IFormatProvider)", func(m *machine, _ []*Type, a []Value) Value { return text(a[0]) }},
		{"string ToString(string, IFormatProvider)", func(m *machine, _ []*Type, a []Value) Value { return m.text(format(m, a[0], orGeneral(a[1]))) }},
		{"int CompareTo(" + k + ")", func(m *machine, _ []*Type, a []Value) Value { return int32(compareValues(m, a[0], a[1])) }},
		{"static int Compare(" + k + ", " + k + ")", func(m *machine, _ []*Type, a []Value) Value { return int32(compareValues(m, a[0], a[1])) }},
		{"bool Equals(" + k + ")", func(m *machine, _ []*Type, a []Value) Value { return equalValues(m, a[0], a[1]) }},
	}
}

func orGeneral(v Value) string {
	s := str(v)
	return s
}

// between is the distance of two dates.
func between(x, y Value) TimeSpan {
	if a, ok := x.(DateTimeOffset); ok {
		return TimeSpan(a.utc() - y.(DateTimeOffset).utc())
	}
	return TimeSpan(clockTicks(x) - clockTicks(y))
}

var dateMembers = []memberSpec{
	{"static DateTime UtcNow", func(m *machine, _ []*Type, _ []Value) Value { return DateTime{ticksOf(m.now()), kindUTC} }},
	{"static DateTime Now", func(m *machine, _ []*Type, _ []Value) Value { return DateTime{ticksOf(m.now()), kindLocal} }},
	{"static DateTime Today", func(m *machine, _ []*Type, _ []Value) Value {
		t := ticksOf(m.now())
		return DateTime{t - t%ticksPerDay, kindLocal}
	}},
	{"static DateTime MinValue", func(*machine, []*Type, []Value) Value { return DateTime{} }},
	{"static DateTime MaxValue", func(*machine, []*Type, []Value) Value { return DateTime{Ticks: maxTicks} }},
	{"new(long)", func(m *machine, _ []*Type, a []Value) Value { return dateTime(m, a[0].(int64), 0) }},
	{"new(long, DateTimeKind)", func(m *machine, _ []*Type, a []Value) Value { return dateTime(m, a[0].(int64), uint8(a[1].(Enum).n)) }},
	{"new(int, int, int)", func(m *machine, _ []*Type, a []Value) Value { return DateTime{Ticks: makeDate(m, a)} }},
	{"new(int, int, int, int, int, int)", func(m *machine, _ []*Type, a []Value) Value { return DateTime{Ticks: makeDate(m, a)} }},
	{"new(int, int, int, int, int, int, int)", func(m *machine, _ []*Type, a []Value) Value { return DateTime{Ticks: makeDate(m, a)} }},
	{"new(int, int, int, int, int, int, DateTimeKind)", func(m *machine, _ []*Type, a []Value) Value {
		return DateTime{makeDate(m, a[:6]), uint8(a[6].(Enum).n)}
	}},
	{"new(int, int, int, int, int, int, int, DateTimeKind)", func(m *machine, _ []*Type, a []Value) Value {
		return DateTime{makeDate(m, a[:7]), uint8(a[7].(Enum).n)}
	}},
	{"static DateTime Parse(string)", func(m *machine, _ []*Type, a []Value) Value { return parseDateTime(m, need(m, a[0], "s")) }},
	{"static DateTime Parse(string, IFormatProvider)", func(m *machine, _ []*Type, a []Value) Value {
		return parseDateTime(m, need(m, a[0], "s"))
	}},
	{"static DateTime Parse(string, IFormatProvider, DateTimeStyles)", func(m *machine, _ []*Type, a []Value) Value {
		return styled(parseDateTime(m, need(m, a[0], "s")), a[2])
	}},
	{"static bool TryParse(string, out DateTime)", func(m *machine, _ []*Type, a []Value) Value {
		d, ok := tryDate(str(a[0]))
		out(a[1], d)
		return ok
	}},
	{"static bool TryParse(string, IFormatProvider, DateTimeStyles, out DateTime)", func(m *machine, _ []*Type, a []Value) Value {
		d, ok := tryDate(str(a[0]))
		out(a[3], styled(d, a[2]))
		return ok
	}},
	{"static DateTime ParseExact(string, string, IFormatProvider)", func(m *machine, _ []*Type, a []Value) Value {
		return exactDate(m, a[0], a[1])
	}},
	{"static DateTime ParseExact(string, string, IFormatProvider, DateTimeStyles)", func(m *machine, _ []*Type, a []Value) Value {
		return styled(exactDate(m, a[0], a[1]), a[3])
	}},
	{"static bool TryParseExact(string, string, IFormatProvider, DateTimeStyles, out DateTime)", func(m *machine, _ []*Type, a []Value) Value {
		d, ok := readExact(str(a[0]), str(a[1]))
		out(a[4], styled(d, a[3]))
		return ok
	}},
	{"static DateTime SpecifyKind(DateTime, DateTimeKind)", func(_ *machine, _ []*Type, a []Value) Value {
		return DateTime{clockTicks(a[0]), uint8(a[1].(Enum).n)}
	}},
	{"static bool IsLeapYear(int)", func(_ *machine, _ []*Type, a []Value) Value { return daysIn(num(a[0]), 2) == 29 }},
	{"static int DaysInMonth(int, int)", func(_ *machine, _ []*Type, a []Value) Value { return int32(daysIn(num(a[0]), num(a[1]))) }},
	{"DateTime Date", func(_ *machine, _ []*Type, a []Value) Value {
		d := a[0].(DateTime)
		return DateTime{d.Ticks - d.Ticks%ticksPerDay, d.Kind}
	}},
	{"DateTimeKind Kind", func(_ *machine, _ []*Type, a []Value) Value {
		return Enum{typeDateTimeKind, int32(a[0].(DateTime).Kind)}
	}},
	{"DateTime ToUniversalTime()", func(_ *machine, _ []*Type, a []Value) Value { return DateTime{clockTicks(a[0]), kindUTC} }},
	{"DateTime ToLocalTime()", func(_ *machine, _ []*Type, a []Value) Value { return DateTime{clockTicks(a[0]), kindLocal} }},
	{"long ToFileTimeUtc()", func(_ *machine, _ []*Type, a []Value) Value { return clockTicks(a[0]) - 504_911_232_000_000_000 }},
	{"long ToBinary()", func(_ *machine, _ []*Type, a []Value) Value {
		d := a[0].(DateTime)
		return int64(uint64(d.Ticks) | uint64(d.Kind)<<62)
	}},
	{"string ToShortDateString()", func(m *machine, _ []*Type, a []Value) Value { return format(m, a[0], "d") }},
	{"string ToLongDateString()", func(m *machine, _ []*Type, a []Value) Value { return format(m, a[0], "D") }},
	{"string ToShortTimeString()", func(m *machine, _ []*Type, a []Value) Value { return format(m, a[0], "t") }},
	{"string ToLongTimeString()", func(m *machine, _ []*Type, a []Value) Value { return format(m, a[0], "T") }},
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// styled applies DateTimeStyles: AdjustToUniversal (16) and RoundtripKind (128)
// give UTC, as AssumeUniversal with adjustment does; the server's zone is UTC.
func styled(d DateTime, style Value) DateTime {
	if n := style.(Enum).n; n&16 != 0 || n&128 != 0 && d.Kind == kindLocal {
		d.Kind = kindUTC
	}
	return d
}
