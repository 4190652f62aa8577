package expr

import (
	"strconv"
	"strings"
)

// format is what {value:format} of String.Format and interpolation gives.
func format(m *machine, v Value, f string) string {
	if f == "" {
		return text(v)
	}
	switch x := normal(v).(type) {
	case DateTime:
		return dateFormatted(m, x, f)
	case DateTimeOffset:
		return offsetFormatted(m, x, f)
	case TimeSpan:
		return spanFormatted(m, x, f)
	case GUID:
		return x.format(m, f)
	case Enum:
		if f == "D" || f == "d" {
			return strconv.Itoa(int(x.n))
		}
		if f == "X" || f == "x" {
			return strings.ToUpper(strconv.FormatUint(uint64(uint32(x.n)), 16))
		}
	case wrapper:
		return format(m, x.unwrap(), f)
	}
	if t := typeOf(v); t != nil && t.isNumeric() && !t.is(typeChar) {
		return formatNumber(m, v, f)
	}
	return text(v)
}

// align pads to a width: right-aligned where positive, left-aligned where negative.
func align(s string, width int) string {
	n := length(s)
	switch {
	case width > n:
		return strings.Repeat(" ", width-n) + s
	case -width > n:
		return s + strings.Repeat(" ", -width-n)
	}
	return s
}

// composite is String.Format.
func composite(m *machine, f string, args []Value) string {
	var b strings.Builder
	for i := 0; i < len(f); {
		c := f[i]
		switch {
		case (c == '{' || c == '}') && i+1 < len(f) && f[i+1] == c:
			b.WriteByte(c)
			i += 2
		case c == '{':
			end := strings.IndexByte(f[i:], '}')
			if end < 0 {
				m.throw(typeFormat, "Input string was not in a correct format.")
			}
			hole(m, &b, f[i+1:i+end], args)
			i += end + 1
		case c == '}':
			m.throw(typeFormat, "Input string was not in a correct format.")
		default:
			b.WriteByte(c)
			i++
		}
		if b.Len() > m.memory {
			m.grow(b.Len())
		}
	}
	m.grow(b.Len())
	return b.String()
}

func hole(m *machine, b *strings.Builder, h string, args []Value) {
	h, spec, _ := strings.Cut(h, ":")
	index, width, has := strings.Cut(h, ",")
	n, err := strconv.Atoi(strings.TrimSpace(index))
	if err != nil {
		m.throw(typeFormat, "Input string was not in a correct format.")
	}
	if n < 0 || n >= len(args) {
		m.throw(typeFormat, "Index (zero based) must be greater than or equal to zero and less than the size of the argument list.")
	}
	s := format(m, args[n], spec)
	if has {
		w, err := strconv.Atoi(strings.TrimSpace(width))
		if err != nil || w > 1_000_000 || w < -1_000_000 {
			m.throw(typeFormat, "Input string was not in a correct format.")
		}
		s = align(s, w)
	}
	b.WriteString(s)
}
