package clr

import (
	"strings"
)

// standardFormats are the one-letter formats of DateTime in the invariant culture.
var standardFormats = map[byte]string{
	'd': "MM/dd/yyyy", 'D': "dddd, dd MMMM yyyy", 'f': "dddd, dd MMMM yyyy HH:mm", 'F': "dddd, dd MMMM yyyy HH:mm:ss",
	'g': "MM/dd/yyyy HH:mm", 'G': "MM/dd/yyyy HH:mm:ss", 'm': "MMMM dd", 'M': "MMMM dd",
	'o': "yyyy-MM-ddTHH:mm:ss.fffffffK", 'O': "yyyy-MM-ddTHH:mm:ss.fffffffK",
	'r': "ddd, dd MMM yyyy HH:mm:ss 'GMT'", 'R': "ddd, dd MMM yyyy HH:mm:ss 'GMT'", 's': "yyyy-MM-ddTHH:mm:ss",
	't': "HH:mm", 'T': "HH:mm:ss", 'u': "yyyy-MM-dd HH:mm:ss'Z'", 'U': "dddd, dd MMMM yyyy HH:mm:ss",
	'y': "yyyy MMMM", 'Y': "yyyy MMMM",
}

// ExpandFormat turns a one-letter format into its pattern; ok is false for an unknown one.
func ExpandFormat(f string) (string, bool) {
	if len(f) != 1 {
		return f, true
	}
	p, ok := standardFormats[f[0]]
	return p, ok
}

// dateFormatted is DateTime.ToString(format).
func dateFormatted(m *Machine, d DateTime, f string) string {
	if f == "" {
		f = "G"
	}
	p, ok := ExpandFormat(f)
	if !ok {
		m.Throw(TypeFormat, "Input string was not in a correct format.")
	}
	return FormatTime(d.Ticks, 0, d.Kind, p)
}

// offsetFormatted is DateTimeOffset.ToString(format); r and u write UTC.
func offsetFormatted(m *Machine, d DateTimeOffset, f string) string {
	if f == "" {
		return d.String()
	}
	p, ok := ExpandFormat(f)
	if !ok {
		m.Throw(TypeFormat, "Input string was not in a correct format.")
	}
	if len(f) == 1 && strings.Contains("rRu", f) {
		return FormatTime(d.Utc(), 0, KindUTC, p)
	}
	if len(f) == 1 && strings.Contains("oO", f) {
		p = "yyyy-MM-ddTHH:mm:ss.fffffffzzz"
	}
	return FormatTime(d.Ticks, d.Offset, KindLocal, p)
}

// FormatTime lays out ticks by a custom pattern. offset is in minutes.
func FormatTime(ticks int64, offset int, kind uint8, pattern string) string {
	var b strings.Builder
	for i := 0; i < len(pattern); {
		c := pattern[i]
		n := 1
		for i+n < len(pattern) && pattern[i+n] == c {
			n++
		}
		switch c {
		case '\'', '"':
			end := strings.IndexByte(pattern[i+1:], c)
			if end < 0 {
				b.WriteString(pattern[i+1:])
				return b.String()
			}
			b.WriteString(pattern[i+1 : i+1+end])
			i += end + 2
			continue
		case '\\':
			if i+1 < len(pattern) {
				b.WriteByte(pattern[i+1])
			}
			i += 2
			continue
		case '%':
			i++
			continue
		}
		if s, ok := timeField(ticks, offset, kind, c, n); ok {
			if c == 'F' && s == "" && strings.HasSuffix(b.String(), ".") {
				trimmed := strings.TrimSuffix(b.String(), ".")
				b.Reset()
				b.WriteString(trimmed)
			}
			b.WriteString(s)
		} else {
			b.WriteString(pattern[i : i+n])
		}
		i += n
	}
	return b.String()
}

