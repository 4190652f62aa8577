package app

import (
	"net/http"

	"stile/asl/history"
	"stile/internal/console"
	"stile/internal/identity"
	"stile/internal/sfnapi"
	"stile/jsonval"
)

// controlMux is the control listener: the Step Functions API at POST / with
// X-Amz-Target, the issuer's documents, health, and the console with its API for
// everything else, behind the login (pages). It stands behind the console's guard: a
// page of another origin, or a name rebound to this machine, reaches none of it. The
// issuer's documents and health are for everybody, by any name: another gateway asks
// at the issuer's address, a probe at the machine's.
func controlMux(api, pages http.Handler, issuer *identity.Issuer, unready, degraded func() string, metrics http.Handler, names ...string) http.Handler {
	public, mux := http.NewServeMux(), http.NewServeMux()
	document := func(body func() []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Cache-Control", "max-age=300")
			_, _ = w.Write(body()) // a client that went away
		}
	}
	public.HandleFunc("GET "+identity.DiscoveryPath, document(issuer.Discovery))
	public.HandleFunc("GET "+identity.JWKSPath, document(issuer.JWKS))
	if metrics != nil {
		mux.Handle("GET /metrics", metrics)
	}
	public.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") })
	public.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if reason := unready(); reason != "" {
			plain(w, http.StatusServiceUnavailable, reason)
			return
		}
		if reason := degraded(); reason != "" {
			plain(w, http.StatusOK, "ready, but "+reason)
			return
		}
		plain(w, http.StatusOK, "ready")
	})
	mux.Handle("/", pages)
	public.Handle("/", console.Guard(mux, names...))
	actions := console.Guard(api, names...)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/" { // most requests: no pattern of another takes them
			actions.ServeHTTP(w, r)
			return
		}
		public.ServeHTTP(w, r)
	})
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // a client that went away
}

// fullEvent writes a history event as GetExecutionHistory shows it, payloads included.
func fullEvent(e history.Event) jsonval.Value { return sfnapi.EncodeEvent(e, true) }
