package asl

import (
	"math"
	"strconv"
	"strings"

	"stile/jsonval"
)

// maxSafeWhole is the greatest float64 that stands for one whole number alone.
const maxSafeWhole = 1<<53 - 1

// javaNumbers writes the numbers of an expression's result as AWS does, whose
// evaluator runs on a JVM: a whole number that fits is digits alone, and any other is
// the text of a Java double (1.0 is 1, 1e21 is 1.0E21, 9223372036854775808 is
// 9.223372036854776E18). What needs no change is v itself.
func javaNumbers(v jsonval.Value) jsonval.Value {
	src := v.Raw()
	var out []byte
	done := 0
	for i := 0; i < len(src); {
		switch c := src[i]; {
		case c == '"':
			i = jsonval.SkipString(src, i)
		case c == '-' || '0' <= c && c <= '9':
			end, plain := numberEnd(src, i)
			if !plain {
				if text := javaNumber(string(src[i:end])); text != string(src[i:end]) {
					out = append(append(out, src[done:i]...), text...)
					done = end
				}
			}
			i = end
		default:
			i++
		}
	}
	if out == nil {
		return v
	}
	made, err := jsonval.Parse(append(out, src[done:]...))
	if err != nil {
		return v // it is JSON by construction
	}
	return made
}

// numberEnd finds the end of a number; plain says that it is a whole one of few digits.
func numberEnd(src []byte, i int) (end int, plain bool) {
	end, plain = i+1, true
	for end < len(src) {
		switch c := src[end]; {
		case '0' <= c && c <= '9':
		case c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-':
			plain = false
		default:
			return end, plain && end-i < 19 && src[i] != '-'
		}
		end++
	}
	return end, plain && end-i < 19 && src[i] != '-'
}

// javaNumber is the text of one number.
func javaNumber(text string) string {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return strconv.FormatInt(n, 10)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	if f == math.Trunc(f) && math.Abs(f) <= maxSafeWhole {
		return strconv.FormatInt(int64(f), 10)
	}
	if a := math.Abs(f); a >= 1e-3 && a < 1e7 {
		return strconv.FormatFloat(f, 'f', -1, 64) // not whole: it has a point
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	e, _ := strconv.Atoi(exponent)
	return mantissa + "E" + strconv.Itoa(e)
}
