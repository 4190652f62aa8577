package identity

import (
	"time"

	"stile/jsonval"
)

// Token is a token whose signature was verified.
type Token struct {
	payload claims
	issuers []string
	alg     string
	// values and times are the claims as text and as times, where they were read at once.
	values map[string][]string
	times  map[string]time.Time
}

// of gives the token as one whose keys' discovery document names this issuer, or, where
// named is false, as one whose key was given itself.
func (t *Token) of(issuer string, named bool) *Token {
	if named == (len(t.issuers) == 1) && (!named || t.issuers[0] == issuer) {
		return t
	}
	out := *t
	if out.issuers = nil; named {
		out.issuers = []string{issuer}
	}
	return &out
}

type claims struct{ v jsonval.Value }

// Claim gives a claim's values as text: a string as it is, a list's items one by
// one, other values as their JSON; nil where the claim is absent or null.
// It is not to be changed.
func (t *Token) Claim(name string) []string {
	if t.values != nil {
		return t.values[name]
	}
	return t.payload.claim(name)
}

func (c claims) claim(name string) []string {
	v := c.v.Get(name)
	switch v.Kind() {
	case jsonval.Absent, jsonval.Null:
		return nil
	case jsonval.ArrayKind:
		out := make([]string, 0, v.Len())
		v.EachItem(func(it jsonval.Value) bool {
			out = append(out, scalar(it))
			return true
		})
		return out
	}
	return []string{scalar(v)}
}

func scalar(v jsonval.Value) string {
	if s, ok := v.Str(); ok {
		return s
	}
	return string(v.Compact().Raw())
}

// maxTime bounds a claimed time to years that time.Time formats (RFC 3339).
const maxTime = 253402300799

// Time gives a claim that is a NumericDate (RFC 7519 section 2), to the whole
// second below it.
func (t *Token) Time(name string) (time.Time, bool) {
	if t.times != nil {
		at, ok := t.times[name]
		return at, ok
	}
	f, ok := t.payload.v.Get(name).Float()
	if !ok || f < 0 || f > maxTime {
		return time.Time{}, false
	}
	return time.Unix(int64(f), 0).UTC(), true
}

// Has reports whether the claim stands in the token, of whatever kind.
func (t *Token) Has(name string) bool { return t.payload.v.Get(name).Exists() }

// Issuers lists the issuers that the keys' discovery documents name; nil where
// the key was given itself.
func (t *Token) Issuers() []string { return t.issuers }

// Algorithm is the header's alg.
func (t *Token) Algorithm() string { return t.alg }
