package picture

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"stile/rx"
)

// ParseMillis reads a moment by a date picture; ok is false where the text is not
// of the picture's form. What the picture does not name comes from now, in
// milliseconds since 1970, where it is larger than what is named, and is least
// where it is smaller.
func ParseMillis(text, picture string, now int64, m Meter) (millis float64, ok bool, err error) {
	parts, err := analyseDate(picture, m)
	if err != nil {
		return 0, false, err
	}
	var pattern strings.Builder
	for i := range parts {
		part, err := parts[i].regex()
		if err != nil {
			return 0, false, err
		}
		pattern.WriteString("(" + part + ")")
	}
	re, err := rx.CompileECMA("^"+pattern.String()+"$", "i")
	if err != nil {
		return 0, false, &Fault{Text: err.Error()}
	}
	m.Spend(8 * pattern.Len())
	runes := []rune(text)
	match := re.Find(runes, 0, func() { m.Spend(1) })
	if match == nil {
		return 0, false, nil
	}
	found, some := fields{}, false
	for i := range parts {
		p := &parts[i]
		if p.component == 0 {
			continue
		}
		// A group inside a part would shift the others: the parts have none.
		n, known, err := p.parse(string(runes[match[2*i+2]:match[2*i+3]]))
		if err != nil {
			return 0, false, err
		}
		some = true
		found.set(p.component, n, known)
	}
	if !some {
		return 0, false, nil
	}
	millis, err = found.resolve(momentOf(float64(now)))
	return millis, err == nil, err
}

var special = regexp.MustCompile(`[.*+?^${}()|[\]\\]`)

// regex gives the pattern of what a part can read.
func (p *datePart) regex() (string, error) {
	switch p.component {
	case 0:
		return special.ReplaceAllString(p.literal, `\$0`), nil
	case 'Z', 'z':
		text := "[-+][0-9]+"
		if p.integer.every > 0 {
			text += p.separator() + "[0-9]+"
		}
		if p.component == 'z' {
			text = "GMT" + text
		}
		return text, nil
	case 'f':
		return "[0-9]+", nil
	}
	switch {
	case p.integer != nil:
		return p.integer.regex()
	case p.calendar() == nil && p.component != 'P':
		return "", faultAt("D3133", string(p.component))
	}
	return "[a-zA-Z]+", nil
}

func (p *datePart) separator() string {
	return special.ReplaceAllString(p.integer.separators[0].text, `\$0`)
}

// parse reads what regex found; known is false for a name that is none.
func (p *datePart) parse(text string) (n float64, known bool, err error) {
	switch {
	case p.component == 'Z' || p.component == 'z':
		return p.parseZone(strings.TrimLeft(text, "GMTgmt")), true, nil
	case p.component == 'f':
		f, _ := strconv.ParseFloat("0."+text[:min(len(text), 3)], 64)
		return f * 1000, true, nil
	case p.integer != nil:
		n, err = p.integer.parse(text)
		return n, true, err
	case p.component == 'P':
		switch text {
		case "am", "AM":
			return 0, true, nil
		case "pm", "PM":
			return 1, true, nil
		}
		return 0, false, nil
	}
	for i, name := range p.calendar() {
		if p.short > 0 {
			name = name[:min(len(name), p.short)]
		}
		// The last of equal short names wins.
		if i > 0 && name == text {
			n, known = float64(i), true
		}
	}
	return n, known, nil
}

// parseZone gives minutes. The sign is the hours' alone, as in the reference
// implementation.
func (p *datePart) parseZone(text string) float64 {
	hours, minutes := text, "0"
	if p.integer.every > 0 {
		hours, minutes, _ = strings.Cut(text, p.integer.separators[0].text)
	} else if len(text) > 3 {
		hours, minutes = text[:3], text[3:]
	}
	return parseInt(hours)*60 + parseInt(minutes)
}

// fields are the components found, by letter.
type fields map[byte]float64

func (f fields) set(letter byte, n float64, known bool) {
	if known {
		f[letter] = n
	} else {
		delete(f, letter)
	}
}

// mask gives a bit for each letter whose component is there and neither 0 nor NaN.
func (f fields) mask(letters string) (bits int) {
	for i := range len(letters) {
		bits <<= 1
		if n := f[letters[i]]; n != 0 && !math.IsNaN(n) {
			bits |= 1
		}
	}
	return bits
}

// within tells that some of the bits of kind are set and no others.
func within(bits, kind int) bool { return bits&^kind == 0 && bits&kind != 0 }

// resolve puts the components together. A date is Y M D, or Y d; a time H m s f, or
// P h m s f. Weeks can be written, but not read.
func (f fields) resolve(now moment) (float64, error) {
	dates, times := f.mask("YXMxWwdD"), f.mask("PHhmsf")
	byDay := !within(dates, 0b10100001) && within(dates, 0b10000010)
	weekOfMonth := within(dates, 0b01010100)
	weekOfYear := !weekOfMonth && within(dates, 0b01001000)
	half := !within(times, 0b010111) && within(times, 0b101111)
	order := "YMD"
	switch {
	case byDay:
		order = "YD"
	case weekOfMonth:
		order = "XxwF"
	case weekOfYear:
		order = "XWF"
	}
	if half {
		order += "Phmsf"
	} else {
		order += "Hmsf"
	}
	if err := f.complete(order, now); err != nil {
		return 0, err
	}
	if weekOfMonth || weekOfYear {
		return 0, fault("D3136")
	}
	if f['M'] > 0 {
		f['M']--
	} else {
		f['M'] = 0
	}
	if byDay {
		t := momentOf(utc(f['Y'], 0, 1, 0, 0, 0, 0) + (f['d']-1)*day)
		month, _ := t.part('M')
		f['D'], _ = t.part('D')
		f['M'] = month - 1
	}
	if half {
		f['H'] = math.Mod(f['h'], 12)
		if f['h'] > 12 {
			f['H'] = f['h']
		}
		if f['P'] == 1 {
			f['H'] += 12
		}
	}
	millis := utc(f['Y'], f['M'], f['D'], f['H'], f['m'], f['s'], f['f'])
	if z, ok := f['Z']; ok && z != 0 && !math.IsNaN(z) {
		return millis - z*60_000, nil
	}
	return millis - f['z']*60_000, nil
}

// complete fills what is missing; a gap between two components is a fault.
func (f fields) complete(order string, now moment) error {
	begun, ended := false, false
	for i := range len(order) {
		letter := order[i]
		_, there := f[letter]
		switch {
		case there && ended:
			return fault("D3136")
		case there:
			begun = true
		case begun:
			ended = true
			f[letter] = 0
			if letterIn("MDd", letter) {
				f[letter] = 1
			}
		default:
			f[letter], _ = now.part(letter)
		}
	}
	return nil
}
