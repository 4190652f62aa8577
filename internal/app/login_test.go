package app

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"stile/internal/identity"
	"stile/internal/identity/idptest"
	"stile/internal/login"
	"stile/internal/sigv4"
)

const (
	startPath    = login.StartPath
	callbackPath = login.CallbackPath
)

const clientSecretEnv = "STILE_TEST_CLIENT_SECRET"

// identityYAML is a stile.yaml that names the providers, by their kinds.
func identityYAML(t *testing.T, idps ...*idptest.Provider) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("name: p\nidentity:\n  providers:\n")
	for _, p := range idps {
		t.Setenv(clientSecretEnv, p.ClientSecret)
		fmt.Fprintf(&b, "    - {name: %s, kind: %s, issuer: %q, client-id: %q, client-secret: {secret: \"env://%s\"}",
			providerOf(p), p.Kind.Config(), p.Issuer, p.ClientID, clientSecretEnv)
		if p.Kind != idptest.OktaOrg { // its access tokens are for Okta alone
			fmt.Fprintf(&b, ", audiences: [%q]", p.Audience)
		}
		b.WriteString("}\n")
	}
	return b.String()
}

func providerOf(p *idptest.Provider) string {
	return strings.ReplaceAll(strings.ToLower(p.Kind.String()), " ", "-")
}

// browser is an http client with a cookie jar.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}
}

// ask sends a request and gives status, body and where it ended.
func ask(t *testing.T, c *http.Client, method, target, body string, header ...string) (int, string, *http.Response) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text), resp
}

type whoami struct {
	Principal, Provider, Name, Via string
	Groups, Roles                  []string
	Open                           bool
}

func whoIs(t *testing.T, c *http.Client, base string, header ...string) (int, whoami) {
	t.Helper()
	status, body, _ := ask(t, c, "GET", base+"/-/v1/whoami", "", header...)
	var w whoami
	if err := json.Unmarshal([]byte(body), &w); err != nil {
		t.Fatalf("%d %s", status, body)
	}
	return status, w
}

