package secret

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"stile/jsonval"
)

// forms are the ways that a value is written inside other text.
var forms = map[string]func(string) string{
	"plain":     func(s string) string { return s },
	"base64":    func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64url": func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
	"basic":     func(s string) string { return base64.StdEncoding.EncodeToString([]byte("user:" + s)) },
	"inside":    func(s string) string { return base64.URLEncoding.EncodeToString([]byte("a" + s + "tail")) },
	"query":     url.QueryEscape,
	"path":      url.PathEscape,
	"all":       func(s string) string { return every(s, "%%%02X") },
	"lower":     func(s string) string { return every(s, "%%%02x") },
	"json":      inJSON,
	"html":      html.EscapeString,
	"htmljson":  func(s string) string { return inJSON(html.EscapeString(s)) },
	"jsonquery": func(s string) string { b, _ := json.Marshal(s); return url.QueryEscape(string(b)) },
	"jsonjson": func(s string) string {
		b, _ := json.Marshal(s)
		b, _ = json.Marshal(string(b))
		return string(b)
	},
	"quoted": func(s string) string { return fmt.Sprintf("%q", s) },
}

// inJSON is s between the quotes of a JSON string.
func inJSON(s string) string {
	b, _ := json.Marshal(s)
	return string(b[1 : len(b)-1])
}

func every(s, format string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, format, s[i])
	}
	return b.String()
}

// TestMaskFindsEveryForm: in a text that holds values in all their forms, none is
// left, and the text around them is.
func TestMaskFindsEveryForm(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := NewMasker(nil)
		values := rapid.SliceOfN(rapid.StringN(6, 40, 60), 1, 4).Draw(rt, "values")
		for i, v := range values {
			m.Keep(fmt.Sprint(i), NewValue(v))
		}
		filler := rapid.StringN(0, 12, 40).Draw(rt, "filler")
		v := rapid.SampledFrom(values).Draw(rt, "value")
		for name, form := range forms {
			in := "<" + filler + "|" + form(v) + "|" + filler + ">"
			out := m.MaskString(in)
			// A filler may itself hold a short value or spoil base64's alphabet; the
			// value's own form must be gone whatever stands around it.
			if strings.Contains(out, form(v)) && len(form(v)) >= MinMasked {
				rt.Fatalf("%s: %q survives in %q (from %q)", name, form(v), out, in)
			}
		}
	})
}

// TestMaskJSONStaysJSON: what is masked parses, and holds no value in any string,
// name or number.
func TestMaskJSONStaysJSON(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := NewMasker(nil)
		v := rapid.OneOf(rapid.StringN(6, 20, 40), rapid.StringMatching(`[0-9]{6,12}`), rapid.StringMatching(`[",:{}a\\]{6,9}`)).Draw(rt, "value")
		m.Keep("a", NewValue(v))
		doc, err := json.Marshal(map[string]any{"x": []any{"a " + v + " b", 1}, v: v, "n": json.RawMessage(number(v)), "plain": true})
		if err != nil {
			rt.Fatal(err)
		}
		out := m.MaskJSON(jsonval.MustParse(string(doc)))
		if !json.Valid(out.Raw()) {
			rt.Fatalf("not JSON: %s", out.Text())
		}
		if strings.Contains(out.Text(), v) {
			rt.Fatalf("%q survives in %s", v, out.Text())
		}
	})
}

func number(v string) string {
	if len(v) >= MinMasked && v[0] != '0' && strings.Trim(v, "0123456789") == "" {
		return v
	}
	return "7"
}

// TestMaskLeavesTheRest: nothing but the value is replaced.
func TestMaskLeavesTheRest(t *testing.T) {
	m := NewMasker(nil)
	if !m.Idle() {
		t.Error("an empty Masker has something")
	}
	m.Keep("a", NewValue("hunter2+/="))
	m.Keep("b", NewValue("short"))
	for in, want := range map[string]string{
		"key=hunter2+/=&x=1":                  "key=***&x=1",
		"key=hunter2%2B%2f%3D&x=1":            "key=***&x=1",
		`{"a":"hunter2+\/=","short":"short"}`: `{"a":"***","short":"short"}`,
		"hunter2":                             "hunter2",
		"":                                    "",
		"hunter2+/=hunter2+/=.":               "***.",
		"Basic " + base64.StdEncoding.EncodeToString([]byte("u:hunter2+/=")) + ".": "Basic dTp***.",
		"a%zz & \\q +": "a%zz & \\q +",
	} {
		if got := m.MaskString(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := m.MaskJSON(jsonval.MustParse(`{ "a" : 1 }`)).Text(); got != `{ "a" : 1 }` {
		t.Errorf("a text without a value was changed: %s", got)
	}
}

// TestMaskedForADayAfterRotation: the value before stays masked, then is forgotten.
func TestMaskedForADayAfterRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMasker(nil)
		m.Keep("kv://a/b", NewValue("first-value"))
		m.Keep("kv://a/b", NewValue("second-value"))
		m.Seen(NewValue("token-of-an-hour"))
		all := "first-value second-value token-of-an-hour"
		time.Sleep(MaskedFor - time.Second)
		if got := m.MaskString(all); got != "*** *** ***" {
			t.Errorf("within the day: %q", got)
		}
		time.Sleep(2 * time.Second)
		if got := m.MaskString(all); got != "first-value *** token-of-an-hour" {
			t.Errorf("after the day: %q", got)
		}
		m.Drop("kv://a/b")
		time.Sleep(MaskedFor + time.Second)
		if !m.Idle() {
			t.Error("a value is kept for ever")
		}
	})
}

// TestStoreTellsTheMasker: a value is masked before whoever asked has it, and so is
// the one before.
func TestStoreTellsTheMasker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &place{value: "value-one"}
		m := NewMasker(nil)
		s := NewStore(Config{Sources: map[string]Source{KeyVault: p}, Mask: m})
		ref := parsed(t, "kv://acme/token")
		if _, err := s.Get(t.Context(), ref); err != nil {
			t.Fatal(err)
		}
		p.set("value-two", nil)
		s.Hurry(ref)
		synctest.Wait()
		if got := m.MaskString("value-one, value-two"); got != "***, ***" {
			t.Errorf("got %q", got)
		}
	})
}

// TestMaskTakesTokensByTheirHead: whatever is signed with the key is masked, to its
// end and not beyond.
func TestMaskTakesTokensByTheirHead(t *testing.T) {
	m := NewMasker(nil)
	m.KeepHead("eyJhbGciOiJSUzI1NiJ9.")
	for in, want := range map[string]string{
		`{"a":"Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln-_","b":1}`:      `{"a":"Bearer ***","b":1}`,
		"token=eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln&x=1":                   "token=***&x=1",
		"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln is of another":               "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln is of another",
		"two: eyJhbGciOiJSUzI1NiJ9.YQ.Yg and eyJhbGciOiJSUzI1NiJ9.Yg.YQ, ended": "two: *** and ***, ended",
	} {
		if got := m.MaskString(in); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
}

func BenchmarkMask(b *testing.B) {
	text := []byte(strings.Repeat(`{"sku":"sku-17","quantity":2,"amount":120,"note":"nothing of note"}`, 1000))
	for _, n := range []int{0, 10, 1000} {
		m := NewMasker(nil)
		for i := range n {
			m.Keep(fmt.Sprint(i), NewValue(fmt.Sprintf("secret-%d-%x", i, i*7919)))
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				m.Mask(text)
			}
		})
	}
}
