package clr

import (
	"strconv"
	"strings"
)

// Format is what {value:format} of String.Format and interpolation gives.
func Format(m *Machine, v Value, f string) string {
	if f == "" {
		return Text(v)
	}
	switch x := Normal(v).(type) {
	case DateTime:
		return dateFormatted(m, x, f)
	case DateTimeOffset:
		return offsetFormatted(m, x, f)
	case TimeSpan:
		return spanFormatted(m, x, f)
	case GUID:
		return x.Format(m, f)
	case Enum:
		if f == "D" || f == "d" {
			return strconv.Itoa(int(x.N))
		}
		if f == "X" || f == "x" {
			return strings.ToUpper(strconv.FormatUint(uint64(uint32(x.N)), 16))
		}
	case wrapper:
		return Format(m, x.Unwrap(), f)
	}
	if t := TypeOf(v); t != nil && t.IsNumeric() && !t.Is(TypeChar) {
		return FormatNumber(m, v, f)
	}
	return Text(v)
}

// Align pads to a width: right-aligned where positive, left-aligned where negative.
func Align(s string, width int) string {
	n := Length(s)
	switch {
	case width > n:
		return strings.Repeat(" ", width-n) + s
	case -width > n:
		return s + strings.Repeat(" ", -width-n)
	}
	return s
}

// Composite is String.Format.
func Composite(m *Machine, f string, args []Value) string {
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
				m.Throw(TypeFormat, "Input string was not in a correct format.")
			}
			hole(m, &b, f[i+1:i+end], args)
			i += end + 1
		case c == '}':
			m.Throw(TypeFormat, "Input string was not in a correct format.")
		default:
			b.WriteByte(c)
			i++
		}
		if b.Len() > m.memory {
			m.Grow(b.Len())
		}
	}
	m.Grow(b.Len())
	return b.String()
}

func hole(m *Machine, b *strings.Builder, h string, args []Value) {
	h, spec, _ := strings.Cut(h, ":")
	index, width, has := strings.Cut(h, ",")
	n, err := strconv.Atoi(strings.TrimSpace(index))
	if err != nil {
		m.Throw(TypeFormat, "Input string was not in a correct format.")
	}
	if n < 0 || n >= len(args) {
		m.Throw(TypeFormat, "Index (zero based) must be greater than or equal to zero and less than the size of the argument list.")
	}
	s := Format(m, args[n], spec)
	if has {
		w, err := strconv.Atoi(strings.TrimSpace(width))
		if err != nil || w > 1_000_000 || w < -1_000_000 {
			m.Throw(TypeFormat, "Input string was not in a correct format.")
		}
		s = Align(s, w)
	}
	b.WriteString(s)
}
