package backend

import (
	"net/http"
	"strings"

	"stile/policy/exchange"
)

// webURL gives a WebSocket's address as the one that its handshake is sent to; any
// other is given back.
func webURL(base string) string {
	if rest, ok := cutScheme(base, "wss://"); ok {
		return "https://" + rest
	}
	if rest, ok := cutScheme(base, "ws://"); ok {
		return "http://" + rest
	}
	return base
}

func cutScheme(base, scheme string) (rest string, ok bool) {
	if len(base) < len(scheme) || !strings.EqualFold(base[:len(scheme)], scheme) {
		return "", false
	}
	return base[len(scheme):], true
}

// askUpgrade makes a request one that asks to go on with another protocol.
func askUpgrade(req *http.Request, protocol string) {
	if protocol != "" {
		req.Header["Connection"], req.Header["Upgrade"] = []string{"Upgrade"}, []string{protocol}
	}
}

// tunnel takes the connection of a backend that switched protocols; ok is false where
// it did not, or switched to what nobody asked for.
func tunnel(ex *exchange.Exchange, resp *http.Response) (exchange.Tunnel, bool) {
	t, ok := resp.Body.(exchange.Tunnel)
	if resp.StatusCode != http.StatusSwitchingProtocols || !ok || ex.Request.Upgrade == "" ||
		!strings.EqualFold(resp.Header.Get("Upgrade"), ex.Request.Upgrade) {
		return nil, false
	}
	return t, true
}
