package sigv4

import (
	"cmp"
	"slices"
	"strings"
)

// canonicalHead is the canonical request up to its last line, which is the hash
// of the body (General Reference, "Create a canonical request").
func canonicalHead(r *Request, query []pair, signed []string, keepPath bool) string {
	var b strings.Builder
	b.WriteString(r.Method)
	b.WriteByte('\n')
	b.WriteString(canonicalPath(r.RawPath, keepPath))
	b.WriteByte('\n')
	b.WriteString(canonicalQuery(query))
	b.WriteByte('\n')
	for _, name := range signed {
		b.WriteString(name)
		b.WriteByte(':')
		for i, v := range r.values(name) {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strings.Join(strings.FieldsFunc(v, isSpace), " "))
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	b.WriteString(strings.Join(signed, ";"))
	b.WriteByte('\n')
	return b.String()
}

// isSpace takes line ends too: a folded line counts as one space.
func isSpace(r rune) bool { return r == ' ' || r == '\t' || r == '\r' || r == '\n' }

// canonicalPath encodes the received path once more; S3 alone does not. With keep,
// dots and doubled slashes stay.
func canonicalPath(raw string, keep bool) string {
	if !keep {
		raw = normalised(raw)
	}
	if raw == "" {
		raw = "/"
	}
	return string(appendEncoded(nil, raw, true))
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

// canonicalQuery orders parameters by encoded name, then by encoded value, and
// leaves out the signature.
func canonicalQuery(query []pair) string {
	encoded := make([]pair, 0, len(query))
	for _, p := range query {
		if p.name != paramSignature {
			encoded = append(encoded, pair{string(appendEncoded(nil, p.name, false)), string(appendEncoded(nil, p.value, false))})
		}
	}
	slices.SortFunc(encoded, func(a, b pair) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.value, b.value))
	})
	var b strings.Builder
	for i, p := range encoded {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.name)
		b.WriteByte('=')
		b.WriteString(p.value)
	}
	return b.String()
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
