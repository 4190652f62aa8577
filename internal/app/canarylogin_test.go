package app

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"stile/internal/identity/idptest"
	"stile/internal/sigv4"
)

// front stands before the identity provider and keeps every secret that it is sent or
// gives. While it is careless its token endpoint refuses, and quotes what it was sent.
type front struct {
	careless atomic.Bool
	mu       sync.Mutex
	seen     []secretPlace
	basic    bool // the client secret came
}

// ofProvider names the places of a provider by their parameters and members.
var ofProvider = map[string]string{"code": "authorization code", "code_verifier": "PKCE verifier", "state": "state of a login", "nonce": "nonce of a login",
	"refresh_token": "refresh token", "device_code": "device code", "user_code": "user code", "access_token": "access token", "id_token": "ID token"}

var frontPlaces = []string{"authorization code", "PKCE verifier", "state of a login", "nonce of a login", "refresh token", "device code", "user code",
	"access token", "ID token"}

func (f *front) note(parameter, value string) {
	name := ofProvider[parameter]
	f.mu.Lock()
	defer f.mu.Unlock()
	if name != "" && value != "" && !slices.ContainsFunc(f.seen, func(p secretPlace) bool { return p.value == value }) {
		f.seen = append(f.seen, secretPlace{name: name, value: value, foreign: true})
	}
}

func (f *front) before(secret string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			form, _ := url.ParseQuery(string(body))
			for _, values := range []url.Values{r.URL.Query(), form} {
				for name, v := range values {
					f.note(name, v[0])
				}
			}
			user, pass, _ := r.BasicAuth()
			pass, _ = url.QueryUnescape(pass)
			if pass == secret || form.Get("client_secret") == secret {
				f.mu.Lock()
				f.basic = true
				f.mu.Unlock()
			}
			if f.careless.Load() && r.URL.Path == "/idp/token" {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusUnauthorized)
				basic := r.Header.Get("Authorization")
				_ = json.NewEncoder(w).Encode(map[string]string{"error": "invalid_client", "error_description": fmt.Sprint("not taken: ", form, string(body), user, pass, basic)})
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			answer := httptest.NewRecorder()
			next.ServeHTTP(answer, r)
			var members map[string]any
			if json.Unmarshal(answer.Body.Bytes(), &members) == nil {
				for name, v := range members {
					f.note(name, fmt.Sprint(v))
				}
			}
			for name, v := range answer.Header() {
				w.Header()[name] = v
			}
			if to, err := url.Parse(answer.Header().Get("Location")); err == nil {
				f.note("code", to.Query().Get("code"))
			}
			w.WriteHeader(answer.Code)
			_, _ = w.Write(answer.Body.Bytes())
		})
	}
}

// provider starts the identity provider.
func (w *canaryWorld) provider(t *testing.T) {
	t.Helper()
	w.idp, w.front = idptest.New(t, idptest.Generic), &front{}
	w.idp.ClientSecret = w.place("client secret of an identity provider", fresh(), false)
	t.Setenv("CANARY_IDP", w.idp.ClientSecret)
	w.idp.Before(w.front.before(w.idp.ClientSecret))
}

func (w *canaryWorld) identityYAML() string {
	return fmt.Sprintf("identity: {providers: [{name: canary, issuer: %q, client-id: %q, client-secret: {secret: 'env://CANARY_IDP'}, audiences: [%q], scopes: [offline_access]}]}\n",
		w.idp.Issuer, w.idp.ClientID, w.idp.Audience)
}

// canaryPerson is a browser.
type canaryPerson struct {
	*http.Client
	t     *testing.T
	pages *strings.Builder
}

func (w *canaryWorld) person(t *testing.T, pages *strings.Builder) *canaryPerson {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &canaryPerson{&http.Client{Jar: jar}, t, pages}
}

// get loads a page and keeps it.
func (c *canaryPerson) get(target string) (int, *http.Response) {
	c.t.Helper()
	resp, err := c.Get(target)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	fmt.Fprintf(c.pages, "%d %s\n", resp.StatusCode, text)
	return resp.StatusCode, resp
}

