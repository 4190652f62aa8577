package picture

import "strings"

// numberPart is one sub-picture.
type numberPart struct {
	picture, prefix, suffix string
	active, mantissa        string
	whole, fraction         string
	exponent                string
	hasExponent             bool
	// What F&O 4.7.4 finds in them: places of separators, sizes, scaling.
	wholeGroups, fractionGroups            []int
	every                                  int
	minWhole, scale                        int
	minFraction, maxFraction, exponentSize int
}

// split takes a sub-picture apart, F&O 4.7.3.
func (k *marks) split(picture string) *numberPart {
	p := &numberPart{picture: picture}
	text := []rune(picture)
	first, last := -1, -1
	for i, c := range text {
		if k.active(c) && string(c) != k.exponent {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first >= 0 {
		p.prefix, p.suffix = string(text[:first]), string(text[last+1:])
	} else {
		first, last = 0, len(text)-1
	}
	active := text[first : last+1]
	p.active, p.mantissa = string(active), string(active)
	// The place of the exponent is counted in the whole sub-picture, but used in its
	// active part: with a prefix the mantissa takes in more than it should.
	if at := runeIndex(text, k.exponent, first); at >= 0 && at <= last+1 {
		p.hasExponent = true
		p.mantissa = string(active[:min(at, len(active))])
		p.exponent = string(active[min(at+1, len(active)):])
	}
	var dotted bool
	if k.point != "" {
		p.whole, p.fraction, dotted = strings.Cut(p.mantissa, k.point)
	}
	if !dotted {
		p.whole, p.fraction = p.mantissa, p.suffix
	}
	return p
}

// runeIndex finds sub at or after from.
func runeIndex(text []rune, sub string, from int) int {
	if i := strings.Index(string(text[from:]), sub); i >= 0 {
		return from + len([]rune(string(text[from:])[:i]))
	}
	return -1
}

// check gives the code of the last rule that a sub-picture breaks, "" for none.
func (k *marks) check(p *numberPart) (code string) {
	rule := func(broken bool, c string) {
		if broken {
			code = c
		}
	}
	at := strings.Index(p.picture, k.point)
	rule(at != strings.LastIndex(p.picture, k.point), "D3081")
	rule(twice(p.picture, k.percent), "D3082")
	rule(twice(p.picture, k.mille), "D3083")
	scaled := strings.Contains(p.picture, k.percent) || strings.Contains(p.picture, k.mille)
	rule(strings.Contains(p.picture, k.percent) && strings.Contains(p.picture, k.mille), "D3084")
	rule(k.count(p.mantissa, true) == 0, "D3085")
	rule(strings.ContainsFunc(p.active, func(c rune) bool { return !k.active(c) }), "D3086")
	if at >= 0 {
		rule(strings.HasSuffix(p.picture[:at], k.group) || strings.HasPrefix(p.picture[at+len(k.point):], k.group), "D3087")
	} else {
		rule(strings.HasSuffix(p.whole, k.group), "D3088")
	}
	rule(strings.Contains(p.picture, k.group+k.group), "D3089")
	if i := strings.Index(p.whole, k.digit); i >= 0 {
		rule(k.count(p.whole[:i], false) > 0, "D3090")
	}
	if i := strings.LastIndex(p.fraction, k.digit); i >= 0 {
		rule(k.count(p.fraction[i:], false) > 0, "D3091")
	}
	rule(p.exponent != "" && scaled, "D3092")
	rule(p.hasExponent && (p.exponent == "" || k.count(p.exponent, false) < len([]rune(p.exponent))), "D3093")
	return code
}

func twice(text, part string) bool {
	return strings.Index(text, part) != strings.LastIndex(text, part)
}

// analyse finds sizes and places of separators, F&O 4.7.4.
func (k *marks) analyse(p *numberPart) {
	p.wholeGroups = k.groups(p, p.whole, false)
	p.every = regular(p.wholeGroups)
	p.fractionGroups = k.groups(p, p.fraction, true)
	p.minWhole = k.count(p.whole, false)
	p.scale = p.minWhole
	p.minFraction, p.maxFraction = k.count(p.fraction, false), k.count(p.fraction, true)
	if p.minWhole == 0 && p.maxFraction == 0 {
		if p.hasExponent {
			p.minFraction, p.maxFraction = 1, 1
		} else {
			p.minWhole = 1
		}
	}
	if p.hasExponent && p.minWhole == 0 && strings.Contains(p.whole, k.digit) {
		p.minWhole = 1
	}
	if p.minWhole == 0 && p.minFraction == 0 {
		p.minFraction = 1
	}
	p.exponentSize = k.count(p.exponent, false)
}

// groups counts the digits on one side of each separator. After the first, places
// are looked up in the integer part even for the fraction, as the reference
// implementation does.
func (k *marks) groups(p *numberPart, part string, left bool) (out []int) {
	if k.group == "" {
		return nil
	}
	text, whole := []rune(part), []rune(p.whole)
	for at := runeIndex(text, k.group, 0); at >= 0; {
		if side := text[min(at, len(text)):]; !left {
			out = append(out, k.count(string(side), true))
		} else {
			out = append(out, k.count(string(text[:min(at, len(text))]), true))
		}
		next := at + 1
		if next > len(whole) {
			break
		}
		at = runeIndex(whole, k.group, next)
	}
	return out
}
