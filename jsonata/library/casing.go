package library

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// upperMany are the characters whose capitals are more than one, by Unicode's
// SpecialCasing.
var upperMany = map[rune]string{
	'\u00df': "SS", '\u0149': "ʼN", '\u01f0': "J̌", '\u0390': "Ϊ́", '\u03b0': "Ϋ́", '\u0587': "ԵՒ", '\u1e96': "H̱",
	'\u1e97': "T̈", '\u1e98': "W̊", '\u1e99': "Y̊", '\u1e9a': "Aʾ", '\u1f50': "Υ̓", '\u1f52': "Υ̓̀", '\u1f54': "Υ̓́",
	'\u1f56': "Υ̓͂", '\u1f80': "ἈΙ", '\u1f81': "ἉΙ", '\u1f82': "ἊΙ", '\u1f83': "ἋΙ", '\u1f84': "ἌΙ", '\u1f85': "ἍΙ",
	'\u1f86': "ἎΙ", '\u1f87': "ἏΙ", '\u1f88': "ἈΙ", '\u1f89': "ἉΙ", '\u1f8a': "ἊΙ", '\u1f8b': "ἋΙ", '\u1f8c': "ἌΙ",
	'\u1f8d': "ἍΙ", '\u1f8e': "ἎΙ", '\u1f8f': "ἏΙ", '\u1f90': "ἨΙ", '\u1f91': "ἩΙ", '\u1f92': "ἪΙ", '\u1f93': "ἫΙ",
	'\u1f94': "ἬΙ", '\u1f95': "ἭΙ", '\u1f96': "ἮΙ", '\u1f97': "ἯΙ", '\u1f98': "ἨΙ", '\u1f99': "ἩΙ", '\u1f9a': "ἪΙ",
	'\u1f9b': "ἫΙ", '\u1f9c': "ἬΙ", '\u1f9d': "ἭΙ", '\u1f9e': "ἮΙ", '\u1f9f': "ἯΙ", '\u1fa0': "ὨΙ", '\u1fa1': "ὩΙ",
	'\u1fa2': "ὪΙ", '\u1fa3': "ὫΙ", '\u1fa4': "ὬΙ", '\u1fa5': "ὭΙ", '\u1fa6': "ὮΙ", '\u1fa7': "ὯΙ", '\u1fa8': "ὨΙ",
	'\u1fa9': "ὩΙ", '\u1faa': "ὪΙ", '\u1fab': "ὫΙ", '\u1fac': "ὬΙ", '\u1fad': "ὭΙ", '\u1fae': "ὮΙ", '\u1faf': "ὯΙ",
	'\u1fb2': "ᾺΙ", '\u1fb3': "ΑΙ", '\u1fb4': "ΆΙ", '\u1fb6': "Α͂", '\u1fb7': "Α͂Ι", '\u1fbc': "ΑΙ", '\u1fc2': "ῊΙ",
	'\u1fc3': "ΗΙ", '\u1fc4': "ΉΙ", '\u1fc6': "Η͂", '\u1fc7': "Η͂Ι", '\u1fcc': "ΗΙ", '\u1fd2': "Ϊ̀", '\u1fd3': "Ϊ́",
	'\u1fd6': "Ι͂", '\u1fd7': "Ϊ͂", '\u1fe2': "Ϋ̀", '\u1fe3': "Ϋ́", '\u1fe4': "Ρ̓", '\u1fe6': "Υ͂", '\u1fe7': "Ϋ͂",
	'\u1ff2': "ῺΙ", '\u1ff3': "ΩΙ", '\u1ff4': "ΏΙ", '\u1ff6': "Ω͂", '\u1ff7': "Ω͂Ι", '\u1ffc': "ΩΙ", '\ufb00': "FF",
	'\ufb01': "FI", '\ufb02': "FL", '\ufb03': "FFI", '\ufb04': "FFL", '\ufb05': "ST", '\ufb06': "ST", '\ufb13': "ՄՆ",
	'\ufb14': "ՄԵ", '\ufb15': "ՄԻ", '\ufb16': "ՎՆ", '\ufb17': "ՄԽ",
}

// uppercase is Unicode's full mapping without a language.
func uppercase(s string) string {
	if isASCII(s) {
		return strings.ToUpper(s)
	}
	return cased(s, func(b *strings.Builder, rs []rune, i int) {
		if many, ok := upperMany[rs[i]]; ok {
			b.WriteString(many)
			return
		}
		b.WriteString(encoded([]rune{unicode.ToUpper(rs[i])}))
	})
}

// lowercase is Unicode's full mapping without a language: a sigma that ends a word
// has a form of its own.
func lowercase(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	return cased(s, func(b *strings.Builder, rs []rune, i int) {
		switch {
		case rs[i] == '\u0130':
			b.WriteString("i\u0307")
		case rs[i] == '\u03a3' && letterBefore(rs[:i]) && !letterAfter(rs[i+1:]):
			b.WriteRune('\u03c2')
		default:
			b.WriteString(encoded([]rune{unicode.ToLower(rs[i])}))
		}
	})
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// cased maps a string character by character.
func cased(s string, put func(b *strings.Builder, rs []rune, i int)) string {
	rs := decoded(s)
	var b strings.Builder
	b.Grow(len(s))
	for i := range rs {
		put(&b, rs, i)
	}
	return b.String()
}

func letterBefore(rs []rune) bool {
	for i := len(rs) - 1; i >= 0; i-- {
		if !ignorable(rs[i]) {
			return hasCase(rs[i])
		}
	}
	return false
}

func letterAfter(rs []rune) bool {
	for _, r := range rs {
		if !ignorable(r) {
			return hasCase(r)
		}
	}
	return false
}

func hasCase(r rune) bool {
	return unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt, unicode.Other_Lowercase, unicode.Other_Uppercase)
}

// ignorable tells what may stand inside a word without being a letter of it.
func ignorable(r rune) bool {
	return strings.ContainsRune("'.:^`\u00b7\u2018\u2019\u2024\u2027", r) || unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk)
}
