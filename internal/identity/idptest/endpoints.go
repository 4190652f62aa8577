package idptest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	discoveryPath = "/.well-known/openid-configuration"
	keysPath      = "/idp/keys"
	authorizePath = "/idp/authorize"
	tokenPath     = "/idp/token"
	devicePath    = "/idp/device"
)

// grant is what a code or a refresh token stands for.
type grant struct {
	user             User
	nonce, challenge string
	redirect         string
	refreshes        bool
}

// device is one device authorization.
type device struct {
	code     string // for the person
	user     *User
	denied   bool
	until    time.Time
	withLife bool
}

func (p *Provider) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	endpoint := map[string]string{keysPath: "keys", authorizePath: "authorize", tokenPath: "token", devicePath: "device"}[r.URL.Path]
	if strings.HasSuffix(r.URL.Path, discoveryPath) {
		endpoint = "discovery"
	}
	p.asked[endpoint]++
	switch {
	case p.down:
		http.Error(w, "down", http.StatusServiceUnavailable)
	case endpoint == "discovery":
		p.discovery(w, r)
	case endpoint == "keys":
		p.keySet(w)
	case endpoint == "authorize":
		p.authorize(w, r)
	case endpoint == "token":
		p.grantToken(w, r)
	case endpoint == "device":
		p.deviceCode(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (p *Provider) keySet(w http.ResponseWriter) {
	keys := []map[string]string{}
	switch p.set {
	case KeysDown:
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	case KeysGarbage:
		_, _ = io.WriteString(w, "<html>keys are on holiday</html>") // a client that went away
		return
	case KeysJSON:
		for _, k := range p.keys {
			keys = append(keys, k.jwk())
		}
	}
	answer(w, http.StatusOK, map[string]any{"keys": keys})
}

// htmlWriter says of every answer that it is a page.
type htmlWriter struct{ http.ResponseWriter }

func (w htmlWriter) WriteHeader(status int) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.ResponseWriter.WriteHeader(status)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that went away
}

func (p *Provider) discovery(w http.ResponseWriter, r *http.Request) {
	at := p.base + strings.TrimSuffix(r.URL.Path, discoveryPath)
	issuer := at
	switch {
	case p.Kind.Entra() && at == p.base+"/"+Tenant:
		issuer = "https://sts.windows.net/" + Tenant + "/"
	case at != p.Issuer:
		http.NotFound(w, r)
		return
	}
	answer(w, http.StatusOK, map[string]any{
		"issuer": issuer, "jwks_uri": p.base + keysPath, "authorization_endpoint": p.base + authorizePath,
		"token_endpoint": p.base + tokenPath, "device_authorization_endpoint": p.base + devicePath,
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256", "ES256"}, "code_challenge_methods_supported": []string{"S256"},
	})
}

// authorize logs in who is named in login_hint, or in the form's username, or by
// AutoApprove; else it asks with a form.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "bad form", http.StatusBadRequest)
		return
	}
	q := r.Form
	back, err := url.Parse(q.Get("redirect_uri"))
	if q.Get("client_id") != p.ClientID || err != nil || !back.IsAbs() {
		http.Error(w, "unknown client_id or no redirect_uri", http.StatusBadRequest)
		return
	}
	reply := func(name, value string) {
		b := back.Query()
		b.Set(name, value)
		b.Set("state", q.Get("state"))
		back.RawQuery = b.Encode()
		http.Redirect(w, r, back.String(), http.StatusFound)
	}
	if q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" ||
		!slices.Contains(strings.Fields(q.Get("scope")), "openid") {
		reply("error", "invalid_request")
		return
	}
	name := q.Get("username")
	for _, other := range []string{q.Get("login_hint"), p.auto} {
		if name == "" {
			name = other
		}
	}
	if name == "" {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><title>Sign in</title><form method="post" action="`+authorizePath+`">`)
		for _, k := range []string{"client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "code_challenge", "code_challenge_method"} {
			fmt.Fprintf(w, `<input type="hidden" name="%s" value="%s">`, k, html.EscapeString(q.Get(k)))
		}
		fmt.Fprint(w, `<label>User <input name="username" id="username"></label><button id="signin">Sign in</button></form>`)
		return
	}
	user, known := p.users[name]
	if !known {
		reply("error", "access_denied")
		return
	}
	code := random()
	p.codes[code] = &grant{user: user, nonce: q.Get("nonce"), challenge: q.Get("code_challenge"), redirect: q.Get("redirect_uri"),
		refreshes: slices.Contains(strings.Fields(q.Get("scope")), "offline_access")}
	reply("code", code)
}

func (p *Provider) grantToken(w http.ResponseWriter, r *http.Request) {
	switch p.token {
	case TokenRedirected:
		http.Redirect(w, r, "http://127.0.0.2:9/elsewhere", http.StatusTemporaryRedirect)
		return
	case TokenFails:
		http.Error(w, "broken", http.StatusInternalServerError)
		return
	}
	if err := r.ParseForm(); err != nil || r.Method != http.MethodPost || r.URL.RawQuery != "" {
		refuse(w, "invalid_request")
		return
	}
	q := r.PostForm
	client, secret, basic := r.BasicAuth()
	if !basic {
		client, secret = q.Get("client_id"), q.Get("client_secret")
	} else {
		client, secret = unescaped(client), unescaped(secret)
	}
	if client != p.ClientID || secret != "" && secret != p.ClientSecret {
		w.Header().Set("WWW-Authenticate", "Basic")
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	switch q.Get("grant_type") {
	case "authorization_code", "refresh_token":
		p.redeem(w, q)
	case "client_credentials":
		switch {
		case secret == "":
			answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		case p.Kind == OktaOrg:
			refuse(w, "unauthorized_client") // the org server grants them for private_key_jwt alone
		default:
			p.hand(w, minting{app: true, client: client}, grant{}, false)
		}
	case "urn:ietf:params:oauth:grant-type:device_code":
		p.pollDevice(w, q.Get("device_code"))
	default:
		refuse(w, "unsupported_grant_type")
	}
}

func unescaped(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

func refuse(w http.ResponseWriter, code string) {
	answer(w, http.StatusBadRequest, map[string]string{"error": code, "error_description": "said by idptest"})
}

// redeem takes a code once, with the verifier that goes with its challenge; a
// refresh token as often as it is used.
func (p *Provider) redeem(w http.ResponseWriter, q url.Values) {
	if q.Get("grant_type") == "refresh_token" {
		g := p.codes["refresh:"+q.Get("refresh_token")]
		if g == nil {
			refuse(w, "invalid_grant")
			return
		}
		p.hand(w, minting{user: &g.user, client: p.ClientID}, *g, true)
		return
	}
	g := p.codes[q.Get("code")]
	delete(p.codes, q.Get("code"))
	sum := sha256.Sum256([]byte(q.Get("code_verifier")))
	if g == nil || g.redirect != q.Get("redirect_uri") || base64.RawURLEncoding.EncodeToString(sum[:]) != g.challenge {
		refuse(w, "invalid_grant")
		return
	}
	p.hand(w, minting{user: &g.user, nonce: g.nonce, client: p.ClientID}, *g, true)
}

// hand answers with tokens.
func (p *Provider) hand(w http.ResponseWriter, m minting, g grant, person bool) {
	m.faults = p.faults
	out := map[string]any{"token_type": "Bearer", "expires_in": int(p.life / time.Second)}
	id := m
	id.id, m.nonce = true, ""
	out["access_token"] = p.mint(m, nil)
	if person {
		out["id_token"] = p.mint(id, nil)
	}
	if g.refreshes {
		token := random()
		p.codes["refresh:"+token] = &grant{user: g.user, refreshes: true}
		out["refresh_token"] = token
	}
	p.issued++
	if p.token == TokenWrongType {
		w = htmlWriter{w}
	}
	answer(w, http.StatusOK, out)
}

func (p *Provider) deviceCode(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || r.Method != http.MethodPost || r.PostForm.Get("client_id") != p.ClientID {
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	code, user := random(), strings.ToUpper(random()[:8])
	p.devices[code] = &device{code: user, until: p.now().Add(15 * time.Minute),
		withLife: slices.Contains(strings.Fields(r.PostForm.Get("scope")), "offline_access")}
	answer(w, http.StatusOK, map[string]any{"device_code": code, "user_code": user, "verification_uri": p.base + "/device",
		"expires_in": 900, "interval": 1})
}

func (p *Provider) pollDevice(w http.ResponseWriter, code string) {
	d := p.devices[code]
	switch {
	case d == nil:
		refuse(w, "invalid_grant")
	case p.now().After(d.until):
		refuse(w, "expired_token")
	case d.denied:
		refuse(w, "access_denied")
	case d.user == nil:
		refuse(w, "authorization_pending")
	default:
		delete(p.devices, code)
		p.hand(w, minting{user: d.user, client: p.ClientID}, grant{user: *d.user, refreshes: d.withLife}, true)
	}
}

// ApproveDevice has the user of that name type the code; false where there is no
// such code. The user "" denies it.
func (p *Provider) ApproveDevice(userCode, name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range p.devices {
		if d.code != userCode {
			continue
		}
		if u, ok := p.users[name]; ok {
			d.user = &u
		} else {
			d.denied = true
		}
		return true
	}
	return false
}

func random() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read does not fail
	return hex.EncodeToString(b[:])
}
