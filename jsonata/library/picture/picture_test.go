package picture

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"

	"stile/jsonata/value"
	"stile/jsonval"
)

// free charges nothing.
type free struct{}

func (free) Spend(int)   {}
func (free) Produce(int) {}

// spent panics at the first charge beyond its bytes.
type spent struct{ bytes int }

func (s *spent) Spend(int) {}
func (s *spent) Produce(n int) {
	if s.bytes -= n; s.bytes < 0 {
		panic(value.TooLarge())
	}
}

// told gives a result, or the code of the error in its place.
func told(text string, err error) string {
	var fault *Fault
	if errors.As(err, &fault) {
		return fault.Code
	}
	return text
}

func toldNumber(f float64, err error) string {
	if err == nil && math.IsNaN(f) {
		return "NaN"
	}
	return told(jsonval.FormatNumber(f), err)
}

func TestFormatNumber(t *testing.T) {
	for _, c := range []struct {
		v             float64
		picture, want string
	}{
		{12345678.9, "9,999.99", "12,345,678.90"}, {123412345678.9, "9,9,99.99", "123412345,6,78.90"}, {1234.56789, "9,999.999,999", "1,234.567,890"},
		{123.9, "9999", "0124"}, {0.14, "01%", "14%"}, {0.14, "0.0‰", "140.0‰"}, {-6, "000", "-006"}, {-6, "0;(0)", "(6)"}, {6, "0;(0)", "6"},
		{1234.5678, "00.000e0", "12.346e2"}, {0.234, "0.0e0", "2.3e-1"}, {0.234, ".00e0", ".23e0"}, {0, "0.00e0", "0.00e0"}, {-42, "0e0", "-4e1"}, {0.123, "#.e9", "0.1e0"},
		{1e20, "#,######", "100,000000,000000,000000"}, {2.5, "0", "2"}, {3.5, "0", "4"}, {1.005, "0.00", "1.00"}, {0, "#", "0"}, {0, "#.#", ".0"}, {5, "$0 US", "$5 US"}, {1, "#,##0.00", "1.00"},
		{20, "0;0;0", "D3080"}, {20, "0.0.0", "D3081"}, {20, "#0%%", "D3082"}, {20, "#0‰‰", "D3083"}, {20, "#0%‰", "D3084"}, {20, ".e0", "D3085"}, {1, "x", "D3086"}, {42, "%%", "D3086"},
		{20, "0a0", "D3086"}, {20, "0,.e0", "D3087"}, {20, "0,", "D3088"}, {20, "0,,0", "D3089"}, {20, "0#.e0", "D3090"}, {20, "#0.#0e0", "D3091"}, {20, "#0.0e0%", "D3092"}, {20, "0e", "D3093"},
	} {
		if got := told(FormatNumber(c.v, c.picture, DefaultOptions(), free{})); got != c.want {
			t.Errorf("%v by %q: got %q, want %q", c.v, c.picture, got, c.want)
		}
	}
	o := DefaultOptions()
	o["decimal-separator"], o["grouping-separator"], o["zero-digit"], o["minus-sign"] = ",", ".", "A", "~"
	if got := told(FormatNumber(-1234.5, "#.AAA,AA", o, free{})); got != "~B.CDE,FA" {
		t.Errorf("with options: %q", got)
	}
}

func TestInteger(t *testing.T) {
	for _, c := range []struct {
		v             float64
		picture, text string
	}{
		{123, "000", "123"}, {12, "0000", "0012"}, {1200, "#,##0", "1,200"}, {1234567, "##,##,##0", "12,34,567"}, {1234567890, "#:###,##0", "1234:567,890"}, {12340, "###١", "١٢٣٤٠"},
		{1, "0;o", "1st"}, {22, "0;o", "22nd"}, {113, "0;o", "113th"}, {1234, "#,##0;o", "1,234th"}, {1984, "I", "MCMLXXXIV"}, {99, "i", "xcix"}, {27, "a", "aa"}, {300, "A", "KN"}, {12, "w", "twelve"},
		{34, "W", "THIRTY-FOUR"}, {555, "Ww", "Five Hundred and Fifty-Five"}, {1000, "w;o", "one thousandth"}, {30, "w;o", "thirtieth"}, {3731, "w;o", "three thousand, seven hundred and thirty-first"},
		{1e46, "w", "ten billion trillion trillion trillion"}, {1000000000001, "w", "one trillion and one"}, {0, "w", "zero"},
	} {
		if got := told(FormatInteger(c.v, c.picture, free{})); got != c.text {
			t.Errorf("%v by %q: got %q, want %q", c.v, c.picture, got, c.text)
		}
		if got := toldNumber(ParseInteger(c.text, c.picture, free{})); c.picture != "#:###,##0" && got != jsonval.FormatNumber(c.v) {
			t.Errorf("%q by %q: got %s, want %v", c.text, c.picture, got, c.v)
		}
	}
	for _, c := range []struct{ text, picture, want string }{
		{"1234:567,890", "#:###,##0", "1234567890"}, {"eleventy", "w", "NaN"}, {"x1", "0", "NaN"}, {"0x1f", "0", "31"}, {"12abc", "0", "12"}, {"xiv", "I", "NaN"}, {"50", "#", "D3130"}, {"50", "0٠", "D3131"},
	} {
		if got := toldNumber(ParseInteger(c.text, c.picture, free{})); got != c.want {
			t.Errorf("%q by %q: got %s, want %s", c.text, c.picture, got, c.want)
		}
	}
	if got := told(FormatInteger(-2.5, "w", free{})); got != "-three" {
		t.Errorf("below zero: %q", got)
	}
}

