package asl

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"stile/jsonval"
)

// maxText is how many characters Base64 and Hash functions take.
const maxText = 10_000

func (c *callScope) shortText(i int) (string, error) {
	s, err := c.text(i)
	if err == nil && utf8.RuneCountInString(s) > maxText {
		err = fmt.Errorf("argument %d has more than %d characters", i+1, maxText)
	}
	return s, err
}

func base64Encode(c *callScope) (v jsonval.Value, err error) {
	s, err := c.shortText(0)
	if err != nil {
		return v, err
	}
	return jsonval.OfString(base64.StdEncoding.EncodeToString([]byte(s))), nil
}

func base64Decode(c *callScope) (v jsonval.Value, err error) {
	s, err := c.shortText(0)
	if err != nil {
		return v, err
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		if b, err = base64.RawStdEncoding.DecodeString(s); err != nil {
			return v, errors.New("the text is not Base64")
		}
	}
	return jsonval.OfString(string(b)), nil
}

func hashOf(c *callScope) (v jsonval.Value, err error) {
	s, err := c.shortText(0)
	if err != nil {
		return v, err
	}
	algorithm, err := c.text(1)
	if err != nil {
		return v, err
	}
	var sum []byte
	switch algorithm {
	case "MD5":
		h := md5.Sum([]byte(s))
		sum = h[:]
	case "SHA-1":
		h := sha1.Sum([]byte(s))
		sum = h[:]
	case "SHA-256":
		h := sha256.Sum256([]byte(s))
		sum = h[:]
	case "SHA-384":
		h := sha512.Sum384([]byte(s))
		sum = h[:]
	case "SHA-512":
		h := sha512.Sum512([]byte(s))
		sum = h[:]
	default:
		return v, errors.New("the algorithm must be one of MD5, SHA-1, SHA-256, SHA-384, SHA-512")
	}
	return jsonval.OfString(hex.EncodeToString(sum)), nil
}

func jsonMerge(c *callScope) (v jsonval.Value, err error) {
	for i := range 2 {
		if c.args[i].Kind() != jsonval.ObjectKind {
			return v, c.wrong(i, "an object")
		}
	}
	if c.args[2].Kind() != jsonval.False {
		return v, errors.New("only shallow merging is supported: the third argument must be false")
	}
	var out jsonval.Object
	merged := map[string]jsonval.Value{}
	var names []string
	for _, side := range c.args[:2] {
		side.EachMember(func(name string, m jsonval.Value) bool {
			if _, ok := merged[name]; !ok {
				names = append(names, name)
			}
			merged[name] = m
			return true
		})
	}
	for _, n := range names {
		out.Add(n, merged[n])
	}
	return out.Value(), nil
}

func stringToJSON(c *callScope) (v jsonval.Value, err error) {
	s, err := c.text(0)
	if err != nil {
		return v, err
	}
	if strings.TrimSpace(s) == "" {
		return jsonval.NullValue, nil
	}
	if v, err = jsonval.ParseString(s); err != nil {
		return v, fmt.Errorf("the text is not JSON: %w", err)
	}
	return v.Compact(), nil
}

func jsonToString(c *callScope) (jsonval.Value, error) {
	return jsonval.OfString(c.args[0].Compact().Text()), nil
}

// stringSplit splits at every character of its second argument and drops empty
// pieces.
func stringSplit(c *callScope) (v jsonval.Value, err error) {
	s, err := c.text(0)
	if err != nil {
		return v, err
	}
	set, err := c.text(1)
	if err != nil {
		return v, err
	}
	var out jsonval.Array
	for _, piece := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(set, r) }) {
		out.Add(jsonval.OfString(piece))
	}
	return out.Value(), nil
}

// format fills the {} of its first argument; \{ \} \' and \\ give the character.
func format(c *callScope) (v jsonval.Value, err error) {
	template, err := c.text(0)
	if err != nil {
		return v, err
	}
	if c.call.args[0].expr == nil {
		template = c.call.args[0].template
	}
	var b strings.Builder
	next := 1
	for i := 0; i < len(template); i++ {
		switch {
		case template[i] == '\\' && i+1 < len(template) && strings.IndexByte(`'{}\`, template[i+1]) >= 0:
			i++
			b.WriteByte(template[i])
		case strings.HasPrefix(template[i:], "{}"):
			i++
			if next < len(c.args) {
				plain(&b, c.args[next])
			}
			next++
		default:
			b.WriteByte(template[i])
		}
	}
	if next != len(c.args) {
		return v, fmt.Errorf("the template has %d placeholders for %d arguments", next-1, len(c.args)-1)
	}
	return jsonval.OfString(b.String()), nil
}

// plain writes a value as Format prints it: texts as they are, objects and
// arrays the way Java prints a map and a list.
func plain(b *strings.Builder, v jsonval.Value) {
	switch v.Kind() {
	case jsonval.String:
		s, _ := v.Str()
		b.WriteString(s)
	case jsonval.ArrayKind:
		b.WriteByte('[')
		for i, m := range v.Items() {
			if i > 0 {
				b.WriteString(", ")
			}
			plain(b, m)
		}
		b.WriteByte(']')
	case jsonval.ObjectKind:
		b.WriteByte('{')
		for i, m := range v.Members() {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(m.Name + "=")
			plain(b, m.Value)
		}
		b.WriteByte('}')
	default:
		b.WriteString(v.Text())
	}
}
