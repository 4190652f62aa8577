package clr

import (
	"math/big"
	"strconv"
	"strings"
)

// FormatNumber is ToString(format) of the numeric types in the invariant culture.
func FormatNumber(m *Machine, v Value, f string) string {
	if f == "" {
		return Text(v)
	}
	letter := f[0] &^ 0x20
	digits, err := strconv.Atoi(f[1:])
	if letter < 'A' || letter > 'Z' || len(f) > 1 && err != nil || len(f) > 3 || strings.IndexByte("CDEFGNPRX", letter) < 0 {
		if len(f) == 1 && letter >= 'A' && letter <= 'Z' {
			m.Throw(TypeFormat, "Format specifier was invalid.")
		}
		return customNumber(v, f)
	}
	if len(f) == 1 {
		digits = -1
	}
	switch letter {
	case 'D', 'X':
		if !TypeOf(v).IsIntegral() {
			m.Throw(TypeFormat, "Format specifier was invalid.")
		}
		return integerFormat(v, f[0], digits)
	case 'F':
		return fixed(exact(v), orDefault(digits, 2), false)
	case 'N':
		return fixed(exact(v), orDefault(digits, 2), true)
	case 'P':
		d, _ := makeDecimal(new(big.Int).Mul(exact(v).Coefficient(), big.NewInt(100)), exact(v).Scale)
		return fixed(d, orDefault(digits, 2), true) + " %"
	case 'C':
		s := fixed(exact(v), orDefault(digits, 2), true)
		if strings.HasPrefix(s, "-") {
			return "(\u00a4" + s[1:] + ")"
		}
		return "\u00a4" + s
	case 'E':
		return exponential(v, f[0], orDefault(digits, 6))
	case 'R':
		if f, ok := v.(float32); ok {
			s := RealText(float64(f), 7)
			if g, err := strconv.ParseFloat(s, 32); err == nil && float32(g) == f {
				return s
			}
			return RealText(float64(f), 9)
		}
		return RoundTrip(AsFloat(v))
	}
	if digits <= 0 {
		return Text(v)
	}
	return general(strconv.FormatFloat(AsFloat(v), 'e', digits-1, 64), digits, f[:1])
}

func orDefault(n, other int) int {
	if n < 0 {
		return other
	}
	return n
}

// exact gives the digits that ToString() would show, as a decimal number.
func exact(v Value) Decimal {
	if d, ok := v.(Decimal); ok {
		return d
	}
	if f, ok := v.(float64); ok {
		s := strconv.FormatFloat(f, 'g', 15, 64)
		n, ok := parseWide(s)
		if ok {
			return n
		}
	}
	return AsDecimal(v).(Decimal)
}

// parseWide is parseDecimal without the limits of System.Decimal.
func parseWide(s string) (Decimal, bool) {
	mantissa, e, _ := strings.Cut(s, "e")
	exp, _ := strconv.Atoi(e)
	whole, frac, _ := strings.Cut(mantissa, ".")
	n, ok := new(big.Int).SetString(whole+frac, 10)
	if !ok {
		return Decimal{}, false
	}
	if scale := len(frac) - exp; scale >= 0 {
		return Decimal{n, scale}, true
	}
	return Decimal{n.Mul(n, Pow10(exp-len(frac))), 0}, true
}

// fixed rounds half away from zero, as formatting does, and may group thousands.
func fixed(d Decimal, digits int, grouped bool) string {
	d = d.Round(digits, true)
	s := d.String()
	if missing := digits - d.Scale; missing > 0 {
		if d.Scale == 0 {
			s += "."
		}
		s += strings.Repeat("0", missing)
	}
	if digits == 0 {
		s, _, _ = strings.Cut(s, ".")
	}
	if grouped {
		s = group3(s)
	}
	if strings.Trim(s, "-0.,") == "" {
		s = strings.TrimPrefix(s, "-")
	}
	return s
}

func group3(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, frac, has := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if has {
		whole += "." + frac
	}
	return sign + whole
}

func integerFormat(v Value, letter byte, digits int) string {
	if letter == 'X' || letter == 'x' {
		u := uint64(AsInt64(v))
		switch v.(type) {
		case int32:
			u &= 0xffffffff
		case int16:
			u &= 0xffff
		case int8:
			u &= 0xff
		}
		s := strconv.FormatUint(u, 16)
		if letter == 'X' {
			s = strings.ToUpper(s)
		}
		return zeros(s, digits)
	}
	s := Text(v)
	if strings.HasPrefix(s, "-") {
		return "-" + zeros(s[1:], digits)
	}
	return zeros(s, digits)
}

