package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"stile/internal/notify"
	"stile/internal/policies"
	"stile/internal/sfn"
	"stile/internal/task"
	"stile/policy"
	"stile/policy/exchange"
)

// canaryKeys are the keys that policies check by.
type canaryKeys struct {
	box       *rsa.PrivateKey
	wrap, mac []byte
	hook      string
	resource  string // whom tokens of the managed identity are for
}

// keysYAML gives the certificate by reference and starts the source of managed
// identities.
func (w *canaryWorld) keysYAML(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	w.keys.box = key
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	t.Setenv("CANARY_PEM", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))+string(text))
	w.foreign("private key of a certificate", string(text)) // nobody is sent it who could send it back
	w.foreign("line of a private key", strings.Split(string(text), "\n")[9])
	token := w.place("managed identity token", fresh(), true)
	header := w.place("credentials of the managed identity", fresh(), false)
	machine := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Identity-Header") == header {
			w.use("credentials of the managed identity")
		}
		rw.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(rw, `{"access_token":%q,"expires_on":"%d","resource":"x","token_type":"Bearer"}`, token, time.Now().Add(time.Hour).Unix())
	}))
	t.Cleanup(machine.Close)
	for name, value := range map[string]string{"MSI_ENDPOINT": "", "IMDS_ENDPOINT": "", "IDENTITY_ENDPOINT": machine.URL + "/msi", "IDENTITY_HEADER": header} {
		t.Setenv(name, value)
	}
	w.keys.resource = machine.URL
	return "certificates: [{id: box, secret: {secret: 'env://CANARY_PEM'}}]\nmanaged-identity: {source: azure}\n"
}

// guards writes the operations that check by secrets, and the one that breaks.
func (w *canaryWorld) guards(t *testing.T) {
	t.Helper()
	w.keys.wrap, w.keys.mac = make([]byte, 32), make([]byte, 32)
	_, _ = rand.Read(w.keys.wrap)
	_, _ = rand.Read(w.keys.mac)
	random := make([]byte, 32)
	_, _ = rand.Read(random)
	w.keys.hook = "whsec_" + base64.StdEncoding.EncodeToString(random)
	for name, value := range map[string]string{
		"hook": w.place("secret of validate-webhook", w.keys.hook, false),
		"wrap": w.place("decryption key of a JWE", base64.StdEncoding.EncodeToString(w.keys.wrap), false),
		"mac":  w.place("signing key of a JWT", base64.StdEncoding.EncodeToString(w.keys.mac), false),
	} {
		t.Setenv("CANARY_GUARD_"+strings.ToUpper(name), value)
		write(t, w.dir, "apim/namedValues/"+name+"/namedValueInformation.json",
			`{"properties":{"displayName":"`+name+`","secret":true,"value":{"secret":"env://CANARY_GUARD_`+strings.ToUpper(name)+`"}}}`)
	}
	for op, inbound := range map[string]string{
		"hook": `<validate-webhook scheme="standard" secret="{{hook}}" />`,
		"jwe": `<validate-jwt header-name="X-Token"><issuer-signing-keys><key>{{mac}}</key></issuer-signing-keys>` +
			`<decryption-keys><key>{{wrap}}</key><key certificate-id="box" /></decryption-keys></validate-jwt>`,
		"managed": `<authentication-managed-identity resource="` + w.keys.resource + `" />`,
		"panic":   `<canary-panic />`,
		"wait":    `<set-header name="X-Callback" exists-action="override"><value>@((string)context.Variables["stile-callback-url"])</value></set-header>`,
	} {
		write(t, w.dir, "apim/apis/shop/operations/"+op+"/policy.xml", shopPolicy(inbound))
	}
	gate := func(path, pattern, more string) string {
		return `{"Type":"Task","Resource":"` + invoke + pattern + `","Parameters":{"ApiEndpoint":"shop.example","Method":"POST","Path":"/shop/` + path +
			`","RequestBody":{"a":1` + more + `}},"ResultPath":"$.` + path + `",`
	}
	goOn := func(next string) string {
		return `"Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"$.e` + next + `","Next":"` + next + `"}],"Next":"` + next + `"}`
	}
	const options = "role: one-role\n"
	write(t, w.dir, "workflows/two.asl.json", `{"StartAt":"Managed","States":{"Managed":`+gate("managed", "", "")+goOn("Panic")+`,"Panic":`+gate("panic", "", "")+goOn("Careless")+
		`,"Careless":{"Type":"Task","Resource":"arn:aws:states:::http:invoke","Parameters":{"ApiEndpoint":"https://out.example/echo","Method":"POST",`+
		`"Authentication":{"ConnectionArn":"arn:aws:events:us-east-1:111111111111:connection/careless/1"},"RequestBody":{"a":1}},"ResultPath":"$.r",`+goOn("Open")+
		`,"Open":`+gate("wait", ".waitForTaskToken", "")+`"End":true}}}`)
	write(t, w.dir, "workflows/two.workflow.yaml", options)
	write(t, w.dir, "workflows/boom.asl.json", `{"StartAt":"Boom","States":{"Boom":`+gate("reserve", "", "")+`"End":true}}}`)
	write(t, w.dir, "workflows/boom.workflow.yaml", options)
}

