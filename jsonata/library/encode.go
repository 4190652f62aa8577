package library

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"stile/jsonata/value"
)

var encodeTable = []value.Native{
	{Name: "base64encode", Signature: "<s-:s>", Arity: 1, Call: ofText(base64encode)},
	{Name: "base64decode", Signature: "<s-:s>", Arity: 1, Call: given(fromBase64)},
	{Name: "encodeUrlComponent", Signature: "<s-:s>", Arity: 1, Call: escape("encodeUrlComponent", unreserved)},
	{Name: "encodeUrl", Signature: "<s-:s>", Arity: 1, Call: escape("encodeUrl", unreserved+reserved)},
	{Name: "decodeUrlComponent", Signature: "<s-:s>", Arity: 1, Call: unescape("decodeUrlComponent", "")},
	{Name: "decodeUrl", Signature: "<s-:s>", Arity: 1, Call: unescape("decodeUrl", reserved)},
}

// The characters of ECMAScript's encodeURIComponent and encodeURI that stay.
const (
	unreserved = "-_.!~*'()ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	reserved   = ";/?:@&=+$,#"
)

// base64encode takes each UTF-16 unit for a byte, its low one.
func base64encode(s string) string {
	var raw []byte
	for _, r := range decoded(s) {
		if r > 0xffff {
			r -= 0x10000
			raw = append(raw, byte(r>>10), byte(r))
			continue
		}
		raw = append(raw, byte(r))
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// fromBase64 refuses what cannot be base64, as Step Functions does; jsonata-js passes
// over it.
func fromBase64(c *value.Call, args []value.Value) (value.Value, error) {
	s := args[0].Str()
	c.Spend(1 + len(s)/8)
	if strings.ContainsFunc(s, notBase64) {
		return value.Undefined, own("The argument of base64decode function is not base64")
	}
	return text(c, base64decode(s)), nil
}

// notBase64 tells a character of neither alphabet, no padding and no white space.
func notBase64(r rune) bool {
	return !strings.ContainsRune("+/-_= \t\r\n", r) && (r >= utf8.RuneSelf || !strings.ContainsRune(unreserved[9:], r))
}

// base64decode makes a character of each byte. Both alphabets are read; what is in
// neither is skipped, and padding ends the text.
func base64decode(s string) string {
	s, _, _ = strings.Cut(s, "=")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '-':
			return '+'
		case r == '_':
			return '/'
		case r == '+' || r == '/' || r < utf8.RuneSelf && strings.ContainsRune(unreserved[9:], r):
			return r
		}
		return -1
	}, s)
	if len(s)%4 == 1 {
		s = s[:len(s)-1]
	}
	raw, _ := base64.RawStdEncoding.DecodeString(s)
	out := make([]rune, len(raw))
	for i, b := range raw {
		out[i] = rune(b)
	}
	return string(out)
}

func malformed(name string, v value.Value) error {
	return &value.Error{Code: "D3140", Value: v, Function: name}
}

func escape(name, keep string) impl {
	const hex = "0123456789ABCDEF"
	return given(func(c *value.Call, args []value.Value) (value.Value, error) {
		s := args[0].Str()
		c.Spend(1 + len(s))
		if !utf8.ValidString(s) {
			return value.Undefined, malformed(name, args[0])
		}
		var b strings.Builder
		for i := range len(s) {
			if strings.IndexByte(keep, s[i]) >= 0 {
				b.WriteByte(s[i])
				continue
			}
			b.Write([]byte{'%', hex[s[i]>>4], hex[s[i]&15]})
		}
		return text(c, b.String()), nil
	})
}

// unescape leaves escapes of the characters in keep as they are.
func unescape(name, keep string) impl {
	return given(func(c *value.Call, args []value.Value) (value.Value, error) {
		s := args[0].Str()
		c.Spend(1 + len(s))
		var b strings.Builder
		for i := 0; i < len(s); {
			if s[i] != '%' {
				b.WriteByte(s[i])
				i++
				continue
			}
			raw, ok := escapedCharacter(s[i:])
			if !ok {
				return value.Undefined, malformed(name, args[0])
			}
			if len(raw) == 1 && strings.Contains(keep, raw) {
				raw = s[i : i+3]
				i += 3
			} else {
				i += 3 * len(raw)
			}
			b.WriteString(raw)
		}
		return text(c, b.String()), nil
	})
}

// escapedCharacter reads the escapes of one character, at most four bytes of UTF-8.
func escapedCharacter(s string) (raw string, ok bool) {
	var bytes []byte
	for len(bytes) < utf8.UTFMax && len(s) >= 3 && s[0] == '%' {
		high, low := strings.IndexByte(hexDigits, s[1]|0x20), strings.IndexByte(hexDigits, s[2]|0x20)
		if high < 0 || low < 0 {
			return "", false
		}
		bytes = append(bytes, byte(high<<4|low))
		if r, n := utf8.DecodeRune(bytes); n == len(bytes) && (r != utf8.RuneError || n == 3) {
			return string(bytes), true
		}
		s = s[3:]
	}
	return "", false
}

const hexDigits = "0123456789abcdef"