func timeField(ticks int64, offset int, kind uint8, c byte, n int) (string, bool) {
	t := TimeOf(ticks)
	short := func(v int) string { return pad(int64(v), min(n, 2)) }
	switch c {
	case 'y':
		if n <= 2 {
			return pad(int64(t.Year()%100), n), true
		}
		return pad(int64(t.Year()), n), true
	case 'M':
		switch n {
		case 1, 2:
			return short(int(t.Month())), true
		case 3:
			return t.Month().String()[:3], true
		}
		return t.Month().String(), true
	case 'd':
		switch n {
		case 1, 2:
			return short(t.Day()), true
		case 3:
			return t.Weekday().String()[:3], true
		}
		return t.Weekday().String(), true
	case 'H':
		return short(t.Hour()), true
	case 'h':
		return short((t.Hour()+11)%12 + 1), true
	case 'm':
		return short(t.Minute()), true
	case 's':
		return short(t.Second()), true
	case 't':
		return "APMM"[t.Hour()/12 : t.Hour()/12+1][:1] + strings.Repeat("M", min(n, 2)-1), true
	case 'f', 'F':
		frac := pad(ticks%TicksPerSecond, 7)[:min(n, 7)]
		if c == 'F' {
			frac = strings.TrimRight(frac, "0")
		}
		return frac, true
	case 'K':
		switch kind {
		case KindUTC:
			return "Z", true
		case KindLocal:
			return zone(offset, 3), true
		}
		return "", true
	case 'z':
		return zone(offset, n), true
	case 'g':
		return "A.D.", true
	}
	return "", false
}

func zone(offset, n int) string {
	sign := "+"
	if offset < 0 {
		sign, offset = "-", -offset
	}
	s := sign + pad(int64(offset/60), min(n, 2))
	if n >= 3 {
		s += ":" + pad(int64(offset%60), 2)
	}
	return s
}

// spanFormatted is TimeSpan.ToString(format).
func spanFormatted(m *Machine, s TimeSpan, f string) string {
	switch f {
	case "", "c", "t", "T":
		return s.String()
	case "g", "G":
		return spanGeneral(s, f == "G")
	}
	n := int64(s)
	if n < 0 {
		n = -n
	}
	var b strings.Builder
	for i := 0; i < len(f); {
		c := f[i]
		k := 1
		for i+k < len(f) && f[i+k] == c {
			k++
		}
		sec := n / TicksPerSecond
		switch c {
		case 'd':
			b.WriteString(pad(n/TicksPerDay, k))
		case 'h':
			b.WriteString(pad(sec/3600%24, k))
		case 'm':
			b.WriteString(pad(sec/60%60, k))
		case 's':
			b.WriteString(pad(sec%60, k))
		case 'f':
			b.WriteString(pad(n%TicksPerSecond, 7)[:min(k, 7)])
		case 'F':
			b.WriteString(strings.TrimRight(pad(n%TicksPerSecond, 7)[:min(k, 7)], "0"))
		case '\\':
			if i+1 < len(f) {
				b.WriteByte(f[i+1])
			}
			k = 2
		case '\'', '"':
			end := strings.IndexByte(f[i+1:], c)
			if end < 0 {
				m.Throw(TypeFormat, "Input string was not in a correct format.")
			}
			b.WriteString(f[i+1 : i+1+end])
			k = end + 2
		case '%':
			k = 1
		default:
			m.Throw(TypeFormat, "Input string was not in a correct format.")
		}
		i += k
	}
	return b.String()
}

func spanGeneral(s TimeSpan, long bool) string {
	n := int64(s)
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	days, sec, frac := n/TicksPerDay, n/TicksPerSecond, n%TicksPerSecond
	width := 1
	out := sign
	if long {
		width = 2
		out += pad(days, 1) + ":"
	} else if days > 0 {
		out += pad(days, 1) + ":"
	}
	out += pad(sec/3600%24, width) + ":" + pad(sec/60%60, 2) + ":" + pad(sec%60, 2)
	if long {
		return out + "." + pad(frac, 7)
	}
	if frac > 0 {
		out += "." + strings.TrimRight(pad(frac, 7), "0")
	}
	return out
}
