package picture

import (
	"math"
	"regexp"
	"strings"
)

var (
	small = []string{"Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve",
		"Thirteen", "Fourteen", "Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen"}
	smallth = []string{"Zeroth", "First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth",
		"Eleventh", "Twelfth", "Thirteenth", "Fourteenth", "Fifteenth", "Sixteenth", "Seventeenth", "Eighteenth", "Nineteenth"}
	tens   = []string{"Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty", "Ninety"}
	powers = []string{"Thousand", "Million", "Billion", "Trillion"}
)

// toWords writes a number in English; what is beyond trillions is so many trillions.
func toWords(v float64, ordinal bool, m Meter) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "NaN"
	}
	text := spell(v, false, ordinal)
	m.Produce(len(text))
	return text
}

// spell writes v; after says that a larger part stands before it.
func spell(v float64, after, ordinal bool) string {
	switch {
	case v < 0:
		return ""
	case v <= 19:
		return joint(after, " and ") + choose(ordinal, smallth, small)[int(v)]
	case v < 100:
		text := joint(after, " and ") + tens[int(v)/10-2]
		if rest := int(v) % 10; rest > 0 {
			return text + "-" + spell(float64(rest), false, ordinal)
		}
		if ordinal {
			return text[:len(text)-1] + "ieth"
		}
		return text
	case v < 1000:
		text := joint(after, ", ") + small[int(v)/100] + " Hundred"
		return text + spellRest(float64(int(v)%100), ordinal)
	}
	power, name := 1e3, 0
	for name < len(powers)-1 && v >= power*1e3 {
		power *= 1e3
		name++
	}
	head := math.Floor(v / power)
	text := joint(after, ", ") + spell(head, false, false) + " " + powers[name]
	return text + spellRest(v-head*power, ordinal)
}

func spellRest(rest float64, ordinal bool) string {
	switch {
	case rest > 0:
		return spell(rest, true, ordinal)
	case ordinal:
		return "th"
	}
	return ""
}

func joint(after bool, text string) string {
	if after {
		return text
	}
	return ""
}

func choose(first bool, a, b []string) []string {
	if first {
		return a
	}
	return b
}

// wordValues gives each word of toWords in lower case with its value, in a fixed
// order: an alternation takes the first that fits.
func wordValues() (list []string, values map[string]float64) {
	values = map[string]float64{}
	put := func(word string, v float64) {
		word = strings.ToLower(word)
		list = append(list, word)
		values[word] = v
	}
	for i, w := range small {
		put(w, float64(i))
	}
	for i, w := range smallth {
		put(w, float64(i))
	}
	for i, w := range tens {
		put(w, float64(i+2)*10)
		put(w[:len(w)-1]+"ieth", float64(i+2)*10)
	}
	put("Hundred", 100)
	put("Hundredth", 100)
	for i, w := range powers {
		v := math.Pow(10, float64(i+1)*3)
		put(w, v)
		put(w+"th", v)
	}
	return list, values
}

func wordsRegex() string {
	list, _ := wordValues()
	return "(?:" + strings.Join(append(list, "and", `[\-, ]`), "|") + ")+"
}

var betweenWords = regexp.MustCompile(`,\s|\sand\s|[\s\\-]`)

// fromWords reads what toWords writes; a word that it does not know makes it NaN.
func fromWords(text string) float64 {
	_, values := wordValues()
	segments := []float64{0}
	for _, word := range betweenWords.Split(text, -1) {
		last := segments[len(segments)-1]
		v, ok := values[word]
		switch {
		case !ok:
			return math.NaN()
		case v >= 100:
			segments[len(segments)-1] = last * v
		case last >= 1000:
			segments = append(segments, v)
		default:
			segments[len(segments)-1] = last + v
		}
	}
	sum := 0.0
	for _, s := range segments {
		sum += s
	}
	return sum
}

var numerals = []struct {
	value float64
	text  string
}{
	{1000, "m"}, {900, "cm"}, {500, "d"}, {400, "cd"}, {100, "c"}, {90, "xc"}, {50, "l"}, {40, "xl"}, {10, "x"}, {9, "ix"},
	{5, "v"}, {4, "iv"}, {1, "i"},
}

func toRoman(v float64, m Meter) string {
	if math.IsNaN(v) {
		return ""
	}
	m.Produce(int(min(v/1000, 1e15)) + 12)
	var b strings.Builder
	for _, n := range numerals {
		for v >= n.value {
			m.Spend(1)
			b.WriteString(n.text)
			v -= n.value
		}
	}
	return b.String()
}

// fromRoman reads capitals; small says that the text was not in capitals though
// it had to be.
func fromRoman(text string, small bool) float64 {
	values := map[byte]float64{'M': 1000, 'D': 500, 'C': 100, 'L': 50, 'X': 10, 'V': 5, 'I': 1}
	sum, largest := 0.0, 1.0
	for i := len(text) - 1; i >= 0; i-- {
		v, ok := values[text[i]]
		switch {
		case !ok || small:
			return math.NaN()
		case v < largest:
			sum -= v
		default:
			largest = v
			sum += v
		}
	}
	return sum
}

// toLetters counts a, b … z, aa, ab …
func toLetters(v float64, capital bool) string {
	first := rune('a')
	if capital {
		first = 'A'
	}
	var out []rune
	for v > 0 && !math.IsInf(v, 0) {
		out = append(out, first+rune(math.Mod(v-1, 26)))
		v = math.Floor((v - 1) / 26)
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return string(out)
}

func fromLetters(text string, capital bool) float64 {
	first := 'a'
	if capital {
		first = 'A'
	}
	sum := 0.0
	runes := []rune(text)
	for i := range runes {
		sum += float64(runes[len(runes)-1-i]-first+1) * math.Pow(26, float64(i))
	}
	return sum
}