func TestFormatMillis(t *testing.T) {
	const friday = 1521801216617 // 2018-03-23T10:33:36.617Z
	for _, c := range []struct {
		millis              float64
		picture, zone, want string
	}{
		{friday, ISO, "0", "2018-03-23T10:33:36.617Z"}, {friday, ISO, "+0530", "2018-03-23T16:03:36.617+05:30"}, {friday, "[[Year]]: [[[Y0001]]]", "0", "[Year]: [2018]"}, {friday, "[ Y ]-[M 01]", "0", "2018-03"},
		{friday, "[FNn], the [Dwo] of [MNn] [Y] [E]", "0", "Friday, the twenty-third of March 2018 ISO"}, {friday, "[FNn,3-3], [D1o] [MN,3-3]", "0", "Fri, 23rd MAR"}, {friday, "[h]:[m]:[s] [P] [PN]", "0", "10:33:36 am AM"},
		{friday, "[Y,2] [Y0001,2-2] [Y9,999,*] [YI]", "0", "18 18 2,018 MMXVIII"}, {friday, "[Z] [z] [Z0] [Z0101t]", "-0500", "-05:00 GMT-05:00 -5 -0500"}, {friday, "[Z0]", "+0530", "+5:30"}, {friday, "[d] [W] [w] [X] [xNn] [F0]", "0", "82 12 4 2018 March 5"},
		{1104537600000, "[X0001]-W[W01]-[F1]", "0", "2004-W53-6"}, {1230681600000, "[X]-W[W01]", "0", "2009-W01"}, {1483272000000, "[w] of [xNn]", "0", "5 of December"}, {-1, ISO, "0", "1969-12-31T23:59:59.999Z"},
		{1e20, "[Y]", "0", "NaN"}, {0, "[q1]", "0", "undefined"}, {0, "[YN]", "0", "D3133"}, {0, "[M", "0", "D3135"}, {0, "[q]", "0", "D3132"}, {0, "[]", "0", "D3132"}, {0, "[Z010101]", "0", "D3134"}, {0, "[D#]", "0", "D3130"},
	} {
		if got := told(FormatMillis(c.millis, c.picture, c.zone, free{})); got != c.want {
			t.Errorf("%v by %q in %s: got %q, want %q", c.millis, c.picture, c.zone, got, c.want)
		}
	}
}

func TestParseMillis(t *testing.T) {
	const now = 1500000000123 // 2017-07-14T02:40:00.123Z
	for _, c := range []struct{ text, picture, want string }{
		{"2018-02-03", "[Y0001]-[M01]-[D01]", "1517616000000"}, {"20180203", "[Y0001][M01][D01]", "1517616000000"}, {"201802", "[Y,*-4][M01]", "1517443200000"}, {"3rd february 2018", "[D1o] [MNn] [Y]", "D3136"},
		{"3rd February 2018", "[D1o] [MNn] [Y]", "1517616000000"}, {"2018-034", "[Y]-[d]", "1517616000000"}, {"12:30", "[H01]:[m01]", "1500035400000"}, {"10.5pm", "[h].[m][Pn]", "1500069900000"}, {"12.05am", "[h].[m01][PN]", "1499990700000"},
		{"MMXVIII", "[YI]", "1514764800000"}, {"twenty-third March 2018", "[Dwo] [MNn] [Y]", "1521763200000"}, {"2018-02-03 10:20 +05:30", "[Y]-[M]-[D] [H]:[m] [Z]", "1517633400000"}, {"10:20:1.5 3/4/2018", "[H]:[m]:[s].[f] [D]/[M]/[Y]", "1522750801500"},
		{"nonsense", "[Y]", "undefined"}, {"x", "x", "undefined"}, {"2018 5", "[Y] [s]", "D3136"}, {"2018 W05 1", "[X] W[W] [F1]", "D3136"}, {"x", "[YN]", "D3133"}, {"ISO", "[E]", "D3133"},
	} {
		millis, ok, err := ParseMillis(c.text, c.picture, now, free{})
		got := toldNumber(millis, err)
		if err == nil && !ok {
			got = "undefined"
		}
		if got != c.want {
			t.Errorf("%q by %q: got %s, want %s", c.text, c.picture, got, c.want)
		}
	}
}