// still is a browser that follows nothing.
func still() *http.Client {
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// TestLogins logs in at every kind of provider, in one server, and out again.
func TestLogins(t *testing.T) {
	var idps []*idptest.Provider
	for _, k := range idptest.Kinds() {
		idps = append(idps, idptest.New(t, k))
	}
	p, _ := serveKeys(t, identityYAML(t, idps...))
	for _, idp := range idps {
		t.Run(idp.Kind.String(), func(t *testing.T) {
			c := browser(t)
			idp.AutoApprove("ada")
			status, page, resp := ask(t, c, "GET", p.Console+"/?status=FAILED", "")
			if status != 200 || resp.Request.URL.Path != "/login" || !strings.Contains(page, `id="login-`+providerOf(idp)+`"`) || strings.Contains(page, "<script>") {
				t.Fatalf("%d at %s: %s", status, resp.Request.URL, page)
			}
			start := p.Console + startPath + "?provider=" + providerOf(idp) + "&next=" + url.QueryEscape("/?status=FAILED")
			status, page, resp = ask(t, c, "GET", start, "")
			if status != 200 || resp.Request.URL.RequestURI() != "/?status=FAILED" {
				t.Fatalf("ended with %d at %s: %s", status, resp.Request.URL, page)
			}
			status, w := whoIs(t, c, p.Console)
			want := "user:00u-ada"
			if idp.Kind.Entra() {
				want = "user:aaaaaaaa-0000-4000-8000-00000000ada0"
			}
			if status != 200 || w.Principal != want || w.Provider != providerOf(idp) || w.Via != "page" || !slices.Equal(w.Groups, []string{"ops"}) || w.Open {
				t.Errorf("%d %+v, want %s", status, w, want)
			}
			_, account, _ := ask(t, c, "GET", p.Console+"/login", "")
			_, rest, _ := strings.Cut(account, `name="csrf" value="`)
			csrf, _, _ := strings.Cut(rest, `"`)
			if !strings.Contains(account, want) || len(csrf) != 43 {
				t.Fatalf("the account's page: %s", account)
			}
			mint := func(header ...string) int {
				status, _, _ := ask(t, c, "POST", p.Console+"/-/v1/tokens", `{"role":"none"}`, append(header, "Content-Type", "application/json")...)
				return status
			}
			if a, b := mint(), mint("X-Stile-CSRF", csrf[1:]+"A"); a != 403 || b != 403 {
				t.Errorf("without the session's token: %d, with another: %d", a, b)
			}
			// With it the request goes on, to be judged by roles.
			if _, body, _ := ask(t, c, "POST", p.Console+"/-/v1/tokens", `{"role":"none"}`, "X-Stile-CSRF", csrf, "Content-Type", "application/json"); strings.Contains(body, "session's token") {
				t.Errorf("with the session's token: %s", body)
			}
			if status, _, _ := ask(t, c, "POST", p.Console+"/logout", "", "Content-Type", "application/x-www-form-urlencoded"); status != 403 {
				t.Errorf("a logout without the token: %d", status)
			}
			form := url.Values{"csrf": {csrf}}.Encode()
			cookies := c.Jar.Cookies(must(url.Parse(p.Console)))
			if status, _, resp := ask(t, c, "POST", p.Console+"/logout", form, "Content-Type", "application/x-www-form-urlencoded"); status != 200 || resp.Request.URL.Path != "/login" {
				t.Errorf("logout: %d at %s", status, resp.Request.URL)
			}
			if status, _ := whoIs(t, c, p.Console); status != 401 {
				t.Errorf("after the logout: %d", status)
			}
			for _, old := range cookies {
				if status, _ := whoIs(t, still(), p.Console, "Cookie", old.Name+"="+old.Value); status != 401 {
					t.Errorf("the old cookie: %d", status)
				}
			}
		})
	}
	t.Run("bearer", func(t *testing.T) { bearerMatrix(t, p.Console, idps) })
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// bearerMatrix asks the control API with good tokens and bad ones of every kind.
func bearerMatrix(t *testing.T, base string, idps []*idptest.Provider) {
	cells, wrong := 0, 0
	for _, idp := range idps {
		forms := [][]idptest.MintOption{{idptest.ID("")}, nil, {idptest.ForApp()}}
		if idp.Kind == idptest.OktaOrg {
			forms = forms[:1]
		}
		for _, form := range forms {
			cells++
			if status, w := whoIs(t, still(), base, "Authorization", "Bearer "+idp.Mint(nil, form...)); status != 200 || w.Via != "api" || w.Provider != providerOf(idp) && !idp.Kind.Entra() {
				wrong++
				t.Errorf("%s: %d %+v", idp.Kind, status, w)
			}
			for _, f := range append(idptest.Faults(), idptest.AlgNone, idptest.NotYet) {
				if idp.Kind.Inapplicable(f) != "" {
					continue
				}
				cells++
				status, body, resp := ask(t, still(), "GET", base+"/-/v1/whoami", "", "Authorization", "Bearer "+idp.Mint(nil, append(form, idptest.With(f))...))
				if status != 401 || !strings.Contains(resp.Header.Get("WWW-Authenticate"), `error="invalid_token"`) || !strings.Contains(body, `"Unauthorized"`) {
					wrong++
					t.Errorf("%s, %s: %d %s", idp.Kind, f, status, body)
				}
			}
		}
	}
	t.Logf("bearer tokens at the control API: %d cells, wrong answers %d", cells, wrong)
}

// TestDevIsOpenToNobodyBad: in dev on loopback who brings nothing may do all, who
// brings what is not good is refused.
func TestDevIsOpenToNobodyBad(t *testing.T) {
	idp := idptest.New(t, idptest.Generic)
	p := dev(t, keyFolder(t, identityYAML(t, idp)), t.TempDir())
	if status, w := whoIs(t, still(), p.Console); status != 200 || !w.Open || w.Principal != "anonymous" {
		t.Errorf("nobody: %d %+v", status, w)
	}
	if status, _, _ := ask(t, still(), "GET", p.Console+"/", ""); status != 200 {
		t.Errorf("nobody's page: %d", status)
	}
	port := must(url.Parse(p.Console)).Port()
	for _, header := range [][]string{
		{"Authorization", "Bearer " + idp.Mint(nil, idptest.With(idptest.Expired))}, {"Authorization", "Bearer x"}, {"Authorization", "Bearer "},
		{"Authorization", "Basic YTpi"}, {"Authorization", "AWS4-HMAC-SHA256 Credential=x"}, {"Cookie", "stile-" + port + "=" + strings.Repeat("A", 43)},
		{"Cookie", "stile-" + port + "=a; stile-" + port + "=b"},
	} {
		if status, _ := whoIs(t, still(), p.Console, header...); status != 401 {
			t.Errorf("%v: %d", header, status)
		}
		status, body, resp := ask(t, still(), "GET", p.Console+"/", "", header...)
		if status != 401 || !strings.Contains(body, "<h1>Log in</h1>") {
			t.Errorf("%v: page %d", header, status)
		}
		if gone := strings.Contains(resp.Header.Get("Set-Cookie"), "Max-Age=0"); gone != (header[0] == "Cookie") {
			t.Errorf("%v: cookie taken away: %v", header, gone)
		}
	}
	if status, w := whoIs(t, still(), p.Console, "Authorization", "Bearer "+idp.Mint(nil)); status != 200 || w.Principal != "user:00u-ada" || w.Open {
		t.Errorf("ada: %d %+v", status, w)
	}
}

// TestServeIsClosed: without a proof nothing of serve is to be had but what is
// public.
func TestServeIsClosed(t *testing.T) {
	t.Setenv("STILE_TEST_ACCESS_KEY", keySecret)
	p, _ := serveKeys(t, oneKey)
	for path, want := range map[string]int{"/": 303, "/executions/x": 303, "/audit": 303, "/-/v1/version": 401, "/-/v1/executions": 401, "/-/v1/nothing": 401,
		"/healthz": 200, "/readyz": 200, "/login": 200, "/-/v1/login": 200, identity.DiscoveryPath: 200, identity.JWKSPath: 200, "/metrics": 200,
		startPath + "?provider=x": 404, callbackPath + "?state=x&code=y": 401} {
		if status, _, _ := ask(t, still(), "GET", p.Console+path, ""); status != want {
			t.Errorf("GET %s: %d, want %d", path, status, want)
		}
	}
	if status, body, resp := ask(t, still(), "POST", p.Console+"/-/v1/executions", `{}`, "Content-Type", "application/json"); status != 401 ||
		!strings.Contains(body, "AWS_ACCESS_KEY_ID") || len(resp.Header.Values("WWW-Authenticate")) != 2 {
		t.Errorf("%d %s %v", status, body, resp.Header)
	}
	for secret, want := range map[string]int{keySecret: 200, "other": 401} {
		r := must(http.NewRequestWithContext(t.Context(), "GET", p.Console+"/-/v1/whoami", nil))
		sigv4.Sign(r, nil, "AKID", secret, time.Now(), sigv4.Options{Service: "states", Region: "us-east-1"})
		resp := must(http.DefaultClient.Do(r))
		body := string(must(io.ReadAll(resp.Body)))
		resp.Body.Close()
		if resp.StatusCode != want || want == 200 && !strings.Contains(body, `"key:AKID"`) {
			t.Errorf("signed with %s: %d %s", secret, resp.StatusCode, body)
		}
	}
}

// TestNobodyCanLogIn says so where a project names neither providers nor keys.
func TestNobodyCanLogIn(t *testing.T) {
	p, _ := serveKeys(t, "name: p\n")
	if status, body, _ := ask(t, still(), "GET", p.Console+"/-/v1/version", ""); status != 401 || !strings.Contains(body, "neither identity providers nor access-keys") {
		t.Errorf("%d %s", status, body)
	}
	if _, body, _ := ask(t, browser(t), "GET", p.Console+"/", ""); !strings.Contains(body, "Nobody can log in here") {
		t.Errorf("%s", body)
	}
}

// TestMetricsWithProviders want a caller, on this machine too.
func TestMetricsWithProviders(t *testing.T) {
	idp := idptest.New(t, idptest.Generic)
	p, _ := serveKeys(t, "telemetry: {prometheus: true}\n"+identityYAML(t, idp))
	if status, _, _ := ask(t, still(), "GET", p.Console+"/metrics", ""); status != 401 {
		t.Errorf("nobody: %d", status)
	}
	if status, body, _ := ask(t, still(), "GET", p.Console+"/metrics", "", "Authorization", "Bearer "+idp.Mint(nil, idptest.ForApp())); status != 200 || !strings.Contains(body, "# TYPE") {
		t.Errorf("a program: %d", status)
	}
}

// TestPublicName: the host of identity.url is one of the listener's, its cookies are
// bound to it over TLS, and its redirect goes there.
func TestPublicName(t *testing.T) {
	idp := idptest.New(t, idptest.Generic)
	yaml := strings.Replace(identityYAML(t, idp), "identity:\n", "identity:\n  url: https://control.example.com\n", 1)
	p, _ := serveKeys(t, yaml)
	if status, _, _ := ask(t, still(), "GET", p.Console+"/login", "", "Host", "evil.example.com"); status != 403 {
		t.Errorf("another host: %d", status)
	}
	status, _, resp := ask(t, still(), "GET", p.Console+startPath+"?provider=generic&next=//evil.example.com", "", "Host", "control.example.com")
	to := must(resp.Location())
	if status != 303 || to.Query().Get("redirect_uri") != "https://control.example.com"+callbackPath {
		t.Errorf("%d to %s", status, to)
	}
	cookie := resp.Header.Get("Set-Cookie")
	for _, want := range []string{"__Host-stile-login=", "; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("cookie %s lacks %s", cookie, want)
		}
	}
}

// TestForeignLogins: a callback counts only in the browser that began it.
func TestForeignLogins(t *testing.T) {
	idp := idptest.New(t, idptest.Generic)
	idp.AutoApprove("ada")
	p, _ := serveKeys(t, identityYAML(t, idp))
	begin := func(c *http.Client) string { // where the provider sends the browser back to
		c.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if r.URL.Path == callbackPath {
				return http.ErrUseLastResponse
			}
			return nil
		}
		_, _, resp := ask(t, c, "GET", p.Console+startPath+"?provider=generic", "")
		c.CheckRedirect = nil
		return must(resp.Location()).String()
	}
	mallory, victim := browser(t), browser(t)
	link := begin(mallory)
	for name, c := range map[string]*http.Client{"no login begun": victim, "another login begun": func() *http.Client { c := browser(t); begin(c); return c }()} {
		if status, _, _ := ask(t, c, "GET", link, ""); status != 401 {
			t.Errorf("%s: %d", name, status)
		}
		if status, _ := whoIs(t, c, p.Console); status != 401 {
			t.Errorf("%s: logged in, %d", name, status)
		}
	}
	if status, _, _ := ask(t, mallory, "GET", link, ""); status != 200 {
		t.Errorf("the browser that began: %d", status)
	}
	if status, _, _ := ask(t, mallory, "GET", link, ""); status != 401 {
		t.Errorf("the same link again: %d", status)
	}
	other := begin(victim)
	idp.Down(true)
	if status, body, _ := ask(t, victim, "GET", other, ""); status < 400 || !strings.Contains(body, "Log in") {
		t.Errorf("the provider is down: %d %s", status, body)
	}
}

