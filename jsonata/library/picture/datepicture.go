package picture

import (
	"strings"
)

// ISO is the picture that $fromMillis and $now have where none is given.
const ISO = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]"

// datePart is a literal, or a marker for one component.
type datePart struct {
	literal   string
	component byte // 0 for a literal
	// short keeps so many characters of a name or digits of a year; -1 for all.
	short int
	// names writes the component in words of a calendar, in that case.
	names   letterCase
	integer *integerFormat // nil where names are written, or nothing counts
	// utcAsZ writes a zone of no offset as Z.
	utcAsZ bool
	// year is how many digits of a year are kept; -1 for all.
	year int
}

// defaultPresentation is how a component is written where its marker says nothing.
func defaultPresentation(component byte) string {
	switch component {
	case 'Y', 'M', 'D', 'd', 'W', 'w', 'X', 'x', 'H', 'h', 'f':
		return "1"
	case 'F', 'P', 'C', 'E':
		return "n"
	case 'm', 's':
		return "01"
	case 'Z', 'z':
		return "01:01"
	}
	return ""
}

const integerComponents = "YMDdFWwXxHhmsf"

// analyseDate takes a picture apart.
func analyseDate(picture string, m Meter) ([]datePart, error) {
	m.Spend(1 + 2*len(picture))
	var parts []datePart
	literal := func(text string) {
		if text != "" {
			parts = append(parts, datePart{literal: strings.ReplaceAll(text, "]]", "]")})
		}
	}
	for {
		before, rest, found := strings.Cut(picture, "[")
		literal(before)
		if !found {
			return parts, nil
		}
		if after, doubled := strings.CutPrefix(rest, "["); doubled {
			literal("[")
			picture = after
			continue
		}
		marker, after, closed := strings.Cut(rest, "]")
		if !closed {
			return nil, fault("D3135")
		}
		part, err := analyseMarker(strings.Join(strings.Fields(marker), ""), m)
		if err != nil {
			return nil, err
		}
		// Digits right after digits: how many the first ones are must be known to read them.
		if n := len(parts); n > 0 && part.counts() && parts[n-1].integer != nil {
			parts[n-1].integer.width = parts[n-1].integer.mandatory
		}
		parts = append(parts, part)
		picture = after
	}
}

func (p *datePart) counts() bool {
	return p.integer != nil && letterIn(integerComponents, p.component)
}

func analyseMarker(marker string, m Meter) (p datePart, err error) {
	if marker == "" {
		return p, faultAt("D3132", "")
	}
	p = datePart{component: marker[0], short: -1, year: -1}
	if marker[0] >= 0x80 {
		return p, faultAt("D3132", string([]rune(marker)[0]))
	}
	style, least, most := marker[1:], -1, -1
	if comma := strings.LastIndexByte(marker, ','); comma >= 1 {
		style = marker[1:comma]
		low, high, _ := strings.Cut(marker[comma+1:], "-")
		least, most = width(low), width(high)
	}
	modifier := byte(0)
	if style == "" {
		style = defaultPresentation(p.component)
	} else if last := style[len(style)-1]; len(style) > 1 && letterIn("atco", last) {
		style, modifier = style[:len(style)-1], last
	}
	if style == "" {
		return p, faultAt("D3132", marker[:1])
	}
	p.short = most
	p.utcAsZ = modifier == 't'
	switch {
	case style[0] == 'n':
		p.names = lower
	case strings.HasPrefix(style, "Nn"):
		p.names = title
	case style[0] == 'N':
		p.names = upper
	case letterIn(integerComponents, p.component):
		pattern := style
		if modifier != 0 {
			pattern += ";" + string(modifier)
		}
		if p.integer, err = analyseInteger(pattern, m); err != nil {
			return p, err
		}
		p.widen(least, most)
	}
	if p.component == 'Z' || p.component == 'z' {
		p.integer, err = analyseInteger(style, m)
	}
	return p, err
}

// widen applies a width to the digits of a number.
func (p *datePart) widen(least, most int) {
	f := p.integer
	if f.scheme == decimal {
		f.mandatory = max(f.mandatory, least)
	}
	if p.component != 'Y' {
		return
	}
	if most >= 0 {
		p.year, f.mandatory = most, most
	} else if w := f.mandatory + f.optional; w >= 2 && f.scheme == decimal {
		p.year = w
	}
}

// width reads a bound of a width; -1 where there is none.
func width(text string) int {
	n := parseInt(text)
	if !(n >= 0) {
		return -1
	}
	return int(min(n, 1e9))
}
