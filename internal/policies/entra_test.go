package policies

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"stile/internal/identity"
	"stile/policy/exchange"
)

const (
	ours   = "3d1a2b4c-0000-4000-8000-0123456789ab"
	theirs = "77777777-0000-4000-8000-0123456789ab"
	client = "c11e0000-0000-4000-8000-0123456789ab"
)

var entraKey, strangerKey = sync.OnceValue(newKey), sync.OnceValue(newKey)

func newKey() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
}

// entra plays Microsoft Entra ID: its discovery documents and its keys, by URL.
func entra() identity.Get {
	b64 := base64.RawURLEncoding.EncodeToString
	key := func(kid string, k *rsa.PrivateKey) string {
		return fmt.Sprintf(`{"keys":[{"kty":"RSA","use":"sig","kid":%q,"n":%q,"e":%q}]}`, kid, b64(k.N.Bytes()), b64(big.NewInt(int64(k.E)).Bytes()))
	}
	docs := map[string]string{"https://keys.example/entra": key("entra", entraKey()), "https://keys.example/stranger": key("stranger", strangerKey())}
	add := func(host, path, issuer, keys string) {
		docs["https://"+host+"/"+path+"/.well-known/openid-configuration"] = fmt.Sprintf(`{"issuer":%q,"jwks_uri":"https://keys.example/%s"}`, issuer, keys)
	}
	for name, id := range map[string]string{ours: ours, theirs: theirs, "contoso.example": ours, "common": "{tenantid}", "organizations": "{tenantid}", "consumers": consumersTenant} {
		add("login.microsoftonline.com", name+"/v2.0", "https://login.microsoftonline.com/"+id+"/v2.0", "entra")
		add("login.microsoftonline.com", name, "https://sts.windows.net/"+id+"/", "entra")
	}
	// A document that is not Entra's, although it lies at Entra's address.
	add("login.microsoftonline.com", "hijacked.example/v2.0", "https://stranger.example/", "stranger")
	// A national cloud has its own issuers.
	add("login.partner.microsoftonline.cn", ours+"/v2.0", "https://login.partner.microsoftonline.cn/"+ours+"/v2.0", "entra")
	return func(_ context.Context, url, _ string) ([]byte, error) {
		if d, ok := docs[url]; ok {
			return []byte(d), nil
		}
		return nil, errors.New("no such document: " + url)
	}
}

type entraToken struct {
	alg, kid string
	claims   map[string]any
	sign     func(signed string) []byte
}

func v1Token() entraToken {
	return entraToken{"RS256", "entra", map[string]any{"ver": "1.0", "aud": "api://orders", "iss": "https://sts.windows.net/" + ours + "/", "tid": ours,
		"appid": client, "sub": "someone", "roles": []string{"read", "write"}, "scp": "a b", "exp": epoch.Add(time.Hour).Unix(), "nbf": epoch.Unix()}, signRSA(entraKey)}
}

func v2Token() entraToken {
	t := v1Token()
	delete(t.claims, "appid")
	maps.Copy(t.claims, map[string]any{"ver": "2.0", "iss": "https://login.microsoftonline.com/" + ours + "/v2.0", "azp": client})
	return t
}

func signRSA(key func() *rsa.PrivateKey) func(string) []byte {
	return func(signed string) []byte {
		sum := sha256.Sum256([]byte(signed))
		out, err := rsa.SignPKCS1v15(rand.Reader, key(), crypto.SHA256, sum[:])
		if err != nil {
			panic(err)
		}
		return out
	}
}

func (t entraToken) String() string {
	part := func(v any) string {
		data, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return base64.RawURLEncoding.EncodeToString(data)
	}
	signed := part(map[string]string{"typ": "JWT", "alg": t.alg, "kid": t.kid}) + "." + part(t.claims)
	return signed + "." + base64.RawURLEncoding.EncodeToString(t.sign(signed))
}

func (t entraToken) with(name string, value any) entraToken {
	t.claims = maps.Clone(t.claims)
	t.claims[name] = value
	if value == nil {
		delete(t.claims, name)
	}
	return t
}

// of makes the token one of another tenant.
func (t entraToken) of(tenant string) entraToken {
	t = t.with("iss", strings.Replace(t.claims["iss"].(string), ours, tenant, 1))
	return t.with("tid", tenant)
}

func (t entraToken) confused(alg string, secret []byte) entraToken {
	t.alg, t.sign = alg, func(signed string) []byte {
		if secret == nil {
			return nil
		}
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(signed))
		return mac.Sum(nil)
	}
	return t
}