// TestRefuseOpen: a listener that others reach needs providers, a name and TLS.
func TestRefuseOpen(t *testing.T) {
	provider := "identity:\n  %s\n  providers: [{name: a, issuer: \"https://id.example.com\", client-id: c}]\n"
	for _, tt := range []struct{ yaml, control, tls, want string }{
		{"name: p\n", "127.0.0.1:0", "127.0.0.1:0", ""},
		{"name: p\n", "127.0.0.1:0", "0.0.0.0:0", "--control-tls 0.0.0.0:0 is not a loopback address, and stile.yaml names no identity providers"},
		{fmt.Sprintf(provider, ""), "127.0.0.1:0", ":0", "add identity.url"},
		{fmt.Sprintf(provider, `url: "https://c.example.com"`), "127.0.0.1:0", ":0", ""},
		{fmt.Sprintf(provider, `url: "https://c.example.com"`), ":0", "127.0.0.1:0", ""},
		{fmt.Sprintf(provider, `url: "http://127.0.0.1:7400"`), ":0", "127.0.0.1:0", "in the clear"},
	} {
		o := devOptions(keyFolder(t, tt.yaml), "")
		o.Control, o.ControlTLS = tt.control, tt.tls
		if err := refuseOpen(o); (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %s %s: %v", tt.yaml, tt.control, tt.tls, err)
		}
	}
}

// TestSignedCallsHaveACaller on the Step Functions API.
func TestSignedCallsHaveACaller(t *testing.T) {
	var got identity.Caller
	next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = identity.CallerFrom(r.Context()) })
	for _, lax := range []bool{true, false} {
		newSignatures(next, lax, slog.New(slog.DiscardHandler)).ServeHTTP(httptest.NewRecorder(), signedCall("/", "AKID", keySecret, "{}", signedAt))
		if got.String() != "user:ada" || got.Via != "aws" || got.Lax {
			t.Errorf("%+v", got)
		}
	}
	newSignatures(next, true, slog.New(slog.DiscardHandler)).ServeHTTP(httptest.NewRecorder(), unsigned(signedCall("/", "", "", "{}", signedAt)))
	if !got.Lax || got.Kind != "" || got.Via != "aws" {
		t.Errorf("unsigned in dev: %+v", got)
	}
}
