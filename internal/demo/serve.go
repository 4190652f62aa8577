package demo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"stile/diag"
	"stile/internal/config"
)

// Running is a sample backend that Start has started.
type Running struct {
	Name string
	// Address is where it listens, the port filled in.
	Address string
}

// Start runs the named sample backends until stop is called or ctx ends. All
// listen before the first one answers: on an error none is left running. stop
// waits until every listener is closed.
func Start(ctx context.Context, samples []config.Sample) (running []Running, stop func(), err error) {
	var listeners []net.Listener
	var backends []*Backend
	closeAll := func() {
		for _, l := range listeners {
			l.Close()
		}
	}
	for _, a := range samples {
		b, err := find(a.Name)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		l, err := net.Listen("tcp", a.Address)
		if err != nil {
			closeAll()
			return nil, nil, listenError(a, err)
		}
		listeners, backends = append(listeners, l), append(backends, b)
		running = append(running, Running{a.Name, l.Addr().String()})
	}
	return running, serve(ctx, listeners, backends), nil
}

func find(name string) (*Backend, error) {
	var names []string
	for _, s := range Samples() {
		if s.Name == name {
			return New(s.Operations), nil
		}
		names = append(names, s.Name)
	}
	if near, ok := diag.Nearest(name, names); ok {
		return nil, fmt.Errorf("stile.yaml: no sample backend %q; did you mean %q?", name, near)
	}
	return nil, fmt.Errorf("stile.yaml: no sample backend %q; there are %v", name, names)
}

func listenError(a config.Sample, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("sample backend %s: address %s is in use; move it under samples: in stile.yaml", a.Name, a.Address)
	}
	return fmt.Errorf("sample backend %s: %w", a.Name, err)
}

func serve(ctx context.Context, listeners []net.Listener, backends []*Backend) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for i, l := range listeners {
		s := &http.Server{
			Handler:           backends[i],
			ReadHeaderTimeout: 10 * time.Second,
			BaseContext:       func(net.Listener) context.Context { return ctx },
		}
		wg.Go(func() { s.Serve(l) })
		context.AfterFunc(ctx, func() { s.Close() })
	}
	return func() {
		cancel()
		wg.Wait()
	}
}
