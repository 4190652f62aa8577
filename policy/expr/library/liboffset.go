package library

import (
	"math"

	"stile/policy/expr/clr"
)

var offsetMembers = []memberSpec{
	{"static DateTimeOffset UtcNow", func(m *clr.Machine, _ []*clr.Type, _ []clr.Value) clr.Value {
		return clr.DateTimeOffset{Ticks: clr.TicksOf(m.Now())}
	}},
	{"static DateTimeOffset Now", func(m *clr.Machine, _ []*clr.Type, _ []clr.Value) clr.Value {
		return clr.DateTimeOffset{Ticks: clr.TicksOf(m.Now())}
	}},
	{"static DateTimeOffset MinValue", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return clr.DateTimeOffset{} }},
	{"static DateTimeOffset MaxValue", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return clr.DateTimeOffset{Ticks: clr.MaxTicks} }},
	{"static DateTimeOffset FromUnixTimeSeconds(long)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return fromUnix(m, a[0].(int64), clr.TicksPerSecond)
	}},
	{"static DateTimeOffset FromUnixTimeMilliseconds(long)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return fromUnix(m, a[0].(int64), clr.TicksPerSecond/1000)
	}},
	{"new(DateTime)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return clr.OffsetOf(a[0].(clr.DateTime)) }},
	{"new(DateTime, TimeSpan)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.DateTimeOffset{Ticks: clockTicks(a[0]), Offset: int(a[1].(clr.TimeSpan) / (60 * clr.TicksPerSecond))}
	}},
	{"new(long, TimeSpan)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.DateTimeOffset{Ticks: clr.NewDateTime(m, a[0].(int64), 0).Ticks, Offset: int(a[1].(clr.TimeSpan) / (60 * clr.TicksPerSecond))}
	}},
	{"new(int, int, int, int, int, int, TimeSpan)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.DateTimeOffset{Ticks: clr.MakeDate(m, a[:6]), Offset: int(a[6].(clr.TimeSpan) / (60 * clr.TicksPerSecond))}
	}},
	{"static DateTimeOffset Parse(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.ParseOffset(m, need(m, a[0], "input"))
	}},
	{"static DateTimeOffset Parse(string, IFormatProvider)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.ParseOffset(m, need(m, a[0], "input"))
	}},
	{"static bool TryParse(string, out DateTimeOffset)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		ticks, offset, _, ok := clr.ParseDate(str(a[0]))
		out(a[1], clr.DateTimeOffset{Ticks: ticks, Offset: offset})
		return ok
	}},
	{"long ToUnixTimeSeconds()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return floorDiv(a[0].(clr.DateTimeOffset).Utc()-clr.UnixTicks, clr.TicksPerSecond)
	}},
	{"long ToUnixTimeMilliseconds()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return floorDiv(a[0].(clr.DateTimeOffset).Utc()-clr.UnixTicks, clr.TicksPerSecond/1000)
	}},
	{"DateTime DateTime", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.DateTime{Ticks: clockTicks(a[0])}
	}},
	{"DateTime UtcDateTime", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.DateTime{Ticks: a[0].(clr.DateTimeOffset).Utc(), Kind: clr.KindUTC}
	}},
	{"DateTime LocalDateTime", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.DateTime{Ticks: a[0].(clr.DateTimeOffset).Utc(), Kind: clr.KindLocal}
	}},
	{"DateTime Date", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		t := clockTicks(a[0])
		return clr.DateTime{Ticks: t - t%clr.TicksPerDay}
	}},
	{"TimeSpan Offset", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.TimeSpan(a[0].(clr.DateTimeOffset).Offset) * 60 * clr.TicksPerSecond
	}},
	{"long UtcTicks", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(clr.DateTimeOffset).Utc() }},
	{"DateTimeOffset ToUniversalTime()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.DateTimeOffset{Ticks: a[0].(clr.DateTimeOffset).Utc()}
	}},
	{"DateTimeOffset ToLocalTime()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.DateTimeOffset{Ticks: a[0].(clr.DateTimeOffset).Utc()}
	}},
	{"DateTimeOffset ToOffset(TimeSpan)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		min := int(a[1].(clr.TimeSpan) / (60 * clr.TicksPerSecond))
		return clr.DateTimeOffset{Ticks: a[0].(clr.DateTimeOffset).Utc() + int64(min)*60*clr.TicksPerSecond, Offset: min}
	}},
}

