// Package secrettest plays Azure Key Vault with the token endpoint of Entra ID, for
// tests of several packages. The other sources' fakes stand beside their own tests.
//
// It is an http.Handler that answers as the vendor documents, and checks what the
// vendor checks: a wrong token, a missing version. Transport carries calls to it
// without a network, so that it works in bubbles of testing/synctest.
package secrettest

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
)

// Transport is a RoundTripper that hands each request to a handler.
type Transport struct{ Handler http.Handler }

// RoundTrip answers in this process. A handler that panics with
// http.ErrAbortHandler is a connection that broke.
func (t Transport) RoundTrip(req *http.Request) (res *http.Response, err error) {
	defer func() {
		if v := recover(); v != nil {
			res, err = nil, errors.New("the connection broke while sending "+req.Header.Get("Authorization"))
		}
	}()
	w := httptest.NewRecorder()
	in := req.Clone(req.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	in.RequestURI, in.Host = req.URL.RequestURI(), req.URL.Host
	t.Handler.ServeHTTP(w, in)
	res = w.Result()
	res.Request = req
	return res, nil
}

// KeyVault plays vaults of Azure and Entra ID's token endpoint for one client.
type KeyVault struct {
	// Tenant, Client and ClientSecret are the credentials that get a token.
	Tenant, Client, ClientSecret string

	mu       sync.Mutex
	versions map[string][]string // values by vault/name, oldest first
	down     bool
	status   int
	reads    int
	tokens   int
}

const bearer = "eyJ.fake.token"

// Set gives a secret a new version, whose id is the count of versions.
func (k *KeyVault) Set(vault, name, value string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.versions == nil {
		k.versions = map[string][]string{}
	}
	k.versions[vault+"/"+name] = append(k.versions[vault+"/"+name], value)
}

// Down breaks every connection until it is called with false.
func (k *KeyVault) Down(down bool) { k.mu.Lock(); k.down = down; k.mu.Unlock() }

// Refuse answers reads with a status; 0 ends it.
func (k *KeyVault) Refuse(status int) { k.mu.Lock(); k.status = status; k.mu.Unlock() }

// Reads counts the reads of secrets with a token, Tokens the tokens that were given.
func (k *KeyVault) Reads() int { k.mu.Lock(); defer k.mu.Unlock(); return k.reads }

// Tokens counts the tokens that were given.
func (k *KeyVault) Tokens() int { k.mu.Lock(); defer k.mu.Unlock(); return k.tokens }

// ServeHTTP answers for all hosts.
func (k *KeyVault) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.down:
		panic(http.ErrAbortHandler)
	case strings.HasSuffix(r.Host, ".vault.azure.net"):
		k.secret(w, r)
	case strings.HasSuffix(r.URL.Path, "/oauth2/v2.0/token"):
		k.token(w, r)
	case strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration"):
		base := "https://" + r.Host + "/" + k.Tenant
		answer(w, 200, map[string]any{"authorization_endpoint": base + "/oauth2/v2.0/authorize",
			"token_endpoint": base + "/oauth2/v2.0/token", "issuer": base + "/v2.0"})
	case strings.HasSuffix(r.URL.Path, "/discovery/instance"):
		answer(w, 200, map[string]any{"tenant_discovery_endpoint": "https://" + r.Host + "/" + k.Tenant + "/v2.0/.well-known/openid-configuration",
			"metadata": []any{map[string]any{"preferred_network": "login.microsoftonline.com", "preferred_cache": "login.windows.net",
				"aliases": []string{"login.microsoftonline.com", "login.windows.net"}}}})
	default:
		answer(w, 404, map[string]any{})
	}
}

func (k *KeyVault) token(w http.ResponseWriter, r *http.Request) {
	text, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(strings.NewReader(string(text)))
	if r.FormValue("grant_type") != "client_credentials" || r.FormValue("client_secret") != k.ClientSecret ||
		r.FormValue("client_id") != k.Client || !strings.Contains(r.FormValue("scope"), "https://vault.azure.net/.default") {
		// A careless server: it sends back what it was sent.
		answer(w, 401, map[string]any{"error": "invalid_client", "error_description": "AADSTS7000215: got " + string(text)})
		return
	}
	k.tokens++
	answer(w, 200, map[string]any{"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": bearer})
}

func (k *KeyVault) secret(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+bearer {
		w.Header().Set("WWW-Authenticate", `Bearer authorization="https://login.microsoftonline.com/`+k.Tenant+`", resource="https://vault.azure.net"`)
		answer(w, 401, map[string]any{"error": map[string]any{"code": "Unauthorized", "message": "AKV10000"}})
		return
	}
	k.reads++
	vault, _, _ := strings.Cut(r.Host, ".")
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	list := []string(nil)
	if len(parts) >= 2 && parts[0] == "secrets" {
		list = k.versions[vault+"/"+parts[1]]
	}
	at := len(list)
	if len(parts) == 3 && parts[2] != "" {
		at, _ = strconv.Atoi(parts[2])
	}
	switch {
	case k.status != 0:
		// The worst answer: a refusal that tells the secret.
		answer(w, k.status, map[string]any{"error": map[string]any{"code": "Refused", "message": strings.Join(list, " ")}})
	case at < 1 || at > len(list):
		answer(w, 404, map[string]any{"error": map[string]any{"code": "SecretNotFound", "message": "A secret was not found"}})
	default:
		answer(w, 200, map[string]any{"value": list[at-1], "id": "https://" + r.Host + "/secrets/" + parts[1] + "/" + strconv.Itoa(at),
			"attributes": map[string]any{"enabled": true}})
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		panic(err) // a literal of ours always encodes
	}
}
