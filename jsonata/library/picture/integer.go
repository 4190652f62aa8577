package picture

import (
	"math"
	"strings"
	"unicode/utf8"

	"stile/jsonval"
)

// scheme is how an integer is written.
type scheme uint8

const (
	decimal scheme = iota
	letters
	roman
	words
	sequence // a numbering that only the document's author knows
)

type letterCase uint8

const (
	asIs letterCase = iota
	lower
	upper
	title
)

// integerFormat is what an integer picture means.
type integerFormat struct {
	scheme  scheme
	letters letterCase
	ordinal bool
	token   string // of a sequence
	zero    rune   // of the family of digits
	// mandatory and optional count digits.
	mandatory, optional int
	// every is the distance of equal separators; 0 where they stand irregularly.
	every      int
	separators []separator // from the right
	// width is how many digits are read, 0 for all that are there.
	width int
}

type separator struct {
	at   int // digits to its right
	text string
}

// families are the zeros of the decimal digits that a picture may be written in.
var families = []rune{0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
	0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900,
	0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10}

// FormatInteger writes the integer below v by an integer picture: a pattern of
// digits with separators (#,##0), A, a, I, i, W, w or Ww, and ;o for ordinals.
func FormatInteger(v float64, picture string, m Meter) (string, error) {
	f, err := analyseInteger(picture, m)
	if err != nil {
		return "", err
	}
	return f.format(math.Floor(v), m)
}

// ParseInteger reads what FormatInteger writes. Text that is no such number gives
// NaN or the number at its beginning.
func ParseInteger(text, picture string, m Meter) (float64, error) {
	f, err := analyseInteger(picture, m)
	if err != nil {
		return 0, err
	}
	m.Spend(len(text))
	return f.parse(text)
}

func analyseInteger(picture string, m Meter) (*integerFormat, error) {
	m.Spend(1 + len(picture))
	f := &integerFormat{letters: lower}
	primary := picture
	if i := strings.LastIndexByte(picture, ';'); i >= 0 {
		primary = picture[:i]
		f.ordinal = strings.HasPrefix(picture[i+1:], "o")
	}
	switch primary {
	case "A", "a":
		f.scheme = letters
	case "I", "i":
		f.scheme = roman
	case "W", "w", "Ww":
		f.scheme = words
	default:
		return f, f.pattern(primary)
	}
	switch primary {
	case "A", "I", "W":
		f.letters = upper
	case "Ww":
		f.letters = title
	}
	return f, nil
}

// pattern reads a pattern of digits from its right end.
func (f *integerFormat) pattern(primary string) error {
	f.zero = -1
	at := 0
	for rest := primary; rest != ""; {
		c, size := utf8.DecodeLastRuneInString(rest)
		rest = rest[:len(rest)-size]
		if zero := family(c); zero >= 0 {
			f.mandatory++
			at++
			if f.zero >= 0 && zero != f.zero {
				return fault("D3131")
			}
			f.zero = zero
		} else if c == '#' {
			f.optional++
			at++
		} else {
			f.separators = append(f.separators, separator{at, string(c)})
		}
	}
	if f.mandatory == 0 {
		f.scheme, f.token = sequence, primary
		return nil
	}
	positions := make([]int, len(f.separators))
	for i, s := range f.separators {
		positions[i] = s.at
		if s.text != f.separators[0].text {
			return nil
		}
	}
	f.every = regular(positions)
	return nil
}

func family(c rune) rune {
	for _, zero := range families {
		if c >= zero && c <= zero+9 {
			return zero
		}
	}
	return -1
}

func (f *integerFormat) format(v float64, m Meter) (text string, err error) {
	abs := math.Abs(v)
	switch f.scheme {
	case letters:
		text = toLetters(abs, f.letters == upper)
	case roman:
		text = toRoman(abs, m)
		if f.letters == upper {
			text = strings.ToUpper(text)
		}
	case words:
		text = inCase(toWords(abs, f.ordinal, m), f.letters)
	case decimal:
		text = f.digits(abs, m)
	default:
		return "", faultAt("D3130", f.token)
	}
	if v < 0 {
		text = "-" + text
	}
	return text, nil
}

