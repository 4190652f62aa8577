package gateway

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"stile/policy"
	"stile/policy/exchange"
)

// webSocket is the one protocol that a request may ask to go on with.
const webSocket = "websocket"

// upgradeOf gives the protocol that a request asks to go on with: websocket where it is
// an opening handshake of RFC 6455 section 4.1, else none.
func upgradeOf(r *http.Request) string {
	if r.Method != http.MethodGet || r.ProtoMinor != 1 || r.ContentLength != 0 ||
		!nominations(r)["upgrade"] || !strings.EqualFold(r.Header.Get("Upgrade"), webSocket) ||
		r.Header.Get("Sec-Websocket-Version") != "13" || r.Header.Get("Sec-Websocket-Key") == "" {
		return ""
	}
	return webSocket
}

// handshake is where a backend's side of an upgrade is kept while the pipeline runs: a
// policy that puts another response in the place of the backend's must not leave a
// connection open that nobody knows of.
type handshake struct {
	of   *exchange.Exchange
	mu   sync.Mutex
	open []exchange.Tunnel
}

type handshakeKey struct{}

// handshakes has only the exchange's own call to its backend ask for an upgrade, and
// only one that came over the wire, where somebody takes the connection.
func handshakes(next exchange.Caller) exchange.Caller {
	return exchange.CallerFunc(func(ctx context.Context, ex *exchange.Exchange) error {
		if ex.Request.Upgrade == "" {
			return next.Do(ctx, ex)
		}
		h, _ := ctx.Value(handshakeKey{}).(*handshake)
		if h == nil || h.of != ex {
			ex.Request.Upgrade = ""
			return next.Do(ctx, ex)
		}
		err := next.Do(ctx, ex)
		if t := ex.Response.Tunnel; err == nil && t != nil {
			h.mu.Lock()
			h.open = append(h.open, t)
			h.mu.Unlock()
		}
		return err
	})
}

// close closes all tunnels but the one that is used.
func (h *handshake) close(but exchange.Tunnel) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, t := range h.open {
		if t != but {
			_ = t.Close() // nobody uses it
		}
	}
}

// open answers a handshake. Where the backend agreed and no policy changed that, the
// connection is the client's and the backend's from here on.
func (g *Gateway) open(w http.ResponseWriter, r *http.Request, ex *exchange.Exchange) error {
	if g.draining.Load() {
		ex.Response = policy.Answer(http.StatusServiceUnavailable, "The gateway takes no new connections.")
		return toWire(w, r, ex)
	}
	h := &handshake{of: ex}
	err := g.run(context.WithValue(r.Context(), handshakeKey{}, h), ex)
	if err != nil {
		ex.Response = policy.Answer(http.StatusInternalServerError, "Internal server error")
	}
	t := ex.Response.Tunnel
	if ex.Response.StatusCode != http.StatusSwitchingProtocols || t == nil {
		h.close(nil)
		if ex.Response.StatusCode == http.StatusSwitchingProtocols {
			_ = ex.Response.Body.Close() // a connection that nobody uses
			ex.Response = policy.Answer(http.StatusBadGateway, "The backend did not switch to WebSocket.")
		}
		err = toWire(w, r, ex)
		g.observe(ex)
		return err
	}
	h.close(t)
	defer t.Close()
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		ex.Response = policy.Answer(http.StatusInternalServerError, "Internal server error")
		err = toWire(w, r, ex)
		g.observe(ex)
		return err
	}
	defer conn.Close()
	_, err = conn.Write(switching(ex))
	g.observe(ex)
	if err == nil {
		g.tunnels.run(conn, t, io.Reader(buffered.Reader), tunnelIdle)
	}
	return nil
}

// switching is the head of the answer that switches protocols.
func switching(ex *exchange.Exchange) []byte {
	b := []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
	clean := strings.NewReplacer("\r", " ", "\n", " ")
	ex.Response.Header.Each(func(name, value string) {
		if !slices.Contains(ownFields, http.CanonicalHeaderKey(name)) && !strings.ContainsAny(name, "\r\n: ") {
			b = append(append(append(append(b, name...), ": "...), clean.Replace(value)...), "\r\n"...)
		}
	})
	return append(b, "\r\n"...)
}

// ownFields are the fields of a connection, which the wire writes itself.
var ownFields = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length"}

// misfit refuses a request whose protocol is not that of its API, nil where it is.
func misfit(ex *exchange.Exchange, a *api) *policy.Denied {
	if a.noun.WebSocket == (ex.Request.Upgrade == webSocket) {
		return nil
	}
	if !a.noun.WebSocket {
		ex.Request.Upgrade = "" // as if it had not been asked for
		return nil
	}
	return &policy.Denied{Status: http.StatusBadRequest, Reason: "WebSocketHandshakeExpected",
		Message: "The API takes WebSocket connections, and the request opens none.", Public: "Bad request: a WebSocket handshake is expected."}
}
