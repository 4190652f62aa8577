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
	"stile/internal/identity"
	"stile/internal/identity/oidc"
	"stile/internal/identity/session"
	"stile/internal/sigv4"
)

// Pages writes answers as the console and the control API do.
type Pages interface {
	// Login answers with the page of logins.
	Login(w http.ResponseWriter, status int, p Page) error
	// Refuse answers a request of the control API with an error in its shape.
	Refuse(w http.ResponseWriter, status int, code, message string)
	// Answer answers a request of the control API with what encoding/json makes of v.
	Answer(w http.ResponseWriter, v any)
}

// Page is what the page of logins shows.
type Page struct {
	Title string
	// Problem says why the page stands in place of another; empty for /login itself.
	Problem string
	// Who is logged in, as people name it, with their principal; empty: nobody.
	Who, Principal string
	// CSRF is the token of the form that logs out.
	CSRF string
	// Providers are the ways to log in.
	Providers []Choice
	// Open says that everybody may do all: `dev` on this machine.
	Open bool
	// Known says that whoever looks may know more of the server than the project's name.
	Known bool
}

// Choice is one provider and the link that begins its login.
type Choice struct{ Name, Kind, Href string }

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
	// Pages writes what browsers and scripts are shown.
	Pages Pages
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
