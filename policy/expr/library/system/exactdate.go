package system

import (
	"strings"
	"time"

	"stile/policy/expr/clr"
)

// The bits of DateTimeStyles.
const (
	leadingWhite      = 1
	trailingWhite     = 2
	noCurrentDate     = 8
	adjustToUniversal = 16
	assumeLocal       = 32
	assumeUniversal   = 64
	roundtripKind     = 128
)

// exactDate is a text under way through a pattern of ParseExact.
type exactDate struct {
	s                               string
	year, month, day, weekday       int // -1 where the text named none
	hour, minute, second, half      int // half: 0 AM, 1 PM
	hour12, bad                     bool
	fraction                        int64 // ticks
	offset                          int   // minutes
	zoned, utc, anyDate, sawWeekday bool
}

// ReadExact reads a date as .NET's ParseExact does in the invariant culture. ticks is
// the clock time as it stands, offset its minutes from UTC where zoned is true. now
// gives what the text leaves open.
func ReadExact(s, format string, styles int32, now func() time.Time) (ticks int64, offset int, zoned, utc, ok bool) {
	pattern, known := clr.ExpandFormat(format)
	if !known || pattern == "" {
		return 0, 0, false, false, false
	}
	if styles&leadingWhite != 0 {
		s = strings.TrimLeft(s, " \t\r\n")
	}
	if styles&trailingWhite != 0 {
		s = strings.TrimRight(s, " \t\r\n")
	}
	e := &exactDate{s: s, year: -1, month: -1, day: -1, half: -1}
	e.take(pattern)
	if e.bad || e.s != "" {
		return 0, 0, false, false, false
	}
	ticks, ok = e.ticks(styles, now)
	return ticks, e.offset, e.zoned, e.utc, ok
}

// take walks the pattern.
func (e *exactDate) take(pattern string) {
	for i := 0; i < len(pattern) && !e.bad; {
		c := pattern[i]
		n := 1
		for i+n < len(pattern) && pattern[i+n] == c && strings.IndexByte("dMyHhmsfFtzKg", c) >= 0 && c != 'K' {
			n++
		}
		switch {
		case c == '\'' || c == '"':
			end := strings.IndexByte(pattern[i+1:], c)
			if end < 0 {
				e.bad = true
				return
			}
			e.literal(pattern[i+1 : i+1+end])
			n = end + 2
		case c == '\\' && i+1 < len(pattern):
			e.literal(pattern[i+1 : i+2])
			n = 2
		case c == '%':
		case c == 'Z':
			e.literal("Z")
			e.zoned, e.utc = true, true
		case strings.IndexByte("dMyHhmsfFtzKg", c) >= 0:
			e.field(c, n)
		default:
			e.literal(pattern[i : i+1])
		}
		i += n
	}
}

func (e *exactDate) literal(text string) {
	if !strings.HasPrefix(e.s, text) {
		e.bad = true
		return
	}
	e.s = e.s[len(text):]
}

// digits reads a number of at least least and at most most digits.
func (e *exactDate) digits(least, most int) (n, width int) {
	for width < most && width < len(e.s) && e.s[width] >= '0' && e.s[width] <= '9' {
		n = 10*n + int(e.s[width]-'0')
		width++
	}
	if width < least {
		e.bad = true
		return 0, 0
	}
	e.s = e.s[width:]
	return n, width
}

// pair reads one or two digits, just two where the letter stands twice.
func (e *exactDate) pair(n int) int {
	v, _ := e.digits(min(n, 2), 2)
	return v
}

// name reads one of names, whole or its first letters.
func (e *exactDate) name(names []string, letters int) int {
	for i, name := range names {
		if letters > 0 {
			name = name[:letters]
		}
		if len(e.s) >= len(name) && strings.EqualFold(e.s[:len(name)], name) {
			e.s = e.s[len(name):]
			return i
		}
	}
	e.bad = true
	return 0
}

var monthNames, dayNames = calendarNames()

func calendarNames() (months, days []string) {
	for m := time.January; m <= time.December; m++ {
		months = append(months, m.String())
	}
	for d := time.Sunday; d <= time.Saturday; d++ {
		days = append(days, d.String())
	}
	return months, days
}

