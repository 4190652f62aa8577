package policies

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"stile/internal/identity"
	"stile/policy"
	"stile/policy/exchange"
)

const ourIssuer = "http://127.0.0.1:7400"

// memory is identity.KeyStore in a map.
type memory map[string][]byte

func (m memory) Get(name string) ([]byte, error)     { return m[name], nil }
func (m memory) Put(name string, value []byte) error { m[name] = value; return nil }

var issuer = sync.OnceValue(func() *identity.Issuer {
	i, err := identity.OpenIssuer(memory{}, ourIssuer, func() time.Time { return epoch })
	if err != nil {
		panic(err)
	}
	return i
})

// verifier is policy.Tokens over the real verifier; it counts what it verifies.
type verifier struct {
	v     *identity.Verifier
	calls int
}

func newVerifier() *verifier {
	return &verifier{v: identity.NewVerifier(issuer(), nil, func() time.Time { return epoch })}
}

func (v *verifier) OwnIssuer() string { return v.v.OwnIssuer() }

func (v *verifier) Decrypt(token string, keys []policy.DecryptionKey) (string, error) {
	own := make([]identity.DecryptionKey, len(keys))
	for i, k := range keys {
		own[i] = identity.DecryptionKey(k)
	}
	inner, err := identity.Decrypt(token, own)
	var refused *identity.TokenError
	if errors.As(err, &refused) {
		return "", &policy.TokenError{Reason: refused.Reason, Message: refused.Message}
	}
	return inner, err
}

func (v *verifier) Verify(ctx context.Context, token string, sources []policy.KeySource, keys []policy.SigningKey) (policy.Claims, error) {
	v.calls++
	own := make([]identity.Key, len(keys))
	for i, k := range keys {
		own[i] = identity.Key(k)
	}
	from := make([]identity.Source, len(sources))
	for i, s := range sources {
		from[i] = identity.Source(s)
	}
	got, err := v.v.Verify(ctx, token, from, own)
	var refused *identity.TokenError
	if errors.As(err, &refused) {
		return nil, &policy.TokenError{Reason: refused.Reason, Message: refused.Message}
	}
	if err != nil {
		return nil, err
	}
	return got, nil
}

// validate runs a document's inbound over an exchange and gives what it said.
func validate(t *testing.T, element string, ex *exchange.Exchange, tokens policy.Tokens) string {
	t.Helper()
	doc, list := policy.Compile(policy.Source{File: "api.xml", Scope: policy.API,
		Text: "<policies><inbound>" + element + "</inbound><backend /></policies>"}, Table(),
		policy.Fixed{NamedValues: map[string]policy.NamedValue{"stile-issuer": {Text: ourIssuer}}})
	if len(list) > 0 {
		t.Fatal(list)
	}
	env := &policy.Env{Now: func() time.Time { return epoch }, Tokens: tokens}
	policy.Link(nil, nil, doc, nil).Run(context.Background(), ex, env)
	if ex.LastError == nil {
		return fmt.Sprint(ex.Response.StatusCode)
	}
	body, err := ex.Response.Body.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %s | %s | %s", ex.Response.StatusCode, ex.LastError.Reason, ex.LastError.Message, body)
}

var stepClaims = exchange.Claims{Issuer: ourIssuer, Audience: identity.Audience, Subject: "e-1/Charge", Expires: epoch.Add(time.Minute),
	Role: "order-role", StateMachine: "order", Execution: "e-1", State: "Charge", Command: 7, Attempt: 2}

const ownConfig = `<openid-config url="{{stile-issuer}}/.well-known/openid-configuration" />`

func claim(attributes string, values ...string) string {
	s := `<required-claims><claim ` + attributes + `>`
	for _, v := range values {
		s += "<value>" + v + "</value>"
	}
	return s + "</claim></required-claims>"
}

