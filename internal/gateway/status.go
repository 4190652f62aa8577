package gateway

import (
	"net/http"
	"strconv"
)

// StatusPath is where probes ask for the gateway's health, as they ask API
// Management's. It is no path of any API.
const StatusPath = "/status-0123456789abcdef"

// Drain has the status say from now on that the gateway takes no new work, and ends
// WebSocket connections; requests are answered all the same.
func (g *Gateway) Drain() {
	g.draining.Store(true)
	g.tunnels.drain()
}

// ready says why no work should be sent here; empty where it may be.
func (g *Gateway) ready() string {
	switch {
	case g.draining.Load():
		return "draining"
	case g.Snapshot() == nil:
		return "no configuration"
	}
	return ""
}

// status answers a probe: 200 while there is a configuration, else 503.
func (g *Gateway) status(w http.ResponseWriter, r *http.Request) {
	code, text := http.StatusOK, "Service Operational\n"
	if reason := g.ready(); reason != "" {
		code, text = http.StatusServiceUnavailable, "Service Unavailable: "+reason+"\n"
	}
	h := w.Header()
	h["Cache-Control"], h["Content-Type"] = []string{"no-store"}, []string{"text/plain; charset=utf-8"}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h["Allow"] = []string{"GET, HEAD"}
		code, text = http.StatusMethodNotAllowed, "Method Not Allowed\n"
	}
	h["Content-Length"] = []string{strconv.Itoa(len(text))}
	w.WriteHeader(code)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(text)) // a probe that went away
	}
}
