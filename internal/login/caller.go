package login

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"stile/internal/config"
	"stile/internal/identity"
	"stile/internal/identity/oidc"
	"stile/internal/identity/session"
)

// who decides who calls. A header wins over a cookie: no other site can send it.
func (l *Login) who(r *http.Request) (identity.Caller, *session.Session, error) {
	headers, cookies := r.Header.Values("Authorization"), r.CookiesNamed(l.cookieName(r, sessionCookie))
	switch {
	case len(headers) > 1, len(headers) == 0 && len(cookies) > 1:
		return identity.Caller{}, nil, errSeveral
	case len(headers) == 1:
		c, err := l.byHeader(r, headers[0])
		return c, nil, err
	case len(cookies) == 1:
		s, err := l.bySession(cookies[0].Value)
		if err != nil {
			return identity.Caller{}, nil, err
		}
		return s.Caller, &s, nil
	case l.config.Lax:
		return identity.Caller{Lax: true, Via: viaOf(r)}, nil, nil
	}
	return identity.Caller{}, nil, errNobody
}

func (l *Login) byHeader(r *http.Request, header string) (identity.Caller, error) {
	scheme, rest, _ := strings.Cut(header, " ")
	switch {
	case strings.EqualFold(scheme, "Bearer"):
		c, err := l.bearer(r.Context(), strings.TrimSpace(rest))
		c.Via = "api"
		return c, err
	case scheme == "AWS4-HMAC-SHA256":
		return l.config.Signed(r)
	}
	return identity.Caller{}, errors.New("the Authorization header is neither a bearer token nor a signature of version 4")
}

// bearer asks the providers whose issuer the token names.
func (l *Login) bearer(ctx context.Context, token string) (identity.Caller, error) {
	issuer := oidc.IssuerOf(token)
	err := errors.New("the token is of no provider that " + config.FileName + " names")
	for _, p := range l.providers.all() {
		if !p.Accepts(issuer) {
			continue
		}
		var c identity.Caller
		if c, err = p.Bearer(ctx, token); err == nil {
			return c, nil
		}
	}
	return identity.Caller{}, err
}

// bySession finds a session whose provider is still one of the project's.
func (l *Login) bySession(id string) (session.Session, error) {
	s, err := l.sessions.Find(id)
	switch {
	case errors.Is(err, session.ErrNone), err == nil && l.providers.named(s.Caller.Provider) == nil:
		return s, errors.New("the session has ended: log in again")
	case err != nil:
		l.config.Log.Error("sessions cannot be read", "error", err)
		return s, errors.New("the session could not be read")
	}
	s.Caller.Via = "page"
	return s, nil
}
