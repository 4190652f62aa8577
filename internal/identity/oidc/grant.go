package oidc

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"stile/internal/secret"
)

// Tokens is an answer of a token endpoint. It never prints.
type Tokens struct {
	Access, ID, Refresh string
	// Expires is the end of Access; zero where the answer does not say.
	Expires time.Time
}

// Format writes "***" for every verb.
func (Tokens) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "***") // fmt keeps the error itself
}

// GrantError is a refusal of a token endpoint (RFC 6749 section 5.2).
type GrantError struct{ Code, Description string }

// Error gives code and description.
func (e *GrantError) Error() string {
	if e.Description == "" {
		return "the provider refused: " + e.Code
	}
	return "the provider refused: " + e.Code + ": " + e.Description
}

// Scope is what a login asks for.
func (p *Provider) Scope(more ...string) string {
	var all []string
	for _, s := range slices.Concat([]string{"openid", "profile"}, p.cfg.Scopes, more) {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return strings.Join(all, " ")
}

// post asks the token endpoint.
func (p *Provider) post(ctx context.Context, e Endpoints, form url.Values) (Tokens, error) {
	password := ""
	if p.cfg.Secret != nil {
		var err error
		if password, err = p.cfg.Secret(ctx); err != nil {
			return Tokens{}, fmt.Errorf("the secret of provider %s: %w", p.cfg.Name, err)
		}
	}
	basic := password != "" && !slices.Contains(e.AuthMethods, "client_secret_post")
	if !basic {
		form.Set("client_id", p.cfg.ClientID)
		if password != "" {
			form.Set("client_secret", password)
		}
	}
	var got struct {
		Access  string      `json:"access_token"`
		ID      string      `json:"id_token"`
		Refresh string      `json:"refresh_token"`
		Type    string      `json:"token_type"`
		Life    json.Number `json:"expires_in"`
	}
	err := p.form(ctx, e.Token, form, func(r *http.Request) {
		if basic { // RFC 6749 section 2.3.1: both parts are encoded as a form is
			r.SetBasicAuth(url.QueryEscape(p.cfg.ClientID), url.QueryEscape(password))
		}
	}, &got)
	if err != nil {
		return Tokens{}, err
	}
	if got.Access == "" || !strings.EqualFold(got.Type, "bearer") {
		return Tokens{}, refuse("the provider's answer holds no bearer token")
	}
	t := Tokens{Access: got.Access, ID: got.ID, Refresh: got.Refresh}
	if n, err := got.Life.Int64(); err == nil && n > 0 && n < int64(maxLife/time.Second) {
		t.Expires = p.cfg.Now().Add(time.Duration(n) * time.Second)
	}
	return t, nil
}

// maxLife bounds what an answer may say of its token's life.
const maxLife = 366 * 24 * time.Hour

// form posts a form and decodes the JSON of a good answer.
func (p *Provider) form(ctx context.Context, target string, form url.Values, change func(*http.Request), out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(form.Encode()))
	if err != nil {
		return refuse("the provider's address cannot be read")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	change(req)
	status, kind, body, err := answerOf(p.http, req)
	if err != nil {
		return err
	}
	if media, _, err := mime.ParseMediaType(kind); err != nil || media != "application/json" {
		return refuse(fmt.Sprintf("%s answered %d without JSON", req.URL.Host, status))
	}
	if status != http.StatusOK {
		var e struct {
			Code string `json:"error"`
			Text string `json:"error_description"`
		}
		if json.Unmarshal(body, &e) != nil || e.Code == "" {
			return refuse(fmt.Sprintf("%s answered %d", req.URL.Host, status))
		}
		unquoted := sentSecrets(req, form)
		return &GrantError{unquoted.MaskString(e.Code), unquoted.MaskString(e.Text)}
	}
	if json.Unmarshal(body, out) != nil {
		return refuse(req.URL.Host + " answered no JSON of its kind")
	}
	return nil
}

// sentSecrets masks what was sent and must not be told: a careless provider quotes it
// in its refusal.
func sentSecrets(req *http.Request, form url.Values) *secret.Masker {
	m := secret.NewMasker(nil)
	for _, name := range []string{"client_secret", "code", "code_verifier", "refresh_token", "device_code"} {
		m.Keep(name, secret.NewValue(form.Get(name)))
	}
	if _, escaped, ok := req.BasicAuth(); ok {
		m.Keep("escaped", secret.NewValue(escaped))
		if plain, err := url.QueryUnescape(escaped); err == nil {
			m.Keep("plain", secret.NewValue(plain))
		}
	}
	return m
}

// ClientCredentials gets a program's token for itself.
func (p *Provider) ClientCredentials(ctx context.Context) (Tokens, error) {
	e, err := p.Endpoints(ctx)
	if err != nil {
		return Tokens{}, err
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	if len(p.cfg.Scopes) > 0 {
		form.Set("scope", strings.Join(p.cfg.Scopes, " "))
	}
	return p.post(ctx, e, form)
}

// Refresh gets new tokens for a refresh token; where the answer holds none, the
// old one lives on.
func (p *Provider) Refresh(ctx context.Context, token string) (Tokens, error) {
	e, err := p.Endpoints(ctx)
	if err != nil {
		return Tokens{}, err
	}
	t, err := p.post(ctx, e, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "scope": {p.Scope("offline_access")}})
	if err == nil && t.Refresh == "" {
		t.Refresh = token
	}
	return t, err
}

// Device is a device grant that waits for its person (RFC 8628).
type Device struct {
	// UserCode is typed at URL; Complete, which may be empty, holds both.
	UserCode, URL, Complete string
	Until                   time.Time
	Interval                time.Duration
	code                    string
}

// BeginDevice asks for a code that a person types into a browser anywhere.
func (p *Provider) BeginDevice(ctx context.Context) (Device, error) {
	e, err := p.Endpoints(ctx)
	if err != nil {
		return Device{}, err
	}
	if e.Device == "" {
		return Device{}, refuse("the provider " + p.cfg.Name + " has no device grant")
	}
	var got struct {
		Code     string `json:"device_code"`
		User     string `json:"user_code"`
		URL      string `json:"verification_uri"`
		Complete string `json:"verification_uri_complete"`
		Life     int64  `json:"expires_in"`
		Interval int64  `json:"interval"`
	}
	form := url.Values{"client_id": {p.cfg.ClientID}, "scope": {p.Scope("offline_access")}}
	if err := p.form(ctx, e.Device, form, func(*http.Request) {}, &got); err != nil {
		return Device{}, err
	}
	if got.Code == "" || got.User == "" || got.URL == "" || got.Life <= 0 {
		return Device{}, refuse("the provider's answer holds no device code")
	}
	if got.Interval <= 0 {
		got.Interval = 5 // RFC 8628 section 3.2
	}
	return Device{UserCode: got.User, URL: got.URL, Complete: got.Complete, code: got.Code,
		Until: p.cfg.Now().Add(min(time.Duration(got.Life)*time.Second, time.Hour)), Interval: min(time.Duration(got.Interval)*time.Second, time.Minute)}, nil
}

// PollDevice asks once whether the person has typed the code; ErrPending says that
// they have not, and d.Interval when to ask again.
func (p *Provider) PollDevice(ctx context.Context, d *Device) (Tokens, error) {
	e, err := p.Endpoints(ctx)
	if err != nil {
		return Tokens{}, err
	}
	t, err := p.post(ctx, e, url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {d.code}})
	if g, ok := err.(*GrantError); ok {
		switch g.Code {
		case "slow_down":
			d.Interval += 5 * time.Second
			return Tokens{}, ErrPending
		case "authorization_pending":
			return Tokens{}, ErrPending
		}
	}
	return t, err
}

// ErrPending says that the person has not typed the code yet.
var ErrPending = refuse("the code has not been typed yet")

// Presentable gives the token that Stile takes as bearer, and its end: the access
// token where it was made for one of the provider's audiences, else the ID token
// (an access token of Microsoft Graph, or of Okta's org server, is for them alone).
// It verifies nothing: the server does.
func (p *Provider) Presentable(t Tokens) (string, time.Time) {
	for _, token := range []string{t.Access, t.ID} {
		c := peek(token)
		if p.Accepts(c.Issuer) && slices.ContainsFunc(c.audiences(), func(a string) bool { return a == p.cfg.ClientID || slices.Contains(p.cfg.Audiences, a) }) {
			return token, time.Unix(c.Expires, 0).UTC()
		}
	}
	return "", time.Time{}
}