func zeros(s string, width int) string {
	if len(s) < width {
		return strings.Repeat("0", width-len(s)) + s
	}
	return s
}

func exponential(v Value, letter byte, digits int) string {
	s := strconv.FormatFloat(AsFloat(v), 'e', digits, 64)
	mantissa, e, _ := strings.Cut(s, "e")
	n, _ := strconv.Atoi(e)
	sign := "+"
	if n < 0 {
		sign, n = "-", -n
	}
	return mantissa + string(letter) + sign + pad(int64(n), 3)
}

// RoundTrip is the R format: the shortest of 15 or 17 digits that reads back.
func RoundTrip(f float64) string {
	s := RealText(f, 15)
	if g, err := strconv.ParseFloat(s, 64); err == nil && g == f {
		return s
	}
	return RealText(f, 17)
}

// customNumber lays out by a pattern such as 0.00, #,##0 or 000.
func customNumber(v Value, f string) string {
	sections := splitSections(f)
	d := exact(v)
	f = sections[0]
	neg := d.Coefficient().Sign() < 0
	switch {
	case neg && len(sections) > 1 && sections[1] != "":
		f, neg = sections[1], false
		d = d.Negate()
	case d.Coefficient().Sign() == 0 && len(sections) > 2:
		f = sections[2]
	case neg:
		d = d.Negate()
	}
	return layout(d, f, neg)
}

func splitSections(f string) []string {
	var out []string
	quote, from := byte(0), 0
	for i := 0; i < len(f); i++ {
		switch c := f[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '\\':
			i++
		case c == ';':
			out = append(out, f[from:i])
			from = i + 1
		}
	}
	return append(out, f[from:])
}

// pattern is what a custom format says of the digits.
type pattern struct {
	whole, frac        int // digit places
	leastWhole, leastF int // of these, how many are 0
	grouped            bool
	percent            bool
}

func readPattern(f string) pattern {
	p, after := pattern{}, false
	zeroSeen := false
	for i := 0; i < len(f); i++ {
		switch c := f[i]; c {
		case '0', '#':
			if after {
				p.frac++
				if c == '0' {
					p.leastF = p.frac
				}
				continue
			}
			p.whole++
			if c == '0' {
				zeroSeen = true
			}
			if zeroSeen {
				p.leastWhole++
			}
		case '.':
			after = true
		case ',':
			p.grouped = p.grouped || p.whole > 0 && !after
		case '%':
			p.percent = true
		case '\\':
			i++
		case '\'', '"':
			if end := strings.IndexByte(f[i+1:], c); end >= 0 {
				i += end + 1
			}
		}
	}
	return p
}

func layout(d Decimal, f string, neg bool) string {
	p := readPattern(f)
	if p.percent {
		d = Decimal{new(big.Int).Mul(d.Coefficient(), big.NewInt(100)), d.Scale}
	}
	s := fixed(d, p.frac, false)
	whole, frac, _ := strings.Cut(s, ".")
	if whole == "0" && p.leastWhole == 0 {
		whole = ""
	}
	whole = zeros(whole, p.leastWhole)
	if p.grouped {
		whole = group3(whole)
	}
	for len(frac) > p.leastF && strings.HasSuffix(frac, "0") {
		frac = frac[:len(frac)-1]
	}
	var b strings.Builder
	if neg && strings.Trim(whole+frac, "0,") != "" {
		b.WriteByte('-')
	}
	placed, after := false, false
	for i := 0; i < len(f); i++ {
		switch c := f[i]; c {
		case '0', '#':
			if !after && !placed {
				b.WriteString(whole)
				placed = true
			}
		case '.':
			if !placed {
				b.WriteString(whole)
				placed = true
			}
			if !after && frac != "" {
				b.WriteString("." + frac)
			}
			after = true
		case ',':
		case '\\':
			if i++; i < len(f) {
				b.WriteByte(f[i])
			}
		case '\'', '"':
			if end := strings.IndexByte(f[i+1:], c); end >= 0 {
				b.WriteString(f[i+1 : i+1+end])
				i += end + 1
			}
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
