package expr

import (
	"math"
	"strings"
	"time"
)

var offsetMembers = []memberSpec{
	{"static DateTimeOffset UtcNow", func(m *machine, _ []*Type, _ []Value) Value { return DateTimeOffset{Ticks: ticksOf(m.now())} }},
	{"static DateTimeOffset Now", func(m *machine, _ []*Type, _ []Value) Value { return DateTimeOffset{Ticks: ticksOf(m.now())} }},
	{"static DateTimeOffset MinValue", func(*machine, []*Type, []Value) Value { return DateTimeOffset{} }},
	{"static DateTimeOffset MaxValue", func(*machine, []*Type, []Value) Value { return DateTimeOffset{Ticks: maxTicks} }},
	{"static DateTimeOffset FromUnixTimeSeconds(long)", func(m *machine, _ []*Type, a []Value) Value {
		return fromUnix(m, a[0].(int64), ticksPerSecond)
	}},
	{"static DateTimeOffset FromUnixTimeMilliseconds(long)", func(m *machine, _ []*Type, a []Value) Value {
		return fromUnix(m, a[0].(int64), ticksPerSecond/1000)
	}},
	{"new(DateTime)", func(_ *machine, _ []*Type, a []Value) Value { return offsetOf(a[0].(DateTime)) }},
	{"new(DateTime, TimeSpan)", func(_ *machine, _ []*Type, a []Value) Value {
		return DateTimeOffset{clockTicks(a[0]), int(a[1].(TimeSpan) / (60 * ticksPerSecond))}
	}},
	{"new(long, TimeSpan)", func(m *machine, _ []*Type, a []Value) Value {
		return DateTimeOffset{dateTime(m, a[0].(int64), 0).Ticks, int(a[1].(TimeSpan) / (60 * ticksPerSecond))}
	}},
	{"new(int, int, int, int, int, int, TimeSpan)", func(m *machine, _ []*Type, a []Value) Value {
		return DateTimeOffset{makeDate(m, a[:6]), int(a[6].(TimeSpan) / (60 * ticksPerSecond))}
	}},
	{"static DateTimeOffset Parse(string)", func(m *machine, _ []*Type, a []Value) Value { return parseOffset(m, need(m, a[0], "input")) }},
	{"static DateTimeOffset Parse(string, IFormatProvider)", func(m *machine, _ []*Type, a []Value) Value {
		return parseOffset(m, need(m, a[0], "input"))
	}},
	{"static bool TryParse(string, out DateTimeOffset)", func(_ *machine, _ []*Type, a []Value) Value {
		ticks, offset, _, ok := parseDate(str(a[0]))
		out(a[1], DateTimeOffset{ticks, offset})
		return ok
	}},
	{"long ToUnixTimeSeconds()", func(_ *machine, _ []*Type, a []Value) Value {
		return floorDiv(a[0].(DateTimeOffset).utc()-unixTicks, ticksPerSecond)
	}},
	{"long ToUnixTimeMilliseconds()", func(_ *machine, _ []*Type, a []Value) Value {
		return floorDiv(a[0].(DateTimeOffset).utc()-unixTicks, ticksPerSecond/1000)
	}},
	{"DateTime DateTime", func(_ *machine, _ []*Type, a []Value) Value { return DateTime{Ticks: clockTicks(a[0])} }},
	{"DateTime UtcDateTime", func(_ *machine, _ []*Type, a []Value) Value { return DateTime{a[0].(DateTimeOffset).utc(), kindUTC} }},
	{"DateTime LocalDateTime", func(_ *machine, _ []*Type, a []Value) Value { return DateTime{a[0].(DateTimeOffset).utc(), kindLocal} }},
	{"DateTime Date", func(_ *machine, _ []*Type, a []Value) Value {
		t := clockTicks(a[0])
		return DateTime{Ticks: t - t%ticksPerDay}
	}},
	{"TimeSpan Offset", func(_ *machine, _ []*Type, a []Value) Value {
		return TimeSpan(a[0].(DateTimeOffset).Offset) * 60 * ticksPerSecond
	}},
	{"long UtcTicks", func(_ *machine, _ []*Type, a []Value) Value { return a[0].(DateTimeOffset).utc() }},
	{"DateTimeOffset ToUniversalTime()", func(_ *machine, _ []*Type, a []Value) Value {
		return DateTimeOffset{Ticks: a[0].(DateTimeOffset).utc()}
	}},
	{"DateTimeOffset ToLocalTime()", func(_ *machine, _ []*Type, a []Value) Value {
		return DateTimeOffset{Ticks: a[0].(DateTimeOffset).utc()}
	}},
	{"DateTimeOffset ToOffset(TimeSpan)", func(_ *machine, _ []*Type, a []Value) Value {
		min := int(a[1].(TimeSpan) / (60 * ticksPerSecond))
		return DateTimeOffset{a[0].(DateTimeOffset).utc() + int64(min)*60*ticksPerSecond, min}
	}},
}

