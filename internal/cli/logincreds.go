package cli

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"stile/internal/identity/oidc"
	"stile/internal/sigv4"
)

// credential is what a login at one server left: a token, and how to get another.
type credential struct {
	Provider loginProvider `json:"provider"`
	Token    string        `json:"token"`
	Refresh  string        `json:"refresh,omitempty"`
	Expires  time.Time     `json:"expires"`
}

// credentials is the file, by server address.
type credentials struct {
	Servers map[string]credential `json:"servers"`
}

// loginProvider is a provider as GET /-/v1/login tells it.
type loginProvider struct {
	Name      string   `json:"name"`
	Kind      string   `json:"kind"`
	Issuer    string   `json:"issuer"`
	ClientID  string   `json:"clientId"`
	Scopes    []string `json:"scopes"`
	Audiences []string `json:"audiences"`
}

func (p loginProvider) client(secret string) *oidc.Provider {
	c := oidc.Config{Name: p.Name, Kind: p.Kind, Issuer: p.Issuer, ClientID: p.ClientID, Scopes: p.Scopes, Audiences: p.Audiences,
		Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	if secret != "" {
		c.Secret = func(context.Context) (string, error) { return secret, nil }
	}
	return oidc.New(c)
}

func credentialsFile() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", &failure{exitFailed, "no folder for credentials: " + err.Error()}
	}
	return filepath.Join(dir, "stile", "credentials.json"), nil
}

// readCredentials gives an empty set where there is no file.
func readCredentials() (credentials, error) {
	c := credentials{Servers: map[string]credential{}}
	path, err := credentialsFile()
	if err != nil {
		return c, err
	}
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return c, nil
	case err != nil:
		return c, &failure{exitFailed, "credentials cannot be read: " + err.Error()}
	}
	if json.Unmarshal(text, &c) != nil || c.Servers == nil {
		return c, &failure{exitFailed, path + " is damaged: remove it and log in again"}
	}
	return c, nil
}

// write replaces the file as a whole; only its owner may read it.
func (c credentials) write() error {
	path, err := credentialsFile()
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".credentials-*") // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// refreshBefore is how long before its end a token is replaced.
const refreshBefore = 30 * time.Second

// bearer is the token for a server: STILE_TOKEN, else that of a login there, made
// new where it has ended; "" where there is none.
func (c *command) bearer(ctx context.Context, base string) (string, error) {
	if token := c.Env("STILE_TOKEN"); token != "" {
		return token, nil
	}
	all, err := readCredentials()
	if err != nil {
		return "", err
	}
	have, ok := all.Servers[base]
	if !ok || time.Now().Add(refreshBefore).Before(have.Expires) {
		return have.Token, nil
	}
	if have.Refresh == "" {
		return "", nil // the server says what to do
	}
	p := have.Provider.client("")
	got, err := p.Refresh(ctx, have.Refresh)
	if err != nil {
		var refused *oidc.GrantError
		if errors.As(err, &refused) {
			return "", &failure{exitRefused, "the login has ended (" + refused.Code + "): log in with `stile login`"}
		}
		return "", &failure{exitUnreachable, "the login could not be renewed: " + err.Error()}
	}
	have.Token, have.Expires = p.Presentable(got)
	have.Refresh = got.Refresh
	if all, err = readCredentials(); err != nil { // another command may have written since
		return "", err
	}
	all.Servers[base] = have
	return have.Token, all.write()
}

// direct follows no redirect: a credential goes to the server that it is for.
var direct = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// send sends a request with what the caller can prove: a token, or where the server
// asks for one a signature with an access key of the environment.
func (c *command) send(ctx context.Context, req *http.Request, base string, body []byte) (*http.Response, error) {
	if c.anonymous {
		return direct.Do(req)
	}
	token, err := c.bearer(ctx, base)
	if err != nil {
		return nil, err
	}
	if token != "" {
		if !private(req.URL) {
			return nil, &failure{exitRefused, "a token is sent over https, or to this machine: " + base + " is neither"}
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := direct.Do(req)
	if err != nil || resp.StatusCode != http.StatusUnauthorized || token != "" {
		return resp, err
	}
	id, secret := c.Env("AWS_ACCESS_KEY_ID"), c.Env("AWS_SECRET_ACCESS_KEY")
	region, asked := signatureRegion(resp.Header.Values("WWW-Authenticate"))
	if id == "" || secret == "" || !asked {
		return resp, nil
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection serves again
	_ = resp.Body.Close()
	again := req.Clone(ctx)
	if body != nil {
		again.Body = io.NopCloser(strings.NewReader(string(body)))
	}
	sigv4.Sign(again, body, id, secret, time.Now(), sigv4.Options{Service: "states", Region: region})
	return direct.Do(again)
}

// private says that nobody on the way can read what is sent.
func private(u *url.URL) bool {
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "https" || u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}

// signatureRegion reads a challenge for a signature: AWS4-HMAC-SHA256 service="states", region="R".
func signatureRegion(challenges []string) (string, bool) {
	for _, c := range challenges {
		if !strings.HasPrefix(c, "AWS4-HMAC-SHA256 ") {
			continue
		}
		_, rest, ok := strings.Cut(c, `region="`)
		region, _, end := strings.Cut(rest, `"`)
		return region, ok && end && region != "" && !strings.ContainsAny(region, "/, \r\n")
	}
	return "", false
}
