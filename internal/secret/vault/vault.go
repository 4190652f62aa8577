// Package vault fetches secrets from the key-value engines, versions 1 and 2, of
// HashiCorp Vault and what speaks its API: references vault://MOUNT/PATH#KEY.
//
// It is a few lines over Vault's HTTP API instead of its client library, which is
// MPL-2.0 and brings a tree for three GETs. app makes it. The server and the
// token come from the environment under Vault's own names: VAULT_ADDR,
// VAULT_TOKEN, VAULT_NAMESPACE; without VAULT_TOKEN the token is read from
// ~/.vault-token, each time, so that an agent may renew it.
//
// Invariants: the token goes to VAULT_ADDR alone, follows no redirect, and never
// crosses a network without TLS; no error quotes what Vault sent.
package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"stile/internal/secret"
)

// Config of a Source.
type Config struct {
	// Getenv reads the environment.
	Getenv func(string) string
	// Transport carries the calls; nil is the network.
	Transport http.RoundTripper
}

// Source fetches secrets of one server of Vault.
type Source struct {
	getenv func(string) string
	client *http.Client

	mu     sync.Mutex
	second map[string]bool // mounts, by whether their engine is of version 2
}

// New makes a Source.
func New(cfg Config) *Source {
	return &Source{getenv: cfg.Getenv, client: secret.Client(cfg.Transport, nil), second: map[string]bool{}}
}

// Fetch reads the key of the secret's newest version.
func (s *Source) Fetch(ctx context.Context, ref secret.Ref) (secret.Value, error) {
	mount, path, key := ref.Vault()
	second, err := s.engine(ctx, mount)
	if err != nil {
		return secret.Value{}, err
	}
	at := []string{"v1", mount, path}
	if second {
		at = []string{"v1", mount, "data", path}
	}
	body, err := s.get(ctx, at...)
	if err != nil {
		return secret.Value{}, err
	}
	var answer struct {
		Data map[string]json.RawMessage `json:"data"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return secret.Value{}, errAnswer
	}
	fields := answer.Data
	if second {
		fields = nil
		if json.Unmarshal(answer.Data["data"], &fields) != nil {
			return secret.Value{}, errAnswer
		}
	}
	var text string
	switch raw, ok := fields[key]; {
	case !ok:
		return secret.Value{}, errors.New("the secret in Vault has no such key")
	case json.Unmarshal(raw, &text) != nil:
		return secret.Value{}, errors.New("the key's value in Vault is no string")
	}
	return secret.NewValue(text), nil
}

var errAnswer = errors.New("Vault's answer has not the shape of a key-value engine's")

// engine finds the version of a mount's engine, as Vault's own command line does:
// by the description of the mount, which every token with a right in it may read.
func (s *Source) engine(ctx context.Context, mount string) (second bool, err error) {
	s.mu.Lock()
	second, known := s.second[mount]
	s.mu.Unlock()
	if known {
		return second, nil
	}
	body, err := s.get(ctx, "v1/sys/internal/ui/mounts", mount)
	if err != nil {
		return false, err
	}
	var answer struct {
		Data struct {
			Type    string            `json:"type"`
			Options map[string]string `json:"options"`
		} `json:"data"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return false, errAnswer
	}
	if answer.Data.Type != "kv" && answer.Data.Type != "generic" {
		return false, errors.New("the mount in Vault is no key-value engine")
	}
	second = answer.Data.Options["version"] == "2"
	s.mu.Lock()
	s.second[mount] = second
	s.mu.Unlock()
	return second, nil
}

func (s *Source) get(ctx context.Context, path ...string) ([]byte, error) {
	base, err := s.address()
	if err != nil {
		return nil, err
	}
	token, err := s.token()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base.JoinPath(path...).String(), nil)
	if err != nil {
		return nil, errors.New("VAULT_ADDR is no address of a server")
	}
	req.Header.Set("X-Vault-Token", token)
	req.Header.Set("X-Vault-Request", "true")
	if ns := s.getenv("VAULT_NAMESPACE"); ns != "" {
		req.Header.Set("X-Vault-Namespace", ns)
	}
	status, body, err := secret.Exchange(s.client, req)
	switch {
	case err != nil:
		return nil, errors.New("Vault: " + err.Error())
	case status == http.StatusOK:
		return body, nil
	case status == http.StatusNotFound:
		return nil, errors.New("Vault has no such secret, or its newest version is deleted")
	case status == http.StatusForbidden:
		return nil, errors.New("Vault refuses the token: it has ended, or its policies do not allow to read the secret")
	case status == http.StatusServiceUnavailable:
		return nil, errors.New("Vault is sealed or in maintenance")
	}
	return nil, fmt.Errorf("Vault answered %d", status)
}

func (s *Source) address() (*url.URL, error) {
	text := s.getenv("VAULT_ADDR")
	if text == "" {
		return nil, errors.New("VAULT_ADDR is not set: it is the address of Vault")
	}
	u, err := secret.Endpoint(text)
	if err != nil {
		return nil, errors.New("VAULT_ADDR " + err.Error())
	}
	return u, nil
}

func (s *Source) token() (string, error) {
	if t := s.getenv("VAULT_TOKEN"); t != "" {
		return t, nil
	}
	if home := s.getenv("HOME"); home != "" {
		data, err := os.ReadFile(filepath.Join(home, ".vault-token"))
		if t := strings.TrimSpace(string(data)); err == nil && t != "" {
			return t, nil
		}
	}
	return "", errors.New("there is no token for Vault: set VAULT_TOKEN, or log in with `vault login`")
}