func fromUnix(m *machine, n, unit int64) Value {
	if n > maxTicks/unit || n < -maxTicks/unit {
		m.throw(typeArgumentRange, "Valid values are between -62135596800 and 253402300799, inclusive.")
	}
	return DateTimeOffset{Ticks: dateTime(m, unixTicks+n*unit, 0).Ticks}
}

func floorDiv(n, by int64) int64 {
	q := n / by
	if n%by < 0 {
		q--
	}
	return q
}

func spanUnits() []memberSpec {
	var list []memberSpec
	for _, u := range []struct {
		name string
		size int64
		wrap int64
	}{
		{"Days", ticksPerDay, 0}, {"Hours", 3600 * ticksPerSecond, 24}, {"Minutes", 60 * ticksPerSecond, 60},
		{"Seconds", ticksPerSecond, 60}, {"Milliseconds", ticksPerSecond / 1000, 1000},
	} {
		list = append(list,
			memberSpec{"static TimeSpan From" + u.name + "(double)", func(m *machine, _ []*Type, a []Value) Value {
				return spanFrom(m, a[0].(float64), u.size)
			}},
			memberSpec{"double Total" + u.name, func(_ *machine, _ []*Type, a []Value) Value {
				return float64(a[0].(TimeSpan)) / float64(u.size)
			}},
			memberSpec{"int " + u.name, func(_ *machine, _ []*Type, a []Value) Value {
				n := int64(a[0].(TimeSpan)) / u.size
				if u.wrap > 0 {
					n %= u.wrap
				}
				return int32(n)
			}})
	}
	return list
}

func spanOfParts(m *machine, parts ...int64) TimeSpan {
	units := []int64{ticksPerDay, 3600 * ticksPerSecond, 60 * ticksPerSecond, ticksPerSecond, ticksPerSecond / 1000}
	var total float64
	var ticks int64
	for i, p := range parts {
		ticks += p * units[i]
		total += float64(p) * float64(units[i])
	}
	if math.Abs(total) > math.MaxInt64 {
		m.throw(typeArgumentRange, "TimeSpan overflowed because the duration is too long.")
	}
	return TimeSpan(ticks)
}

