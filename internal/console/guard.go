package console

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Guard lets through what was sent to a loopback name (or one of names) and, where
// a browser says on whose behalf it asks, came from a page of this very server.
// All else is 403: another site's script, and a name that was bent to 127.0.0.1.
// It suits every handler of the control listener, the AWS API among them: AWS
// clients send no Origin.
func Guard(next http.Handler, names ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		why := ""
		switch {
		case !expectedHost(r.Host, names):
			why = "the Host header must name this machine: use 127.0.0.1 or localhost"
		case !sameOrigin(r):
			why = "the request came from another site"
		}
		if why != "" {
			failure(w, http.StatusForbidden, "Forbidden", why)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// expectedHost takes any port: the listener's own is not the only way in (ssh -L).
func expectedHost(hostport string, names []string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	// Stock AWS clients put sync- before the host for two actions.
	full := strings.ToLower(strings.Trim(host, "[]"))
	host = strings.TrimPrefix(full, "sync-")
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() {
		return true
	}
	return host == "localhost" || slices.Contains(names, host) || slices.Contains(names, full)
}

func sameOrigin(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		u, err := url.Parse(origin)
		return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
	}
	// A link from elsewhere may open a page; nothing else may be asked cross-site.
	return r.Header.Get("Sec-Fetch-Site") != "cross-site" ||
		r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Method == http.MethodGet
}

// pagePolicy forbids a page everything but this server's own files.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// picturePolicy is for a picture that brings its own style.
const picturePolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"

func secure(h http.Header, policy string) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin") // with no-referrer browsers send forms with "Origin: null"
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}
