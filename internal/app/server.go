package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"stile/internal/gateway"
)

// Timeouts of the listeners, for heads and idle connections; timedBodies has those of
// bodies.
const (
	headTimeout = 10 * time.Second
	idleTimeout = 2 * time.Minute
	// drainTime is how long exchanges that have begun may go on after a stop;
	// controlDrain the same for the control listener, whose event streams never end
	// by themselves.
	drainTime    = 20 * time.Second
	controlDrain = 2 * time.Second
)

// listeners are the addresses that the product answers on.
type listeners struct {
	control, controlTLS, gateway net.Listener
	gatewayTLS                   net.Listener   // nil for none
	servers                      []*http.Server // control, control over TLS, then the gateway's
}

// listen takes the addresses; a port in use is one line that names the flag
// which moves it.
func listen(o Options) (*listeners, error) {
	l := &listeners{}
	for _, a := range []struct {
		flag, addr string
		to         *net.Listener
	}{{"--control", o.Control, &l.control}, {"--control-tls", o.ControlTLS, &l.controlTLS}, {"--gateway", o.Gateway, &l.gateway}, {"--gateway-tls", o.GatewayTLS, &l.gatewayTLS}} {
		if a.addr == "" {
			continue
		}
		ln, err := net.Listen("tcp", a.addr)
		if err != nil {
			l.close()
			if errors.Is(err, syscall.EADDRINUSE) {
				return nil, fmt.Errorf("%s is in use by another process; move this listener with %s HOST:PORT", a.addr, a.flag)
			}
			return nil, fmt.Errorf("%s %s: %w", a.flag, a.addr, err)
		}
		*a.to = ln
	}
	return l, nil
}

func (l *listeners) close() {
	for _, ln := range []net.Listener{l.control, l.controlTLS, l.gateway, l.gatewayTLS} {
		if ln != nil {
			_ = ln.Close() // only what listen itself opened a moment ago
		}
	}
}

// serve starts answering; a listener that breaks is told to failed. The gateway answers
// over TLS where there is a way to prove itself.
func (l *listeners) serve(control, gate http.Handler, cert tls.Certificate, proof *tls.Config, logger *slog.Logger, failed func(error)) {
	gate = timedBodies(gate, gatewayStall, true)
	secure := tls.NewListener(l.controlTLS, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"}})
	type answers struct {
		ln  net.Listener
		srv *http.Server
	}
	all := []answers{{l.control, controlServer(control)}, {secure, controlServer(control)}, {l.gateway, gateway.NewServer(gate)}}
	if l.gatewayTLS != nil && proof != nil {
		all = append(all, answers{tls.NewListener(l.gatewayTLS, proof), gateway.NewServer(gate)})
	}
	for _, s := range all {
		srv := s.srv
		srv.ErrorLog = log.New(slogWriter{logger}, "", 0)
		l.servers = append(l.servers, srv)
		go func() {
			if err := srv.Serve(s.ln); !errors.Is(err, http.ErrServerClosed) {
				failed(fmt.Errorf("listener %s: %w", s.ln.Addr(), err))
			}
		}()
	}
}

func controlServer(h http.Handler) *http.Server {
	return &http.Server{Handler: timedBodies(h, controlBodyTime, false), ReadHeaderTimeout: headTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: 64 << 10}
}

// drain closes the listeners and waits for what has begun.
func (l *listeners) drain(log *slog.Logger) {
	done := make(chan error, len(l.servers))
	for i, s := range l.servers {
		limit := controlDrain
		if i >= 2 {
			limit = drainTime
		}
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), limit)
			defer cancel()
			done <- errors.Join(s.Shutdown(ctx), s.Close())
		}()
	}
	for range l.servers {
		if err := <-done; err != nil {
			log.Debug("connections were cut at the end", "error", err)
		}
	}
}

// slogWriter hands net/http's own lines to the log; they are about broken
// clients, so they are not warnings.
type slogWriter struct{ log *slog.Logger }

func (w slogWriter) Write(p []byte) (int, error) {
	w.log.Debug(string(p))
	return len(p), nil
}
