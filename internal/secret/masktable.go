package secret

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"slices"
	"strings"
	"time"
)

// maskDepth is how many escapings inside one another are undone.
const maskDepth = 2

// maskTable finds values. It is immutable.
//
// Task: find all of some thousands of values in bodies of megabytes, where mostly
// none is in them. An automaton over all values would be one pass, but a node for
// each byte of each form is more memory than the values are worth. Here each form
// is filed under its first six bytes, and a bitmap over the hash of four bytes
// says for almost every position that no form begins there.
type maskTable struct {
	heads  map[[MinMasked]byte][]string // longest first
	filter []uint64                     // a power of two of words
	tokens map[string]bool              // forms that begin a token, which is masked to its end
	until  time.Time                    // when a value ends; zero: none does
}

func newMaskTable(values, tokens map[string]bool) *maskTable {
	t := &maskTable{heads: map[[MinMasked]byte][]string{}, tokens: map[string]bool{}}
	// One value, such as the token of a call, needs no filter of the size that thousands do.
	words := 1 << 5
	for words < 1<<12 && words < 2*formsOfOne*(len(values)+len(tokens)) {
		words <<= 1
	}
	t.filter = make([]uint64, words)
	for head := range tokens {
		for _, form := range append(base64Forms(head), head) {
			t.add(form)
			t.tokens[form] = true
		}
	}
	for v := range values {
		t.add(v)
		for _, form := range base64Forms(v) {
			t.add(form)
		}
	}
	for head, list := range t.heads {
		slices.SortFunc(list, func(a, b string) int {
			return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
		})
		t.heads[head] = slices.Compact(list)
	}
	return t
}

func (t *maskTable) add(form string) {
	if len(form) < MinMasked {
		return
	}
	head := [MinMasked]byte([]byte(form[:MinMasked]))
	t.heads[head] = append(t.heads[head], form)
	h := hash4(form[0], form[1], form[2], form[3])
	t.filter[int(h>>6)&(len(t.filter)-1)] |= 1 << (h & 63)
}

// formsOfOne is how many forms a value has at most.
const formsOfOne = 13

// hash4 gives 18 bits.
func hash4(a, b, c, d byte) uint32 {
	return (uint32(a) | uint32(b)<<8 | uint32(c)<<16 | uint32(d)<<24) * 2654435761 >> 14
}

// tokenByte reports whether a JWT, or one in base64, may hold the byte.
func tokenByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.' || c == '+' || c == '/' || c == '='
}

// base64Forms are what stands in base64 text for a value that begins at any place
// of what was encoded: the characters that the value alone decides, with the last
// group whole where nothing follows.
func base64Forms(v string) (out []string) {
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			text := enc.EncodeToString(append(make([]byte, before), v...))
			from, to := (before*8+5)/6, (before+len(v))*8/6
			out = append(out, text[from:to])
			if to < len(text) {
				out = append(out, text[from:])
			}
		}
	}
	return out
}

// clean says at little cost of most texts that they hold nothing: no value begins as
// any part of them does, and nothing in them is escaped. It may be wrong the other way.
func (t *maskTable) clean(text string) bool {
	for _, e := range escapings {
		if strings.IndexByte(text, e.sign) >= 0 {
			return false
		}
	}
	for i := 0; i+MinMasked <= len(text); i++ {
		h := hash4(text[i], text[i+1], text[i+2], text[i+3])
		if t.filter[int(h>>6)&(len(t.filter)-1)]&(1<<(h&63)) != 0 {
			return false
		}
	}
	return true
}

// find gives the spans of text that stand for values, in text as it is and, where
// it holds escapes, in what they stand for. at maps the bytes of text to those of
// the text that was asked for; nil is the identity.
func (t *maskTable) find(text []byte, at []span, depth int, found []span) []span {
	for i := 0; i+MinMasked <= len(text); i++ {
		h := hash4(text[i], text[i+1], text[i+2], text[i+3])
		if t.filter[int(h>>6)&(len(t.filter)-1)]&(1<<(h&63)) == 0 {
			continue
		}
		for _, form := range t.heads[[MinMasked]byte(text[i:i+MinMasked])] {
			if end := i + len(form); end <= len(text) && string(text[i:end]) == form {
				for t.tokens[form] && end < len(text) && tokenByte(text[end]) {
					end++
				}
				if at == nil {
					found = append(found, span{int32(i), int32(end)})
				} else {
					found = append(found, span{at[i].from, at[end-1].to})
				}
				break // the longest
			}
		}
	}
	if depth == maskDepth {
		return found
	}
	for _, e := range escapings {
		if bytes.IndexByte(text, e.sign) < 0 {
			continue
		}
		if plain, places, ok := unescape(text, at, e.one); ok {
			found = t.find(plain, places, depth+1, found)
		}
	}
	return found
}