// begin logs in up to where the provider sends the browser back.
func (c *canaryPerson) begin(console string) *url.URL {
	c.t.Helper()
	c.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/login/callback" {
			return http.ErrUseLastResponse
		}
		return nil
	}
	all := c.pages
	c.pages = &strings.Builder{} // the provider's own
	defer func() { c.CheckRedirect, c.pages = nil, all }()
	_, resp := c.get(console + "/login/start?provider=canary")
	to, err := resp.Location()
	if err != nil {
		c.t.Fatal(err)
	}
	return to
}

// logins logs in well and in every bad way, and out. It gives all pages, and apart
// from them the one that holds the session's token.
func (w *canaryWorld) logins(t *testing.T, p *product) (pages, account string) {
	t.Helper()
	var all, own strings.Builder
	w.idp.AutoApprove("ada")
	for name, c := range map[string]struct {
		want   int
		broken func(*url.URL)
		mended func()
	}{
		"another state": {401, func(u *url.URL) {
			q := u.Query()
			q.Set("state", "x"+q.Get("state"))
			u.RawQuery = q.Encode()
		}, func() {}},
		"the provider refuses": {401, func(u *url.URL) {
			q := u.Query()
			q.Del("code")
			q.Set("error", "access_denied")
			q.Set("error_description", w.idp.ClientSecret+" "+q.Get("state"))
			u.RawQuery = q.Encode()
		}, func() {}},
		"the provider is down":     {401, func(*url.URL) { w.idp.TokenAnswers(idptest.TokenFails) }, func() { w.idp.TokenAnswers(idptest.TokenJSON) }},
		"the provider is careless": {401, func(*url.URL) { w.front.careless.Store(true) }, func() { w.front.careless.Store(false) }},
	} {
		b := w.person(t, &all)
		u := b.begin(p.Console)
		c.broken(u)
		if status, _ := b.get(u.String()); status != c.want {
			t.Errorf("%s: %d, want %d", name, status, c.want)
		}
		c.mended()
	}
	gone := w.person(t, &all)
	u := gone.begin(p.Console)
	w.idp.Down(true)
	if status, _ := gone.get(u.String()); status < 400 {
		t.Errorf("a login while the provider is down: %d", status)
	}
	w.idp.Down(false)
	b := w.person(t, &all)
	b.get(b.begin(p.Console).String())
	b.pages = &own
	b.get(p.Console + "/login")
	_, rest, _ := strings.Cut(own.String(), `name="csrf" value="`)
	csrf, _, _ := strings.Cut(rest, `"`)
	console, _ := url.Parse(p.Console)
	cookies := b.Jar.Cookies(console)
	if len(csrf) < 20 || len(cookies) != 1 {
		t.Fatalf("no login: %s", own.String())
	}
	w.foreign("CSRF token", csrf)
	w.foreign("cookie of a login", cookies[0].Value)
	b.pages = &all
	for _, path := range []string{"/-/v1/whoami", "/", "/secrets", "/audit", "/approvals", "/-/v1/secrets"} {
		status, _ := b.get(p.Console + path)
		if path == "/-/v1/whoami" && status != 200 {
			t.Errorf("the session is nobody's: %d", status)
		}
	}
	resp, err := b.PostForm(p.Console+"/logout", url.Values{"csrf": {csrf}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	status, text := send(t, "GET", p.Console+"/-/v1/whoami", "", "Cookie", cookies[0].Name+"="+cookies[0].Value)
	_, page := send(t, "GET", p.Console+"/", "", "Cookie", cookies[0].Name+"="+cookies[0].Value)
	if status != 401 {
		t.Errorf("after the logout: %d", status)
	}
	all.WriteString(text + page)
	w.front.mu.Lock()
	defer w.front.mu.Unlock()
	if w.front.basic {
		w.use("client secret of an identity provider")
	}
	return all.String(), own.String()
}

var codeToType = regexp.MustCompile(`type the code (\S+)`)

// commands logs in by the command line, well and badly, and asks without a
// permission. It gives what was printed.
func (w *canaryWorld) commands(t *testing.T, p *product) map[string]string {
	t.Helper()
	if CLI == nil {
		return nil
	}
	home := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", home)
	t.Setenv("HOME", home)
	w.idp.SetLife(20 * time.Second) // over for the command line, which renews it
	type code = func(string)
	typed := func(then func(user string)) code {
		return func(line string) {
			if m := codeToType.FindStringSubmatch(line); m != nil {
				then(m[1])
			}
		}
	}
	out := map[string]string{}
	out["stile login"] = CLI(p.Console, nil, typed(func(user string) { w.idp.ApproveDevice(user, "bob") }), "login")
	var kept struct {
		Servers map[string]struct{ Token, Refresh string }
	}
	file, err := os.ReadFile(filepath.Join(home, "stile", "credentials.json"))
	if err != nil || json.Unmarshal(file, &kept) != nil || kept.Servers[p.Console].Token == "" || kept.Servers[p.Console].Refresh == "" {
		t.Errorf("no credentials were kept: %v", err)
	}
	refused := func(env map[string]string) (text string) {
		for _, args := range [][]string{{"secret", "list"}, {"audit"}, {"callback", "list"}, {"exec", "list"}, {"exec", "why", "one"}, {"whoami"}} {
			text += strings.Join(args, " ") + ": " + CLI(p.Console, env, nil, args...)
		}
		return text
	}
	out["stile without permission"] = refused(nil)
	w.idp.SetLife(time.Hour)
	out["stile logout"] = CLI(p.Console, nil, nil, "logout")
	// The device code comes back from a careless endpoint, and so does a program's secret.
	out["stile login"] += CLI(p.Console, nil, typed(func(string) { w.front.careless.Store(true) }), "login")
	machine := map[string]string{"STILE_CLIENT_ID": w.idp.ClientID, "STILE_CLIENT_SECRET": w.idp.ClientSecret}
	out["stile login"] += CLI(p.Console, machine, nil, "login", "--client-credentials")
	w.front.careless.Store(false)
	out["stile login"] += CLI(p.Console, machine, nil, "login", "--client-credentials")
	out["stile without permission"] += refused(nil)
	bad := w.foreign("token of the environment", w.idp.Mint(nil, idptest.With(idptest.Expired)))
	out["stile without permission"] += refused(map[string]string{"STILE_TOKEN": bad})
	w.idp.Down(true)
	out["stile login"] += CLI(p.Console, machine, nil, "login", "--client-credentials")
	w.idp.Down(false)
	out["stile logout"] += CLI(p.Console, nil, nil, "logout")
	if !strings.Contains(out["stile login"], "app:"+w.idp.ClientID) || !strings.Contains(out["stile login"], "user:00u-bob") {
		t.Errorf("nobody logged in by the command line: %s", out["stile login"])
	}
	return out
}

// signed is a caller whose access key and signature were at work.
func (w *canaryWorld) signed(t *testing.T, p *product) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", p.Console+"/-/v1/whoami", nil)
	if err != nil {
		t.Fatal(err)
	}
	sigv4.Sign(r, nil, "AKIDCANARY", w.value("access key"), time.Now(), sigv4.Options{Service: "states", Region: "us-east-1"})
	_, signature, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
	w.foreign("signature that was good", signature)
	if text := answerTo(t, r); strings.Contains(text, `"user:ada"`) {
		w.use("access key")
	} else {
		t.Errorf("a good signature: %s", text)
	}
	status, _ := send(t, "POST", p.Gateway+"/shop/reserve", "{}", "Ocp-Apim-Subscription-Key", w.value("subscription key"))
	if status == 200 {
		w.use("subscription key")
	}
	w.use("age identity")             // its named value is sent, or the test fails
	w.use("credentials of Key Vault") // likewise: the fake takes no others
}

// refuseTelemetry quotes the key of the connection.
func (w *canaryWorld) refuseTelemetry(rw http.ResponseWriter) {
	key := w.insights
	rw.Header().Set("X-Echo", key)
	rw.WriteHeader(http.StatusInternalServerError)
	_, _ = io.WriteString(rw, "not taken: "+key+" "+base64.StdEncoding.EncodeToString([]byte(key)))
}
