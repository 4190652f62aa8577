// Package login is the door of the control listener: it decides who calls the pages
// and the control API, by a bearer token, by a signature with an access key or by
// the cookie of a session, and makes sessions by logging people in at the project's
// identity providers.
//
// It decides nothing of what a caller may do (roles do, behind it), verifies no
// signature and no token itself (sigv4 and oidc do), and writes no record: Config
// says to whom a login is told. It does not guard the Step Functions API, which is
// signed by its own rules. internal/app makes the one Login of a server and puts it
// before the console and the metrics.
//
// Invariants: who brings a credential that is not good is refused, where everybody
// may do all too; a header wins over a cookie, since no other site can send it; what
// changes something under a session carries that session's token; a session is
// nobody's once its provider is not the project's any more, and there is none
// without its record; a login counts only in the browser that began it, once; after
// it a browser goes to this server's own pages alone; no text that goes out or is
// recorded tells more of a fault than that of the credential itself.
package login

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"stile/internal/config"
	"stile/internal/console"
	"stile/internal/identity"
	"stile/internal/identity/oidc"
	"stile/internal/identity/session"
	"stile/internal/sigv4"
)

// Config is what a Login stands on. All of it is needed but Transport.
type Config struct {
	// Project gives stile.yaml as the project stands now, another pointer after each
	// load, and the project's folder.
	Project func() (c *config.Config, dir string)
	// Secret gives what a reference of that folder's stile.yaml stands for, now.
	Secret func(ctx context.Context, dir, reference string) (string, error)
	// Transport is what providers are reached through; nil is the network.
	Transport http.RoundTripper
	// Sessions keeps the sessions.
	Sessions session.Store
	// Signed verifies a request that is signed with an access key, and says for whom.
	// Its errors are *sigv4.Error, or *sfn.Error for a body that cannot be read.
	Signed func(*http.Request) (identity.Caller, error)
	// Scope is what signatures are made for, as clients are told.
	Scope sigv4.Options
	// Refused is told of a credential that was not good, by way of via (page, api);
	// reason quotes nothing that was sent.
	Refused func(ctx context.Context, via, reason string)
	// LoggedIn is told of a session before its cookie is given out; where it fails
	// there is no login.
	LoggedIn func(context.Context, identity.Caller) error
	// Info is what pages show of the server.
	Info func() console.Info
	// Lax lets everybody pass who brings no credential: `dev` on loopback alone.
	Lax bool
	Now func() time.Time
	Log *slog.Logger
}

// Login knows who calls, and logs people in and out. It is safe for concurrent use.
type Login struct {
	config    Config
	providers *providers
	sessions  *session.Sessions
	flows     *oidc.Flows
}

// New makes the login of one server.
func New(c Config) *Login {
	return &Login{config: c, providers: newProviders(c), sessions: session.New(c.Sessions, c.Now), flows: oidc.NewFlows(c.Now)}
}

// Sweep forgets the sessions that are over.
func (l *Login) Sweep() error { return l.sessions.Sweep() }
