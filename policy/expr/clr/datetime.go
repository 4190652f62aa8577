package clr

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Ticks are .NET's 100 ns units.
const (
	TicksPerSecond = 10_000_000
	TicksPerDay    = 86_400 * TicksPerSecond
	// UnixTicks is 1970-01-01 in ticks since year 1; maxTicks is the end of year 9999.
	UnixTicks = 621_355_968_000_000_000
	MaxTicks  = 3_155_378_975_999_999_999
)

// Kinds of a DateTime.
const (
	KindUnspecified = iota
	KindUTC
	KindLocal
)

// DateTime is System.DateTime. The server's local zone is UTC.
type DateTime struct {
	Ticks int64
	Kind  uint8
}

// DateTimeOffset is a clock time with its distance from UTC in minutes.
type DateTimeOffset struct {
	Ticks  int64 // of the clock
	Offset int
}

// TimeSpan is a duration in ticks.
type TimeSpan int64

// Utc gives the ticks of the same moment in UTC.
func (d DateTimeOffset) Utc() int64 { return d.Ticks - int64(d.Offset)*60*TicksPerSecond }

// OffsetOf is the implicit conversion of a DateTime; the server's zone is UTC.
func OffsetOf(d DateTime) DateTimeOffset { return DateTimeOffset{Ticks: d.Ticks} }

// TicksOf gives .NET ticks of a Go time.
func TicksOf(t time.Time) int64 {
	return UnixTicks + t.Unix()*TicksPerSecond + int64(t.Nanosecond()/100)
}

// TimeOf gives the Go time of .NET ticks, in UTC.
func TimeOf(ticks int64) time.Time {
	t := ticks - UnixTicks
	sec, rest := t/TicksPerSecond, t%TicksPerSecond
	return time.Unix(sec, rest*100).UTC()
}

// SpanOf gives a Go duration as a TimeSpan.
func SpanOf(d time.Duration) TimeSpan { return TimeSpan(d / 100) }

// NewDateTime checks the range as every DateTime of .NET does.
func NewDateTime(m *Machine, ticks int64, kind uint8) DateTime {
	if ticks < 0 || ticks > MaxTicks {
		m.Throw(TypeArgumentRange, "The added or subtracted value results in an un-representable DateTime.")
	}
	return DateTime{ticks, kind}
}

// SpanFrom multiplies a real number by a unit, rounded to milliseconds as the
// .NET Framework does.
func SpanFrom(m *Machine, n float64, unit int64) TimeSpan {
	ms := n * float64(unit) / 10_000
	if math.IsNaN(ms) || math.Abs(ms) > math.MaxInt64/10_000 {
		m.Throw(TypeOverflow, "TimeSpan overflowed because the duration is too long.")
	}
	return TimeSpan(int64(math.Round(ms)) * 10_000)
}

// MakeDate gives the ticks of a calendar date and clock time.
func MakeDate(m *Machine, parts []Value) int64 {
	n := [7]int{1, 1, 1}
	for i, v := range parts {
		n[i] = int(AsInt64(v))
	}
	t := time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], n[6]*1_000_000, time.UTC)
	if n[0] < 1 || n[0] > 9999 || t.Month() != time.Month(n[1]) || t.Day() != n[2] || n[3] < 0 || n[3] > 23 ||
		n[4] < 0 || n[4] > 59 || n[5] < 0 || n[5] > 59 || n[6] < 0 || n[6] > 999 {
		m.Throw(TypeArgumentRange, "Year, Month, and Day parameters describe an un-representable DateTime.")
	}
	return TicksOf(t)
}

// String is the invariant ToString().
func (d DateTime) String() string { return FormatTime(d.Ticks, 0, d.Kind, "MM/dd/yyyy HH:mm:ss") }

// String is the invariant ToString().
func (d DateTimeOffset) String() string {
	return FormatTime(d.Ticks, d.Offset, KindLocal, "MM/dd/yyyy HH:mm:ss zzz")
}

// String is the constant ("c") format.
func (s TimeSpan) String() string {
	var b strings.Builder
	n := int64(s)
	if n < 0 {
		b.WriteByte('-')
		n = -n
	}
	if days := n / TicksPerDay; days > 0 {
		b.WriteString(strconv.FormatInt(days, 10) + ".")
	}
	n %= TicksPerDay
	sec := n / TicksPerSecond
	b.WriteString(pad(sec/3600, 2) + ":" + pad(sec/60%60, 2) + ":" + pad(sec%60, 2))
	if frac := n % TicksPerSecond; frac > 0 {
		b.WriteString("." + pad(frac, 7))
	}
	return b.String()
}

func pad(n int64, width int) string {
	s := strconv.FormatInt(n, 10)
	if len(s) < width {
		s = strings.Repeat("0", width-len(s)) + s
	}
	return s
}

