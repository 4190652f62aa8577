// Package connection authorizes calls past the gateway as EventBridge connections
// do: basic, API key, and OAuth client credentials with a cache of tokens.
//
// It is not the reader of connections/NAME.yaml (files) and sends no Task's call
// (task): it gives the credentials that one call carries, and others where the
// target refused them. app turns what was read into Definitions and hands a
// Keeper's Authorize to task.
//
// Invariants: a secret is asked for when it is needed and kept by its store alone;
// a secret or token that cannot be had is an error, never a call without it; no
// error holds a value or a server's words; a token endpoint is asked by one call
// at a time for each connection, follows no redirect, and answers JSON or nothing.
package connection

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"stile/internal/secret"
	"stile/internal/task"
)

// Kinds of a Definition: EventBridge's AuthorizationType.
const (
	APIKey = "API_KEY"
	Basic  = "BASIC"
	OAuth  = "OAUTH_CLIENT_CREDENTIALS"
)

// Definition is a connection as it was read. It does not change.
type Definition struct {
	Name, Kind string
	// KeyName is the header that carries Secret, of an APIKey.
	KeyName string
	// User is the name of Basic, the client id of OAuth.
	User string
	// Secret is the API key, the password or the client's secret.
	Secret secret.Ref
	// Endpoint and Method are where and how a token is fetched, of OAuth; Token is
	// what is added to that request.
	Endpoint, Method string
	Token            Parameters
	// Public says that Endpoint came from data, so that it may not be inside.
	Public bool
	// Invocation is what is added to every call and kept by secret reference.
	Invocation Parameters
}

// Parameters are added to a request.
type Parameters struct{ Header, Query, Body []Parameter }

// Parameter has its Value, or a Secret instead.
type Parameter struct {
	Name, Value string
	Secret      secret.Ref
}

// Secrets is the store of secrets.
type Secrets interface {
	Get(ctx context.Context, ref secret.Ref) (secret.Value, error)
	Refetch(ctx context.Context, ref secret.Ref, used secret.Value) (v secret.Value, changed bool)
}

// Config of a Keeper.
type Config struct {
	Secrets Secrets
	// Transport reaches token endpoints; Public reaches those that came from data,
	// nil none of them.
	Transport, Public http.RoundTripper
	Now               func() time.Time
	// Seen is told of every token, so that it is masked wherever it might show; nil
	// tells nobody.
	Seen func(secret.Value)
}

// Keeper gives credentials and keeps tokens. It is safe for concurrent use.
type Keeper struct {
	cfg            Config
	client, public *http.Client

	mu    sync.Mutex
	slots map[string]*slot // by a connection's name
}

// New makes a Keeper.
func New(cfg Config) *Keeper {
	k := &Keeper{cfg: cfg, slots: map[string]*slot{}, client: client(cfg.Transport)}
	if cfg.Public != nil {
		k.public = client(cfg.Public)
	}
	return k
}

func client(through http.RoundTripper) *http.Client {
	return &http.Client{Transport: through, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Authorize gives what a connection adds to one call. The error names the secret's
// reference or what is wrong with the token endpoint.
func (k *Keeper) Authorize(ctx context.Context, d *Definition) (task.Credentials, error) {
	g := &grant{k: k, d: d}
	creds, err := g.build(ctx)
	if err == nil {
		creds.Again = g.again
	}
	return creds, err
}

// grant is the credentials of one call: which secrets and which token they are.
type grant struct {
	k      *Keeper
	d      *Definition
	used   []use
	token  *token
	cached bool // the token is older than the call
}

// use is a secret as it was used.
type use struct {
	ref   secret.Ref
	value secret.Value
}

// get gives a secret's value and notes that it was used.
func (k *Keeper) get(ctx context.Context, ref secret.Ref, used *[]use) (secret.Value, error) {
	v, err := k.cfg.Secrets.Get(ctx, ref)
	if err != nil {
		return v, err
	}
	if slices.ContainsFunc([]byte(v.Reveal()), func(c byte) bool { return c < ' ' || c == 0x7f }) {
		return v, errors.New("secret " + ref.String() + ": holds a control character, which no request may carry")
	}
	*used = append(*used, use{ref, v})
	return v, nil
}

func (g *grant) build(ctx context.Context) (out task.Credentials, err error) {
	g.used = nil
	for _, part := range []struct {
		from []Parameter
		to   *[]task.Secret
	}{{g.d.Invocation.Header, &out.Header}, {g.d.Invocation.Query, &out.Query}, {g.d.Invocation.Body, &out.Body}} {
		for _, p := range part.from {
			v := secret.NewValue(p.Value)
			if !p.Secret.IsZero() {
				if v, err = g.k.get(ctx, p.Secret, &g.used); err != nil {
					return task.Credentials{}, err
				}
			}
			*part.to = append(*part.to, task.Secret{Name: p.Name, Value: v})
		}
	}
	own, err := g.authorization(ctx)
	if err != nil {
		return task.Credentials{}, err
	}
	out.Header = slices.DeleteFunc(out.Header, func(s task.Secret) bool { return strings.EqualFold(s.Name, own.Name) })
	out.Header = append(out.Header, own)
	return out, nil
}

// authorization is the one header that the connection's kind means.
func (g *grant) authorization(ctx context.Context) (task.Secret, error) {
	const header = "Authorization"
	if g.d.Kind == OAuth {
		t, cached, err := g.k.token(ctx, g.d)
		if err != nil {
			return task.Secret{}, err
		}
		g.token, g.cached = t, cached
		return task.Secret{Name: header, Value: secret.NewValue("Bearer " + t.value.Reveal())}, nil
	}
	v, err := g.k.get(ctx, g.d.Secret, &g.used)
	switch {
	case err != nil:
		return task.Secret{}, err
	case g.d.Kind == APIKey:
		return task.Secret{Name: g.d.KeyName, Value: v}, nil
	case g.d.Kind == Basic:
		pair := base64.StdEncoding.EncodeToString([]byte(g.d.User + ":" + v.Reveal()))
		return task.Secret{Name: header, Value: secret.NewValue("Basic " + pair)}, nil
	}
	return task.Secret{}, errors.New("the connection has no AuthorizationType")
}

// again is task.Credentials.Again: the target refused what this grant gave.
func (g *grant) again(ctx context.Context) (task.Credentials, bool) {
	changed := g.k.changed(ctx, g.used)
	if g.d.Kind == OAuth {
		renewed := g.k.renew(ctx, g.d, g.token, g.cached)
		changed = changed || renewed
	}
	if !changed {
		return task.Credentials{}, false
	}
	next, err := g.build(ctx)
	return next, err == nil
}

// changed fetches the secrets again that were used and reports whether one is
// another now. The store bounds how often it asks.
func (k *Keeper) changed(ctx context.Context, used []use) (yes bool) {
	for _, u := range used {
		_, other := k.cfg.Secrets.Refetch(ctx, u.ref, u.value)
		yes = yes || other
	}
	return yes
}