var spanMembers = []memberSpec{
	{"static TimeSpan Zero", func(*machine, []*Type, []Value) Value { return TimeSpan(0) }},
	{"static TimeSpan MinValue", func(*machine, []*Type, []Value) Value { return TimeSpan(math.MinInt64) }},
	{"static TimeSpan MaxValue", func(*machine, []*Type, []Value) Value { return TimeSpan(math.MaxInt64) }},
	{"static TimeSpan FromTicks(long)", func(_ *machine, _ []*Type, a []Value) Value { return TimeSpan(a[0].(int64)) }},
	{"static TimeSpan Parse(string)", func(m *machine, _ []*Type, a []Value) Value {
		return changeType(m, need(m, a[0], "s"), typeTimeSpan)
	}},
	{"static bool TryParse(string, out TimeSpan)", func(_ *machine, _ []*Type, a []Value) Value {
		s, ok := parseSpan(str(a[0]))
		out(a[1], s)
		return ok
	}},
	{"new(long)", func(_ *machine, _ []*Type, a []Value) Value { return TimeSpan(a[0].(int64)) }},
	{"new(int, int, int)", func(m *machine, _ []*Type, a []Value) Value {
		return spanOfParts(m, 0, asInt64(a[0]), asInt64(a[1]), asInt64(a[2]))
	}},
	{"new(int, int, int, int)", func(m *machine, _ []*Type, a []Value) Value {
		return spanOfParts(m, asInt64(a[0]), asInt64(a[1]), asInt64(a[2]), asInt64(a[3]))
	}},
	{"new(int, int, int, int, int)", func(m *machine, _ []*Type, a []Value) Value {
		return spanOfParts(m, asInt64(a[0]), asInt64(a[1]), asInt64(a[2]), asInt64(a[3]), asInt64(a[4]))
	}},
	{"long Ticks", func(_ *machine, _ []*Type, a []Value) Value { return int64(a[0].(TimeSpan)) }},
	{"TimeSpan Add(TimeSpan)", func(_ *machine, _ []*Type, a []Value) Value { return a[0].(TimeSpan) + a[1].(TimeSpan) }},
	{"TimeSpan Subtract(TimeSpan)", func(_ *machine, _ []*Type, a []Value) Value { return a[0].(TimeSpan) - a[1].(TimeSpan) }},
	{"TimeSpan Negate()", func(_ *machine, _ []*Type, a []Value) Value { return -a[0].(TimeSpan) }},
	{"TimeSpan Duration()", func(_ *machine, _ []*Type, a []Value) Value { return max(a[0].(TimeSpan), -a[0].(TimeSpan)) }},
	{"int CompareTo(TimeSpan)", func(m *machine, _ []*Type, a []Value) Value { return int32(compareValues(m, a[0], a[1])) }},
	{"bool Equals(TimeSpan)", func(_ *machine, _ []*Type, a []Value) Value { return a[0] == a[1] }},
	{"string ToString()", func(_ *machine, _ []*Type, a []Value) Value { return text(a[0]) }},
	{"string ToString(string)", func(m *machine, _ []*Type, a []Value) Value { return m.text(format(m, a[0], str(a[1]))) }},
	{"string ToString(string, IFormatProvider)", func(m *machine, _ []*Type, a []Value) Value { return m.text(format(m, a[0], str(a[1]))) }},
}

// exactPatterns maps .NET's date pattern letters to Go's layout.
var exactPatterns = strings.NewReplacer("yyyy", "2006", "yy", "06", "MMMM", "January", "MMM", "Jan", "MM", "01", "M", "1",

	"dddd", "Monday", "ddd", "Mon", "dd", "02", "d", "2", "HH", "15", "hh", "03", "h", "3", "mm", "04", "m", "4", "ss", "05", "s", "5",
	"fffffff", "0000000", "fff", "000", "tt", "PM", "zzz", "-07:00", "K", "Z07:00", "'", "")

func readExact(s, pattern string) (DateTime, bool) {
	p, ok := expandFormat(pattern)
	if !ok {
		return DateTime{}, false
	}
	layout := exactPatterns.Replace(p)
	t, err := time.Parse(layout, s)
	if err != nil {
		return DateTime{}, false
	}
	if strings.Contains(layout, "07:00") && (strings.HasSuffix(s, "Z") || len(s) > 6 && strings.ContainsAny(s[len(s)-6:], "+-")) {
		return DateTime{ticksOf(t), kindLocal}, true
	}
	return DateTime{ticksOf(t), kindUnspecified}, true
}

func exactDate(m *machine, s, pattern Value) DateTime {
	d, ok := readExact(need(m, s, "s"), need(m, pattern, "format"))
	if !ok {
		m.throw(typeFormat, "String was not recognized as a valid DateTime.")
	}
	return d
}