// dateLayouts are the texts that DateTime.Parse reads here, in Go's spelling. A
// fraction of seconds may follow any of them.
var dateLayouts = []string{
	"2006-1-2T15:4:5Z07:00", "2006-1-2T15:4:5", "2006-1-2T15:4Z07:00", "2006-1-2T15:4", "2006-1-2 15:4:5Z07:00", "2006-1-2 15:4:5Z",
	"2006-1-2 15:4:5 Z07:00", "2006-1-2 15:4:5 -07:00", "2006-1-2 15:4:5", "2006-1-2 15:4", "2006-1-2", "2006-1",
	"1/2/2006 15:4:5", "1/2/2006 3:4:5 PM", "1/2/2006 15:4", "1/2/2006 3:4 PM", "1/2/2006 15:4:5 -07:00", "1/2/2006", "2006/1/2 15:4:5", "2006/1/2",
	"Mon, 2 Jan 2006 15:4:5 GMT", "Mon, 2 Jan 2006 15:4:5 Z07:00", "Mon, 2 Jan 2006 15:4:5", "2 Jan 2006 15:4:5 GMT", "2 Jan 2006", "2 January 2006",
	"January 2, 2006", "Jan 2, 2006", "Monday, 2 January 2006", "Monday, 02 January 2006 15:4:5",
}

// ParseDate reads a date; zoned tells that the text named its distance from UTC.
func ParseDate(s string) (ticks int64, offset int, zoned, ok bool) {
	s = strings.TrimSpace(s)
	for _, layout := range dateLayouts {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		zoned = strings.HasSuffix(s, "Z") || strings.HasSuffix(s, "GMT") || strings.Contains(layout, "07:00")
		_, off := t.Zone()
		return TicksOf(t) + int64(off)*TicksPerSecond, off / 60, zoned, true
	}
	return 0, 0, false, false
}

// ParseISODate recognises what Newtonsoft turns into a date when it parses JSON.
func ParseISODate(s string) (DateTime, bool) {
	if len(s) < 19 || len(s) > 40 || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' {
		return DateTime{}, false
	}
	if t, err := time.Parse("2006-01-02T15:04:05", s); err == nil {
		return DateTime{TicksOf(t), KindUnspecified}, true
	}
	t, err := time.Parse("2006-01-02T15:04:05Z07:00", s)
	if err != nil {
		return DateTime{}, false
	}
	if strings.HasSuffix(s, "Z") {
		return DateTime{TicksOf(t), KindUTC}, true
	}
	return DateTime{TicksOf(t), KindLocal}, true
}

// ParseSpan reads [-][d.]hh:mm[:ss[.fffffff]] or whole days.
func ParseSpan(s string) (TimeSpan, bool) {
	s = strings.TrimSpace(s)
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	var n int64
	day, clock, has := strings.Cut(s, ".")
	if !has || strings.Contains(day, ":") {
		day, clock = "0", s
	}
	if !strings.Contains(s, ":") {
		day, clock = s, ""
	}
	d, err := strconv.ParseInt(day, 10, 32)
	if err != nil || d < 0 {
		return 0, false
	}
	n = d * TicksPerDay
	if clock != "" {
		c, ok := parseClock(clock)
		if !ok {
			return 0, false
		}
		n += c
	}
	if neg {
		n = -n
	}
	return TimeSpan(n), true
}

func parseClock(clock string) (int64, bool) {
	whole, frac, _ := strings.Cut(clock, ".")
	parts := strings.Split(whole, ":")
	if len(parts) < 2 || len(parts) > 3 || len(frac) > 7 {
		return 0, false
	}
	var sec int64
	for i, p := range parts {
		v, err := strconv.ParseInt(p, 10, 32)
		if err != nil || v < 0 || i == 0 && v > 23 || i > 0 && v > 59 {
			return 0, false
		}
		sec = sec*60 + v
	}
	if len(parts) == 2 {
		sec *= 60
	}
	n := sec * TicksPerSecond
	if frac != "" {
		f, err := strconv.ParseInt((frac + "0000000")[:7], 10, 64)
		if err != nil {
			return 0, false
		}
		n += f
	}
	return n, true
}

// TryDate reads a DateTime; a text that names its zone becomes local time, which is UTC.
func TryDate(s string) (DateTime, bool) {
	ticks, offset, zoned, ok := ParseDate(s)
	if !ok {
		return DateTime{}, false
	}
	if zoned {
		return DateTime{ticks - int64(offset)*60*TicksPerSecond, KindLocal}, true
	}
	return DateTime{ticks, KindUnspecified}, true
}

// ParseDateTime is DateTime.Parse.
func ParseDateTime(m *Machine, s string) DateTime {
	d, ok := TryDate(s)
	if !ok {
		m.Throw(TypeFormat, "String was not recognized as a valid DateTime.")
	}
	return d
}

// ParseOffset is DateTimeOffset.Parse.
func ParseOffset(m *Machine, s string) DateTimeOffset {
	ticks, offset, _, ok := ParseDate(s)
	if !ok {
		m.Throw(TypeFormat, "String was not recognized as a valid DateTime.")
	}
	return DateTimeOffset{ticks, offset}
}