// TestPrincipal: a step's principal and the token that it would sign get the same
// verdict from every policy, and the token is made only where something reads it.
func TestPrincipal(t *testing.T) {
	attributes := []string{`header-name="Authorization"`, `header-name="authorization" require-scheme="Bearer"`,
		`header-name="Authorization" require-scheme="Basic"`, `header-name="Authorization" clock-skew="120"`,
		`header-name="Authorization" require-expiration-time="false" failed-validation-httpcode="403" failed-validation-error-message="no way in"`}
	contents := []string{ownConfig, "",
		`<openid-config url="https://elsewhere.example/.well-known/openid-configuration" />` + ownConfig,
		ownConfig + "<audiences><audience>stile-gateway</audience></audiences>", ownConfig + "<audiences><audience>other</audience></audiences>",
		ownConfig + "<issuers><issuer>" + ourIssuer + "</issuer></issuers>", ownConfig + "<issuers><issuer>http://other</issuer></issuers>",
		ownConfig + claim(`name="role"`, "order-role"), ownConfig + claim(`name="role" match="any"`, "other-role", "order-role"),
		ownConfig + claim(`name="role"`, "other-role", "order-role"), ownConfig + claim(`name="role"`), ownConfig + claim(`name="groups"`),
		ownConfig + claim(`name="sub" separator="/"`, "Charge"), ownConfig + claim(`name="sub"`, "Charge"),
		ownConfig + claim(`name="command"`, "7"), ownConfig + claim(`name="attempt"`, "2"), ownConfig + claim(`name="act"`),
		ownConfig + claim(`name="iat"`), ownConfig + claim(`name="exp"`), ownConfig + claim(`name="state"`, "Charge"),
	}
	expired := stepClaims
	expired.Expires = epoch.Add(-time.Minute)
	bare := exchange.Claims{Issuer: ourIssuer, Audience: identity.Audience, Subject: "role/order-role", Role: "order-role", Expires: epoch.Add(time.Hour)}
	seen := map[string]bool{}
	for _, claims := range []exchange.Claims{stepClaims, expired, bare} {
		token, err := issuer().Mint(claims)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range attributes {
			for _, c := range contents {
				element := "<validate-jwt " + a + ">" + c + "</validate-jwt>"
				outside := &exchange.Exchange{}
				outside.Request.Header.Set("Authorization", "Bearer "+token)
				ordinary := newVerifier()
				want := validate(t, element, outside, ordinary)
				seen[strings.Fields(want)[0]+" "+strings.Join(strings.Fields(want + " ok")[1:2], "")] = true

				minted := 0
				step := &exchange.Exchange{Principal: exchange.NewPrincipal(claims)}
				step.Request.Header.SetLazy("Authorization", func() string { minted++; return "Bearer " + token })
				tokens := newVerifier()
				if got := validate(t, element, step, tokens); got != want {
					t.Errorf("%s\nprincipal gives %s\n    token gives %s", element, got, want)
				}
				short := strings.Contains(c, ownConfig) && !strings.Contains(a, "Basic")
				if short && (minted > 0 || tokens.calls > 0) {
					t.Errorf("%s: minted %d tokens and verified %d", element, minted, tokens.calls)
				}
			}
		}
	}
	want := map[string]bool{"200 ok": true, "401 TokenNotPresent": true, "403 TokenSignatureKeyNotFound": true,
		"401 TokenSignatureKeyNotFound": true, "401 TokenAudienceNotAllowed": true, "403 TokenAudienceNotAllowed": true,
		"401 TokenIssuerNotAllowed": true, "403 TokenIssuerNotAllowed": true, "401 TokenExpired": true, "403 TokenExpired": true,
		"401 TokenClaimNotFound": true, "403 TokenClaimNotFound": true, "401 TokenClaimValueNotAllowed": true, "403 TokenClaimValueNotAllowed": true}
	if !maps.Equal(want, seen) {
		t.Errorf("the cases do not cover every verdict (-want +got)\n%s", cmp.Diff(want, seen))
	}
}

