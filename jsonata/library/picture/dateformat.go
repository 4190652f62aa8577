package picture

import (
	"math"
	"strings"
)

// offset is a zone's distance from UTC in hours and minutes, as read from +hhmm.
type offset struct{ hours, minutes float64 }

// zone reads a zone. Hours are rounded down and minutes keep their sign, so that
// -0530 is six hours and thirty minutes west, as in the reference implementation.
func zone(text string) offset {
	n := parseInt(text)
	return offset{math.Floor(n / 100), math.Mod(n, 100)}
}

// FormatMillis writes a moment, in milliseconds since 1970, by a date picture (ISO
// where the caller has none) in a zone written as +hhmm ("0" is UTC).
func FormatMillis(millis float64, picture, timezone string, m Meter) (string, error) {
	parts, err := analyseDate(picture, m)
	if err != nil {
		return "", err
	}
	off := zone(timezone)
	at := momentOf(millis + (60*off.hours+off.minutes)*60_000)
	var b strings.Builder
	for i := range parts {
		text := parts[i].literal
		if parts[i].component != 0 {
			if text, err = parts[i].format(at, off, m); err != nil {
				return "", err
			}
		}
		m.Produce(len(text))
		b.WriteString(text)
	}
	return b.String(), nil
}

func (p *datePart) format(at moment, off offset, m Meter) (string, error) {
	switch p.component {
	case 'Z', 'z':
		return p.formatZone(off, m)
	case 'P':
		text := "am"
		if h, _ := at.part('H'); h >= 12 {
			text = "pm"
		}
		if p.names == upper {
			text = strings.ToUpper(text)
		}
		return text, nil
	case 'C', 'E':
		return "ISO", nil
	}
	n, ok := at.part(p.component)
	if !ok {
		return "undefined", nil
	}
	if p.year >= 0 {
		n = math.Mod(n, math.Pow(10, float64(p.year)))
	}
	if p.integer != nil {
		return p.integer.format(n, m)
	}
	return p.name(n)
}

// name gives a month's or a day's name.
func (p *datePart) name(n float64) (string, error) {
	list := p.calendar()
	if list == nil {
		return "", faultAt("D3133", string(p.component))
	}
	if math.IsNaN(n) { // of a time that no calendar has JavaScript finds no name
		switch {
		case p.names == upper:
			return "", &Fault{Text: "Cannot read properties of undefined (reading 'toUpperCase')"}
		case p.short >= 0:
			return "", &Fault{Text: "Cannot read properties of undefined (reading 'length')"}
		}
		return "undefined", nil
	}
	text := inCase(list[int(n)], p.names)
	if p.short >= 0 && len(text) > p.short {
		text = text[:p.short]
	}
	return text, nil
}

// calendar gives the names that a component may have, from index 1; nil for none.
func (p *datePart) calendar() []string {
	switch p.component {
	case 'M', 'x':
		return append([]string{""}, months...)
	case 'F':
		return weekdays
	}
	return nil
}

func (p *datePart) formatZone(off offset, m Meter) (text string, err error) {
	both := off.hours*100 + off.minutes
	switch digits := p.integer.mandatory; {
	case p.integer.every > 0 || digits == 3 || digits == 4:
		text, err = p.integer.format(both, m)
	case digits == 1 || digits == 2:
		text, err = p.integer.format(off.hours, m)
		if off.minutes != 0 && err == nil {
			var minutes string
			minutes, err = FormatInteger(off.minutes, "00", m)
			text += ":" + minutes
		}
	default:
		many := float64(digits)
		err = &Fault{Code: "D3134", Number: &many}
	}
	if err != nil {
		return "", err
	}
	if both >= 0 {
		text = "+" + text
	}
	if p.component == 'z' {
		text = "GMT" + text
	}
	if both == 0 && p.utcAsZ {
		text = "Z"
	}
	return text, nil
}
