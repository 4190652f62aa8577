package system

import (
	"strings"

	"stile/policy/expr/clr"
)

func zoneSpecs() []clr.TypeSpec {
	name := func(sig string, f func(z *zone) string) clr.MemberSpec {
		return clr.Line("string "+sig, func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return f(a[0].(*zone)) })
	}
	return []clr.TypeSpec{
		{Type: typeZoneNotFound, Bases: "Exception"},
		{Type: typeZone, Members: append(append([]clr.MemberSpec{
			clr.Line("static TimeZoneInfo Utc", constant(utc)), clr.Line("static TimeZoneInfo Local", constant(utc)),
			clr.Line("static TimeZoneInfo FindSystemTimeZoneById(string id)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				return find(m, needText(m, a[0], "id"))
			}),
			name("Id", func(z *zone) string { return z.id }), name("DisplayName", (*zone).String), name("ToString()", (*zone).String),
			name("StandardName", func(z *zone) string { return z.id }),
			name("DaylightName", func(z *zone) string { return strings.Replace(z.id, "Standard", "Daylight", 1) }),
			clr.Line("bool SupportsDaylightSavingTime", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(*zone).saves() }),
			clr.Line("TimeSpan BaseUtcOffset", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return clr.SpanOf(a[0].(*zone).base()) }),
			clr.Line("bool Equals(TimeZoneInfo other)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				z, ok := a[1].(*zone)
				return ok && z.id == a[0].(*zone).id
			}),
			clr.Line("bool HasSameRules(TimeZoneInfo other)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
				return needZone(m, a[1], "other").loc.String() == a[0].(*zone).loc.String()
			}),
		}, zoneQuestions()...), zoneConversions()...)},
		{Type: typeOldZone, Members: []clr.MemberSpec{
			clr.Line("static TimeZone CurrentTimeZone", constant(oldZone{})),
			clr.Line("string StandardName", constant("UTC")), clr.Line("string DaylightName", constant("UTC")),
			clr.Line("TimeSpan GetUtcOffset(DateTime time)", constant(clr.TimeSpan(0))),
			clr.Line("bool IsDaylightSavingTime(DateTime time)", constant(false)),
			clr.Line("DateTime ToLocalTime(DateTime time)", kinded(clr.KindLocal)),
			clr.Line("DateTime ToUniversalTime(DateTime time)", kinded(clr.KindUTC)),
		}},
	}
}

// oldZone is TimeZone.CurrentTimeZone: UTC.
type oldZone struct{}

// RuntimeType names the .NET type.
func (oldZone) RuntimeType() *clr.Type { return typeOldZone }

func kinded(kind uint8) clr.Native {
	return func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		return clr.DateTime{Ticks: a[1].(clr.DateTime).Ticks, Kind: kind}
	}
}

func zoneQuestions() []clr.MemberSpec {
	saving := func(z *zone, ticks int64) clr.Value { return clr.TimeOf(ticks).In(z.loc).IsDST() }
	return []clr.MemberSpec{
		clr.Line("TimeSpan GetUtcOffset(DateTime dateTime)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			z := a[0].(*zone)
			return clr.TimeSpan(z.at(z.instant(a[1].(clr.DateTime))))
		}),
		clr.Line("TimeSpan GetUtcOffset(DateTimeOffset dateTimeOffset)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return clr.TimeSpan(a[0].(*zone).at(a[1].(clr.DateTimeOffset).Utc()))
		}),
		clr.Line("bool IsDaylightSavingTime(DateTime dateTime)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			z := a[0].(*zone)
			return saving(z, z.instant(a[1].(clr.DateTime)))
		}),
		clr.Line("bool IsDaylightSavingTime(DateTimeOffset dateTimeOffset)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return saving(a[0].(*zone), a[1].(clr.DateTimeOffset).Utc())
		}),
		clr.Line("bool IsInvalidTime(DateTime dateTime)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			d := a[1].(clr.DateTime)
			return d.Kind == clr.KindUnspecified && len(a[0].(*zone).wall(d.Ticks)) == 0
		}),
		clr.Line("bool IsAmbiguousTime(DateTime dateTime)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			z, d := a[0].(*zone), a[1].(clr.DateTime)
			ticks := d.Ticks
			if d.Kind != clr.KindUnspecified {
				ticks += z.at(ticks)
			}
			return len(z.wall(ticks)) == 2
		}),
	}
}

func zoneConversions() []clr.MemberSpec {
	to := func(z func(m *clr.Machine, v clr.Value) *zone) clr.Native {
		return func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return z(m, a[1]).clock(m, utc.instant(a[0].(clr.DateTime)))
		}
	}
	moved := func(z func(m *clr.Machine, v clr.Value) *zone) clr.Native {
		return func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			target, ticks := z(m, a[1]), a[0].(clr.DateTimeOffset).Utc()
			offset := target.at(ticks)
			return clr.DateTimeOffset{Ticks: clr.NewDateTime(m, ticks+offset, 0).Ticks, Offset: int(offset / (60 * clr.TicksPerSecond))}
		}
	}
	between := func(z func(m *clr.Machine, v clr.Value) *zone) clr.Native {
		return func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			source, target := z(m, a[1]), z(m, a[2])
			return target.clock(m, source.from(m, a[0].(clr.DateTime)))
		}
	}
	given := func(m *clr.Machine, v clr.Value) *zone { return needZone(m, v, "destinationTimeZone") }
	named := func(m *clr.Machine, v clr.Value) *zone {
		z := find(m, needText(m, v, "destinationTimeZoneId"))
		if z.loc == utc.loc {
			return utc
		}
		return z
	}
	return []clr.MemberSpec{
		clr.Line("static DateTime ConvertTime(DateTime dateTime, TimeZoneInfo destinationTimeZone)", to(given)),
		clr.Line("static DateTimeOffset ConvertTime(DateTimeOffset dateTimeOffset, TimeZoneInfo destinationTimeZone)", moved(given)),
		clr.Line("static DateTime ConvertTime(DateTime dateTime, TimeZoneInfo sourceTimeZone, TimeZoneInfo destinationTimeZone)", between(given)),
		clr.Line("static DateTime ConvertTimeBySystemTimeZoneId(DateTime dateTime, string destinationTimeZoneId)", to(named)),
		clr.Line("static DateTimeOffset ConvertTimeBySystemTimeZoneId(DateTimeOffset dateTimeOffset, string destinationTimeZoneId)", moved(named)),
		clr.Line("static DateTime ConvertTimeBySystemTimeZoneId(DateTime dateTime, string sourceTimeZoneId, string destinationTimeZoneId)", between(named)),
		clr.Line("static DateTime ConvertTimeFromUtc(DateTime dateTime, TimeZoneInfo destinationTimeZone)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return given(m, a[1]).clock(m, a[0].(clr.DateTime).Ticks)
		}),
		clr.Line("static DateTime ConvertTimeToUtc(DateTime dateTime)", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return clr.DateTime{Ticks: a[0].(clr.DateTime).Ticks, Kind: clr.KindUTC}
		}),
		clr.Line("static DateTime ConvertTimeToUtc(DateTime dateTime, TimeZoneInfo sourceTimeZone)", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
			return clr.NewDateTime(m, needZone(m, a[1], "sourceTimeZone").from(m, a[0].(clr.DateTime)), clr.KindUTC)
		}),
	}
}
