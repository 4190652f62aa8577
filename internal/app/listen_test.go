package app

import (
	"log/slog"
	"testing"
)

func TestListenNamesTheFlagOfATakenPort(t *testing.T) {
	o := Options{}
	o.Control, o.ControlTLS, o.Gateway = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	l, err := listen(o)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	o.Gateway = l.gateway.Addr().String()
	_, err = listen(o)
	if want := o.Gateway + " is in use by another process; move this listener with --gateway HOST:PORT"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestServeStaysOnLoopback(t *testing.T) {
	o := Options{Log: slog.New(slog.DiscardHandler)}
	o.Control, o.ControlTLS = "127.0.0.1:7400", "0.0.0.0:7443"
	if err := refuseOpen(o); err == nil {
		t.Error("serve stands open")
	}
}
