package login

import (
	"context"
	"net/http"
	"strings"

	"stile/internal/identity/oidc"
	"stile/internal/identity/session"
)

// until gives the context of a request whose caller is proven: a request that reads,
// such as a stream, ends with what proved it. A session ends at its time and where
// somebody logs out, a bearer token at its own end.
func (l *Login) until(r *http.Request, open *session.Session) (context.Context, context.CancelFunc) {
	ctx, reading := r.Context(), r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case open != nil:
		ctx, end := context.WithDeadline(session.WithSession(ctx, *open), open.Started.Add(session.MaxLife))
		if cookies := r.CookiesNamed(l.cookieName(r, sessionCookie)); reading && len(cookies) == 1 {
			out, stop := l.sessions.While(ctx, cookies[0].Value)
			return out, func() { stop(); end() }
		}
		return ctx, end
	case reading:
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if at := oidc.EndOf(strings.TrimSpace(token)); strings.EqualFold(scheme, "Bearer") && !at.IsZero() {
			return context.WithDeadline(ctx, at)
		}
	}
	return ctx, func() {}
}
