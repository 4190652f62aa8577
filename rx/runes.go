package rx

import (
	"cmp"
	"slices"
	"unicode"
)

// property is a class with a name: \d, \p{Lu} and the like. is decides; tables and
// runes (pairs) say the same as is, for those who need them written out.
type property struct {
	is     func(rune) bool
	tables []*unicode.RangeTable
	runes  []rune
	not    bool
}

func (p *property) has(r rune) bool { return p.is(r) != p.not }

func (p property) negated() property {
	p.not = !p.not
	return p
}

var (
	digits = property{is: unicode.IsDigit, tables: []*unicode.RangeTable{unicode.Nd}}
	words  = property{is: isWord, tables: []*unicode.RangeTable{unicode.L, unicode.Nd, unicode.Mn, unicode.Pc}}
	spaces = property{is: unicode.IsSpace, tables: []*unicode.RangeTable{unicode.White_Space}}

	asciiDigits = property{is: isASCIIDigit, runes: []rune{'0', '9'}}
	asciiWords  = property{is: isASCIIWord, runes: []rune{'0', '9', 'A', 'Z', '_', '_', 'a', 'z'}}
	asciiSpaces = property{is: func(r rune) bool { return r == ' ' || r >= '\t' && r <= '\r' }, runes: []rune{'\t', '\r', ' ', ' '}}
	ecmaSpaces  = property{is: isECMASpace, tables: []*unicode.RangeTable{unicode.Zs}, runes: []rune{'\t', '\r', '\ufeff', '\ufeff', '\u2028', '\u2029'}}
)

// written gives the property as pairs.
func (p *property) written() []rune {
	out := slices.Clone(p.runes)
	spread := func(lo, hi, stride rune) {
		if stride == 1 {
			out = append(out, lo, hi)
			return
		}
		for r := lo; r <= hi; r += stride {
			out = append(out, r, r)
		}
	}
	for _, t := range p.tables {
		for _, r := range t.R16 {
			spread(rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
		for _, r := range t.R32 {
			spread(rune(r.Lo), rune(r.Hi), rune(r.Stride))
		}
	}
	if out = joined(out); p.not {
		return others(out)
	}
	return out
}

// written gives the class as pairs, where case is not ignored.
func (s *set) written() []rune {
	out := slices.Clone(s.ranges)
	for i := range s.named {
		out = append(out, s.named[i].written()...)
	}
	if out = joined(out); s.not {
		out = others(out)
	}
	if s.minus != nil {
		out = without(out, s.minus.written())
	}
	return out
}

// written gives the characters that a node of one character takes, as pairs; cased are
// casedRunes where case is ignored.
func (n *node) written(cased []rune) []rune {
	var out []rune
	switch n.op {
	case opRune:
		out = []rune{n.r, n.r}
	case opSet:
		out = n.set.written()
	default:
		if n.flags&Singleline != 0 {
			return others(nil)
		}
		out = []rune{'\n', '\n'}
		if n.flags&ecma != 0 {
			out = []rune{'\n', '\n', '\r', '\r', '\u2028', '\u2029'}
		}
		return others(out)
	}
	if n.flags&IgnoreCase == 0 {
		return out
	}
	// Characters without case are taken or not whether case is ignored or not. For the
	// rest takes is asked one by one: flavours fold k, ſ, İ and ς each in its own way.
	out = without(out, cased)
	for i := 0; i < len(cased); i += 2 {
		for r := cased[i]; r <= cased[i+1]; r++ {
			if n.takes(r) {
				out = append(out, r, r)
			}
		}
	}
	return joined(out)
}

// casedRunes are all that a mapping of case leads from or to, as pairs.
func casedRunes() []rune {
	var out []rune
	for _, c := range unicode.CaseRanges {
		for r := rune(c.Lo); r <= rune(c.Hi); r++ {
			for _, to := range []rune{r, unicode.SimpleFold(r), unicode.ToLower(r), unicode.ToUpper(r)} {
				out = append(out, to, to)
			}
		}
	}
	return joined(out)
}

// joined sorts pairs and makes one of those that touch.
func joined(ranges []rune) []rune {
	type pair struct{ lo, hi rune }
	pairs := make([]pair, 0, len(ranges)/2)
	for i := 0; i < len(ranges); i += 2 {
		pairs = append(pairs, pair{ranges[i], ranges[i+1]})
	}
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.lo, b.lo) })
	out := ranges[:0]
	for _, p := range pairs {
		if n := len(out); n > 0 && p.lo <= out[n-1]+1 {
			out[n-1] = max(out[n-1], p.hi)
			continue
		}
		out = append(out, p.lo, p.hi)
	}
	return out
}

// others gives what stands between joined pairs.
func others(ranges []rune) []rune {
	var out []rune
	next := rune(0)
	for i := 0; i < len(ranges); i += 2 {
		if ranges[i] > next {
			out = append(out, next, ranges[i]-1)
		}
		next = ranges[i+1] + 1
	}
	if next <= unicode.MaxRune {
		out = append(out, next, unicode.MaxRune)
	}
	return out
}

// without takes joined pairs out of joined pairs.
func without(ranges, out []rune) []rune {
	return others(joined(append(others(ranges), out...)))
}
