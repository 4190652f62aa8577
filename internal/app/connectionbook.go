package app

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"stile/internal/audit"
	"stile/internal/connections"
	"stile/internal/eventsapi"
	"stile/internal/files"
	"stile/internal/secret"
	"stile/internal/secret/datakey"
)

// keptSecrets is the source of what the connections keep; it is there before they
// are.
type keptSecrets struct {
	book atomic.Pointer[connections.Book]
}

// Fetch opens a value of a connection.
func (k *keptSecrets) Fetch(ctx context.Context, ref secret.Ref) (secret.Value, error) {
	if b := k.book.Load(); b != nil {
		return b.Fetch(ctx, ref)
	}
	return secret.Value{}, errors.New("the connections are not read yet")
}

// dataKey is the key of what is given over an API: the file that --data-key names,
// else one beside the data folder, so that a copy of the folder alone opens nothing.
func (s *server) dataKey() (*datakey.Key, error) {
	c := datakey.Config{Path: s.opts.DataKey, Seen: func(v secret.Value) { s.secrets.mask.Seen(v) }}
	if c.Path == "" && s.data.kept {
		dir, err := filepath.Abs(s.data.dir) // beside `--data .`, too
		if err != nil {
			return nil, err
		}
		c.Path, c.Make = dir+".key", true
	}
	return datakey.New(c), nil
}

// openConnectionBook reads the connections that were made over the API.
func (s *server) openConnectionBook() error {
	key, err := s.dataKey()
	if err != nil {
		return err
	}
	s.made, err = connections.Open(connections.Config{Store: namedStore{spaceConnections, s.data.config}, Key: key,
		Check:    connections.Checks{Header: files.HeaderProblem, Endpoint: files.EndpointProblem},
		Declared: s.declaredConnections, Region: s.opts.Region, Account: s.opts.Account, Now: time.Now, NewID: newGUID})
	if err != nil {
		return err
	}
	s.secrets.kept.book.Store(s.made)
	if err := s.made.Locked(); err != nil {
		s.log.Warn("connections that were made over the API cannot authorize calls", "connections", strconv.Itoa(s.made.Sealed()), "reason", err.Error())
	}
	return nil
}

// declaredConnections are those of the project that runs now.
func (s *server) declaredConnections() (out []connections.Connection) {
	p := s.current.Load()
	for _, name := range slices.Sorted(maps.Keys(p.Connections)) {
		out = append(out, connectionDeclared(p.Connections[name]))
	}
	return out
}

// connectionDeclared is a connection of the project as EventBridge's API shows it.
func connectionDeclared(c *files.Connection) connections.Connection {
	out := connections.Connection{Name: c.Name, Type: c.AuthorizationType}
	switch {
	case c.OAuth != nil:
		o := c.OAuth
		out.Auth.OAuth = &connections.OAuthAuth{ClientID: o.ClientID, Endpoint: o.AuthorizationEndpoint, Method: o.HTTPMethod,
			HTTP: httpDeclared(o.Headers, o.Query, o.Body)}
	case c.AuthorizationType == connections.Basic:
		out.Auth.Basic = &connections.BasicAuth{Username: c.Username}
	default:
		out.Auth.APIKey = &connections.APIKeyAuth{Name: c.APIKeyName}
	}
	out.Auth.Invocation = httpDeclared(c.Headers, c.Query, c.Body)
	return out
}

func httpDeclared(header, query, body []files.Parameter) *connections.HTTP {
	of := func(list []files.Parameter) (out []connections.Parameter) {
		for _, p := range list {
			out = append(out, connections.Parameter{Key: p.Key, Value: p.Value, IsSecret: !p.Secret.IsZero()})
		}
		return out
	}
	if len(header)+len(query)+len(body) == 0 {
		return nil
	}
	return &connections.HTTP{Header: of(header), Query: of(query), Body: of(body)}
}

// connectionMade is a connection that was made over the API as a file would have it.
func connectionMade(c connections.Connection) *files.Connection {
	out := &files.Connection{Name: c.Name, AuthorizationType: c.Type}
	if a := c.Auth.Basic; a != nil {
		out.Username, out.Password = a.Username, a.Password.Ref
	}
	if a := c.Auth.APIKey; a != nil {
		out.APIKeyName, out.APIKeyValue = a.Name, a.Value.Ref
	}
	if a := c.Auth.OAuth; a != nil {
		o := &files.OAuth{AuthorizationEndpoint: a.Endpoint, HTTPMethod: a.Method, ClientID: a.ClientID, ClientSecret: a.ClientSecret.Ref}
		o.Headers, o.Query, o.Body = httpMade(a.HTTP)
		out.OAuth = o
	}
	out.Headers, out.Query, out.Body = httpMade(c.Auth.Invocation)
	return out
}

func httpMade(h *connections.HTTP) (header, query, body []files.Parameter) {
	if h == nil {
		return nil, nil, nil
	}
	of := func(list []connections.Parameter) (out []files.Parameter) {
		for _, p := range list {
			out = append(out, files.Parameter{Key: p.Key, Value: p.Value, Secret: p.Secret.Ref})
		}
		return out
	}
	return of(h.Header), of(h.Query), of(h.Body)
}

// auditedConnections are the connections for who changes them over AWS's API.
type auditedConnections struct {
	*connections.Book
	audit *auditor
}

func (a auditedConnections) record(ctx context.Context, action string, c connections.Connection, err error) (connections.Connection, error) {
	if err != nil {
		return c, err
	}
	return c, a.audit.record(ctx, "aws", audit.Entry{Action: action, Resource: c.ARN})
}

func (a auditedConnections) CreateConnection(ctx context.Context, in connections.New) (connections.Connection, error) {
	c, err := a.Book.CreateConnection(ctx, in)
	return a.record(ctx, "events:CreateConnection", c, err)
}

func (a auditedConnections) UpdateConnection(ctx context.Context, u connections.Update) (connections.Connection, error) {
	c, err := a.Book.UpdateConnection(ctx, u)
	return a.record(ctx, "events:UpdateConnection", c, err)
}

func (a auditedConnections) DeauthorizeConnection(ctx context.Context, name string) (connections.Connection, error) {
	c, err := a.Book.DeauthorizeConnection(ctx, name)
	return a.record(ctx, "events:DeauthorizeConnection", c, err)
}

func (a auditedConnections) DeleteConnection(ctx context.Context, name string) (connections.Connection, error) {
	c, err := a.Book.DeleteConnection(ctx, name)
	return a.record(ctx, "events:DeleteConnection", c, err)
}

// awsWires answers POST /: each service by the X-Amz-Target of its actions, with
// calls that are signed for it.
func (s *server) awsWires(states http.Handler) http.Handler {
	events := s.newSignatures(eventsapi.New(eventsapi.Config{Connections: auditedConnections{s.made, s.audit}, Permissions: s.access,
		Account: s.opts.Account, Region: s.opts.Region, NewID: newGUID, Log: s.log}))
	events.options.Service, events.refuse = eventsapi.Service, eventsapi.Refuse
	signed := s.verified(states)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("X-Amz-Target"), eventsapi.Prefix) {
			events.ServeHTTP(w, r)
			return
		}
		signed.ServeHTTP(w, r)
	})
}
