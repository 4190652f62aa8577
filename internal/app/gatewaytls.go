package app

import (
	"context"
	"crypto/tls"
	"errors"

	"stile/internal/gateway"
)

// gatewayTLS is how the gateway's listener over TLS proves itself: by the certificates
// of stile.yaml, in dev also by the one of the control listener. nil where there is no
// such listener.
func (s *server) gatewayTLS(l *listeners, own tls.Certificate) (*tls.Config, error) {
	if l.gatewayTLS == nil {
		return nil, nil
	}
	if s.mode == modeDev {
		return s.gateway.TLSConfig(&own), nil
	}
	if len(s.current.Load().Config.GatewayTLS.Certificates) == 0 {
		return nil, errors.New("--gateway-tls needs a certificate: name one in stile.yaml, gateway-tls: {certificates: [ID]}")
	}
	return s.gateway.TLSConfig(nil), nil
}

// drainTunnels ends the WebSocket connections, which no listener knows of, within the
// time that requests have; done is closed then.
func drainTunnels(g *gateway.Gateway) (done <-chan struct{}) {
	g.Drain()
	over := make(chan struct{})
	go func() {
		defer close(over)
		ctx, cancel := context.WithTimeout(context.Background(), drainTime)
		defer cancel()
		g.CloseTunnels(ctx)
	}()
	return over
}
