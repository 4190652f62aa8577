package library

import (
	"encoding/base64"
	"strings"

	"stile/jsonval"
	"stile/policy/expr/clr"
)

var (
	typeJwt   = clr.Class("Jwt")
	typeBasic = clr.Class("BasicAuthCredentials")
)

// Jwt is a parsed token, as AsJwt gives it and validate-jwt stores it. Parsing
// checks no signature.
type Jwt struct {
	header, payload jsonval.Value
}

// ParseJWT reads a compact JWS, with or without "Bearer " before it. It validates
// nothing; ok is false where the text has not that form.
func ParseJWT(text string) (j *Jwt, ok bool) {
	text = strings.TrimSpace(text)
	if len(text) > 7 && strings.EqualFold(text[:7], "Bearer ") {
		text = strings.TrimSpace(text[7:])
	}
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, false
	}
	j = &Jwt{}
	for i, into := range []*jsonval.Value{&j.header, &j.payload} {
		b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[i], "="))
		if err != nil {
			return nil, false
		}
		v, err := jsonval.Parse(b)
		if err != nil || v.Kind() != jsonval.ObjectKind {
			return nil, false
		}
		*into = v
	}
	return j, true
}

// RuntimeType names the .NET type.
func (*Jwt) RuntimeType() *clr.Type { return typeJwt }

// claim gives a claim's values as strings: an array's items, else one value.
func claim(v jsonval.Value) []string {
	if v.Kind() == jsonval.ArrayKind {
		var out []string
		for _, it := range v.Items() {
			out = append(out, claimText(it))
		}
		return out
	}
	return []string{claimText(v)}
}

func claimText(v jsonval.Value) string {
	if s, ok := v.Str(); ok {
		return s
	}
	return v.Compact().Text()
}

// Text gives a claim as text, null where there is none.
func (j *Jwt) Text(name string) clr.Value {
	if v := j.payload.Get(name); v.Exists() {
		return claimText(v)
	}
	return nil
}

func (j *Jwt) time(name string) clr.Value {
	if n, ok := j.payload.Get(name).Float(); ok && n >= 0 && n < 253402300800 {
		return clr.DateTime{Ticks: clr.UnixTicks + int64(n)*clr.TicksPerSecond, Kind: clr.KindUTC}
	}
	return nil
}

func (j *Jwt) claims(m *clr.Machine) clr.Value {
	d := newDict(clr.TypeString, clr.ArrayOf(clr.TypeString))
	for _, name := range j.payload.Names() {
		d.put(m, name, clr.StringArray(claim(j.payload.Get(name))))
	}
	return d
}

func jwtText(name, claim string) memberSpec {
	return memberSpec{"string " + name, func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(*Jwt).Text(claim) }}
}

func jwtTime(name, claim string) memberSpec {
	return memberSpec{"DateTime? " + name, func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(*Jwt).time(claim) }}
}

func jwtHeader(name, field string) memberSpec {
	return memberSpec{"string " + name, func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		if v := a[0].(*Jwt).header.Get(field); v.Exists() {
			return claimText(v)
		}
		return nil
	}}
}

var jwtMembers = []memberSpec{
	jwtText("Id", "jti"), jwtText("Issuer", "iss"), jwtText("Subject", "sub"),
	jwtHeader("Algorithm", "alg"), jwtHeader("Type", "typ"),
	jwtTime("ExpirationTime", "exp"), jwtTime("IssuedAt", "iat"), jwtTime("NotBefore", "nbf"),
	{"IEnumerable<string> Audiences", func(_ *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value {
		v := a[0].(*Jwt).payload.Get("aud")
		if !v.Exists() {
			return clr.StringArray(nil)
		}
		return clr.StringArray(claim(v))
	}},
	{"IReadOnlyDictionary<string,string[]> Claims", func(m *clr.Machine, _ []*clr.Type, a []clr.Value) clr.Value { return a[0].(*Jwt).claims(m) }},
}

// Basic is the credentials of an Authorization header.
type Basic struct{ user, password string }

// RuntimeType names the .NET type.
func (*Basic) RuntimeType() *clr.Type { return typeBasic }

func parseBasic(text string) (*Basic, bool) {
	text = strings.TrimSpace(text)
	if len(text) < 6 || !strings.EqualFold(text[:6], "Basic ") {
		return nil, false
	}
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text[6:]))
	user, password, ok := strings.Cut(string(b), ":")
	if err != nil || !ok {
		return nil, false
	}
	return &Basic{user, password}, true
}

var basicMembers = []memberSpec{
	textOf("UserId", func(b *Basic) string { return b.user }), textOf("Username", func(b *Basic) string { return b.user }),
	textOf("Password", func(b *Basic) string { return b.password }),
}