// TestPrincipalNotTaken: the short path is for the unread header of a principal alone.
func TestPrincipalNotTaken(t *testing.T) {
	element := `<validate-jwt header-name="Authorization">` + ownConfig + claim(`name="role"`, "order-role") + "</validate-jwt>"
	foreign := stepClaims
	foreign.Issuer = "http://other"
	for _, c := range []struct {
		name string
		ex   func() *exchange.Exchange
		want string
	}{
		{"no token", func() *exchange.Exchange { return &exchange.Exchange{Principal: exchange.NewPrincipal(stepClaims)} }, "401 TokenNotPresent"},
		{"a header of the caller's", func() *exchange.Exchange {
			ex := &exchange.Exchange{Principal: exchange.NewPrincipal(stepClaims)}
			ex.Request.Header.Set("Authorization", "Bearer nonsense")
			return ex
		}, "401 JwtInvalid"},
		{"a lazy header without principal", func() *exchange.Exchange {
			ex := &exchange.Exchange{}
			ex.Request.Header.SetLazy("Authorization", func() string { return "Bearer nonsense" })
			return ex
		}, "401 JwtInvalid"},
		{"another issuer", func() *exchange.Exchange {
			ex := &exchange.Exchange{Principal: exchange.NewPrincipal(foreign)}
			ex.Request.Header.SetLazy("Authorization", func() string { return "Bearer nonsense" })
			return ex
		}, "401 JwtInvalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := validate(t, element, c.ex(), newVerifier()); !strings.HasPrefix(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// TestTokenPlaces: where the token may stand.
func TestTokenPlaces(t *testing.T) {
	token, err := issuer().Mint(stepClaims)
	if err != nil {
		t.Fatal(err)
	}
	ex := func() *exchange.Exchange {
		ex := &exchange.Exchange{}
		ex.Request.Header.Set("X-Token", token)
		ex.Request.Header.Set("Authorization", "Token "+token)
		ex.Request.URL.Query = []exchange.Param{{Name: "Access_Token", Value: token}}
		return ex
	}
	for _, c := range []struct{ attributes, want string }{
		{`header-name="X-Token"`, "200"},
		{`header-name="X-Token" require-scheme="Bearer"`, "200"}, // the scheme is for Authorization alone
		{`header-name="Authorization"`, "200"},
		{`header-name="Authorization" require-scheme="token"`, "200"},
		{`header-name="Authorization" require-scheme="Bearer"`, "401"},
		{`query-parameter-name="access_token"`, "200"},
		{`query-parameter-name="other"`, "401"},
		{`token-value="` + token + `"`, "200"},
		{`token-value="Bearer ` + token + `"`, "200"},
	} {
		if got := validate(t, "<validate-jwt "+c.attributes+">"+ownConfig+"</validate-jwt>", ex(), newVerifier()); strings.Fields(got)[0] != c.want {
			t.Errorf("%s gives %s, want %s", c.attributes, got, c.want)
		}
	}
}

// TestUnsignedTokens are taken only where the policy says so.
func TestUnsignedTokens(t *testing.T) {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	token := part(`{"alg":"none"}`) + "." + part(fmt.Sprintf(`{"aud":["a","b"],"exp":%d,"nbf":%d,"n":1.5,"ok":true}`,
		epoch.Add(time.Minute).Unix(), epoch.Add(10*time.Second).Unix())) + "."
	for _, c := range []struct{ attributes, content, want string }{
		{``, "", "401 JwtInvalid"},
		{`require-signed-tokens="false"`, "", "401 JwtInvalid | The token is not valid before 2026-01-02T03:04:15Z. Access denied."},
		{`require-signed-tokens="false" clock-skew="10"`, "", "200"},
		{`require-signed-tokens="false" clock-skew="10"`, "<audiences><audience>b</audience></audiences>", "200"},
		{`require-signed-tokens="false" clock-skew="10"`, claim(`name="n"`, "1.5"), "200"},
		{`require-signed-tokens="false" clock-skew="10"`, claim(`name="ok"`, "true"), "200"},
		{`require-signed-tokens="false" clock-skew="10"`, claim(`name="aud"`, "a", "b"), "200"},
		{`require-signed-tokens="false" clock-skew="10"`, claim(`name="aud"`, "a", "c"), "401 TokenClaimValueNotAllowed"},
	} {
		got := validate(t, `<validate-jwt token-value="`+token+`" `+c.attributes+">"+c.content+"</validate-jwt>", &exchange.Exchange{}, newVerifier())
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%s %s gives %s, want %s", c.attributes, c.content, got, c.want)
		}
	}
}

func TestSecretBytes(t *testing.T) {
	for _, s := range []string{"-_8", "+/8=", " +/\n8", "+/8"} {
		if b, err := secretBytes(s); err != nil || string(b) != "\xfb\xff" {
			t.Errorf("%q gives %x, %v", s, b, err)
		}
	}
	for _, s := range []string{"", "=", "a", "??"} {
		if b, err := secretBytes(s); err == nil {
			t.Errorf("%q gives %x", s, b)
		}
	}
}

// TestTokenVariable: a checked token is a Jwt that expressions read; for a step
// the token is made then, once.
func TestTokenVariable(t *testing.T) {
	token, err := issuer().Mint(stepClaims)
	if err != nil {
		t.Fatal(err)
	}
	element := `<validate-jwt header-name="Authorization" output-token-variable-name="jwt">` + ownConfig + `</validate-jwt>
		<set-variable name="role" value="@(((Jwt)context.Variables["jwt"]).Claims["role"][0])" />
		<set-variable name="subject" value="@(((Jwt)context.Variables["jwt"]).Subject)" />`
	minted := 0
	step := &exchange.Exchange{Principal: exchange.NewPrincipal(stepClaims)}
	step.Request.Header.SetLazy("Authorization", func() string { minted++; return "Bearer " + token })
	outside := &exchange.Exchange{}
	outside.Request.Header.Set("Authorization", "Bearer "+token)
	for _, ex := range []*exchange.Exchange{outside, step} {
		if got := validate(t, element, ex, newVerifier()); got != "200" {
			t.Fatal(got)
		}
		if ex.Variables["role"] != "order-role" || ex.Variables["subject"] != "e-1/Charge" {
			t.Errorf("variables are %v", ex.Variables)
		}
	}
	if minted != 1 {
		t.Errorf("the step's token was made %d times", minted)
	}
}
