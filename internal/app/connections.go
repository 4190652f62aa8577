package app

import (
	"context"
	"net/url"
	"strings"
	"time"

	"stile/internal/backend"
	"stile/internal/config"
	"stile/internal/connections"
	"stile/internal/files"
	"stile/internal/reach"
	"stile/internal/secret"
	"stile/internal/task"
	"stile/internal/task/connection"
	"stile/jsonval"
	"stile/policy/exchange"
)

// openConnections makes the keeper of the connections' credentials. A token
// endpoint that is written out in its connection's file may be inside.
func (s *server) openConnections() error {
	s.connections = connection.New(connection.Config{Secrets: s.secrets.store, Transport: backend.NewTransport(reach.Inside), Public: backend.NewTransport(reach.Public),
		Now: time.Now, Seen: func(v secret.Value) { s.secrets.mask.Seen(v) }})
	return s.openConnectionBook()
}

// connection gives a connection by its ARN, of the project or made over the API, with
// what authorizes calls past the gateway.
func (s *server) connection(arn string) (task.Connection, bool) {
	p, public := s.current.Load(), false
	c, ok := connectionIn(p.Project, arn)
	if !ok {
		made, known := s.made.Find(arn)
		if !known {
			return task.Connection{}, false
		}
		if made.State != connections.Authorized {
			return task.Connection{Name: made.Name, Refused: made.Reason}, true
		}
		c = connectionMade(made)
		public = c.OAuth != nil && !endpointInside(p.Config, c.OAuth.AuthorizationEndpoint)
	}
	out := connectionParameters(c)
	out.Authorize = func(ctx context.Context) (task.Credentials, error) { // past the gateway alone
		d := connectionDefinition(c)
		d.Public = public
		return s.connections.Authorize(ctx, d)
	}
	return out, true
}

// endpointInside says whether stile.yaml lets a token endpoint that came over the API
// be inside: no file of the project has written it out.
func endpointInside(c *config.Config, endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	host := u.Host
	if u.Scheme == "http" && u.Port() == "" {
		host += ":80"
	}
	return c.Inside(host)
}

// connectionIn finds a connection by the name in its ARN
// (arn:aws:events:REGION:ACCOUNT:connection/NAME/ID).
func connectionIn(p *files.Project, arn string) (*files.Connection, bool) {
	rest := arn
	for i := range 5 {
		part, behind, more := strings.Cut(rest, ":")
		if !more || i == 2 && part != "events" {
			return nil, false
		}
		rest = behind
	}
	path, ok := strings.CutPrefix(rest, "connection/")
	if !ok || strings.Contains(path, ":") {
		return nil, false
	}
	name, _, _ := strings.Cut(path, "/")
	c, ok := p.Connections[name]
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
