package app

import (
	"context"
	"strings"
	"time"

	"stile/internal/backend"
	"stile/internal/files"
	"stile/internal/reach"
	"stile/internal/secret"
	"stile/internal/task"
	"stile/internal/task/connection"
	"stile/jsonval"
	"stile/policy/exchange"
)

// openConnections makes the keeper of the connections' credentials. A token
// endpoint is written out in its connection's file, so it may be inside.
func (s *server) openConnections() {
	s.connections = connection.New(connection.Config{Secrets: s.secrets.store, Transport: backend.NewTransport(reach.Inside),
		Now: time.Now, Seen: func(v secret.Value) { s.secrets.mask.Seen(v) }})
}

// connection gives a connection of the project by its ARN, with what authorizes
// calls past the gateway.
func (s *server) connection(arn string) (task.Connection, bool) {
	c, ok := connectionIn(s.current.Load().Project, arn)
	if !ok {
		return task.Connection{}, false
	}
	out, d := connectionParameters(c), connectionDefinition(c)
	out.Authorize = func(ctx context.Context) (task.Credentials, error) { return s.connections.Authorize(ctx, d) }
	return out, true
}

// connectionIn finds a connection by the name in its ARN
// (arn:aws:events:REGION:ACCOUNT:connection/NAME/ID).
func connectionIn(p *files.Project, arn string) (*files.Connection, bool) {
	parts := strings.Split(arn, ":")
	if len(parts) != 6 || parts[2] != "events" {
		return nil, false
	}
	path := strings.Split(parts[5], "/")
	if len(path) < 2 || path[0] != "connection" {
		return nil, false
	}
	c, ok := p.Connections[path[1]]
	return c, ok
}

// connectionParameters are what a connection adds to every call; those kept by
// secret reference belong to its authorization and stay out of calls to our own
// gateway.
func connectionParameters(c *files.Connection) task.Connection {
	out := task.Connection{Name: c.Name}
	for _, p := range c.Headers {
		if p.Secret.IsZero() {
			out.Header = append(out.Header, exchange.Param{Name: p.Key, Value: p.Value})
		}
	}
	for _, p := range c.Query {
		if p.Secret.IsZero() {
			out.Query = append(out.Query, exchange.Param{Name: p.Key, Value: p.Value})
		}
	}
	for _, p := range c.Body {
		if p.Secret.IsZero() {
			out.Body = append(out.Body, task.Member{Name: p.Key, Value: jsonval.OfString(p.Value)})
		}
	}
	return out
}

// connectionDefinition is a connection's authorization.
func connectionDefinition(c *files.Connection) *connection.Definition {
	d := &connection.Definition{Name: c.Name, Kind: c.AuthorizationType, Invocation: connection.Parameters{
		Header: parametersOf(c.Headers, true), Query: parametersOf(c.Query, true), Body: parametersOf(c.Body, true)}}
	switch {
	case c.AuthorizationType == connection.APIKey:
		d.KeyName, d.Secret = c.APIKeyName, c.APIKeyValue
	case c.AuthorizationType == connection.Basic:
		d.User, d.Secret = c.Username, c.Password
	case c.OAuth != nil:
		o := c.OAuth
		d.User, d.Secret, d.Endpoint, d.Method = o.ClientID, o.ClientSecret, o.AuthorizationEndpoint, o.HTTPMethod
		d.Token = connection.Parameters{Header: parametersOf(o.Headers, false), Query: parametersOf(o.Query, false), Body: parametersOf(o.Body, false)}
	}
	return d
}

func parametersOf(list []files.Parameter, secretOnly bool) (out []connection.Parameter) {
	for _, p := range list {
		if !secretOnly || !p.Secret.IsZero() {
			out = append(out, connection.Parameter{Name: p.Key, Value: p.Value, Secret: p.Secret})
		}
	}
	return out
}
