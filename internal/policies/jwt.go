package policies

import (
	"encoding/base64"
	"fmt"
	"strings"

	"stile/policy"
)

var keySchema = policy.Schema{Text: true, Attributes: []policy.Attribute{
	{Name: "id"}, {Name: "n", Expression: true}, {Name: "e", Expression: true},
	{Name: "certificate-id"}}}

var claimsSchema = policy.Schema{Children: []policy.Child{{Name: "claim", Required: true, Many: true,
	Schema: policy.Schema{
		Attributes: []policy.Attribute{{Name: "name", Required: true}, {Name: "match", Expression: true, Values: []string{"all", "any"}, Default: "all"},
			{Name: "separator"}},
		Children: []policy.Child{{Name: "value", Many: true, Schema: policy.Schema{Text: true}}},
	}}}}

// validateJWT is https://learn.microsoft.com/azure/api-management/validate-jwt-policy.
// An encrypted token (decryption-keys) must hold a signed one. A step's own token
// is checked without making it: see principalClaims.
var validateJWT = policy.Descriptor{
	Name: "validate-jwt", Sections: policy.Inbound, Scopes: policy.AnyScope,
	Schema: policy.Schema{
		Attributes: []policy.Attribute{
			{Name: "header-name", Expression: true}, {Name: "query-parameter-name", Expression: true},
			{Name: "token-value", Expression: true},
			{Name: "failed-validation-httpcode", Expression: true, Kind: policy.IntKind, Default: "401"},
			{Name: "failed-validation-error-message", Expression: true},
			{Name: "require-expiration-time", Expression: true, Kind: policy.BoolKind, Default: "true"},
			{Name: "require-scheme", Expression: true},
			{Name: "require-signed-tokens", Expression: true, Kind: policy.BoolKind, Default: "true"},
			{Name: "clock-skew", Expression: true, Kind: policy.IntKind, Default: "0"},
			{Name: "output-token-variable-name"},
		},
		Ordered: true,
		Children: []policy.Child{
			{Name: "openid-config", Many: true, Schema: policy.Schema{
				Attributes: []policy.Attribute{{Name: "url", Required: true, Expression: true}}}},
			{Name: "issuer-signing-keys", Schema: policy.Schema{
				Children: []policy.Child{{Name: "key", Required: true, Many: true, Schema: keySchema}}}},
			{Name: "decryption-keys", Schema: decryptionKeysSchema},
			{Name: "audiences", Schema: listOf("audience")},
			{Name: "issuers", Schema: listOf("issuer")},
			{Name: "required-claims", Schema: claimsSchema},
		},
	},
	Doc:     "Refuses a request without a valid JSON Web Token.",
	Compile: compileValidateJWT,
}

// jwtPolicy is a compiled validate-jwt.
type jwtPolicy struct {
	header, query, token          policy.Value
	status, message               policy.Value
	requireExpiry, scheme, signed policy.Value
	skew                          policy.Value
	variable                      string
	configs                       []policy.Value
	written                       []policy.KeySource // what configs are, where none is an expression; else nil
	audiences, issuers            textList
	keys                          []signingKey
	decryption                    []decryptionKey
	claims                        []requiredClaim
}

// signingKey is one key of issuer-signing-keys.
type signingKey struct {
	id           string
	secret, n, e policy.Value
	certificate  *policy.Certificate // nil: the key stands in the document
}

// requiredClaim is one claim of required-claims.
type requiredClaim struct {
	name, separator string
	match           policy.Value
	values          textList
}

func compileValidateJWT(c *policy.Compiler, e *policy.Element) policy.Run {
	p := &jwtPolicy{header: c.Value(e, "header-name"), query: c.Value(e, "query-parameter-name"), token: c.Value(e, "token-value"),
		status: c.Value(e, "failed-validation-httpcode"), message: c.Value(e, "failed-validation-error-message"),
		requireExpiry: c.Value(e, "require-expiration-time"), scheme: c.Value(e, "require-scheme"),
		signed: c.Value(e, "require-signed-tokens"), skew: c.Value(e, "clock-skew"),
		variable: c.Value(e, "output-token-variable-name").Constant()}
	checkStatus(c, e, "failed-validation-httpcode")
	sources := 0
	for _, v := range []policy.Value{p.header, p.query, p.token} {
		if v.Set() {
			sources++
		}
	}
	if sources != 1 {
		c.Fault(e, policy.CodeNoAttribute, "<validate-jwt> needs header-name, query-parameter-name or token-value, one of them",
			`write header-name="Authorization"`)
	}
	for _, o := range e.Elements("openid-config") {
		p.configs = append(p.configs, c.Value(o, "url"))
	}
	if sources := newTextList(p.configs); sources.fixed != nil {
		for _, url := range sources.fixed {
			p.written = append(p.written, policy.KeySource{URL: url})
		}
	}
	p.audiences, p.issuers = newTextList(childTexts(c, e, "audiences", "audience")), newTextList(childTexts(c, e, "issuers", "issuer"))
	p.compileKeys(c, e.Child("issuer-signing-keys"))
	p.compileDecryption(c, e.Child("decryption-keys"))
	p.compileClaims(c, e.Child("required-claims"))
	return p.run
}

// childTexts compiles the texts of a list element's children.
func childTexts(c *policy.Compiler, e *policy.Element, list, child string) (out []policy.Value) {
	if l := e.Child(list); l != nil {
		for _, el := range l.Elements(child) {
			out = append(out, c.Text(el))
		}
	}
	return out
}

func (p *jwtPolicy) compileKeys(c *policy.Compiler, list *policy.Element) {
	if list == nil {
		return
	}
	for _, el := range list.Elements("key") {
		k := signingKey{id: c.Value(el, "id").Constant(), secret: c.Text(el), n: c.Value(el, "n"), e: c.Value(el, "e")}
		rsa := k.n.Set() && k.e.Set()
		if el.Attr("certificate-id") != nil {
			if rsa || k.secret.Set() {
				c.Fault(el, policy.CodeValue, "a key is a certificate's, or stands here, not both", "remove one of them")
			}
			k.certificate = storedCertificate(c, el)
			p.keys = append(p.keys, k)
			continue
		}
		switch {
		case k.n.Set() != k.e.Set() || rsa == k.secret.Set():
			c.Fault(el, policy.CodeValue, "a key is either its text in base64, or n and e", "write <key>…</key>, or <key n=\"…\" e=\"…\" />")
		case !rsa && !k.secret.IsExpression():
			if _, err := secretBytes(k.secret.Constant()); err != nil {
				c.Warn(el, policy.CodeValue, "the key is not base64, so that no token can pass", "encode the key's bytes in base64")
			}
		}
		p.keys = append(p.keys, k)
	}
}

func (p *jwtPolicy) compileClaims(c *policy.Compiler, list *policy.Element) {
	if list == nil {
		return
	}
	for _, el := range list.Elements("claim") {
		r := requiredClaim{name: c.Value(el, "name").Constant(), separator: c.Value(el, "separator").Constant(),
			match: c.Value(el, "match")}
		var values []policy.Value
		for _, v := range el.Elements("value") {
			values = append(values, c.Text(v))
		}
		r.values = newTextList(values)
		p.claims = append(p.claims, r)
	}
}

// secretBytes decodes a symmetric key: base64 with or without padding, either alphabet.
func secretBytes(text string) ([]byte, error) {
	text = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/", "\n", "", "\r", "", " ", "").Replace(text), "=")
	if text == "" {
		return nil, fmt.Errorf("no key")
	}
	return base64.RawStdEncoding.DecodeString(text)
}