// policies is the product's table and one policy that breaks, whose panic quotes
// every secret that Stile knows, in the middle of an exchange that carries a caller's.
func (w *canaryWorld) policies(t *testing.T) *policy.Table {
	t.Helper()
	table, err := policy.NewTable(append(policies.Table().Descriptors(), policy.Descriptor{Name: "canary-panic", Sections: policy.Inbound, Scopes: policy.AnyScope,
		Doc: "Breaks.", Compile: func(*policy.Compiler, *policy.Element) policy.Run { return w.canaryPanic }}))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func (w *canaryWorld) canaryPanic(_ context.Context, ex *exchange.Exchange, _ *policy.Env) error {
	w.panics.Add(1)
	if w.panics.Load()%2 == 1 {
		panic(fmt.Sprintf("broken with %s, %s in %s", w.keys.hook, w.idp.ClientSecret, os.Getenv("CANARY_ENV")))
	}
	var nothing map[string]string
	nothing[w.keys.hook] = ex.Request.Header.Get("Authorization") // panics
	return nil
}

// integrations are the product's; a state Boom breaks.
func (w *canaryWorld) integrations() []task.Integration {
	table := slices.Clone(task.Table())
	for i := range table {
		start := table[i].Start
		table[i].Start = func(ctx context.Context, r *task.Runner, call sfn.TaskCall) sfn.TaskResult {
			if call.State == "Boom" {
				w.panics.Add(1)
				panic("broken with " + w.keys.hook + " and " + w.idp.ClientSecret + " in " + call.Parameters.Text())
			}
			return start(ctx, r, call)
		}
	}
	return table
}

// guarded calls the operations that check by secrets, well and badly. It gives the
// refusals.
func (w *canaryWorld) guarded(t *testing.T, p *product) (refusals string) {
	t.Helper()
	key := []string{"Ocp-Apim-Subscription-Key", w.value("subscription key")}
	call := func(want int, op, body string, header ...string) {
		t.Helper()
		status, text := send(t, "POST", p.Gateway+"/shop/"+op, body, append(header, key...)...)
		if status != want {
			t.Errorf("%s: %d, want %d: %s", op, status, want, text)
		}
		if status != 200 {
			refusals += text
		}
	}
	hookKey, err := notify.Key(w.keys.hook)
	if err != nil {
		t.Fatal(err)
	}
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	signature := notify.Sign(hookKey, "m1", stamp, []byte("{}"))
	w.foreign("signature of a webhook", signature)
	call(200, "hook", "{}", "webhook-id", "m1", "webhook-timestamp", stamp, "webhook-signature", "v1,"+signature)
	call(401, "hook", "{1}", "webhook-id", "m1", "webhook-timestamp", stamp, "webhook-signature", "v1,"+signature)
	w.use("secret of validate-webhook")
	inside := w.foreign("token inside a JWE", signJWT(t, w.keys.mac))
	for _, to := range []jose.Recipient{{Algorithm: jose.A256KW, Key: w.keys.wrap}, {Algorithm: jose.RSA_OAEP, Key: &w.keys.box.PublicKey}} {
		call(200, "jwe", "{}", "X-Token", "Bearer "+w.foreign("JWE of a caller", sealJWT(t, to, inside)))
		call(401, "jwe", "{}", "X-Token", "Bearer "+w.foreign("JWE that is bad", sealJWT(t, to, signJWT(t, bytes.Repeat([]byte("x"), 32)))))
	}
	for _, name := range []string{"decryption key of a JWE", "signing key of a JWT"} {
		w.use(name)
	}
	call(200, "managed", "{}")
	bearer := w.foreign("bearer token in a panic", fresh())
	for range 2 {
		call(500, "panic", "{}", "Authorization", "Bearer "+bearer)
	}
	return refusals
}

// openCallback runs into every failure of a state, and leaves a callback open.
func (w *canaryWorld) openCallback(t *testing.T, p *product) (arns []string, token string) {
	t.Helper()
	boom := p.start("boom")
	p.until(boom, "the end", ended)
	arn := p.start("two")
	token = w.token(t)
	p.until(arn, "it waits", has("TaskSubmitted"))
	return []string{boom, arn}, token
}

func signJWT(t *testing.T, key []byte) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	claims, _ := json.Marshal(map[string]any{"sub": "ada", "exp": time.Now().Add(time.Hour).Unix()})
	made, err := signer.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	return must(made.CompactSerialize())
}

func sealJWT(t *testing.T, to jose.Recipient, text string) string {
	t.Helper()
	e, err := jose.NewEncrypter(jose.A256GCM, to, (&jose.EncrypterOptions{}).WithContentType("JWT"))
	if err != nil {
		t.Fatal(err)
	}
	made, err := e.Encrypt([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return must(made.CompactSerialize())
}
