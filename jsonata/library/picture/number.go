package picture

import (
	"math"
	"strconv"
	"strings"

	"stile/jsonval"
)

// Options are the characters of a number picture, by the names of XPath's decimal
// formats. Unknown names are ignored.
type Options map[string]string

// DefaultOptions gives the characters that hold without options.
func DefaultOptions() Options {
	return Options{"decimal-separator": ".", "grouping-separator": ",", "exponent-separator": "e", "minus-sign": "-",
		"percent": "%", "per-mille": "‰", "zero-digit": "0", "digit": "#", "pattern-separator": ";"}
}

// marks are the options in the form that the code needs.
type marks struct {
	point, group, exponent, minus, percent, mille, digit, pattern string
	zero                                                          rune
}

func (o Options) marks() (marks, error) {
	zero := []rune(o["zero-digit"])
	if len(zero) == 0 {
		return marks{}, fault("D3085")
	}
	return marks{point: o["decimal-separator"], group: o["grouping-separator"], exponent: o["exponent-separator"],
		minus: o["minus-sign"], percent: o["percent"], mille: o["per-mille"], digit: o["digit"], pattern: o["pattern-separator"],
		zero: zero[0]}, nil
}

func (k *marks) isDigit(c rune) bool { return c >= k.zero && c <= k.zero+9 }

// active tells the characters that mean something.
func (k *marks) active(c rune) bool {
	s := string(c)
	return k.isDigit(c) || s == k.point || s == k.exponent || s == k.group || s == k.digit || s == k.pattern
}

// count counts digits of the family, and optional ones where asked.
func (k *marks) count(part string, optional bool) (n int) {
	for _, c := range part {
		if k.isDigit(c) || optional && string(c) == k.digit {
			n++
		}
	}
	return n
}

// FormatNumber writes v by a picture of XPath's fn:format-number.
func FormatNumber(v float64, picture string, o Options, m Meter) (string, error) {
	k, err := o.marks()
	if err != nil {
		return "", err
	}
	// Each separator is looked for, and put in, by a walk along the whole.
	m.Spend(1 + (8+strings.Count(picture, k.group))*len(picture))
	pictures := strings.Split(picture, k.pattern)
	if len(pictures) > 2 {
		return "", fault("D3080")
	}
	var parts []*numberPart
	for _, p := range pictures {
		part := k.split(p)
		if code := k.check(part); code != "" {
			return "", fault(code)
		}
		k.analyse(part)
		parts = append(parts, part)
	}
	if len(parts) == 1 {
		negative := *parts[0]
		negative.prefix = k.minus + negative.prefix
		parts = append(parts, &negative)
	}
	part := parts[1]
	if v >= 0 {
		part = parts[0]
	}
	return k.format(v, part, m), nil
}

// format writes v by one sub-picture; the steps are those of F&O 4.7.5.
func (k *marks) format(v float64, p *numberPart, m Meter) string {
	switch {
	case strings.Contains(p.picture, k.percent):
		v *= 100
	case strings.Contains(p.picture, k.mille):
		v *= 1000
	}
	exponent := 0
	if p.exponentSize > 0 && v != 0 && !math.IsInf(v, 0) && !math.IsNaN(v) {
		most, least := math.Pow(10, float64(p.scale)), math.Pow(10, float64(p.scale-1))
		for math.Abs(v) < least {
			v *= 10
			exponent--
		}
		for math.Abs(v) > most {
			v /= 10
			exponent++
		}
	}
	whole, fraction := k.digits(math.Abs(Round(v, float64(p.maxFraction))), p.maxFraction, m)
	whole = strings.TrimLeft(whole, string(k.zero))
	fraction = strings.TrimRight(fraction, string(k.zero))
	whole = repeated(m, k.zero, p.minWhole-len([]rune(whole))) + whole
	fraction += repeated(m, k.zero, p.minFraction-len([]rune(fraction)))
	m.Spend(len(whole) + len(fraction))
	text := string(k.separate(whole, fraction, p))
	if p.exponentSize > 0 {
		digits, _ := k.digits(math.Abs(float64(exponent)), 0, m)
		text += k.exponent
		if exponent < 0 {
			text += k.minus
		}
		text += repeated(m, k.zero, p.exponentSize-len([]rune(digits))) + digits
	}
	return p.prefix + text + p.suffix
}

// digits spells v with places decimals in the family's digits.
func (k *marks) digits(v float64, places int, m Meter) (whole, fraction string) {
	m.Produce(places + 1)
	text := strconv.FormatFloat(v, 'f', places, 64)
	if v >= 1e21 || math.IsNaN(v) {
		text = jsonval.FormatNumber(v)
	}
	if k.zero != '0' {
		text = strings.Map(func(c rune) rune {
			if c >= '0' && c <= '9' {
				return c - '0' + k.zero
			}
			return c
		}, text)
	}
	whole, fraction, _ = strings.Cut(text, ".")
	return whole, fraction
}

// separate puts separators into both parts and joins them. Places are counted in the
// text as it stands, so that in a short number they wrap around its end.
func (k *marks) separate(whole, fraction string, p *numberPart) []rune {
	text := []rune(whole + k.point + fraction)
	point, sep := len([]rune(whole)), []rune(k.group)
	if p.every > 0 {
		text = append(grouped(text[:point], p.every, sep), text[point:]...)
	} else {
		for _, at := range p.wholeGroups {
			text = spliced(text, point-at, sep)
			point++
		}
	}
	point = runeIndex(text, k.point, 0)
	for _, at := range p.fractionGroups {
		text = spliced(text, at+point+1, sep)
	}
	if point = runeIndex(text, k.point, 0); !strings.Contains(p.picture, k.point) || point == len(text)-1 {
		// The point goes; without one in the picture, so does any last character.
		text = text[:len(text)-1]
	}
	return text
}

// spliced puts sep at a place; one before the beginning counts from the end, as
// JavaScript's slice does.
func spliced(text []rune, at int, sep []rune) []rune {
	if at < 0 {
		at = max(len(text)+at, 0)
	}
	at = min(at, len(text))
	out := make([]rune, 0, len(text)+len(sep))
	return append(append(append(out, text[:at]...), sep...), text[at:]...)
}

// Round rounds half to even at so many decimal places, which may be negative; the
// decimal point is moved in the number's shortest text, so that 1.005 rounds as it
// reads.
func Round(v, places float64) float64 {
	move := places != 0 && !math.IsNaN(places)
	if move {
		v = shifted(v, places)
	}
	v = math.RoundToEven(v)
	if move {
		v = shifted(v, -places)
	}
	if v == 0 {
		return 0
	}
	return v
}

// shifted moves the decimal point to the right.
func shifted(v, places float64) float64 {
	if places != math.Trunc(places) || math.Abs(places) >= 1e21 || math.IsNaN(v) || math.IsInf(v, 0) {
		return math.NaN()
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', -1, 64), "e")
	e, _ := strconv.Atoi(exponent)
	out, _ := strconv.ParseFloat(mantissa+"e"+strconv.FormatFloat(float64(e)+min(max(places, -9999), 9999), 'f', 0, 64), 64)
	return out
}
