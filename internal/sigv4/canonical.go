package sigv4

import (
	"cmp"
	"slices"
	"strings"
)

// appendHead appends the canonical request up to its last line, which is the hash
// of the body (General Reference, "Create a canonical request").
func appendHead(b []byte, r *Request, query []pair, signed []string, keepPath bool) []byte {
	b = append(append(b, r.Method...), '\n')
	b = append(appendPath(b, r.RawPath, keepPath), '\n')
	b = append(appendQuery(b, query), '\n')
	for _, name := range signed {
		b = append(append(b, name...), ':')
		more := false
		for v := range r.each(name) {
			if more {
				b = append(b, ',')
			}
			b, more = appendTrimmed(b, v), true
		}
		b = append(b, '\n')
	}
	b = append(b, '\n')
	for i, name := range signed {
		if i > 0 {
			b = append(b, ';')
		}
		b = append(b, name...)
	}
	return append(b, '\n')
}

// appendTrimmed appends a header's value without space around it, and with one
// space for each run of them within.
func appendTrimmed(b []byte, v string) []byte {
	if isTrimmed(v) {
		return append(b, v...)
	}
	from := len(b)
	for word := range strings.FieldsFuncSeq(v, isSpace) {
		if len(b) > from {
			b = append(b, ' ')
		}
		b = append(b, word...)
	}
	return b
}

// isTrimmed says that a value has nothing but single spaces, between words.
func isTrimmed(v string) bool {
	space := true
	for i := range len(v) {
		switch c := v[i]; {
		case c == '\t' || c == '\r' || c == '\n' || c == ' ' && space:
			return false
		default:
			space = c == ' '
		}
	}
	return !space || v == ""
}

// isSpace takes line ends too: a folded line counts as one space.
func isSpace(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' }

// appendPath encodes the received path once more; S3 alone does not. With keep,
// dots and doubled slashes stay.
func appendPath(b []byte, raw string, keep bool) []byte {
	if raw == "" || raw == "/" {
		return append(b, '/')
	}
	if !keep {
		raw = normalised(raw)
	}
	return appendEncoded(b, raw, true)
}

// normalised removes dot segments (RFC 3986, section 5.2.4) and doubled slashes.
func normalised(path string) string {
	var kept []string
	last := ""
	for s := range strings.SplitSeq(path, "/") {
		last = s
		switch s {
		case "", ".":
		case "..":
			kept = kept[:max(len(kept)-1, 0)]
		default:
			kept = append(kept, s)
		}
	}
	out := "/" + strings.Join(kept, "/")
	if len(kept) > 0 && (last == "" || last == "." || last == "..") {
		out += "/"
	}
	return out
}

// pair is one parameter of a query, decoded.
type pair struct{ name, value string }

// readQuery splits a raw query. A plus sign is a plus sign: AWS signs spaces as %20.
func readQuery(raw string) ([]pair, error) {
	if raw == "" {
		return nil, nil
	}
	var out []pair
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		n, err := decoded(name)
		if err != nil {
			return nil, err
		}
		v, err := decoded(value)
		if err != nil {
			return nil, err
		}
		out = append(out, pair{n, v})
	}
	return out, nil
}

func decoded(s string) (string, error) {
	if !strings.Contains(s, "%") {
		return s, nil
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b = append(b, s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", malformedQuery("Incomplete trailing escape % sequence")
		}
		high, low := hexDigit(s[i+1]), hexDigit(s[i+2])
		if high < 0 || low < 0 {
			return "", malformedQuery("Illegal hex character in escape % pattern: " + strings.ToValidUTF8(s[i:i+3], "?"))
		}
		b = append(b, byte(high<<4|low))
		i += 2
	}
	return string(b), nil
}

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// appendQuery orders parameters by encoded name, then by encoded value, and
// leaves out the signature.
func appendQuery(b []byte, query []pair) []byte {
	if len(query) == 0 {
		return b
	}
	encoded := make([]pair, 0, len(query))
	for _, p := range query {
		if p.name != paramSignature {
			encoded = append(encoded, pair{string(appendEncoded(nil, p.name, false)), string(appendEncoded(nil, p.value, false))})
		}
	}
	slices.SortFunc(encoded, func(a, b pair) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.value, b.value))
	})
	for i, p := range encoded {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(append(append(b, p.name...), '='), p.value...)
	}
	return b
}

// appendEncoded is AWS's UriEncode: every byte but RFC 3986's unreserved ones.
func appendEncoded(b []byte, s string, keepSlash bool) []byte {
	const digits = "0123456789ABCDEF"
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '~', c == '/' && keepSlash:
			b = append(b, c)
		default:
			b = append(b, '%', digits[c>>4], digits[c&15])
		}
	}
	return b
}