func TestParseISO(t *testing.T) {
	for text, want := range map[string]string{
		"2018": "1514764800000", "2018-02": "1517443200000", "2018-02-31": "1520035200000", "2018-02-03T11:15:33.1234567Z": "1517656533123", "2018-02-03T11:15:33": "1517656533000", "2018-02-03T11:15:33-01:30": "1517661933000",
		"2018-02-03T24:00:00+0100": "1517698800000", "2018-13-01": "NaN", "2018-02-03T25:00:00Z": "NaN", "2018-02-03+01:00": "NaN", "01-02-2018": "D3110", "2018-02-03 11:15:33": "D3110", "0001-01-01T00:00:00Z": "-62135596800000",
	} {
		if got := toldNumber(ParseISO(text)); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

// What is written by a picture is read back by it.
func TestIntegerRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		picture := rapid.SampledFrom([]string{"0", "0000", "#,##0", "0;o", "#,##0;o", "a", "A", "i", "I", "w", "W", "Ww", "w;o", "Ww;o", "###１"}).Draw(t, "picture")
		v := float64(rapid.Int64Range(1, 9_000_000_000_000).Draw(t, "v"))
		if picture == "i" || picture == "I" {
			v = math.Mod(v, 20_000) + 1
		}
		text, err := FormatInteger(v, picture, free{})
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ParseInteger(text, picture, free{}); err != nil || back != v {
			t.Fatalf("%v by %q is %q, which reads as %v, %v", v, picture, text, back, err)
		}
	})
}

func TestMillisRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		picture := rapid.SampledFrom([]string{ISO[:len(ISO)-len("[Z01:01t]")], "[Y0001][M01][D01][H01][m01][s01].[f001]", "[MNn] [D1o], [Y]; [h]:[m]:[s].[f001] [P]", "[Dwo] [MNn,3-3] [Yw] [H]:[m]:[s].[f001] [Z]"}).Draw(t, "picture")
		at := float64(rapid.Int64Range(-30_000_000_000_000, 200_000_000_000_000).Draw(t, "at")) // 1019 to 8307
		zone := "0"
		if picture[len(picture)-1] == ']' && picture[len(picture)-2] == 'Z' {
			zone = rapid.SampledFrom([]string{"0", "+0100", "+0530", "-0800", "+1400"}).Draw(t, "zone")
		}
		text, err := FormatMillis(at, picture, zone, free{})
		if err != nil {
			t.Fatal(err)
		}
		if back, ok, err := ParseMillis(text, picture, 0, free{}); err != nil || !ok || back != at {
			t.Fatalf("%v by %q is %q, which reads as %v, %v, %v", at, picture, text, back, ok, err)
		}
	})
}

// A width in a picture, or a large number, ends at the budget before it is made.
func TestHostilePictures(t *testing.T) {
	for name, f := range map[string]func(m Meter) (string, error){
		"width": func(m Meter) (string, error) { return FormatMillis(0, "[D,999999999]", "0", m) },
		"year":  func(m Meter) (string, error) { return FormatMillis(0, "[Y,*-999999999]", "0", m) },
		"roman": func(m Meter) (string, error) { return FormatInteger(1e300, "I", m) },
	} {
		func() {
			defer func() {
				var fault *value.Error
				if err, _ := recover().(error); !errors.As(err, &fault) || fault.Limit != "bytes" {
					t.Errorf("%s: ended with %v", name, err)
				}
			}()
			text, err := f(&spent{1 << 20})
			t.Errorf("%s: gave %d bytes, %v", name, len(text), err)
		}()
	}
}