func (e *exactDate) field(c byte, n int) {
	switch c {
	case 'd':
		e.dayField(n)
	case 'M':
		switch {
		case n <= 2:
			e.month = e.pair(n)
		case n == 3:
			e.month = 1 + e.name(monthNames, 3)
		default:
			e.month = 1 + e.name(monthNames, 0)
		}
		e.anyDate = true
	case 'y':
		e.yearField(n)
	case 'H':
		e.hour, e.hour12 = e.pair(n), false
	case 'h':
		e.hour, e.hour12 = e.pair(n), true
	case 'm':
		e.minute = e.pair(n)
	case 's':
		e.second = e.pair(n)
	case 'f', 'F':
		least := n
		if c == 'F' {
			least = 0
		}
		v, width := e.digits(least, min(n, 7))
		for ; width < 7; width++ {
			v *= 10
		}
		e.fraction = int64(v)
	case 't':
		letters := 0
		if n == 1 {
			letters = 1
		}
		e.half = e.name([]string{"AM", "PM"}, letters)
	case 'z':
		e.zone(n)
	case 'K':
		switch {
		case e.s == "" || strings.IndexByte("Zz+-", e.s[0]) < 0:
		case e.s[0] == 'Z' || e.s[0] == 'z':
			e.s, e.zoned, e.utc = e.s[1:], true, true
		default:
			e.zone(3)
		}
	case 'g':
		e.literal("A.D.")
	}
}

func (e *exactDate) dayField(n int) {
	switch {
	case n <= 2:
		e.day, e.anyDate = e.pair(n), true
	case n == 3:
		e.weekday, e.sawWeekday = e.name(dayNames, 3), true
	default:
		e.weekday, e.sawWeekday = e.name(dayNames, 0), true
	}
}

func (e *exactDate) yearField(n int) {
	if n <= 2 {
		v := e.pair(n)
		if e.year = 1900 + v; v < 30 {
			e.year += 100
		}
	} else {
		e.year, _ = e.digits(min(n, 4), max(n, 4))
	}
	e.anyDate = true
}

// zone reads ±h, ±hh or ±hh:mm by how often z stands.
func (e *exactDate) zone(n int) {
	if e.s == "" || e.s[0] != '+' && e.s[0] != '-' {
		e.bad = true
		return
	}
	negative := e.s[0] == '-'
	e.s = e.s[1:]
	h, _ := e.digits(min(n, 2), 2)
	m := 0
	if n > 2 {
		e.s = strings.TrimPrefix(e.s, ":")
		m, _ = e.digits(2, 2)
	}
	if e.offset = 60*h + m; negative {
		e.offset = -e.offset
	}
	e.zoned = true
	e.bad = e.bad || m > 59 || h > 14
}

// ticks puts the fields together.
func (e *exactDate) ticks(styles int32, now func() time.Time) (int64, bool) {
	if e.hour12 {
		if e.hour < 1 || e.hour > 12 {
			return 0, false
		}
		e.hour %= 12
	}
	if e.half == 1 && e.hour < 12 {
		e.hour += 12
	} else if e.half == 0 && e.hour == 12 {
		e.hour = 0
	}
	year, month, day := e.year, max(e.month, -1), e.day
	if year < 0 || !e.anyDate {
		today := now()
		switch {
		case !e.anyDate && styles&noCurrentDate != 0:
			year, month, day = 1, 1, 1
		case !e.anyDate:
			year, month, day = today.Year(), int(today.Month()), today.Day()
		default:
			year = today.Year()
		}
	}
	if month < 0 {
		month = 1
	}
	if day < 0 {
		day = 1
	}
	if year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || e.hour > 23 || e.minute > 59 || e.second > 59 {
		return 0, false
	}
	t := time.Date(year, time.Month(month), day, e.hour, e.minute, e.second, 0, time.UTC)
	if t.Day() != day || e.sawWeekday && int(t.Weekday()) != e.weekday {
		return 0, false
	}
	return clr.TicksOf(t) + e.fraction, true
}

// DateOf gives what ReadExact read as a DateTime; the server's zone is UTC.
func DateOf(ticks int64, offset int, zoned, utc bool, styles int32) clr.DateTime {
	d := clr.DateTime{Ticks: ticks - int64(offset)*60*clr.TicksPerSecond}
	switch {
	case zoned && (styles&adjustToUniversal != 0 || utc && styles&roundtripKind != 0):
		d.Kind = clr.KindUTC
	case zoned:
		d.Kind = clr.KindLocal
	case styles&(assumeLocal|assumeUniversal) != 0 && styles&adjustToUniversal != 0:
		d.Kind = clr.KindUTC
	case styles&(assumeLocal|assumeUniversal) != 0:
		d.Kind = clr.KindLocal
	default:
		d.Kind = clr.KindUnspecified
	}
	return d
}