// spoiled lists what is wrong with a token, and the reason that APIM gives.
func spoiled(good entraToken) map[string]struct {
	token entraToken
	want  string
} {
	type row = struct {
		token entraToken
		want  string
	}
	unknown, foreign := good, good
	unknown.kid = "elsewhere"
	foreign.sign = signRSA(strangerKey)
	stranger := foreign
	stranger.kid = "stranger"
	der, err := x509.MarshalPKIXPublicKey(&entraKey().PublicKey)
	if err != nil {
		panic(err)
	}
	issuer := good.claims["iss"].(string)
	return map[string]row{
		"wrong audience":           {good.with("aud", "api://other"), badAudience},
		"no audience":              {good.with("aud", nil), badAudience},
		"another tenant's":         {good.of(theirs), badIssuer},
		"consumers'":               {good.of(consumersTenant), badIssuer},
		"tid of another tenant":    {good.with("tid", theirs), badIssuer},
		"no tid":                   {good.with("tid", nil), badIssuer},
		"issuer of another tenant": {good.with("iss", strings.Replace(issuer, ours, theirs, 1)), badIssuer},
		"issuer is Okta":           {good.with("iss", "https://dev-1.okta.com/oauth2/default"), badIssuer},
		"issuer is the gateway":    {good.with("iss", ourIssuer), badIssuer},
		"issuer with more":         {good.with("iss", issuer+"x"), badIssuer},
		"issuer on another host":   {good.with("iss", strings.Replace(issuer, ".com/", ".com.evil.example/", 1)+"?"), badIssuer},
		"issuer over http":         {good.with("iss", strings.Replace(issuer, "https", "http", 1)), badIssuer},
		"issuer names no tenant":   {good.of("{tenantid}"), badIssuer},
		"issuer of China":          {good.with("iss", "https://sts.chinacloudapi.cn/"+ours+"/"), badIssuer},
		"two issuers":              {good.with("iss", []string{issuer, issuer}), badIssuer},
		"no issuer":                {good.with("iss", nil), badIssuer},
		"expired":                  {good.with("exp", epoch.Unix()), expired},
		"without end":              {good.with("exp", nil), badToken},
		"not yet valid":            {good.with("nbf", epoch.Add(time.Minute).Unix()), badToken},
		"unknown kid":              {unknown, "TokenSignatureKeyNotFound"},
		"foreign signature":        {foreign, "TokenSignatureInvalid"},
		"foreign key":              {stranger, "TokenSignatureKeyNotFound"},
		"HS256 with the key":       {good.confused("HS256", der), "TokenSignatureKeyNotFound"},
		"HS256 with the modulus":   {good.confused("HS256", entraKey().N.Bytes()), "TokenSignatureKeyNotFound"},
		"none":                     {good.confused("none", nil), badToken},
		"another application's":    {good.with("appid", nil).with("azp", theirs), badClaim},
		"no application":           {good.with("appid", nil).with("azp", nil), noClaim},
		"a role too few":           {good.with("roles", []string{"read"}), badClaim},
		"no roles":                 {good.with("roles", nil), noClaim},
		"a scope too few":          {good.with("scp", "b"), badClaim},
	}
}

const entraChecks = `<client-application-ids><application-id>00000000-0000-4000-8000-0123456789ab</application-id><application-id>` + client + `</application-id></client-application-ids>
	<audiences><audience>other</audience><audience>api://orders</audience></audiences>
	<required-claims><claim name="roles"><value>write</value><value>read</value></claim><claim name="scp" match="any" separator=" "><value>a</value><value>c</value></claim></required-claims>`

func entraVerifier() *verifier {
	return &verifier{v: identity.NewVerifier(issuer(), entra(), func() time.Time { return epoch })}
}

// TestEntraMatrix: each version of token × each place × each way of being wrong.
func TestEntraMatrix(t *testing.T) {
	places := map[string]func(*exchange.Exchange, string){
		"":                      func(ex *exchange.Exchange, token string) { ex.Request.Header.Set("Authorization", "Bearer "+token) },
		`header-name="X-Token"`: func(ex *exchange.Exchange, token string) { ex.Request.Header.Set("X-Token", token) },
		`query-parameter-name="t"`: func(ex *exchange.Exchange, token string) {
			ex.Request.URL.Query = []exchange.Param{{Name: "t", Value: token}}
		},
		`token-value="@((string)context.Variables["t"])"`: func(ex *exchange.Exchange, token string) {
			ex.Variables = map[string]any{"t": token}
		},
	}
	tokens, cells := entraVerifier(), 0
	for version, good := range map[string]entraToken{"v1": v1Token(), "v2": v2Token()} {
		for attributes, place := range places {
			ask := func(token, want string) {
				cells++
				ex := &exchange.Exchange{}
				place(ex, token)
				got := validate(t, `<validate-azure-ad-token tenant-id="`+ours+`" `+attributes+">"+entraChecks+"</validate-azure-ad-token>", ex, tokens)
				if !strings.HasPrefix(got, want) {
					t.Errorf("%s %s: got %s, want %s", version, attributes, got, want)
				}
			}
			ask(good.String(), "200")
			ask("", "401 TokenNotPresent | JWT not present.")
			ask("a.b.c", "401 JwtInvalid")
			for name, row := range spoiled(good) {
				t.Run(version+" "+name, func(t *testing.T) { ask(row.token.String(), "401 "+row.want+" |") })
			}
		}
	}
	t.Logf("%d cells", cells)
}