func fromUnix(m *clr.Machine, n, unit int64) clr.Value {
	if n > clr.MaxTicks/unit || n < -clr.MaxTicks/unit {
		m.Throw(clr.TypeArgumentRange, "Valid values are between -62135596800 and 253402300799, inclusive.")
	}
	return clr.DateTimeOffset{Ticks: clr.NewDateTime(m, clr.UnixTicks+n*unit, 0).Ticks}
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
		{"Days", clr.TicksPerDay, 0}, {"Hours", 3600 * clr.TicksPerSecond, 24}, {"Minutes", 60 * clr.TicksPerSecond, 60},
		{"Seconds", clr.TicksPerSecond, 60}, {"Milliseconds", clr.TicksPerSecond / 1000, 1000},
	} {
		list = append(list,
			memberSpec{"static TimeSpan From" + u.name + "(double)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				return clr.SpanFrom(m, a[0].(float64), u.size)
			}},
			memberSpec{"double Total" + u.name, func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				return float64(a[0].(clr.TimeSpan)) / float64(u.size)
			}},
			memberSpec{"int " + u.name, func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				n := int64(a[0].(clr.TimeSpan)) / u.size
				if u.wrap > 0 {
					n %= u.wrap
				}
				return int32(n)
			}})
	}
	return list
}

func spanOfParts(m *clr.Machine, parts ...int64) clr.TimeSpan {
	units := []int64{clr.TicksPerDay, 3600 * clr.TicksPerSecond, 60 * clr.TicksPerSecond, clr.TicksPerSecond, clr.TicksPerSecond / 1000}
	var total float64
	var ticks int64
	for i, p := range parts {
		ticks += p * units[i]
		total += float64(p) * float64(units[i])
	}
	if math.Abs(total) > math.MaxInt64 {
		m.Throw(clr.TypeArgumentRange, "TimeSpan overflowed because the duration is too long.")
	}
	return clr.TimeSpan(ticks)
}

var spanMembers = []memberSpec{
	{"static TimeSpan Zero", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return clr.TimeSpan(0) }},
	{"static TimeSpan MinValue", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return clr.TimeSpan(math.MinInt64) }},
	{"static TimeSpan MaxValue", func(*clr.Machine, []*clr.Type, []clr.Value) clr.Value { return clr.TimeSpan(math.MaxInt64) }},
	{"static TimeSpan FromTicks(long)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return clr.TimeSpan(a[0].(int64)) }},
	{"static TimeSpan Parse(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.ChangeType(m, need(m, a[0], "s"), clr.TypeTimeSpan)
	}},
	{"static bool TryParse(string, out TimeSpan)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		s, ok := clr.ParseSpan(str(a[0]))
		out(a[1], s)
		return ok
	}},
	{"new(long)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return clr.TimeSpan(a[0].(int64)) }},
	{"new(int, int, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return spanOfParts(m, 0, clr.AsInt64(a[0]), clr.AsInt64(a[1]), clr.AsInt64(a[2]))
	}},
	{"new(int, int, int, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return spanOfParts(m, clr.AsInt64(a[0]), clr.AsInt64(a[1]), clr.AsInt64(a[2]), clr.AsInt64(a[3]))
	}},
	{"new(int, int, int, int, int)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return spanOfParts(m, clr.AsInt64(a[0]), clr.AsInt64(a[1]), clr.AsInt64(a[2]), clr.AsInt64(a[3]), clr.AsInt64(a[4]))
	}},
	{"long Ticks", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return int64(a[0].(clr.TimeSpan)) }},
	{"TimeSpan Add(TimeSpan)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return a[0].(clr.TimeSpan) + a[1].(clr.TimeSpan)
	}},
	{"TimeSpan Subtract(TimeSpan)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return a[0].(clr.TimeSpan) - a[1].(clr.TimeSpan)
	}},
	{"TimeSpan Negate()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return -a[0].(clr.TimeSpan) }},
	{"TimeSpan Duration()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return max(a[0].(clr.TimeSpan), -a[0].(clr.TimeSpan))
	}},
	{"int CompareTo(TimeSpan)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return int32(clr.CompareValues(m, a[0], a[1]))
	}},
	{"bool Equals(TimeSpan)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0] == a[1] }},
	{"string ToString()", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return clr.Text(a[0]) }},
	{"string ToString(string)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return m.Text(clr.Format(m, a[0], str(a[1])))
	}},
	{"string ToString(string, IFormatProvider)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return m.Text(clr.Format(m, a[0], str(a[1])))
	}},
}
