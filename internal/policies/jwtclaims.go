package policies

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"stile/policy"
	"stile/policy/exchange"
	"stile/policy/expr"
)

// principalClaims gives the claims of a step's own token without making the token:
// where the policy reads the Authorization header, the header is still the unread
// one that the principal would sign, and our issuer is among the policy's
// discovery documents. Any other header or issuer takes the ordinary path. nil
// where this path is not open.
func principalClaims(ex *exchange.Exchange, env *policy.Env, header, scheme string, sources []policy.KeySource) policy.Claims {
	own := env.Tokens.OwnIssuer()
	switch {
	case ex.Principal == nil || own == "" || ex.Principal.Issuer() != own:
		return nil
	case !strings.EqualFold(header, "Authorization") || !ex.Request.Header.Lazy(header):
		return nil
	case scheme != "" && !strings.EqualFold(scheme, "Bearer"):
		return nil
	case !slices.ContainsFunc(sources, func(s policy.KeySource) bool { return s.URL == own+"/.well-known/openid-configuration" }):
		return nil
	}
	return principal{ex.Principal, env.Now()}
}

// principal is a Principal's claims as its token, minted now, would state them.
type principal struct {
	p   *exchange.Principal
	now time.Time
}

func (c principal) Claim(name string) []string {
	claims := c.p.Claims()
	switch name {
	case "exp", "iat":
		at, ok := c.Time(name)
		if !ok {
			return nil
		}
		return []string{strconv.FormatInt(at.Unix(), 10)}
	case "command":
		if claims.Command == 0 {
			return nil
		}
		return []string{strconv.FormatUint(claims.Command, 10)}
	case "attempt":
		if claims.Attempt == 0 {
			return nil
		}
		return []string{strconv.Itoa(claims.Attempt)}
	}
	return c.p.Claim(name)
}

func (c principal) Time(name string) (time.Time, bool) {
	at := time.Time{}
	switch name {
	case "exp":
		at = c.p.Claims().Expires
	case "iat":
		at = c.now
	}
	return at.Truncate(time.Second), !at.IsZero()
}

func (c principal) Issuers() []string { return []string{c.p.Issuer()} }

// unsignedClaims reads a token whose header says that it is not signed; ok is
// false for any other.
func unsignedClaims(token string) (claims policy.Claims, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || parts[2] != "" {
		return nil, false
	}
	var header struct {
		Alg string `json:"alg"`
	}
	body := jsonClaims{}
	if !decodePart(parts[0], &header) || header.Alg != "none" || !decodePart(parts[1], &body) {
		return nil, false
	}
	return body, true
}

func decodePart(part string, into any) bool {
	data, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(part, "="))
	if err != nil {
		return false
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d.Decode(into) == nil
}

// jsonClaims is a token's payload.
type jsonClaims map[string]any

func (c jsonClaims) Claim(name string) []string {
	switch v := c[name].(type) {
	case nil:
		return nil
	case []any:
		out := []string{}
		for _, item := range v {
			out = append(out, claimText(item))
		}
		return out
	default:
		return []string{claimText(v)}
	}
}

func claimText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	data, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(data)
}

func (c jsonClaims) Time(name string) (time.Time, bool) {
	n, ok := c[name].(json.Number)
	if !ok {
		return time.Time{}, false
	}
	seconds, err := n.Float64()
	if err != nil || seconds < 0 || seconds > 1<<40 {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0), true
}

func (c jsonClaims) Issuers() []string { return nil }

// jwtValue gives a token in the form that expressions read.
func jwtValue(token string) (any, error) {
	j, ok := expr.ParseJWT(token)
	if !ok {
		return nil, errors.New("the token is no JSON Web Token")
	}
	return j, nil
}