func inCase(text string, c letterCase) string {
	switch c {
	case lower:
		return strings.ToLower(text)
	case upper:
		return strings.ToUpper(text)
	}
	return text
}

func (f *integerFormat) digits(v float64, m Meter) string {
	text := jsonval.FormatNumber(v)
	text = repeated(m, '0', f.mandatory-len(text)) + text
	if f.zero != '0' {
		text = strings.Map(func(c rune) rune { return c + f.zero - '0' }, text)
	}
	out := []rune(text)
	m.Spend(len(out))
	if f.every > 0 {
		out = grouped(out, f.every, []rune(f.separators[0].text))
	} else {
		for i := len(f.separators) - 1; i >= 0; i-- {
			m.Spend(len(out))
			out = inserted(out, len(out)-f.separators[i].at, []rune(f.separators[i].text))
		}
	}
	if !f.ordinal {
		return string(out)
	}
	suffix := map[rune]string{'1': "st", '2': "nd", '3': "rd"}[out[len(out)-1]]
	if suffix == "" || len(out) > 1 && out[len(out)-2] == '1' {
		suffix = "th"
	}
	return string(out) + suffix
}

// grouped puts sep between groups of every characters, from the right.
func grouped(text []rune, every int, sep []rune) []rune {
	out := make([]rune, 0, len(text)+len(text)/every*len(sep))
	for i, c := range text {
		if left := len(text) - i; i > 0 && left%every == 0 {
			out = append(out, sep...)
		}
		out = append(out, c)
	}
	return out
}

// inserted puts sep at a place. A place before the beginning keeps as many
// characters as it is negative, and sep stands before them: JavaScript's substr
// counts from the end.
func inserted(text []rune, at int, sep []rune) []rune {
	var head, tail []rune
	if at >= 0 {
		head, tail = text[:min(at, len(text))], text[min(at, len(text)):]
	} else {
		tail = text[max(len(text)+at, 0):]
	}
	out := make([]rune, 0, len(text)+len(sep))
	return append(append(append(out, head...), sep...), tail...)
}

func (f *integerFormat) parse(text string) (float64, error) {
	switch f.scheme {
	case letters:
		return fromLetters(text, f.letters == upper), nil
	case roman:
		return fromRoman(strings.ToUpper(text), f.letters == upper && text != strings.ToUpper(text)), nil
	case words:
		return fromWords(strings.ToLower(text)), nil
	case sequence:
		return 0, faultAt("D3130", f.token)
	}
	runes := []rune(text)
	if f.ordinal {
		runes = runes[:max(len(runes)-2, 0)]
	}
	text = string(runes)
	if f.every > 0 {
		text = strings.ReplaceAll(text, ",", "")
	} else {
		for _, s := range f.separators {
			text = strings.ReplaceAll(text, s.text, "")
		}
	}
	if f.zero != '0' {
		text = strings.Map(func(c rune) rune { return c - f.zero + '0' }, text)
	}
	return parseInt(text), nil
}

// regex gives what parse can read, in ECMAScript's flavour.
func (f *integerFormat) regex() (string, error) {
	switch f.scheme {
	case letters:
		return map[bool]string{true: "[A-Z]+", false: "[a-z]+"}[f.letters == upper], nil
	case roman:
		return map[bool]string{true: "[MDCLXVI]+", false: "[mdclxvi]+"}[f.letters == upper], nil
	case words:
		return wordsRegex(), nil
	case sequence:
		return "", faultAt("D3130", f.token)
	}
	text := "[0-9]+"
	if f.width > 0 {
		text = "[0-9]{" + jsonval.FormatNumber(float64(f.width)) + "}"
	}
	if f.ordinal {
		text += "(?:th|st|nd|rd)"
	}
	return text, nil
}