// TestEntraTenants: which tenants' tokens each tenant-id takes.
func TestEntraTenants(t *testing.T) {
	tokens := entraVerifier()
	for _, c := range []struct {
		attributes              string
		ours, theirs, consumers bool
	}{
		{`tenant-id="` + ours + `"`, true, false, false},
		{`tenant-id="` + strings.ToUpper(ours) + `"`, true, false, false},
		{`tenant-id="@("` + theirs + `")"`, false, true, false},
		{`tenant-id="common"`, true, true, true},
		{`tenant-id="organizations"`, true, true, false},
		{`tenant-id="consumers"`, false, false, true},
		{`tenant-id="contoso.example"`, true, false, false},
		{`tenant-id="hijacked.example"`, false, false, false},
		{`tenant-id="unknown.example"`, false, false, false},
		{`tenant-id="https://login.microsoftonline.com/organizations"`, true, true, false},
		{`tenant-id="https://login.microsoftonline.com/` + ours + `/v2.0" authentication-endpoint="login.microsoftonline.us"`, true, false, false},
		{`tenant-id="` + ours + `" authentication-endpoint="https://login.microsoftonline.com/"`, true, false, false},
		{`tenant-id="` + ours + `" authentication-endpoint="login.partner.microsoftonline.cn"`, false, false, false},
	} {
		for _, good := range []entraToken{v1Token(), v2Token()} {
			for tenant, want := range map[string]bool{ours: c.ours, theirs: c.theirs, consumersTenant: c.consumers} {
				ex := &exchange.Exchange{}
				ex.Request.Header.Set("Authorization", "Bearer "+good.of(tenant).String())
				element := "<validate-azure-ad-token " + c.attributes + "><audiences><audience>api://orders</audience></audiences></validate-azure-ad-token>"
				if got := validate(t, element, ex, tokens); (got == "200") != want {
					t.Errorf("%s: a token of %s gets %s", c.attributes, tenant, got)
				}
			}
		}
	}
	china := v2Token().with("iss", "https://login.partner.microsoftonline.cn/"+ours+"/v2.0")
	ex := &exchange.Exchange{}
	ex.Request.Header.Set("Authorization", "Bearer "+china.String())
	if got := validate(t, `<validate-azure-ad-token tenant-id="`+ours+`" authentication-endpoint="login.partner.microsoftonline.cn"><audiences><audience>api://orders</audience></audiences></validate-azure-ad-token>`, ex, tokens); got != "200" {
		t.Errorf("a token of China gets %s there", got)
	}
}

// TestEntraAnswers: applications that the token is for, the policy's own status and
// text, and the variable.
func TestEntraAnswers(t *testing.T) {
	for _, c := range []struct{ attributes, content, want string }{
		{"", `<backend-application-ids><application-id>ORDERS</application-id></backend-application-ids>`, "200"},
		{"", `<backend-application-ids><application-id>other</application-id></backend-application-ids>`, `401 TokenAudienceNotAllowed | The token's audience "api://orders" is not allowed. Access denied.`},
		{`failed-validation-httpcode="@(403)" failed-validation-error-message="@("no " + "way")"`, `<audiences><audience>x</audience></audiences>`,
			`403 TokenAudienceNotAllowed | The token's audience "api://orders" is not allowed. Access denied. | { "statusCode": 403, "message": "no way" }`},
		{`output-token-variable-name="jwt"`, `<audiences><audience>api://orders</audience></audiences>`, "200"},
	} {
		ex := &exchange.Exchange{}
		ex.Request.Header.Set("Authorization", "Bearer "+v2Token().String())
		element := `<validate-azure-ad-token tenant-id="` + ours + `" ` + c.attributes + ">" + c.content + "</validate-azure-ad-token>"
		if strings.Contains(c.attributes, "jwt") {
			element += `<set-variable name="who" value="@(((Jwt)context.Variables["jwt"]).Subject + " " + ((Jwt)context.Variables["jwt"]).Claims["roles"][1] + " " + ((Jwt)context.Variables["jwt"]).Issuer)" />`
		}
		if got := validate(t, element, ex, entraVerifier()); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s gives %s", element, got)
		}
		if who := ex.Variables["who"]; strings.Contains(c.attributes, "jwt") && who != "someone write https://login.microsoftonline.com/"+ours+"/v2.0" {
			t.Errorf("the variable says %v, %+v", who, ex.LastError)
		}
	}
	// A step's own token is not Entra's.
	own, err := issuer().Mint(stepClaims)
	if err != nil {
		t.Fatal(err)
	}
	ex := &exchange.Exchange{Principal: exchange.NewPrincipal(stepClaims)}
	ex.Request.Header.SetLazy("Authorization", func() string { return "Bearer " + own })
	if got := validate(t, `<validate-azure-ad-token tenant-id="common"><audiences><audience>stile-gateway</audience></audiences></validate-azure-ad-token>`, ex, entraVerifier()); !strings.HasPrefix(got, "401 TokenSignatureKeyNotFound") {
		t.Errorf("a step's token gets %s", got)
	}
}
